/**
 * The data threads as the control thread sees them: started, told what to do, awaited. It knows messages and
 * shared columns, nothing of what a thread does inside.
 */
import { MessageChannel, SHARE_ENV, Worker } from 'node:worker_threads';
import type { BuildProblem } from '../model/problem.ts';
import type { PatternRequest } from '../rules/patterns/store.ts';
import type { FromThread, OpenDoor, PatternAnswer, PatternDoor, ThreadOrder, ToThread } from '../worker/messages.ts';
import type { NameQuestion } from '../worker/names.ts';
import { TlsSteps } from './tls-steps.ts';

export type Usage = Extract<FromThread, { kind: 'usage' }>;
type Ready = Extract<FromThread, { kind: 'ready' }>;

/** Answers a thread that asks for a pattern file; never rejects. */
type OpenPatterns = (request: PatternRequest) => Promise<PatternAnswer>;

/** Without what `start` adds. */
export type Order = Omit<ThreadOrder, 'patterns'>;

export class DataThreads {
  readonly #workers: Worker[] = [];
  readonly #exits: Promise<void>[] = [];
  readonly #lastUsage = new Map<Worker, Usage>();
  #asked: ((usage: Usage) => void)[] = [];
  /** Called when a thread dies without having been told to. */
  onDeath: ((text: string) => void) | null = null;
  /** Log lines that targets did not take, as far as it was told. */
  droppedLogs = 0;
  onDropped: ((lines: number) => void) | null = null;
  /** Called when a thread sees a version of a set of patterns. */
  onAdopted: ((name: string, version: number) => void) | null = null;
  /** Called with a question of a thread: answer with `named`, to that thread. */
  onName: ((question: NameQuestion, answer: (address: string) => void) => void) | null = null;
  /** Gives steps of changes of TLS to all threads: good for nothing before `start`. */
  tlsSteps = new TlsSteps(0, () => undefined);
  #ending = false;
  #started = false;
  #wakeDescriptors: readonly number[] = [];

  /** Makes threads that load their modules and wait for their orders. */
  prepare(count: number): void {
    while (this.#workers.length < count) this.#make(this.#workers.length);
  }

  #make(index: number): void {
    const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
    const script = new URL(`../worker/entry.${extension}`, import.meta.url);
    const worker = new Worker(script, { name: `data-${index + 1}`, env: SHARE_ENV });
    this.#workers.push(worker);
    this.#exits.push(new Promise((resolve) => worker.once('exit', () => resolve())));
    worker.on('error', (error: unknown) => {
      if (!this.#ending) this.onDeath?.(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
  }

  /**
   * Gives each thread its order; resolves when all are ready to accept, with what they can't build.
   * @throws Error with what failed
   */
  async start(orders: readonly Order[], patterns: OpenPatterns): Promise<readonly BuildProblem[]> {
    this.prepare(orders.length);
    for (const surplus of this.#workers.splice(orders.length)) void surplus.terminate();
    this.#exits.length = orders.length;
    const ready = await Promise.all(orders.map((order) => this.#startOne(order, patterns)));
    this.tlsSteps = new TlsSteps(orders.length, (step) => this.tell({ kind: 'tls', step }));
    for (const [index, exit] of this.#exits.entries()) void exit.then(() => this.tlsSteps.left(index));
    this.#wakeDescriptors = ready.map(({ wakeDescriptor }) => wakeDescriptor);
    this.#started = true;
    return ready.flatMap(({ problems }) => problems);
  }

  #startOne(order: Order, patterns: OpenPatterns): Promise<Ready> {
    const worker = this.#workers[order.index] as Worker;
    const door = openPatternDoor(patterns);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.kind === 'ready') resolve(message);
        else if (message.kind === 'failed') reject(new Error(message.text));
        else if (message.kind === 'usage') this.#onUsage(worker, message);
        else if (message.kind === 'tls') this.tlsSteps.answered(order.index, message.problem);
        else if (message.kind === 'adopted') this.onAdopted?.(message.name, message.version);
        else if (message.kind === 'name') this.#onName(worker, message.question);
        else if (message.kind === 'dropped') this.#onDropped(message.lines);
      });
      worker.once('error', reject);
      worker.postMessage({ ...order, patterns: door } satisfies ThreadOrder, [door.port]);
    });
  }

  #onName(worker: Worker, question: NameQuestion): void {
    const { ticket } = question;
    this.onName?.(question, (address) => worker.postMessage({ kind: 'named', ticket, address } satisfies ToThread));
  }

  #onDropped(lines: number): void {
    this.droppedLogs += lines;
    this.onDropped?.(lines);
  }

  #onUsage(worker: Worker, usage: Usage): void {
    this.#lastUsage.set(worker, usage);
    this.#asked.shift()?.(usage);
  }

  /** Lets the threads accept; resolves when all do. */
  async open(doors: readonly OpenDoor[]): Promise<void> {
    const opened = this.#workers.map((worker) => heard(worker, 'opened'));
    this.tell({ kind: 'open', doors, wakeDescriptors: this.#wakeDescriptors });
    await Promise.all(opened);
  }

  /** Before `start` nobody listens: what happens then is in the orders. */
  tell(message: ToThread): void {
    if (!this.#started) return;
    for (const worker of this.#workers) worker.postMessage(message);
  }

  /** Soft stop: calls `whenDeaf` when none accepts any more, resolves when every thread has served its last connection. */
  async stop(whenDeaf: () => void): Promise<void> {
    this.#ending = true;
    const deaf = this.#workers.map((worker, index) => Promise.race([heard(worker, 'deaf'), this.#exits[index]]));
    this.tell({ kind: 'stop' });
    if (this.#started) await Promise.all(deaf);
    whenDeaf();
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

/** Answers a thread that asks for pattern files; it waits for each answer. */
function openPatternDoor(open: OpenPatterns): PatternDoor {
  const { port1, port2 } = new MessageChannel();
  const turn = new SharedArrayBuffer(4);
  const cell = new Int32Array(turn);
  port1.on('message', (request: PatternRequest) => {
    void open(request).then((answer) => {
      port1.postMessage(answer);
      Atomics.add(cell, 0, 1);
      Atomics.notify(cell, 0);
    });
  });
  port1.unref();
  return { port: port2, turn };
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
