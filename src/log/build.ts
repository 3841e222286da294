/**
 * The logs of a data thread from the model: destinations, headers, formats, a renderer per frontend. It must not know
 * how problems are shown.
 */
import type { Memory } from '../base/memory.ts';
import type { LogModel, ProxyModel, TextModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { Position } from '../model/position.ts';
import type { LogProfileModel } from '../model/sections.ts';
import type { Host } from '../platform/contract.ts';
import type { Compiler } from '../rules/compiler.ts';
import type { TextFormat } from '../rules/define.ts';
import { RuleError } from '../rules/error.ts';
import { Place } from '../rules/place.ts';
import type { Thread } from '../rules/thread.ts';
import { LOG_STEPS, LogOrigin, ORIGIN_NAMES, PROFILE_STEPS } from '../state/logstep.ts';
import type { Frontend } from '../state/records.ts';
import { DebugTarget, debugModel } from './debugging.ts';
import { Destinations, ringOf } from './destinations.ts';
import { FrontendLog, type LogTarget, type ProfileStep } from './frontend.ts';
import { type HeaderFacts, LogHeader } from './headers.ts';
import { presetFormat } from './presets.ts';
import { LogSample } from './sample.ts';

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
  /** Bytes that rings have not sent yet. */
  waiting(): number;
  close(): void;
}

/** Gives every frontend with a log target its renderer. */
export function buildLogs(parts: LogParts): BuiltLogs {
  const { host, memory, model } = parts;
  const destinations = host === null ? null : new Destinations(host, memory, model);
  checkTargets(parts);
  for (const name of parts.frontends[0]?.compiler.thread.logProfiles ?? []) {
    const { at } = (parts.frontends[0] as LoggedFrontend).proxy;
    if (profileOf(model, name) === null) parts.report(at, new RuleError(`do-log : unknown log-profile '${name}'`));
  }
  const [first] = parts.frontends;
  if (destinations !== null && first !== undefined) openDebug(parts, first.compiler.thread, destinations);
  for (const logged of parts.frontends) new FrontendBuilder(logged, parts).build(destinations);
  return {
    dropped: () => destinations?.dropped() ?? 0,
    waiting: () => destinations?.waiting() ?? 0,
    close: () => destinations?.close(),
  };
}

/** Opens what `debug` writes to. */
function openDebug(parts: LogParts, { debugSinks, clock }: Thread, destinations: Destinations): void {
  for (const name of debugSinks.names) {
    const model = debugModel(name, parts.model);
    debugSinks.sinks.push(new DebugTarget(model, destinations, factsOf(null, model, parts), parts.memory, clock));
  }
}

/** Names that stand for nothing are wrong even where nobody logs. */
function checkTargets({ model, report }: LogParts): void {
  for (const { name, servers, at } of model.rings) {
    const text = `ring '${name}' has no 'server': nothing could read it, which is not supported by this version`;
    if (servers.length === 0) report(at, new RuleError(text));
  }
  for (const { target, profile, at } of [...model.global.logs, ...model.proxies.flatMap((proxy) => proxy.logs)]) {
    if (target.kind === 'ring' && ringOf(model, target.name) === null)
      report(at, new RuleError(`log : uses unknown ring '${target.name}'`));
    if (profile !== null && profileOf(model, profile) === null) report(at, new RuleError(`log : unknown log-profile '${profile}'`));
  }
}

function profileOf(model: ConfigModel, name: string): LogProfileModel | null {
  return model.logProfiles.find((profile) => profile.name === name) ?? null;
}

/** `log global` and the lines of the proxy itself. */
export function targetsOf(proxy: ProxyModel, model: ConfigModel): readonly LogModel[] {
  return proxy.logGlobal ? [...model.global.logs, ...proxy.logs] : proxy.logs;
}

/** Tag, pid and host name of a proxy's lines for a target. */
export function factsOf(
  proxy: ProxyModel | null,
  target: LogModel,
  parts: { readonly model: ConfigModel; readonly pid: number; readonly hostname: string },
): HeaderFacts {
  const { global } = parts.model;
  const asked = global.logSendHostname;
  const profile = target.profile === null ? null : profileOf(parts.model, target.profile);
  return {
    tag: profile?.logTag ?? proxy?.logTag ?? global.logTag ?? 'haproxy',
    pid: parts.pid,
    hostname: asked === '' ? parts.hostname : asked,
  };
}

/** A ring has its own form and longest line, whatever the `log` lines say. */
export function inRing(target: LogModel, model: ConfigModel): LogModel {
  const ring = target.target.kind === 'ring' ? ringOf(model, target.target.name) : null;
  return ring === null ? target : { ...target, format: ring.format, length: Math.min(target.length, ring.maxlen) };
}

/** The log of one frontend. */
class FrontendBuilder {
  readonly #logged: LoggedFrontend;
  readonly #parts: LogParts;

  constructor(logged: LoggedFrontend, parts: LogParts) {
    this.#logged = logged;
    this.#parts = parts;
  }

  build(destinations: Destinations | null): void {
    const { proxy, frontend, compiler } = this.#logged;
    if (proxy.logSteps !== null) {
      frontend.logSteps = proxy.logSteps.reduce((mask, step) => mask | (1 << (LOG_STEPS.get(step) ?? 0)), 0);
      frontend.logAsap = false;
    }
    const format = this.#compile(formatText(proxy));
    const errorFormat = this.#compile(proxy.errorLogFormat);
    const sd = this.#compile(proxy.logFormatSd);
    const models = targetsOf(proxy, this.#parts.model);
    const targets = models.flatMap((model) => this.#targets(inRing(model, this.#parts.model), destinations));
    // `do-log profile`: what is wrong in a profile is told where nothing is opened, too.
    const profiled = compiler.thread.logProfiles.map((profile) =>
      models.flatMap((model) => this.#targets({ ...inRing(model, this.#parts.model), profile }, destinations)),
    );
    if (format === null || targets.length === 0) return;
    // `Connect from …` is written as soon as a stream begins (HAProxy 3.x configuration 8.2.1).
    const isDefault = proxy.logFormat === null && (proxy.logPreset ?? 'default') === 'default';
    if (isDefault && proxy.logSteps === null) frontend.logSteps = 1 << LogOrigin.accept;
    frontend.logsErrors = !isDefault || proxy.errorLogFormat !== null;
    const { clock, shared } = compiler.thread;
    const separatesErrors = proxy.options['log-separate-errors'] === true;
    const make = (to: readonly LogTarget[]): FrontendLog =>
      new FrontendLog({ frontend, targets: to, format, errorFormat, sd, live: shared.live, clock, separatesErrors });
    frontend.log = make(targets);
    frontend.profileLogs = profiled.map(make);
  }

  #targets(model: LogModel, destinations: Destinations | null): LogTarget[] {
    const { proxy } = this.#logged;
    const steps = this.#steps(model);
    if (destinations === null) return [];
    const facts = factsOf(proxy, model, this.#parts);
    return destinations.of(model).map((destination) => {
      const sample = model.sample === null ? null : new LogSample(model.sample);
      return { model, header: new LogHeader(model.format, model.facility, facts), ...destination, sample, steps };
    });
  }

  /** By LogOrigin; null: the target has no profile. */
  #steps({ profile: name }: LogModel): readonly (ProfileStep | null)[] | null {
    const profile = name === null ? null : profileOf(this.#parts.model, name);
    if (profile === null) return null;
    const compiled = new Map<string, ProfileStep>();
    for (const { step, isDropped, format, sd } of profile.steps) {
      compiled.set(step, { isDropped, format: this.#compile(format), sd: this.#compile(sd) });
    }
    const stepOf = (origin: number): string | undefined => {
      for (const [step, origins] of PROFILE_STEPS) if ((origins as readonly number[]).includes(origin)) return step;
      return undefined;
    };
    return ORIGIN_NAMES.map((_, origin) => compiled.get(stepOf(origin) ?? '') ?? compiled.get('any') ?? null);
  }

  /** null: there is none, or it is wrong and that has been reported. */
  #compile(text: TextModel | null): TextFormat | null {
    if (text === null) return null;
    try {
      return this.#logged.compiler.format(text.text, 'log', Place.log);
    } catch (error) {
      this.#parts.report(text.at, error);
      return null;
    }
  }
}

function formatText(proxy: ProxyModel): TextModel {
  return proxy.logFormat ?? { text: presetFormat(proxy.logPreset ?? 'default', proxy.mode === 'http'), at: proxy.at };
}
