/** The client of a case: sends its steps on one connection and notes what came and how the connection ended. */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { End, Step } from './cases.ts';

/** Closed sooner than this after the last byte is "at once". */
const EARLY_MS = 260;
const SILENCE_LIMIT_MS = 3000;
const LIMIT_MS = 4000;

export interface Played {
  readonly received: string;
  readonly end: End;
}

class Client {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  readonly chunks: Buffer[] = [];
  lastMs = performance.now();
  sentMs = performance.now();
  endMs: number | undefined;
  isSilent = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(SILENCE_LIMIT_MS);
    socket.on('data', (bytes: Buffer) => {
      this.chunks.push(bytes);
      this.lastMs = performance.now();
    });
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.endMs ??= performance.now();
        resolve();
      };
      for (const event of ['end', 'error', 'close']) socket.on(event, end);
      socket.on('timeout', () => resolve());
    });
  }

  async send(bytes: Buffer): Promise<void> {
    const sent = new Promise<void>((resolve) => void this.socket.write(bytes, () => resolve()));
    await Promise.race([sent, this.ended]);
    this.sentMs = performance.now();
  }

  async play(step: Step): Promise<void> {
    if (step[0] === 'w') await Promise.race([this.ended, pause(step[1], undefined, { ref: false })]);
    else if (step[0] === 's') await this.send(Buffer.from(step[1], 'latin1'));
    else if (step[0] === 'r') await this.send(Buffer.from(step[1].repeat(step[2]), 'latin1'));
    else if (step[0] === 'b') await this.drip(step[1], step[2]);
    else {
      this.socket.end();
      this.sentMs = performance.now();
    }
  }

  async drip(text: string, delayMs: number): Promise<void> {
    for (const byte of Buffer.from(text, 'latin1')) {
      await this.send(Buffer.of(byte));
      await (delayMs > 0 ? pause(delayMs) : new Promise(setImmediate));
    }
  }

  result(): Played {
    const received = Buffer.concat(this.chunks).toString('latin1');
    if (this.endMs === undefined) return { received, end: 'open' };
    return { received, end: this.endMs - Math.max(this.lastMs, this.sentMs) < EARLY_MS ? 'close' : 'idle' };
  }
}

/** Plays the steps and waits for the end, a silence of 3 s, or 4 s in all. Rejects if it cannot connect. */
export async function playClient(port: number, steps: readonly Step[]): Promise<Played> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const client = new Client(socket);
  for (const step of steps) {
    if (socket.destroyed) break;
    await client.play(step);
  }
  await Promise.race([client.ended, pause(LIMIT_MS, undefined, { ref: false })]);
  const result = client.result();
  socket.destroy();
  return result;
}
