/**
 * Seeded fuzzer of the configuration: real files with bytes, words and lines changed, and lines made of keywords and odd words.
 * Whatever comes, nothing is thrown, every message has words and a place, and it ends; what parses without error also builds
 * or says why not. The seed is printed on failure; PARSER_FUZZ_SEED and PARSER_FUZZ_ROUNDS choose others.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planOf } from '../../src/build/plan.ts';
import { evaluateCondition } from '../../src/config/conditions.ts';
import { parseSources } from '../../src/config/parse.ts';
import { registry } from '../../src/config/registry.ts';
import { type Diagnostic, diagnosticText, hasErrors } from '../../src/config/report/diagnostic.ts';
import { splitWords } from '../../src/config/words.ts';
import { tryToBuild } from '../../src/master/dry-build.ts';

const SEED = Number(process.env['PARSER_FUZZ_SEED'] ?? 20260101);
const ROUNDS = Number(process.env['PARSER_FUZZ_ROUNDS'] ?? 600);
const ENVIRONMENT = { A: 'a b', E: '', L: 'x  y' };

const ODD =
  '" \' \\ \\x4 ${ ${A} "$A" "${L[*]}" "${E}" $ # %[ %[path] { } ( ) , ; ! or || if unless from no default -1 0 99999999999 1s 1us 25d 4g : / @ \xff \0 [:: fd@ .if .else .endif .alert l 127.0.0.1:80 *:80 a/b TRUE -f -m beg --'.split(
    ' ',
  );
const HEADS =
  'global|defaults|defaults d|frontend f|frontend f from d|backend b|listen l|userlist u|http-errors e|peers p|ring r|log-profile p|stick-table type ip size 1k|.if 1|.if defined(A)|.elif 0|.else|.endif|'.split(
    '|',
  );

/** Small and fast generator of random numbers (mulberry32). */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

function files(folder: string): string[] {
  const path = join(import.meta.dirname, '..', '..', folder);
  return readdirSync(path)
    .filter((name) => name.endsWith('.cfg'))
    .map((name) => readFileSync(join(path, name), 'latin1'));
}

function names(): string[] {
  const all = registry();
  const maps = [all.proxy, all.global, all.server, all.bind, all.sections, ...all.sectionKeywords.values()];
  return maps.flatMap((map) => [...map.keys()]);
}

/** One to four small changes. */
function mutate(text: string, random: Random, words: readonly string[]): string {
  let lines = text.split('\n');
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(lines.length);
    const line = lines[at] as string;
    const cut = random.below(line.length + 1);
    switch (random.below(8)) {
      case 0:
        lines[at] = `${line.slice(0, cut)}${String.fromCharCode(random.below(256))}${line.slice(cut + 1)}`;
        break;
      case 1:
        lines[at] = `${line.slice(0, cut)}${random.of(ODD)}${line.slice(cut)}`;
        break;
      case 2:
        lines[at] = `${line} ${random.of(words)} ${random.of(ODD)}`;
        break;
      case 3:
        lines[at] = line.slice(0, cut);
        break;
      case 4:
        lines.splice(at, 0, lines[random.below(lines.length)] as string);
        break;
      case 5:
        lines.splice(at, 1, random.of(HEADS));
        break;
      case 6:
        lines[at] = line.split(' ').reverse().join(' ');
        break;
      default:
        lines = lines.slice(0, at + 1);
    }
  }
  return random.below(10) === 0 ? lines.join('\n') : `${lines.join('\n')}\n`;
}

function made(random: Random, words: readonly string[]): string {
  const lines: string[] = [];
  for (let line = 0; line < 14; line++) {
    const parts = [line % 5 === 0 ? random.of(HEADS) : random.of(words)];
    for (let count = random.below(6); count > 0; count--) parts.push(random.below(2) === 0 ? random.of(ODD) : random.of(words));
    lines.push(parts.join(' '));
  }
  return `${lines.join('\n')}\n`;
}

function judge(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) {
    const text = diagnosticText(diagnostic);
    assert.ok(text.length > 0 && !text.includes('undefined') && !text.includes('[object') && !text.includes('NaN'), text);
    const { position, line } = diagnostic;
    if (position === null) continue;
    assert.ok(position.line > 0 && position.column >= 0, text);
    assert.ok(line === undefined || position.column <= line.length + 1, `${text}: column ${position.column} of ${line}`);
  }
}

/** How many configurations had no error and were built. */
let built = 0;

function run(text: string): void {
  const { model, diagnostics } = parseSources([{ file: 'fuzz', text }], { environment: ENVIRONMENT, localPeer: 'p', diagnose: true }, []);
  judge(diagnostics);
  // Whatever the file does with addresses, nothing is looked up or opened here.
  if (hasErrors(diagnostics)) return;
  built++;
  judge(tryToBuild(model, planOf(model)));
}

function eachRound(count: number, round: (random: Random) => string): void {
  for (let index = 0; index < count; index++) {
    const seed = SEED + index;
    const text = round(new Random(seed));
    try {
      run(text);
    } catch (error) {
      throw new Error(`fails with PARSER_FUZZ_SEED=${seed} PARSER_FUZZ_ROUNDS=1:\n${text}`, { cause: error });
    }
  }
}

test('changed files never make the parser or the builder throw', () => {
  const corpus = [...files('test/golden/config'), ...files('examples')];
  const words = names();
  eachRound(ROUNDS, (random) => mutate(random.of(corpus), random, words));
  assert.ok(built > ROUNDS / 20, `only ${built} of ${ROUNDS} were built`);
});

test('lines made of keywords and odd words never do', () => {
  const words = names();
  eachRound(ROUNDS, (random) => made(random, words));
});

test('words of any bytes have their columns, in order and inside the line', () => {
  for (let index = 0; index < ROUNDS * 4; index++) {
    const random = new Random(SEED + index);
    let line = '';
    for (let count = random.below(30); count > 0; count--)
      line += random.below(3) === 0 ? random.of(ODD) : String.fromCharCode(random.below(256));
    const { words, problem } = splitWords(line, (name) => ENVIRONMENT[name as 'A'], 64);
    let last = 0;
    for (const { column } of words) {
      assert.ok(column >= last && column <= line.length + 1, `seed ${SEED + index}: ${JSON.stringify(line)}`);
      last = column;
    }
    assert.ok(
      problem === null || (problem.column > 0 && problem.column <= line.length + 1),
      `seed ${SEED + index}: ${JSON.stringify(line)}`,
    );
  }
});

test('conditions of any text are judged', () => {
  const parts = ['defined', 'streq', 'version_atleast', '(', ')', ',', '!', '&&', '||', '1', '0', ' ', '"', "'", '\\', 'a', '.', '-'];
  for (let index = 0; index < ROUNDS * 2; index++) {
    const random = new Random(SEED + index);
    let text = '';
    for (let count = random.below(16); count > 0; count--) text += random.of(parts);
    const judged = evaluateCondition(text, { environment: new Map() });
    assert.ok('value' in judged || (judged.problem.length > 0 && judged.at <= text.length), text);
  }
});
