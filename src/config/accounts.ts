/** Numbers of users and groups from the system's files, as `user` and `group` need them. */
import { readFileSync } from 'node:fs';

/** @param file /etc/passwd or /etc/group: both hold the number in the third field */
export function accountId(file: string, name: string): number | null {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return null;
  }
  const line = text.split('\n').find((entry) => entry.startsWith(`${name}:`));
  const id = line?.split(':')[2];
  return id === undefined || !/^\d+$/.test(id) ? null : Number(id);
}
