/**
 * Random bytes that nobody can guess, from the kernel (random(4)): Node's own need all of its crypto, which takes each thread 5 ms of its
 * start. It must not know what they are for.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** So many of them. At start: before the process changes its root. */
export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  const descriptor = openSync('/dev/urandom', 'r');
  try {
    for (let at = 0; at < count; ) at += readSync(descriptor, bytes, at, count - at, null);
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
