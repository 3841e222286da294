/** Counters of TLS, as HAProxy's statistics have them: `show info` and `show stat` of HAProxy, SIGQUIT of Hawser. */
import assert from 'node:assert/strict';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Proxy as Running } from '../support/proxy.ts';
import { configure, eventually, onSubjects, ports, serveSockets } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const file = (name: string): Buffer => readFileSync(path(name));

/** One request; the session of its connection, null if the handshake failed. */
function ask(port: number, target: string, options: ConnectionOptions = {}): Promise<Buffer | null> {
  return new Promise((resolve) => {
    let session: Buffer | null = null;
    const common = { host: '127.0.0.1', port, ca: file('ca.pem'), servername: 'localhost', maxVersion: 'TLSv1.2' } as const;
    const socket = connect({ ...common, ...options });
    socket
      .on('error', () => undefined)
      .on('session', (bytes: Buffer) => {
        session = bytes;
      });
    socket.on('secureConnect', () => void socket.write(`GET ${target} HTTP/1.0\r\n\r\n`)).resume();
    socket.on('close', () => resolve(session));
  });
}

interface Counted {
  /** Full handshakes, resumed ones, failed ones. */
  readonly [name: string]: readonly number[];
}

interface Figures {
  readonly counted: Counted;
  readonly total: number;
  readonly current: number;
  /** The highest rates of clients, of their keys, of servers' keys. */
  readonly most: readonly number[];
  /** Sessions without tickets that were asked for, and not there. */
  readonly cache: readonly number[];
}

type Counts = Readonly<Record<string, { sessions: number; reuses: number; failures: number }>>;

interface Described {
  readonly frontends: Counts;
  readonly backends: Counts;
  readonly servers: Counts;
  readonly total: number;
  readonly current: number;
  readonly mostRate: number;
  readonly mostClientKeyRate: number;
  readonly mostServerKeyRate: number;
  readonly cacheLookups: number;
  readonly cacheMisses: number;
}

/** Hawser: what it says when it is sent SIGQUIT, once more than before. */
async function described({ program }: Running): Promise<Figures> {
  const lines = (): string[] => [...program.stderr.matchAll(/TLS: (\{.*\})/g)].map(([, json]) => json as string);
  const before = lines().length;
  program.kill('SIGQUIT');
  await program.until(() => lines().length > before, 'its figures of TLS');
  const all = JSON.parse(lines().at(-1) as string) as Described;
  const kinds = { ...all.frontends, ...all.backends, ...all.servers };
  const entries = Object.entries(kinds).map(([name, { sessions, reuses, failures }]) => [name, [sessions, reuses, failures]]);
  return {
    counted: Object.fromEntries(entries),
    total: all.total,
    current: all.current,
    most: [all.mostRate, all.mostClientKeyRate, all.mostServerKeyRate],
    cache: [all.cacheLookups, all.cacheMisses],
  };
}

/** HAProxy: two commands of its runtime API. */
async function command(socketPath: string, words: string): Promise<string> {
  const socket = connectPlain(socketPath);
  let text = '';
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  socket.end(`${words}\n`);
  await once(socket, 'close');
  return text;
}

async function shown(socketPath: string): Promise<Figures> {
  const info = new Map((await command(socketPath, 'show info')).split('\n').map((line) => line.split(': ') as [string, string]));
  const [head = [], ...rows] = (await command(socketPath, 'show stat'))
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const columns = ['ssl_sess', 'ssl_reused_sess', 'ssl_failed_handshake'].map((name) => head.indexOf(name));
  const entries = rows.map((row) => {
    const [proxy, name] = row as [string, string];
    return [name === 'FRONTEND' || name === 'BACKEND' ? proxy : `${proxy}/${name}`, columns.map((at) => Number(row[at]))] as const;
  });
  const number = (name: string): number => Number(info.get(name));
  return {
    counted: Object.fromEntries(entries.filter(([, values]) => values.some((value) => value > 0))),
    total: number('CumSslConns'),
    current: number('CurrSslConns'),
    most: [number('MaxSslRate'), number('SslFrontendMaxKeyRate'), number('SslBackendMaxKeyRate')],
    cache: [number('SslCacheLookups'), number('SslCacheMisses')],
  };
}

onSubjects('handshakes with and without new keys, failed ones, connections', async ({ start, old, subject }) => {
  const server = createServer({ cert: file('server.pem'), key: file('server.pem') }, (socket) => {
    socket.on('error', () => undefined).on('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nx'));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: serverPort } = server.address() as { port: number };
  await using plain = await serveSockets((socket) => void socket.on('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nx')));
  await using mute = await serveSockets((socket) => void socket.resume());
  const [port] = await ports(1);
  const socketPath = join(tmpdir(), `hawser-tls-counters-${process.pid}-${subject}.sock`);
  const proxy = await start(
    configure({
      global: `nbthread 1${old ? `\n  stats socket ${socketPath}` : ''}`,
      defaults: 'retries 2\n  timeout connect 300ms\n  timeout client 500ms',
      rest: `frontend fe\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}
  use_backend bad if { path /bad }\n  use_backend mute if { path /mute }\n  default_backend be
backend be\n  server s1 127.0.0.1:${serverPort} ssl verify none\nbackend bad\n  server s1 127.0.0.1:${plain.port} ssl verify none
backend mute\n  server s1 127.0.0.1:${mute.port} ssl verify none`,
    }),
  );
  const figures = (): Promise<Figures> => (old ? shown(socketPath) : described(proxy));
  const session = await ask(port, '/');
  assert.ok(session !== null);
  const one = { fe: [1, 0, 0], be: [1, 0, 0], 'be/s1': [1, 0, 0] };
  assert.deepEqual((await figures()).counted, one);
  await ask(port, '/', { session });
  const two = { fe: [1, 1, 0], be: [1, 1, 0], 'be/s1': [1, 1, 0] };
  assert.deepEqual((await figures()).counted, two);
  await ask(port, '/', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  const silent = connectPlain(port, '127.0.0.1', () => void silent.end());
  await once(silent.resume(), 'close');
  assert.deepEqual((await figures()).counted, { ...two, fe: [1, 1, 2] });
  await ask(port, '/bad');
  await ask(port, '/mute');
  const slow = connectPlain(port, '127.0.0.1');
  await once(slow.resume(), 'close');
  const last = await figures();
  assert.deepEqual(last.counted, { ...two, fe: [3, 1, 2], bad: [0, 0, 3], 'bad/s1': [0, 0, 3] });
  // Of clients seven, of servers two, three tries and three more.
  assert.equal(last.total, 15);
  assert.ok(
    last.most.every((rate) => rate > 0),
    String(last.most),
  );
  assert.deepEqual(last.cache, [0, 0], 'tickets need no cache');
  const secureOptions = constants.SSL_OP_NO_TICKET;
  const kept = await ask(port, '/', { secureOptions });
  assert.ok(kept !== null);
  await ask(port, '/', { secureOptions, session: kept });
  assert.deepEqual((await figures()).cache, [1, 0]);
  await eventually(async () => (await figures()).current === 0, 'every connection has ended');
  server.close();
});
