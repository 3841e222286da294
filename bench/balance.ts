/**
 * What a pick costs: nanoseconds per call of each algorithm, on farms of several sizes, and roundrobin with two threads
 * at the same state. Run: node bench/balance.ts
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { makePicker } from '../src/balance/algorithms.ts';
import { Backend, Server, Session, Stream } from '../src/state/records.ts';
import { allocateShared, ServerLive, ServerRunning, Shared, type SharedBuffers } from '../src/state/shared.ts';

const ROUNDS = 2_000_000;

function farm(
  count: number,
  weightOf: (index: number) => number,
  buffers: SharedBuffers,
  thread: number,
): { backend: Backend; shared: Shared } {
  const shared = new Shared(buffers, thread);
  const backend = new Backend('b', 0, shared);
  for (let index = 0; index < count; index++) {
    const server = new Server(`s${index}`, backend, index, shared);
    server.id = index + 1;
    shared.live[server.live + ServerLive.running] = ServerRunning.running;
    shared.live[server.live + ServerLive.weight] = weightOf(index) * 256;
    backend.servers.push(server);
  }
  return { backend, shared };
}

function buffersFor(count: number): SharedBuffers {
  return allocateShared({ frontends: 1, backends: 1, servers: count, threads: 4 });
}

function measure(algorithm: string, count: number, weightOf: (index: number) => number, buffers = buffersFor(count), thread = 0): number {
  const { backend, shared } = farm(count, weightOf, buffers, thread);
  const picker = makePicker(backend, shared, algorithm);
  const stream = new Stream();
  stream.session = new Session();
  stream.session.source.family = 4;
  const rounds = algorithm === 'leastconn' && count > 100 ? ROUNDS / 20 : ROUNDS;
  for (let n = 0; n < rounds / 10; n++) picker.pick(stream, null);
  const start = performance.now();
  for (let n = 0; n < rounds; n++) {
    stream.session.source.ip[3] = n & 255;
    picker.pick(stream, null);
  }
  return ((performance.now() - start) * 1e6) / rounds;
}

async function contended(): Promise<number> {
  const buffers = buffersFor(10);
  const run = (thread: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { buffers, thread } });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  const times = await Promise.all([run(1), run(2)]);
  return Math.max(...times);
}

if (isMainThread) {
  for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'random']) {
    const sizes = [3, 10, 100, 4095].map((count) => `${count}: ${measure(algorithm, count, (index) => (index % 3) + 1).toFixed(0)}`);
    process.stdout.write(`${algorithm.padEnd(11)} ns per pick by servers  ${sizes.join('   ')}\n`);
  }
  const start = performance.now();
  const { backend, shared } = farm(4095, (index) => (index % 256) + 1, buffersFor(4095), 0);
  makePicker(backend, shared, 'static-rr').pick(new Stream(), null);
  process.stdout.write(`static-rr, 4095 servers with weights 1-256: first pick after ${(performance.now() - start).toFixed(0)} ms\n`);
  process.stdout.write(`roundrobin, 2 threads at once: ${(await contended()).toFixed(0)} ns per pick\n`);
} else {
  const { buffers, thread } = workerData as { buffers: SharedBuffers; thread: number };
  parentPort?.postMessage(measure('roundrobin', 10, (index) => (index % 3) + 1, buffers, thread));
}
