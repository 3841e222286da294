/** Questions to an open socket that every host asks alike. It must not know wires. */
import type { SocketAddress } from '../base/address.ts';
import { addressOf, errno, getpeername, getsockname, getsockopt, setsockopt } from './ffi.ts';
import { decodeSockaddr, SOCKADDR_BYTES } from './sockaddr.ts';

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;

/** The answer: an address, and behind it its length. */
const answer = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES + 8));
const answerLength = new Int32Array(answer.buffer, SOCKADDR_BYTES, 1);
const answerWord = new Int32Array(answer.buffer, 0, 1);
const answerPointer = addressOf(answer);
const lengthPointer = answerPointer + BigInt(SOCKADDR_BYTES);

/** struct linger: on, no time. */
const lingerPages = new Int32Array(new ArrayBuffer(128));
lingerPages[0] = 1;
const lingerPointer = addressOf(lingerPages);

/** Fills in the address of the socket's other side. False if it has none. */
export function peerAddress(descriptor: number, into: SocketAddress): boolean {
  answerLength[0] = SOCKADDR_BYTES;
  return getpeername(descriptor, answerPointer, lengthPointer) === 0 && decodeSockaddr(answer, 0, answerLength[0] as number, into);
}

/** Fills in the address of the socket's own side. False if it has none. */
export function localAddress(descriptor: number, into: SocketAddress): boolean {
  answerLength[0] = SOCKADDR_BYTES;
  return getsockname(descriptor, answerPointer, lengthPointer) === 0 && decodeSockaddr(answer, 0, answerLength[0] as number, into);
}

/** Makes the coming close send RST and forget what is unsent. */
export function resetOnClose(descriptor: number): void {
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, lingerPointer, 8);
}

/** The error that waits at a socket (SO_ERROR), 0 for none: how a connect has ended. */
export function socketError(descriptor: number): number {
  answerLength[0] = 4;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, answerPointer, lengthPointer) === 0 ? (answerWord[0] as number) : errno();
}
