/**
 * The packets that open an MQTT connection, CONNECT and CONNACK, read in place (MQTT 3.1.1 and 5.0, chapters 2 and 3). It must not
 * know samples. What `readPacket` found stands in the module's registers until it is called again.
 */

export const PacketType = { connect: 1, connack: 2 } as const;
export type PacketTypeValue = (typeof PacketType)[keyof typeof PacketType];

/** Fields have the number of their property (MQTT 5.0 2.2.2.2), those that are none a number behind them. */
export const Field = {
  flags: 43,
  protocolName: 44,
  protocolVersion: 45,
  clientIdentifier: 46,
  willTopic: 47,
  willPayload: 48,
  username: 49,
  password: 50,
  keepalive: 51,
  reasonCode: 52,
} as const;
const FIELDS = 53;
const USER_PROPERTY = 38;

const V3 = 4;
const V5 = 5;
const WILL = 4;
const WILL_BITS = 0x3c;
const WILL_QOS = 0x18;
const HAS_PASSWORD = 0x40;
const HAS_NAME = 0x80;
const PROTOCOL = [109, 113, 116, 116];

/** How a property's value is written: its bytes as a number, or as a text behind its length. */
const TEXT = 0;
const SHAPES = new Int8Array(USER_PROPERTY + 5).fill(TEXT);
SHAPES.set([1, 4], 1);
for (const id of [17, 24, 39]) SHAPES[id] = 4;
for (const id of [19, 33, 34]) SHAPES[id] = 2;
for (const id of [23, 25, 36, 37, 40, 41, 42]) SHAPES[id] = 1;
/** Numbers that may not be 0, and those that are 0 or 1: of one byte. */
const NEVER_ZERO = [33, 39];
/** A text that is not empty. */
const ASSIGNED_IDENTIFIER = 18;
const AUTHENTICATION_METHOD = 21;
const AUTHENTICATION_DATA = 22;

/** Which properties stand where. */
export const CONNECT_PROPERTIES: readonly number[] = [17, 21, 22, 23, 25, 33, 34, 39];
export const WILL_PROPERTIES: readonly number[] = [1, 2, 3, 8, 9, 24];
export const CONNACK_PROPERTIES: readonly number[] = [17, 18, 19, 21, 22, 26, 28, 31, 33, 34, 36, 37, 39, 40, 41, 42];

/** Whether the CONNECT has a will, with properties of its own. */
export function hasWill(): boolean {
  return ((numbers[Field.flags] as number) & WILL) !== 0;
}

/** A property: a number (0 if it is not there), or a text. */
export function isNumber(field: number): boolean {
  return field <= USER_PROPERTY + 4 ? SHAPES[field] !== TEXT : !TEXTS.includes(field);
}
const TEXTS: readonly number[] = [
  Field.protocolName,
  Field.clientIdentifier,
  Field.willTopic,
  Field.willPayload,
  Field.username,
  Field.password,
];

/** Of the packet that was read: numbers, and where texts lie; end 0: there is none. */
export const numbers = new Float64Array(FIELDS);
export const starts = new Int32Array(FIELDS);
export const ends = new Int32Array(FIELDS);

/** Where reading goes on; -1: the packet is wrong. */
const cursor = { at: 0, end: 0 };

/** Whether [start, end) begins with a whole packet of either type; `incomplete`: more bytes may make it one. */
export const outcome = { type: 0, incomplete: false };

/** Reads the packet; false: it is wrong, of another type, or incomplete. */
export function readPacket(bytes: Uint8Array, start: number, end: number): boolean {
  numbers.fill(0);
  ends.fill(0);
  outcome.incomplete = end - start < 2;
  if (outcome.incomplete) return false;
  const first = bytes[start] as number;
  outcome.type = first >> 4;
  // The lower four bits are reserved in both (MQTT 5.0 2.1.3).
  if (first !== PacketType.connect << 4 && first !== PacketType.connack << 4) return false;
  cursor.at = start + 1;
  cursor.end = end;
  const length = readVariable(bytes);
  if (cursor.at < 0) return false;
  outcome.incomplete = cursor.at + length > end;
  if (outcome.incomplete) return false;
  cursor.end = cursor.at + length;
  const isRight = outcome.type === PacketType.connect ? readConnect(bytes) : readConnack(bytes, length);
  return isRight && cursor.at === cursor.end;
}

/** MQTT 5.0 3.1. */
function readConnect(bytes: Uint8Array): boolean {
  readText(bytes, Field.protocolName);
  if (cursor.at < 0 || !isProtocol(bytes)) return false;
  const version = readNumber(bytes, Field.protocolVersion, 1);
  if (version !== V3 && version !== V5) return false;
  const flags = readNumber(bytes, Field.flags, 1);
  if ((flags & 1) !== 0 || (flags & WILL_BITS) === WILL_QOS) return false;
  readNumber(bytes, Field.keepalive, 2);
  if (version === V5 && !readProperties(bytes, CONNECT_PROPERTIES)) return false;
  // Data without a method means nothing (MQTT 5.0 3.1.2.11.10).
  if (isEmpty(AUTHENTICATION_METHOD) && !isEmpty(AUTHENTICATION_DATA)) return false;
  readText(bytes, Field.clientIdentifier);
  if ((flags & WILL) !== 0) {
    if (version === V5 && !readProperties(bytes, WILL_PROPERTIES)) return false;
    readText(bytes, Field.willTopic);
    readText(bytes, Field.willPayload);
  }
  if ((flags & HAS_NAME) !== 0) readText(bytes, Field.username);
  if ((flags & HAS_PASSWORD) !== 0) readText(bytes, Field.password);
  return cursor.at >= 0;
}

/** MQTT 5.0 3.2. It does not say its version: without properties it is of the old one. */
function readConnack(bytes: Uint8Array, length: number): boolean {
  if (readNumber(bytes, Field.flags, 1) > 1) return false;
  readNumber(bytes, Field.reasonCode, 1);
  numbers[Field.protocolVersion] = length > 2 ? V5 : V3;
  return cursor.at >= 0 && (length <= 2 || readProperties(bytes, CONNACK_PROPERTIES));
}

/** Upper and lower case are the same to HAProxy. */
function isProtocol(bytes: Uint8Array): boolean {
  const start = starts[Field.protocolName] as number;
  if ((ends[Field.protocolName] as number) - start !== PROTOCOL.length) return false;
  for (let at = 0; at < PROTOCOL.length; at++) if (((bytes[start + at] as number) | 32) !== PROTOCOL[at]) return false;
  return true;
}

/** Properties behind their length: each once, but those of the user, of which nothing is kept. */
function readProperties(bytes: Uint8Array, allowed: readonly number[]): boolean {
  const length = readVariable(bytes);
  const stop = cursor.at + length;
  const { end } = cursor;
  if (cursor.at < 0 || stop > end) return false;
  cursor.end = stop;
  // One bit for each that came.
  let low = 0;
  let high = 0;
  while (cursor.at >= 0 && cursor.at < stop) {
    const id = bytes[cursor.at++] as number;
    if (id === USER_PROPERTY) {
      readText(bytes, id);
      readText(bytes, id);
      continue;
    }
    const bit = 1 << (id & 31);
    if (!allowed.includes(id) || ((id < 32 ? low : high) & bit) !== 0) return false;
    if (id < 32) low |= bit;
    else high |= bit;
    if (!readProperty(bytes, id)) return false;
  }
  cursor.end = end;
  return cursor.at === stop;
}

function readProperty(bytes: Uint8Array, id: number): boolean {
  const size = SHAPES[id] as number;
  if (size === TEXT) {
    readText(bytes, id);
    return cursor.at >= 0 && (id !== ASSIGNED_IDENTIFIER || !isEmpty(id));
  }
  const value = readNumber(bytes, id, size);
  return cursor.at >= 0 && (size > 1 || value <= 1) && (value !== 0 || !NEVER_ZERO.includes(id));
}

function isEmpty(field: number): boolean {
  return ends[field] === 0 || ends[field] === starts[field];
}

/** A number of up to four bytes into its field. */
function readNumber(bytes: Uint8Array, field: number, size: number): number {
  if (cursor.at < 0 || cursor.at + size > cursor.end) {
    cursor.at = -1;
    return 0;
  }
  let value = 0;
  for (let count = 0; count < size; count++) value = value * 256 + (bytes[cursor.at++] as number);
  numbers[field] = value;
  return value;
}

/** A text behind two bytes of its length (MQTT 5.0 1.5.4) into its field. */
function readText(bytes: Uint8Array, field: number): void {
  if (cursor.at < 0 || cursor.at + 2 > cursor.end) {
    cursor.at = -1;
    return;
  }
  const start = cursor.at + 2;
  const end = start + (((bytes[cursor.at] as number) << 8) | (bytes[cursor.at + 1] as number));
  starts[field] = start;
  ends[field] = end;
  cursor.at = end > cursor.end ? -1 : end;
}

/** Seven bits a byte, the lowest first, at most four bytes (MQTT 5.0 1.5.5). */
function readVariable(bytes: Uint8Array): number {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    if (cursor.at < 0 || cursor.at >= cursor.end) break;
    const byte = bytes[cursor.at++] as number;
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
  cursor.at = -1;
  return 0;
}
