/**
 * Variables as rules see them: `scope.name` resolved at start to a list and a number, values moved between the
 * sample register and the list (HAProxy 3.x configuration 2.8). It must not know expressions.
 */
import type { Memory } from '../../base/memory.ts';
import type { Stream } from '../../state/records.ts';
import type { Shared } from '../../state/shared.ts';
import { Scope, type ScopeValue, type VariableLimits, type VariableList, Variables } from '../../state/variables.ts';
import { RuleError } from '../error.ts';
import { type Sample, SampleType, type SampleTypeValue } from '../sample.ts';

export const SCOPES: Readonly<Record<string, ScopeValue>> = {
  proc: Scope.process,
  sess: Scope.session,
  txn: Scope.transaction,
  req: Scope.request,
  res: Scope.response,
  check: Scope.check,
  psess: Scope.parent,
  ptxn: Scope.parent,
  preq: Scope.parent,
  pres: Scope.parent,
};
export const SCOPE_NAMES = Object.keys(SCOPES);
const PARTS = /^([^.]*)\.([a-zA-Z0-9_.]+)$/;

/** From `tune.vars.*` by HAProxy's name. */
export function variableLimits(tune: Readonly<Record<string, number>>): VariableLimits {
  const of = (name: string): number => tune[`tune.vars.${name}-max-size`] ?? 0;
  const message = of('reqres');
  const most = of('proc');
  const process = most > 0 && of('global') > 0 ? Math.min(most, of('global')) : most || of('global');
  return { lists: [0, of('sess'), of('txn'), message, message, of('check'), 0], process };
}

/** A name of a configuration. `id` is its number among the thread's names, or its slot among the process's. */
export interface VariableName {
  readonly scope: ScopeValue;
  /** Without the scope. */
  readonly name: string;
  readonly id: number;
}

export interface KnownName {
  readonly id: number;
  /** Of scope proc. */
  readonly isShared: boolean;
  readonly start: number;
  readonly end: number;
}

/** The names of a thread's configuration, and the values of its sessions and streams. One a thread. */
export class ThreadVariables {
  readonly values: Variables;
  /** Every name of the configuration, with its bytes in the statics; those of the process and others apart. */
  readonly known: KnownName[] = [];
  readonly #ids = new Map<string, number>();
  readonly #memory: Memory;
  readonly #shared: Shared;

  constructor(memory: Memory, shared: Shared, limits: VariableLimits) {
    this.#memory = memory;
    this.#shared = shared;
    this.values = new Variables(memory, shared, limits);
  }

  /** At start. @throws RuleError if it is no name of a variable */
  resolve(text: string): VariableName {
    const [, prefix, name] = PARTS.exec(text) ?? [];
    const scope = SCOPES[prefix ?? ''];
    if (scope === undefined || name === undefined) {
      const expected = `a name begins with its scope (${SCOPE_NAMES.slice(0, 6).join(', ')}) and a dot, then letters, digits, dots and '_'`;
      throw new RuleError(`invalid variable name '${text}': ${expected}`, -1, text, SCOPE_NAMES);
    }
    if (scope !== Scope.process) return { scope, name, id: this.#idOf(name) };
    const id = this.#shared.variables.claim(name);
    if (id < 0) throw new RuleError(`'${text}': there are too many variables of the process, or the name is too long`, -1, text);
    if (!this.known.some((one) => one.isShared && one.id === id)) this.#know(name, id, true);
    return { scope, name, id };
  }

  #idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(name, id);
    this.#know(name, id, false);
    return id;
  }

  #know(name: string, id: number, isShared: boolean): void {
    const start = this.#memory.intern(name);
    this.known.push({ id, isShared, start, end: start + name.length });
  }

  /** Fills the register; false: the variable is not set. */
  get(variable: VariableName, sample: Sample, stream: Stream): boolean {
    if (variable.scope === Scope.process) return this.#getShared(variable.id, sample);
    const { values } = this;
    const list = listOf(variable.scope, stream);
    const cell = list === null ? -1 : values.find(list, variable.id);
    if (cell < 0 || values.type(cell) === 0) return false;
    const type = values.type(cell) as SampleTypeValue;
    return fill(sample, type, values.number(cell), values.start(cell), values.end(cell));
  }

  #getShared(slot: number, sample: Sample): boolean {
    const memory = this.#memory;
    const at = memory.scratch();
    const { variables } = this.#shared;
    if (!variables.read(slot, memory.bytes, at)) return false;
    return fill(sample, variables.type as SampleTypeValue, variables.number, at, at + variables.length);
  }

  /** Keeps what is in the register, with its type. False: there is no such list here, or no room. */
  set(variable: VariableName, sample: Sample, stream: Stream): boolean {
    const { type } = sample;
    if (type === SampleType.ipv4 || type === SampleType.ipv6) return this.#setIp(variable, sample, stream);
    const number = type === SampleType.bool || type === SampleType.int || type === SampleType.method ? sample.int : 0;
    const hasBytes = type === SampleType.str || type === SampleType.bin || type === SampleType.method;
    return this.#store(variable, stream, type, number, hasBytes ? sample.start : 0, hasBytes ? sample.end : 0);
  }

  #setIp(variable: VariableName, sample: Sample, stream: Stream): boolean {
    const memory = this.#memory;
    const at = memory.scratch();
    const size = sample.type === SampleType.ipv4 ? 4 : 16;
    for (let i = 0; i < size; i++) memory.bytes[at + i] = sample.ip[i] as number;
    return this.#store(variable, stream, sample.type, 0, at, at + size);
  }

  #store({ scope, id }: VariableName, stream: Stream, type: number, number: number, start: number, end: number): boolean {
    if (scope === Scope.process) return this.#shared.variables.write(id, type, number, this.#memory.bytes, start, end);
    const list = listOf(scope, stream);
    return list !== null && this.values.set(list, id, type, number, start, end);
  }

  unset({ scope, id }: VariableName, stream: Stream): void {
    const list = listOf(scope, stream);
    if (scope === Scope.process) this.#shared.variables.write(id, 0, 0, this.#memory.bytes, 0, 0);
    else if (list !== null) this.values.unset(list, id);
  }

  /** Those of the process exist from the start on. */
  exists({ scope, id }: VariableName, stream: Stream): boolean {
    const list = listOf(scope, stream);
    return scope === Scope.process || (list !== null && this.values.find(list, id) >= 0);
  }

  isSet({ scope, id }: VariableName, stream: Stream): boolean {
    if (scope === Scope.process) return this.#shared.variables.isSet(id);
    const list = listOf(scope, stream);
    const cell = list === null ? -1 : this.values.find(list, id);
    return cell >= 0 && this.values.type(cell) !== 0;
  }
}

/** The list that holds a scope; null: there is none here. A request's variables are gone once the response has begun. */
export function listOf(scope: ScopeValue, stream: Stream): VariableList | null {
  const list =
    scope === Scope.session
      ? (stream.session?.variables ?? null)
      : scope === Scope.transaction || scope === Scope.check
        ? stream.variables
        : scope === Scope.request || scope === Scope.response
          ? stream.messageVariables
          : null;
  return list !== null && list.scope === scope ? list : null;
}

const ADDRESS_BYTES = 16;

function fill(sample: Sample, type: SampleTypeValue, number: number, start: number, end: number): boolean {
  sample.type = type;
  if (type === SampleType.ipv4 || type === SampleType.ipv6) {
    const { bytes } = sample.memory;
    sample.ip = sample.ownIp;
    for (let i = 0; i < ADDRESS_BYTES && start + i < end; i++) sample.ownIp[i] = bytes[start + i] as number;
    return true;
  }
  sample.int = number;
  sample.start = start;
  sample.end = end;
  return true;
}
