/**
 * Opens sockets: listening ones for any host, connecting and datagram ones for the hosts themselves. At start and per
 * connection, never per request. It must not know wires or what is served.
 */

import { chmodSync, chownSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { type AddressRecord, Family, newAddress, type SocketAddress } from '../base/address.ts';
import { EADDRINUSE, ECONNREFUSED, EDESTADDRREQ, ENOENT, ENOTCONN, errnoName, errnoText } from './errno.ts';
import { area, bind, close, connect, errno, fcntl, getsockopt, listen, setsockopt, shutdown, socket } from './ffi.ts';
import { AF_INET, AF_INET6, AF_UNIX, encodeSockaddr, SOCKADDR_BYTES, socketFamily } from './sockaddr.ts';
import { localAddress } from './socketinfo.ts';

const SHUT_RD = 0;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const SO_TYPE = 3;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_BINDTODEVICE = 25;
const SO_ACCEPTCONN = 30;
const IPPROTO_IP = 0;
const IP_TRANSPARENT = 19;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_MAXSEG = 2;
const TCP_DEFER_ACCEPT = 9;
const TCP_USER_TIMEOUT = 18;
const TCP_FASTOPEN = 23;
const TCP_SAVE_SYN = 27;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_TRANSPARENT = 75;
const F_GETFL = 3;
const F_SETFL = 4;

export interface ListenOptions {
  /** Only binds (TCP): `startListening` follows. Nobody is let in before everything works. */
  readonly deferred?: boolean;
  /** Connections that wait to be accepted; the kernel caps it. Default 4096. */
  readonly backlog?: number;
  /** An IPv6 socket takes IPv4 too unless true. */
  readonly v6only?: boolean;
  /** Only what arrives on this interface. */
  readonly interface?: string;
  /** Addresses that are not this machine's (needs CAP_NET_ADMIN). */
  readonly transparent?: boolean;
  /** Several sockets on one address, a queue each. */
  readonly reusePort?: boolean;
  /** Wait for data before a connection is accepted. */
  readonly deferAccept?: boolean;
  /** Maximum segment size of TCP, bytes. */
  readonly mss?: number;
  /** TCP Fast Open. */
  readonly fastOpen?: boolean;
  /** TCP keeps the packet that a client began with for `Wire.savedSyn`: 1 from its IP header on, 2 from its link header on. */
  readonly saveSyn?: number;
  /** How long sent data may stay unacknowledged, ms. */
  readonly userTimeoutMs?: number;
  /** Permissions of a UNIX path, as in chmod(2). */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What the system said against it. */
export interface SocketFailure {
  readonly errno: number;
  /** `EADDRINUSE` */
  readonly name: string;
  /** In words, with the step that failed: `bind: address in use`. */
  readonly text: string;
}

export interface OpenSocket {
  readonly descriptor: number;
  /** Its own address: the port that the kernel chose for port 0. */
  readonly address: AddressRecord;
}

const scratch = area(SOCKADDR_BYTES);
const option = area(4);
const optionLength = area(4);

/** Opens a listening socket. For a UNIX path a socket file that is already there is replaced. */
export function openListener(address: SocketAddress, options: ListenOptions = {}): OpenSocket | SocketFailure {
  if (address.family === Family.descriptor) return adoptListener(address.port, options);
  const descriptor = socket(socketFamily(address), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return failure('socket');
  const failed = listenOn(descriptor, address, options);
  if (failed !== null) {
    close(descriptor);
    return failed;
  }
  const own = ownAddress(descriptor);
  // The kernel still tells the name that a path was bound under.
  own.path = address.path;
  return { descriptor, address: own };
}

/** Takes over a descriptor that somebody else opened (`fd@N`): bound, and listening or not yet. */
export function adoptListener(descriptor: number, options: ListenOptions = {}): OpenSocket | SocketFailure {
  if (getOption(descriptor, SOL_SOCKET, SO_TYPE) !== SOCK_STREAM) return failure('inherited descriptor');
  setNonBlocking(descriptor);
  setOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (getOption(descriptor, SOL_SOCKET, SO_ACCEPTCONN) !== 1 || options.backlog !== undefined) {
    if (listen(descriptor, options.backlog ?? 4096) < 0) return failure('listen');
  }
  return { descriptor, address: ownAddress(descriptor) };
}

export function closeDescriptor(descriptor: number): void {
  close(descriptor);
}

/** Lets no client in any more, at once, whoever else holds the descriptor: a ring does for some 20 ms after its process has ended. */
export function stopListening(descriptor: number): void {
  shutdown(descriptor, SHUT_RD);
}

/** Whether the result of an open is a failure. */
export function isFailure(result: OpenSocket | SocketFailure): result is SocketFailure {
  return 'errno' in result;
}

/** The failure of the call just made. */
export function failure(step: string): SocketFailure {
  const code = errno();
  return { errno: code, name: errnoName(code), text: `${step}: ${errnoText(code)}` };
}

export function setNonBlocking(descriptor: number): void {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL, 0) | SOCK_NONBLOCK);
}

/** setsockopt(2) with a number. */
export function setOption(descriptor: number, level: number, name: number, value: number): boolean {
  option.words[0] = value;
  return setsockopt(descriptor, level, name, option.pointer, 4) === 0;
}

/** getsockopt(2) of a number; -1 if it fails. */
/** TCP keep-alive packets at the system's pace; a listener's sockets inherit it. */
export function keepAlive(descriptor: number): void {
  setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
}

export function getOption(descriptor: number, level: number, name: number): number {
  optionLength.words[0] = 4;
  return getsockopt(descriptor, level, name, option.pointer, optionLength.pointer) === 0 ? (option.words[0] as number) : -1;
}

/** Sizes of the kernel's buffers of a socket, bytes; 0 leaves one as it is. */
export function setBufferSizes(descriptor: number, send: number, receive: number): void {
  if (send > 0) setOption(descriptor, SOL_SOCKET, SO_SNDBUF, send);
  if (receive > 0) setOption(descriptor, SOL_SOCKET, SO_RCVBUF, receive);
}

/** A stream socket that is to connect to `address`, bound to `source`; or the negated error number. */
export function connectingSocket(address: SocketAddress, source: SocketAddress | null, flags: number): number {
  const family = socketFamily(address);
  const descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (descriptor < 0) return -errno();
  if (family !== AF_UNIX) setOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (source === null || source.family === Family.none || bindSource(descriptor, source)) return descriptor;
  const code = errno();
  close(descriptor);
  return -code;
}

/** A datagram socket connected to `address`, or the negated error number. */
export function datagramSocket(address: SocketAddress, flags: number): number {
  const descriptor = socket(socketFamily(address), SOCK_DGRAM | SOCK_CLOEXEC | flags, 0);
  if (descriptor < 0) return -errno();
  if (connectDatagrams(descriptor, address)) return descriptor;
  const code = errno();
  close(descriptor);
  return -code;
}

/** Sets a datagram socket's destination: a UNIX path may appear after we have started. */
export function connectDatagrams(descriptor: number, address: SocketAddress): boolean {
  return connect(descriptor, scratch.pointer, encodeSockaddr(address, scratch.bytes, 0)) === 0;
}

/** A datagram socket for lines, or the negated error number. It is connected later if there is no way or nobody yet (`mayTryAgain`). */
export function lineSocket(address: SocketAddress, flags: number): number {
  const descriptor = socket(socketFamily(address), SOCK_DGRAM | SOCK_CLOEXEC | flags, 0);
  if (descriptor < 0) return -errno();
  connectDatagrams(descriptor, address);
  return descriptor;
}

/**
 * Whether a line that failed with this error number is worth a second try. Over UDP a refusal tells of an earlier line that found
 * nobody, this one was not sent: its receiver may be back. A UNIX path may be somebody else's by now: it is connected again.
 */
export function mayTryAgain(descriptor: number, address: SocketAddress, code: number): boolean {
  if (code === ECONNREFUSED && address.family !== Family.unix) return true;
  const unconnected = code === ECONNREFUSED || code === ENOTCONN || code === ENOENT || code === EDESTADDRREQ;
  return unconnected && connectDatagrams(descriptor, address);
}

function bindSource(descriptor: number, source: SocketAddress): boolean {
  setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  if (source.port === 0) setOption(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return bind(descriptor, scratch.pointer, encodeSockaddr(source, scratch.bytes, 0)) === 0;
}

function ownAddress(descriptor: number): AddressRecord {
  const address = newAddress();
  localAddress(descriptor, address);
  return address;
}

function listenOn(descriptor: number, address: SocketAddress, options: ListenOptions): SocketFailure | null {
  const failed = setListenOptions(descriptor, address, options);
  if (failed !== null) return failed;
  if (address.family === Family.unix) return listenOnPath(descriptor, address, options);
  const length = encodeSockaddr(address, scratch.bytes, 0);
  if (bind(descriptor, scratch.pointer, length) < 0) return failure('bind');
  if (options.deferred === true) return null;
  return startListening(descriptor, options.backlog);
}

/** Connections are accepted by the kernel from now on; null, or why not. */
export function startListening(descriptor: number, backlog = 4096): SocketFailure | null {
  return listen(descriptor, backlog) < 0 ? failure('listen') : null;
}

function setListenOptions(descriptor: number, address: SocketAddress, options: ListenOptions): SocketFailure | null {
  const family = socketFamily(address);
  if (family === AF_UNIX) return null;
  setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  // Accepted sockets inherit it, which saves a call for each.
  setOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (family === AF_INET6) setOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, options.v6only === true ? 1 : 0);
  if (options.reusePort === true && !setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) return failure('SO_REUSEPORT');
  if (options.transparent === true && !setTransparent(descriptor, family)) return failure('transparent');
  if (options.interface !== undefined && !bindToInterface(descriptor, options.interface)) return failure('interface');
  if (options.mss !== undefined && !setOption(descriptor, IPPROTO_TCP, TCP_MAXSEG, options.mss)) return failure('mss');
  if (options.deferAccept === true) setOption(descriptor, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
  if (options.userTimeoutMs !== undefined) setOption(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, options.userTimeoutMs);
  if (options.saveSyn !== undefined && !setOption(descriptor, IPPROTO_TCP, TCP_SAVE_SYN, options.saveSyn)) return failure('tcp-ss');
  if (options.fastOpen === true) setOption(descriptor, IPPROTO_TCP, TCP_FASTOPEN, options.backlog ?? 4096);
  return null;
}

function setTransparent(descriptor: number, family: number): boolean {
  return family === AF_INET
    ? setOption(descriptor, IPPROTO_IP, IP_TRANSPARENT, 1)
    : setOption(descriptor, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
}

function bindToInterface(descriptor: number, name: string): boolean {
  const bytes = Buffer.from(`${name}\0`, 'latin1');
  scratch.bytes.set(bytes.subarray(0, SOCKADDR_BYTES));
  return setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, scratch.pointer, bytes.length) === 0;
}

/**
 * A UNIX path is bound beside its place, given its owner and mode, and moved there when it listens: no client ever
 * finds it missing, closed or too open, and a file that is no socket is never removed.
 */
function listenOnPath(descriptor: number, address: SocketAddress, options: ListenOptions): SocketFailure | null {
  if (lstatSync(address.path, { throwIfNoEntry: false })?.isSocket() === false) {
    return { errno: EADDRINUSE, name: 'EADDRINUSE', text: `bind: ${address.path} is there and no socket` };
  }
  const path = `${address.path}.${process.pid}.tmp`;
  const length = encodeSockaddr({ ...address, path }, scratch.bytes, 0);
  if (length === 0) return { errno: 36, name: errnoName(36), text: `bind: ${errnoText(36)}` };
  try {
    unlinkSync(path);
  } catch {
    // It was not there, as it should be; bind says what else is wrong.
  }
  if (bind(descriptor, scratch.pointer, length) < 0) return failure('bind');
  try {
    if (options.mode !== undefined) chmodSync(path, options.mode);
    if (options.uid !== undefined || options.gid !== undefined) chownSync(path, options.uid ?? -1, options.gid ?? -1);
    if (listen(descriptor, options.backlog ?? 4096) < 0) return failure('listen');
    renameSync(path, address.path);
  } catch (error) {
    const code = -((error as NodeJS.ErrnoException).errno ?? -EADDRINUSE);
    return { errno: code, name: errnoName(code), text: `${address.path}: ${errnoText(code)}` };
  }
  return null;
}
