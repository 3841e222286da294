/** What a PROXY header has said about a client's connection, besides its addresses. It must not know the protocol's bytes. */

const NOTHING = new Uint8Array(0);
/** TLVs beyond these bytes are not kept: AWS, Azure and Google send some dozens. */
export const MOST_TLV_BYTES = 4096;
const LEAST_TLV_BYTES = 128;

export class Introduction {
  /** The connection must begin with a header. */
  isExpected = false;
  /** It has begun with one. */
  isReceived = false;
  /** TLVs as they came: the first `length` bytes. Grows with what has been seen on the record, up to MOST_TLV_BYTES. */
  tlvs: Uint8Array = NOTHING;
  length = 0;

  begin(isExpected: boolean): void {
    this.isExpected = isExpected;
    this.isReceived = false;
    this.length = 0;
  }

  /** Where in `tlvs` the first TLV of a type is, from `from` on; -1: there is none. */
  find(type: number, from = 0): number {
    let at = from;
    while (at < this.length && this.tlvs[at] !== type) at += 3 + this.lengthAt(at);
    return at < this.length ? at : -1;
  }

  /** Bytes of the value of the TLV at `at`, which begins at `at + 3`. */
  lengthAt(at: number): number {
    return ((this.tlvs[at + 1] as number) << 8) | (this.tlvs[at + 2] as number);
  }

  /** Keeps the whole TLVs of [start, end) that have room: all, unless somebody sends kilobytes. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    let kept = start;
    while (kept < end) {
      const next = kept + 3 + (((bytes[kept + 1] as number) << 8) | (bytes[kept + 2] as number));
      if (next - start > MOST_TLV_BYTES) break;
      kept = next;
    }
    this.length = kept - start;
    if (this.length > this.tlvs.length) this.tlvs = new Uint8Array(roomFor(this.length)); // hot-ok: records are pooled, it grows a few times
    for (let at = 0; at < this.length; at++) this.tlvs[at] = bytes[start + at] as number;
  }
}

function roomFor(length: number): number {
  let room = LEAST_TLV_BYTES;
  while (room < length) room *= 2;
  return room;
}
