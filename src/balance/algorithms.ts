/**
 * All balancing algorithms, in the order of the manual, and how one is found. A new algorithm is its file and
 * a line here.
 */
import type { Memory } from '../base/memory.ts';
import type { Backend, ServerPicker } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import { type Algorithm, type BalanceKey, DEFAULT_HASH, type HashSettings } from './contract.ts';
import { hashExpression, rdpCookie } from './expression.ts';
import { first } from './first.ts';
import { hdr } from './hdr.ts';
import { leastconn } from './leastconn.ts';
import { random } from './random.ts';
import { roundrobin } from './roundrobin.ts';
import { source } from './source.ts';
import { staticRr } from './static-rr.ts';
import { uri } from './uri.ts';
import { urlParam } from './url-param.ts';

export const algorithms: readonly Algorithm[] = [
  roundrobin,
  staticRr,
  leastconn,
  first,
  source,
  uri,
  urlParam,
  hdr,
  rdpCookie,
  hashExpression,
  random,
];

const NO_WORDS: readonly string[] = [];

/** Without a `balance` line (HAProxy 3.3 and later). */
export const DEFAULT_ALGORITHM = random;

/** The algorithm of this name, or null. Names with an argument in brackets are split by `splitName`. */
export function findAlgorithm(name: string): Algorithm | null {
  for (let at = 0; at < algorithms.length; at++) {
    const algorithm = algorithms[at] as Algorithm;
    if (algorithm.name === name) return algorithm;
  }
  return null;
}

/** `random(2)` is the name `random` and the word `2`. */
export function splitName(text: string): { name: string; argument: string | null } {
  const open = text.indexOf('(');
  if (open < 0 || !text.endsWith(')')) return { name: text, argument: null }; // hot-ok: at start
  return { name: text.slice(0, open), argument: text.slice(open + 1, -1) }; // hot-ok: at start
}

/**
 * The picker of a backend on this thread, at start. `text` is the first word of the balance line (null: no line), `words` the rest;
 * the parser has checked them with `balanceProblem`, so an unknown name is the default.
 */
export function makePicker(
  backend: Backend,
  shared: Shared,
  text: string | null,
  words: readonly string[] = NO_WORDS,
  hash: HashSettings = DEFAULT_HASH,
  memory: Memory | null = null,
  key: BalanceKey | null = null,
): ServerPicker {
  const { name, argument } = splitName(text ?? DEFAULT_ALGORITHM.name);
  const algorithm = findAlgorithm(name) ?? DEFAULT_ALGORITHM;
  const given = { words: argument === null ? words : [argument].concat(words), hash, memory, key }; // hot-ok: at start
  return algorithm.make(backend, shared, given);
}

/** What is wrong with a balance line, or null. */
export function balanceProblem(text: string, words: readonly string[]): string | null {
  const { name, argument } = splitName(text);
  const algorithm = findAlgorithm(name);
  if (algorithm === null) return `unknown algorithm '${name}', expected ${algorithms.map((one) => one.name).join(', ')}`; // hot-ok: at start
  return algorithm.problem(argument === null ? words : [argument].concat(words)); // hot-ok: at start
}
