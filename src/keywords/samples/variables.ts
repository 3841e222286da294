/** Samples of variables (HAProxy 3.x configuration 2.8 and 7.3.2). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type CompileContext, defineFetch } from '../../rules/define.ts';
import { Writer } from '../../rules/format/writer.ts';
import { Valid } from '../../rules/place.ts';
import { cast, Sample, SampleType } from '../../rules/sample.ts';
import { equalBytes } from '../../rules/value/bytes.ts';
import { type KnownName, SCOPE_NAMES, SCOPES, type ThreadVariables } from '../../rules/value/variables.ts';
import type { Stream } from '../../state/records.ts';
import { Scope, type ScopeValue } from '../../state/variables.ts';

export const variable = defineFetch({
  name: 'var',
  args: [
    { name: 'var-name', kind: 'str' },
    { name: 'default', kind: 'str', default: null, mayBeEmpty: true },
  ],
  type: SampleType.any,
  valid: Valid.always,
  doc: 'The value of a variable, with the type it was set with; the default, a text, where it is not set.',
  examples: [
    { call: 'var(txn.none)', out: null },
    { call: 'var(txn.none,else)', out: 'else' },
    { call: 'var(txn.none,)', out: '' },
    { after: 'str(a),set-var(req.x)', call: 'var(req.x)', out: 'a' },
    { after: 'int(3),set-var(sess.n),mul(2)', call: 'var(sess.n),add(1)', out: 4 },
    { after: 'src,set-var(txn.ip)', call: 'var(txn.ip),ipmask(24)', out: '192.0.2.0' },
    { after: 'method,set-var(txn.m)', call: 'var(txn.m)', out: 'GET' },
    { after: 'int(3),set-var(res.n)', call: 'var(res.n)', out: null },
    { after: 'int(3),set-var(res.n)', response: 'HTTP/1.1 200 OK', call: 'var(res.n)', out: 3 },
  ],
  compile: ([name, otherwise], context) => {
    const { variables, memory } = context.thread;
    const resolved = variables.resolve(name);
    if (otherwise === null) return (sample, stream) => variables.get(resolved, sample, stream);
    const start = memory.intern(otherwise);
    const end = start + otherwise.length;
    return (sample, stream) => variables.get(resolved, sample, stream) || sample.setText(start, end);
  },
});

const QUOTE = 34;
const BACKSLASH = 92;
/** What stands behind a backslash for these bytes. */
const ESCAPED: ReadonlyMap<number, number> = new Map([
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
  [13, 114],
  [10, 110],
  [8, 98],
  [0, 48],
]);
const HEX = '0123456789abcdef';
const LETTER_X = 120;
const EQUALS = 61;

function writeQuoted(out: Writer, start: number, end: number): void {
  out.byte(QUOTE);
  for (let at = start; at < end; at++) {
    const byte = out.bytes[at] as number;
    const escaped = ESCAPED.get(byte);
    if (escaped !== undefined) out.byte(BACKSLASH);
    out.byte(escaped ?? byte);
  }
  out.byte(QUOTE);
}

function writeHexBytes(out: Writer, start: number, end: number): void {
  out.byte(LETTER_X);
  for (let at = start; at < end; at++) {
    const byte = out.bytes[at] as number;
    out.byte(HEX.charCodeAt(byte >> 4));
    out.byte(HEX.charCodeAt(byte & 15));
  }
}

/** Writes one scope's variables whose names begin with `prefix`, in the order in which the configuration names them. */
class Dump {
  readonly #variables: ThreadVariables;
  readonly #out: Writer;
  readonly #value: Sample;
  /** Changed from name to name. */
  readonly #variable: { readonly scope: ScopeValue; readonly name: string; id: number };
  readonly #prefixStart: number;
  readonly #prefixEnd: number;
  readonly #delimiterStart: number;
  readonly #delimiterEnd: number;

  constructor(scope: ScopeValue, prefix: string, delimiter: string, { thread }: CompileContext) {
    const { memory } = thread;
    this.#variables = thread.variables;
    this.#out = new Writer(memory);
    this.#value = new Sample(memory);
    this.#variable = { scope, name: '', id: 0 };
    this.#prefixStart = memory.intern(prefix);
    this.#prefixEnd = this.#prefixStart + prefix.length;
    this.#delimiterStart = memory.intern(delimiter);
    this.#delimiterEnd = this.#delimiterStart + delimiter.length;
  }

  run(sample: Sample, stream: Stream): boolean {
    const out = this.#out;
    const start = out.memory.scratch();
    out.open(start, start + SCRATCH_SIZE);
    const { known } = this.#variables;
    for (let at = 0; at < known.length; at++) this.#write(known[at] as KnownName, start, stream);
    return !out.overflow && sample.setText(start, out.at);
  }

  #write(name: KnownName, start: number, stream: Stream): void {
    const out = this.#out;
    const variable = this.#variable;
    const prefixLength = this.#prefixEnd - this.#prefixStart;
    if (name.isShared !== (variable.scope === Scope.process) || name.end - name.start < prefixLength) return;
    if (!equalBytes(out.bytes, name.start, name.start + prefixLength, this.#prefixStart)) return;
    variable.id = name.id;
    if (!this.#variables.get(variable, this.#value, stream)) return;
    if (out.at > start) out.copy(this.#delimiterStart, this.#delimiterEnd);
    out.copy(name.start, name.end);
    out.byte(EQUALS);
    this.#writeValue();
  }

  #writeValue(): void {
    const value = this.#value;
    if (value.type === SampleType.bin) writeHexBytes(this.#out, value.start, value.end);
    else if (value.type === SampleType.str) writeQuoted(this.#out, value.start, value.end);
    else if (cast(value, SampleType.str)) this.#out.copy(value.start, value.end);
  }
}

const OWN_SCOPES = SCOPE_NAMES.slice(0, 5);

export const dumpAllVars = defineFetch({
  name: 'dump_all_vars',
  args: [
    { name: 'scope', kind: 'str', oneOf: OWN_SCOPES, default: 'txn' },
    { name: 'prefix', kind: 'str', default: '' },
    { name: 'delimiter', kind: 'str', default: ', ' },
  ],
  type: SampleType.str,
  valid: Valid.always,
  doc: 'All variables of a scope that are set, as `name=value`: texts in quotes, bytes as x and hexadecimal digits. Only names that begin with the prefix.',
  examples: [
    { call: 'dump_all_vars', out: '' },
    { after: 'str("a\\"b"),set-var(txn.one),length,set-var(txn.two)', call: 'dump_all_vars(txn)', out: 'one="a\\"b", two=3' },
    { after: 'bin(0aff),set-var(txn.aa),set-var(txn.b),set-var(txn.ab)', call: 'dump_all_vars(txn,a,;)', out: 'aa=x0aff;ab=x0aff' },
  ],
  compile: ([scope, prefix, delimiter], context) => {
    const dump = new Dump(SCOPES[scope] as ScopeValue, prefix, delimiter, context);
    return (sample, stream) => dump.run(sample, stream);
  },
});
