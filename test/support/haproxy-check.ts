/** What `haproxy -c` says about files, several processes at a time. The test must name haproxy in needs(). */
import { execFile } from 'node:child_process';
import { peer } from './peer.ts';

/** HAProxy processes at a time. */
const MOST_PROCESSES = 4;

export interface HaproxyVerdict {
  readonly accepts: boolean;
  readonly stderr: string;
}

/** The process sees no other environment. */
export function haproxyCheck(file: string, environment: Readonly<Record<string, string>> = {}): Promise<HaproxyVerdict> {
  const env = { PATH: process.env['PATH'] ?? '', ...environment };
  const { promise, resolve } = Promise.withResolvers<HaproxyVerdict>();
  const child = execFile(peer('haproxy'), ['-c', '-f', file], { env, encoding: 'latin1' }, (_error, _stdout, stderr) => {
    // 2: valid, but nothing to listen on.
    resolve({ accepts: child.exitCode === 0 || child.exitCode === 2, stderr });
  });
  return promise;
}

/** Runs `work` once for each of `items`, so many at a time as there may be processes. */
export async function eachInParallel<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: MOST_PROCESSES }, worker));
}
