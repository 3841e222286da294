/** The answer of an LDAP server to a bind (RFC 4511 4.1.1, 4.2.2), as far as a check needs it. */

/** LDAPMessage, its number, BindResponse, its result. */
const MESSAGE = 0x30;
const INTEGER = 0x02;
const BIND_RESPONSE = 0x61;
const ENUMERATED = 0x0a;
/** Longest length that is believed (bytes). */
const MOST_LENGTH = 0xffff;

/** The result code; 'short': bytes are missing; null: it is something else. */
export function bindAnswer(bytes: Uint8Array): number | 'short' | null {
  const message = elementAt(bytes, 0, MESSAGE);
  if (typeof message !== 'object' || message === null) return message;
  const id = elementAt(bytes, message.start, INTEGER);
  if (typeof id !== 'object' || id === null) return id;
  const response = elementAt(bytes, id.end, BIND_RESPONSE);
  if (typeof response !== 'object' || response === null) return response;
  const code = elementAt(bytes, response.start, ENUMERATED);
  if (typeof code !== 'object' || code === null) return code;
  if (code.end - code.start !== 1) return null;
  return code.start < bytes.length ? (bytes[code.start] as number) : 'short';
}

/** What an element (BER, X.690 8.1) holds is [start, end). */
function elementAt(bytes: Uint8Array, at: number, tag: number): { readonly start: number; readonly end: number } | 'short' | null {
  if (at + 2 > bytes.length) return 'short';
  if (bytes[at] !== tag) return null;
  const first = bytes[at + 1] as number;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const count = first - 0x80;
  if (count === 0 || count > 4) return null;
  if (at + 2 + count > bytes.length) return 'short';
  let length = 0;
  for (let index = 0; index < count; index++) length = length * 256 + (bytes[at + 2 + index] as number);
  const start = at + 2 + count;
  return length > MOST_LENGTH ? null : { start, end: start + length };
}
