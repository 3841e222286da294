/**
 * The frame of an integration test: one test per subject (Hawser's hosts, or HAProxy), which
 * starts proxies, and at its end stops them softly and looks whether everything came home.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Connection, connect } from '../support/connection.ts';
import { freePort } from '../support/ports.ts';
import type { ProxyOptions, Proxy as Running } from '../support/proxy.ts';
import { isOld, startSubject, subjects } from '../support/subject.ts';
import { within } from '../support/wait.ts';
import { TO_COME } from './to-come.ts';

export interface Rig {
  readonly subject: string;
  /** It is HAProxy 2.6: where 3.5 differs, the expectation does not hold. */
  readonly old: boolean;
  readonly context: TestContext;
  /** Starts a proxy that is checked and stopped when the test has ended. */
  start(options: ProxyOptions | string): Promise<Running>;
}

interface Options {
  readonly skip?: string | false;
  readonly timeout?: number;
}

const TEST_LIMIT_MS = 30_000;
const SOFT_STOP_LIMIT_MS = 8000;

/** Does the program say of these words that it does not support them? */
function isRefused(words: string, output: string): boolean {
  return output.split('\n').some((row) => row.includes(words) && /(?:is|are) not supported by this version/.test(row));
}

/** A test for each subject. Connections and servers that the body opened must be gone when it returns. */
export function onSubjects(name: string, body: (rig: Rig) => Promise<void>, options: Options = {}): void {
  for (const subject of subjects) {
    test(`${name} (${subject})`, { timeout: TEST_LIMIT_MS, ...options }, async (context) => {
      const started: Running[] = [];
      const start = async (given: ProxyOptions | string): Promise<Running> => {
        const proxy = await startRigged(subject, typeof given === 'string' ? { config: given } : given);
        started.push(proxy);
        return proxy;
      };
      try {
        await body({ subject, old: isOld(subject), context, start });
      } catch (error) {
        const missing = TO_COME.find((words) => isRefused(words, (error as Error).message));
        if (missing !== undefined && started.length === 0) return context.skip(`not supported by this version: ${missing}`);
        // The body's own error is the one to see.
        for (const proxy of started) proxy.program.kill('SIGKILL');
        throw error;
      }
      for (const proxy of started) await stopSoftly(proxy, subject);
    });
  }
}

export interface Usage {
  readonly host: Readonly<Record<string, number>>;
  readonly [name: string]: number | object;
}

/** What threads have in use, as the program prints it. */
export function usages(text: string): Usage[] {
  return [...text.matchAll(/in use: (\{.*\})/g)].map(([, json]) => JSON.parse(json as string) as Usage);
}

/** The counters that are not 0, but for the blocks the host keeps for receiving: on uring those it offers, on epoll one. */
function leftovers({ host, ...counters }: Usage): string[] {
  const own = host['offered'] ?? (counters['blocks'] === 1 ? 1 : 0);
  return Object.entries({ ...counters, blocks: Number(counters['blocks']) - own })
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name}: ${value}`);
}

const SIGUSR1 = 10;

/** Has the process a handler of the signal? */
function catches(pid: number, signal: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

/** Starts one with its counters on: they are printed when it stops softly. */
export async function startRigged(subject: string, options: ProxyOptions): Promise<Running> {
  const proxy = await startSubject(subject, { ...options, env: { ...options.env, HAWSER_DEBUG_COUNTERS: '1' } });
  await proxy.program.until(() => catches(proxy.pid, SIGUSR1), 'its handlers of signals');
  return proxy;
}

/** SIGUSR1: must end with 0, and nothing may be in use at the end. */
export async function stopSoftly(proxy: Running, subject: string): Promise<void> {
  const { program } = proxy;
  // The body has ended it its own way, and looked at how.
  if (program.ended !== undefined) return;
  // What SIGQUIT had it tell while it served stands before.
  const told = program.stderr.length;
  const exit = await program.stop('SIGUSR1', SOFT_STOP_LIMIT_MS);
  assert.deepEqual(exit, { status: 0, signal: null }, `a soft stop ends with status 0; stderr:\n${program.stderr}`);
  // It may have begun to stop before: the body has told it to.
  const now = usages(program.stderr.slice(told));
  const threads = now.length > 0 ? now : usages(program.stderr);
  assert.ok(isOld(subject) || threads.length > 0, `no counters: ${program.stderr}`);
  assert.deepEqual(threads.flatMap(leftovers), [], 'something was still in use at the end');
}

export interface Parts {
  readonly global?: string;
  readonly defaults?: string;
  readonly rest: string;
}

/** A configuration with the usual beginning. */
export function configure({ global = 'nbthread 2', defaults = '', rest }: Parts): string {
  return `global
  ${global}
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  ${defaults}
${rest}
`;
}

/** Ports for the `bind` lines of one configuration. */
export function ports(count: 1): Promise<[number]>;
export function ports(count: 2): Promise<[number, number]>;
export function ports(count: 3): Promise<[number, number, number]>;
export function ports(count: 4): Promise<[number, number, number, number]>;
export function ports(count: number): Promise<number[]>;
export async function ports(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) found.push(await freePort());
  return found;
}

/** A request of HTTP/1.1 without a body. */
export function get(path: string, ...fields: string[]): string {
  return `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
}

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** One request on a connection of its own, which is closed afterwards. */
export async function ask(port: number | string, request: string): Promise<Answer> {
  using client = await connect(port);
  return await askOn(client, request);
}

export async function askOn(client: Connection, request: string): Promise<Answer> {
  await client.write(request);
  const { head, body } = await client.readMessage();
  return { status: Number(head.slice(9, 12)), head, body };
}

/** The value of a field in a head; undefined if it is not there. */
export function field(head: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*\\r$`, 'im').exec(head)?.[1];
}

/** A plain server of sockets that is gone at the end of the scope, however that is reached. */
export async function serveSockets(
  onSocket: (socket: Socket) => void,
  place: number | string = 0,
): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    // Ends of connections are not what such a test is about.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  const where = typeof place === 'string' ? { path: place } : { port: place, host: '127.0.0.1' };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  const address = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => void server.close(() => resolve()));
  };
  return { port, [Symbol.asyncDispose]: close };
}

/** Waits until an asynchronous question is answered with true. */
export async function eventually(question: () => Promise<boolean>, what: string, limitMs = 10_000): Promise<void> {
  let found = false;
  const loop = async (): Promise<void> => {
    while (!found) {
      found = await question();
      if (!found) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  try {
    await within(loop(), what, limitMs);
  } finally {
    found = true;
  }
}

/** `<PRI>date tag[pid]: ` taken off. */
export function text(message: string): string {
  return message.replace(/^<\d+>(?:\w{3} [ \d]\d \d\d:\d\d:\d\d )?[^:\s]+\[\d+\]: /, '').replace(/\n$/, '');
}

/** Ports, the date and times (not -1) replaced, so that a line can be compared as a whole. */
export function mask(line: string): string {
  return text(line)
    .replace(/\b127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/\[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\]/g, '[DATE]')
    .replace(/(?<= )\+?-?\d+(?:\/\+?-?\d+){2,4}(?= )/, (times) => times.replace(/(?<!-)\b\d+/g, 'T'));
}

export interface HttpLine {
  readonly frontend: string;
  readonly backend: string;
  readonly server: string;
  /** TR, Tw, Tc, Tr, Ta. */
  readonly times: readonly number[];
  readonly status: number;
  readonly bytes: number;
  readonly termination: string;
  /** Process, frontend, backend, server; and retries as it is written. */
  readonly connections: readonly number[];
  readonly retries: string;
  readonly queues: readonly number[];
  readonly request: string;
}

/** A line of `option httplog`, taken apart. */
export function httpLine(message: string): HttpLine {
  const shape = /^\S+ \[[^\]]+\] (\S+) ([^ /]+)\/(\S+) ([-\d/]+) (-?\d+) (\d+) \S+ \S+ (\S{4}) ([\d/]+)\/(\+?\d+) (\d+)\/(\d+) .*?"(.*)"$/;
  const found = shape.exec(text(message));
  assert.ok(found !== null, `not a line of httplog: ${message}`);
  const [, frontend, backend, server, times, status, bytes, termination, connections, retries, atServer, atBackend, request] =
    found as unknown as string[];
  return {
    frontend: frontend as string,
    backend: backend as string,
    server: server as string,
    times: (times as string).split('/').map(Number),
    status: Number(status),
    bytes: Number(bytes),
    termination: termination as string,
    connections: (connections as string).split('/').map(Number),
    retries: retries as string,
    queues: [Number(atServer), Number(atBackend)],
    request: request as string,
  };
}
