/**
 * Seeded fuzzer of the rules on the data path: random valid configurations (random-config.ts) in the simulator, and clients and
 * servers whose messages are valid, hurt, cut and too large, and who break off, fall silent and read slowly. Nothing may throw, every
 * stream must end, and everything must come home. RULES_SEED=N plays one seed and shows its configuration, RULES_MS how long.
 */
import { test } from 'node:test';
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import { World } from '../../src/platform/sim/world.ts';
import { pick } from '../sim/exchange.ts';
import { BREAKS, breakOff, drip, readSlowly } from '../sim/peers.ts';
import { SimRig } from '../sim/rig.ts';
import { FRONT_PORT, LISTEN_PORT, PROXY_PORT, RAW_PORT, randomConfig } from './random-config.ts';

const ONLY = process.env['RULES_SEED'];
const LIMIT_MS = Number(process.env['RULES_MS'] ?? 8000);
const FIRST_SEED = Number(process.env['RULES_FIRST'] ?? 1);

const TARGETS = ['/', '/x?a=1&b=2', '/img/cat.png', '/../a//b/%41?', '*', 'http://h.test:80/y', '/%00%ff?a=%ZZ', '/m'];
const NAMES = [
  'Host',
  'X-A',
  'X-B',
  'Cookie',
  'X-IP',
  'X-Forwarded-For',
  'Authorization',
  'Accept-Language',
  'Content-Type',
  'Forwarded',
  'Vary',
  'Set-Cookie',
  'Cache-Control',
  'Server',
  'X-Size',
];
const VALUES = [
  '', 'a', 'www.example.com', 'a=1; b=2; S=c1', '192.0.2.1, 10.0.0.1', '::1', 'Basic YW5uOnNlY3JldDp4', 'Bearer x', 'fr-CH, fr;q=0.9', '{"a":{"b":[1,2]}}', 'for=1.2.3.4;host=x', '99999999999999999999', '-1',
  '\xff\xfe', '%41%', '"', "'", '\t', 'application/x-www-form-urlencoded', ',,,', 'b=c2; path=/', 'AAAA', '=', ';', 'a'.repeat(1023), 'b'.repeat(4096), 'aaaa,'.repeat(900),
]; // biome-ignore format: one list
const SIZES = [0, 1, 5, 100, 1023, 1024, 4095, 4096, 16_000, 32_768, 60_000, 70_000];

function text(length: number): string {
  return '{"a":"%41+b=c&K=1\n'.repeat(1 + length / 18).slice(0, length);
}

function fields(dice: World): string {
  const count = dice.chance(12) ? 95 + dice.random(8) : dice.random(7);
  return Array.from(
    { length: count },
    () => `${pick(dice, NAMES)}: ${dice.chance(count < 90 ? 3 : 1000) ? pick(dice, VALUES) : pick(dice, VALUES.slice(0, 12))}\r\n`,
  ).join('');
}

/** Framing fields and the body. */
function bodyOf(dice: World): string {
  const body = text(dice.chance(3) ? pick(dice, SIZES) : dice.random(40));
  if (dice.chance(3)) return '\r\n';
  if (dice.chance(3))
    return `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n${body === '' ? '' : '0\r\n\r\n'}`;
  return `Content-Length: ${body.length}\r\n\r\n${body}`;
}

function request(dice: World): string {
  const method = pick(dice, ['GET', 'GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'CONNECT', 'FOO']);
  const extra = dice.chance(8)
    ? pick(dice, ['Expect: 100-continue\r\n', 'Connection: close\r\n', 'Connection: upgrade\r\nUpgrade: x\r\n'])
    : '';
  return `${method} ${pick(dice, TARGETS)} HTTP/1.${dice.chance(5) ? 0 : 1}\r\n${fields(dice)}${extra}${bodyOf(dice)}`;
}

function response(dice: World): string {
  const status = pick(dice, [
    '200 OK',
    '200 OK',
    '200 OK',
    '200 OK',
    '206 Part',
    '401 No',
    '204 No',
    '304 Not',
    '404 Gone',
    '500 X',
    '503 Y',
    '100 Go',
    '103 Hint',
    '101 Switch',
  ]);
  return `HTTP/1.${dice.chance(6) ? 0 : 1} ${status}\r\n${fields(dice)}${status.startsWith('1') ? '\r\n' : bodyOf(dice)}`;
}

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const INTRODUCTIONS = [
  'PROXY TCP4 192.0.2.1 198.51.100.1 1000 80\r\n', 'PROXY TCP6 2001:db8::1 ::1 1 2\r\n', 'PROXY UNKNOWN\r\n', 'PROXY TCP4 1.2.3.4\r\n', 'PROXY ', `${SIGNATURE}\x20\0\0\0`,
  `${SIGNATURE}\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x50\0\x51`, `${SIGNATURE}\x21\x11\xff\xff`, `${SIGNATURE}\x21\x11\0\x14\x01\x02\x03\x04\x05\x06\x07\x08\0\x50\0\x51\x02\0\x05hello`, 'GET / HTTP/1.0\r\n\r\n',
]; // biome-ignore format: one list

/** A PROXY header, perhaps a wrong one. */
function introduction(dice: World): Uint8Array {
  return new Uint8Array(Buffer.from(pick(dice, INTRODUCTIONS.slice(0, dice.chance(3) ? 10 : 3)), 'latin1'));
}

/** A few messages, some of them hurt. */
function babble(dice: World, make: (dice: World) => string): Uint8Array {
  let out = '';
  for (let count = 1 + dice.random(3); count > 0; count--) {
    const one = make(dice);
    const at = dice.random(one.length + 1);
    out += dice.chance(25)
      ? one.slice(0, at) + pick(dice, ['\0', '\r\n', '\xff', 'x', '\r\n\r\n', '']) + one.slice(at + dice.random(12))
      : one;
  }
  return new Uint8Array(Buffer.from(out, 'latin1'));
}

/** Says something now and then, and ends somehow. */
function converse(rig: SimRig, dice: World, peer: SimPeer, turns: number): void {
  readSlowly(rig, dice, peer, dice.chance(2) ? 0 : dice.random(8));
  const turn = (left: number): void => {
    if (left === 0) {
      breakOff(peer, pick(dice, BREAKS));
      return;
    }
    drip(rig, dice, peer, babble(dice, request), () => rig.host.world.after(dice.random(dice.chance(4) ? 900 : 60), () => turn(left - 1)));
  };
  turn(turns);
}

/** A server that answers what it gets, or speaks first, or leaves. */
function serve(rig: SimRig, dice: World, peer: SimPeer): void {
  let turns = 1 + dice.random(9);
  if (dice.chance(12)) drip(rig, dice, peer, babble(dice, response));
  peer.onEvent = () => {
    // Half a request is answered seldom.
    if (turns === 0 || peer.received.length === 0 || !(dice.chance(8) || ended(peer))) return;
    turns--;
    rig.host.world.after(dice.random(dice.chance(3) ? 300 : 3), () => {
      drip(rig, dice, peer, babble(dice, response));
      if (dice.chance(9)) breakOff(peer, pick(dice, BREAKS));
    });
  };
}

/** Whether what came last may be the end of a request. */
function ended(peer: SimPeer): boolean {
  const { received } = peer;
  return received[received.length - 1] === 10 || received.length > 1000;
}

function play(seed: number): void {
  const dice = new World(seed * 2_654_435);
  const { text: config, patterns } = randomConfig(dice);
  if (ONLY !== undefined) process.stderr.write(config.replace(/\n+/g, '\n'));
  const small = dice.chance(4);
  const rig = new SimRig(config, {
    seed,
    patterns: patterns(),
    rendersLogs: !dice.chance(3),
    ...(small ? { blocks: 3 + dice.random(12), notes: 1 + dice.random(6), maxWires: 4 + dice.random(12) } : {}),
  });
  for (const port of [9001, 9002]) rig.host.answer(port, (peer) => serve(rig, dice, peer));
  const clients = Array.from({ length: 4 + dice.random(16) }, () => {
    const port = pick(dice, [FRONT_PORT, FRONT_PORT, FRONT_PORT, LISTEN_PORT, RAW_PORT, PROXY_PORT]);
    const client = rig.host.dial(port);
    rig.host.world.after(dice.random(60), () => {
      if (port === PROXY_PORT) drip(rig, dice, client, introduction(dice));
      converse(rig, dice, client, 1 + dice.random(6));
    });
    return client;
  });
  rig.pass(dice.random(3000));
  if (dice.chance(3)) rig.thread.listeners.stop();
  rig.pass(2000);
  rig.until('nothing is stuck', () => rig.thread.mux.streams === 0);
  for (const client of clients) client.close();
  rig.finish();
}

test(`random rules, hurt messages, ${LIMIT_MS} ms`, () => {
  if (ONLY !== undefined) {
    play(Number(ONLY));
    return;
  }
  const end = performance.now() + LIMIT_MS;
  for (let seed = FIRST_SEED; performance.now() < end; seed++) {
    try {
      play(seed);
    } catch (error) {
      throw new Error(`fails with RULES_SEED=${seed}`, { cause: error });
    }
  }
});
