/**
 * What a lookup costs among 10, 1,000 and 1,000,000 patterns of each matcher, and what a million of them take to load and to
 * keep. `node bench/patterns.ts [ENTRIES…]`. Half of the lookups find something.
 */
import { plainMemory } from '../src/base/memory.ts';
import { type PatternIndex, PatternKind, type PatternKindValue } from '../src/rules/patterns/pattern-index.ts';
import { PatternStore, ThreadPatterns } from '../src/rules/patterns/store.ts';
import { Sample } from '../src/rules/sample.ts';

const TEXTS = 1024;
const LOOKUPS = 200_000;
const memory = plainMemory({ blocks: 4, notes: 1, statics: 1 << 20 });
const sample = new Sample(memory);

interface Matcher {
  readonly name: string;
  readonly kind: PatternKindValue;
  readonly pattern: (n: number) => string;
  /** A text or number that pattern n matches. */
  readonly text: (n: number) => string;
}

const word = (n: number): string => (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(36).padStart(7, 'x');
const MATCHERS: readonly Matcher[] = [
  { name: 'str', kind: PatternKind.exact, pattern: (n) => `www.${word(n)}.test`, text: (n) => `www.${word(n)}.test` },
  { name: 'beg', kind: PatternKind.prefix, pattern: (n) => `/api/${word(n)}`, text: (n) => `/api/${word(n)}/items/42` },
  { name: 'end', kind: PatternKind.suffix, pattern: (n) => `${word(n)}.png`, text: (n) => `/static/images/${word(n)}.png` },
  { name: 'sub', kind: PatternKind.inside, pattern: (n) => `-${word(n)}-`, text: (n) => `/search/a-${word(n)}-b/of/the/text` },
  { name: 'dir', kind: PatternKind.parts, pattern: (n) => word(n), text: (n) => `/static/${word(n)}/cat.png` },
  { name: 'dom', kind: PatternKind.domain, pattern: (n) => `${word(n)}.test`, text: (n) => `cdn.eu.${word(n)}.test` },
  {
    name: 'ip',
    kind: PatternKind.address,
    pattern: (n) => `${1 + (n % 220)}.${(n >> 8) & 255}.${(n >> 16) & 255}.0/${20 + (n % 13)}`,
    text: (n) => `${1 + (n % 220)}.${(n >> 8) & 255}.${(n >> 16) & 255}.0`,
  },
  {
    name: 'int',
    kind: PatternKind.number,
    pattern: (n) => (n % 2 === 0 ? String(n * 10) : `${n * 10}:${n * 10 + 5}`),
    text: (n) => String(n * 10),
  },
];

function load(matcher: Matcher, entries: number): { index: PatternIndex; ms: number; bytes: number } {
  const lines = Array.from({ length: entries }, (_, n) => matcher.pattern(n)).join('\n');
  const file = Buffer.from(lines, 'latin1');
  const before = process.memoryUsage();
  const start = performance.now();
  const patterns = new ThreadPatterns(new PatternStore(() => file, true));
  const { index } = patterns.open({ name: 'bench', isMap: false, kind: matcher.kind, fold: false });
  const ms = performance.now() - start;
  return { index, ms, bytes: Math.max(0, process.memoryUsage().rss - before.rss) };
}

/** Nanoseconds per lookup. */
function measure(matcher: Matcher, index: PatternIndex, entries: number): { ns: number; found: number } {
  const places = new Int32Array(TEXTS * 2);
  for (let i = 0; i < TEXTS; i++) {
    const n = Math.floor((i * entries) / TEXTS) + (i % 2 === 0 ? 0 : entries * 2);
    const text = matcher.text(n);
    places[i * 2] = memory.intern(text);
    places[i * 2 + 1] = (places[i * 2] as number) + text.length;
  }
  let found = 0;
  const once = (lookups: number): number => {
    const start = performance.now();
    for (let i = 0; i < lookups; i++) {
      const at = ((i * 7) % TEXTS) * 2;
      prepare(matcher.kind, places[at] as number, places[at + 1] as number);
      if (index.find(sample) >= 0) found++;
    }
    return ((performance.now() - start) * 1e6) / lookups;
  };
  once(LOOKUPS / 4);
  found = 0;
  return { ns: once(LOOKUPS), found: found / LOOKUPS };
}

function prepare(kind: PatternKindValue, start: number, end: number): void {
  sample.setText(start, end);
  if (kind !== PatternKind.address && kind !== PatternKind.number) return;
  let value = 0;
  let part = 0;
  for (let at = start; at <= end; at++) {
    const byte = at < end ? (memory.bytes[at] as number) : 46;
    if (byte === 46) {
      sample.ownIp[part++ & 3] = value;
      if (at < end) value = 0;
    } else value = value * 10 + byte - 48;
  }
  if (kind === PatternKind.address) sample.setIp(4, sample.ownIp);
  else sample.setInt(value);
}

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 1000, 1_000_000];
for (const matcher of MATCHERS) {
  for (const entries of sizes) {
    const { index, ms, bytes } = load(matcher, entries);
    const { ns, found } = measure(matcher, index, entries);
    const loaded = entries < 100_000 ? '' : `, loaded in ${ms.toFixed(0)} ms, ${(bytes / entries).toFixed(0)} bytes an entry`;
    console.log(
      `${matcher.name.padEnd(4)} ${String(entries).padStart(8)} entries: ${ns.toFixed(0).padStart(5)} ns, ${(found * 100).toFixed(0)} % found${loaded}`,
    );
  }
}
