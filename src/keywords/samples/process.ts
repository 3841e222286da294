/** Samples of the process, of rules by name, and identifiers (HAProxy 3.x configuration 7.3.2). */
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { UUID_LENGTH, UuidMaker } from '../../rules/format/uuid.ts';
import { Writer } from '../../rules/format/writer.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';
import type { RuleOrigin } from '../../state/settings.ts';

function compileInt(value: number): FetchStep {
  return (sample) => sample.setInt(value);
}

export const nbproc = defineFetch({
  name: 'nbproc',
  args: [],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'How many processes serve: always 1.',
  examples: [{ call: 'nbproc', out: 1 }],
  compile: () => compileInt(1),
});

export const proc = defineFetch({
  name: 'proc',
  args: [],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'The number of the process among those that serve: always 1.',
  examples: [{ call: 'proc', out: 1 }],
  compile: () => compileInt(1),
});

export const tgroup = defineFetch({
  name: 'tgroup',
  args: [],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'The number of the group that the thread is in: always 1.',
  examples: [{ call: 'tgroup', out: 1 }],
  compile: () => compileInt(1),
});

export const quicEnabled = defineFetch({
  name: 'quic_enabled',
  args: [],
  type: SampleType.bool,
  valid: Valid.always,
  doc: 'Whether QUIC can be served: it can not.',
  examples: [{ call: 'quic_enabled', out: false }],
  compile: () => {
    return (sample) => sample.setBool(false);
  },
});

const PER_SECOND = 1000;

export const uptime = defineFetch({
  name: 'uptime',
  args: [],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'Seconds since the process was started.',
  examples: [{ call: 'uptime', out: 0 }],
  compile: (_, { thread }) => {
    const { clock, startedAtMs } = thread;
    return (sample) => sample.setInt(Math.floor((clock.now() - startedAtMs) / PER_SECOND));
  },
});

export const dateUs = defineFetch({
  name: 'date_us',
  args: [],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'Microseconds of the current second, as exact as the clock is: milliseconds.',
  examples: [{ call: 'date_us', out: 123_000 }],
  compile: (_, { thread }) => {
    const { clock } = thread;
    return (sample) => sample.setInt(Math.floor((clock.wallClock() % PER_SECOND) * 1000));
  },
});

export const env = defineFetch({
  name: 'env',
  args: [{ name: 'name', kind: 'str' }],
  type: SampleType.str,
  valid: Valid.always,
  doc: 'A variable of the environment, as it is at start. None if it is not set.',
  examples: [
    { call: 'env(REGION)', out: 'eu' },
    { call: 'env(NONE)', out: null },
  ],
  compile: ([name], { thread }) => {
    const text = thread.environment(name);
    if (text === undefined) return () => false;
    const start = thread.memory.intern(text);
    const end = start + text.length;
    return (sample) => sample.setText(start, end);
  },
});

export const uuid = defineFetch({
  name: 'uuid',
  args: [{ name: 'version', kind: 'int', default: 4 }],
  type: SampleType.str,
  valid: Valid.always,
  doc: 'A new unique identifier (RFC 9562): version 4 is random, version 7 begins with the time.',
  examples: [
    { call: 'uuid,length', out: 36 },
    { call: 'uuid(7),bytes(0,15)', out: '01a1f842-9373-7' },
  ],
  compile: ([version], { thread }) => {
    if (version !== 4 && version !== 7) throw new RuleError(`a uuid has version 4 or 7, not ${version}`, -1, String(version), ['4', '7']);
    const maker = new UuidMaker(thread.entropy);
    const { memory, clock } = thread;
    return (sample) => {
      const start = memory.scratch();
      maker.write(memory.bytes, start, version, clock.wallClock());
      return sample.setText(start, start + UUID_LENGTH);
    };
  },
});

const MOST_ACLS = 12;

export const acl = defineFetch({
  name: 'acl',
  args: Array.from({ length: MOST_ACLS }, (_, at) => ({
    name: `acl${at + 1}`,
    kind: 'str' as const,
    ...(at > 0 ? { default: null } : {}),
  })),
  type: SampleType.bool,
  valid: Valid.always,
  doc: 'Whether all of these ACLs match; a ! before a name inverts it.',
  examples: [
    { call: 'acl(TRUE)', out: true },
    { call: 'acl(TRUE,!METH_GET)', out: false },
  ],
  compile: (names, context: CompileContext) => {
    const condition = context.condition(names.filter((name) => name !== null).map((name) => String(name).trim()));
    return (sample, stream) => {
      // Conditions use the same register.
      const holds = condition.test(stream);
      return sample.setBool(holds);
    };
  },
});

export const lastRuleFile = defineFetch({
  name: 'last_rule_file',
  args: [],
  type: SampleType.str,
  valid: Valid.running,
  doc: 'The file of the last rule that ended the evaluation of its set: deny, accept, redirect …',
  examples: [{ call: 'last_rule_file', out: null }],
  compile: () => {
    return (sample, { lastRule }) => lastRule !== null && sample.setText(lastRule.fileStart, lastRule.fileEnd);
  },
});

export const lastRuleLine = defineFetch({
  name: 'last_rule_line',
  args: [],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'The line of the last rule that ended the evaluation of its set.',
  examples: [{ call: 'last_rule_line', out: null }],
  compile: () => {
    return (sample, { lastRule }) => lastRule !== null && sample.setInt(lastRule.line);
  },
});

const COLON = 58;
const LINE_DIGITS = 12;

/** `file:line` of a rule. */
function compilePlace(ruleOf: (stream: Stream) => RuleOrigin | null, { thread }: CompileContext): FetchStep {
  const out = new Writer(thread.memory);
  return (sample, stream) => {
    const rule = ruleOf(stream);
    if (rule === null) return false;
    const start = out.memory.scratch();
    out.open(start, start + rule.fileEnd - rule.fileStart + LINE_DIGITS);
    out.copy(rule.fileStart, rule.fileEnd);
    out.byte(COLON);
    out.int(rule.line);
    return sample.setText(start, out.at);
  };
}

export const lastEntity = defineFetch({
  name: 'last_entity',
  args: [],
  type: SampleType.str,
  valid: Valid.running,
  doc: 'What ended the evaluation of rules last: file and line of the rule.',
  examples: [{ call: 'last_entity', out: null }],
  compile: (_, context) => compilePlace((stream) => stream.lastRule, context),
});

export const waitingEntity = defineFetch({
  name: 'waiting_entity',
  args: [],
  type: SampleType.str,
  valid: Valid.running,
  doc: 'What the stream waits for, or waited for when it was cut off: file and line of the rule.',
  examples: [{ call: 'waiting_entity', out: null }],
  compile: (_, context) => compilePlace((stream) => stream.waitingRule, context),
});
