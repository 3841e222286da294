/**
 * One check from connecting to its result. Whatever happens, `done` is called exactly once, the socket is closed by then,
 * and no timer is left.
 */
import { connect, type Socket } from 'node:net';
import { type Announcement, announce } from './announcement.ts';
import type { Probe } from './contract.ts';
import { type CheckResult, result, Status } from './status.ts';

export interface CheckTarget {
  /** An IP address, or null for a UNIX socket. */
  readonly host: string | null;
  readonly port: number;
  /** UNIX path; `\0name` for an abstract one. */
  readonly path: string;
  /** Source address, or null. */
  readonly localAddress: string | null;
  /** The PROXY header to begin with, or null. */
  readonly announcement: Announcement | null;
}

export interface CheckLimits {
  readonly connectMs: number;
  /** For the answer, from being connected; null: `connectMs` bounds the whole check. */
  readonly answerMs: number | null;
}

/** Bytes of an answer that are looked at. */
const MOST_BYTES = 65536;

export class RunningCheck {
  readonly #socket: Socket;
  readonly #probe: Probe;
  readonly #isStopped: boolean;
  readonly #announcement: Announcement | null;
  readonly #answerMs: number | null;
  #done: ((found: CheckResult) => void) | null;
  #timer: NodeJS.Timeout;
  #isConnected = false;
  #received: Buffer[] = [];
  #length = 0;

  constructor(target: CheckTarget, probe: Probe, limits: CheckLimits, isStopped: boolean, done: (found: CheckResult) => void) {
    this.#probe = probe;
    this.#isStopped = isStopped;
    this.#announcement = target.announcement;
    this.#answerMs = limits.answerMs;
    this.#done = done;
    this.#socket = open(target);
    this.#timer = this.#expireIn(limits.connectMs);
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('data', (data: Buffer) => this.#onData(data));
    this.#socket.on('end', () => this.#judge(true));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    this.#socket.on('close', () => this.#finish(result(Status.socketError)));
  }

  /** Ends it without a result. */
  cancel(): void {
    this.#done = null;
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #onConnect(): void {
    this.#isConnected = true;
    if (this.#announcement !== null) this.#socket.write(announce(this.#announcement, this.#socket));
    if (this.#probe.request === null) {
      this.#finish(result(Status.l4Ok));
      return;
    }
    if (this.#answerMs !== null) {
      clearTimeout(this.#timer);
      this.#timer = this.#expireIn(this.#answerMs);
    }
    this.#socket.write(this.#probe.request);
  }

  #onData(data: Buffer): void {
    this.#received.push(data);
    this.#length += data.length;
    this.#judge(this.#length >= MOST_BYTES);
  }

  #judge(isEnded: boolean): void {
    if (this.#done === null) return;
    const received = this.#received.length === 1 ? (this.#received[0] as Buffer) : Buffer.concat(this.#received);
    this.#received = [received];
    const found = this.#probe.judge(received, isEnded, this.#isStopped);
    if (found !== null) this.#finish(found);
    else if (isEnded) this.#finish(result(Status.l7Invalid));
  }

  #onError(error: NodeJS.ErrnoException): void {
    const info = errorText(error);
    const isSocket = this.#isConnected || error.code === 'EMFILE' || error.code === 'ENFILE' || error.code === 'EADDRNOTAVAIL';
    if (isSocket) this.#finish(result(Status.socketError, null, info));
    else this.#finish(error.code === 'ETIMEDOUT' ? result(Status.l4Timeout) : result(Status.l4Refused, null, info));
  }

  #expireIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#finish(result(this.#isConnected ? Status.l7Timeout : Status.l4Timeout)), ms);
  }

  #finish(found: CheckResult): void {
    const done = this.#done;
    if (done === null) return;
    this.#done = null;
    clearTimeout(this.#timer);
    // After a mere connect, a reset leaves no TIME-WAIT on either side; a header should arrive first.
    if (this.#isConnected && this.#probe.request === null && this.#announcement === null) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
    done(found);
  }
}

function open(target: CheckTarget): Socket {
  const { host, port, path, localAddress } = target;
  if (host === null) return connect({ path });
  return connect(localAddress === null ? { host, port, noDelay: true } : { host, port, localAddress, noDelay: true });
}

/** The C library's words, which users know from HAProxy's log. */
const ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ECONNABORTED: 'Software caused connection abort',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  EMFILE: 'Too many open files',
  ENETUNREACH: 'Network is unreachable',
  ENFILE: 'Too many open files in system',
  ENOENT: 'No such file or directory',
  EPIPE: 'Broken pipe',
  EPROTOTYPE: 'Protocol wrong type for socket',
  ETIMEDOUT: 'Connection timed out',
};

function errorText(error: NodeJS.ErrnoException): string {
  return ERRORS[error.code ?? ''] ?? error.code ?? error.message;
}
