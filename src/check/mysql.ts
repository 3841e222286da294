/** What a check says to a MySQL server and hears from it: packets of its protocol (4.1 and before). A login without a password. */
import { result, Status } from './status.ts';
import type { Judgement } from './steps.ts';

const HEAD = 4;
const ERROR_PACKET = 0xff;
/** Of the greeting: behind the head and the version of the protocol. */
const VERSION_TEXT = HEAD + 1;
/** Of an error packet: behind the head, the kind, and the code. */
const ERROR_TEXT = HEAD + 3;

/** CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION, most bytes of a packet, utf8, 23 bytes of nothing. */
const LOGIN_41 = `\0\x82\0\0\0\x80\0\x01\x21${'\0'.repeat(23)}`;
/** CLIENT_LONG_PASSWORD off, most bytes of a packet. */
const LOGIN_OLD = '\0\x80\0\0\x01';
/** COM_QUIT in a packet of its own. */
const QUIT = '\x01\0\0\0\x01';

/** Login and farewell in one go, latin-1. @param isOld servers before 4.1 */
export function quickLogin(user: string, isOld: boolean): string {
  const body = `${isOld ? LOGIN_OLD : LOGIN_41}${user}\0\0`;
  return `${String.fromCharCode(body.length & 255, body.length >> 8)}\0\x01${body}${QUIT}`;
}

interface Packet {
  readonly start: number;
  readonly end: number;
}

/** The packet at `at`; null: more is needed; a verdict: it is an error, or cut off. */
function packetAt(received: Buffer, at: number, isEnded: boolean): Packet | Judgement | null {
  const short = isEnded ? { isGood: false, result: result(Status.l7Invalid) } : null;
  if (received.length < at + HEAD) return short;
  const end = at + HEAD + received.readUIntLE(at, 3);
  if (received.length < end) return short;
  if (end === at + HEAD) return { isGood: false, result: result(Status.l7Invalid) };
  if (received[at + HEAD] !== ERROR_PACKET) return { start: at, end };
  const code = end >= at + ERROR_TEXT ? received.readUInt16LE(at + HEAD + 1) : 0;
  return { isGood: false, result: result(Status.l7Wrong, code, received.toString('latin1', Math.min(end, at + ERROR_TEXT), end)) };
}

/** The server's first packet: it tells its version. */
export function greeting(received: Buffer, isEnded: boolean): Judgement | null {
  const packet = packetAt(received, 0, isEnded);
  return packet === null || 'isGood' in packet ? packet : welcome(received, packet);
}

/** The greeting, and what it says to the login. */
export function authentication(received: Buffer, isEnded: boolean): Judgement | null {
  const first = packetAt(received, 0, isEnded);
  if (first === null || 'isGood' in first) return first;
  const second = packetAt(received, first.end, isEnded);
  return second === null || 'isGood' in second ? second : welcome(received, first);
}

function welcome(received: Buffer, { start, end }: Packet): Judgement {
  const version = received.toString('latin1', start + VERSION_TEXT, end).split('\0', 1)[0] as string;
  return { isGood: true, result: result(Status.l7Ok, 0, version) };
}
