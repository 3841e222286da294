/**
 * The thread's own event loop (libuv) beside a loop that blocks in the kernel: timers, promises and messages go on
 * although JavaScript never returns while there is traffic. It must not know what the host waits for.
 *
 * libuv keeps one epoll descriptor; the host waits on it with its own. When that is readable, a timer of libuv is due or
 * libuv has watchers that it has not yet told the kernel, the host returns to libuv from an unreferenced immediate and
 * is called back at the end of libuv's turn. A message to ourselves keeps that turn from waiting.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { uv, viewAt } from './ffi.ts';

/** Fields of uv_loop_t as 32-bit words (libuv 1, uv/unix.h): `backend_fd`, and `watcher_queue.next`. */
const LOOP_WORDS = 26;
const BACKEND_FD = 16;
const WATCHERS_BYTES = 88;
const WATCHERS = WATCHERS_BYTES >> 2;
/** libuv's clock may lag this much, ms, before it is read again: its timers are set from it. */
const CLOCK_LAG_MS = 1;
/** The longest interval setInterval takes. */
const FOR_EVER_MS = 0x7fffffff;

/** Runs the promise jobs and the `nextTick` queue: Node does it only when JavaScript returns to it. 17 ns when empty. */
const drainPromises = (process as unknown as { _tickCallback(): void })._tickCallback;

export class NodeLoop {
  /** Readable when libuv has something to do. */
  readonly descriptor: number = uv.backendFd(uv.loop);
  readonly #words = new Int32Array(viewAt(uv.loop, LOOP_WORDS * 4));
  /** Low word of the address that an empty queue of watchers holds: its own. */
  readonly #noWatchers = Number(BigInt.asIntN(32, uv.loop + BigInt(WATCHERS_BYTES)));
  /** Held while running: without a referenced handle libuv would end the thread. */
  #hold: NodeJS.Timeout | null = null;
  #self: MessagePort | null = null;
  #other: MessagePort | null = null;
  #clockRead = 0;

  /** @throws Error when this libuv is none that we know */
  open(): void {
    if (this.#words[BACKEND_FD] !== this.descriptor) throw new Error('the libuv of this Node has a layout that is not known here');
    this.#hold = setInterval(nothing, FOR_EVER_MS);
    const { port1, port2 } = new MessageChannel();
    port2.on('message', nothing);
    port2.unref();
    this.#self = port1;
    this.#other = port2;
  }

  close(): void {
    if (this.#hold !== null) clearInterval(this.#hold);
    this.#hold = null;
    this.#self?.close();
    this.#other?.close();
    this.#self = null;
    this.#other = null;
  }

  /**
   * Milliseconds until libuv needs a visit: 0 now, -1 when only its descriptor can tell.
   * @param now the host's clock
   */
  wait(now: number): number {
    if (now - this.#clockRead >= CLOCK_LAG_MS) {
      uv.updateTime(uv.loop);
      this.#clockRead = now;
    }
    if (this.#words[WATCHERS] !== this.#noWatchers) return 0;
    return uv.backendTimeout(uv.loop);
  }

  /** Runs promise jobs that handlers have left. */
  drain(): void {
    drainPromises();
  }

  /**
   * Lets libuv have a turn that does not wait and calls `task` at its end. The caller returns to Node now. (That libuv
   * said it has work is not enough: inside an immediate it says so although nothing is left.)
   */
  visit(task: () => void): void {
    // A referenced immediate keeps libuv's turn from waiting for anything; its idle handle must then not make
    // the next wait look due.
    setImmediate(() => {
      clearImmediate(setImmediate(nothing));
      task();
    });
  }
}

function nothing(): void {}
