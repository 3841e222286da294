/** `chroot`, `user`, `group` and their numeric forms: given up once everything that needs them is open. */
import type { GlobalModel } from '../model/config.ts';
import { changeRoot } from '../platform/privileges.ts';

/** @throws Error when the process may not, or a name is unknown */
export function dropPrivileges(global: GlobalModel): void {
  if (global.chroot !== null) changeRoot(global.chroot);
  const group = global.gid ?? global.group;
  const user = global.uid ?? global.user;
  if (group !== null) process.setgid?.(group);
  if (user !== null) process.setuid?.(user);
}
