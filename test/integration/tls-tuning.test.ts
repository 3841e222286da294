/** `tune.ssl.*` with real clients and servers: secrets, the length of records, how long sessions live, certificate compression. */
import assert from 'node:assert/strict';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { needs } from '../support/peer.ts';
import { run } from '../support/program.ts';
import { startSyslog } from '../support/syslog.ts';
import { startTap } from '../support/tap.ts';
import { configure, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const file = (name: string): Buffer => readFileSync(path(name));

interface Got {
  readonly headers: Record<string, unknown>;
  readonly size: number;
  /** Lines of the client's own key log. */
  readonly keys: readonly string[];
}

/** One request on a connection of its own. */
function get(port: number, options: ConnectionOptions = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const keys: string[] = [];
    const common = { host: '127.0.0.1', port, ca: file('ca.pem'), servername: 'localhost', agent: false };
    const asked = request({ ...common, ...options }, (response) => {
      let size = 0;
      response.on('data', (bytes: Buffer) => {
        size += bytes.length;
      });
      response.on('end', () => resolve({ headers: response.headers, size, keys }));
    });
    asked.on('socket', (socket) => socket.on('keylog', (line: Buffer) => void keys.push(line.toString('latin1').trim())));
    asked.on('error', reject).end();
  });
}

const LABELS: Readonly<Record<string, string>> = {
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: 'client_handshake_traffic_secret',
  SERVER_HANDSHAKE_TRAFFIC_SECRET: 'server_handshake_traffic_secret',
  CLIENT_TRAFFIC_SECRET_0: 'client_traffic_secret_0',
  SERVER_TRAFFIC_SECRET_0: 'server_traffic_secret_0',
  EXPORTER_SECRET: 'exporter_secret',
};

/** `set-header` for the lines of a key log, as HAProxy's manual writes them. */
function logRules(side: 'fc' | 'bc'): string {
  const lines = Object.entries(LABELS).map(
    ([label, name]) =>
      `http-response set-header ${side}-${label.toLowerCase()} "${label} %[ssl_${side}_client_random,hex,lower] %[ssl_${side}_${name}]"`,
  );
  return lines.join('\n  ');
}

function logIn(headers: Record<string, unknown>, side: 'fc' | 'bc'): string[] {
  return Object.keys(LABELS).map((label) => String(headers[`${side}-${label.toLowerCase()}`]));
}

function sorted(lines: readonly string[]): string[] {
  return lines.filter((line) => (line.split(' ')[0] as string) in LABELS).sort();
}

onSubjects('the secrets of both sides are those of the peers', async ({ start, old }) => {
  const serverKeys: string[] = [];
  const server = createServer({ cert: file('server.pem'), key: file('server.pem') }, (_, response) => response.end('x'));
  server.on('keylog', (line: Buffer) => void serverKeys.push(line.toString('latin1').trim()));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: serverPort } = server.address() as { port: number };
  const [port, silent] = await ports(2);
  // HAProxy 2.6 knows these of the client's side only.
  const rules = old ? logRules('fc') : `${logRules('fc')}\n  ${logRules('bc')}`;
  const early = 'http-response set-header x-early "[%[ssl_fc_client_early_traffic_secret]%[ssl_fc_early_exporter_secret]]"';
  const rest = (at: number): string => `frontend f\n  bind 127.0.0.1:${at} ssl crt ${path('server.pem')}\n  default_backend b
backend b\n  ${rules}\n  ${early}\n  server s1 127.0.0.1:${serverPort} ssl verify none`;
  try {
    await start(configure({ global: 'tune.ssl.keylog on', rest: rest(port) }));
    const { headers, keys } = await get(port);
    assert.equal(sorted(keys).length, Object.keys(LABELS).length);
    assert.deepEqual(logIn(headers, 'fc').sort(), sorted(keys));
    if (!old) assert.deepEqual(logIn(headers, 'bc').sort(), sorted(serverKeys));
    assert.equal(headers['x-early'], '[]');
    const before = await get(port, { maxVersion: 'TLSv1.2' });
    assert.match(String(before.headers['fc-exporter_secret']), /^EXPORTER_SECRET [0-9a-f]{64}$/, 'none before TLS 1.3');
    await start(configure({ rest: rest(silent) }));
    assert.match(String((await get(silent)).headers['fc-exporter_secret']), /^EXPORTER_SECRET [0-9a-f]{64}$/, 'none unless asked for');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

onSubjects('the prepared formats of key logs are lines that Wireshark reads', async ({ start, old, context }) => {
  if (old) return context.skip('since HAProxy 3.2');
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(
    configure({
      global: 'tune.ssl.keylog on',
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  log 127.0.0.1:${syslog.port} len 4096 local0
  log-format "\${HAPROXY_KEYLOG_FC_LOG_FMT}"\n  http-request return status 200`,
    }),
  );
  const { keys } = await get(port);
  const [message] = await syslog.waitForCount(1);
  const lines = (message as string)
    .replace(/^.*?\]: /, '')
    .trim()
    .split('\n');
  assert.equal(lines.length, 7);
  const lower = lines.map((line) => line.replace(/ .*/, (values) => values.toLowerCase()));
  assert.deepEqual(sorted(lower), sorted(keys));
});

/** Lengths of the records of application data, without what TLS 1.3 adds: a byte of type and 16 of authentication. */
function recordLengths(bytes: Buffer): number[] {
  const lengths: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
    if (bytes[at] === 23) lengths.push(bytes.readUInt16BE(at + 3) - 17);
  return lengths;
}

const BODY = 'x'.repeat(400_000);

/** The records of an answer, but for those of the handshake, which come first in the same wrapping. */
async function recordsOf(port: number, options: ConnectionOptions = {}): Promise<number[]> {
  await using tap = await startTap(port);
  const { size } = await get(tap.port, options);
  assert.equal(size, BODY.length);
  const lengths = recordLengths(Buffer.concat(tap.passed[0]?.received ?? []));
  // TLS 1.3: extensions and all that the server's certificate takes are records too, and tickets.
  return lengths.slice(6);
}

onSubjects('records are as long as tune.ssl.maxrecord and hard-maxrecord say', async ({ start, old }) => {
  await using origin = await startHttpOrigin(() => ok(BODY));
  const config = (port: number, lines: string): string =>
    configure({
      global: `nbthread 1\n  ${lines}`,
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  default_backend b\nbackend b\n  server s1 127.0.0.1:${origin.port}`,
    });
  const [free, soft, hard] = await ports(3);
  await start(config(free, 'tune.idletimer 500'));
  assert.ok(Math.max(...(await recordsOf(free))) > 8000, 'long ones unless limited');
  await start(config(hard, 'tune.ssl.hard-maxrecord 1000\n  tune.ssl.maxrecord 2000'));
  assert.equal(Math.max(...(await recordsOf(hard))), 1000);
  await start(config(soft, 'tune.ssl.maxrecord 1400'));
  const lengths = await recordsOf(soft);
  const first = lengths.findIndex((length) => length > 1400);
  const beginning = lengths.slice(0, first).reduce((sum, length) => sum + length, 0);
  assert.ok(first > 0 && beginning > (old ? 10_000 : 60_000), `${beginning} bytes in short records`);
  assert.ok(Math.max(...lengths) > 8000, 'long ones once the transfer runs');
});

/** What `openssl s_client` says of the ticket that it got. */
async function ticketSeconds(port: number, ...args: string[]): Promise<number> {
  const common = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-ign_eof'];
  const { stdout } = await run({ command: 'openssl', args: [...common, ...args], input: 'GET / HTTP/1.0\r\n\r\n' });
  return Number(/lifetime hint: (\d+) \(seconds\)/.exec(stdout)?.[1] ?? '-1');
}

onSubjects(
  'sessions live as long as tune.ssl.lifetime says, two hours unless said',
  async ({ start }) => {
    const [port, usual] = await ports(2);
    const rest = (at: number): string =>
      `frontend f\n  bind 127.0.0.1:${at} ssl crt ${path('server.pem')}\n  http-request return status 200`;
    await start(configure({ global: 'tune.ssl.lifetime 2', rest: rest(port) }));
    await start(configure({ rest: rest(usual) }));
    for (const version of ['-tls1_2', '-tls1_3']) {
      assert.equal(await ticketSeconds(port, version), 2, version);
      assert.equal(await ticketSeconds(usual, version), 7200, version);
    }
  },
  needs('openssl'),
);

/** A session of a connection that is over. */
function sessionOf(port: number, maxVersion: 'TLSv1.2'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca: file('ca.pem'), servername: 'localhost', maxVersion });
    socket.on('error', reject).on('session', (session: Buffer) => {
      socket.destroy();
      resolve(session);
    });
  });
}

onSubjects('a session that is too old is not gone on with', async ({ start }) => {
  const [port] = await ports(1);
  const rules = 'http-request return status 200 hdr x-resumed %[ssl_fc_is_resumed]';
  await start(
    configure({ global: 'tune.ssl.lifetime 1', rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  ${rules}` }),
  );
  const session = await sessionOf(port, 'TLSv1.2');
  const madeAtMs = Date.now();
  assert.equal((await get(port, { session, maxVersion: 'TLSv1.2' })).headers['x-resumed'], '1');
  // The clock of sessions counts whole seconds.
  while (Date.now() < madeAtMs + 2100) await get(port, { maxVersion: 'TLSv1.2' });
  assert.equal((await get(port, { session, maxVersion: 'TLSv1.2' })).headers['x-resumed'], '0');
});

/** Whether a client that comes again with its session goes on with it. */
async function comesAgain(port: number, version: 'TLSv1.2' | 'TLSv1.3', secureOptions: number): Promise<boolean> {
  const options = { host: '127.0.0.1', port, ca: file('ca.pem'), servername: 'localhost', maxVersion: version, secureOptions } as const;
  const visit = (session?: Buffer): Promise<{ session: Buffer | undefined; isReused: boolean }> =>
    new Promise((resolve, reject) => {
      let kept: Buffer | undefined;
      const socket = connect({ ...options, ...(session === undefined ? {} : { session }) });
      socket.on('error', reject).on('session', (bytes: Buffer) => {
        kept = bytes;
      });
      let isReused = false;
      socket.on('secureConnect', () => {
        isReused = socket.isSessionReused();
        socket.write('GET / HTTP/1.0\r\n\r\n');
      });
      socket.resume().on('close', () => resolve({ session: kept, isReused }));
    });
  const { session } = await visit();
  return (await visit(session)).isReused;
}

onSubjects('sessions without tickets are kept for all threads, as many as tune.ssl.cachesize says', async ({ start }) => {
  const [port, without, withTickets] = await ports(3);
  const rest = (at: number, words: string): string =>
    `frontend f\n  bind 127.0.0.1:${at} ssl crt ${path('server.pem')} ${words}\n  http-request return status 200`;
  await start(configure({ global: 'nbthread 2', rest: rest(port, 'no-tls-tickets') }));
  await start(configure({ global: 'nbthread 2\n  tune.ssl.cachesize 0', rest: rest(without, 'no-tls-tickets') }));
  await start(configure({ global: 'nbthread 2\n  tune.ssl.cachesize 100', rest: rest(withTickets, '') }));
  for (let turn = 0; turn < 6; turn++) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
      assert.equal(await comesAgain(port, version, 0), true, `${version}, turn ${turn}`);
    assert.equal(await comesAgain(withTickets, 'TLSv1.2', constants.SSL_OP_NO_TICKET), true, 'a client that takes no ticket');
  }
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) assert.equal(await comesAgain(without, version, 0), false, version);
  assert.equal(await comesAgain(withTickets, 'TLSv1.3', 0), true, 'tickets are as before');
});

onSubjects('no more connections speak TLS than maxsslconn says', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 leaves clients beyond it hanging');
  await using syslog = await startSyslog();
  const server = createServer({ cert: file('server.pem'), key: file('server.pem') }, (_, response) => response.end('x'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: serverPort } = server.address() as { port: number };
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 1\n  maxsslconn 1',
      defaults: 'retries 0',
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  log 127.0.0.1:${syslog.port} local0
  log-format "%b %ST %[bc_err] %[bc_err_name]"\n  http-request return status 200 if { path / }\n  default_backend b
backend b\n  server s1 127.0.0.1:${serverPort} ssl verify none`,
    }),
  );
  const first = connect({ host: '127.0.0.1', port, ca: file('ca.pem'), servername: 'localhost' });
  await once(first, 'secureConnect');
  let isIn = false;
  const second = get(port).then((got) => {
    isIn = true;
    return got;
  });
  first.write('GET /other HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(first, 'data');
  assert.equal(((await syslog.waitForCount(1))[0] as string).replace(/^.*?\]: /, '').trim(), 'b 503 27 SSL_TOO_MANY');
  assert.equal(isIn, false);
  first.destroy();
  await second;
  server.close();
});
