/**
 * The least of io_uring that a relay needs, for the floor programs alone: one ring, one arena, provided buffers, sockets. It is
 * not Hawser's host (`src/platform/uring/`) and shares only the C bindings with it, so that the floor stays where it was when
 * the host changes. It must know no protocol.
 */
import { addressOf, bind, close, listen, map, setsockopt, socket, uringEnter, uringRegister, uringSetup } from '../../src/platform/ffi.ts';

const OP_ACCEPT = 13;
const OP_CONNECT = 16;
const OP_SEND = 26;
export const OP_RECV = 27;
export const OP_SHUTDOWN = 34;

/** Of a completion: the operation is multishot and goes on. */
export const MORE = 2;
/** The error of a receive that found no provided buffer. */
export const NO_BUFFERS = -105;

const ENTRIES = 4096;
/** CQSIZE | SUBMIT_ALL | COOP_TASKRUN | SINGLE_ISSUER | DEFER_TASKRUN. */
const FLAGS = (1 << 3) | (1 << 7) | (1 << 8) | (1 << 12) | (1 << 13);
const REGISTER_PROVIDED_BUFFERS = 22;
const SHARED_POPULATE = 0x8001;
const ANONYMOUS_PRIVATE = 0x22;
const NO_SIGNAL = 0x4000;
const CLOSE_ON_EXEC = 0o2000000;
const STREAM = 1;
const INET = 2;

const params = new DataView(new ArrayBuffer(120));
params.setUint32(4, ENTRIES * 4, true);
params.setUint32(8, FLAGS, true);
const ring = uringSetup(ENTRIES, addressOf(params.buffer));
if (ring < 0) throw new Error('io_uring_setup(2) is refused on this machine');
const word = (at: number): number => params.getUint32(at, true);

const rings = mapped(Math.max(word(64) + word(0) * 4, word(100) + word(4) * 16), SHARED_POPULATE, ring, 0);
const sqes = mapped(word(0) * 64, SHARED_POPULATE, ring, 0x10000000);
/** The rings' words: completions are four each, from `cqes` on: index, operation, result, flags. */
export const words = new Int32Array(rings);
export const cqHead = word(80) >> 2;
export const cqTail = word(84) >> 2;
export const cqes = word(100) >> 2;
export const cqMask = word(4) - 1;
const sqTail = word(44) >> 2;
const sqMask = word(0) - 1;
for (let at = 0; at < word(0); at++) words[(word(64) >> 2) + at] = at;

const s32 = new Int32Array(sqes);
const s16 = new Uint16Array(sqes);
const s8 = new Uint8Array(sqes);
let tail = words[sqTail] as number;
let waiting = 0;

function mapped(length: number, flags: number, descriptor: number, offset: number): ArrayBuffer {
  const mapping = map(length, flags, descriptor, offset);
  if (mapping === null) throw new Error(`cannot map ${length} bytes`);
  return mapping.buffer;
}

/** Submits what was queued and waits for `least` completions. */
export function flush(least: number): void {
  words[sqTail] = tail;
  const count = waiting;
  waiting = 0;
  uringEnter(ring, count, least);
}

/** Queues an operation on `address`; the completion carries `index` and `tag`. Returns the entry's first word. */
export function submit(operation: number, fd: number, address: number, length: number, index: number, tag: number): number {
  const at = (tail & sqMask) << 4;
  s32.fill(0, at, at + 16);
  s32[at] = operation;
  s32[at + 1] = fd;
  s32[at + 4] = address | 0;
  s32[at + 5] = Math.floor(address / 4294967296);
  s32[at + 6] = length;
  s32[at + 8] = index;
  s32[at + 9] = tag;
  tail = (tail + 1) | 0;
  if (++waiting > ENTRIES - 8) flush(0);
  return at;
}

/** The bytes that the kernel reads and writes, and the address of the first one. */
export class Arena {
  readonly bytes: Uint8Array;
  readonly base: number;

  constructor(length: number) {
    this.bytes = new Uint8Array(mapped(length, ANONYMOUS_PRIVATE, -1, 0));
    this.base = Number(addressOf(this.bytes));
  }
}

/** Buffers that the kernel picks for receives: the first `count` blocks of the arena. */
export class ProvidedBuffers {
  readonly #pages: ArrayBuffer;
  readonly #w32: Int32Array;
  readonly #w16: Uint16Array;
  readonly #count: number;
  readonly #size: number;
  readonly #base: number;
  #tail = 0;

  constructor(arena: Arena, count: number, size: number) {
    this.#pages = mapped(count * 16, ANONYMOUS_PRIVATE, -1, 0);
    this.#w32 = new Int32Array(this.#pages);
    this.#w16 = new Uint16Array(this.#pages);
    this.#count = count;
    this.#size = size;
    this.#base = arena.base;
    const request = new DataView(new ArrayBuffer(128));
    request.setBigUint64(0, addressOf(this.#pages), true);
    request.setUint32(8, count, true);
    request.setUint16(12, 1, true);
    if (uringRegister(ring, REGISTER_PROVIDED_BUFFERS, addressOf(request), 1) < 0) throw new Error('the kernel refuses provided buffers');
    for (let index = 0; index < count; index++) this.give(index);
  }

  /** Hands a block to the kernel again. */
  give(index: number): void {
    const slot = this.#tail & (this.#count - 1);
    const address = this.#base + index * this.#size;
    this.#w32[slot * 4] = address | 0;
    this.#w32[slot * 4 + 1] = Math.floor(address / 4294967296);
    this.#w32[slot * 4 + 2] = this.#size;
    this.#w16[slot * 8 + 6] = index;
    this.#tail = (this.#tail + 1) & 0xffff;
    this.#w16[7] = this.#tail;
  }
}

/** Receives into provided buffers until told otherwise. */
export function receiveAlways(fd: number, index: number, tag: number): void {
  const at = submit(OP_RECV, fd, 0, 0, index, tag);
  s8[at * 4 + 1] = 1 << 5;
  s16[at * 2 + 1] = 2;
  s16[at * 2 + 20] = 1;
}

/** Sends, without a signal when the other side is gone. */
export function send(fd: number, address: number, length: number, index: number, tag: number): void {
  s32[submit(OP_SEND, fd, address, length, index, tag) + 7] = NO_SIGNAL;
}

const option = new Int32Array(32).fill(1);
const optionAddress = addressOf(option);

/** Small messages leave at once. */
export function noDelay(fd: number): void {
  setsockopt(fd, 6, 1, optionAddress, 4);
}

export function tcpSocket(): number {
  return socket(INET, STREAM | CLOSE_ON_EXEC, 0);
}

/** A `sockaddr_in` of 127.0.0.1; the view keeps the bytes alive, `address` is for the kernel. */
export function loopback(port: number): { view: Uint8Array; address: number } {
  const view = new Uint8Array(128);
  const fields = new DataView(view.buffer);
  fields.setUint16(0, INET, true);
  fields.setUint16(2, port);
  view.set([127, 0, 0, 1], 4);
  return { view, address: Number(addressOf(view)) };
}

/** Listens on the port and accepts for ever, with `tag` in the completions. What is accepted inherits `noDelay`. */
export function acceptAlways(port: number, tag: number): void {
  const fd = tcpSocket();
  setsockopt(fd, 1, 2, optionAddress, 4);
  noDelay(fd);
  if (bind(fd, addressOf(loopback(port).view), 16) < 0 || listen(fd, 4096) < 0) throw new Error(`cannot listen on port ${port}`);
  const at = submit(OP_ACCEPT, fd, 0, 0, 0, tag);
  s16[at * 2 + 1] = 1;
  s32[at + 7] = CLOSE_ON_EXEC;
}

/** Starts to connect to an address of `loopback`. */
export function connect(fd: number, target: { address: number }, index: number, tag: number): void {
  s32[submit(OP_CONNECT, fd, target.address, 0, index, tag) + 2] = 16;
}

/** Closes a socket on which no operation is in flight. */
export function closeNow(fd: number): void {
  close(fd);
}
