/**
 * Lines that leave as one send of UDP, which the kernel cuts into a datagram each (UDP_SEGMENT, udp(7)): which lines may, and what
 * the kernel is told. All have the length of the first, but for the last, which may be shorter; they lie behind each other.
 * It must not know which host sends.
 */
import { EINVAL, EIO, EMSGSIZE, EOPNOTSUPP } from './errno.ts';
import { type Mapping, unmap } from './ffi.ts';
import { mapAnonymous } from './mapping.ts';
import type { Slices } from './slices.ts';

/** Lines of one send at most; a kernel cuts a send into 64 at most, later ones into 128. */
export const MOST_TOGETHER = 32;
/** A longer line goes alone: no part may need fragments on any usual way (IPv6's least MTU is 1280). */
const LONGEST = 1200;
/** A msghdr, its iovec and a control message, in words of four bytes. */
const HEADER_WORDS = 24;
const IOVEC = 14;
const CONTROL = 18;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

/** How many of the `most` lines from place `first` on may leave as one send. */
export function linesTogether({ block, start, end, next }: Slices, first: number, most: number): number {
  const length = (end[first] as number) - (start[first] as number);
  // An empty line would vanish between the others.
  if (length === 0 || length > LONGEST) return 1;
  let last = first;
  let count = 1;
  while (count < most && count < MOST_TOGETHER) {
    const place = next[last] as number;
    const from = start[place] as number;
    const size = (end[place] as number) - from;
    if (from !== end[last] || block[place] !== block[first] || size > length || size === 0) break;
    last = place;
    count++;
    if (size < length) break;
  }
  return count;
}

/** Whether a send of several failed with this error number because the kernel or the way does not cut: it never will. */
export function isNoCutting(code: number): boolean {
  return code === EINVAL || code === EMSGSIZE || code === EIO || code === EOPNOTSUPP;
}

/** Headers of sends of several, in memory that the kernel reads. */
export class SegmentHeaders {
  #mapping: Mapping | null;
  readonly #words: Int32Array;
  readonly #address: number;

  constructor(count: number) {
    this.#mapping = mapAnonymous(count * HEADER_WORDS * 4);
    this.#words = new Int32Array(this.#mapping.buffer);
    this.#address = Number(this.#mapping.pointer);
    for (let header = 0; header < count; header++) this.#prepare(header * HEADER_WORDS);
  }

  /**
   * Describes a send of the `count` lines from place `first` on, which `linesTogether` allowed.
   * @param base address of the memory's first byte
   * @returns where the msghdr is
   */
  describe(header: number, base: number, { start, end, next }: Slices, first: number, count: number): number {
    const words = this.#words;
    const at = header * HEADER_WORDS;
    const from = start[first] as number;
    let last = first;
    for (let passed = 1; passed < count; passed++) last = next[last] as number;
    putPointer(words, at + IOVEC, base + from);
    words[at + IOVEC + 2] = (end[last] as number) - from;
    words[at + CONTROL + 4] = (end[first] as number) - from;
    return this.#address + at * 4;
  }

  /** Of the first header. */
  get pointer(): bigint {
    return (this.#mapping as Mapping).pointer;
  }

  /** Nothing that was described may be under way. */
  close(): void {
    if (this.#mapping !== null) unmap(this.#mapping);
    this.#mapping = null;
  }

  /** What is the same for every send: see sendmsg(2), cmsg(3). */
  #prepare(first: number): void {
    const words = this.#words;
    const address = this.#address + first * 4;
    putPointer(words, first + 4, address + IOVEC * 4);
    words[first + 6] = 1;
    putPointer(words, first + 8, address + CONTROL * 4);
    words[first + 10] = (HEADER_WORDS - CONTROL) * 4;
    // Length of the control message without its padding: 16 bytes and a number of two.
    words[first + CONTROL] = 18;
    words[first + CONTROL + 2] = SOL_UDP;
    words[first + CONTROL + 3] = UDP_SEGMENT;
  }
}

function putPointer(words: Int32Array, at: number, address: number): void {
  words[at] = address;
  words[at + 1] = Math.floor(address / 2 ** 32);
}
