/** Questions to an open socket that every host asks alike. It must not know wires. */
import type { SocketAddress } from '../base/address.ts';
import { area, errno, getpeername, getsockname, getsockopt, setsockopt } from './ffi.ts';
import { decodeSockaddr, SOCKADDR_BYTES } from './sockaddr.ts';

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;

/** An address or a number that the kernel answers with. */
const answer = area(SOCKADDR_BYTES);
const answerLength = area(4);

/** struct linger: on, no time. */
const linger = area(8);
linger.words[0] = 1;

/** Fills in the address of the socket's other side. False if it has none. */
export function peerAddress(descriptor: number, into: SocketAddress): boolean {
  answerLength.words[0] = SOCKADDR_BYTES;
  return (
    getpeername(descriptor, answer.pointer, answerLength.pointer) === 0 &&
    decodeSockaddr(answer.bytes, 0, answerLength.words[0] as number, into)
  );
}

/** Fills in the address of the socket's own side. False if it has none. */
export function localAddress(descriptor: number, into: SocketAddress): boolean {
  answerLength.words[0] = SOCKADDR_BYTES;
  return (
    getsockname(descriptor, answer.pointer, answerLength.pointer) === 0 &&
    decodeSockaddr(answer.bytes, 0, answerLength.words[0] as number, into)
  );
}

/** Makes the coming close send RST and forget what is unsent. */
export function resetOnClose(descriptor: number): void {
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, linger.pointer, 8);
}

/** The error that waits at a socket (SO_ERROR), 0 for none: how a connect has ended. */
export function socketError(descriptor: number): number {
  answerLength.words[0] = 4;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, answer.pointer, answerLength.pointer) === 0 ? (answer.words[0] as number) : errno();
}
