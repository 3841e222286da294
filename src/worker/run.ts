/**
 * A data thread from its first line to its last: chooses the host it was told to use, builds its state from the
 * model, accepts, and obeys messages. Loaded by entry.ts.
 */
import { flushCompileCache } from 'node:module';
import { parentPort } from 'node:worker_threads';

import { type Built, buildState } from '../build/build.ts';
import { planOf, usesTls } from '../build/plan.ts';
import { contextTuning, wireTuning } from '../build/tls-tuning.ts';
import { processClockOffsetMs } from '../control/clock.ts';
import type { BuiltLogs } from '../log/build.ts';
import type { Host } from '../platform/contract.ts';
import { mapMemory } from '../platform/mapping.ts';
import { Ended } from '../state/end.ts';
import { Shared } from '../state/shared.ts';
import type { CertificateChoice } from '../transport/certificates.ts';
import { DataThread } from './data-thread.ts';
import type { FromThread, ThreadOrder, ToThread } from './messages.ts';
import { ThreadNames } from './names.ts';
import { PortPatterns } from './patterns.ts';
import { TlsChanges } from './tls-changes.ts';

const DEFAULT_BUFFER = 16_384;
const DEFAULT_REWRITE = 1024;
const DEFAULT_HEADERS = 101;
const DEFAULT_LOG_TARGET = 1024;
/** How long rings may go on sending when a thread ends, and how often they are looked at. */
const DRAIN_MS = 1000;
const DRAIN_STEP_MS = 5;
/** How often dropped log lines are reported. */
const DROPS_EVERY_MS = 10_000;

/** Loaded while the control thread still reads the configuration: it is the host of most machines. */
const uring = process.env['HAWSER_HOST'] === 'epoll' ? null : import('../platform/uring/host.ts');

async function openHost(order: ThreadOrder): Promise<Host> {
  const memory = mapMemory(order.layout);
  const options = { memory, maxWires: order.maxWires, sharesListeners: order.threads > 1 };
  if (order.host === 'epoll') return (await import('../platform/epoll/host.ts')).createEpollHost(options);
  return (await (uring ?? import('../platform/uring/host.ts'))).createUringHost(options);
}

/** What is in use of TLS, and how it changes. */
let changes = new TlsChanges(null, () => null);

async function run(order: ThreadOrder): Promise<void> {
  const { model } = order;
  const host = await openHost(order);
  const shared = new Shared(order.shared, order.index);
  const plan = planOf(model);
  const facts = { pid: order.pid, hostname: order.hostname, clockOffsetMs: processClockOffsetMs() };
  const patterns = new PortPatterns(order.patterns);
  const names = new ThreadNames(host.memory, (question) => tell({ kind: 'name', question }));
  const built = buildState({ model, plan, shared, host, memory: host.memory, ...facts, patterns, names });
  const tls = usesTls(plan)
    ? (await import('../build/tls.ts')).buildTls(
        plan,
        host.memory,
        order.ticketKeys,
        order.index === 0,
        contextTuning(model.global),
        order.shared.sessions,
      )
    : null;
  changes = new TlsChanges(tls, (change) => built.prepareKeys(change));
  for (const server of built.state.servers) {
    const context = tls?.servers[server.index] ?? null;
    const sendsEarly = plan.servers[server.index]?.model.tls.sendsEarly === true;
    if (context !== null) server.tls = { context, name: built.serverNames.get(server) ?? null, sendsEarly };
  }
  const { tune } = model.global;
  const limits = {
    bufferSize: tune['tune.bufsize'] ?? DEFAULT_BUFFER,
    maxRewrite: tune['tune.maxrewrite'] ?? DEFAULT_REWRITE,
    maxHeaders: tune['tune.http.maxhdr'] ?? DEFAULT_HEADERS,
    logTargetBytes: tune['tune.http.logurilen'] ?? DEFAULT_LOG_TARGET,
  };
  const thread = new DataThread(host, shared, limits, built.state.servers, built.replies);
  thread.mux.tlsGround.tuning = wireTuning(model.global);
  names.resume = (stream) => thread.onNamed(stream);
  thread.mux.closeSpreadMs = model.global.closeSpreadMs ?? 0;
  thread.listeners.onEmpty = () => void leave(thread, built.logs);
  watchDrops(built.logs);
  thread.start();
  parentPort?.on('message', (message: ToThread) => obey(thread, built, tls?.listeners ?? [], names, message));
  tell({
    kind: 'ready',
    wakeDescriptor: host.wakeDescriptor,
    problems: order.index === 0 ? [...built.problems, ...(tls?.problems ?? [])] : [],
  });
}

function obey(
  thread: DataThread,
  { state, patterns }: Built,
  tls: readonly (CertificateChoice | null)[],
  names: ThreadNames,
  message: ToThread,
): void {
  switch (message.kind) {
    case 'open':
      for (const door of message.doors) {
        const frontend = state.frontends[door.frontendIndex];
        if (frontend !== undefined) thread.listeners.listen(door.descriptor, frontend, door, tls[door.listenerIndex] ?? null);
      }
      thread.streams.wakeDescriptors = message.wakeDescriptors;
      // The main thread's flush does not cover this thread's modules; before the compiler gets other flags (platform/compiler.ts).
      flushCompileCache();
      tell({ kind: 'opened' });
      return;
    case 'stop':
      thread.listeners.stop();
      tell({ kind: 'deaf' });
      return;
    case 'pause':
      thread.listeners.setPaused(message.paused);
      return;
    case 'serve':
      thread.serveAllQueues();
      return;
    case 'moved':
      thread.onMoved(message.server);
      return;
    case 'evict':
      thread.onEvict(message.server, message.why === 'up' ? Ended.serverUp : Ended.serverDown);
      return;
    case 'named':
      names.answered(message.ticket, message.address);
      return;
    case 'patterns': {
      const { name, version } = message.set;
      patterns.adopt(message.set);
      tell({ kind: 'adopted', name, version });
      return;
    }
    case 'tls':
      tell({ kind: 'tls', problem: changes.take(message.step) });
      return;
    case 'usage':
      tellUsage(thread);
      return;
  }
}

/** The last connection has ended: log lines go out, then the loop ends and with it the thread. */
async function leave(thread: DataThread, logs: BuiltLogs): Promise<void> {
  thread.backs.stop();
  await drained(logs);
  logs.close();
  await thread.host.stop();
  tellUsage(thread);
  tell({ kind: 'stopped' });
  parentPort?.close();
}

/** Lines that wait for a log server get a moment more. */
async function drained(logs: BuiltLogs): Promise<void> {
  const end = Date.now() + DRAIN_MS;
  while (logs.waiting() > 0 && Date.now() < end) await new Promise((resolve) => void setTimeout(resolve, DRAIN_STEP_MS));
}

/** Says now and then how many log lines were dropped. */
function watchDrops(logs: BuiltLogs): void {
  let told = 0;
  const look = (): void => {
    const dropped = logs.dropped();
    if (dropped > told) tell({ kind: 'dropped', lines: dropped - told });
    told = dropped;
  };
  setInterval(look, DROPS_EVERY_MS).unref();
}

function tellUsage(thread: DataThread): void {
  const usage = { ...thread.inUse(), engines: changes.engines() };
  const heapKb = Math.round(process.memoryUsage().heapUsed / 1024);
  tell({ kind: 'usage', usage, host: { ...thread.host.counters(), ...changes.held(), heapKb } });
}

function tell(message: FromThread): void {
  parentPort?.postMessage(message);
}

// A thread is made before it is known what it will do, so that its modules load meanwhile.
parentPort?.once('message', (order: ThreadOrder) => {
  run(order).catch((error: unknown) => {
    tell({ kind: 'failed', text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });
});
