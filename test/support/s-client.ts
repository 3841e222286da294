/** `openssl s_client` as a client of tests: what it prints of a handshake, and of an exchange. */
import { spawn } from 'node:child_process';
import { peer } from './peer.ts';
import { within } from './wait.ts';

const LIMIT_MS = 10_000;

/** Runs it against a port until it ends. @param input what it sends once the handshake is done; it ends when the peer closes */
export async function sClient(port: number, options: readonly string[], input = ''): Promise<string> {
  const words = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', ...options];
  const child = spawn(peer('openssl'), words, { stdio: ['pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => void output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => void output.push(chunk));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin.on('error', () => undefined);
  if (input === '') child.stdin.end();
  else child.stdin.write(input);
  try {
    await within(ended, 'the end of s_client', LIMIT_MS);
  } finally {
    child.kill('SIGKILL');
  }
  return Buffer.concat(output).toString('latin1');
}
