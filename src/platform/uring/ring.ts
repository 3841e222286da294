/**
 * One io_uring: set-up, the submission queue as 32-bit words, and the place of the completions. It must not know what
 * the operations mean.
 *
 * SINGLE_ISSUER and DEFER_TASKRUN: completions appear only inside our own io_uring_enter, so plain loads and stores
 * are enough and nothing interrupts the program.
 */
import { EAGAIN, EBUSY, EINTR, ENOMEM, errnoName, errnoText } from '../errno.ts';
import { area, close, errno, type Mapping, map, unmap, uringEnter, uringRegister, uringSetup } from '../ffi.ts';

/** CQSIZE | CLAMP | SUBMIT_ALL | COOP_TASKRUN | TASKRUN_FLAG | SINGLE_ISSUER | DEFER_TASKRUN. */
const SETUP_FLAGS = (1 << 3) | (1 << 4) | (1 << 7) | (1 << 8) | (1 << 9) | (1 << 12) | (1 << 13);
const PARAMETER_BYTES = 120;
const MAP_SHARED_POPULATE = 0x8001;
const OFFSET_SQES = 0x10000000;
const SQE_BYTES = 64;
const CQE_BYTES = 16;
const SQ_CQ_OVERFLOW = 2;
const SQ_TASKRUN = 4;
const FEATURE_SINGLE_MMAP = 1;
const FEATURE_NODROP = 2;
/** Submission entries: a turn that needs more enters the kernel twice. Small, so that the queue stays in the cache. */
const SUBMISSIONS = 512;
const COMPLETIONS = 4096;
/** Attempts to empty a full submission queue before the host gives up. */
const MOST_TRIES = 1000;

export class Ring {
  readonly descriptor: number;
  /** Both rings' words. */
  readonly words: Int32Array;
  /** The submission entries' words, 16 each. */
  readonly entries: Int32Array;
  readonly completionHead: number;
  readonly completionTail: number;
  readonly completionMask: number;
  /** First word of the completions, 4 words each: user data (2), result, flags. */
  readonly completions: number;
  enters = 0;
  /** Enters that a signal or a lack of memory ended. */
  failures = 0;
  readonly #submissionHead: number;
  readonly #submissionTail: number;
  readonly #submissionFlags: number;
  readonly #submissionMask: number;
  #tail: number;
  #rings: Mapping;
  #entryPages: Mapping;

  constructor(descriptor: number, parameters: DataView, rings: Mapping, entryPages: Mapping) {
    const word = (at: number): number => parameters.getUint32(at, true);
    this.descriptor = descriptor;
    this.#rings = rings;
    this.#entryPages = entryPages;
    this.words = new Int32Array(rings.buffer);
    this.entries = new Int32Array(entryPages.buffer);
    this.#submissionHead = word(40) >> 2;
    this.#submissionTail = word(44) >> 2;
    this.#submissionFlags = word(56) >> 2;
    this.#submissionMask = word(0) - 1;
    this.completionHead = word(80) >> 2;
    this.completionTail = word(84) >> 2;
    this.completionMask = word(4) - 1;
    this.completions = word(100) >> 2;
    const array = word(64) >> 2;
    for (let at = 0; at < word(0); at++) this.words[array + at] = at;
    this.#tail = this.words[this.#submissionTail] as number;
  }

  /**
   * Takes the next submission entry and fills in what every operation has. Returns its first word; words 2 and 3 (offset),
   * 7 (flags of the operation), 10 (buffer group) and 11 are zero for the caller to set.
   * @param head operation, entry flags << 8, ioprio << 16
   */
  entry(head: number, descriptor: number, low: number, high: number, length: number, index: number, tag: number): number {
    if (((this.#tail - (this.words[this.#submissionHead] as number)) | 0) > this.#submissionMask) this.#makeRoom();
    const { entries } = this;
    const at = (this.#tail & this.#submissionMask) << 4;
    entries[at] = head;
    entries[at + 1] = descriptor;
    entries[at + 2] = 0;
    entries[at + 3] = 0;
    entries[at + 4] = low;
    entries[at + 5] = high;
    entries[at + 6] = length;
    entries[at + 7] = 0;
    entries[at + 8] = index;
    entries[at + 9] = tag;
    entries[at + 10] = 0;
    entries[at + 11] = 0;
    entries[at + 12] = 0;
    entries[at + 13] = 0;
    entries[at + 14] = 0;
    entries[at + 15] = 0;
    this.#tail = (this.#tail + 1) | 0;
    return at;
  }

  /**
   * Submits what was taken, lets the kernel do its part and waits for `wait` completions.
   * @throws Error when the kernel refuses for good: the host cannot go on
   */
  enter(wait: number): void {
    const { words } = this;
    words[this.#submissionTail] = this.#tail;
    this.enters++;
    if (uringEnter(this.descriptor, (this.#tail - (words[this.#submissionHead] as number)) | 0, wait) >= 0) return;
    const code = errno();
    // A signal, or no memory at this moment: what was not submitted is submitted next time.
    if (code === EINTR || code === EAGAIN || code === EBUSY || code === ENOMEM) this.failures++;
    else throw new Error(`io_uring_enter: ${errnoText(code)} (${errnoName(code)})`);
  }

  /** The queue is full: submits it. */
  #makeRoom(): void {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      this.enter(0);
      if (((this.#tail - (this.words[this.#submissionHead] as number)) | 0) <= this.#submissionMask) return;
    }
    throw new Error('io_uring_enter: the kernel takes no submissions');
  }

  /** Completions that found the queue full wait in the kernel: the next `enter` brings them. */
  get overflowing(): boolean {
    return ((this.words[this.#submissionFlags] as number) & SQ_CQ_OVERFLOW) !== 0;
  }

  /** Something has happened: the next `enter` brings it without a wait. */
  get stirred(): boolean {
    return ((this.words[this.#submissionFlags] as number) & SQ_TASKRUN) !== 0;
  }

  register(operation: number, argument: bigint, count: number): number {
    return uringRegister(this.descriptor, operation, argument, count);
  }

  /** Only when nothing is in flight. The pages hold the ring open, so they go too. */
  close(): void {
    close(this.descriptor);
    unmap(this.#rings);
    unmap(this.#entryPages);
  }
}

/** Opens a ring, or answers the error number that the kernel gave. */
export function openRing(): Ring | number {
  const given = area(PARAMETER_BYTES);
  const parameters = new DataView(given.bytes.buffer);
  parameters.setUint32(4, COMPLETIONS, true);
  parameters.setUint32(8, SETUP_FLAGS, true);
  const descriptor = uringSetup(SUBMISSIONS, given.pointer);
  if (descriptor < 0) return errno();
  const ring = mapRing(descriptor, parameters);
  if (typeof ring === 'number') close(descriptor);
  return ring;
}

function mapRing(descriptor: number, parameters: DataView): Ring | number {
  const word = (at: number): number => parameters.getUint32(at, true);
  const features = word(20);
  if ((features & FEATURE_SINGLE_MMAP) === 0 || (features & FEATURE_NODROP) === 0) return 38;
  const length = Math.max(word(64) + word(0) * 4, word(100) + word(4) * CQE_BYTES);
  const rings = map(length, MAP_SHARED_POPULATE, descriptor, 0);
  if (rings === null) return errno();
  const entryPages = map(word(0) * SQE_BYTES, MAP_SHARED_POPULATE, descriptor, OFFSET_SQES);
  if (entryPages !== null) return new Ring(descriptor, parameters, rings, entryPages);
  const code = errno();
  unmap(rings);
  return code;
}
