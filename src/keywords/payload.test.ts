/** Fetches of raw bytes over spoilt and cut input: they end, stay inside, and a cut never gives another value, only none yet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_SHIFT } from '../base/memory.ts';
import { Place } from '../rules/place.ts';
import { catalogs } from './catalogs.ts';
import { ExampleWorld } from './examples.ts';

const CALLS = [
  'req.payload(3,9)',
  'req.payload_lv(3,2)',
  'req.payload_lv(0,4,+2)',
  'req.payload_lv(43,1)',
  'req.rdp_cookie',
  'req.rdp_cookie(msts)',
  'req.rdp_cookie_cnt',
  'req.ssl_hello_type',
  'req.ssl_sni',
  'req.ssl_ver',
  'req.ssl_alpn',
  'req.ssl_st_ext',
  'req.ssl_cipherlist',
  'req.ssl_keyshare_groups',
  'req.proto_http',
  'distcc_param(DOTI)',
  'distcc_body(ARGV,2)',
];
/** What the examples of these fetches are about, and a request. */
const SEEDS = [
  ...new Set(catalogs.samples.flatMap(({ examples }) => examples.flatMap(({ raw }) => (raw === undefined ? [] : [raw])))),
  'GET /x HTTP/1.1\r\nHost: a\r\n\r\nrest',
];

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The value of each call: undefined if there is none and none can come, null if it may. */
function evaluate(world: ExampleWorld, raw: string): (number | string | boolean | null | undefined)[] {
  const stream = world.rawStream(raw, false);
  const { sample } = world.thread;
  const values = CALLS.map((call) => {
    sample.mayChange = false;
    sample.next = -1;
    const value = world.evaluate(call, stream, Place.frontendRequestContent);
    return value === null && !sample.mayChange ? undefined : value;
  });
  world.memory.give(stream.request.bodyStart >> BLOCK_SHIFT);
  world.memory.notes.give(stream.note);
  return values;
}

test('a cut gives the value of the whole, or asks for more', () => {
  const world = new ExampleWorld();
  for (const seed of SEEDS) {
    const whole = evaluate(world, seed);
    for (let length = 0; length < seed.length; length++) {
      for (const [at, value] of evaluate(world, seed.slice(0, length)).entries()) {
        if (value !== null) assert.equal(value, whole[at], `${CALLS[at]} of ${length} bytes of ${JSON.stringify(seed)}`);
      }
    }
  }
});

test('spoilt bytes are no harm', () => {
  const world = new ExampleWorld();
  const below = random(20_261_120);
  for (let round = 0; round < 400; round++) {
    const bytes = [...(SEEDS[below(SEEDS.length)] as string)];
    for (let change = below(6); change >= 0; change--) bytes[below(bytes.length)] = String.fromCharCode(below(256));
    const raw = bytes.slice(0, 1 + below(bytes.length)).join('');
    for (const value of evaluate(world, raw)) if (typeof value === 'string') assert.ok(value.length <= raw.length);
  }
});
