/** wrk as the load: how it is called and what it says. It must not know who answers. */
import { findPeer } from '../test/support/peer.ts';
import { run } from '../test/support/program.ts';

export interface Load {
  readonly path: string;
  readonly connections: number;
  readonly headers: readonly string[];
  readonly scheme?: 'https';
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerS: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** wrk's words about failed requests, or empty. */
  readonly errors: string;
}

const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 60e6 };
const GRACE_MS = 10_000;

/** Loads a port of 127.0.0.1 for some seconds from one thread. Throws if wrk is missing or fails. */
export async function runLoad(port: number, load: Load, seconds: number): Promise<LoadResult> {
  const command = findPeer('wrk');
  if (command === undefined) throw new Error('wrk is not installed');
  const headers = load.headers.flatMap((header) => ['-H', header]);
  // wrk takes whole seconds only.
  const args = ['-t1', `-c${load.connections}`, `-d${Math.max(1, Math.round(seconds))}s`, '--latency', ...headers];
  const { status, stdout, stderr } = await run(
    { command, args: [...args, `${load.scheme ?? 'http'}://127.0.0.1:${port}${load.path}`] },
    seconds * 1000 + GRACE_MS,
  );
  if (status !== 0) throw new Error(`wrk ended with status ${status}: ${stderr}${stdout}`);
  return parseWrk(stdout);
}

/** Reads wrk's report. */
export function parseWrk(text: string): LoadResult {
  return {
    requests: Number(found(text, /(\d+) requests in/)),
    requestsPerS: Number(found(text, /Requests\/sec:\s+([\d.]+)/)),
    p50Us: durationUs(found(text, /^\s+50%\s+(\S+)/m)),
    p99Us: durationUs(found(text, /^\s+99%\s+(\S+)/m)),
    errors: [...text.matchAll(/(?:Socket errors|Non-2xx).*/g)].map(String).join('; '),
  };
}

function found(text: string, pattern: RegExp): string {
  const value = pattern.exec(text)?.[1];
  if (value === undefined) throw new Error(`wrk's report lacks ${pattern}:\n${text}`);
  return value;
}

function durationUs(text: string): number {
  const [, value, unit] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
  return Number(value) * (UNIT_US[unit ?? ''] ?? Number.NaN);
}
