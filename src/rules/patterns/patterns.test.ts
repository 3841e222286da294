/** Indexes against the slow way: every pattern compared in turn, on small random texts where much is alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoAllocation } from '../../../tools/alloc.ts';
import { plainMemory } from '../../base/memory.ts';
import { Sample } from '../sample.ts';
import { type PatternIndex, PatternKind, type PatternKindValue } from './pattern-index.ts';
import { PatternStore, ThreadPatterns } from './store.ts';

const memory = plainMemory({ blocks: 1, notes: 1, statics: 1 << 16 });
const sample = new Sample(memory);

/** A small generator, so that a failure can be repeated. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(most: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.#state >>> 8) % most;
  }

  text(alphabet: string, most: number, least = 0): string {
    return Array.from({ length: least + this.below(most + 1 - least) }, () => alphabet[this.below(alphabet.length)]).join('');
  }
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whole parts between delimiters, as HAProxy looks for them. */
function hasPart(text: string, pattern: string, delimiters: string): boolean {
  let start = 0;
  let end = pattern.length;
  while (start < end && delimiters.includes(pattern[start] as string)) start++;
  while (end > start && delimiters.includes(pattern[end - 1] as string)) end--;
  const part = pattern.slice(start, end);
  if (part === '') return false;
  for (let at = 0; at + part.length <= text.length; at++) {
    const isFree = at === 0 || delimiters.includes(text[at - 1] as string);
    const after = text[at + part.length];
    if (isFree && text.startsWith(part, at) && (after === undefined || delimiters.includes(after))) return true;
  }
  return false;
}

type Slow = (text: string, pattern: string) => boolean;
const SLOW: readonly (readonly [PatternKindValue, Slow])[] = [
  [PatternKind.exact, (text, pattern) => text === pattern],
  [PatternKind.prefix, (text, pattern) => text.startsWith(pattern)],
  [PatternKind.suffix, (text, pattern) => text.endsWith(pattern)],
  [PatternKind.inside, (text, pattern) => text.includes(pattern)],
  [PatternKind.parts, (text, pattern) => hasPart(text, pattern, '/?')],
  [PatternKind.domain, (text, pattern) => hasPart(text, pattern, '/?.:')],
];

/** The entry that must be found: of prefixes the longest, else the first. */
function expected(kind: PatternKindValue, matches: Slow, text: string, patterns: readonly string[], live: readonly boolean[]): number {
  let best = -1;
  for (let at = 0; at < patterns.length; at++) {
    if (!live[at] || !matches(text, patterns[at] as string)) continue;
    if (best < 0 || (kind === PatternKind.prefix && (patterns[at] as string).length > (patterns[best] as string).length)) best = at;
  }
  return best;
}

function ask(index: PatternIndex, text: string): number {
  const at = memory.scratch();
  for (let i = 0; i < text.length; i++) memory.bytes[at + i] = text.charCodeAt(i);
  sample.setText(at, at + text.length);
  return index.find(sample);
}

for (const [kind, matches] of SLOW) {
  for (const fold of [false, true]) {
    test(`kind ${kind}${fold ? ' without case' : ''}: loaded, added and deleted keys`, () => {
      const dice = new Dice(kind * 2 + (fold ? 1 : 0) + 1);
      for (let round = 0; round < 40; round++) {
        // Of every second set the keys that come later may be shorter than all before.
        const least = [0, 2, 3, 5][(round >> 1) & 3] as number;
        const patterns = Array.from({ length: 1 + dice.below(25) }, (_, at) =>
          dice.text('abAB/.', 6, at < 12 || round % 2 === 0 ? least : 0),
        );
        const live = patterns.map(() => true);
        const store = new PatternStore(() => new Uint8Array(), true);
        const thread = new ThreadPatterns(store);
        const { set, index } = thread.open({ name: 'set', isMap: false, kind, fold, lines: patterns.slice(0, 12) });
        thread.open({ name: 'set', isMap: false, kind: PatternKind.exact, fold: false });
        for (const pattern of patterns.slice(12)) {
          const bytes = Uint8Array.from(pattern, (char) => char.charCodeAt(0));
          assert.ok(set.add(bytes, 0, bytes.length, -1, -1));
        }
        for (let gone = 0; gone < 5; gone++) {
          const pattern = patterns[dice.below(patterns.length)] as string;
          set.delete(
            Uint8Array.from(pattern, (char) => char.charCodeAt(0)),
            0,
            pattern.length,
          );
          for (let at = 0; at < patterns.length; at++) if (patterns[at] === pattern) live[at] = false;
        }
        for (let turn = 0; turn < 40; turn++) {
          const text = dice.text('abAB/.', 24);
          const folded = fold ? patterns.map(lower) : patterns;
          assert.equal(
            ask(index, text),
            expected(kind, matches, fold ? lower(text) : text, folded, live),
            `'${text}' in ${JSON.stringify(patterns)}`,
          );
        }
      }
    });
  }
}

test('numbers and overlapping ranges: the first of the file', () => {
  const dice = new Dice(7);
  for (let round = 0; round < 60; round++) {
    const ranges = Array.from({ length: 1 + dice.below(20) }, () => {
      const low = dice.below(60);
      return dice.below(3) === 0 ? [low, low] : [low, low + dice.below(30)];
    }) as [number, number][];
    const store = new PatternStore(() => new Uint8Array(), true);
    const lines = ranges.map(([low, high]) => (low === high ? String(low) : `${low}:${high}`));
    const { set, index } = new ThreadPatterns(store).open({ name: 'n', isMap: false, kind: PatternKind.number, fold: false, lines });
    const gone = dice.below(ranges.length);
    set.entries.kill(gone);
    for (let value = -1; value < 95; value++) {
      const first = ranges.findIndex(([low, high], at) => at !== gone && value >= low && value <= high);
      sample.setInt(value);
      assert.equal(index.find(sample), first, `${value} in ${lines.join(' ')}`);
    }
  }
});

test('networks: the longest prefix', () => {
  const dice = new Dice(11);
  for (let round = 0; round < 60; round++) {
    const networks = Array.from({ length: 1 + dice.below(20) }, () => [dice.below(8), dice.below(4) * 64, dice.below(33)] as const);
    const lines = networks.map(([second, third, bits]) => `10.${second}.${third}.0/${bits}`);
    const store = new PatternStore(() => new Uint8Array(), true);
    const { index } = new ThreadPatterns(store).open({ name: 'n', isMap: false, kind: PatternKind.address, fold: false, lines });
    for (let turn = 0; turn < 50; turn++) {
      const address = [10, dice.below(8), dice.below(256), dice.below(2)];
      let best = -1;
      for (let at = 0; at < networks.length; at++) {
        const [second, third, bits] = networks[at] as (typeof networks)[number];
        const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
        const wanted = ((10 << 24) | (second << 16) | (third << 8)) & mask;
        const given =
          ((address[0] as number) << 24) | ((address[1] as number) << 16) | ((address[2] as number) << 8) | (address[3] as number);
        if ((given & mask) !== wanted) continue;
        if (best < 0 || bits > (networks[best] as (typeof networks)[number])[2]) best = at;
      }
      sample.ownIp.set(address);
      sample.setIp(4, sample.ownIp);
      assert.equal(index.find(sample), best, `${address.join('.')} in ${lines.join(' ')}`);
    }
  }
});

test('looking for substrings does not allocate', () => {
  const lines = ['sqlmap', 'nikto', 'zgrab', 'masscan'];
  const thread = new ThreadPatterns(new PatternStore(() => new Uint8Array(), true));
  const { index } = thread.open({ name: 'agents', isMap: false, kind: PatternKind.inside, fold: true, lines });
  ask(index, 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 \u00ff\u00fe NiKtx Nikto/2');
  assert.equal(index.find(sample), 1);
  assertNoAllocation(() => void index.find(sample), 'find');
});
