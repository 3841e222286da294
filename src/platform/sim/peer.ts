/**
 * A scripted other side for tests: it writes what it is told, keeps what it gets, reads only as far as it is told. It
 * uses no blocks. It must not know wires.
 */
import type { End, Side } from './link.ts';

export class SimPeer implements End {
  /** Everything that arrived. */
  received: number[] = [];
  /** The other side has half-closed. */
  ended = false;
  /** The connection was reset. */
  broken = false;
  /** Called after everything that happens. */
  onEvent: (() => void) | null = null;
  /** False: it reads nothing, so the sender meets back-pressure. */
  reading = true;
  readonly #side: Side;
  #waiting: Uint8Array = new Uint8Array(0);
  #finishing = false;

  constructor(side: Side) {
    this.#side = side;
    side.attach(this);
  }

  /** What arrived, as latin-1 text. */
  get text(): string {
    return this.received.map((byte) => String.fromCharCode(byte)).join('');
  }

  /** Sends bytes, or text as latin-1; what finds no room waits. */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Uint8Array.from(data, (sign) => sign.charCodeAt(0)) : data;
    const joined = new Uint8Array(this.#waiting.length + bytes.length);
    joined.set(this.#waiting);
    joined.set(bytes, this.#waiting.length);
    this.#waiting = joined;
    this.onRoom();
  }

  /** Half-closes after what was written. */
  end(): void {
    this.#finishing = true;
    this.onRoom();
  }

  reset(): void {
    this.#side.close(true);
  }

  /** Closes both directions, as a process that ends does. */
  close(): void {
    this.#side.close(false);
  }

  /** Reads again what waited. */
  read(): void {
    this.reading = true;
    this.onArrival();
  }

  onArrival(): void {
    const { input } = this.#side;
    if (this.reading && input.size > 0) {
      const bytes = new Uint8Array(input.size);
      const count = input.read(bytes, 0, bytes.length);
      for (let at = 0; at < count; at++) this.received.push(bytes[at] as number);
    }
    if (input.ended) this.ended = true;
    if (this.#side.broken) this.broken = true;
    this.onEvent?.();
  }

  onRoom(): void {
    const { output } = this.#side;
    const count = Math.min(this.#waiting.length, output.room);
    if (count > 0) {
      this.#side.write(this.#waiting.subarray(0, count));
      this.#waiting = this.#waiting.slice(count);
    }
    if (this.#finishing && this.#waiting.length === 0) output.end();
  }
}
