/** Checks over TLS against servers of Node: many at once, cut anywhere, hostile, and stopped half-way. Nothing may stay in use. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { ExpectStepModel } from '../model/check.ts';
import { mapMemory } from '../platform/mapping.ts';
import { OpenSslContext } from '../platform/tls/context.ts';
import { TlsLibrary } from '../platform/tls/engine.ts';
import { PLAIN_TLS } from '../platform/tls/settings.fixture.ts';
import { newCheck } from './blank.ts';
import { RunningCheck } from './connection.ts';
import { rulesetOf } from './ruleset.ts';
import { SECURE_LAYOUT, SecureGround } from './secure.ts';
import type { CheckResult } from './status.ts';
import type { Ruleset } from './steps.ts';
import { targetOf } from './target.fixture.ts';

const pem = readFileSync(new URL('../../test/support/tls/server.pem', import.meta.url));
const AT = { file: '', line: 1, column: 1 };

const memory = mapMemory(SECURE_LAYOUT);
const ground = new SecureGround(memory);
const context = new OpenSslContext(new TlsLibrary(memory), { ...PLAIN_TLS, preferClientCiphers: true });

async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function tlsServer(t: TestContext, serve: (socket: TLSSocket) => void): Promise<number> {
  const server = createTlsServer({ key: pem, cert: pem }, (socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  return listen(
    t,
    server.on('tlsClientError', () => {}),
  );
}

function begin(port: number, ruleset: Ruleset, done: (found: CheckResult) => void, limitMs = 5000): RunningCheck {
  const target = targetOf({ port, isSecure: true, tls: { ground, contextFor: () => context } });
  const check = new RunningCheck(
    { target, ruleset, limits: { connectMs: limitMs, answerMs: limitMs }, newScene: null, stateText: null },
    false,
    done,
  );
  check.begin();
  return check;
}

const run = (port: number, ruleset: Ruleset, limitMs?: number): Promise<CheckResult> =>
  new Promise((resolve) => begin(port, ruleset, resolve, limitMs));

const PLAIN = rulesetOf(null, null);
const HTTP = rulesetOf({ ...newCheck(), type: 'http' }, null);

/** Sends `hello`, and waits for what holds `wanted`. */
function conversation(hello: string, wanted: string): Ruleset {
  const options = {
    minBytes: null,
    okStatus: null,
    errorStatus: null,
    timeoutStatus: null,
    onSuccess: null,
    onError: null,
    statusCode: null,
  };
  const base = { at: AT, comment: null };
  const expect: ExpectStepModel = { kind: 'expect', ...base, ...options, match: 'string', negate: false, pattern: wanted, header: null };
  const steps = [{ kind: 'send', ...base, data: hello, form: 'bytes' } as const, expect];
  return rulesetOf({ ...newCheck(), type: 'tcp', tcp: { owner: AT, steps } }, null);
}

test('many at once', { timeout: 20_000 }, async (t) => {
  const port = await tlsServer(t, (socket) => socket.on('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nhello')));
  const found = await Promise.all(Array.from({ length: 60 }, (_, at) => run(port, at % 2 === 0 ? HTTP : PLAIN)));
  assert.deepEqual([...new Set(found.map(({ status, code }) => `${status.code} ${code}`))].sort(), ['L6OK null', 'L7OK 200']);
  assert.equal(ground.open, 0);
});

test('long messages in both directions, and every cut of what the server sends', { timeout: 20_000 }, async (t) => {
  const long = 'x'.repeat(150_000);
  let heard = 0;
  const inner = await tlsServer(t, (socket) =>
    socket.on('data', (data: Buffer) => {
      heard += data.length;
      if (heard >= long.length) socket.write(`${'y'.repeat(40_000)}found`);
    }),
  );
  const port = await listen(
    t,
    createServer((socket) => {
      const onward = connect(inner, '127.0.0.1').on('error', () => {});
      socket.on('close', () => onward.destroy());
      socket.pipe(onward);
      let pieces = 0;
      onward.on('data', (data: Buffer) => {
        // The handshake byte by byte, what follows in odd pieces.
        const size = ++pieces <= 3 ? 1 : 977;
        for (let at = 0; at < data.length; at += size) socket.write(data.subarray(at, at + size));
      });
    }),
  );
  const { status } = await run(port, conversation(long, 'found'));
  assert.deepEqual([status.code, heard, ground.open], ['L7OK', long.length, 0]);
});

test('a server that never stops talking is judged by the first 64 kB', { timeout: 20_000 }, async (t) => {
  let sent = 0;
  const port = await tlsServer(t, (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write('z'.repeat(16_384))) sent += 16_384;
    };
    socket.on('drain', more);
    more();
  });
  const { status } = await run(port, conversation('go', 'never'));
  assert.deepEqual([status.code, ground.open], ['L7RSP', 0]);
  assert.ok(sent > 0);
});

test('what is no TLS, or ends in the middle of it', { timeout: 20_000 }, async (t) => {
  const garbage: readonly (string | null)[] = [
    'SSH-2.0-x\r\n',
    '\x16\x03\x03\0\x04\x02\0\0\0',
    '\x16\x03\x03\x40\0' + 'a'.repeat(16_384),
    '\x15\x03\x03\0\x02\x02\x28',
    '\0'.repeat(100_000),
    null,
  ];
  for (const words of garbage) {
    const server = createServer(
      (socket) => void socket.once('data', () => (words === null ? socket.destroy() : socket.end(words, 'latin1'))),
    );
    const found = await run(await listen(t, server), PLAIN);
    assert.deepEqual([found.status.code, found.info, ground.open], ['L6RSP', 'SSL handshake failure', 0], words?.slice(0, 20) ?? 'nothing');
  }
});

test('broken after the handshake', { timeout: 20_000 }, async (t) => {
  const inner = await tlsServer(t, () => {});
  const port = await listen(
    t,
    createServer((socket) => {
      const onward = connect(inner, '127.0.0.1').on('error', () => {});
      socket.on('close', () => onward.destroy());
      let heard = 0;
      // Its third flight is the request: the answer to it is no record of this connection.
      socket.on('data', (data: Buffer) => {
        if (data.includes('\x17\x03\x03', 0, 'latin1') && ++heard >= 1) socket.write(`\x17\x03\x03\0\x20${'b'.repeat(32)}`, 'latin1');
        onward.write(data);
      });
      onward.on('data', (data: Buffer) => socket.write(data));
    }),
  );
  const found = await run(port, HTTP);
  assert.equal(ground.open, 0);
  assert.match(`${found.status.code} ${found.info}`, /^(?:SOCKERR SSL fatal error|L6RSP SSL handshake failure)$/);
});

test('stopped at any moment', { timeout: 20_000 }, async (t) => {
  const port = await tlsServer(t, (socket) => socket.resume());
  let told = 0;
  for (let wait = 0; wait < 25; wait++) {
    const check = begin(port, HTTP, () => told++);
    for (let turn = 0; turn < wait; turn++) await new Promise((resolve) => setImmediate(resolve));
    check.cancel();
    assert.equal(ground.open, 0);
  }
  const silent = await run(port, HTTP, 60);
  assert.deepEqual([silent.status.code, told, ground.open], ['L7TOUT', 0, 0]);
  const deaf = await listen(t, createServer());
  assert.equal((await run(deaf, PLAIN, 60)).status.code, 'L6TOUT');
  assert.equal(ground.open, 0);
});

test('settings that cannot be used fail the check, not the process', async () => {
  const contextFor = (): never => {
    throw new Error('no certificate');
  };
  const target = targetOf({ port: 1, isSecure: true, tls: { ground, contextFor } });
  const found = await new Promise<CheckResult>((resolve) =>
    new RunningCheck(
      { target, ruleset: PLAIN, limits: { connectMs: 100, answerMs: null }, newScene: null, stateText: null },
      false,
      resolve,
    ).begin(),
  );
  assert.deepEqual([found.status.code, found.info], ['SOCKERR', 'no certificate']);
});
