/**
 * Bytes that OpenSSL reads during one call: it copies what it keeps, so that contexts made again and again leave nothing behind. It must
 * not know what they are.
 */
import { addressOf } from '../ffi.ts';

/** Smaller rooms might be moved while C reads them. */
const SMALLEST = 128;

/** Calls `use` with the address of a copy of the bytes, a zero behind them; the copy is wiped afterwards. */
export function lend<T>(bytes: Uint8Array, use: (at: bigint) => T): T {
  const room = new Uint8Array(new ArrayBuffer(Math.max(SMALLEST, bytes.length + 1)));
  room.set(bytes);
  try {
    return use(addressOf(room.buffer));
  } finally {
    room.fill(0);
  }
}

export function lendText<T>(text: string, use: (at: bigint) => T): T {
  return lend(Buffer.from(text, 'latin1'), use);
}
