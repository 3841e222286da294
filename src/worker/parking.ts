/**
 * Connections that a door accepted while a limit was reached: a host may deliver several before it stops accepting.
 * They wait here unread, as they would have in the kernel's queue. It must not know limits.
 */
import type { Wire, WireHandler } from '../platform/contract.ts';

/** Keeps wires in order; one that its client closes is forgotten. */
export class Parking implements WireHandler {
  readonly #wires: Wire[] = [];

  get size(): number {
    return this.#wires.length;
  }

  /** Inside the acceptor, which returns this as the wire's handler. */
  park(wire: Wire): void {
    wire.pause();
    this.#wires.push(wire);
  }

  /** Takes the one that waits longest out; it is still paused. */
  take(): Wire {
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
    if (at >= 0) this.#wires.splice(at, 1);
  }

  /** Closes all that wait. */
  clear(): void {
    for (const wire of [...this.#wires]) wire.destroy(false);
  }
}
