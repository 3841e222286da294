/**
 * Setting a variable under conditions: what `set-var(name,cond…)` means, for actions and the converter alike (HAProxy 3.x
 * configuration 7.3.1 set-var).
 */
import type { Stream } from '../../state/records.ts';
import { RuleError } from '../error.ts';
import { Sample, SampleType } from '../sample.ts';
import type { Thread } from '../thread.ts';
import type { ThreadVariables, VariableName } from './variables.ts';

export const SET_CONDITIONS = ['ifexists', 'ifnotexists', 'ifempty', 'ifnotempty', 'ifset', 'ifnotset', 'ifgt', 'iflt'] as const;
const MOST_CONDITIONS = 4;
const EXISTS = 1;
const NOT_EXISTS = 2;
const EMPTY = 4;
const NOT_EMPTY = 8;
const SET = 16;
const NOT_SET = 32;
const GREATER = 64;
const LESS = 128;

/** Gives a variable what is in the register, if all conditions hold. */
export class Setter {
  readonly variable: VariableName;
  readonly #variables: ThreadVariables;
  readonly #conditions: number;
  /** Holds the variable's value while it is compared. */
  readonly #other: Sample;

  /** @param words the name, then conditions. @throws RuleError */
  constructor(words: readonly string[], thread: Thread) {
    const [name, ...conditions] = words;
    this.variable = thread.variables.resolve(name ?? '');
    this.#variables = thread.variables;
    this.#conditions = conditionBits(conditions);
    this.#other = new Sample(thread.memory);
  }

  /** False: a condition does not hold, there is no room, or the variable can't be set here. */
  set(sample: Sample, stream: Stream): boolean {
    return (this.#conditions === 0 || this.#holds(sample, stream)) && this.#variables.set(this.variable, sample, stream);
  }

  #holds(sample: Sample, stream: Stream): boolean {
    const bits = this.#conditions;
    const { variable } = this;
    const variables = this.#variables;
    if ((bits & (EXISTS | NOT_EXISTS)) !== 0 && !agrees(bits, EXISTS, NOT_EXISTS, variables.exists(variable, stream))) return false;
    if ((bits & (SET | NOT_SET)) !== 0 && !agrees(bits, SET, NOT_SET, variables.isSet(variable, stream))) return false;
    const hasBytes = sample.type === SampleType.str || sample.type === SampleType.bin;
    if (!agrees(bits, EMPTY, NOT_EMPTY, hasBytes && sample.start === sample.end)) return false;
    return (bits & (GREATER | LESS)) === 0 || this.#compares(bits, sample, stream);
  }

  /** Only integers are compared; of anything else it holds. */
  #compares(bits: number, sample: Sample, stream: Stream): boolean {
    const other = this.#other;
    if (sample.type !== SampleType.int) return true;
    if (!this.#variables.get(this.variable, other, stream) || other.type !== SampleType.int) return true;
    return ((bits & GREATER) === 0 || other.int > sample.int) && ((bits & LESS) === 0 || other.int < sample.int);
  }
}

/** Whether a fact is what the bits ask for. */
function agrees(bits: number, wanted: number, unwanted: number, fact: boolean): boolean {
  return (bits & (fact ? unwanted : wanted)) === 0;
}

function conditionBits(words: readonly string[]): number {
  if (words.length > MOST_CONDITIONS) throw new RuleError(`at most ${MOST_CONDITIONS} conditions are possible, got ${words.length}`);
  return words.reduce((bits, word) => {
    const at = (SET_CONDITIONS as readonly string[]).indexOf(word);
    if (at < 0) throw new RuleError(`'${word}' is not a condition: expected ${SET_CONDITIONS.join(', ')}`, -1, word, SET_CONDITIONS);
    return bits | (1 << at);
  }, 0);
}
