/**
 * Seeded fuzzer of the HTTP/1 codec: mutated requests and responses must never throw, never be read or written
 * outside their range, give the same result for every cut, and what is forwarded must read back as the same message.
 * The seed is printed on failure; H1_FUZZ_SEED and H1_FUZZ_ROUNDS choose others.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { HttpMessage } from '../../src/http/message.ts';
import { HeadParser, HeadResult } from '../../src/proto/h1/head.ts';
import { exchange, type Forwarded, requests } from '../support/h1-replay.ts';

const SEED = Number(process.env['H1_FUZZ_SEED'] ?? 20260101);
const ROUNDS = Number(process.env['H1_FUZZ_ROUNDS'] ?? 1500);

/** Pieces that hurt: put in, or in place of, what stands at a random offset. */
const PIECES = [
  '\r', '\n', '\r\n', '\r\n\r\n', '\0', ' ', '\t', ':', ',', ';', '"', '\\', '#', '\x7f', '\xff', '0', '5', 'a', 'F', '/', '*', '@', '[', '://',
  'HTTP/1.1', 'HTTP/1.0', 'chunked', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', 'Connection: close\r\n', 'Upgrade: h2c, foo\r\n',
  'Connection: upgrade, x\r\n', 'Host: a.test\r\n', 'TE: trailers\r\n', '\r\n ', '0\r\n\r\n', '3\r\nabc\r\n', 'x'.repeat(70),
]; // biome-ignore format: one list

interface Recorded {
  readonly kind: string;
  readonly steps: readonly (readonly [string, string | number, number?])[];
  readonly resp?: readonly (readonly [string, string | number, number?])[];
}

/** Small and fast generator of random numbers (mulberry32). */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }
}

function text(steps: Recorded['steps']): string {
  return steps
    .map(([kind, value, count]) => (kind === 's' || kind === 'b' ? value : kind === 'r' && (count ?? 0) < 20 ? value : ''))
    .join('');
}

const recorded = readFileSync(new URL('../corpus/h1.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Recorded);
const seedRequests = recorded
  .filter(({ kind }) => kind === 'req')
  .map(({ steps }) => text(steps))
  .filter((item) => item.length < 600);
const seedResponses = recorded.map(({ resp }) => text(resp ?? [])).filter((item) => item !== '' && item.length < 600);

function mutate(random: Random, seed: string): string {
  let out = seed;
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(out.length + 1);
    const piece = PIECES[random.below(PIECES.length)] as string;
    const cut = random.below(3) === 0 ? random.below(12) : 0;
    out = out.slice(0, at) + (random.below(4) === 0 ? '' : piece) + out.slice(at + cut + (random.below(2) as number));
  }
  return out;
}

function bytesOf(input: string): Uint8Array {
  return Uint8Array.from(Buffer.from(input, 'latin1'));
}

/** The forwarded head as a client would send it: it must be accepted again and be forwarded alike. */
function again(first: Forwarded, lenient: boolean): void {
  const head = [first.line, ...first.fields.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
  const second = requests(bytesOf(head), lenient, 0);
  const same = second.forwarded[0];
  assert.ok(same !== undefined, `not accepted again: ${second.status} ${JSON.stringify(head)}`);
  assert.equal(same.line, first.line);
  const end = (fields: [string, string][]): string[] =>
    fields.filter(([name, value]) => name !== 'connection' || !/^(close|keep-alive)$/.test(value)).map(String);
  assert.deepEqual(end(same.fields), end(first.fields));
}

test('mutated requests', () => {
  const random = new Random(SEED);
  let accepted = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const input = mutate(random, seedRequests[random.below(seedRequests.length)] as string);
    const bytes = bytesOf(input);
    const lenient = random.below(2) === 0;
    const place = `seed ${SEED} round ${round} ${lenient} ${JSON.stringify(input)}`;
    const whole = requests(bytes, lenient, 0);
    accepted += whole.forwarded.length;
    assert.deepEqual(requests(bytes, lenient, 1 + random.below(bytes.length || 1)), whole, `cut: ${place}`);
    assert.deepEqual(requests(bytes, lenient, -1), whole, `byte by byte: ${place}`);
    assert.deepEqual(requests(bytes, lenient, 0, 0x20), whole, `reads outside: ${place}`);
    assert.deepEqual(requests(bytes, lenient, 0, 0x0a), whole, `reads outside: ${place}`);
    const first = whole.forwarded[0];
    if (first !== undefined && !lenient) again(first, lenient);
  }
  assert.ok(accepted > ROUNDS / 8, 'most mutations must not be refused at once');
});

test('mutated responses', () => {
  const random = new Random(SEED + 1);
  let accepted = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const server = bytesOf(mutate(random, seedResponses[random.below(seedResponses.length)] as string));
    const client = bytesOf(seedRequests[random.below(seedRequests.length)] as string);
    const lenient = random.below(2) === 0;
    const whole = exchange(client, server, lenient, 0);
    const place = `seed ${SEED} round ${round}`;
    if (whole.at(-1)?.status !== 502) accepted++;
    assert.deepEqual(exchange(client, server, lenient, -1), whole, `byte by byte: ${place}`);
    assert.deepEqual(exchange(client, server, lenient, 1 + random.below(server.length || 1)), whole, `cut: ${place}`);
    assert.deepEqual(exchange(client, server, lenient, 0, 0x20), whole, `reads outside: ${place}`);
  }
  assert.ok(accepted > ROUNDS / 8);
});

/** Bytes that refuse to be read outside [start, end): Proxy traps every access by index. */
function guarded(bytes: Uint8Array, range: { start: number; end: number }): Uint8Array {
  return new Proxy(bytes, {
    get(target, key): unknown {
      const index = typeof key === 'string' ? Number(key) : Number.NaN;
      if (index < range.start || index >= range.end) throw new Error(`read at ${index} outside ${range.start}..${range.end}`);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('no byte outside the received ones is read', () => {
  const random = new Random(SEED + 2);
  const parser = new HeadParser('request');
  const message = new HttpMessage();
  for (let round = 0; round < 200; round++) {
    const input = bytesOf(mutate(random, seedRequests[random.below(seedRequests.length)] as string));
    const range = { start: 0, end: 0 };
    const bytes = guarded(input, range);
    parser.reset();
    message.reset();
    let result: number = HeadResult.more;
    while (result === HeadResult.more && range.end < input.length) {
      range.end = Math.min(input.length, range.end + 1 + random.below(40));
      result = parser.parse(message, bytes, 0, range.end);
    }
  }
});
