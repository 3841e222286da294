/**
 * xxHash: XXH32, XXH64 and XXH3 with 64 bits, as its published specification defines them (xxhash.com). Numbers of 64 bits are
 * pairs of words; the result of a function is in `result`. Nothing is allocated.
 */
import { XXH3_SECRET } from './xxhash-secret.ts';

/** The two words of what was hashed last. */
export const result = { high: 0, low: 0 };

const P32_1 = 0x9e3779b1 | 0;
const P32_2 = 0x85ebca77 | 0;
const P32_3 = 0xc2b2ae3d | 0;
const P32_4 = 0x27d4eb2f | 0;
const P32_5 = 0x165667b1 | 0;

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

function left(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Its 32 bits as a signed number: one above 2^31 would be boxed to be returned. */
export function xxh32(bytes: Uint8Array, start: number, end: number, seed: number): number {
  const size = end - start;
  let at = start;
  let hash = (seed + P32_5) | 0;
  if (size >= 16) {
    let a = (seed + P32_1 + P32_2) | 0;
    let b = (seed + P32_2) | 0;
    let c = seed | 0;
    let d = (seed - P32_1) | 0;
    for (; at + 16 <= end; at += 16) {
      a = round32(a, word(bytes, at));
      b = round32(b, word(bytes, at + 4));
      c = round32(c, word(bytes, at + 8));
      d = round32(d, word(bytes, at + 12));
    }
    hash = (left(a, 1) + left(b, 7) + left(c, 12) + left(d, 18)) | 0;
  }
  hash = (hash + size) | 0;
  for (; at + 4 <= end; at += 4) hash = Math.imul(left((hash + Math.imul(word(bytes, at), P32_3)) | 0, 17), P32_4);
  for (; at < end; at++) hash = Math.imul(left((hash + Math.imul(bytes[at] as number, P32_5)) | 0, 11), P32_1);
  hash = Math.imul(hash ^ (hash >>> 15), P32_2);
  hash = Math.imul(hash ^ (hash >>> 13), P32_3);
  return hash ^ (hash >>> 16);
}

function round32(state: number, input: number): number {
  return Math.imul(left((state + Math.imul(input, P32_2)) | 0, 13), P32_1);
}

// 64 bits ---------------------------------------------------------------------------------------------

/** The register that the operations below work on. */
let high = 0;
let low = 0;
/** The other half of a product of 128 bits. */
let topHigh = 0;
let topLow = 0;

function set(toHigh: number, toLow: number): void {
  high = toHigh | 0;
  low = toLow | 0;
}

function add(otherHigh: number, otherLow: number): void {
  const sum = (low >>> 0) + (otherLow >>> 0);
  low = sum | 0;
  high = (high + otherHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
}

function turnLeft(bits: number): void {
  const oldHigh = bits < 32 ? high : low;
  const oldLow = bits < 32 ? low : high;
  const by = bits & 31;
  // A turn by 0 or 32 is no shift: what moves in must be nothing.
  if (by === 0) set(oldHigh, oldLow);
  else set((oldHigh << by) | (oldLow >>> (32 - by)), (oldLow << by) | (oldHigh >>> (32 - by)));
}

/** Exclusive or with itself moved right. */
function fold(bits: number): void {
  if (bits >= 32) low ^= high >>> (bits - 32);
  else {
    const oldHigh = high;
    high ^= oldHigh >>> bits;
    low ^= (low >>> bits) | (oldHigh << (32 - bits));
  }
}

/** The high word of a product of two words; the low one is Math.imul's. */
function productHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(other / 65536)) | 0;
}

function multiply(otherHigh: number, otherLow: number): void {
  const top = productHigh(low, otherLow) + Math.imul(low, otherHigh) + Math.imul(high, otherLow);
  low = Math.imul(low, otherLow);
  high = top | 0;
}

/** Multiplies to 128 bits: the upper half is in `top…`. */
function multiplyWide(otherHigh: number, otherLow: number): void {
  const a = low;
  const b = high;
  const middle = (productHigh(a, otherLow) >>> 0) + (Math.imul(b, otherLow) >>> 0) + (Math.imul(a, otherHigh) >>> 0);
  const carry = Math.floor(middle / 4294967296);
  const upper = (productHigh(b, otherLow) >>> 0) + (productHigh(a, otherHigh) >>> 0) + (Math.imul(b, otherHigh) >>> 0) + carry;
  topLow = upper | 0;
  topHigh = ((productHigh(b, otherHigh) >>> 0) + Math.floor(upper / 4294967296)) | 0;
  low = Math.imul(a, otherLow);
  high = middle | 0;
}

const P1H = 0x9e3779b1 | 0;
const P1L = 0x85ebca87 | 0;
const P2H = 0xc2b2ae3d | 0;
const P2L = 0x27d4eb4f | 0;
const P3H = 0x165667b1 | 0;
const P3L = 0x9e3779f9 | 0;
const P4H = 0x85ebca77 | 0;
const P4L = 0xc2b2ae63 | 0;
const P5H = 0x27d4eb2f | 0;
const P5L = 0x165667c5 | 0;

/** Four states, high and low. */
const lanes = new Int32Array(8);

/** Into `result`. The seed is two words of 32 bits. */
export function xxh64(bytes: Uint8Array, start: number, end: number, seedHigh: number, seedLow: number): void {
  const size = end - start;
  let at = start;
  if (size >= 32) {
    startLanes(seedHigh, seedLow);
    for (; at + 32 <= end; at += 32) for (let lane = 0; lane < 4; lane++) roundLane(lane, bytes, at + lane * 8);
    joinLanes();
  } else {
    set(seedHigh, seedLow);
    add(P5H, P5L);
  }
  add(0, size);
  for (; at + 8 <= end; at += 8) mixEight(bytes, at);
  if (at + 4 <= end) {
    mixFour(word(bytes, at));
    at += 4;
  }
  for (; at < end; at++) mixOne(bytes[at] as number);
  avalanche64();
}

function startLanes(seedHigh: number, seedLow: number): void {
  set(seedHigh, seedLow);
  add(P1H, P1L);
  add(P2H, P2L);
  keep(0);
  set(seedHigh, seedLow);
  add(P2H, P2L);
  keep(1);
  set(seedHigh, seedLow);
  keep(2);
  // Less P1: more its complement.
  add(~P1H, -P1L);
  keep(3);
}

function keep(lane: number): void {
  lanes[lane * 2] = high;
  lanes[lane * 2 + 1] = low;
}

function roundLane(lane: number, bytes: Uint8Array, at: number): void {
  set(word(bytes, at + 4), word(bytes, at));
  multiply(P2H, P2L);
  add(lanes[lane * 2] as number, lanes[lane * 2 + 1] as number);
  turnLeft(31);
  multiply(P1H, P1L);
  keep(lane);
}

const LANE_TURNS = [1, 7, 12, 18];

function joinLanes(): void {
  let sumHigh = 0;
  let sumLow = 0;
  for (let lane = 0; lane < 4; lane++) {
    set(lanes[lane * 2] as number, lanes[lane * 2 + 1] as number);
    turnLeft(LANE_TURNS[lane] as number);
    add(sumHigh, sumLow);
    sumHigh = high;
    sumLow = low;
  }
  for (let lane = 0; lane < 4; lane++) {
    set(lanes[lane * 2] as number, lanes[lane * 2 + 1] as number);
    multiply(P2H, P2L);
    turnLeft(31);
    multiply(P1H, P1L);
    set(high ^ sumHigh, low ^ sumLow);
    multiply(P1H, P1L);
    add(P4H, P4L);
    sumHigh = high;
    sumLow = low;
  }
}

function mixEight(bytes: Uint8Array, at: number): void {
  const oldHigh = high;
  const oldLow = low;
  set(word(bytes, at + 4), word(bytes, at));
  multiply(P2H, P2L);
  turnLeft(31);
  multiply(P1H, P1L);
  set(high ^ oldHigh, low ^ oldLow);
  turnLeft(27);
  multiply(P1H, P1L);
  add(P4H, P4L);
}

function mixFour(input: number): void {
  const oldHigh = high;
  const oldLow = low;
  set(0, input);
  multiply(P1H, P1L);
  set(high ^ oldHigh, low ^ oldLow);
  turnLeft(23);
  multiply(P2H, P2L);
  add(P3H, P3L);
}

function mixOne(input: number): void {
  const oldHigh = high;
  const oldLow = low;
  set(0, input);
  multiply(P5H, P5L);
  set(high ^ oldHigh, low ^ oldLow);
  turnLeft(11);
  multiply(P1H, P1L);
}

function avalanche64(): void {
  fold(33);
  multiply(P2H, P2L);
  fold(29);
  multiply(P3H, P3L);
  fold(32);
  answer();
}

function answer(): void {
  result.high = high;
  result.low = low;
}

// XXH3 ------------------------------------------------------------------------------------------------

const PMX1H = 0x16566791 | 0;
const PMX1L = 0x9e3779f9 | 0;
const PMX2H = 0x9fb21c65 | 0;
const PMX2L = 0x1e98df25 | 0;
const STRIPE = 64;
const SECRET_SIZE = 192;
const MIDSIZE_START = 3;
const MIDSIZE_LAST = 17;
/** The secret with a seed worked in, for long inputs. */
const seeded = new Uint8Array(SECRET_SIZE);
const accumulators = new Int32Array(16);
let seedHigh = 0;
let seedLow = 0;

/** Into `result`. The seed is two words of 32 bits. */
export function xxh3(bytes: Uint8Array, start: number, end: number, high: number, low: number): void {
  seedHigh = high;
  seedLow = low;
  const size = end - start;
  if (size <= 16) short(bytes, start, size);
  else if (size <= 128) medium(bytes, start, size);
  else if (size <= 240) larger(bytes, start, size);
  else long(bytes, start, size);
  answer();
}

function secretWords(at: number): void {
  set(word(XXH3_SECRET, at + 4), word(XXH3_SECRET, at));
}

function avalanche3(): void {
  fold(37);
  multiply(PMX1H, PMX1L);
  fold(32);
}

function short(bytes: Uint8Array, at: number, size: number): void {
  if (size > 8) nine(bytes, at, size);
  else if (size >= 4) four(bytes, at, size);
  else shortest(bytes, at, size);
}

function shortest(bytes: Uint8Array, at: number, size: number): void {
  if (size === 0) {
    secretWords(56);
    const oneHigh = high;
    const oneLow = low;
    secretWords(64);
    set(high ^ oneHigh ^ seedHigh, low ^ oneLow ^ seedLow);
  } else {
    const first = bytes[at] as number;
    const combined = (first << 16) | ((bytes[at + (size >> 1)] as number) << 24) | (bytes[at + size - 1] as number) | (size << 8);
    set(0, word(XXH3_SECRET, 0) ^ word(XXH3_SECRET, 4));
    add(seedHigh, seedLow);
    low ^= combined;
  }
  fold(33);
  multiply(P2H, P2L);
  fold(29);
  multiply(P3H, P3L);
  fold(32);
}

function swap(value: number): number {
  return ((value & 255) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

function four(bytes: Uint8Array, at: number, size: number): void {
  // The seed less itself: its low word, turned round, in the upper half.
  const newHigh = seedHigh ^ swap(seedLow);
  secretWords(8);
  const oneHigh = high;
  const oneLow = low;
  secretWords(16);
  set(high ^ oneHigh, low ^ oneLow);
  add(~newHigh, ~seedLow);
  add(0, 1);
  set(high ^ word(bytes, at), low ^ word(bytes, at + size - 4));
  const startHigh = high;
  const startLow = low;
  turnLeft(49);
  const turnedHigh = high;
  const turnedLow = low;
  set(startHigh, startLow);
  turnLeft(24);
  set(high ^ startHigh ^ turnedHigh, low ^ startLow ^ turnedLow);
  multiply(PMX2H, PMX2L);
  const oldHigh = high;
  const oldLow = low;
  // Moved right by 35: three bits and a word.
  set(0, oldHigh >>> 3);
  add(0, size);
  set(high ^ oldHigh, low ^ oldLow);
  multiply(PMX2H, PMX2L);
  fold(28);
}

function nine(bytes: Uint8Array, at: number, size: number): void {
  secretWords(24);
  let oneHigh = high;
  let oneLow = low;
  secretWords(32);
  set(high ^ oneHigh, low ^ oneLow);
  add(seedHigh, seedLow);
  const firstHigh = high ^ word(bytes, at + 4);
  const firstLow = low ^ word(bytes, at);
  secretWords(40);
  oneHigh = high;
  oneLow = low;
  secretWords(48);
  set(high ^ oneHigh, low ^ oneLow);
  add(~seedHigh, ~seedLow);
  add(0, 1);
  const secondHigh = high ^ word(bytes, at + size - 4);
  const secondLow = low ^ word(bytes, at + size - 8);
  set(firstHigh, firstLow);
  multiplyWide(secondHigh, secondLow);
  set(high ^ topHigh, low ^ topLow);
  const foldedHigh = high;
  const foldedLow = low;
  set(swap(firstLow), swap(firstHigh));
  add(0, size);
  add(secondHigh, secondLow);
  add(foldedHigh, foldedLow);
  avalanche3();
}

/** Mixes 16 bytes with 16 of the secret into the register. */
function mixSixteen(bytes: Uint8Array, at: number, secret: number): void {
  set(word(XXH3_SECRET, secret + 12), word(XXH3_SECRET, secret + 8));
  add(~seedHigh, ~seedLow);
  add(0, 1);
  const otherHigh = high ^ word(bytes, at + 12);
  const otherLow = low ^ word(bytes, at + 8);
  secretWords(secret);
  add(seedHigh, seedLow);
  set(high ^ word(bytes, at + 4), low ^ word(bytes, at));
  multiplyWide(otherHigh, otherLow);
  set(high ^ topHigh, low ^ topLow);
}

let sumHigh = 0;
let sumLow = 0;

/** Adds the register to the sum. */
function collect(): void {
  add(sumHigh, sumLow);
  sumHigh = high;
  sumLow = low;
}

function startSum(size: number): void {
  set(0, size);
  multiply(P1H, P1L);
  sumHigh = high;
  sumLow = low;
}

function medium(bytes: Uint8Array, at: number, size: number): void {
  startSum(size);
  const last = (size - 1) >> 5;
  for (let i = last; i >= 0; i--) {
    mixSixteen(bytes, at + i * 16, i * 32);
    collect();
    mixSixteen(bytes, at + size - 16 * (i + 1), i * 32 + 16);
    collect();
  }
  set(sumHigh, sumLow);
  avalanche3();
}

function larger(bytes: Uint8Array, at: number, size: number): void {
  startSum(size);
  const rounds = size >> 4;
  for (let i = 0; i < 8; i++) {
    mixSixteen(bytes, at + i * 16, i * 16);
    collect();
  }
  set(sumHigh, sumLow);
  avalanche3();
  sumHigh = high;
  sumLow = low;
  for (let i = 8; i < rounds; i++) {
    mixSixteen(bytes, at + i * 16, (i - 8) * 16 + MIDSIZE_START);
    collect();
  }
  mixSixteen(bytes, at + size - 16, 136 - MIDSIZE_LAST);
  collect();
  set(sumHigh, sumLow);
  avalanche3();
}

/** Where `long` reads its secret. */
let secretBytes: Uint8Array = XXH3_SECRET;

function long(bytes: Uint8Array, at: number, size: number): void {
  secretBytes = seedHigh === 0 && seedLow === 0 ? XXH3_SECRET : seedSecret();
  startAccumulators();
  const perBlock = (SECRET_SIZE - STRIPE) >> 3;
  const blockSize = STRIPE * perBlock;
  const blocks = Math.floor((size - 1) / blockSize);
  for (let block = 0; block < blocks; block++) {
    for (let stripe = 0; stripe < perBlock; stripe++) accumulate(bytes, at + block * blockSize + stripe * STRIPE, stripe * 8);
    scramble(SECRET_SIZE - STRIPE);
  }
  const stripes = Math.floor((size - 1 - blockSize * blocks) / STRIPE);
  for (let stripe = 0; stripe < stripes; stripe++) accumulate(bytes, at + blocks * blockSize + stripe * STRIPE, stripe * 8);
  accumulate(bytes, at + size - STRIPE, SECRET_SIZE - STRIPE - 7);
  merge(size);
}

function seedSecret(): Uint8Array {
  for (let i = 0; i < SECRET_SIZE; i += 16) {
    secretWords(i);
    add(seedHigh, seedLow);
    putWords(i);
    secretWords(i + 8);
    add(~seedHigh, ~seedLow);
    add(0, 1);
    putWords(i + 8);
  }
  return seeded;
}

function putWords(at: number): void {
  for (let i = 0; i < 4; i++) {
    seeded[at + i] = low >>> (i * 8);
    seeded[at + 4 + i] = high >>> (i * 8);
  }
}

function startAccumulators(): void {
  const starts = [0, P32_3, P1H, P1L, P2H, P2L, P3H, P3L, P4H, P4L, 0, P32_2, P5H, P5L, 0, P32_1]; // hot-ok: V8 keeps constants of numbers
  for (let i = 0; i < 16; i++) accumulators[i] = starts[i] as number;
}

function accumulate(bytes: Uint8Array, at: number, secret: number): void {
  for (let lane = 0; lane < 8; lane++) {
    const inputHigh = word(bytes, at + lane * 8 + 4);
    const inputLow = word(bytes, at + lane * 8);
    const other = (lane ^ 1) * 2;
    set(accumulators[other] as number, accumulators[other + 1] as number);
    add(inputHigh, inputLow);
    accumulators[other] = high;
    accumulators[other + 1] = low;
    const keyHigh = inputHigh ^ word(secretBytes, secret + lane * 8 + 4);
    const keyLow = inputLow ^ word(secretBytes, secret + lane * 8);
    set(productHigh(keyLow, keyHigh), Math.imul(keyLow, keyHigh));
    add(accumulators[lane * 2] as number, accumulators[lane * 2 + 1] as number);
    accumulators[lane * 2] = high;
    accumulators[lane * 2 + 1] = low;
  }
}

function scramble(secret: number): void {
  for (let lane = 0; lane < 8; lane++) {
    set(accumulators[lane * 2] as number, accumulators[lane * 2 + 1] as number);
    fold(47);
    set(high ^ word(secretBytes, secret + lane * 8 + 4), low ^ word(secretBytes, secret + lane * 8));
    multiply(0, P32_1);
    accumulators[lane * 2] = high;
    accumulators[lane * 2 + 1] = low;
  }
}

function merge(size: number): void {
  startSum(size);
  for (let i = 0; i < 4; i++) {
    const lane = i * 4;
    const secret = 11 + i * 16;
    const otherHigh = (accumulators[lane + 2] as number) ^ word(secretBytes, secret + 12);
    const otherLow = (accumulators[lane + 3] as number) ^ word(secretBytes, secret + 8);
    set((accumulators[lane] as number) ^ word(secretBytes, secret + 4), (accumulators[lane + 1] as number) ^ word(secretBytes, secret));
    multiplyWide(otherHigh, otherLow);
    set(high ^ topHigh, low ^ topLow);
    collect();
  }
  set(sumHigh, sumLow);
  avalanche3();
}
