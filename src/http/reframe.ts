/**
 * The framing of messages whose fields or status rules have changed (RFC 9112 6). How long a body is was decided when its head
 * came in; a rule can't change that, so fields that say something else go and the encoder writes the right one: else the next
 * message would begin in the wrong place. It must not know rules.
 */
import { Framing, HeaderId, type HeaderIdValue, type HeaderTable, type HttpMessage, Method } from './message.ts';

const ZERO = 48;
const LOWER = 32;
const CHUNKED = [99, 104, 117, 110, 107, 101, 100];

/** Before a request is encoded. */
export function reframeRequest(message: HttpMessage, bytes: Uint8Array): void {
  keepFraming(message, bytes);
}

/**
 * Before a response is encoded. A body that its status or the client's method forbids is not sent; where there is none and one may be, its length is 0.
 */
export function reframeResponse(message: HttpMessage, request: HttpMessage, bytes: Uint8Array): void {
  const { headers, status } = message;
  if (message.framing === Framing.tunnel) return;
  const isBare = status < 200 || status === 204;
  if (isBare || status === 304 || clientMethod(request) === Method.head) {
    // What the framing would be may be told (RFC 9110 8.6, RFC 9112 6.1).
    if (isBare || keepFirst(headers, HeaderId.contentLength) >= 0) headers.removeId(HeaderId.transferEncoding);
    if (isBare) headers.removeId(HeaderId.contentLength);
    message.framing = Framing.none;
    message.dropsBody = true;
    message.bodyEnd = message.bodyStart;
    return;
  }
  if (message.framing === Framing.none) {
    message.framing = Framing.length;
    message.contentLength = 0;
  }
  keepFraming(message, bytes);
}

/** The method that the client asked with, whatever rules made of it. */
export function clientMethod({ method, firstMethod }: HttpMessage): number {
  return firstMethod < 0 ? method : firstMethod;
}

/** Leaves at most one field of framing: one that is right. */
function keepFraming({ headers, framing, contentLength }: HttpMessage, bytes: Uint8Array): void {
  if (framing !== Framing.chunked) headers.removeId(HeaderId.transferEncoding);
  else {
    const row = keepFirst(headers, HeaderId.transferEncoding);
    if (row >= 0 && !isChunked(bytes, headers.valueStart(row), headers.valueEnd(row))) headers.remove(row);
  }
  if (framing !== Framing.length) headers.removeId(HeaderId.contentLength);
  else {
    const row = keepFirst(headers, HeaderId.contentLength);
    if (row >= 0 && !isNumber(bytes, headers.valueStart(row), headers.valueEnd(row), contentLength)) headers.remove(row);
  }
}

/** Removes all rows with the id but the first; that one, or -1. */
function keepFirst(headers: HeaderTable, id: HeaderIdValue): number {
  const first = headers.findId(id, 0);
  if (first < 0) return first;
  for (let row = headers.findId(id, first + 1); row >= 0; row = headers.findId(id, row + 1)) headers.remove(row);
  return first;
}

function isNumber(bytes: Uint8Array, start: number, end: number, wanted: number): boolean {
  let value = start < end ? 0 : -1;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  return value === wanted;
}

function isChunked(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== CHUNKED.length) return false;
  for (let i = 0; i < CHUNKED.length; i++) if (((bytes[start + i] as number) | LOWER) !== CHUNKED[i]) return false;
  return true;
}
