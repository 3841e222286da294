/** What `json_query` and its relatives do: one value out of a JSON text, as a sample. It must not know where the text comes from. */
import { type Memory, SCRATCH_SIZE } from '../../base/memory.ts';
import { RuleError } from '../error.ts';
import type { Sample } from '../sample.ts';
import { JsonKind, JsonReader, type JsonStep, parseJsonPath, readDouble, writeGeneral, writeUnescaped } from './jsontext.ts';
import { Writer } from './writer.ts';

/** A path's steps, with its keys in memory. At start. @throws RuleError */
export function jsonSteps(memory: Memory, path: string): readonly JsonStep[] {
  const parsed = parseJsonPath(path);
  if (parsed === null) throw new RuleError(`'${path}' is not a JSON path as $.key[0]`, -1, path);
  return parsed.map(({ key, index }) => ({ start: index < 0 ? memory.intern(key) : -1, length: key.length, index }));
}

export class JsonQuery {
  readonly #memory: Memory;
  readonly #steps: readonly JsonStep[];
  readonly #asInt: boolean;
  readonly #reader: JsonReader;
  readonly #out: Writer;

  /** @throws RuleError if the path is none */
  constructor(memory: Memory, path: string, output: 'int' | null) {
    this.#memory = memory;
    this.#steps = jsonSteps(memory, path);
    this.#asInt = output === 'int';
    this.#reader = new JsonReader(memory.bytes);
    this.#out = new Writer(memory);
  }

  /** Makes the sample the value in [start, end); false: there is none, or it is an object or null. */
  run(sample: Sample, from: number, to: number): boolean {
    const memory = this.#memory;
    const out = this.#out;
    const kind = this.#reader.find(from, to, this.#steps);
    const { start, end } = this.#reader;
    if (kind === JsonKind.true || kind === JsonKind.false) return sample.setBool(kind === JsonKind.true);
    if (kind === JsonKind.array) return sample.setText(start, end);
    if (kind !== JsonKind.string && kind !== JsonKind.number) return false;
    const at = memory.scratch();
    out.open(at, at + SCRATCH_SIZE);
    if (kind === JsonKind.string) return writeUnescaped(memory.bytes, start, end, out) && !out.overflow && sample.setText(at, out.at);
    const value = readDouble(memory.bytes, start, end);
    if (Number.isNaN(value)) return false;
    if (this.#asInt) return sample.setInt(Math.trunc(value));
    writeGeneral(value, out);
    return sample.setText(at, out.at);
  }
}
