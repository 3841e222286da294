/** Certificates of a line while connections come: one is exchanged for another, and engines that are open go on. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { plainMemory } from '../base/memory.ts';
import { newBind, newTlsGlobal } from '../config/draft.ts';
import type { PemModel } from '../model/tls.ts';
import { Fact, type TlsContext, type TlsEngine } from '../platform/tls/contract.ts';
import { ClientHello, HelloResult } from '../proto/tls-hello.ts';
import type { Plan } from './plan.ts';
import { buildTls } from './tls.ts';

const file = (name: string): Uint8Array => readFileSync(new URL(`../../test/support/tls/${name}`, import.meta.url));
const NOTHING_BESIDE = { issuer: null, sctl: null, dh: null };
const OF_NO_LIST = { settings: null, names: null, list: null, ocspUpdate: null };
const AT = { file: 'test', line: 1, column: 1 };

function build(names: readonly string[]) {
  const memory = plainMemory({ blocks: 2, notes: 2, statics: 1024 });
  const bind = newBind('*:1', AT);
  bind.tls.enabled = true;
  for (const name of names) {
    const pem: PemModel = { path: `/${name}`, bytes: file(name), key: null, ocsp: null, ...NOTHING_BESIDE, ...OF_NO_LIST, at: AT };
    bind.tls.certificates.push(pem);
  }
  const listener = { bind, frontend: { mode: 'http' } };
  const tls = buildTls({ listeners: [listener], servers: [], tls: newTlsGlobal() } as unknown as Plan, memory, new Uint8Array(80), true);
  return { memory, tls, problems: tls.problems };
}

function built(names: readonly string[]) {
  const { memory, tls, problems } = build(names);
  assert.deepEqual(problems, []);
  const subjectOf = (engine: TlsEngine | null): string => {
    assert.ok(engine);
    const at = memory.scratch();
    const end = engine.fact(Fact.ownCertificate, at, at + 8192);
    return /CN=(.*)/.exec(new X509Certificate(memory.bytes.slice(at, end)).subject)?.[1] ?? '';
  };
  const choose = (): TlsContext | null => tls.listeners[0]?.choose(memory.bytes, new ClientHello(), HelloResult.other) ?? null;
  const change = (path: string, name: string): void => {
    const material = { path, bytes: file(name), key: null, ocsp: null, ...NOTHING_BESIDE };
    tls.prepare({ kind: 'certificate', material, ticketKeys: new Uint8Array(80).fill(1) }).apply();
  };
  return { tls, subjectOf, choose, change };
}

test('a certificate is exchanged, connections keep theirs', () => {
  const { tls, subjectOf, choose, change } = built(['server.pem']);
  const old = choose()?.open() ?? null;
  assert.equal(subjectOf(old), 'localhost');
  for (let turn = 0; turn < 50; turn++) {
    const name = turn % 2 === 0 ? 'rsa.pem' : 'server.pem';
    change('/server.pem', name);
    const engine = choose()?.open() ?? null;
    assert.equal(subjectOf(engine), turn % 2 === 0 ? 'rsa.example.org' : 'localhost');
    engine?.free();
  }
  change('/other.pem', 'rsa.pem');
  assert.equal(subjectOf(old), 'localhost');
  assert.equal(tls.engines(), 1);
  old?.free();
  assert.equal(tls.engines(), 0);
  assert.deepEqual(tls.held(), { contexts: 1, natives: 0 });
});

test('one that was made late is exchanged as well', () => {
  const { choose, subjectOf, change } = built(['server.pem', 'rsa.pem']);
  change('/rsa.pem', 'server.pem');
  change('/server.pem', 'rsa.pem');
  const engine = choose()?.open() ?? null;
  assert.equal(subjectOf(engine), 'rsa.example.org');
  engine?.free();
});

test('one that OpenSSL refuses is told at once, also behind others', () => {
  const weak = 'weak-second/2-weak.pem';
  const { tls, problems } = build(['server.pem', 'rsa.pem', 'weak-second/1-strong.pem', weak, 'rsa.pem']);
  assert.deepEqual(
    problems.map(({ text }) => text),
    [`certificate file '/${weak}': the certificate refused: ee key too small`],
  );
  assert.deepEqual(tls.held(), { contexts: 0, natives: 0 });
});

test('those that are judged and made late leave nothing behind', () => {
  const { tls } = built(['rsa.pem', 'server.pem', 'rich.pem', 'weak-second/1-strong.pem', 'rsa.pem']);
  assert.deepEqual(tls.held(), { contexts: 1, natives: 0 });
});
