/**
 * Regular expressions as patterns: tried one after another, the first that is found wins. Each thread compiles its own, since
 * one keeps what it learned about texts. Their cost grows with their number: a large set of regular expressions is slow, and is
 * better written as prefixes, suffixes or parts.
 */

import { compileRegex, type Regex } from '../regex/regex.ts';
import type { Sample } from '../sample.ts';
import { latin1 } from '../value/bytes.ts';
import { type IndexBuffers, type PatternIndex, PatternKind } from './pattern-index.ts';
import type { PatternEntries } from './set.ts';

export class RegexIndex implements PatternIndex {
  readonly entries: PatternEntries;
  readonly kind = PatternKind.regex;
  readonly fold: boolean;
  buffers: IndexBuffers;
  #list: (Regex | null)[] = [];

  /** @param isSearched compiles all at once, not when the first text comes */
  constructor(entries: PatternEntries, buffers: IndexBuffers, isSearched: boolean) {
    this.entries = entries;
    this.fold = buffers.fold;
    this.buffers = buffers;
    if (isSearched) this.#catchUp();
  }

  adopt(buffers: IndexBuffers): void {
    this.buffers = buffers;
    this.#list = []; // hot-ok: when a set has grown
    this.#catchUp();
  }

  find(sample: Sample): number {
    const { bytes } = sample.memory;
    if (this.entries.count > this.#list.length) this.#catchUp();
    const list = this.#list;
    for (let entry = 0; entry < list.length; entry++) {
      const regex = list[entry] as Regex | null;
      if (regex !== null && this.entries.isLive(entry) && regex.test(bytes, sample.start, sample.end)) return entry;
    }
    return -1;
  }

  /** Of an entry that `find` returned. */
  regex(entry: number): Regex {
    return this.#list[entry] as Regex;
  }

  /** Compiles what came since. hot-ok: once per entry */
  #catchUp(): void {
    const { entries } = this;
    for (let entry = this.#list.length; entry < entries.count; entry++) {
      const start = entries.keyStart(entry);
      this.#list.push(this.#compile(latin1(entries.arena.subarray(start, start + entries.keyLength(entry)))));
    }
  }

  #compile(pattern: string): Regex | null {
    try {
      return compileRegex(pattern, this.fold);
    } catch {
      return null;
    }
  }

  /** hot-ok: when a pattern is read */
  problem(bytes: Uint8Array, start: number, end: number): string | null {
    try {
      compileRegex(latin1(bytes.subarray(start, end)), this.fold);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  insert(): boolean {
    return true;
  }
}
