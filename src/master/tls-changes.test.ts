/** Changes of TLS in threads that hang: a time limit, nothing half-applied, and changes work again when the thread goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { HandClock } from '../control/hand-clock.fixture.ts';
import type { TlsChange, TlsStep } from '../model/tls-change.ts';
import { TlsPublisher } from './tls-changes.ts';
import type { FromFixture, ToFixture } from './tls-steps.fixture.ts';
import { STEP_LIMIT_MS, TlsSteps } from './tls-steps.ts';

const CHANGE: TlsChange = { kind: 'unlisted', list: 'list', line: 1 };
const BAD: TlsChange = { kind: 'unlisted', list: 'bad', line: 1 };
const LIMIT = `${STEP_LIMIT_MS / 1000} s`;
const COUNT = 3;

const workers = Array.from({ length: COUNT }, () => new Worker(new URL('./tls-steps.fixture.ts', import.meta.url)));
await Promise.all(workers.map((worker) => once(worker, 'message')));
after(() => Promise.all(workers.map((worker) => worker.terminate())));

const post = (worker: Worker, message: ToFixture): void => worker.postMessage(message);

interface Made extends Disposable {
  readonly publisher: TlsPublisher;
  readonly steps: TlsSteps;
  readonly clock: HandClock;
  readonly taken: TlsChange[];
  readonly logged: string[];
  /** What each thread did in this test: + prepared, a applied, d dropped. */
  did(): readonly string[];
  /** Resolves when so many answers have come since the last call. */
  answers(count: number): Promise<void>;
}

/** @param behind called when a step has been told */
function make(behind: (step: TlsStep) => void = () => undefined): Made {
  const clock = new HandClock();
  const tell = (step: TlsStep): void => {
    for (const worker of workers) post(worker, { step });
    behind(step);
  };
  const steps = new TlsSteps(COUNT, tell, clock);
  const [taken, logged]: [TlsChange[], string[]] = [[], []];
  const did = workers.map(() => '');
  let heard = 0;
  let wake = (): void => undefined;
  const listeners = workers.map((worker, index) => {
    const listener = (message: FromFixture): void => {
      if (message.kind !== 'tls') return;
      did[index] += message.did;
      steps.answered(index, message.problem);
      heard++;
      wake();
    };
    worker.on('message', listener);
    return listener;
  });
  const answers = async (count: number): Promise<void> => {
    while (heard < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    heard -= count;
  };
  const publisher = new TlsPublisher(
    steps,
    (change) => void taken.push(change),
    (text) => void logged.push(text),
  );
  const end = (): void => workers.forEach((worker, index) => void worker.off('message', listeners[index] as () => void));
  return { publisher, steps, clock, taken, logged, did: () => did, answers, [Symbol.dispose]: end };
}

/** Tells the thread to hang until what is answered is called. */
function tellToHang(thread: number): () => void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  post(workers[thread] as Worker, { hang: cell });
  return () => {
    Atomics.store(cell, 0, 1);
    Atomics.notify(cell, 0);
  };
}

/** It hangs when this resolves. */
async function hang(thread: number): Promise<() => void> {
  const hangs = once(workers[thread] as Worker, 'message');
  const go = tellToHang(thread);
  await hangs;
  return go;
}

test('a thread that hangs ends a change in time, and says which it is; none has changed, and the next works', async () => {
  using made = make();
  const { publisher, clock, taken, did, answers, steps } = made;
  const go = await hang(1);
  const change = publisher.publish(CHANGE);
  await answers(2);
  clock.advance(STEP_LIMIT_MS - 1);
  assert.deepEqual(steps.silent, [2]);
  clock.advance(1);
  assert.equal(await change, `data thread 2 has not answered within ${LIMIT}: nothing has changed`);
  await answers(2);
  assert.deepEqual(did(), ['+d', '', '+d']);
  // Not ten seconds later: nothing is told to a thread that does not listen.
  assert.equal(await publisher.publish(CHANGE), 'data thread 2 has still not answered an earlier change: nothing has changed');
  go();
  await answers(2);
  assert.deepEqual(did(), ['+d', '+d', '+d']);
  assert.deepEqual([taken, steps.silent], [[], []]);
  assert.equal(await publisher.publish(CHANGE), null);
  assert.deepEqual(did(), ['+d+a', '+d+a', '+d+a']);
  assert.deepEqual(taken, [CHANGE]);
});

test('a thread that hangs when all have said that they can follows when it goes on, and the log says so', async () => {
  let go = (): void => undefined;
  using made = make(({ step }) => {
    if (step === 'prepare') go = tellToHang(0);
  });
  const { publisher, clock, taken, did, answers, logged } = made;
  const change = publisher.publish(CHANGE);
  await answers(5);
  assert.deepEqual(did(), ['+', '+a', '+a']);
  clock.advance(STEP_LIMIT_MS);
  assert.equal(await change, null);
  assert.deepEqual(taken, [CHANGE]);
  assert.deepEqual(logged, ['TLS: data thread 1 has not yet made a change that all others have made, and will when it goes on.']);
  go();
  await answers(1);
  assert.deepEqual(did(), ['+a', '+a', '+a']);
});

test('a late answer to an earlier step is none to a later one', async () => {
  using made = make();
  const { publisher, clock, did, answers } = made;
  const [go, goToo] = [await hang(0), await hang(2)];
  const change = publisher.publish(BAD);
  const next = publisher.publish(CHANGE);
  await answers(1);
  clock.advance(STEP_LIMIT_MS);
  assert.equal(await change, 'bad line');
  assert.equal(await next, 'data threads 1, 3 have still not answered an earlier change: nothing has changed');
  await answers(1);
  go();
  goToo();
  await answers(4);
  assert.equal(await publisher.publish(CHANGE), null);
  assert.deepEqual(did(), ['+a', '+a', '+a']);
});

test('a thread that has ended is not waited for', async () => {
  using made = make();
  const { publisher, steps, taken } = made;
  const go = await hang(2);
  const change = publisher.publish(CHANGE);
  steps.left(2);
  assert.equal(await change, null);
  assert.deepEqual(taken, [CHANGE]);
  go();
});
