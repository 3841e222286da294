/**
 * The data threads as the control thread sees them: started, told what to do, awaited. It knows messages and
 * shared columns, nothing of what a thread does inside.
 */
import { Worker } from 'node:worker_threads';
import type { FromThread, OpenDoor, ThreadOrder, ToThread } from '../worker/messages.ts';

export type Usage = Extract<FromThread, { kind: 'usage' }>;

export class DataThreads {
  readonly #workers: Worker[] = [];
  readonly #exits: Promise<void>[] = [];
  readonly #lastUsage = new Map<Worker, Usage>();
  #asked: ((usage: Usage) => void)[] = [];
  /** Called when a thread dies without having been told to. */
  onDeath: ((text: string) => void) | null = null;
  #ending = false;

  /** Starts one thread per order; resolves when all accept connections. @throws Error with what failed */
  async start(orders: readonly ThreadOrder[]): Promise<void> {
    await Promise.all(orders.map((order) => this.#startOne(order)));
  }

  #startOne(order: ThreadOrder): Promise<void> {
    const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
    const script = new URL(`../worker/entry.${extension}`, import.meta.url);
    const worker = new Worker(script, { workerData: order, name: `data-${order.index + 1}` });
    this.#workers.push(worker);
    this.#exits.push(new Promise((resolve) => worker.once('exit', () => resolve())));
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'failed') reject(new Error(message.text));
        else if (message.kind === 'usage') this.#onUsage(worker, message);
      });
      worker.on('error', (error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        reject(new Error(text));
        if (!this.#ending) this.onDeath?.(text);
      });
    });
  }

  #onUsage(worker: Worker, usage: Usage): void {
    this.#lastUsage.set(worker, usage);
    this.#asked.shift()?.(usage);
  }

  /** Lets the threads accept; resolves when all do. */
  async open(doors: readonly OpenDoor[]): Promise<void> {
    const opened = this.#workers.map((worker) => heard(worker, 'opened'));
    this.tell({ kind: 'open', doors });
    await Promise.all(opened);
  }

  tell(message: ToThread): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  /** Soft stop: resolves when every thread has served its last connection. */
  async stop(): Promise<void> {
    this.#ending = true;
    this.tell({ kind: 'stop' });
    await Promise.all(this.#exits);
  }

  /** What each thread had in use when it last told: after `stop`, when it ended. */
  get lastUsages(): readonly Usage[] {
    return [...this.#lastUsage.values()];
  }

  /** Asks all threads what they have in use now. */
  async askUsage(): Promise<readonly Usage[]> {
    const answers = this.#workers.map(() => new Promise<Usage>((resolve) => this.#asked.push(resolve)));
    this.tell({ kind: 'usage' });
    return Promise.all(answers);
  }
}

/** Resolves when the worker sends a message of this kind. */
function heard(worker: Worker, kind: FromThread['kind']): Promise<void> {
  return new Promise((resolve) => {
    const listener = (message: FromThread): void => {
      if (message.kind !== kind) return;
      worker.off('message', listener);
      resolve();
    };
    worker.on('message', listener);
  });
}
