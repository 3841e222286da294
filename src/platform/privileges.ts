/** chroot(2) and setrlimit(2), which Node does not offer. It must not know when they are called. */

import { errnoName, errnoText } from './errno.ts';
import { area, chroot, errno, setrlimit } from './ffi.ts';

/** @throws Error if the process may not, or there is no such folder */
export function changeRoot(folder: string): void {
  if (chroot(folder) !== 0) {
    const code = errno();
    throw new Error(`cannot chroot to '${folder}': ${errnoText(code)} (${errnoName(code)})`);
  }
  process.chdir('/');
}

const RLIMIT_NOFILE = 7;

/** `ulimit-n`: open files of this process. @throws Error if the process may not have that many */
export function limitDescriptors(count: number): void {
  const limits = area(16);
  limits.words[0] = limits.words[2] = count;
  if (setrlimit(RLIMIT_NOFILE, limits.pointer) === 0) return;
  const code = errno();
  throw new Error(`cannot set the limit of open files to ${count}: ${errnoText(code)} (${errnoName(code)})`);
}
