/** Lines of the converter `debug` on their way to a descriptor or a ring. It must not know what they say. */
import { BLOCK_SIZE, type Memory } from '../base/memory.ts';
import type { LogModel, LogTargetModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { DebugSink } from '../rules/debug-sinks.ts';
import type { Clock } from '../rules/thread.ts';
import type { Destination, Destinations } from './destinations.ts';
import { type HeaderFacts, LogHeader } from './headers.ts';

const NEWLINE = 10;
const DEBUG_LEVEL = 7;
const DEFAULT_LENGTH = 1024;
/** `buf0` could be shown by the runtime API only; until then its lines go where a person sees them. */
const DESCRIPTORS: Readonly<Record<string, number>> = { stdout: 1, stderr: 2, buf0: 2 };

/** The `log` line that a destination of `debug` amounts to: bare lines, or as the ring has them. */
export function debugModel(name: string, { rings }: ConfigModel): LogModel {
  const ring = rings.find((one) => one.name === name);
  const descriptor = DESCRIPTORS[name];
  const target: LogTargetModel = ring === undefined ? { kind: 'descriptor', descriptor: descriptor ?? 2 } : { kind: 'ring', name };
  const at = ring?.at ?? { file: '', line: 0, column: 0 };
  const format = ring?.format ?? 'raw';
  const length = ring?.maxlen ?? DEFAULT_LENGTH;
  return { target, text: name, format, facility: 0, maxLevel: 7, minLevel: 0, length, sample: null, profile: null, at };
}

export class DebugTarget implements DebugSink {
  readonly #memory: Memory;
  readonly #destinations: readonly Destination[];
  readonly #header: LogHeader;
  readonly #length: number;
  readonly #clock: Clock;

  constructor(model: LogModel, destinations: Destinations, facts: HeaderFacts, memory: Memory, clock: Clock) {
    this.#memory = memory;
    this.#destinations = destinations.of(model);
    this.#header = new LogHeader(model.format, model.facility, facts);
    this.#length = Math.min(model.length, BLOCK_SIZE - this.#header.most - 16);
    this.#clock = clock;
  }

  write(start: number, end: number): void {
    const { bytes } = this.#memory;
    const header = this.#header;
    const wallMs = this.#clock.wallClock();
    for (let i = 0; i < this.#destinations.length; i++) {
      const { lines, sender, gap } = this.#destinations[i] as Destination;
      const place = lines.open(gap + this.#length + header.most + 2);
      if (place < 0) continue;
      const from = place + gap;
      const text = header.write(bytes, from, DEBUG_LEVEL, wallMs);
      const room = Math.max(0, from + this.#length - 1 - text);
      const stop = text + Math.min(room, end - start);
      bytes.copyWithin(text, start, start + stop - text);
      bytes[stop] = NEWLINE;
      lines.send(sender, from, stop + 1);
    }
  }
}
