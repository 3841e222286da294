/**
 * All pattern files and maps of the process, by name: one set each, whoever names it, built once and handed out as buffers. And a
 * thread's view of them. The names are HAProxy's (HAProxy 3.x configuration 2.7): `file@` or nothing for a file that must be
 * there, `opt@` for one that may be missing, `virt@` for none at all. It must not know how files are read, nor threads.
 */

import { latin1 } from '../value/bytes.ts';
import { type PatternText, parsePatternText, patternTextOf } from './file.ts';
import type { PatternIndex, PatternKindValue } from './pattern-index.ts';
import {
  buildEntries,
  buildIndex,
  fitsKinds,
  NO_SPARE,
  PatternFault,
  PatternSet,
  type SetBuffers,
  type Spare,
  VALUE_BITS,
  type ValueKinds,
} from './patterns.ts';
import { PatternEntries } from './set.ts';

export interface PatternRequest {
  /** As written, with its prefix. */
  readonly name: string;
  readonly isMap: boolean;
  readonly kind: PatternKindValue;
  readonly fold: boolean;
  /** What its values must be; strings if it is not said. */
  readonly values?: 'int' | 'ip';
  /** What it holds if nobody has opened it yet, instead of a file. */
  readonly lines?: readonly string[];
}

/** Where a thread gets sets from. */
export interface PatternSource {
  /** The set with at least the index asked for. @throws Error with a text for the user */
  open(request: PatternRequest): SetBuffers;
}

const VALUE_TEXTS = { int: 'an integer', ip: 'an IP address' } as const;

/** Room for changes in a set from a file: reserved, and memory only once it is used. */
const SPARE_ENTRIES = 32_768;
const SPARE_BYTES = 1 << 22;

export function spareFor(entries: number, bytes: number): Spare {
  return { entries: SPARE_ENTRIES + (entries >> 2), bytes: SPARE_BYTES + (bytes >> 2) };
}

/** What identifies a set: `file@` and `opt@` say only how it is read. */
export function setName(name: string): string {
  return name.replace(/^(?:file|opt)@/, '');
}

/** hot-ok: start and control */
export class PatternStore implements PatternSource {
  readonly sets = new Map<string, SetBuffers>();
  readonly #read: (path: string) => Uint8Array;
  readonly #isShared: boolean;
  /**
   * @param read the bytes of a file @throws Error with `code` ENOENT if it is not there
   * @param isShared several threads see the sets
   */
  constructor(read: (path: string) => Uint8Array, isShared: boolean) {
    this.#read = read;
    this.#isShared = isShared;
  }

  open(request: PatternRequest): SetBuffers {
    const name = setName(request.name);
    const known = this.sets.get(name);
    if (known !== undefined && known.isMap !== request.isMap) throw new Error(columnsText(name, known.isMap));
    const text = known === undefined ? this.#load(request) : null;
    const set: SetBuffers = known ?? {
      name,
      isMap: request.isMap,
      version: 1,
      entries: buildEntries(
        text as PatternText,
        request.isMap,
        spareFor((text as PatternText).count, (text as PatternText).bytes.length),
        this.#isShared,
      ),
      indexes: [],
      values: 0,
    };
    const values = this.#values(set, request, text);
    const isIndexed = set.indexes.some((one) => one.kind === request.kind && one.fold === request.fold);
    if (isIndexed && values === set.values) return set;
    const indexes = isIndexed ? set.indexes : [...set.indexes, this.#index(set, request, text)];
    const complete = { ...set, indexes, values };
    this.sets.set(name, complete);
    return complete;
  }

  /** What values must be from now on. @throws Error for one that is not that */
  #values(set: SetBuffers, { values }: PatternRequest, text: PatternText | null): ValueKinds {
    if (values === undefined || (set.values & VALUE_BITS[values]) !== 0) return set.values;
    const bits = VALUE_BITS[values];
    const entries = new PatternEntries(set.entries);
    for (let entry = 0; entry < entries.count; entry++) {
      const start = entries.valueStart(entry);
      const end = start + entries.valueLength(entry);
      if (fitsKinds(entries.arena, start, end, bits)) continue;
      const line = text === null ? '' : ` at line ${lineOf(text, entry)}`;
      throw new Error(`file '${set.name}'${line}: the value '${latin1(entries.arena.subarray(start, end))}' is not ${VALUE_TEXTS[values]}`);
    }
    return set.values | bits;
  }

  #load(request: PatternRequest): PatternText {
    const name = setName(request.name);
    if (request.lines !== undefined) return patternTextOf(request.lines);
    if (/^virt@/.test(name)) return patternTextOf([]);
    try {
      return parsePatternText(this.#read(name), request.isMap);
    } catch (error) {
      if (request.name.startsWith('opt@') && (error as { code?: string }).code === 'ENOENT') return patternTextOf([]);
      throw new Error(`failed to open pattern file <${name}>: ${(error as Error).message}`);
    }
  }

  #index(set: SetBuffers, request: PatternRequest, text: PatternText | null): SetBuffers['indexes'][number] {
    try {
      return buildIndex(set.entries, request.kind, request.fold, this.#isShared);
    } catch (error) {
      if (!(error instanceof PatternFault)) throw error;
      if (request.lines !== undefined) throw error;
      const line = text === null ? '' : ` at line ${lineOf(text, error.line)}`;
      throw new Error(`file '${set.name}'${line}: ${error.message}`);
    }
  }
}

function columnsText(name: string, isMap: boolean): string {
  const [has, wants] = isMap ? ['two', 'one'] : ['one', 'two'];
  return `the file '${name}' is already used as a ${has} column file and can't be used as a ${wants} column file`;
}

/** The number, from 1, of the line that an entry was read from. */
function lineOf({ bytes, cells }: PatternText, entry: number): number {
  const end = cells[entry * 4] as number;
  let line = 1;
  for (let at = 0; at < end; at++) if (bytes[at] === 10) line++;
  return line;
}

/** What one thread sees of the sets. hot-ok: at start */
export class ThreadPatterns {
  readonly sets = new Map<string, PatternSet>();
  readonly #source: PatternSource;
  /** By name: what a set that is no file's began with. */
  readonly #lines = new Map<string, string>();

  constructor(source: PatternSource) {
    this.#source = source;
  }

  /** A set from a file with the index asked for. @throws Error with a text for the user */
  open(request: PatternRequest): { readonly set: PatternSet; readonly index: PatternIndex } {
    const name = setName(request.name);
    this.#checkLines(name, request);
    const known = this.sets.get(name);
    const ready = known?.isMap === request.isMap ? known.index(request.kind, request.fold) : undefined;
    const fits = request.values === undefined || ((known?.values ?? 0) & VALUE_BITS[request.values]) !== 0;
    if (known !== undefined && ready != null && fits) return { set: known, index: ready };
    const set = this.adopt(this.#source.open(request));
    return { set, index: set.index(request.kind, request.fold) as PatternIndex };
  }

  /** @throws Error if another list of patterns has the number that `-u` gives to this one */
  #checkLines(name: string, { lines }: PatternRequest): void {
    if (lines === undefined) return;
    const own = lines.join('\n');
    const known = this.#lines.get(name);
    if (known !== undefined && known !== own) throw new Error(`the id is already used: '-u ${name.slice(1)}' names other patterns`);
    this.#lines.set(name, own);
  }

  /** Sees a set as it is now. */
  adopt(buffers: SetBuffers): PatternSet {
    const known = this.sets.get(buffers.name);
    if (known === undefined) {
      const set = new PatternSet(buffers);
      this.sets.set(buffers.name, set);
      return set;
    }
    known.adopt(buffers);
    return known;
  }
}

/** Patterns that stand in the configuration, in memory of this thread. @throws PatternFault with the number of the bad one. hot-ok: at start */
export function inlinePatterns(patterns: readonly string[], kind: PatternKindValue, fold: boolean): PatternIndex {
  const entries = buildEntries(patternTextOf(patterns), false, NO_SPARE, false);
  const index = buildIndex(entries, kind, fold, false);
  const set = new PatternSet({ name: '', isMap: false, version: 1, entries, indexes: [index], values: 0 });
  return set.index(kind, fold) as PatternIndex;
}

/** The key of an entry as text: messages and listings. */
export function keyText(set: PatternSet, entry: number): string {
  const start = set.entries.keyStart(entry);
  return latin1(set.entries.arena.subarray(start, start + set.entries.keyLength(entry)));
}

/** The value of an entry as text. */
export function valueText(set: PatternSet, entry: number): string {
  const start = set.entries.valueStart(entry);
  return latin1(set.entries.arena.subarray(start, start + set.entries.valueLength(entry)));
}
