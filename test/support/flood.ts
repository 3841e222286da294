/**
 * Floods of requests and a client that meanwhile asks every few milliseconds, each on a thread of its own (flood-worker.ts), so that
 * neither waits for the other's JavaScript. They share the processors with the proxy all the same: what the probe has waited is an upper bound.
 */
import { Worker } from 'node:worker_threads';

export interface FloodOptions {
  readonly port: number;
  /** Requests. */
  readonly count: number;
  /** At once. */
  readonly connections: number;
  /**
   * `proxied`: a connection a request, that begins with a PROXY line. `kept`: connections are kept, addresses are in
   * X-Forwarded-For, and requests are written 50 at a time.
   */
  readonly form: 'proxied' | 'kept';
  readonly path?: string;
  /** Number of the first address (`floodAddress`). */
  readonly first?: number;
  /** All from the first address. */
  readonly single?: boolean;
}

export interface FloodResult {
  /** Of the answers. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Connections that ended without an answer. */
  readonly unanswered: number;
  /** `X-Told: a/b/c` of answers with 200: least and most of each number. */
  readonly least: readonly number[];
  readonly most: readonly number[];
  readonly tookMs: number;
}

export interface ProbeOptions {
  readonly port: number;
  /** Written first, as a PROXY line. */
  readonly greeting?: string;
  readonly request: string;
  readonly everyMs: number;
}

export interface ProbeResult {
  readonly statuses: Readonly<Record<number, number>>;
  /** From a request to its answer, in ascending order, ms. */
  readonly waitedMs: readonly number[];
}

export type Job = { readonly kind: 'flood'; readonly options: FloodOptions } | { readonly kind: 'probe'; readonly options: ProbeOptions };

/** The address with this number, of 16 million. */
export function floodAddress(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

function run<Result>(job: Job): { readonly worker: Worker; readonly result: Promise<Result> } {
  const worker = new Worker(new URL('./flood-worker.ts', import.meta.url), { workerData: job });
  const result = new Promise<Result>((resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (message: { result?: Result }) => {
      if (message.result !== undefined) resolve(message.result);
    });
  });
  return { worker, result };
}

/** Sends them all; resolves when each has been answered or broken off. */
export async function flood(options: FloodOptions): Promise<FloodResult> {
  return await run<FloodResult>({ kind: 'flood', options }).result;
}

/** Asks until it is stopped. Resolves when the first answer is there. */
export async function startProbe(options: ProbeOptions): Promise<{ stop(): Promise<ProbeResult> }> {
  const { worker, result } = run<ProbeResult>({ kind: 'probe', options });
  const answered = new Promise<void>((resolve) => {
    worker.on('message', (message: { begun?: true }) => {
      if (message.begun === true) resolve();
    });
  });
  await Promise.race([answered, result]);
  const stop = (): Promise<ProbeResult> => {
    worker.postMessage('stop');
    return result;
  };
  return { stop };
}

/** What `part` (0 to 1) of the sorted values are not above. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
