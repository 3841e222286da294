/**
 * Log lines of the control thread: server state changes, health checks. Few and short, so each is sent by one
 * system call at once, also while the process ends. Not for the data path.
 */
import type { SocketAddress } from '../base/address.ts';
import type { LogModel, ProxyModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { area, close, errno, send, write } from '../platform/ffi.ts';
import { lineSocket, mayTryAgain, SOCK_NONBLOCK } from '../platform/sockets.ts';
import { factsOf, inRing, targetsOf } from './build.ts';
import { ControlStream } from './control-stream.ts';
import { addressName, ringSettings } from './destinations.ts';
import { LogHeader, levelFor } from './headers.ts';
import { LogSample } from './sample.ts';

/** MSG_DONTWAIT | MSG_NOSIGNAL. */
const SEND_FLAGS = 0x40 | 0x4000;
const NEWLINE = 10;
const SPACE = 32;
const DASH = 45;
const MOST_LINE = 65536;

interface ControlTarget {
  readonly model: LogModel;
  readonly header: LogHeader;
  readonly sample: LogSample | null;
  /** -1: the socket could not be made, or there is none. */
  readonly descriptor: number;
  /** Servers of its ring. */
  readonly streams: readonly ControlStream[];
}

/** Lines are put together here; the control thread has one. */
const room = area(MOST_LINE + 1024);

/** The targets of one proxy. */
export class ControlLog {
  /** Lines that a target did not take. */
  dropped = 0;
  readonly #targets: readonly ControlTarget[];

  constructor(targets: readonly ControlTarget[]) {
    this.#targets = targets;
  }

  /** Sends a line to every target that wants its level (0 emerg … 7 debug). Characters are bytes (latin-1). */
  send(level: number, text: string): void {
    const now = Date.now();
    for (const target of this.#targets) {
      const sent = levelFor(target.model, level);
      if (sent >= 0 && (target.sample?.take() ?? true)) this.#sendTo(target, sent, text, now);
    }
  }

  #sendTo(target: ControlTarget, level: number, text: string, now: number): void {
    const { bytes, pointer } = room;
    let to = target.header.write(bytes, 0, level, now);
    if (target.header.hasStructuredData) {
      bytes[to++] = DASH;
      bytes[to++] = SPACE;
    }
    for (let at = 0; at < text.length && to < target.model.length - 1; at++) {
      const code = text.charCodeAt(at);
      bytes[to++] = code === NEWLINE ? SPACE : code;
    }
    bytes[to++] = NEWLINE;
    const { target: where } = target.model;
    if (where.kind === 'descriptor') {
      if (write(where.descriptor, pointer, to) < 0) this.dropped++;
    } else if (where.kind === 'address') {
      if (!sendDatagram(target, where.address, to)) this.dropped++;
    } else for (const stream of target.streams) if (!stream.send(bytes.subarray(0, to))) this.dropped++;
  }
}

function sendDatagram({ descriptor }: ControlTarget, address: SocketAddress, length: number): boolean {
  if (descriptor < 0) return false;
  if (send(descriptor, room.pointer, length, SEND_FLAGS) >= 0) return true;
  if (!mayTryAgain(descriptor, address, errno())) return false;
  return send(descriptor, room.pointer, length, SEND_FLAGS) >= 0;
}

export interface ControlFacts {
  readonly model: ConfigModel;
  readonly pid: number;
  readonly hostname: string;
}

/** The logs of all proxies for the control thread, with one socket per destination. */
export class ControlLogs {
  readonly #facts: ControlFacts;
  readonly #sockets = new Map<string, number>();
  readonly #streams = new Map<string, readonly ControlStream[]>();
  readonly #byProxy = new Map<ProxyModel, ControlLog>();
  #global: ControlLog | null = null;

  constructor(facts: ControlFacts) {
    this.#facts = facts;
  }

  /** The log of the global section. */
  global(): ControlLog {
    this.#global ??= new ControlLog(this.#facts.model.global.logs.map((target) => this.#target(null, target)));
    return this.#global;
  }

  /** The log of a proxy; one without targets if it has none. */
  of(proxy: ProxyModel): ControlLog {
    const known = this.#byProxy.get(proxy);
    if (known !== undefined) return known;
    const log = new ControlLog(targetsOf(proxy, this.#facts.model).map((target) => this.#target(proxy, target)));
    this.#byProxy.set(proxy, log);
    return log;
  }

  #target(proxy: ProxyModel | null, target: LogModel): ControlTarget {
    const model = inRing(target, this.#facts.model);
    const header = new LogHeader(model.format, model.facility, factsOf(proxy, model, this.#facts));
    const sample = model.sample === null ? null : new LogSample(model.sample);
    return { model, header, sample, descriptor: this.#socket(model), streams: this.#streamsOf(model) };
  }

  #streamsOf({ target }: LogModel): readonly ControlStream[] {
    if (target.kind === 'descriptor' || target.kind === 'address') return [];
    const name = target.kind === 'ring' ? `ring@${target.name}` : addressName(target.address);
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const streams = ringSettings(target, this.#facts.model).map((settings) => new ControlStream(settings));
    this.#streams.set(name, streams);
    return streams;
  }

  #socket({ target }: LogModel): number {
    if (target.kind !== 'address') return -1;
    const { address } = target;
    const name = addressName(address);
    let descriptor = this.#sockets.get(name);
    if (descriptor === undefined) {
      descriptor = Math.max(-1, lineSocket(address, SOCK_NONBLOCK));
      this.#sockets.set(name, descriptor);
    }
    return descriptor;
  }

  close(): void {
    for (const descriptor of this.#sockets.values()) if (descriptor >= 0) close(descriptor);
    this.#sockets.clear();
    for (const stream of [...this.#streams.values()].flat()) stream.close();
    this.#streams.clear();
    this.#byProxy.clear();
    this.#global = null;
  }
}
