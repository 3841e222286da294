/** Objects of OpenSSL as text, as its command-line tools print them. For the control thread. It must not know who asks. */
import { addressOf } from '../ffi.ts';
import * as lib from './library.ts';
import * as calls from './ocsp-calls.ts';
import type { Native } from './pem.ts';

const STEP = 4096;

/** A revocation list, as `openssl crl -text` shows it. */
export function revocationText(list: Native): string {
  return printed((bio) => calls.revocationsPrint(bio, list));
}

/** What `print` writes to a BIO. */
export function printed(print: (bio: bigint) => number): string {
  const bio = lib.bioNew(lib.bioMemory());
  const room = new Uint8Array(new ArrayBuffer(STEP));
  const parts: Buffer[] = [];
  try {
    print(bio);
    for (let count = lib.bioRead(bio, addressOf(room.buffer), STEP); count > 0; count = lib.bioRead(bio, addressOf(room.buffer), STEP))
      parts.push(Buffer.from(room.slice(0, count)));
  } finally {
    lib.bioFree(bio);
    lib.errClear();
  }
  return Buffer.concat(parts).toString('latin1');
}
