/** Waiting for conditions, bounded. A test never sleeps for a time and hopes. */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';

const POLL_MS = 5;
export const WAIT_LIMIT_MS = 10_000;
const LISTENING = '0A';

/** Resolves when `condition` holds; rejects after `limitMs` with what was waited for. */
export async function until(condition: () => boolean, what: string, limitMs: number = WAIT_LIMIT_MS): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The value of `promise`, or a rejection that says what did not come within `limitMs`. */
export function within<T>(promise: Promise<T>, what: string, limitMs: number = WAIT_LIMIT_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms in vain for ${what}`)), limitMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Does anybody listen on the TCP port or UNIX path? Asked of the kernel's lists and not
 * by connecting: a connection would be counted and logged by the one under test.
 */
export function isListening(target: number | string): boolean {
  if (typeof target === 'string') return existsSync(target) && unixNames().some((name) => name === target || isRenamed(name, target));
  const port = `:${target.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6'].some((path) => listeningAddresses(path).some((address) => address.endsWith(port)));
}

/** The kernel lists those that listen first; the rest, thousands after a load test, is not read. */
function listeningAddresses(path: string): string[] {
  const file = openSync(path, 'r');
  const addresses: string[] = [];
  try {
    let text = '';
    const part = Buffer.alloc(16_384);
    for (let size = readSync(file, part); size > 0; size = readSync(file, part)) {
      text += part.toString('latin1', 0, size);
      const rows = text.split('\n');
      text = rows.pop() as string;
      for (const row of rows) {
        const [, local, , state] = row.trim().split(/\s+/);
        if (state === LISTENING) addresses.push(local as string);
        else if (local !== 'local_address') return addresses;
      }
    }
    return addresses;
  } finally {
    closeSync(file);
  }
}

function unixNames(): string[] {
  return readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .map((row) => row.split(/\s+/)[7] ?? '');
}

/** HAProxy binds to `PATH.PID.tmp` and renames the file, so that a reload leaves no gap; the kernel keeps the first name. */
function isRenamed(name: string, target: string): boolean {
  return name.startsWith(`${target}.`) && name.endsWith('.tmp');
}
