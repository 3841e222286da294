/**
 * Values in JSON (RFC 8259) and CBOR (RFC 8949), written by a format's steps: HAProxy's `+json` and `+cbor` flags
 * (HAProxy 3.x configuration 8.2.6). CBOR texts have definite lengths; its bytes are hexadecimal digits unless `+bin`
 * is set. Control characters are escaped in JSON, so that a line stays one line. It must not know formats.
 */
import { Encoding, type TextStyle, type Writer } from './writer.ts';

const QUOTE = 34;
const COMMA = 44;
const SPACE = 32;
const BACKSLASH = 92;
const OPEN = 91;
const CLOSE = 93;
const LETTER_U = 117;
const ZERO = 48;
const WORD = 2 ** 32;

/** Major types of CBOR, in the upper three bits. */
const UNSIGNED = 0x00;
const NEGATIVE = 0x20;
const BYTES = 0x40;
const TEXT = 0x60;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
/** Of arrays and maps without a length. */
const ARRAY = 0x9f;
const MAP = 0xbf;
const BREAK = 0xff;

export const CborMark = { map: MAP, end: BREAK } as const;

/** The text [start, end). */
export function writeString(out: Writer, style: TextStyle, start: number, end: number): void {
  if (style.encoding === Encoding.cbor) writeCborBytes(out, style, TEXT, start, end);
  else writeJsonString(out, start, end);
}

/** Binary data: JSON has no such thing, the caller casts it to text before. */
export function writeBinary(out: Writer, style: TextStyle, start: number, end: number): void {
  writeCborBytes(out, style, BYTES, start, end);
}

function writeJsonString(out: Writer, start: number, end: number): void {
  const { bytes } = out;
  out.byte(QUOTE);
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= SPACE && byte !== 127) {
      if (byte === QUOTE || byte === BACKSLASH) out.byte(BACKSLASH);
      out.byte(byte);
    } else writeEscaped(out, byte);
  }
  out.byte(QUOTE);
}

/** `\u00XX` */
function writeEscaped(out: Writer, byte: number): void {
  out.byte(BACKSLASH);
  out.byte(LETTER_U);
  out.byte(ZERO);
  out.byte(ZERO);
  out.hexByte(byte);
}

/** An integer, exact up to 2^53. `asText`: in quotes (JSON), for readers whose numbers are smaller. */
export function writeInteger(out: Writer, style: TextStyle, value: number, asText: boolean): void {
  if (style.encoding === Encoding.cbor) {
    if (value >= 0) writeHead(out, style, UNSIGNED, value);
    else writeHead(out, style, NEGATIVE, -1 - value);
    return;
  }
  if (asText) out.byte(QUOTE);
  out.int(value);
  if (asText) out.byte(QUOTE);
}

export function writeBool(out: Writer, style: TextStyle, value: boolean): void {
  if (style.encoding === Encoding.cbor) cborByte(out, style, value ? TRUE : FALSE);
  else writeWord(out, value ? 'true' : 'false');
}

export function writeNull(out: Writer, style: TextStyle): void {
  if (style.encoding === Encoding.cbor) cborByte(out, style, NULL);
  else writeWord(out, 'null');
}

function writeWord(out: Writer, word: string): void {
  for (let at = 0; at < word.length; at++) out.byte(word.charCodeAt(at));
}

export function beginArray(out: Writer, style: TextStyle): void {
  if (style.encoding === Encoding.cbor) cborByte(out, style, ARRAY);
  else out.byte(OPEN);
}

/** Between two items. */
export function nextItem(out: Writer, style: TextStyle): void {
  if (style.encoding === Encoding.cbor) return;
  out.byte(COMMA);
  out.byte(SPACE);
}

export function endArray(out: Writer, style: TextStyle): void {
  if (style.encoding === Encoding.cbor) cborByte(out, style, BREAK);
  else out.byte(CLOSE);
}

/** A byte of CBOR: as it is, or two digits. */
export function cborByte(out: Writer, style: TextStyle, byte: number): void {
  if (style.binary) out.byte(byte);
  else out.hexByte(byte);
}

function writeCborBytes(out: Writer, style: TextStyle, major: number, start: number, end: number): void {
  writeHead(out, style, major, end - start);
  for (let at = start; at < end; at++) cborByte(out, style, out.bytes[at] as number);
}

/** A major type with its number, in as few bytes as hold it (RFC 8949 3). */
function writeHead(out: Writer, style: TextStyle, major: number, value: number): void {
  if (value < 24) {
    cborByte(out, style, major + value);
    return;
  }
  const size = value < 0x100 ? 1 : value < 0x1_0000 ? 2 : value < WORD ? 4 : 8;
  cborByte(out, style, major + (size === 1 ? 24 : size === 2 ? 25 : size === 4 ? 26 : 27));
  for (let at = size - 1; at >= 0; at--) {
    const word = at >= 4 ? Math.floor(value / WORD) : value % WORD;
    cborByte(out, style, (word >>> ((at & 3) * 8)) & 255);
  }
}
