/**
 * Starts the configurations of examples/real-world. The file itself is checked with -c as it is,
 * by Hawser and by HAProxy; what serves is a copy in which addresses are replaced: those of `bind`
 * by free ports, those of servers by servers of the test, those of `log` by a receiver, and lines
 * that need rights or paths of the whole machine (chroot, user, stats socket …) are left out.
 * `-C` leads both to the folder, so that lists, maps, pages and certificates are the file's own.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { type Answer, ask, askOn, onSubjects, type Rig, serveSockets } from '../integration/rig.ts';
import { Connection, connect } from '../support/connection.ts';
import { type HttpOrigin, ok, type RawRequest, startHttpOrigin } from '../support/origin.ts';
import { findPeer } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/program.ts';
import { HAWSER, type Proxy as Running } from '../support/proxy.ts';
import { type Syslog, startSyslog } from '../support/syslog.ts';
import { until, within } from '../support/wait.ts';

export const FOLDER = fileURLToPath(new URL('../../examples/real-world', import.meta.url));
const TLS_FOLDER = fileURLToPath(new URL('../support/tls', import.meta.url));
/** Certificates of the tests, as text. */
export const pem = (name: string): string => readFileSync(`${TLS_FOLDER}/${name}.pem`, 'latin1');

/** Lines of `global` that are about the machine: its accounts, paths, limits of descriptors. */
const RIGHTS = new Set(['chroot', 'user', 'group', 'daemon', 'pidfile', 'maxconn']);

export interface Options {
  /** Also on epoll; the others run on io_uring only, to keep the whole short. */
  readonly epoll?: boolean;
  /** What each HTTP server answers; the default is 200 with `backend/server` as the body. */
  readonly respond?: (server: string, request: RawRequest) => string;
  /** Changes of the copy, for times that nobody wants to wait for in a test. Each must be found. */
  readonly replace?: Readonly<Record<string, string>>;
  /** What each TCP server answers to what it hears; without it they say `backend/server` and repeat what they hear. */
  readonly talk?: (server: string, text: string) => string;
  /** What Hawser refuses while it lacks what the file needs: each line that says so holds this. Once it works, the file is started. */
  readonly refusal?: string;
}

interface Origin {
  readonly port: number;
  /** HTTP servers keep what they were asked. */
  readonly requests: readonly RawRequest[];
  close(): Promise<void>;
}

/** A running example. Ports and servers are named as in the file: `443`, `backend/server`; what a check's own `port` asks is `backend/server:check`. */
export class Stage {
  readonly rig: Rig;
  readonly servers = new Map<string, Origin>();
  readonly #options: Options;
  readonly #ports = new Map<string, number>();
  readonly #syslog: Syslog;
  #proxy: Running | undefined;
  #mode = 'tcp';
  #defaultMode = 'tcp';
  #kind = '';
  /** The section's default-server lines say `ssl`. */
  #tls = false;
  #section = '';

  constructor(rig: Rig, options: Options, syslog: Syslog) {
    this.rig = rig;
    this.#options = options;
    this.#syslog = syslog;
  }

  get log(): Syslog {
    return this.#syslog;
  }

  get proxy(): Running {
    return this.#proxy as Running;
  }

  async start(name: string): Promise<void> {
    let text = readFileSync(`${FOLDER}/${name}`, 'latin1');
    for (const [from, to] of Object.entries(this.#options.replace ?? {})) {
      assert.ok(text.includes(from), `${name} has no ${from}`);
      text = text.replaceAll(from, to);
    }
    const rows: string[] = [];
    // All ports first: a server may be one of the file's own frontends.
    for (const row of text.split('\n')) rows.push(await this.#listen(row));
    for (const [index, row] of rows.entries()) rows[index] = await this.#copy(row);
    const config = rows.join('\n');
    this.#proxy = await this.rig.start({ config, args: ['-db', '-C', FOLDER], ready: [...this.#ports.values()] });
  }

  port(written: number | string): number {
    const port = this.#ports.get(String(written));
    assert.ok(port !== undefined, `nothing listens on ${written}: ${[...this.#ports.keys()].join(', ')}`);
    return port;
  }

  server(name: string): Origin {
    const origin = this.servers.get(name);
    assert.ok(origin !== undefined, `no server ${name}: ${[...this.servers.keys()].join(', ')}`);
    return origin;
  }

  /** The head of the last request that the server was asked; checks speak HTTP/1.0. */
  seen(name: string): string {
    return this.server(name).requests.findLast(({ head }) => /^.* HTTP\/1\.1\r\n/.test(head))?.head ?? '';
  }

  async close(): Promise<void> {
    // All of them, also if one tells an error of its connections.
    const ends = await Promise.allSettled([...this.servers.values(), this.#syslog].map((each) => each.close()));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #copy(row: string): Promise<string> {
    const words = row.trim().split(/\s+/);
    if (/^[a-z]/.test(row)) {
      this.#kind = words[0] as string;
      this.#section = words[1] ?? this.#kind;
      this.#mode = this.#defaultMode;
      this.#tls = false;
      return row;
    }
    switch (words[0]) {
      case 'mode':
        this.#mode = words[1] as string;
        if (this.#kind === 'defaults') this.#defaultMode = this.#mode;
        return row;
      case 'default-server':
        this.#tls ||= words.includes('ssl');
        return row;
      case 'server':
        return await this.#serve(row, words, 2);
      case 'server-template':
        return await this.#serve(row, words, 3);
      case 'log':
        return /^(?:\/|\d)/.test(words[1] ?? '') ? row.replace(words[1] as string, `127.0.0.1:${this.#syslog.port}`) : row;
      case 'stats':
        return words[1] === 'socket' || words[1] === 'timeout' ? '' : row;
      default:
        return words[0] !== undefined && this.#kind === 'global' && RIGHTS.has(words[0]) ? '' : row;
    }
  }

  /** `bind ADDRESS:PORT[,…]` with free ports of loopback. */
  async #listen(row: string): Promise<string> {
    const addresses = /^\s*bind\s+(\S+)/.exec(row)?.[1];
    if (addresses === undefined) return row;
    const out: string[] = [];
    for (const address of addresses.split(',')) {
      const written = /:(\d+)$/.exec(address)?.[1];
      if (written === undefined) throw new Error(`no port in bind ${address}`);
      const port = await freePort();
      this.#ports.set(written, port);
      out.push(`127.0.0.1:${port}`);
    }
    return row.replace(addresses, out.join(','));
  }

  async #serve(row: string, words: readonly string[], at: number): Promise<string> {
    const address = words[at] as string;
    const ours = address.startsWith('127.0.0.1:') ? this.#ports.get(address.slice(10)) : undefined;
    if (ours !== undefined) return row.replace(address, `127.0.0.1:${ours}`);
    const name = `${this.#section}/${words[1]}`;
    const origin = await this.#origin(name, this.#tls || words.includes('ssl'));
    this.servers.set(name, origin);
    const own = row.replace(address, `127.0.0.1:${origin.port}`);
    if (!words.includes('port')) return own;
    const checked = await startHttpOrigin(() => ok('up'));
    this.servers.set(`${name}:check`, checked);
    return own.replace(/ port \d+/, ` port ${checked.port}`);
  }

  #origin(name: string, tls: boolean): Promise<Origin> {
    const { respond = (server) => ok(server) } = this.#options;
    if (this.#mode === 'tcp') return startBanner(name, this.#options.talk);
    return tls ? startTlsOrigin(name) : (startHttpOrigin((request) => respond(name, request)) satisfies Promise<HttpOrigin>);
  }
}

/** A server of any protocol over TCP: says its name, then repeats what it hears; or talks as it is told to. */
async function startBanner(name: string, talk: Options['talk']): Promise<Origin> {
  const server = await serveSockets((socket) => {
    if (talk !== undefined) {
      socket.on('data', (bytes: Buffer) => socket.write(talk(name, bytes.toString('latin1'))));
      return;
    }
    socket.write(`${name}\r\n`);
    socket.pipe(socket);
  });
  return { port: server.port, requests: [], close: async () => void (await server[Symbol.asyncDispose]()) };
}

/** A server of HTTP through TLS that answers as the plain ones do. */
async function startTlsOrigin(name: string): Promise<Origin> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createTlsServer({ key: pem('server'), cert: pem('server') }, (socket) => {
    const connection = new Connection(socket);
    const serve = async (): Promise<void> => {
      for (;;) {
        requests.push({ ...(await connection.readMessage()), connection: 0 });
        await connection.write(ok(name));
      }
    };
    // Ends when the connection does.
    serve().catch(() => socket.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  return { port: (server.address() as { port: number }).port, requests, close };
}

/** A request of HTTP/1.1 without a body; fields are `Name: value`. */
export function request(method: string, host: string, path: string, ...fields: string[]): string {
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`;
}

/** One request on a connection of its own. A HEAD is not for this: its answer has no body. */
export function get(port: number, host: string, path: string, ...fields: string[]): Promise<Answer> {
  return ask(port, request('GET', host, path, ...fields));
}

/** A handshake; rejects with what the other side has against it. */
export async function openTls(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: pem('ca'), servername: 'localhost', ...options });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('error', reject).once('secureConnect', () => resolve());
  });
  await within(opened, 'a TLS handshake');
  return socket;
}

/** One request through TLS. */
export async function askTls(port: number, text: string, options: ConnectionOptions = {}): Promise<Answer> {
  using client = new Connection(await openTls(port, options));
  return await askOn(client, text);
}

/** What a TLS client sends first if it wants that name. */
export async function clientHello(servername: string): Promise<Buffer> {
  let first: Buffer | undefined;
  const server = await serveSockets((socket) => {
    socket.once('data', (bytes: Buffer) => {
      first = bytes;
      socket.destroy();
    });
  });
  const socket = connectTls({ host: '127.0.0.1', port: server.port, servername });
  socket.on('error', () => undefined);
  await until(() => first !== undefined, 'a ClientHello');
  await server[Symbol.asyncDispose]();
  return first as Buffer;
}

/** Does the other side break the connection without a word? A reset may come before connecting is told. */
export async function isClosed(port: number, text = ''): Promise<boolean> {
  try {
    using client = await connect(port);
    await client.write(text);
    return (await client.readToEnd()) === '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNRESET';
  }
}

/** The file is valid for both programs without a warning, and serves what `body` asks it. */
export function example(name: string, body: (stage: Stage) => Promise<void>, options: Options = {}): void {
  test(`${name} is valid as it is`, () => checkFile(name, options.refusal));
  onSubjects(`${name} serves`, async (rig) => {
    if (rig.subject === 'epoll' && options.epoll !== true) return;
    const stage = new Stage(rig, options, await startSyslog());
    try {
      if (await starts(stage, name, options)) await body(stage);
    } finally {
      await stage.close();
    }
  });
}

/** False if Hawser refuses it as expected. */
async function starts(stage: Stage, name: string, { refusal }: Options): Promise<boolean> {
  try {
    await stage.start(name);
    return true;
  } catch (error) {
    if (refusal === undefined || !(error as Error).message.includes(refusal)) throw error;
    return false;
  }
}

async function checkFile(name: string, refusal: string | undefined): Promise<void> {
  const args = ['-c', '-f', name];
  const haproxy = findPeer('haproxy');
  const [ours, theirs] = await Promise.all([
    run({ command: HAWSER, args, cwd: FOLDER }),
    haproxy === undefined ? undefined : run({ command: haproxy, args, cwd: FOLDER }),
  ]);
  if (theirs !== undefined) assert.deepEqual([theirs.status, theirs.stderr], [0, ''], 'HAProxy has something against it');
  if (refusal !== undefined && ours.status === 1) {
    const refused = ours.stderr.split('\n').filter((row) => row.startsWith('[ALERT]') && row.includes('not supported by this version'));
    assert.ok(refused.length > 0 && refused.every((row) => row.includes(refusal)), ours.stderr);
  } else assert.deepEqual([ours.status, ours.stderr], [0, ''], 'Hawser has something against it');
}
