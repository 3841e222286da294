/** TCP ports of 127.0.0.1 for programs that must be told one. What can listen on port 0 should. */
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below the kernel's range for outgoing connections, so that none of those takes a port between our look and its use. */
const FIRST = 10_000;
const LAST = 32_000;
const given = new Set<number>();
/** One file per port that a test process has been given, so that no other takes it between our look and its use. */
const CLAIMS = join(tmpdir(), 'hawser-test-ports');
process.once('exit', () => {
  for (const port of given) rmSync(join(CLAIMS, String(port)), { force: true });
});

/** A port that nobody listens on and that was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port) || !claim(port)) continue;
    given.add(port);
    if (await canListen(port)) return port;
  }
}

/** False: another process that still runs has it. */
function claim(port: number): boolean {
  mkdirSync(CLAIMS, { recursive: true });
  const path = join(CLAIMS, String(port));
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (isOwned(path)) return false;
    rmSync(path, { force: true });
    return false;
  }
}

function isOwned(path: string): boolean {
  try {
    process.kill(Number(readFileSync(path, 'latin1')), 0);
    return true;
  } catch {
    return false;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
