/** Lists of signed certificate timestamps (RFC 6962 3.3). It must not know where they are shown. */

/** Lengths of the list and of each timestamp fit; signatures are not judged, as by HAProxy. */
export function isTimestampList(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength); // hot-ok: when files are read, and when certificates change
  if (bytes.length < 4 || view.getUint16(0) !== bytes.length - 2) return false;
  let at = 2;
  while (at + 2 <= bytes.length) {
    const length = view.getUint16(at);
    if (length === 0) return false;
    at += 2 + length;
  }
  return at === bytes.length;
}
