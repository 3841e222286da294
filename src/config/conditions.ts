/**
 * Conditions of `.if` lines and `-cc` (HAProxy configuration manual, 2.4): numbers, predicates, `!`, `&&`
 * before `||`, parentheses. The whole text must be well formed; what is wrong is data.
 */

import { hasFeature, isEnabled, OPENSSL_VERSION } from './command/version.ts';
import { LANGUAGE_VERSION } from './environment.ts';

export type Condition = { readonly value: boolean } | { readonly problem: string; readonly at: number };

/** What predicates ask about. */
export interface ConditionWorld {
  readonly environment: ReadonlyMap<string, string>;
}

/** `at` counts characters of `text` from 0. An empty text is false. */
export function evaluateCondition(text: string, world: ConditionWorld): Condition {
  if (text.trim() === '') return { value: false };
  const reader = new ConditionReader(text, world);
  const value = reader.or();
  if (reader.problem === null && reader.at < text.length) {
    reader.fail(`unexpected character '${text[reader.at]}' at the end of conditional expression '${text}'`);
  }
  return reader.problem === null ? { value } : { problem: reader.problem, at: reader.at };
}

/** So many levels are read; the text is a user's, the stack is ours. */
const DEPTH_LIMIT = 100;

class ConditionReader {
  at = 0;
  problem: string | null = null;
  #depth = 0;
  readonly #text: string;
  readonly #world: ConditionWorld;

  constructor(text: string, world: ConditionWorld) {
    this.#text = text;
    this.#world = world;
  }

  fail(problem: string): false {
    this.problem ??= problem;
    return false;
  }

  or(): boolean {
    let value = this.#and();
    while (this.problem === null && this.#take('||')) value = this.#and() || value;
    return value;
  }

  #and(): boolean {
    let value = this.#term();
    while (this.problem === null && this.#take('&&')) value = this.#term() && value;
    return value;
  }

  #term(): boolean {
    if (this.#take('!')) return !this.#deeper(() => this.#term());
    if (this.#take('(')) return this.#deeper(() => this.#group());
    const rest = this.#text.slice(this.at);
    const number = /^[+-]?\d+/.exec(rest)?.[0];
    if (number !== undefined) {
      this.#advance(number.length);
      return Number(number) !== 0;
    }
    const name = /^([a-z_]+)\(/.exec(rest)?.[1];
    const predicate = name === undefined ? undefined : PREDICATES.get(name);
    if (predicate === undefined) return this.fail(`unparsable conditional expression '${rest}'`);
    return this.#call(name as string, predicate);
  }

  #deeper(read: () => boolean): boolean {
    if (this.#depth === DEPTH_LIMIT) return this.fail(`conditional expression with more than ${DEPTH_LIMIT} levels of '(' and '!'`);
    this.#depth++;
    const value = read();
    this.#depth--;
    return value;
  }

  #group(): boolean {
    const start = this.at - 1;
    const value = this.or();
    if (this.problem === null && !this.#take(')'))
      return this.fail(`expected ')' after conditional expression '${this.#text.slice(start)}'`);
    return value;
  }

  #call(name: string, predicate: Predicate): boolean {
    this.at += name.length + 1;
    const args: string[] = [];
    while (this.problem === null) {
      args.push(this.#argument(name, args.length + 1));
      if (this.#text[this.at] !== ',') break;
      this.at++;
    }
    if (this.problem !== null) return false;
    this.#advance(1);
    const given = args.length === 1 && args[0] === '' ? 0 : args.length;
    if (given < predicate.least)
      return this.fail(`missing arguments (got ${given}/${predicate.least}) in argument ${given} of predicate '${name}'`);
    if (given > predicate.most) return this.fail(`expected ')' before argument ${predicate.most + 1} of predicate '${name}'`);
    return predicate.test(args, this.#world);
  }

  /** Up to `,` or `)`: blanks count, quotes and backslashes protect. */
  #argument(name: string, number: number): string {
    let value = '';
    let quote = '';
    for (; this.at < this.#text.length; this.at++) {
      const char = this.#text[this.at] as string;
      if (quote === '' && (char === ',' || char === ')')) return value;
      if (char === '\\' && quote !== "'" && this.at + 1 < this.#text.length) value += this.#text[++this.at];
      else if (quote === '' && (char === '"' || char === "'")) quote = char;
      else if (char === quote) quote = '';
      else value += char;
    }
    this.fail(`expected ')' in argument ${number} of predicate '${name}' used in conditional expression`);
    return value;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.at)) return false;
    this.#advance(token.length);
    return true;
  }

  #advance(length: number): void {
    this.at += length;
    while (this.#text[this.at] === ' ' || this.#text[this.at] === '\t') this.at++;
  }
}

interface Predicate {
  readonly least: number;
  readonly most: number;
  readonly test: (args: readonly string[], world: ConditionWorld) => boolean;
}

const NEVER: Predicate = { least: 0, most: 1, test: () => false };
const PREDICATES: ReadonlyMap<string, Predicate> = new Map<string, Predicate>([
  ['defined', { least: 1, most: 1, test: ([name], world) => world.environment.has(name as string) }],
  ['feature', { least: 1, most: 1, test: ([name]) => hasFeature(name as string) }],
  ['enabled', { least: 1, most: 1, test: ([name]) => isEnabled(name as string) }],
  ['streq', { least: 2, most: 2, test: ([a, b]) => a === b }],
  ['strneq', { least: 2, most: 2, test: ([a, b]) => a !== b }],
  ['strstr', { least: 2, most: 2, test: ([a, b]) => (a as string).includes(b as string) }],
  ['version_atleast', { least: 0, most: 1, test: ([version]) => compareVersions(LANGUAGE_VERSION, version ?? '') >= 0 }],
  ['version_before', { least: 0, most: 1, test: ([version]) => compareVersions(LANGUAGE_VERSION, version ?? '') < 0 }],
  ['openssl_version_atleast', { least: 0, most: 1, test: ([version]) => compareVersions(OPENSSL_VERSION, version ?? '') >= 0 }],
  ['openssl_version_before', { least: 0, most: 1, test: ([version]) => compareVersions(OPENSSL_VERSION, version ?? '') < 0 }],
  ['ssllib_name_startswith', { least: 1, most: 1, test: ([name]) => `OpenSSL ${OPENSSL_VERSION}`.startsWith(name as string) }],
  ['awslc_api_atleast', NEVER],
  ['awslc_api_before', NEVER],
  ['fips_mode', NEVER],
]);

/** Major, minor, then `-devN` before the plain release, then the patch. */
export function compareVersions(a: string, b: string): number {
  const left = versionParts(a);
  const right = versionParts(b);
  for (let at = 0; at < left.length; at++) {
    const difference = (left[at] as number) - (right[at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionParts(text: string): number[] {
  const match = /^(\d+)(?:\.(\d+))?(?:-dev(\d+))?(?:\.(\d+))?/.exec(text);
  if (match === null) return [0, 0, 0, 0];
  const isDev = match[3] !== undefined;
  return [Number(match[1]), Number(match[2] ?? 0), isDev ? 0 : 1, Number(match[3] ?? match[4] ?? 0)];
}
