/**
 * What the control thread needs to run checks that compute something: records of backends and servers, and a thread's means to compile
 * and run expressions, in a memory of its own. Made only if a configuration has such checks.
 */
import { NO_BLOCK } from '../base/memory.ts';
import type { CheckLanguage, Scene } from '../check/language.ts';
import { processClockOffsetMs, systemClock } from '../control/clock.ts';
import type { ProxyModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { mapMemory } from '../platform/mapping.ts';
import { Compiler } from '../rules/compiler.ts';
import type { PatternSource } from '../rules/patterns/store.ts';
import { registryOf } from '../rules/registry.ts';
import type { Thread } from '../rules/thread.ts';
import type { Server } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import { newThread } from './build.ts';
import { CheckScene, CheckWords } from './check-words.ts';
import { memoryLayout } from './limits.ts';
import type { Plan } from './plan.ts';
import { buildRecords, type State } from './state.ts';
import { vocabulary } from './vocabulary.ts';

/** For variables, beside the one that holds what came. */
const BLOCKS = 64;

export interface CheckRulesParts {
  readonly model: ConfigModel;
  readonly plan: Plan;
  readonly shared: Shared;
  readonly hostname: string;
  readonly patterns: PatternSource;
  /** Owner of the locks that this thread takes. */
  readonly lockOwner: number;
}

export class CheckRules {
  readonly #thread: Thread;
  readonly #state: State;
  readonly #block: number;
  readonly #free: CheckScene[] = [];

  constructor({ model, plan, shared, hostname, patterns, lockOwner }: CheckRulesParts) {
    const memory = mapMemory({ blocks: BLOCKS, notes: 1, statics: memoryLayout(0).statics });
    this.#state = buildRecords(model, plan, shared, memory);
    const control = { clock: { now: systemClock.now, wallClock: () => Date.now() }, lockOwner };
    const clockOffsetMs = processClockOffsetMs();
    const parts = { model, plan, shared, memory, host: null, pid: process.pid, hostname, patterns, control, clockOffsetMs };
    this.#thread = newThread(parts, this.#state);
    this.#block = memory.take();
    if (this.#block === NO_BLOCK) throw new RangeError('no memory for checks');
  }

  /** Of one backend. */
  language(proxy: ProxyModel): CheckLanguage {
    const backend = this.#state.backendsByName.get(proxy.name) ?? null;
    const nothing = { frontend: null, requestCaptureCount: 0, responseCaptureCount: 0 };
    const place = { name: proxy.name, http: proxy.mode === 'http', backend, ...nothing };
    return new CheckWords(new Compiler(registryOf(vocabulary), this.#thread, place, proxy.acls));
  }

  /** For a check of the server with this number. */
  newScene(index: number): Scene {
    const scene = this.#free.pop() ?? new CheckScene(this.#thread, this.#block, this.#free);
    scene.begin(this.#state.servers[index] as Server);
    return scene;
  }
}
