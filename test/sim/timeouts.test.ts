/** Every timeout, on the virtual clock: when it strikes, what the client is told, what is logged; nothing hangs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import { SimRig } from './rig.ts';

interface Case {
  readonly name: string;
  /** Of defaults, besides `timeout client 4s`, `server 5s`, `connect 2s`. */
  readonly settings?: string;
  /** Of the backend. */
  readonly backend?: string;
  readonly tcp?: boolean;
  /** What the client does at the beginning. */
  readonly client: (client: SimPeer, rig: SimRig) => void;
  /** What the server does with a connection; by default it answers nothing. */
  readonly server?: (peer: SimPeer, rig: SimRig) => void;
  /** The port of the server: 9001 accepts, 9002 refuses, 9003 never answers. */
  readonly port?: number;
  /** When it ends, seconds of virtual time. */
  readonly afterS: number;
  /** Status and letters of the last line. */
  readonly line: string;
  /** What the client has got at the end. */
  readonly text: RegExp;
}

const GET = 'GET /t HTTP/1.1\r\nHost: sim.test\r\n\r\n';
const POST = 'POST /t HTTP/1.1\r\nHost: sim.test\r\nContent-Length: 10\r\n\r\nabc';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const UPGRADE = 'GET /t HTTP/1.1\r\nHost: sim.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
const HUGE = 'x'.repeat(900_000);

/** Answers once a head has come. */
function answers(text: string): (peer: SimPeer) => void {
  return (peer) => {
    let isAnswered = false;
    peer.onEvent = () => {
      if (isAnswered || !peer.text.includes('\r\n\r\n')) return;
      isAnswered = true;
      peer.write(text);
    };
  };
}

/** Sends what the other side's window holds, then pieces one by one, so that two blocks are on their way when all has come. */
function fillWindow(rig: SimRig, peer: SimPeer, head: string, pieces: number): void {
  peer.write(`${head}${'x'.repeat(200_000)}`);
  for (let piece = 1; piece <= pieces; piece++) rig.host.world.after(100 * piece, () => peer.write('yyyyy'));
}

const CASES: readonly Case[] = [
  {
    name: 'a silent client: http-request',
    settings: 'timeout http-request 3s',
    client: () => {},
    afterS: 3,
    line: '408 cR',
    text: /^HTTP\/1.1 408 /,
  },
  { name: 'a silent client: client', client: () => {}, afterS: 4, line: '408 cR', text: /^HTTP\/1.1 408 / },
  {
    name: 'half a head',
    settings: 'timeout http-request 3s',
    client: (client) => client.write('GET /t HT'),
    afterS: 3,
    line: '408 cR',
    text: /^HTTP\/1.1 408 /,
  },
  {
    name: 'between requests: http-keep-alive, without a word',
    settings: 'timeout http-keep-alive 1s',
    client: (client) => client.write(GET),
    server: answers(OK),
    afterS: 1,
    line: '200 --',
    text: /\r\n\r\nok$/,
  },
  {
    name: 'half of a second head',
    settings: 'timeout http-keep-alive 1s\n  timeout http-request 3s',
    client: (client) => client.write(`${GET}GET /`),
    server: answers(OK),
    afterS: 3,
    line: '408 cR',
    text: /okHTTP\/1.1 408 /,
  },
  { name: 'half a body', client: (client) => client.write(POST), afterS: 4, line: '400 cH', text: /^HTTP\/1.1 400 / },
  {
    name: 'half a body, early answer',
    client: (client) => client.write(POST),
    server: answers(OK),
    afterS: 4,
    line: '200 cD',
    text: /ok$/,
  },
  {
    name: 'connect, no retries',
    backend: 'retries 0',
    client: (client) => client.write(GET),
    port: 9003,
    afterS: 2,
    line: '503 sC',
    text: /^HTTP\/1.1 503 /,
  },
  {
    name: 'connect, two retries',
    backend: 'retries 2',
    client: (client) => client.write(GET),
    port: 9003,
    // Three attempts; HAProxy pauses only behind one that failed early.
    afterS: 6,
    line: '503 sC',
    text: /^HTTP\/1.1 503 /,
  },
  {
    name: 'refused, two retries',
    backend: 'retries 2',
    client: (client) => client.write(GET),
    port: 9002,
    afterS: 2,
    line: '503 SC',
    text: /^HTTP\/1.1 503 /,
  },
  { name: 'no answer', client: (client) => client.write(GET), afterS: 5, line: '504 sH', text: /^HTTP\/1.1 504 / },
  {
    name: 'half an answer',
    client: (client) => client.write(GET),
    server: answers('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'),
    settings: 'timeout client 9s',
    afterS: 5,
    line: '200 sD',
    text: /\r\n\r\nok$/,
  },
  {
    name: 'a client that does not read',
    client: (client) => {
      client.reading = false;
      client.write(GET);
    },
    server: answers(`HTTP/1.1 200 OK\r\nContent-Length: ${HUGE.length}\r\n\r\n${HUGE}`),
    afterS: 4,
    line: '200 cD',
    text: /^$/,
  },
  {
    name: 'a client that does not read the end',
    client: (client) => {
      client.reading = false;
      client.write(GET);
    },
    server: answers(`HTTP/1.1 200 OK\r\nContent-Length: 200200\r\n\r\n${'x'.repeat(200_200)}`),
    afterS: 4,
    line: '200 cL',
    text: /^$/,
  },
  {
    name: 'a client that does not read half an answer',
    client: (client) => {
      client.reading = false;
      client.write(GET);
    },
    settings: 'timeout client 9s',
    server: answers(`HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n${'x'.repeat(450_000)}`),
    afterS: 9,
    line: '200 cD',
    text: /^$/,
  },
  {
    name: 'a server that stalls while a slow client reads what was sent',
    client: (client, rig) => {
      client.reading = false;
      client.write(GET);
      rig.host.world.after(2000, () => client.read());
    },
    settings: 'timeout client 9s',
    server: (peer, rig) => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n';
      fillWindow(rig, peer, head, 4);
    },
    afterS: 7,
    line: '200 sD',
    text: /x{200000}y{20}$/,
  },
  {
    name: 'a client that stalls while a slow server reads what was sent',
    client: (client, rig) => fillWindow(rig, client, 'POST /t HTTP/1.1\r\nHost: sim.test\r\nContent-Length: 999999\r\n\r\n', 4),
    server: (peer, rig) => {
      peer.reading = false;
      rig.host.world.after(2000, () => peer.read());
    },
    afterS: 6,
    line: '400 cH',
    text: /^HTTP\/1.1 400 /,
  },
  {
    name: 'a server that does not take the body',
    client: (client) => client.write(`POST /t HTTP/1.1\r\nHost: sim.test\r\nContent-Length: ${HUGE.length}\r\n\r\n${HUGE}`),
    settings: 'timeout client 9s',
    server: (peer) => {
      peer.reading = false;
    },
    afterS: 5,
    line: '504 sH',
    text: /^HTTP\/1.1 504 /,
  },
  {
    name: 'a server that does not take the body after its answer',
    client: (client) => client.write(`POST /t HTTP/1.1\r\nHost: sim.test\r\nContent-Length: ${HUGE.length}\r\n\r\n${HUGE}`),
    settings: 'timeout client 9s',
    server: (peer) => {
      peer.reading = false;
      peer.write(OK);
    },
    afterS: 5,
    line: '200 sD',
    text: /ok$/,
  },
  {
    name: 'a tunnel: client and server',
    client: (client) => client.write(UPGRADE),
    server: answers(SWITCH),
    afterS: 4,
    line: '101 cD',
    text: /^HTTP\/1.1 101 /,
  },
  {
    name: 'a tunnel: tunnel',
    settings: 'timeout tunnel 8s',
    client: (client) => client.write(UPGRADE),
    server: answers(SWITCH),
    afterS: 8,
    line: '101 cD',
    text: /^HTTP\/1.1 101 /,
  },
  { name: 'TCP mode: client', tcp: true, client: (client) => client.write('hello'), afterS: 4, line: '0 cD', text: /^$/ },
  {
    name: 'TCP mode: client-fin',
    tcp: true,
    settings: 'timeout client-fin 1s',
    client: (client) => {
      client.write('hello');
      client.end();
    },
    afterS: 1,
    line: '0 cD',
    text: /^$/,
  },
  { name: 'TCP mode: connect', tcp: true, backend: 'retries 0', client: () => {}, port: 9003, afterS: 2, line: '0 sC', text: /^$/ },
  {
    name: 'TCP mode: a client that does not read',
    tcp: true,
    client: (client) => {
      client.reading = false;
    },
    server: (peer) => peer.write(HUGE),
    afterS: 4,
    line: '0 cD',
    text: /^$/,
  },
];

function configOf({ settings, backend, tcp, port }: Case): string {
  return `
defaults
  mode ${tcp === true ? 'tcp' : 'http'}
  timeout client 4s
  timeout server 5s
  timeout connect 2s
  ${settings ?? ''}
frontend f
  bind :8000
  default_backend b
backend b
  ${backend ?? ''}
  server s1 127.0.0.1:${port ?? 9001}
`;
}

const SEEDS = 5 * Number(process.env['SIM_TIMES'] ?? 1);

/** Timers have slots of some milliseconds, pieces have delays. */
const TOLERANCE_MS = 60;

for (const one of CASES) {
  test(`timeouts: ${one.name}`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const rig = new SimRig(configOf(one), { seed });
      rig.host.answer(9001, (peer) => one.server?.(peer, rig));
      rig.host.ignore(9003);
      const client = rig.host.dial(8000);
      one.client(client, rig);
      const { thread } = rig;
      rig.until('the end', () => rig.host.now() > 100 && thread.mux.streams === 0 && (rig.lines.length > 0 || client.ended));
      rig.until('the close', () => client.ended || client.broken || !client.reading, 60_000);
      const last = rig.lines.at(-1);
      const at = (one.name.includes('http-keep-alive') ? rig.host.now() : (last?.atMs ?? 0)) / 1000;
      rig.finish();
      assert.equal(`${Math.max(0, last?.status ?? 0)} ${last?.end}`, one.line, `${JSON.stringify(rig.lines)} ${rig.place()}`);
      assert.ok(Math.abs(at - one.afterS) * 1000 < TOLERANCE_MS, `after ${at} s, expected ${one.afterS}; ${rig.place()}`);
      assert.match(client.text, one.text, rig.place());
    }
  });
}
