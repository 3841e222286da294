/** Stops in the middle of every wait: both kinds, while rules, queues, handshakes, limits and tables hold streams on two threads. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { type Connection, connect } from '../support/connection.ts';
import { ask, configure, get, onSubjects, ports, serveSockets, stopSoftly } from './rig.ts';

const WAIT_MS = 500;
const CERTIFICATE = fileURLToPath(new URL('../support/tls/server.pem', import.meta.url));
const POST = 'POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc';
/** What a client says, and then nothing more. */
const HTTP_TEXTS = [
  '',
  'GET /',
  get('/tarpit'),
  get('/pause'),
  POST,
  get('/queued'),
  get('/queued'),
  get('/answer-pause'),
  get('/answer-body'),
  get('/slow-body'),
];
const RAW_TEXTS = ['', 'x'];
/** A record of TLS that announces a hello and stops. */
const TLS_TEXTS = ['', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc'];

function configOf(front: number, raw: number, tls: number, origin: number): string {
  return configure({
    defaults: `timeout client ${WAIT_MS}ms\n  timeout server ${WAIT_MS}ms\n  timeout tarpit ${WAIT_MS}ms\n  timeout queue ${WAIT_MS}ms\n  timeout client-hs ${WAIT_MS}ms`,
    rest: `frontend f
  bind 127.0.0.1:${front}
  bind 127.0.0.1:${tls} ssl crt ${CERTIFICATE}
  stick-table type ip size 100 expire 10s store conn_cur,http_req_rate(10s)
  http-request track-sc0 src
  http-request set-var(txn.held) req.hdrs
  http-request return status 200 if { path /ok }
  http-request tarpit if { path /tarpit }
  http-request pause ${WAIT_MS}ms if { path /pause }
  http-request wait-for-body time ${WAIT_MS}ms if { path /body }
  http-response pause ${WAIT_MS}ms if { capture.req.uri /answer-pause }
  http-response wait-for-body time ${WAIT_MS}ms if { capture.req.uri /answer-body }
  use_backend one if { path /queued }
  default_backend many
backend one
  server s1 127.0.0.1:${origin} maxconn 1
backend many
  server s1 127.0.0.1:${origin}
listen raw
  mode tcp
  bind 127.0.0.1:${raw}
  tcp-request inspect-delay ${WAIT_MS}ms
  tcp-request content accept if { req.len gt 100 }
  server s1 127.0.0.1:${origin}`,
  });
}

/** A server that is silent, stops in its body, or answers what a rule holds back. */
function serveWaits(): ReturnType<typeof serveSockets> {
  return serveSockets((socket) => {
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      if (/answer-pause/.test(text)) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      else if (/answer-body|slow-body/.test(text)) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab');
    });
    socket.on('error', () => undefined).on('end', () => socket.end());
  });
}

async function open(port: number, texts: readonly string[], clients: Connection[]): Promise<void> {
  for (const text of [...texts, ...texts]) {
    const client = await connect(port);
    clients.push(client);
    if (text !== '') await client.write(text);
  }
}

for (const signal of ['SIGUSR1', 'SIGTERM'] as const) {
  onSubjects(`${signal} while everything waits`, async ({ start, subject, old, context }) => {
    if (old) return context.skip('HAProxy 2.6 has no pause');
    await using origin = await serveWaits();
    const [front, raw, tls] = await ports(3);
    const proxy = await start(configOf(front, raw, tls, origin.port));
    const clients: Connection[] = [];
    try {
      await open(front, HTTP_TEXTS, clients);
      await open(raw, RAW_TEXTS, clients);
      await open(tls, TLS_TEXTS, clients);
      // Both threads have turned since.
      for (let round = 0; round < 4; round++) assert.equal((await ask(front, get('/ok'))).status, 200);
      if (signal === 'SIGUSR1') {
        await stopSoftly(proxy, subject);
        return;
      }
      const began = performance.now();
      const exit = await proxy.program.stop(signal);
      assert.ok(performance.now() - began < 2500, 'at once');
      assert.ok(exit.status === 0 || exit.signal === signal, JSON.stringify(exit));
      assert.doesNotMatch(proxy.program.stderr, /Error|^ {4}at /m);
    } finally {
      for (const client of clients) client.socket.destroy();
    }
  });
}
