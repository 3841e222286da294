/** wrk as the load: how it is called and what it says. It must not know who answers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer } from '../test/support/peer.ts';
import { run } from '../test/support/program.ts';
import { makeFolder } from '../test/support/proxy.ts';

export interface Load {
  readonly path: string;
  readonly connections: number;
  readonly headers: readonly string[];
  readonly scheme?: 'https';
  /** Requests of many lengths: up to so many bytes are added to the path, each time others. */
  readonly spread?: number;
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
  const script = load.spread === undefined ? [] : ['-s', mixedScript(load.path, load.spread)];
  const args = ['-t1', `-c${load.connections}`, `-d${Math.max(1, Math.round(seconds))}s`, '--latency', ...headers, ...script];
  const { status, stdout, stderr } = await run(
    { command, args: [...args, `${load.scheme ?? 'http'}://127.0.0.1:${port}${load.path}`] },
    seconds * 1000 + GRACE_MS,
  );
  if (status !== 0) throw new Error(`wrk ended with status ${status}: ${stderr}${stdout}`);
  return parseWrk(stdout);
}

/** Different paths that wrk goes through: a prime, so that connections do not fall into step. */
const PATHS = 257;

/** A script that makes wrk ask for PATHS paths in turns, made once at its start; their lengths are the same in every run. */
function mixedScript(path: string, spread: number): string {
  const lengths: number[] = [];
  for (let state = 1; lengths.length < PATHS; state = (state * 48_271) % 2_147_483_647) lengths.push(state % (spread + 1));
  const file = join(makeFolder(), 'mixed.lua');
  writeFileSync(
    file,
    `local lengths = { ${lengths.join(', ')} }
local requests, at = {}, 0
function init()
  for i, length in ipairs(lengths) do requests[i] = wrk.format("GET", "${path}&q=" .. string.rep("a", length)) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`,
  );
  return file;
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
