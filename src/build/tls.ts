/**
 * TLS of `bind` and `server` lines, made once per thread before it serves, and changed while it does. Loaded only when a configuration
 * uses TLS. It must not know wires.
 */
import type { Memory } from '../base/memory.ts';
import { checksNeedTls } from '../check/needs.ts';
import type { BindModel, ServerModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { BuildProblem } from '../model/problem.ts';
import type { PemModel, TlsGlobalModel } from '../model/tls.ts';
import type { TlsChange } from '../model/tls-change.ts';
import type { TlsContext } from '../platform/tls/contract.ts';
import { TlsLibrary } from '../platform/tls/engine.ts';
import { heldNatives } from '../platform/tls/pem.ts';
import { chooseProperties, loadProvider } from '../platform/tls/providers.ts';
import type { CertificateChoice } from '../transport/certificates.ts';
import { BindTls, type TlsGround } from './bind-tls.ts';
import { Bundles } from './bundles.ts';
import type { Prepared } from './line-changes.ts';
import type { Plan } from './plan.ts';
import { judgeResponse } from './responses.ts';
import { ServerLine } from './server-tls.ts';
import type { ContextTuning } from './tls-tuning.ts';

export interface BuiltTls {
  /** By listener of the plan; null: without TLS. */
  readonly listeners: readonly (CertificateChoice | null)[];
  /** By server of the plan. */
  readonly servers: readonly (TlsContext | null)[];
  readonly problems: readonly BuildProblem[];
  /** What is needed for a change is made, and nothing is changed yet. @throws Error that says why it can't be made */
  prepare(change: TlsChange): Prepared;
  /** Connections that have an engine of this thread. */
  engines(): number;
  /** Contexts and other objects of OpenSSL that are held. */
  held(): { readonly contexts: number; readonly natives: number };
}

/**
 * @param ticketKeys 80 random bytes that all threads share
 * @param judges this thread reads every certificate at once and tells what is wrong with it; the others read them when they are used
 * @param tuning of the global section
 * @param sessions where sessions of clients are kept, for all threads (newByteCache)
 * @throws Error if this Node's OpenSSL lacks something
 */
export function buildTls(
  plan: Plan,
  memory: Memory,
  ticketKeys: Uint8Array,
  judges: boolean,
  tuning: ContextTuning = {},
  sessions: SharedArrayBuffer | null = null,
): BuiltTls {
  const library = new TlsLibrary(memory, sessions);
  const bundles = new Bundles(plan.tls);
  const builder = new TlsBuilder({ library, ticketKeys, judges, tuning, bundles, rings: new Map() });
  builder.provide(plan.tls);
  return {
    listeners: plan.listeners.map(({ bind, frontend }) => builder.listener(bind, frontend.mode === 'http')),
    servers: plan.servers.map(({ model, backend }) => builder.server(model, judges && checksNeedTls(model, backend.check))),
    problems: builder.problems,
    prepare: (change) => builder.prepare(change),
    engines: () => library.open,
    held: () => ({ contexts: library.contexts, natives: heldNatives() }),
  };
}

/** HAProxy lets such a line stand too: certificates may come at run time. */
const NO_CERTIFICATE = "no certificate is specified for the line: TLS connections will fail ('strict-sni' without 'crt')";
const NO_DEFAULT = "'default-crt' is used only for names it holds: with 'strict-sni' clients that ask for no known name are refused";

class TlsBuilder {
  readonly problems: BuildProblem[] = [];
  readonly #ground: TlsGround;
  /** A line with several addresses has one context. */
  readonly #listeners = new Map<BindModel, BindTls | null>();
  readonly #servers: ServerLine[] = [];

  constructor(ground: TlsGround) {
    this.#ground = ground;
  }

  /** Where OpenSSL takes its algorithms from: before anything asks for one. */
  provide({ providers, propertyQuery }: TlsGlobalModel): void {
    for (const { name, path, at } of providers) this.#attempt(at, () => loadProvider(name, path));
    if (propertyQuery !== null) this.#attempt(propertyQuery.at, () => chooseProperties(propertyQuery.text));
  }

  listener(bind: BindModel, http: boolean): CertificateChoice | null {
    const { tls, at } = bind;
    if (!tls.enabled) return null;
    const known = this.#listeners.get(bind);
    if (known !== undefined) return known;
    const made = this.#attempt(at, () => new BindTls(this.#ground, tls, http));
    if (made !== null && tls.certificates.length === 0) this.#warn(at, NO_CERTIFICATE);
    if (made !== null && tls.strictSni && tls.defaultCertificates > 0) this.#warn(at, NO_DEFAULT);
    this.#listeners.set(bind, made);
    if (made !== null && this.#ground.judges) this.#judgeResponses(tls.certificates);
    return made;
  }

  #warn(at: Position, text: string): void {
    this.problems.push({ severity: 'warning', code: 'bad-tls', at, text });
  }

  #judgeResponses(certificates: readonly PemModel[]): void {
    for (const certificate of certificates) {
      const problem = this.#attempt(certificate.at, () => judgeResponse(this.#ground.bundles, certificate));
      if (problem !== null) this.problems.push(problem);
    }
  }

  /** @param judgesChecks the settings are used by checks at least: what is wrong with them is told */
  server(server: ServerModel, judgesChecks: boolean): TlsContext | null {
    if (!server.tls.enabled && !judgesChecks) return null;
    const made = this.#attempt(server.at, () => new ServerLine(this.#ground, server));
    if (!server.tls.enabled) {
      made?.free();
      return null;
    }
    if (made !== null) this.#servers.push(made);
    return made;
  }

  prepare(change: TlsChange): Prepared {
    if (change.kind === 'ticket-keys') return this.#prepareKeys(change.file, change.keys);
    const prepared: Prepared[] = [];
    try {
      for (const line of [...this.#listeners.values(), ...this.#servers]) {
        const made = line?.prepare(change) ?? null;
        if (made !== null) prepared.push(made);
      }
    } catch (error) {
      for (const each of prepared) each.drop();
      throw error;
    }
    return {
      apply: () => {
        for (const each of prepared) each.apply();
      },
      drop: () => {
        for (const each of prepared) each.drop();
      },
    };
  }

  #prepareKeys(file: string, keys: readonly Uint8Array[]): Prepared {
    return { apply: () => this.#ground.rings.get(file)?.replace(keys), drop: () => {} };
  }

  #attempt<T>(at: Position, make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      this.problems.push({ severity: 'alert', code: 'bad-tls', at, text: (error as Error).message });
      return null;
    }
  }
}
