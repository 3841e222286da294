/**
 * Connections that were accepted while a limit was reached: a host may deliver several before it stops accepting.
 * They wait here unread, as they would have in the kernel's queue. It must not know limits.
 */
import type { Wire, WireHandler } from '../platform/contract.ts';

/** Takes wires in order; one that its client closes is forgotten. */
export class Parking<D> implements WireHandler {
  readonly #wires: Wire[] = [];
  readonly #doors: D[] = [];

  get size(): number {
    return this.#wires.length;
  }

  /** `wire` waits for `door`. Inside the acceptor, which returns this as the wire's handler. */
  park(wire: Wire, door: D): void {
    wire.pause();
    this.#wires.push(wire);
    this.#doors.push(door);
  }

  /** Where the one that waits longest came in; null: nobody waits. */
  get nextDoor(): D | null {
    return this.#doors[0] ?? null;
  }

  /** Takes the one that waits longest out; it is still paused. */
  take(): Wire {
    this.#doors.shift();
    return this.#wires.shift() as Wire;
  }

  onOpen(): void {}

  onData(): boolean {
    return false;
  }

  onSent(): void {}

  onEnd(): void {}

  onClose(wire: Wire): void {
    const at = this.#wires.indexOf(wire);
    if (at < 0) return;
    this.#wires.splice(at, 1);
    this.#doors.splice(at, 1);
  }

  /** Closes all that wait. */
  clear(): void {
    for (const wire of this.#wires) wire.destroy(false);
  }
}
