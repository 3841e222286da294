/**
 * A connection in memory: two directions, each a line of bytes with a limit, as a kernel's socket buffers are. Bytes
 * arrive later, in order, in pieces of any size. It must not know what stands at its ends.
 */
import type { World } from './world.ts';

/** Bytes that may be under way in one direction: what the two kernels' buffers would hold. */
const WINDOW = 200_000;
/** The longest delay of a piece, ms. */
const DELAY_MS = 3;

/** What stands at an end of a link. */
export interface End {
  /** There is something to read, an end or a break. */
  onArrival(): void;
  /** There is room to send again. */
  onRoom(): void;
}

/** One direction. */
export class Direction {
  reader: End | null = null;
  writer: End | null = null;
  /** Pieces that have arrived, the first partly read. */
  readonly #arrived: Uint8Array[] = [];
  readonly #world: World;
  #size = 0;
  #underWay = 0;
  #endSent = false;
  /** The writer's end has arrived; it counts once all before it is read. */
  #ended = false;
  /** When the latest piece arrives: none overtakes it. */
  #latest = 0;
  /** The reader has gone: bytes vanish, and the writer is told. */
  dead = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Bytes that can be read. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that can be written now. */
  get room(): number {
    return Math.max(0, WINDOW - this.#size - this.#underWay);
  }

  /** All was read and no more comes. */
  get ended(): boolean {
    return this.#ended && this.#size === 0;
  }

  /** Sends a copy of the bytes. */
  write(bytes: Uint8Array): void {
    if (this.dead || this.#endSent) return;
    const piece = bytes.slice();
    this.#underWay += piece.length;
    this.#arrive(() => {
      this.#underWay -= piece.length;
      if (this.dead) return;
      this.#arrived.push(piece);
      this.#size += piece.length;
    });
  }

  /** No more follows. */
  end(): void {
    if (this.#endSent) return;
    this.#endSent = true;
    this.#arrive(() => {
      this.#ended = true;
    });
  }

  /** Reads at most `limit` bytes into `target`; returns how many. */
  read(target: Uint8Array, at: number, limit: number): number {
    let done = 0;
    while (done < limit) {
      const piece = this.#arrived[0];
      if (piece === undefined) break;
      const count = Math.min(piece.length, limit - done);
      target.set(piece.subarray(0, count), at + done);
      done += count;
      if (count === piece.length) this.#arrived.shift();
      else this.#arrived[0] = piece.subarray(count);
    }
    this.#size -= done;
    if (done > 0) this.#world.after(this.#world.random(DELAY_MS), () => this.writer?.onRoom());
    return done;
  }

  /** The reader is gone: what is under way is lost. */
  kill(): void {
    this.dead = true;
    this.#arrived.length = 0;
    this.#size = 0;
  }

  #arrive(effect: () => void): void {
    const { now } = this.#world;
    this.#latest = Math.max(this.#latest, now + this.#world.random(DELAY_MS * 4) / 4);
    this.#world.after(this.#latest - now, () => {
      effect();
      this.reader?.onArrival();
    });
  }
}

/** One side of a link: the direction it reads from and the one it writes to. */
export class Side {
  readonly input: Direction;
  readonly output: Direction;
  /** The connection is broken: both sides see a reset. */
  broken = false;
  other: Side | null = null;
  end: End | null = null;
  readonly #world: World;

  constructor(world: World, input: Direction, output: Direction) {
    this.#world = world;
    this.input = input;
    this.output = output;
  }

  attach(end: End): void {
    this.end = end;
    this.input.reader = end;
    this.output.writer = end;
  }

  /** Sends a copy of the bytes; to one that has closed, the answer is a reset. The caller has looked at `output.room`. */
  write(bytes: Uint8Array): void {
    if (this.output.dead) this.other?.breakOther();
    else this.output.write(bytes);
  }

  /**
   * This side closes. Unread bytes, or `reset`, make it a reset for the other; else it is an end, and whatever the other
   * still sends is answered with a reset.
   */
  close(reset: boolean): void {
    this.end = null;
    this.input.reader = null;
    this.output.writer = null;
    const unread = this.input.size > 0;
    this.input.kill();
    if (reset || unread) this.breakOther();
    else this.output.end();
  }

  /** This side is forgotten: the other learns nothing of it, until it sends. */
  vanish(): void {
    this.end = null;
    this.input.reader = null;
    this.output.writer = null;
    this.input.kill();
  }

  /** The other side learns of a reset. */
  breakOther(): void {
    const { other } = this;
    if (other === null || other.broken) return;
    this.#world.after(this.#world.random(DELAY_MS), () => {
      other.broken = true;
      other.end?.onArrival();
    });
  }
}

/** Two sides joined. */
export function makeLink(world: World): [Side, Side] {
  const there = new Direction(world);
  const back = new Direction(world);
  const near = new Side(world, back, there);
  const far = new Side(world, there, back);
  near.other = far;
  far.other = near;
  return [near, far];
}
