/**
 * Where the lines of a data thread go: one sender for each destination, whoever writes to it, with blocks of its own,
 * so that a slow one holds up nobody else. It must not know what lines say.
 */
import type { Memory } from '../base/memory.ts';
import { BLOCK_SIZE } from '../base/memory.ts';
import type { LogModel, LogTargetModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { RingModel } from '../model/sections.ts';
import type { Host } from '../platform/contract.ts';
import { type LineSender, LogLines } from './lines.ts';
import { COUNT_ROOM, RingSender, type RingSettings } from './ring-sender.ts';

/** Bytes that may wait for a `tcp@` target, which has no ring section to say it. */
const IMPLICIT_RING = 1 << 18;

export interface Destination {
  readonly lines: LogLines;
  readonly sender: LineSender;
  /** Bytes that must be free before a line. */
  readonly gap: number;
}

export class Destinations {
  readonly #host: Host;
  readonly #memory: Memory;
  readonly #model: ConfigModel;
  readonly #byName = new Map<string, Destination>();
  readonly #rings: RingSender[] = [];

  constructor(host: Host, memory: Memory, model: ConfigModel) {
    this.#host = host;
    this.#memory = memory;
    this.#model = model;
  }

  /** Those of one `log` line: a ring has as many as it has servers. */
  of({ target }: LogModel): readonly Destination[] {
    const host = this.#host;
    switch (target.kind) {
      case 'descriptor':
        return [this.#known(`fd@${target.descriptor}`, (lines) => host.writer(target.descriptor, lines))];
      case 'address':
        return [this.#known(addressName(target.address), (lines) => host.datagrams(target.address, lines))];
      case 'stream':
        return ringSettings(target, this.#model).map((settings) => this.#ring(`stream ${addressName(target.address)}`, settings));
      case 'ring':
        return ringSettings(target, this.#model).map((settings, at) => this.#ring(`ring@${target.name} ${at}`, settings));
    }
  }

  #known(name: string, open: (lines: LogLines) => LineSender, most?: number, gap = 0): Destination {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const lines = new LogLines(this.#memory, most);
    const destination = { lines, sender: open(lines), gap };
    this.#byName.set(name, destination);
    return destination;
  }

  #ring(name: string, settings: RingSettings): Destination {
    const open = (lines: LogLines): RingSender => {
      const sender = new RingSender(this.#host, lines, settings);
      this.#rings.push(sender);
      return sender;
    };
    const blocks = Math.ceil(settings.size / BLOCK_SIZE) + 1;
    return this.#known(name, open, blocks, settings.countsOctets ? COUNT_ROOM : 0);
  }

  /** Lines that found no room or that a target did not take. */
  dropped(): number {
    let sum = 0;
    for (const { lines, sender } of this.#byName.values()) sum += lines.dropped + sender.dropped;
    return sum;
  }

  /** Bytes that rings have not sent yet. */
  waiting(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.waiting, 0);
  }

  close(): void {
    for (const { sender } of this.#byName.values()) sender.close();
    for (const { lines } of this.#byName.values()) lines.close();
  }
}

/** The ring of that name, if there is one. */
export function ringOf(model: ConfigModel, name: string): RingModel | null {
  return model.rings.find((ring) => ring.name === name) ?? null;
}

/** The servers of a ring; of a stream target the one that it names. */
export function ringSettings(target: LogTargetModel, model: ConfigModel): readonly RingSettings[] {
  if (target.kind === 'stream') {
    const { address } = target;
    return [{ address, size: IMPLICIT_RING, connectMs: 0, serverMs: 0, countsOctets: false }];
  }
  const ring = target.kind === 'ring' ? ringOf(model, target.name) : null;
  if (ring === null) return [];
  const { size, connectMs, serverMs } = ring;
  return ring.servers.map(({ address, countsOctets }) => {
    return { address, size, connectMs: connectMs ?? 0, serverMs: serverMs ?? 0, countsOctets };
  });
}

export function addressName({ family, ip, port, path }: { family: number; ip: Uint8Array; port: number; path: string }): string {
  return `${family} ${ip.join('.')} ${port} ${path}`;
}
