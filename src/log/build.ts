/**
 * The logs of a data thread from the model: senders (one per destination), headers, formats, a renderer per
 * frontend. It must not know how problems are shown.
 */
import type { Memory } from '../base/memory.ts';
import type { LogModel, ProxyModel, TextModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { Position } from '../model/position.ts';
import type { Host } from '../platform/contract.ts';
import type { Compiler } from '../rules/compiler.ts';
import type { TextFormat } from '../rules/define.ts';
import { notSupported } from '../rules/error.ts';
import { Place } from '../rules/place.ts';
import type { Frontend } from '../state/records.ts';
import { FrontendLog, type LogTarget } from './frontend.ts';
import { type HeaderFacts, LogHeader } from './headers.ts';
import { type LineSender, LogLines } from './lines.ts';
import { presetFormat } from './presets.ts';

export interface LoggedFrontend {
  readonly proxy: ProxyModel;
  readonly frontend: Frontend;
  /** Its rules must have been compiled: they may declare captures. */
  readonly compiler: Compiler;
}

export interface LogParts {
  readonly model: ConfigModel;
  readonly frontends: readonly LoggedFrontend[];
  readonly memory: Memory;
  /** null: formats are checked, nothing is opened. */
  readonly host: Host | null;
  readonly pid: number;
  readonly hostname: string;
  readonly report: (at: Position, error: unknown) => void;
}

export interface BuiltLogs {
  /** Lines that found no room or that a target did not take. */
  dropped(): number;
  close(): void;
}

/** Gives every frontend with a log target its renderer. */
export function buildLogs(parts: LogParts): BuiltLogs {
  const { host } = parts;
  const lines = host === null ? null : new LogLines(parts.memory);
  const senders = new Senders(host, lines);
  for (const logged of parts.frontends) {
    const formats = attempt(logged.proxy.at, parts, () => compileFormats(logged, parts));
    const models = targetsOf(logged.proxy, parts.model);
    if (formats === null || lines === null || models.length === 0) continue;
    const facts = factsOf(logged.proxy, parts);
    const targets = models.map((model): LogTarget => {
      return { model, header: new LogHeader(model.format, model.facility, facts), sender: senders.get(model) };
    });
    const { frontend, compiler, proxy } = logged;
    const separatesErrors = proxy.options['log-separate-errors'] === true;
    frontend.log = new FrontendLog({ frontend, targets, ...formats, lines, clock: compiler.thread.clock, separatesErrors });
  }
  return {
    dropped: () => (lines === null ? 0 : lines.dropped) + senders.dropped(),
    close: () => {
      senders.close();
      lines?.close();
    },
  };
}

/** `log global` and the lines of the proxy itself. */
export function targetsOf(proxy: ProxyModel, model: ConfigModel): readonly LogModel[] {
  return proxy.logGlobal ? [...model.global.logs, ...proxy.logs] : proxy.logs;
}

/** Tag, pid and host name of a proxy's lines. */
export function factsOf(
  proxy: ProxyModel,
  parts: { readonly model: ConfigModel; readonly pid: number; readonly hostname: string },
): HeaderFacts {
  const { global } = parts.model;
  const asked = global.logSendHostname;
  return {
    tag: proxy.logTag ?? global.logTag ?? 'haproxy',
    pid: parts.pid,
    hostname: asked === '' ? parts.hostname : asked,
  };
}

function compileFormats(
  { proxy, compiler }: LoggedFrontend,
  parts: LogParts,
): { format: TextFormat; errorFormat: TextFormat | null } | null {
  const format = formatText(proxy);
  const compiled = attempt(format.at, parts, () => compiler.format(format.text, 'log', Place.log));
  const error = proxy.errorLogFormat;
  const errorFormat = error === null ? null : attempt(error.at, parts, () => compiler.format(error.text, 'log', Place.log));
  return compiled === null ? null : { format: compiled, errorFormat };
}

function formatText(proxy: ProxyModel): TextModel {
  if (proxy.logFormat !== null) return proxy.logFormat;
  const text = presetFormat(proxy.logPreset ?? 'default', proxy.mode === 'http');
  if (text === null) throw notSupported(`'option ${proxy.logPreset}'`);
  return { text, at: proxy.at };
}

function attempt<T>(at: Position, parts: LogParts, task: () => T): T | null {
  try {
    return task();
  } catch (error) {
    parts.report(at, error);
    return null;
  }
}

/** One sender per destination, whoever writes to it. */
class Senders {
  readonly #host: Host | null;
  readonly #lines: LogLines | null;
  readonly #byName = new Map<string, LineSender>();

  constructor(host: Host | null, lines: LogLines | null) {
    this.#host = host;
    this.#lines = lines;
  }

  get(model: LogModel): LineSender {
    const { target } = model;
    const name = target.kind === 'descriptor' ? `fd@${target.descriptor}` : addressName(target.address);
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const host = this.#host as Host;
    const lines = this.#lines as LogLines;
    const sender = target.kind === 'descriptor' ? host.writer(target.descriptor, lines) : host.datagrams(target.address, lines);
    this.#byName.set(name, sender);
    return sender;
  }

  dropped(): number {
    let sum = 0;
    for (const sender of this.#byName.values()) sum += sender.dropped;
    return sum;
  }

  close(): void {
    for (const sender of this.#byName.values()) sender.close();
  }
}

function addressName({ family, ip, port, path }: { family: number; ip: Uint8Array; port: number; path: string }): string {
  return `${family} ${ip.join('.')} ${port} ${path}`;
}
