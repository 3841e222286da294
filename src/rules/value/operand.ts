/**
 * Arguments of converters that are a constant or the name of a variable, as `add(5)` and `add(txn.n)`, and arguments that are always
 * a variable's name. A variable is read into a register of its own, so that of the sample is not disturbed.
 */
import type { Stream } from '../../state/records.ts';
import type { CompileContext } from '../define.ts';
import { RuleError } from '../error.ts';
import { cast, Sample, SampleType } from '../sample.ts';
import type { Thread } from '../thread.ts';
import type { ThreadVariables, VariableName } from './variables.ts';

/** A variable whose name stands in an argument. */
export class VariableOperand {
  readonly sample: Sample;
  readonly #variables: ThreadVariables;
  readonly #name: VariableName;

  /** @throws RuleError if it is no name */
  constructor(name: string, { thread }: { readonly thread: Thread }) {
    this.#variables = thread.variables;
    this.#name = thread.variables.resolve(name);
    this.sample = new Sample(thread.memory);
  }

  /** Its text is in `sample`; false: it is not set. */
  readText(stream: Stream): boolean {
    return this.#variables.get(this.#name, this.sample, stream) && cast(this.sample, SampleType.str);
  }

  /** Its bytes are in `sample`. */
  readBytes(stream: Stream): boolean {
    return this.#variables.get(this.#name, this.sample, stream) && cast(this.sample, SampleType.bin);
  }

  readInt(stream: Stream): boolean {
    return this.#variables.get(this.#name, this.sample, stream) && cast(this.sample, SampleType.int);
  }
}

/** A number, or a variable that holds one. */
export class NumberOperand {
  /** After `read`. */
  value: number;
  readonly #variable: VariableOperand | null;

  constructor(word: string, context: CompileContext) {
    const isNumber = /^[-+]?\d+$/.test(word);
    this.value = isNumber ? Number(word) : 0;
    if (!isNumber && !/^[a-z]+\./.test(word)) throw new RuleError(`'${word}' is neither an integer nor the name of a variable`, -1, word);
    this.#variable = isNumber ? null : new VariableOperand(word, context);
  }

  get isConstant(): boolean {
    return this.#variable === null;
  }

  /** False: the variable is not set, or is no number. */
  read(stream: Stream): boolean {
    const variable = this.#variable;
    if (variable === null) return true;
    if (!variable.readInt(stream)) return false;
    this.value = variable.sample.int;
    return true;
  }
}

/** A text, or a variable that holds one: names of variables begin with a scope and a dot. */
export class TextOperand {
  start: number;
  end: number;
  readonly #variable: VariableOperand | null;

  constructor(word: string, context: CompileContext) {
    const isVariable = /^(?:proc|sess|txn|req|res|check|psess|ptxn|preq|pres)\.[\w.]+$/.test(word);
    this.#variable = isVariable ? new VariableOperand(word, context) : null;
    this.start = isVariable ? 0 : context.thread.memory.intern(word);
    this.end = isVariable ? 0 : this.start + word.length;
  }

  get isConstant(): boolean {
    return this.#variable === null;
  }

  /** Its bytes are [start, end); false: the variable is not set. */
  read(stream: Stream): boolean {
    const variable = this.#variable;
    if (variable === null) return true;
    if (!variable.readBytes(stream)) return false;
    this.start = variable.sample.start;
    this.end = variable.sample.end;
    return true;
  }
}
