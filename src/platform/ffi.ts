/**
 * The C functions that the hosts call, bound once per thread through node:ffi. Raw addresses exist only inside platform/.
 * It must not know what the calls are for.
 *
 * What a call costs beside the kernel's own time (Node 26.10): up to three arguments 15-50 ns; four to six 160-390 ns, since
 * Node checks each in a loop before its fast path; from seven on 90-110 ns, since it then leaves that path alone. So what
 * is called often has three arguments or is declared with seven: C ignores those it does not know (the caller clears the
 * stack on x86-64 and arm64). A pointer is a bigint: keep constant ones.
 */
import ffi from 'node:ffi';

/** The process itself: it holds libc, libuv and OpenSSL. */
const library = new ffi.DynamicLibrary(null);

const I = 'int32';
const P = 'pointer';
/** Fills a call up to seven arguments. */
const X = 'int32';

export const socket = library.getFunction('socket', { arguments: [I, I, I], return: I });
export const socketpair = library.getFunction('socketpair', { arguments: [I, I, I, P], return: I });
export const bind = library.getFunction('bind', { arguments: [I, P, I], return: I });
export const listen = library.getFunction('listen', { arguments: [I, I], return: I });
export const connect = library.getFunction('connect', { arguments: [I, P, I], return: I });
const accept4Call = library.getFunction('accept4', { arguments: [I, P, P, I, X, X, X], return: I });
export const shutdown = library.getFunction('shutdown', { arguments: [I, I], return: I });
export const close = library.getFunction('close', { arguments: [I], return: I });
export const dup2 = library.getFunction('dup2', { arguments: [I, I], return: I });
const recvCall = library.getFunction('recv', { arguments: [I, P, I, I, X, X, X], return: I });
const sendCall = library.getFunction('send', { arguments: [I, P, I, I, X, X, X], return: I });
export const sendmsg = library.getFunction('sendmsg', { arguments: [I, P, I], return: I });
export const read = library.getFunction('read', { arguments: [I, P, I], return: I });
/** Node ignores SIGPIPE, so it does for sockets too what `send` with MSG_NOSIGNAL does. */
export const write = library.getFunction('write', { arguments: [I, P, I], return: I });
const setsockoptCall = library.getFunction('setsockopt', { arguments: [I, I, I, P, I, X, X], return: I });
export const getsockopt = library.getFunction('getsockopt', { arguments: [I, I, I, P, P], return: I });
export const getsockname = library.getFunction('getsockname', { arguments: [I, P, P], return: I });
export const getpeername = library.getFunction('getpeername', { arguments: [I, P, P], return: I });
/** Variadic in C; on x86-64 and arm64 Linux an integer third argument is passed alike. */
export const fcntl = library.getFunction('fcntl', { arguments: [I, I, I], return: I });
export const poll = library.getFunction('poll', { arguments: [P, 'uint64', I], return: I });
export const eventfd = library.getFunction('eventfd', { arguments: [I, I], return: I });
export const epollCreate = library.getFunction('epoll_create1', { arguments: [I], return: I });
const epollControlCall = library.getFunction('epoll_ctl', { arguments: [I, I, I, P, X, X, X], return: I });
const epollWaitCall = library.getFunction('epoll_wait', { arguments: [I, P, I, I, X, X, X], return: I });
export const getrlimit = library.getFunction('getrlimit', { arguments: [I, P], return: I });
export const setrlimit = library.getFunction('setrlimit', { arguments: [I, P], return: I });
export const getpid = library.getFunction('getpid', { arguments: [], return: I });
export const kill = library.getFunction('kill', { arguments: [I, I], return: I });
export const chroot = library.getFunction('chroot', { arguments: ['string'], return: I });
export const signal = library.getFunction('signal', { arguments: [I, P], return: P });
export const sigemptyset = library.getFunction('sigemptyset', { arguments: [P], return: I });
export const sigaddset = library.getFunction('sigaddset', { arguments: [P, I], return: I });
export const threadSignalMask = library.getFunction('pthread_sigmask', { arguments: [I, P, P], return: I });

const mapPages = library.getFunction('mmap', { arguments: [P, 'uint64', I, I, I, 'int64'], return: P });
const unmapPages = library.getFunction('munmap', { arguments: [P, 'uint64'], return: I });

/** `syscall` is variadic, so its forms differ only in what is passed; one symbol has one signature per library handle. */
const setupLibrary = new ffi.DynamicLibrary(null);
const registerLibrary = new ffi.DynamicLibrary(null);
const enterCall = library.getFunction('syscall', { arguments: [I, I, I, I, I, X, X], return: I });
const setupCall = setupLibrary.getFunction('syscall', { arguments: ['int64', 'int64', P], return: 'int64' });
const registerCall = registerLibrary.getFunction('syscall', { arguments: ['int64', 'int64', 'int64', P, 'int64'], return: 'int64' });

const errnoCell = new Int32Array(ffi.toArrayBuffer(library.getFunction('__errno_location', { arguments: [], return: P })(), 4, false));

/** The error number of this thread's last failed call. */
export function errno(): number {
  return errnoCell[0] as number;
}

/**
 * The address of a view's first byte. It keeps nothing alive: the caller holds the view as long as C may use it. A typed array
 * of at most 64 bytes may move; its ArrayBuffer, if it was made first, does not.
 */
export function addressOf(view: ArrayBuffer | NodeJS.ArrayBufferView): bigint {
  return ffi.getRawPointer(view);
}

/** Bytes that C reads and writes. */
export interface Area {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly pointer: bigint;
}

/** Every area ever made: V8 would free one that only a raw pointer refers to. */
const areas: Area[] = [];

/** Makes an area of a multiple of 4 bytes that lives as long as the thread. */
export function area(length: number): Area {
  const buffer = new ArrayBuffer(length);
  const made = { bytes: new Uint8Array(buffer), words: new Int32Array(buffer), pointer: ffi.getRawPointer(buffer) };
  areas.push(made);
  return made;
}

/** As `area`, but it lives only as long as its owner holds it: for what is made again and again. */
export function ownArea(length: number): Area {
  const buffer = new ArrayBuffer(Math.max(128, length));
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer), pointer: ffi.getRawPointer(buffer) };
}

/** A view of `length` bytes at `pointer`, without a copy. The caller answers for their lifetime. */
export function viewAt(pointer: bigint, length: number): ArrayBuffer {
  return ffi.toArrayBuffer(pointer, length, false);
}

export function recv(descriptor: number, into: bigint, length: number, flags: number): number {
  return recvCall(descriptor, into, length, flags, 0, 0, 0);
}

export function send(descriptor: number, from: bigint, length: number, flags: number): number {
  return sendCall(descriptor, from, length, flags, 0, 0, 0);
}

export function accept4(descriptor: number, flags: number): number {
  return accept4Call(descriptor, 0n, 0n, flags, 0, 0, 0);
}

export function setsockopt(descriptor: number, level: number, name: number, value: bigint, length: number): number {
  return setsockoptCall(descriptor, level, name, value, length, 0, 0);
}

export function epollWait(descriptor: number, events: bigint, most: number, timeoutMs: number): number {
  return epollWaitCall(descriptor, events, most, timeoutMs, 0, 0, 0);
}

export function epollControl(descriptor: number, operation: number, watched: number, event: bigint): number {
  return epollControlCall(descriptor, operation, watched, event, 0, 0, 0);
}

/** io_uring_setup(2). Returns a descriptor or -1. */
export function uringSetup(entries: number, parameters: bigint): number {
  return Number(setupCall(425n, BigInt(entries), parameters));
}

/** io_uring_enter(2) with IORING_ENTER_GETEVENTS: submits, runs the ring's work, waits for `wait` completions. */
export function uringEnter(ring: number, submit: number, wait: number): number {
  return enterCall(426, ring, submit, wait, 1, 0, 0);
}

/** io_uring_register(2). */
export function uringRegister(ring: number, operation: number, argument: bigint, count: number): number {
  return Number(registerCall(427n, BigInt(ring), BigInt(operation), argument, BigInt(count)));
}

export interface Mapping {
  readonly pointer: bigint;
  readonly length: number;
  readonly buffer: ArrayBuffer;
}

const PROT_READ_WRITE = 3;
const MAP_FAILED = 0xffffffffffffffffn;

/** mmap(2) of readable and writable pages, or null (see `errno`). */
export function map(length: number, flags: number, descriptor: number, offset: number): Mapping | null {
  const pointer = mapPages(0n, BigInt(length), PROT_READ_WRITE, flags, descriptor, BigInt(offset));
  if (pointer === MAP_FAILED) return null;
  return { pointer, length, buffer: ffi.toArrayBuffer(pointer, length, false) };
}

/**
 * Unmaps. Its views are detached first, so that a forgotten one reads nothing instead of crashing the process;
 * nothing in the kernel may still refer to the pages.
 */
export function unmap(mapping: Mapping): void {
  if (!mapping.buffer.detached) mapping.buffer.transfer();
  unmapPages(mapping.pointer, BigInt(mapping.length));
}

/** The parts of libuv that the loop of a host needs (uv.ts). */
export const uv = {
  loop: ffi.getCurrentEventLoop(),
  backendFd: library.getFunction('uv_backend_fd', { arguments: [P], return: I }),
  backendTimeout: library.getFunction('uv_backend_timeout', { arguments: [P], return: I }),
  updateTime: library.getFunction('uv_update_time', { arguments: [P], return: 'void' }),
  handleSize: library.getFunction('uv_handle_size', { arguments: [I], return: 'uint64' }),
  signalInit: library.getFunction('uv_signal_init', { arguments: [P, P], return: I }),
  signalStart: library.getFunction('uv_signal_start', { arguments: [P, P, I], return: I }),
  unref: library.getFunction('uv_unref', { arguments: [P], return: 'void' }),
};

/** Registers a JavaScript function that C may call, on this thread only; it must not throw. Never released. */
export function callback(task: (number: number) => void): bigint {
  return library.registerCallback({ arguments: [P, I], return: 'void' }, (_handle, number) => task(number));
}
