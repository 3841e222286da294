/**
 * How a data thread asks for the addresses of names: a message to the control thread, and one back. Streams wait meanwhile; one
 * that has ended is found out by its ticket. It must not know name servers.
 */
import { Family, parseIp } from '../base/address.ts';
import type { Memory } from '../base/memory.ts';
import type { NameService } from '../rules/thread.ts';
import { latin1 } from '../rules/value/bytes.ts';
import { LookupState } from '../state/lookup.ts';
import type { Stream } from '../state/records.ts';
import { Wait } from '../state/settings.ts';

/** Questions of one thread that wait for their answers; beyond it names have no address. */
export const MOST_QUESTIONS = 32_768;
/** RFC 1035 2.3.4. */
const MOST_NAME = 255;

export interface NameQuestion {
  readonly ticket: number;
  readonly section: string;
  readonly name: string;
  readonly wanted: 'ipv4' | 'ipv6';
}

export class ThreadNames implements NameService {
  /** Goes on with a stream whose question is answered. */
  resume: (stream: Stream) => void = () => {};
  readonly #memory: Memory;
  readonly #tell: (question: NameQuestion) => void;
  readonly #asking = new Map<number, Stream>();
  #tickets = 0;

  constructor(memory: Memory, tell: (question: NameQuestion) => void) {
    this.#memory = memory;
    this.#tell = tell;
  }

  ask(stream: Stream, section: string, wanted: 'ipv4' | 'ipv6', start: number, end: number): boolean {
    const { lookup } = stream.overrides;
    if (lookup === null || this.#asking.size >= MOST_QUESTIONS || end - start > MOST_NAME) return false;
    lookup.ticket = ++this.#tickets;
    this.#asking.set(lookup.ticket, stream);
    this.#tell({ ticket: lookup.ticket, section, name: latin1(this.#memory.bytes.subarray(start, end)), wanted });
    return true;
  }

  /** @param address a literal; '': there is none */
  answered(ticket: number, address: string): void {
    const stream = this.#asking.get(ticket);
    this.#asking.delete(ticket);
    if (stream === undefined || stream.wait !== Wait.name) return;
    const { lookup } = stream.overrides;
    if (lookup === null || lookup.ticket !== ticket) return;
    const ip = address === '' ? null : parseIp(address);
    lookup.state = LookupState.answered;
    lookup.family = ip === null ? Family.none : ip.family === Family.inet ? Family.inet : Family.inet6;
    if (ip !== null) lookup.ip.set(ip.ip);
    this.resume(stream);
  }
}
