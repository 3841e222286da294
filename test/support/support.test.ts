/** The helpers of the integration tests, on each other and on HAProxy. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect, exchange } from './connection.ts';
import { curl } from './curl.ts';
import { ok, startHttpOrigin, startRawOrigin } from './origin.ts';
import { findPeer, needs } from './peer.ts';
import { freePort } from './ports.ts';
import { Program, run } from './program.ts';
import { startHaproxy } from './proxy.ts';
import { startSyslog } from './syslog.ts';
import { isListening, until } from './wait.ts';

test('an origin answers kept-alive and pipelined requests and keeps them', async () => {
  await using origin = await startHttpOrigin(({ head, body }) => (head.startsWith('GET /bye') ? null : ok(`got ${body}`)));
  using connection = await connect(origin.port);
  await connection.writePieces(['POST / HTTP/1.1\r\nContent-Le', 'ngth: 3\r\n\r\na', 'bcGET /2 HTTP/1.1\r\n\r\n']);
  assert.equal((await connection.readMessage()).body, 'got abc');
  assert.equal((await connection.readMessage()).body, 'got ');
  await connection.write('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n');
  assert.equal((await connection.readMessage()).body, 'got 2\r\nhi\r\n0\r\nX: y\r\n\r\n');
  await connection.write('GET /bye HTTP/1.1\r\n\r\n');
  assert.equal(await connection.readToEnd(), '');
  assert.deepEqual(
    origin.requests.map((request) => request.connection),
    [0, 0, 0, 0],
  );
});

test('a raw origin runs its script, a reset is seen as one, an error of the script comes out at the end', async () => {
  const origin = await startRawOrigin(async (connection, index) => {
    await connection.readUntil(/go\n/);
    if (index === 1) connection.reset();
    else await connection.write('done');
    if (index === 2) throw new Error('of the script');
  });
  assert.equal(await exchange(origin.port, ['g', 'o\n']), 'done');
  using second = await connect(origin.port);
  await second.write('go\n');
  await second.waitForClose();
  assert.equal(second.error, 'ECONNRESET');
  assert.equal(await exchange(origin.port, 'go\n'), 'done');
  await assert.rejects(origin.close(), /of the script/);
});

test('what does not come is an error that tells what did', async () => {
  await using origin = await startRawOrigin(async (connection) => void (await connection.write('half')));
  using connection = await connect(origin.port);
  await assert.rejects(connection.readHead(), /ended before .*half/);
  await assert.rejects(
    until(() => false, 'never', 20),
    /waited 20 ms in vain for never/,
  );
});

test('a program that is stopped, one that ends too early, one that is not there', async () => {
  const sleeper = new Program({ command: 'sleep', args: ['1000'] });
  assert.deepEqual(await sleeper.stop(), { status: null, signal: 'SIGTERM' });
  const early = new Program({ command: 'sh', args: ['-c', 'echo why >&2; exit 3'] });
  await assert.rejects(
    early.until(() => false, 'ready'),
    /"status":3.* before ready[\s\S]*why/,
  );
  assert.throws(() => new Program({ command: '/nowhere/program' }), /does not start/);
  assert.equal((await run({ command: 'cat', input: 'a\xe9' })).stdout, 'a\xc3\xa9');
});

test('descriptors are inherited from 3 on', async () => {
  const { stdout } = await run({ command: 'sh', args: ['-c', 'readlink /proc/self/fd/3'], descriptors: [1] });
  assert.notEqual(stdout.trim(), '');
});

test('a missing program is a reason to skip that names it', () => {
  assert.equal(findPeer('no-such-program'), undefined);
  assert.deepEqual(needs('sh', 'no-such-program'), { skip: 'missing peer: no-such-program' });
  assert.deepEqual(needs('sh'), { skip: false });
});

test('haproxy between curl and an origin, logging to us', needs('haproxy', 'curl'), async () => {
  await using origin = await startHttpOrigin(() => ok('hello', 'X-A: b\r\n'));
  await using syslog = await startSyslog();
  const port = await freePort();
  assert.equal(isListening(port), false);
  const config = (folder: string): string => `global
  log 127.0.0.1:${syslog.port} local0
  stats socket ${folder}/cli level admin
defaults
  mode http
  log global
  option httplog
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend fe
  bind 127.0.0.1:${port}
  default_backend be
backend be
  server s1 127.0.0.1:${origin.port}
`;
  await using haproxy = await startHaproxy({ config });
  assert.match(readFileSync(`/proc/${haproxy.pid}/cmdline`, 'utf8'), /haproxy/);
  const { status, head, body } = await curl(`http://127.0.0.1:${port}/x?y`);
  assert.equal(status, 0);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n.*x-a: b\r\n/s);
  assert.equal(body, 'hello');
  assert.match(await syslog.waitFor(/GET \/x\?y/), / fe be\/s1 /);
  assert.match(await exchange(`${haproxy.folder}/cli`, 'show info\n'), /^Name: HAProxy/);
  await haproxy.stop();
  assert.equal(isListening(port), false);
});
