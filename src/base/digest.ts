/**
 * Message digests over bytes, in pieces: MD5 (RFC 1321), SHA-1 and SHA-2 (FIPS 180-4), and HMAC over them (RFC 2104).
 * One object hashes one message after another and allocates nothing while it does. The constants are computed as the standards
 * define them. It must not know samples.
 */

export type DigestName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';
export const DIGEST_NAMES: readonly DigestName[] = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

/** Fills blocks and pads the last one; what a block does to the state is the subclass's. */
export abstract class Digest {
  /** Bytes of the result. */
  readonly size: number;
  readonly blockSize: number;
  protected readonly block: Uint8Array;
  #filled = 0;
  #total = 0;
  readonly #isBigEndian: boolean;

  constructor(size: number, blockSize: number, isBigEndian: boolean) {
    this.size = size;
    this.blockSize = blockSize;
    this.block = new Uint8Array(blockSize);
    this.#isBigEndian = isBigEndian;
  }

  protected abstract start(): void;
  protected abstract compress(): void;
  protected abstract write(to: Uint8Array, at: number): void;

  reset(): void {
    this.#filled = 0;
    this.#total = 0;
    this.start();
  }

  update(bytes: Uint8Array, start: number, end: number): void {
    const { block, blockSize } = this;
    this.#total += end - start;
    for (let at = start; at < end; at++) {
      block[this.#filled++] = bytes[at] as number;
      if (this.#filled === blockSize) {
        this.compress();
        this.#filled = 0;
      }
    }
  }

  /** Writes `size` bytes at `at`. */
  finish(to: Uint8Array, at: number): void {
    const { block, blockSize } = this;
    const lengthSize = blockSize === 128 ? 16 : 8;
    const bits = this.#total * 8;
    block[this.#filled++] = 128;
    if (this.#filled > blockSize - lengthSize) {
      block.fill(0, this.#filled);
      this.compress();
      this.#filled = 0;
    }
    block.fill(0, this.#filled);
    for (let i = 0; i < 8; i++) {
      const byte = Math.floor(bits / 2 ** (i * 8)) % 256;
      block[this.#isBigEndian ? blockSize - 1 - i : blockSize - 8 + i] = byte;
    }
    this.compress();
    this.write(to, at);
  }

  protected bigWord(at: number): number {
    const { block } = this;
    return ((block[at] as number) << 24) | ((block[at + 1] as number) << 16) | ((block[at + 2] as number) << 8) | (block[at + 3] as number);
  }
}

function putBig(to: Uint8Array, at: number, word: number): void {
  to[at] = word >>> 24;
  to[at + 1] = word >>> 16;
  to[at + 2] = word >>> 8;
  to[at + 3] = word;
}

function left(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function right(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

// MD5 -------------------------------------------------------------------------------------------------

const MD5_SINES = Int32Array.from({ length: 64 }, (_, at) => Math.floor(Math.abs(Math.sin(at + 1)) * 2 ** 32) | 0);
const MD5_TURNS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];

class Md5 extends Digest {
  readonly #state = new Int32Array(4);
  readonly #words = new Int32Array(16);

  constructor() {
    super(16, 64, false);
  }

  protected start(): void {
    const state = this.#state;
    state[0] = 0x67452301;
    state[1] = 0xefcdab89;
    state[2] = 0x98badcfe;
    state[3] = 0x10325476;
  }

  protected compress(): void {
    const { block } = this;
    const words = this.#words;
    const state = this.#state;
    for (let i = 0; i < 16; i++) {
      const at = i * 4;
      words[i] =
        (block[at] as number) | ((block[at + 1] as number) << 8) | ((block[at + 2] as number) << 16) | ((block[at + 3] as number) << 24);
    }
    let [a, b, c, d] = state as unknown as [number, number, number, number]; // hot-ok: four numbers, no array is kept
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mix = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const word = round === 0 ? i : round === 1 ? (5 * i + 1) & 15 : round === 2 ? (3 * i + 5) & 15 : (7 * i) & 15;
      const sum = (a + mix + (MD5_SINES[i] as number) + (words[word] as number)) | 0;
      a = d;
      d = c;
      c = b;
      b = (b + left(sum, MD5_TURNS[round * 4 + (i & 3)] as number)) | 0;
    }
    state[0] = (state[0] as number) + a;
    state[1] = (state[1] as number) + b;
    state[2] = (state[2] as number) + c;
    state[3] = (state[3] as number) + d;
  }

  protected write(to: Uint8Array, at: number): void {
    for (let i = 0; i < 16; i++) to[at + i] = (this.#state[i >> 2] as number) >>> ((i & 3) * 8);
  }
}

// SHA-1 -----------------------------------------------------------------------------------------------

class Sha1 extends Digest {
  readonly #state = new Int32Array(5);
  readonly #words = new Int32Array(80);

  constructor() {
    super(20, 64, true);
  }

  protected start(): void {
    const state = this.#state;
    state[0] = 0x67452301;
    state[1] = 0xefcdab89;
    state[2] = 0x98badcfe;
    state[3] = 0x10325476;
    state[4] = 0xc3d2e1f0;
  }

  protected compress(): void {
    const words = this.#words;
    const state = this.#state;
    for (let i = 0; i < 16; i++) words[i] = this.bigWord(i * 4);
    for (let i = 16; i < 80; i++) {
      words[i] = left((words[i - 3] as number) ^ (words[i - 8] as number) ^ (words[i - 14] as number) ^ (words[i - 16] as number), 1);
    }
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    let e = state[4] as number;
    for (let i = 0; i < 80; i++) {
      const mix = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
      const constant = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      const sum = (left(a, 5) + mix + e + constant + (words[i] as number)) | 0;
      e = d;
      d = c;
      c = left(b, 30);
      b = a;
      a = sum;
    }
    state[0] = (state[0] as number) + a;
    state[1] = (state[1] as number) + b;
    state[2] = (state[2] as number) + c;
    state[3] = (state[3] as number) + d;
    state[4] = (state[4] as number) + e;
  }

  protected write(to: Uint8Array, at: number): void {
    for (let i = 0; i < 5; i++) putBig(to, at + i * 4, this.#state[i] as number);
  }
}

// SHA-2 -----------------------------------------------------------------------------------------------

/** The first primes. hot-ok: at start */
function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

/** The first 64 bits of the fraction of a root, as two words. hot-ok: at start */
function fraction(prime: number, root: 2 | 3): [number, number] {
  const scaled = BigInt(prime) << BigInt(64 * root);
  let low = 0n;
  let high = 1n << 68n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(root) <= scaled) low = middle;
    else high = middle;
  }
  return [Number((low >> 32n) & 0xffffffffn) | 0, Number(low & 0xffffffffn) | 0];
}

const PRIMES = primes(80);
/** High and low words: the round constants of both, of which the 32-bit form takes the first 64 high words. */
const ROUNDS = Int32Array.from(PRIMES.flatMap((prime) => fraction(prime, 3)));
const START_FIRST = Int32Array.from(PRIMES.slice(0, 8).flatMap((prime) => fraction(prime, 2)));
const START_SECOND = Int32Array.from(PRIMES.slice(8, 16).flatMap((prime) => fraction(prime, 2)));

class Sha256 extends Digest {
  readonly #state = new Int32Array(8);
  readonly #words = new Int32Array(64);

  constructor(size: 28 | 32) {
    super(size, 64, true);
  }

  protected start(): void {
    const isFull = this.size === 32;
    // SHA-224 begins with the second halves of SHA-384's.
    for (let i = 0; i < 8; i++) this.#state[i] = (isFull ? START_FIRST[i * 2] : START_SECOND[i * 2 + 1]) as number;
  }

  protected compress(): void {
    const words = this.#words;
    const state = this.#state;
    for (let i = 0; i < 16; i++) words[i] = this.bigWord(i * 4);
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15] as number;
      const y = words[i - 2] as number;
      const one = right(x, 7) ^ right(x, 18) ^ (x >>> 3);
      const two = right(y, 17) ^ right(y, 19) ^ (y >>> 10);
      words[i] = (words[i - 16] as number) + one + (words[i - 7] as number) + two;
    }
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    let e = state[4] as number;
    let f = state[5] as number;
    let g = state[6] as number;
    let h = state[7] as number;
    for (let i = 0; i < 64; i++) {
      const choose = (e & f) ^ (~e & g);
      const one = (h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + choose + (ROUNDS[i * 2] as number) + (words[i] as number)) | 0;
      const two = ((right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    state[0] = (state[0] as number) + a;
    state[1] = (state[1] as number) + b;
    state[2] = (state[2] as number) + c;
    state[3] = (state[3] as number) + d;
    state[4] = (state[4] as number) + e;
    state[5] = (state[5] as number) + f;
    state[6] = (state[6] as number) + g;
    state[7] = (state[7] as number) + h;
  }

  protected write(to: Uint8Array, at: number): void {
    for (let i = 0; i < this.size / 4; i++) putBig(to, at + i * 4, this.#state[i] as number);
  }
}

/** Words of 64 bits are pairs; sums of low words carry by comparing. */
class Sha512 extends Digest {
  readonly #state = new Int32Array(16);
  readonly #words = new Int32Array(160);
  /** a to h while a block is mixed. */
  readonly #mix = new Int32Array(16);
  #high = 0;
  #low = 0;

  constructor(size: 48 | 64) {
    super(size, 128, true);
  }

  protected start(): void {
    this.#state.set(this.size === 64 ? START_FIRST : START_SECOND);
  }

  #set(high: number, low: number): void {
    this.#high = high | 0;
    this.#low = low | 0;
  }

  #add(high: number, low: number): void {
    const sum = (this.#low >>> 0) + (low >>> 0);
    this.#low = sum | 0;
    this.#high = (this.#high + high + (sum > 0xffffffff ? 1 : 0)) | 0;
  }

  protected compress(): void {
    const words = this.#words;
    for (let i = 0; i < 32; i++) words[i] = this.bigWord(i * 4);
    for (let i = 32; i < 160; i += 2) {
      const xh = words[i - 30] as number;
      const xl = words[i - 29] as number;
      const yh = words[i - 4] as number;
      const yl = words[i - 3] as number;
      this.#set(words[i - 32] as number, words[i - 31] as number);
      this.#add(words[i - 14] as number, words[i - 13] as number);
      this.#add(turn(xh, xl, 1) ^ turn(xh, xl, 8) ^ (xh >>> 7), turn(xl, xh, 1) ^ turn(xl, xh, 8) ^ ((xl >>> 7) | (xh << 25)));
      this.#add(turn(yh, yl, 19) ^ turn(yl, yh, 29) ^ (yh >>> 6), turn(yl, yh, 19) ^ turn(yh, yl, 29) ^ ((yl >>> 6) | (yh << 26)));
      words[i] = this.#high;
      words[i + 1] = this.#low;
    }
    const mix = this.#mix;
    mix.set(this.#state);
    for (let i = 0; i < 160; i += 2)
      this.#round(mix, ROUNDS[i] as number, ROUNDS[i + 1] as number, words[i] as number, words[i + 1] as number);
    for (let i = 0; i < 16; i += 2) {
      this.#set(this.#state[i] as number, this.#state[i + 1] as number);
      this.#add(mix[i] as number, mix[i + 1] as number);
      this.#state[i] = this.#high;
      this.#state[i + 1] = this.#low;
    }
  }

  #round(mix: Int32Array, constantHigh: number, constantLow: number, wordHigh: number, wordLow: number): void {
    const eh = mix[8] as number;
    const el = mix[9] as number;
    this.#set(mix[14] as number, mix[15] as number);
    this.#add(turn(eh, el, 14) ^ turn(eh, el, 18) ^ turn(el, eh, 9), turn(el, eh, 14) ^ turn(el, eh, 18) ^ turn(eh, el, 9));
    this.#add((eh & (mix[10] as number)) ^ (~eh & (mix[12] as number)), (el & (mix[11] as number)) ^ (~el & (mix[13] as number)));
    this.#add(constantHigh, constantLow);
    this.#add(wordHigh, wordLow);
    const oneHigh = this.#high;
    const oneLow = this.#low;
    const ah = mix[0] as number;
    const al = mix[1] as number;
    const bh = mix[2] as number;
    const bl = mix[3] as number;
    const ch = mix[4] as number;
    const cl = mix[5] as number;
    this.#set(turn(ah, al, 28) ^ turn(al, ah, 2) ^ turn(al, ah, 7), turn(al, ah, 28) ^ turn(ah, al, 2) ^ turn(ah, al, 7));
    this.#add((ah & bh) ^ (ah & ch) ^ (bh & ch), (al & bl) ^ (al & cl) ^ (bl & cl));
    this.#add(oneHigh, oneLow);
    const firstHigh = this.#high;
    const firstLow = this.#low;
    this.#set(mix[6] as number, mix[7] as number);
    this.#add(oneHigh, oneLow);
    mix.copyWithin(2, 0, 14);
    mix[8] = this.#high;
    mix[9] = this.#low;
    mix[0] = firstHigh;
    mix[1] = firstLow;
  }

  protected write(to: Uint8Array, at: number): void {
    for (let i = 0; i < this.size / 4; i++) putBig(to, at + i * 4, this.#state[i] as number);
  }
}

/** The first word of a pair turned right by fewer than 32 bits; with the words exchanged: the second, or by 32 more. */
function turn(one: number, other: number, bits: number): number {
  return (one >>> bits) | (other << (32 - bits));
}

/** hot-ok: at start */
export function newDigest(name: DigestName): Digest {
  switch (name) {
    case 'md5':
      return new Md5();
    case 'sha1':
      return new Sha1();
    case 'sha224':
      return new Sha256(28);
    case 'sha256':
      return new Sha256(32);
    case 'sha384':
      return new Sha512(48);
    case 'sha512':
      return new Sha512(64);
  }
}

/** RFC 2104. */
export class Hmac {
  readonly #digest: Digest;
  readonly #key: Uint8Array;

  constructor(name: DigestName) {
    this.#digest = newDigest(name);
    this.#key = new Uint8Array(this.#digest.blockSize);
  }

  get size(): number {
    return this.#digest.size;
  }

  setKey(bytes: Uint8Array, start: number, end: number): void {
    const key = this.#key;
    const digest = this.#digest;
    key.fill(0);
    if (end - start > digest.blockSize) {
      digest.reset();
      digest.update(bytes, start, end);
      digest.finish(key, 0);
    } else for (let at = start; at < end; at++) key[at - start] = bytes[at] as number;
  }

  /** Writes `size` bytes at `at`, which may not overlap the message. */
  sign(bytes: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
    const digest = this.#digest;
    digest.reset();
    this.#pad(0x36);
    digest.update(bytes, start, end);
    digest.finish(to, at);
    digest.reset();
    this.#pad(0x5c);
    digest.update(to, at, at + digest.size);
    digest.finish(to, at);
  }

  #pad(byte: number): void {
    const key = this.#key;
    for (let i = 0; i < key.length; i++) key[i] = (key[i] as number) ^ byte;
    this.#digest.update(key, 0, key.length);
    for (let i = 0; i < key.length; i++) key[i] = (key[i] as number) ^ byte;
  }
}
