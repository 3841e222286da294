/**
 * Tables and lookups over the bytes of HTTP: which bytes may stand where, the number of a known field
 * name, the number of a method. It must not know messages, framing or any protocol's syntax.
 */
import { HEADER_NAMES, Method, type MethodValue } from './message.ts';

const CODES = 256;
const CASE = 0x20;

/** Per byte: the lower-case form of a token character (RFC 9110 5.6.2), 0 for any other byte. */
export const TOKEN_LOWER = new Uint8Array(CODES);
/** Per byte: the lower-case form of a letter, any other byte itself. */
export const LOWER = new Uint8Array(CODES);
/** Per byte: 1 where HAProxy accepts it in a request target: printable ASCII but `#`. */
export const TARGET_BYTE = new Uint8Array(CODES);
/** Per byte: 1 in a protocol version: digits, dot, slash and the letters of HTTP and RTSP. */
export const VERSION_BYTE = new Uint8Array(CODES);
/** Per byte: 1 where a field value can't go on: NUL, CR, LF. */
export const VALUE_STOP = new Uint8Array(CODES);
/** Per byte: the value of a hexadecimal digit plus one, 0 for any other byte. */
export const HEX_DIGIT = new Uint8Array(CODES);

fillTables();

function fillTables(): void {
  for (let code = 0; code < CODES; code++) {
    const char = String.fromCharCode(code);
    LOWER[code] = /[A-Z]/.test(char) ? code | CASE : code;
    if (/[-!#$%&'*+.^_`|~0-9A-Za-z]/.test(char)) TOKEN_LOWER[code] = LOWER[code] as number;
    if (code > 0x20 && code < 0x7f && char !== '#') TARGET_BYTE[code] = 1;
    if (/[0-9./HTPRS]/.test(char)) VERSION_BYTE[code] = 1;
    if (code === 0 || char === '\r' || char === '\n') VALUE_STOP[code] = 1;
    if (/[0-9a-fA-F]/.test(char)) HEX_DIGIT[code] = Number.parseInt(char, 16) + 1;
  }
}

const SLOTS = 128;
const NAME_ROOM = 24;
/** Known names by hash: the id (0: none), the length, and NAME_ROOM bytes of text. */
const slotId = new Uint8Array(SLOTS);
const slotLength = new Uint8Array(SLOTS);
const slotText = new Uint8Array(SLOTS * NAME_ROOM);
/** Factors that keep the hash free of collisions; found when the module loads. */
let factorFirst = 1;
let factorLast = 1;
/** Where the search begins: the pair that fits the names of today, so that it ends at once. */
const FIRST_TRY = SLOTS + 116;
findFactors();

function slotOf(length: number, first: number, last: number): number {
  return (length * 5 + first * factorFirst + last * factorLast) & (SLOTS - 1);
}

/** Searches factors under which every known name has a slot of its own. @throws RangeError when there are none */
function findFactors(): void {
  for (let turn = 0; turn < SLOTS * SLOTS; turn++) {
    const pair = (FIRST_TRY + turn) % (SLOTS * SLOTS);
    factorFirst = Math.floor(pair / SLOTS);
    factorLast = pair % SLOTS;
    if (fillSlots()) return;
  }
  // hot-ok: when the module loads
  throw new RangeError('http/tokens.ts: no perfect hash for HEADER_NAMES; make SLOTS larger');
}

function fillSlots(): boolean {
  slotId.fill(0);
  // hot-ok: when the module loads
  for (const [name, id] of HEADER_NAMES) {
    const slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
    if (slotId[slot] !== 0 || name.length > NAME_ROOM) return false;
    slotId[slot] = id;
    slotLength[slot] = name.length;
    for (let i = 0; i < name.length; i++) slotText[slot * NAME_ROOM + i] = name.charCodeAt(i);
  }
  return true;
}

/** The HeaderId of the lower-case name bytes[start, start + length); HeaderId.other for any other name. */
export function headerIdOf(bytes: Uint8Array, start: number, length: number): number {
  if (length === 0) return 0;
  const slot = slotOf(length, bytes[start] as number, bytes[start + length - 1] as number);
  if (slotLength[slot] !== length || slotId[slot] === 0) return 0;
  const text = slot * NAME_ROOM;
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== slotText[text + i]) return 0;
  }
  return slotId[slot] as number;
}

/** Whether [start, end) is a token (RFC 9110 5.6.2): at least one byte, and only such as methods and field names have. */
export function isToken(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (TOKEN_LOWER[bytes[at] as number] === 0) return false;
  return start < end;
}

/** The Method of bytes[start, end); Method.other for a name that is not known. Methods are case sensitive (RFC 9110 9.1). */
export function methodOf(bytes: Uint8Array, start: number, end: number): MethodValue {
  switch (end - start) {
    case 3:
      if (same(bytes, start, 'GET')) return Method.get;
      return same(bytes, start, 'PUT') ? Method.put : Method.other;
    case 4:
      if (same(bytes, start, 'POST')) return Method.post;
      return same(bytes, start, 'HEAD') ? Method.head : Method.other;
    case 5:
      if (same(bytes, start, 'PATCH')) return Method.patch;
      return same(bytes, start, 'TRACE') ? Method.trace : Method.other;
    case 6:
      return same(bytes, start, 'DELETE') ? Method.delete : Method.other;
    case 7:
      if (same(bytes, start, 'OPTIONS')) return Method.options;
      return same(bytes, start, 'CONNECT') ? Method.connect : Method.other;
    default:
      return Method.other;
  }
}

function same(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[start + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether bytes[start, end) is `word` (given in lower case) in any case of letters. */
export function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    if (LOWER[bytes[start + i] as number] !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether bytes[start, end) is `word`, letter by letter. */
export function isExactly(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  return end - start === word.length && same(bytes, start, word);
}

/** Whether two ranges hold the same bytes. */
export function isSame(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = 0; i < end - start; i++) {
    if (bytes[start + i] !== bytes[otherStart + i]) return false;
  }
  return true;
}

/** Whether two ranges hold the same text, in any case of letters. */
export function sameText(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = 0; i < end - start; i++) {
    if (LOWER[bytes[start + i] as number] !== LOWER[bytes[otherStart + i] as number]) return false;
  }
  return true;
}
