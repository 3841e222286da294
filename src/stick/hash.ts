/**
 * The hash of a key: HalfSipHash with 1 round a word and 3 at the end (Aumasson and Bernstein), keyed by a secret of the process, so
 * that nobody can choose keys that fall into one bucket. It must not know tables.
 */

/** @param words `count` 32-bit words of key */
export function hashKey(words: Int32Array, count: number, secret0: number, secret1: number): number {
  let a = secret0 | 0;
  let b = secret1 | 0;
  let c = 0x6c796765 ^ a;
  let d = 0x74656462 ^ b;
  for (let at = 0; at < count + 4; at++) {
    // The length follows the words, then three rounds without a word.
    const word = at < count ? (words[at] as number) : at === count ? count << 26 : 0;
    if (at === count + 1) c ^= 0xff;
    d ^= word;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    a ^= word;
  }
  return b ^ d;
}
