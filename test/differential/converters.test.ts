/**
 * Converters, maps, pattern files and conditions on which HAProxy and we must agree: HAProxy evaluates all of them for one
 * request and hands the values to its server as header fields; we evaluate them in the small world of the examples.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ExampleWorld } from '../../src/keywords/examples.ts';
import type { Compiler } from '../../src/rules/compiler.ts';
import { Place } from '../../src/rules/place.ts';
import type { Stream } from '../../src/state/records.ts';
import { exchange } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { needs } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { startHaproxy } from '../support/proxy.ts';
import { ACLS, CONDITIONS, EXPRESSIONS, FILES, OTHERWISE, REQUEST } from './converters.ts';

const VARIABLES: readonly (readonly [string, string])[] = [
  ['txn.v', 'str(value)'],
  ['txn.n', 'int(7)'],
  ['txn.k', 'str(c2VjcmV0)'],
];

/** Quoted for a configuration line: in single quotes nothing is special. */
function quoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

/** The words of a line as a configuration has them. */
function wordsOf(line: string): string[] {
  const words = line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g);
  return Array.from(words, (match) => (match[1] ?? (match[2] as string)).replace(/\\(.)/g, '$1'));
}

function configuration(port: number, serverPort: number, withFiles: (text: string) => string): string {
  const lines = ['global', ' tune.bufsize 131072', ' tune.maxrewrite 65536', ' tune.http.maxhdr 2000', 'defaults', ' mode http'];
  lines.push(' timeout client 5s', ' timeout server 5s', ' timeout connect 5s');
  lines.push('frontend web', ` bind 127.0.0.1:${port}`, ' default_backend app');
  for (const acl of ACLS) lines.push(` acl ${withFiles(acl)}`);
  for (const [name, value] of VARIABLES) lines.push(` http-request set-var(${name}) ${value}`);
  for (const [at, text] of EXPRESSIONS.entries()) {
    const expression = withFiles(text);
    lines.push(` http-request set-header e${at} ${quoted(`[%[${expression}]]`)}`);
    lines.push(` http-request set-header f${at} yes if { ${quoted(expression)} -m found }`);
  }
  for (const [at, condition] of CONDITIONS.entries()) lines.push(` http-request set-header c${at} yes if ${withFiles(condition)}`);
  lines.push('backend app', ` server s1 127.0.0.1:${serverPort}`);
  return `${lines.join('\n')}\n`;
}

/** What HAProxy's server received, by lower-case name. */
async function ask(withFiles: (text: string) => string): Promise<ReadonlyMap<string, string>> {
  await using origin = await startHttpOrigin(() => ok(''));
  const port = await freePort();
  await using _proxy = await startHaproxy({ config: configuration(port, origin.port, withFiles) });
  await exchange(port, `${REQUEST}\r\n\r\n`);
  const fields = new Map<string, string>();
  for (const line of (origin.requests[0]?.head ?? '').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^ /, ''));
  }
  return fields;
}

describe('converters, maps and conditions, by HAProxy and by us', needs('haproxy'), () => {
  let fields: ReadonlyMap<string, string> = new Map();
  const folder = mkdtempSync(join(tmpdir(), 'hawser-maps-'));
  const withFiles = (text: string): string =>
    text.replace(/@(\w+)/g, (whole, name: string) => (name in FILES ? join(folder, name) : whole));
  const files = Object.fromEntries(Object.entries(FILES).map(([name, text]) => [join(folder, name), text]));
  const world = new ExampleWorld(files);
  let compiler: Compiler;
  let stream: Stream;
  before(async () => {
    for (const [path, text] of Object.entries(files)) writeFileSync(path, text);
    fields = await ask(withFiles);
    stream = world.stream(REQUEST);
    stream.session.source.ip.set([127, 0, 0, 1]);
    for (const [name, value] of VARIABLES) world.evaluate(`${value},set-var(${name})`, stream, Place.frontendRequest);
    const at = { file: 'test', line: 1, column: 1 };
    compiler = world.newCompiler(
      ACLS.map((acl) => {
        const [name, ...words] = wordsOf(withFiles(acl)) as [string, ...string[]];
        return { name, words, at };
      }),
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [at, text] of EXPRESSIONS.entries()) {
    test(text, () => {
      const { out, memory, sample } = world.thread;
      const expression = withFiles(text);
      out.open(memory.deskStart, memory.deskEnd);
      compiler.format(`[%[${expression}]]`, 'header', Place.frontendRequest).write(out, stream);
      const value = world.text(memory.deskStart, out.at);
      const isThere = compiler.expression(expression, Place.frontendRequest).run(sample, stream);
      const theirs = { value: fields.get(`e${at}`), isThere: fields.has(`f${at}`) };
      const known = OTHERWISE[text];
      if (known === undefined) assert.deepEqual({ value, isThere }, theirs);
      else {
        assert.deepEqual({ value, isThere }, { value: `[${known.value ?? ''}]`, isThere: known.value !== null }, known.reason);
        assert.notDeepEqual({ value, isThere }, theirs, 'it is no difference any more');
      }
    });
  }
  for (const [at, condition] of CONDITIONS.entries()) {
    test(`if ${condition}`, () => {
      const model = { unless: false, words: wordsOf(withFiles(condition)), at: { file: 'test', line: 1, column: 1 } };
      assert.equal(compiler.condition(model, Place.frontendRequest).test(stream), fields.has(`c${at}`));
    });
  }
});
