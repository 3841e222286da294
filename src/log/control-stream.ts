/**
 * A stream connection of the control thread's log to a server of a ring: connected when there is something to say, and
 * again when it was lost. What finds too many bytes waiting is dropped and counted. Not for the data path.
 */
import { connect, type Socket } from 'node:net';
import { Family, ipText } from '../base/address.ts';
import type { RingSettings } from './ring-sender.ts';

const RETRY_MS = 1000;
const DEFAULT_CONNECT_MS = 5000;

export class ControlStream {
  dropped = 0;
  readonly #settings: RingSettings;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #socket: Socket | null = null;
  #isUp = false;
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(settings: RingSettings) {
    this.#settings = settings;
  }

  /** A line with its line feed; false: it was dropped. */
  send(line: Uint8Array): boolean {
    const { countsOctets, size } = this.#settings;
    const bytes = countsOctets ? Buffer.concat([Buffer.from(`${line.length - 1} `), line.subarray(0, -1)]) : Buffer.from(line);
    const unsent = this.#bytes + (this.#socket?.writableLength ?? 0);
    if (this.#isClosed || unsent + bytes.length > size) {
      this.dropped++;
      return false;
    }
    if (this.#isUp) {
      this.#socket?.write(bytes);
      return true;
    }
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#socket === null && this.#retry === null) this.#connect();
    return true;
  }

  #connect(): void {
    const { address } = this.#settings;
    const socket = connect(address.family === Family.unix ? { path: address.path } : { host: ipText(address), port: address.port });
    this.#socket = socket;
    socket.setTimeout(this.#settings.connectMs || DEFAULT_CONNECT_MS, () => socket.destroy());
    socket.unref();
    socket.on('connect', () => this.#open(socket));
    // What became of it is said by 'close'.
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => this.#lost());
  }

  #open(socket: Socket): void {
    this.#isUp = true;
    socket.setTimeout(0);
    for (const bytes of this.#waiting) socket.write(bytes);
    this.#waiting = [];
    this.#bytes = 0;
    if (this.#isClosed) socket.end();
  }

  #lost(): void {
    this.#socket = null;
    this.#isUp = false;
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (this.#waiting.length > 0) this.#connect();
    }, RETRY_MS).unref();
  }

  /** Takes no more; what waits is still sent, if the process lives long enough. */
  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#isUp) this.#socket?.end();
  }
}
