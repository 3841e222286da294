/** chroot(2), which Node does not offer. It must not know when it is called. */

import { errnoName, errnoText } from './errno.ts';
import { chroot, errno } from './ffi.ts';

/** @throws Error if the process may not, or there is no such folder */
export function changeRoot(folder: string): void {
  if (chroot(folder) !== 0) {
    const code = errno();
    throw new Error(`cannot chroot to '${folder}': ${errnoText(code)} (${errnoName(code)})`);
  }
  process.chdir('/');
}
