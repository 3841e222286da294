/**
 * Maps and pattern files of the process: their code is loaded when the first data thread asks for one, since most configurations have
 * none. It must not know what is in them.
 */
import { readFileSync } from 'node:fs';
import type { MapControl } from '../control/maps.ts';
import type { SetBuffers } from '../rules/patterns/patterns.ts';
import type { PatternRequest, PatternStore } from '../rules/patterns/store.ts';
import type { PatternAnswer } from '../worker/messages.ts';

interface Loaded {
  readonly store: PatternStore;
  readonly control: MapControl;
}

export class PatternFiles {
  /** What changes them at run time; null: nobody has asked for any. */
  control: MapControl | null = null;
  readonly #threads: number;
  readonly #publish: (set: SetBuffers) => void;
  readonly #tellCommits: (commits: number) => void;
  #loading: Promise<Loaded> | null = null;

  /** The arguments are those of MapControl. */
  constructor(threads: number, publish: (set: SetBuffers) => void, tellCommits: (commits: number) => void) {
    this.#threads = threads;
    this.#publish = publish;
    this.#tellCommits = tellCommits;
  }

  load(): Promise<Loaded> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load(): Promise<Loaded> {
    const [{ PatternStore }, { MapControl }] = await Promise.all([import('../rules/patterns/store.ts'), import('../control/maps.ts')]);
    const store = new PatternStore((path) => readFileSync(path), true);
    this.control = new MapControl(store, this.#threads, this.#publish, this.#tellCommits);
    return { store, control: this.control };
  }

  /** A set, or why there is none. */
  async open(request: PatternRequest): Promise<PatternAnswer> {
    try {
      const { store } = await this.load();
      return store.open(request);
    } catch (error) {
      return (error as Error).message;
    }
  }
}
