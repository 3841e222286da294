/**
 * Maps as converters: `map_<how to find>[_<what to give>](file[,default])` (HAProxy 3.x configuration 7.3.1). The key and what is
 * given come from the name. It must not know which of them there are: keywords/converters/maps.ts.
 */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type ArgSpec, type Converter, type ConverterExample, type ConvertStep, defineConverter } from '../define.ts';
import { RuleError } from '../error.ts';
import { cast, type Sample, SampleType, type SampleTypeValue } from '../sample.ts';
import { copyForeign } from '../value/bytes.ts';
import { type PatternIndex, PatternKind, type PatternKindValue } from './pattern-index.ts';
import type { RegexIndex } from './regex.ts';
import type { PatternEntries } from './set.ts';

const KINDS: Readonly<Record<string, PatternKindValue>> = {
  str: PatternKind.exact,
  beg: PatternKind.prefix,
  end: PatternKind.suffix,
  sub: PatternKind.inside,
  dir: PatternKind.parts,
  dom: PatternKind.domain,
  ip: PatternKind.address,
  int: PatternKind.number,
  reg: PatternKind.regex,
  regm: PatternKind.regex,
};
const HOW: Readonly<Record<string, string>> = {
  str: 'is the text',
  beg: 'begins the text, the longest of several',
  end: 'ends the text',
  sub: 'is a part of the text',
  dir: 'is one or more whole parts of the path',
  dom: 'is one or more whole parts of the domain name',
  ip: 'is the address or a network that holds it, the smallest of several',
  int: 'is the number or a range that holds it',
  reg: 'is a regular expression that is found in the text',
  regm: 'is a regular expression that is found in the text, with \\1 to \\9 in the value replaced by its groups',
};

type Output = 'str' | 'int' | 'ip' | 'key';
const OUTPUTS: Readonly<Record<Output, { readonly type: SampleTypeValue; readonly text: string }>> = {
  str: { type: SampleType.str, text: 'The value' },
  int: { type: SampleType.int, text: 'The value, an integer,' },
  ip: { type: SampleType.address, text: 'The value, an address,' },
  key: { type: SampleType.str, text: 'The key' },
};

/** A converter `map…`, all of which is told by its name. */
export function defineMap(name: string, ...examples: [ConverterExample, ...ConverterExample[]]): Converter {
  const [, match = 'str', out = 'str'] = name.split('_') as [string, string?, Output?];
  const kind = KINDS[match] as PatternKindValue;
  const { type, text } = OUTPUTS[out];
  const fallbacks: readonly ArgSpec[] =
    out === 'key' ? [] : [{ name: 'default_value', kind: 'str', default: null, mayBeEmpty: type === SampleType.str }];
  return defineConverter<readonly ArgSpec[]>({
    name,
    args: [{ name: 'map_name', kind: 'str' }, ...fallbacks],
    from: kind === PatternKind.address ? SampleType.address : kind === PatternKind.number ? SampleType.int : SampleType.str,
    to: type,
    doc: `${text} of the first line of the map whose key ${HOW[match]}; ${out === 'key' ? 'no value' : 'the default, or no value,'} if there is none.`,
    examples,
    compile: (args, context) => {
      const [file, fallback = null] = args as unknown as readonly [string, (string | null)?];
      const values = out === 'int' || out === 'ip' ? { values: out } : {};
      let index: PatternIndex;
      try {
        ({ index } = context.thread.patterns.open({ name: file, isMap: true, kind, fold: false, ...values }));
      } catch (error) {
        throw new RuleError((error as Error).message, -1, file);
      }
      const give = match === 'regm' ? compileReplaced(index as RegexIndex) : compileGiven(index, out);
      if (fallback === null) return give;
      return compileDefault(give, context.thread.memory.intern(fallback), fallback, type);
    },
  });
}

/** hot-ok: at start */
function compileDefault(give: ConvertStep, start: number, text: string, type: SampleTypeValue): ConvertStep {
  if (type === SampleType.int && !/^[-+]?\d+$/.test(text)) throw new RuleError(`the default '${text}' is not an integer`, -1, text);
  const end = start + text.length;
  return (sample, stream) => {
    if (give(sample, stream)) return true;
    sample.setText(start, end);
    return cast(sample, type);
  };
}

function compileGiven(index: PatternIndex, out: Output): ConvertStep {
  const { type } = OUTPUTS[out];
  const { entries } = index;
  return (sample, stream) => {
    entries.see(stream.patternCommits);
    const entry = index.find(sample);
    if (entry < 0) return false;
    const isThere =
      out === 'key'
        ? give(sample, entries, entries.keyStart(entry), entries.keyLength(entry))
        : give(sample, entries, entries.valueStart(entry), entries.valueLength(entry));
    return isThere && cast(sample, type);
  };
}

/** Copies a text of the set to where samples may be. */
function give(sample: Sample, entries: PatternEntries, start: number, length: number): boolean {
  const { memory } = sample;
  if (start === 0 || length > SCRATCH_SIZE) return false;
  const at = memory.scratch();
  return sample.setText(at, copyForeign(entries.arena, start, start + length, memory.bytes, at));
}

const BACKSLASH = 92;
const ZERO = 48;

/** The value with \0 to \9 replaced by what the groups matched. */
function compileReplaced(index: RegexIndex): ConvertStep {
  return (sample, stream) => {
    index.entries.see(stream.patternCommits);
    const entry = index.find(sample);
    if (entry < 0) return false;
    const { memory, start, end } = sample;
    const regex = index.regex(entry);
    if (!regex.find(memory.bytes, start, end, start)) return false;
    const { arena } = index.entries;
    const from = index.entries.valueStart(entry);
    const stop = from + index.entries.valueLength(entry);
    const at = memory.scratch();
    let to = at;
    for (let here = from; here < stop && to < at + SCRATCH_SIZE; here++) {
      const byte = arena[here] as number;
      const group = byte === BACKSLASH && here + 1 < stop ? (arena[here + 1] as number) - ZERO : -1;
      if (byte === BACKSLASH && here + 1 < stop) here++;
      if (group < 0 || group > 9) memory.bytes[to++] = arena[here] as number;
      else to = copyGroup(memory.bytes, regex.match, group, regex.groups, to, at + SCRATCH_SIZE);
    }
    return to < at + SCRATCH_SIZE && sample.setText(at, to);
  };
}

/** A group that took no part is empty. */
function copyGroup(bytes: Uint8Array, match: Int32Array, group: number, groups: number, to: number, limit: number): number {
  if (group >= groups) return to;
  const start = match[group * 2] as number;
  const end = match[group * 2 + 1] as number;
  if (start < 0 || to + end - start >= limit) return start < 0 ? to : limit;
  return copyForeign(bytes, start, end, bytes, to);
}
