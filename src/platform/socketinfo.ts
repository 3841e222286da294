/** Questions to an open socket that every host asks alike. It must not know wires. */
import type { SocketAddress } from '../base/address.ts';
import { type ConnectOptions, TcpFigure, type TcpFigureValue, WireOption, type WireOptionValue } from './contract.ts';
import { area, errno, getpeername, getsockname, getsockopt, setsockopt } from './ffi.ts';
import { decodeSockaddr, SOCKADDR_BYTES } from './sockaddr.ts';

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const SO_MARK = 36;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_TTL = 2;
const IPPROTO_TCP = 6;
const TCP_REPAIR = 19;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_TCLASS = 67;

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

/** The number that an option is set to. */
const setting = area(4);

function set(descriptor: number, level: number, name: number, value: number): boolean {
  setting.words[0] = value;
  return setsockopt(descriptor, level, name, setting.pointer, 4) === 0;
}

/**
 * Makes the coming close a silent one: a socket under repair is forgotten without a packet; where that is not allowed, or `ttl`
 * is given, its last packets die after so many hops.
 */
export function silence(descriptor: number, ttl: number): void {
  if (descriptor < 0 || (ttl === 0 && set(descriptor, IPPROTO_TCP, TCP_REPAIR, 1))) return;
  const hops = ttl === 0 ? 1 : ttl;
  if (!set(descriptor, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops)) set(descriptor, IPPROTO_IP, IP_TTL, hops);
}

/** Sets an option of the connection's packets. False: not allowed. */
export function setWireOption(descriptor: number, option: WireOptionValue, value: number): boolean {
  if (descriptor < 0) return false;
  if (option === WireOption.mark) return set(descriptor, SOL_SOCKET, SO_MARK, value);
  return set(descriptor, IPPROTO_IPV6, IPV6_TCLASS, value) || set(descriptor, IPPROTO_IP, IP_TOS, value);
}

const TCP_INFO = 11;
const TCP_USER_TIMEOUT = 18;
/** Bytes of struct tcp_info up to tcpi_reordering. */
const TCP_INFO_BYTES = 92;
const information = area(TCP_INFO_BYTES);
/** Word of each figure in it. */
const FIGURE_WORDS: Readonly<Record<TcpFigureValue, number>> = {
  [TcpFigure.unacked]: 6,
  [TcpFigure.sacked]: 7,
  [TcpFigure.lost]: 8,
  [TcpFigure.retransmitted]: 9,
  [TcpFigure.forwardAcked]: 10,
  [TcpFigure.rttUs]: 17,
  [TcpFigure.rttVarianceUs]: 18,
  [TcpFigure.reordering]: 22,
};

/** A figure of the connection; -1: it has none. */
export function measure(descriptor: number, figure: TcpFigureValue): number {
  answerLength.words[0] = TCP_INFO_BYTES;
  if (descriptor < 0 || getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, information.pointer, answerLength.pointer) !== 0) return -1;
  return information.words[FIGURE_WORDS[figure]] as number;
}

const TCP_SAVED_SYN = 28;
/** Room for all headers that a packet can have: those of the link, 60 bytes of IPv4 or IPv6 with extensions, 60 of TCP. */
const SYN_BYTES = 1024;
const syn = area(SYN_BYTES);

/** Copies the packet that the connection began with; its length, -1: the kernel has none. It forgets it then. */
export function savedSyn(descriptor: number, into: Uint8Array, at: number, most: number): number {
  answerLength.words[0] = SYN_BYTES;
  if (descriptor < 0 || getsockopt(descriptor, IPPROTO_TCP, TCP_SAVED_SYN, syn.pointer, answerLength.pointer) !== 0) return -1;
  const length = Math.min(most, answerLength.words[0] as number);
  for (let i = 0; i < length; i++) into[at + i] = syn.bytes[i] as number;
  return length > 0 ? length : -1;
}

/** Sets what the options of a connection say, before its first packet. */
export function setPacketOptions(descriptor: number, { mark = -1, tos = -1, userTimeoutMs = 0 }: ConnectOptions): void {
  if (userTimeoutMs > 0) set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeoutMs);
  if (mark >= 0) setWireOption(descriptor, WireOption.mark, mark | 0);
  if (tos >= 0) setWireOption(descriptor, WireOption.tos, tos);
}

/** The error that waits at a socket (SO_ERROR), 0 for none: how a connect has ended. */
export function socketError(descriptor: number): number {
  answerLength.words[0] = 4;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, answer.pointer, answerLength.pointer) === 0 ? (answer.words[0] as number) : errno();
}
