/** curl as a client that was written by others. The test must say `needs('curl')`. */
import { peer } from './peer.ts';
import { run } from './program.ts';

const LIMIT_S = 10;

export interface CurlResult {
  /** curl's own exit status: 0 is good, 52 an empty reply, 56 a reset. */
  readonly status: number | null;
  /** The last response's head and body. */
  readonly head: string;
  readonly body: string;
  readonly stderr: string;
}

/** Runs `curl ARGS`, ignoring the user's settings, for at most 10 seconds. */
export async function curl(...args: string[]): Promise<CurlResult> {
  const options = ['-q', '-sS', '-i', '--noproxy', '*', '--max-time', String(LIMIT_S), ...args];
  const { status, stdout, stderr } = await run({ command: peer('curl'), args: options }, 2000 * LIMIT_S);
  const parts = /^((?:HTTP\/[\s\S]*?\r\n\r\n)+)([\s\S]*)$/.exec(stdout);
  const heads = (parts?.[1] ?? '').split(/(?<=\r\n\r\n)/);
  return { status, head: heads.at(-1) ?? '', body: parts?.[2] ?? stdout, stderr };
}
