/**
 * Hellos that are cut into several records (RFC 8446 5.1 allows it, hardly anybody does it): joined into one, so that whoever cuts his
 * does not go unseen. It knows no more of a hello than its length.
 */

/** What is answered instead of where the joined record ends. */
export const Joined = {
  /** The rest has not come yet. */
  more: -1,
  /** It is no hello that is cut. */
  none: -2,
} as const;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const LONGEST_RECORD = 16_384;
/** They are walked anew whenever more have come: one of a byte each time would take the time of all before it. */
const MOST_RECORDS = 256;

/**
 * Writes the hello of [start, end) as one record to [to, limit) of the same bytes, elsewhere; where it ends, or a value of Joined. A
 * hello that is longer than a record may be is none, and so is one of more than MOST_RECORDS records.
 */
export function joinHello(bytes: Uint8Array, start: number, end: number, to: number, limit: number): number {
  const most = Math.min(LONGEST_RECORD, limit - to - RECORD_HEADER);
  let length = 0;
  let wanted = MESSAGE_HEADER;
  let at = start;
  let left = MOST_RECORDS;
  // First only where each record begins: bytes are copied once, when all have come.
  for (; length < wanted; at += RECORD_HEADER + recordAt(bytes, at)) {
    if (left-- === 0) return Joined.none;
    const size = wholeRecord(bytes, at, end, length === 0);
    if (size < 0) return size;
    length += size;
    if (wanted === MESSAGE_HEADER && length >= MESSAGE_HEADER) wanted = messageLength(bytes, start);
    if (wanted > most) return Joined.none;
  }
  // One record is what the reader knows.
  if (start + RECORD_HEADER + recordAt(bytes, start) === at) return Joined.none;
  return copyRecords(bytes, start, at, to, wanted);
}

/** Bytes in the record at `at`, or a value of Joined. */
function wholeRecord(bytes: Uint8Array, at: number, end: number, isFirst: boolean): number {
  if (at < end && bytes[at] !== HANDSHAKE_RECORD) return Joined.none;
  if (at + 1 < end && bytes[at + 1] !== 3) return Joined.none;
  if (at + RECORD_HEADER > end) return Joined.more;
  const size = recordAt(bytes, at);
  if (size === 0 || size > LONGEST_RECORD) return Joined.none;
  if (isFirst && at + RECORD_HEADER < end && bytes[at + RECORD_HEADER] !== CLIENT_HELLO) return Joined.none;
  return at + RECORD_HEADER + size > end ? Joined.more : size;
}

function recordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
}

/** With its header, whose four bytes may lie in four records. */
function messageLength(bytes: Uint8Array, start: number): number {
  let length = 0;
  let record = start;
  let from = start + RECORD_HEADER;
  for (let index = 0; index < MESSAGE_HEADER; index++) {
    if (from === record + RECORD_HEADER + recordAt(bytes, record)) {
      record = from;
      from += RECORD_HEADER;
    }
    if (index > 0) length = length * 256 + (bytes[from] as number);
    from++;
  }
  return MESSAGE_HEADER + length;
}

/** The first `wanted` bytes of the records [start, end). */
function copyRecords(bytes: Uint8Array, start: number, end: number, to: number, wanted: number): number {
  bytes.copyWithin(to, start, start + 3);
  bytes[to + 3] = wanted >> 8;
  bytes[to + 4] = wanted;
  const stop = to + RECORD_HEADER + wanted;
  let out = to + RECORD_HEADER;
  for (let at = start; at < end && out < stop; at += RECORD_HEADER + recordAt(bytes, at)) {
    const size = Math.min(recordAt(bytes, at), stop - out);
    bytes.copyWithin(out, at + RECORD_HEADER, at + RECORD_HEADER + size);
    out += size;
  }
  return stop;
}
