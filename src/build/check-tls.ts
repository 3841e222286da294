/**
 * TLS of checks: contexts of `server` lines for the control thread, made when a check first needs one, as thousands of servers may share
 * their settings. What is wrong with them a data thread has told before (tls.ts). It must not know how checks work.
 */
import { SECURE_LAYOUT, SecureGround } from '../check/secure.ts';
import type { TargetTls } from '../check/target.ts';
import type { PemModel, TlsModel } from '../model/tls.ts';
import type { TlsChange } from '../model/tls-change.ts';
import { mapMemory } from '../platform/mapping.ts';
import type { TlsContext } from '../platform/tls/contract.ts';
import { TlsLibrary } from '../platform/tls/engine.ts';
import type { TlsGround } from './bind-tls.ts';
import { Bundles } from './bundles.ts';
import type { Plan, ServerPlan } from './plan.ts';
import { ServerLine } from './server-tls.ts';
import type { ContextTuning } from './tls-tuning.ts';

/** What our HTTP checks can't speak, though the traffic might. */
const NOT_FOR_HTTP_CHECKS = 'h2';

export class CheckTls {
  readonly ground: SecureGround;
  readonly #lines: TlsGround;
  /** By what they are made from. */
  readonly #contexts = new Map<string, ServerLine>();
  /** The last change of each file, for contexts to come. */
  readonly #changes = new Map<string, TlsChange>();

  /** @param tuning of the global section. @throws Error if this Node's OpenSSL lacks something, or there is no memory */
  constructor(plan: Plan, tuning: ContextTuning) {
    const memory = mapMemory(SECURE_LAYOUT);
    this.ground = new SecureGround(memory);
    const library = new TlsLibrary(memory);
    this.#lines = { library, ticketKeys: new Uint8Array(80), judges: false, tuning, bundles: new Bundles(plan.tls), rings: new Map() };
  }

  /** Of one server. */
  of({ model, backend }: ServerPlan): TargetTls {
    const isHttp = backend.check?.type === 'http';
    const own = (model.tls.alpn ?? []).filter((name) => !isHttp || name !== NOT_FOR_HTTP_CHECKS);
    const known = new Map<string, TlsContext>();
    return {
      ground: this.ground,
      contextFor: (alpn) => {
        const names = alpn ?? own;
        const key = names.join();
        const found = known.get(key) ?? this.#context(model, names);
        known.set(key, found);
        return found;
      },
    };
  }

  /** Checks begin a session each, as HAProxy's do: so a context is anybody's who has the same settings. */
  #context(model: ServerPlan['model'], alpn: readonly string[]): TlsContext {
    const tls: TlsModel = { ...model.tls, alpn, reusesSessions: false };
    const key = keyOf(tls);
    const known = this.#contexts.get(key);
    if (known !== undefined) return known;
    const made = new ServerLine(this.#lines, { ...model, tls });
    for (const change of this.#changes.values()) made.prepare(change)?.apply();
    this.#contexts.set(key, made);
    return made;
  }

  /** Checks from now on follow what the data threads have taken. */
  follow(change: TlsChange): void {
    if (change.kind !== 'certificate' && change.kind !== 'trust') return;
    const path = change.kind === 'certificate' ? change.material.path : change.path;
    this.#changes.set(`${change.kind} ${path}`, change);
    for (const context of this.#contexts.values()) context.prepare(change)?.apply();
  }
}

/** Equal for equal settings: files by their names, which are read once. */
function keyOf(tls: TlsModel): string {
  const isFile = (value: unknown): value is PemModel => typeof value === 'object' && value !== null && 'path' in value && 'bytes' in value;
  return JSON.stringify(tls, (_, value: unknown) => (isFile(value) ? value.path : value));
}
