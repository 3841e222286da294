/**
 * Seeded fuzzer of the whole data path in the simulator: clients and servers send valid, mutated and random bytes, in pieces, and break
 * off, pause and half-close as they like, under configurations drawn by dice. Nothing may throw, every stream must end within the
 * timeouts (they are all set), and everything must come home. DATAPATH_SEED=N runs one seed, DATAPATH_MS how long to go on.
 */
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import { World } from '../../src/platform/sim/world.ts';
import { pick } from '../sim/exchange.ts';
import { BREAKS, breakOff, drip, readSlowly } from '../sim/peers.ts';
import { SimRig } from '../sim/rig.ts';

const ONLY = process.env['DATAPATH_SEED'];
const LIMIT_MS = Number(process.env['DATAPATH_MS'] ?? 4000);
const FIRST_SEED = Number(process.env['DATAPATH_FIRST'] ?? 1);

interface Recorded {
  readonly steps: readonly (readonly [string, string | number, number?])[];
  readonly resp?: Recorded['steps'];
}

const recorded = readFileSync(new URL('../corpus/h1.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Recorded);

function text(steps: Recorded['steps']): string {
  return steps
    .map(([kind, value, count]) => (kind === 's' || kind === 'b' ? value : kind === 'r' && (count ?? 0) < 20 ? value : ''))
    .join('');
}

const REQUESTS = recorded.map(({ steps }) => text(steps)).filter((item) => item !== '' && item.length < 800);
const RESPONSES = recorded.map(({ resp }) => text(resp ?? [])).filter((item) => item !== '' && item.length < 800);
const PIECES = [
  '\r\n', '\r\n\r\n', '0\r\n\r\n', '5\r\nhello\r\n', 'X-T: 1\r\n\r\n', 'Content-Length: 7\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Hints\r\n\r\n', 'HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', 'HTTP/1.0 200 OK\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n', 'HEAD /h HTTP/1.1\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\n\r\n', 'GET /u HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', 'x', '\0', '\xff', 'b'.repeat(3000), 'c'.repeat(70_000),
]; // biome-ignore format: one list

/** A few messages, some of them hurt. */
function babble(dice: World, valid: readonly string[]): Uint8Array {
  let out = '';
  for (let count = 1 + dice.random(5); count > 0; count--) {
    let one = dice.chance(4) ? pick(dice, PIECES) : pick(dice, valid);
    while (dice.chance(3)) {
      const at = dice.random(one.length + 1);
      one = one.slice(0, at) + (dice.chance(4) ? '' : pick(dice, PIECES)) + one.slice(at + (dice.chance(3) ? dice.random(12) : 0));
    }
    out += one;
  }
  return new Uint8Array(Buffer.from(out, 'latin1'));
}

const OPTIONS = [
  'option httpclose',
  'option http-server-close',
  'no option abortonclose',
  'option forwardfor',
  'option redispatch 1',
  'option dontlognull',
];
const RULES = [
  'http-request deny if METH_POST',
  'http-request redirect location /r if { path_beg /p }',
  'http-request return status 200 content-type text/plain string hi if { path_beg /r }',
  'http-request set-header x-a %[src]',
  'http-response set-header x-b c',
  'http-response deny if { status 404 }',
  'http-request del-header host',
];

function configOf(dice: World): string {
  const some = (choices: readonly string[]): string => choices.filter(() => dice.chance(4)).join('\n  ');
  const cookie = dice.chance(3);
  return `
global
  tune.bufsize ${pick(dice, [16384, 16384, 4096, 32768])}
defaults
  mode http
  timeout connect 300ms
  timeout client 900ms
  timeout server 700ms
  ${dice.chance(2) ? 'timeout http-request 500ms' : ''}
  ${dice.chance(2) ? 'timeout http-keep-alive 200ms' : ''}
  ${dice.chance(2) ? 'timeout tunnel 2s' : ''}
  retries ${dice.random(3)}
  ${some(OPTIONS)}
frontend f
  bind :8000
  ${some(RULES)}
  default_backend b
backend b
  balance ${pick(dice, ['roundrobin', 'leastconn', 'uri', 'source'])}
  http-reuse ${pick(dice, ['never', 'safe', 'aggressive', 'always'])}
  ${cookie ? 'cookie S insert indirect nocache' : ''}
  server s1 127.0.0.1:9001 ${cookie ? 'cookie a' : ''} ${dice.chance(2) ? `maxconn ${1 + dice.random(2)}` : ''}
  server s2 127.0.0.1:${pick(dice, [9002, 9003, 9004])} ${dice.chance(3) ? 'maxconn 1 maxqueue 1' : ''}
frontend t
  mode tcp
  bind :8001
  default_backend c
backend c
  mode tcp
  server s1 127.0.0.1:9001 ${dice.chance(3) ? 'maxconn 1' : ''}
`;
}

/** Says something now and then, and ends somehow. */
function misbehave(rig: SimRig, dice: World, peer: SimPeer, valid: readonly string[], turns: number): void {
  readSlowly(rig, dice, peer, dice.chance(2) ? 0 : dice.random(8));
  const turn = (left: number): void => {
    if (left === 0) {
      breakOff(peer, pick(dice, BREAKS));
      return;
    }
    drip(rig, dice, peer, babble(dice, valid), () => rig.host.world.after(dice.random(dice.chance(5) ? 1000 : 30), () => turn(left - 1)));
  };
  turn(turns);
}

function play(seed: number): void {
  const dice = new World(seed * 2_654_435);
  const small = dice.chance(3);
  const rig = new SimRig(configOf(dice), {
    seed,
    ...(small ? { blocks: 2 + dice.random(12), notes: 1 + dice.random(6), maxWires: 4 + dice.random(12) } : {}),
  });
  rig.host.ignore(9004);
  for (const port of [9001, 9002]) {
    rig.host.answer(port, (peer) => {
      const isEager = dice.chance(6);
      let turns = 1 + dice.random(3);
      if (isEager) misbehave(rig, dice, peer, RESPONSES, turns);
      // A polite one speaks when it has got something.
      peer.onEvent = () => {
        if (isEager || turns === 0 || peer.received.length === 0) return;
        turns--;
        if (turns === 0 && dice.chance(2)) misbehave(rig, dice, peer, RESPONSES, 1);
        else drip(rig, dice, peer, babble(dice, RESPONSES));
      };
    });
  }
  const clients = Array.from({ length: 1 + dice.random(6) }, () => {
    const client = rig.host.dial(dice.chance(6) ? 8001 : 8000);
    rig.host.world.after(dice.random(60), () => misbehave(rig, dice, client, REQUESTS, 1 + dice.random(4)));
    return client;
  });
  rig.pass(dice.random(3000));
  if (dice.chance(2)) rig.thread.listeners.stop();
  rig.pass(2000);
  rig.until('nothing is stuck', () => rig.thread.mux.streams === 0);
  for (const client of clients) client.close();
  rig.finish();
}

test(`garbage from both sides, ${LIMIT_MS} ms`, () => {
  if (ONLY !== undefined) {
    play(Number(ONLY));
    return;
  }
  const end = performance.now() + LIMIT_MS;
  for (let seed = FIRST_SEED; performance.now() < end; seed++) {
    try {
      play(seed);
    } catch (error) {
      throw new Error(`fails with DATAPATH_SEED=${seed}`, { cause: error });
    }
  }
});
