/**
 * Each timeout by itself: what the client sees, how long it takes, the letters and the times
 * in the log line (HAProxy configuration manual 8.5).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, exchange } from '../support/connection.ts';
import type { Origin } from '../support/origin.ts';
import { startRawOrigin } from '../support/origin.ts';
import { Program } from '../support/program.ts';
import type { Proxy as Running } from '../support/proxy.ts';
import { isOld, subjects } from '../support/subject.ts';
import type { Syslog } from '../support/syslog.ts';
import { startSyslog } from '../support/syslog.ts';
import { isListening, until } from '../support/wait.ts';
import { configure, get, httpLine, onSubjects, ports, startRigged, stopSoftly, text } from './rig.ts';

const SHORT_MS = 250;
/** Timers round up, and the machine is shared. */
const SLACK_MS = 700;

/** A server that never accepts: its queue is full, so that new connections get no answer at all. */
class DeafServer {
  readonly port: number;
  readonly #program: Program;
  constructor(port: number) {
    this.port = port;
    const source = `require('node:net').createServer().listen(${port}, '127.0.0.1', 1, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))`;
    this.#program = new Program({ command: process.execPath, args: ['-e', source] });
  }
  async fill(): Promise<void> {
    await until(() => isListening(this.port), 'the deaf server');
    // A queue of 1 holds two.
    await Promise.all([connect(this.port), connect(this.port)]);
  }
  stop(): Promise<unknown> {
    return this.#program.stop('SIGKILL');
  }
}

function assertTime(ms: number, expectedMs: number, what: string): void {
  assert.ok(ms >= expectedMs - 15 && ms < expectedMs + SLACK_MS, `${what}: ${ms} ms, expected ${expectedMs}`);
}

for (const subject of subjects) {
  describe(`timeouts (${subject})`, () => {
    let deaf: DeafServer;
    let origin: Origin;
    let syslog: Syslog;
    let proxy: Running;
    const at: Record<string, number> = {};

    before(async () => {
      const names = ['connect', 'server', 'client', 'request', 'idle', 'queue', 'tunnel', 'tcp'];
      for (const [index, port] of (await ports(names.length + 1)).entries()) at[names[index] ?? 'deaf'] = port;
      deaf = new DeafServer(at['deaf'] as number);
      await deaf.fill();
      syslog = await startSyslog();
      origin = await startRawOrigin(async (connection) => {
        const head = await connection.readUntil(/\r\n\r\n|\n/);
        if (head.includes('/half')) await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
        if (head.includes('/tunnel')) await connection.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n');
        await until(() => connection.ended, 'the end', 20_000);
      });
      const server = `server s1 127.0.0.1:${origin.port}`;
      const listen = (name: string, lines: string): string => `listen ${name}\n  bind 127.0.0.1:${at[name]}\n  ${lines}\n`;
      const rest = [
        listen('connect', `timeout connect ${SHORT_MS}ms\n  retries 0\n  server s1 127.0.0.1:${at['deaf']}`),
        listen('server', `timeout server ${SHORT_MS}ms\n  ${server}`),
        listen('client', `timeout client ${SHORT_MS}ms\n  ${server}`),
        listen('request', `timeout http-request ${SHORT_MS}ms\n  ${server}`),
        listen('idle', `timeout http-keep-alive ${SHORT_MS}ms\n  http-request return status 200`),
        listen('queue', `timeout queue ${SHORT_MS}ms\n  ${server} maxconn 1`),
        listen('tunnel', `timeout tunnel ${SHORT_MS}ms\n  timeout client 200ms\n  timeout server 200ms\n  ${server}`),
        listen('tcp', `mode tcp\n  option tcplog\n  timeout client ${SHORT_MS}ms\n  ${server}`),
      ].join('');
      proxy = await startRigged(subject, {
        config: configure({ defaults: `log 127.0.0.1:${syslog.port} local0\n  option httplog`, rest }),
      });
    });
    after(async () => {
      await deaf.stop();
      await origin.close();
      await syslog.close();
      await stopSoftly(proxy, subject);
    });

    const lineOf = async (name: string): Promise<ReturnType<typeof httpLine>> => httpLine(await syslog.waitFor(new RegExp(`\\] ${name} `)));

    test('connect: 503 sC', async () => {
      const answer = await exchange(at['connect'] as number, get('/', 'Connection: close'));
      assert.match(answer, /^HTTP\/1.1 503 Service Unavailable\r\n/);
      const line = await lineOf('connect');
      assert.deepEqual([line.termination, line.status, line.server, line.retries], ['sC--', 503, 's1', '0']);
      assert.deepEqual(line.times.slice(0, 4), [0, 0, -1, -1]);
      assertTime(line.times[4] as number, SHORT_MS, 'Ta');
    });

    test('server, before the answer: 504 sH', async () => {
      const answer = await exchange(at['server'] as number, get('/', 'Connection: close'));
      assert.match(answer, /^HTTP\/1.1 504 Gateway Time-out\r\n/);
      const line = await lineOf('server');
      assert.deepEqual([line.termination, line.status, line.times[3]], ['sH--', 504, -1]);
      assertTime(line.times[4] as number, SHORT_MS, 'Ta');
    });

    test('server, in the body: cut off, sD', async () => {
      assert.match(await exchange(at['server'] as number, get('/half')), /\r\n\r\nhello$/);
      const line = httpLine(await syslog.waitFor(/GET \/half/));
      assert.deepEqual([line.termination, line.status], ['sD--', 200]);
      assertTime(line.times[4] as number, SHORT_MS, 'Ta');
    });

    // HAProxy 2.6 waits for the server instead.
    test('client, in the body of its request: 400 cH', { skip: isOld(subject) }, async () => {
      const answer = await exchange(at['client'] as number, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
      assert.match(answer, /^HTTP\/1.1 400 Bad request\r\n/);
      const line = await lineOf('client');
      assert.deepEqual([line.termination, line.status, line.server], ['cH--', 400, 's1']);
      assertTime(line.times[4] as number, SHORT_MS, 'Ta');
    });

    test('http-request: 408 cR, whatever the pace', async () => {
      using client = await connect(at['request'] as number);
      const began = performance.now();
      const drip = (async () => {
        for (const byte of get('/', `X: ${'x'.repeat(200)}`)) {
          if (client.ended) return;
          await client.write(byte);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      assert.match(await client.readToEnd(), /^HTTP\/1.1 408 Request Time-out\r\n/);
      assertTime(performance.now() - began, SHORT_MS, 'until 408');
      await drip;
      const line = await lineOf('request');
      assert.deepEqual([line.termination, line.status, line.server, line.request], ['cR--', 408, '<NOSRV>', '<BADREQ>']);
      assert.deepEqual(line.times.slice(0, 4), [-1, -1, -1, -1]);
    });

    test('http-keep-alive: a silent end, no line', async () => {
      using client = await connect(at['idle'] as number);
      await client.write(get('/only'));
      await client.readMessage();
      const began = performance.now();
      assert.equal(await client.readToEnd(), '');
      assertTime(performance.now() - began, SHORT_MS, 'idle');
      await exchange(at['idle'] as number, get('/after', 'Connection: close'));
      await syslog.waitFor(/GET \/after/);
      assert.equal(syslog.messages.filter((message) => message.includes('] idle ')).length, 2);
    });

    test('queue: 503 sQ, the time in Tw', async () => {
      using first = await connect(at['queue'] as number);
      await first.write(get('/held'));
      await until(() => origin.connections.some(({ received }) => received.includes('/held')), 'the first at the server');
      const answer = await exchange(at['queue'] as number, get('/queued', 'Connection: close'));
      assert.match(answer, /^HTTP\/1.1 503 /);
      const line = httpLine(await syslog.waitFor(/GET \/queued/));
      assert.deepEqual([line.termination, line.status, line.server], ['sQ--', 503, '<NOSRV>']);
      assert.deepEqual([line.times[0], line.times[2], line.times[3]], [0, -1, -1]);
      assertTime(line.times[1] as number, SHORT_MS, 'Tw');
    });

    test('tunnel replaces client and server after an upgrade', async () => {
      using client = await connect(at['tunnel'] as number);
      await client.write(get('/tunnel', 'Connection: upgrade', 'Upgrade: foo'));
      assert.match(await client.readHead(), /^HTTP\/1.1 101 /);
      // Longer than timeout client and server together, but never idle for timeout tunnel.
      for (let times = 0; times < 6; times++) {
        await client.write('x');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.equal(client.ended, false);
      const began = performance.now();
      await client.readToEnd();
      assertTime(performance.now() - began, SHORT_MS - 100, 'until the end of the tunnel');
      assert.match((await lineOf('tunnel')).termination, /^[cs]D--$/);
    });

    test('client in TCP mode: cD', async () => {
      using client = await connect(at['tcp'] as number);
      await client.write('hello\n');
      assert.equal(await client.readToEnd(), '');
      assert.match(text(await syslog.waitFor(/\] tcp /)), / tcp tcp\/s1 \d+\/\d+\/\d+ 0 cD \d/);
    });
  });
}

onSubjects('tarpit: 500 PT after the wait', async ({ start }) => {
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  timeout tarpit ${SHORT_MS}ms\n  http-request tarpit`;
  await start(configure({ rest }));
  assert.match(await exchange(port, get('/', 'Connection: close')), /^HTTP\/1.1 500 Internal Server Error\r\n/);
  const line = httpLine(await syslog.waitFor(/ l l\//));
  assert.deepEqual([line.termination, line.status], ['PT--', 500]);
  assertTime(line.times[1] as number, SHORT_MS, 'Tw');
});
