/**
 * Limits and sizes of the process that this program has too (HAProxy configuration manual, 3.2 and 3.3). Values are in the model
 * under HAProxy's name. Those that tune what exists only in HAProxy are in global-internals.ts.
 */
import { type Directive, type DirectiveContext, defineGlobal } from '../define.ts';

const MOST = 2147483647;

interface Row {
  readonly name: string;
  readonly doc: string;
  readonly min?: number;
  readonly max?: number;
  /** The largest value that has its effect: above it the line is accepted with a warning. */
  readonly useful?: number;
}

function warnUseless({ name, useful }: Row, value: number, context: DirectiveContext): void {
  if (useful === undefined || value <= useful) return;
  context.warn(`'${name}' : ${value} is more than this version can use, ${useful} is taken instead.`);
}

function defineNumbers(rows: readonly Row[]): Directive[] {
  return rows.map((row) => {
    const { name, doc, min = 0, max = MOST } = row;
    return defineGlobal({
      name,
      args: [{ name: 'number', kind: 'integer', min, max }],
      doc,
      examples: [
        { text: `${name} 100`, gives: { tune: { [name]: 100 } } },
        { text: `${name} x`, says: 'expects an integer argument' },
        { text: `${name} ${min - 1}`, says: 'must be ' },
      ],
      apply(global, [value], context) {
        warnUseless(row, value, context);
        global.tune[name] = Math.min(value, row.useful ?? MOST);
      },
    });
  });
}

function defineSizes(rows: readonly Row[]): Directive[] {
  return rows.map((row) => {
    const { name, doc, min = 0 } = row;
    return defineGlobal({
      name,
      args: [{ name: 'size', kind: 'size', min, max: MOST }],
      doc,
      examples: [
        { text: `${name} 16k`, gives: { tune: { [name]: 16384 } } },
        { text: `${name} 16x`, says: "unexpected character 'x'" },
      ],
      apply(global, [value], context) {
        warnUseless(row, value, context);
        global.tune[name] = Math.min(value, row.useful ?? MOST);
      },
    });
  });
}

export const tuneNumbers = defineNumbers([
  { name: 'tune.http.maxhdr', min: 1, max: 32767, doc: 'Most headers of a message; 101 if unset.' },
  {
    name: 'tune.http.logurilen',
    min: 1,
    useful: 2048,
    doc: 'Most bytes of a URI in a log line; 1024 if unset. At most 2048 are kept here.',
  },
  { name: 'tune.maxrewrite', doc: 'Part of a buffer kept for headers that rules add; 1024 if unset.' },
  { name: 'thread-hard-limit', min: 1, max: 4096, doc: 'Most data threads, whatever `nbthread` or the cores say.' },
  { name: 'fd-hard-limit', doc: 'Most descriptors that connections are counted from, whatever the system allows.' },
]);

export const tuneSizes = defineSizes([
  {
    name: 'tune.bufsize',
    min: 1024,
    useful: 65536,
    doc: 'Size of a buffer, and so of the longest head; 16384 if unset. At most 65536 are used here.',
  },
  { name: 'tune.vars.global-max-size', doc: 'Most memory for variables of all scopes.' },
  { name: 'tune.vars.proc-max-size', doc: 'Most memory for variables of the process.' },
  { name: 'tune.vars.sess-max-size', doc: 'Most memory for variables of a session.' },
  { name: 'tune.vars.txn-max-size', doc: 'Most memory for variables of a transaction.' },
  { name: 'tune.vars.reqres-max-size', doc: 'Most memory for variables of a request or response.' },
]);

function defineFlag(name: string, negatable: boolean, doc: string): Directive {
  return defineGlobal({
    name,
    negatable,
    args: [],
    doc,
    examples: [
      { text: name, gives: { flags: { [name]: true } } },
      { text: `${name} x`, says: "unexpected argument 'x'" },
    ],
    apply(global, _, { prefix }) {
      if (prefix === 'default') delete global.flags[name];
      else global.flags[name] = prefix === null;
    },
  });
}

export const quiet = defineFlag('quiet', false, 'Only errors are printed at start, as with `-q`.');
export const strictLimits = defineFlag(
  'strict-limits',
  true,
  'A limit of the system that cannot be set is fatal: the default. `no strict-limits` makes it a warning.',
);

export const pp2NeverSendLocal = defineFlag(
  'pp2-never-send-local',
  false,
  'Health checks that begin with a PROXY header of version 2 tell their own addresses in it instead of LOCAL.',
);

const FAMILIES = ['ipv4', 'ipv6', 'auto'];

export const dnsAcceptFamily = defineGlobal({
  name: 'dns-accept-family',
  args: [{ name: 'families', kind: 'word' }],
  doc: 'Which addresses of a name are taken: `ipv4`, `ipv6`, both with a comma. `auto` takes what there is.',
  examples: [
    { text: 'dns-accept-family ipv4', gives: { dnsFamilies: [4] } },
    { text: 'dns-accept-family ipv6,ipv4', gives: { dnsFamilies: [4, 6] } },
    { text: 'dns-accept-family auto', gives: { dnsFamilies: [4, 6] } },
    { text: 'dns-accept-family ipv5', says: "'dns-accept-family' does not know 'ipv5'" },
  ],
  apply(global, [word], context) {
    const names = word.text.split(',');
    const wrong = names.find((name) => !FAMILIES.includes(name));
    if (wrong !== undefined) {
      context.error({ text: `'dns-accept-family' does not know '${wrong}'`, word, allowed: FAMILIES });
      return;
    }
    const has = (name: string): boolean => names.includes(name) || names.includes('auto');
    global.dnsFamilies = [...(has('ipv4') ? [4] : []), ...(has('ipv6') ? [6] : [])];
  },
});
