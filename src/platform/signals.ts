/**
 * What Node cannot do with signals: take SIGUSR1, and die by one that was handled. Main thread only.
 * It must not know what a signal means to the proxy.
 *
 * Node keeps SIGUSR1 for its inspector, which must never open. Started with --disable-sigusr1 it leaves the signal blocked;
 * libuv's own handle gets it here once it is unblocked.
 */
import { constants } from 'node:os';
import { area, callback, getpid, kill, sigaddset, sigemptyset, signal, threadSignalMask, uv } from './ffi.ts';

/** SIG_DFL. */
const DEFAULT_DISPOSITION = 0n;
/** UV_SIGNAL of uv_handle_type in libuv 1. */
const UV_SIGNAL = 16;
const SIG_UNBLOCK = 1;
/** Bytes of a sigset_t. */
const SET_BYTES = 128;

/** What SIGUSR1 does. */
let taken: (() => void) | null = null;

/**
 * Calls `task` for every SIGUSR1 from now on, from the main thread's event loop; a later call replaces the task.
 * @throws Error when the process was not started with --disable-sigusr1: the signal would open Node's inspector
 */
export function takeSigusr1(task: () => void): void {
  const first = taken === null;
  taken = task;
  if (!first) return;
  if (![...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ').includes('--disable-sigusr1')) {
    throw new Error('SIGUSR1 belongs to the inspector of Node: start it with --disable-sigusr1');
  }
  const handle = area(Number(uv.handleSize(UV_SIGNAL)));
  uv.signalInit(uv.loop, handle.pointer);
  if (uv.signalStart(handle.pointer, callback(runTaken), constants.signals.SIGUSR1) !== 0) throw new Error('SIGUSR1 cannot be taken');
  uv.unref(handle.pointer);
  unblock(constants.signals.SIGUSR1);
}

/** Ends the process by this signal, as if nobody had ever handled it: whoever waits for us sees it. */
export function dieBySignal(number: number): void {
  signal(number, DEFAULT_DISPOSITION);
  unblock(number);
  kill(getpid(), number);
}

function runTaken(): void {
  taken?.();
}

function unblock(number: number): void {
  const set = area(SET_BYTES);
  sigemptyset(set.pointer);
  sigaddset(set.pointer, number);
  threadSignalMask(SIG_UNBLOCK, set.pointer, 0n);
}
