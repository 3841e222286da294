/**
 * Samples of stick tables: of what is tracked (`sc_`, `sc0_` to `sc2_`) and of the client's address (`src_`). Each figure
 * gets all its spellings from one function (HAProxy 3.x configuration 7.3.3).
 */
import { type ArgSpec, type CompileContext, defineFetch, type Fetch, type FetchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';
import { type Entry, MOST_COUNTERS, NO_ENTRY, type StickTable } from '../../state/tracked.ts';
import { FIGURES, type Figure, GENERAL_FIGURES, TRACKERS, UPDATE_CONNECTIONS } from '../../stick/figures.ts';
import { keySample, putKey } from '../../stick/key.ts';
import { trackedAt } from '../../stick/track.ts';

const TABLE = { name: 'table', kind: 'table', default: null } as const;
const COUNTER = { name: 'ctr', kind: 'int' } as const;
const ELEMENT = { name: 'idx', kind: 'int' } as const;

const MOST_ELEMENTS = 100;

/** @throws RuleError if there is no such counter */
function counterNumber(number: number, context: CompileContext): number {
  const { stickCounters } = context.thread;
  if (number >= 0 && number < stickCounters) return number;
  const most = `the counters are 0 to ${stickCounters - 1} (tune.stick-counters, at most ${MOST_COUNTERS})`;
  throw new RuleError(`there is no counter ${number}: ${most}`, -1, String(number));
}

function elementNumber(number: number): number {
  if (number >= 0 && number < MOST_ELEMENTS) return number;
  throw new RuleError(`there is no element ${number}: they are 0 to ${MOST_ELEMENTS - 1}`, -1, String(number));
}

/** The named table, or the one of the proxy that the line stands in. @throws RuleError if it has none */
function tableOf(given: StickTable | null, context: CompileContext): StickTable {
  const table = given ?? context.thread.tables.get(context.proxy.name);
  if (table === undefined) throw new RuleError(`'${context.proxy.name}' has no stick-table: name the proxy that has it`);
  return table;
}

// What is tracked -----------------------------------------------------------------------------------

/** A figure of what a counter tracks, or of the same key in another table. */
function compileTracked(figure: Figure, counter: number, other: StickTable | null, element: number): FetchStep {
  return (sample, stream) => {
    const tracked = trackedAt(stream, counter);
    if (tracked === null) return false;
    const entry = tracked.entries[counter] as Entry;
    const table = tracked.tables[counter] as StickTable;
    const value =
      other === null || other === table ? ofEntry(figure, table, entry, element) : ofKeyOf(figure, table, entry, other, element);
    return value >= 0 && sample.setInt(value);
  };
}

function ofEntry(figure: Figure, table: StickTable, entry: Entry, element: number): number {
  if (!(figure.creates ? table.openEntry(entry) : table.openToRead(entry))) return -1;
  const value = figure.of(table, entry, element);
  table.close();
  return value;
}

/** An unknown key counts as one of which nothing has been counted. */
function ofKeyOf(figure: Figure, from: StickTable, entry: Entry, table: StickTable, element: number): number {
  // A table with keys of another type does not have it.
  if (!table.takeKey(from, entry)) return 0;
  const found = table.openKey(false);
  const value = found === NO_ENTRY ? 0 : figure.of(table, found, element);
  table.close();
  return value;
}

const ALL = [...FIGURES, ...GENERAL_FIGURES.map((figure) => ({ ...figure, name: `get_${figure.name}` }))];

/** Bytes are not for the command line, as in HAProxy's list. */
function validOf(figure: Figure): string {
  return figure.name.startsWith('kbytes') ? Valid.client : Valid.running;
}

function exampleArguments(figure: Figure, counter: string | null): string {
  const parts = [figure.isArray ? '1' : null, counter, figure.isArray ? 'many' : null].filter((part) => part !== null);
  return parts.length === 0 ? '' : `(${parts.join(',')})`;
}

/** `sc_NAME([idx,]ctr[,table])`. */
function defineByNumber(figure: Figure): Fetch {
  const name = `sc_${figure.name}`;
  const args: readonly ArgSpec[] = figure.isArray ? [ELEMENT, COUNTER, TABLE] : [COUNTER, TABLE];
  return defineFetch({
    name,
    args,
    type: SampleType.int,
    valid: validOf(figure),
    doc: `${figure.doc}: of the entry that counter \`ctr\` tracks, or of its key in another table.`,
    examples: [{ call: `${name}${exampleArguments(figure, '0')}`, out: figure.example }],
    compile: (given, context) => {
      const element = figure.isArray ? elementNumber(given[0] as number) : 0;
      const at = figure.isArray ? 1 : 0;
      return compileTracked(figure, counterNumber(given[at] as number, context), given[at + 1] as StickTable | null, element);
    },
  });
}

/** `sc0_NAME([table])`. */
function defineByName(figure: Figure, counter: number): Fetch {
  const name = `sc${counter}_${figure.name}`;
  const args: readonly ArgSpec[] = figure.isArray ? [ELEMENT, TABLE] : [TABLE];
  return defineFetch({
    name,
    args,
    type: SampleType.int,
    valid: validOf(figure),
    doc: `${figure.doc}: of the entry that counter ${counter} tracks, or of its key in another table.`,
    examples: [{ call: `${name}${exampleArguments(figure, null)}`, out: figure.example }],
    compile: (given, context) => {
      const element = figure.isArray ? elementNumber(given[0] as number) : 0;
      const table = given[figure.isArray ? 1 : 0] as StickTable | null;
      return compileTracked(figure, counterNumber(counter, context), table, element);
    },
  });
}

const NAMED_COUNTERS = [0, 1, 2];

/** Arrays have the spelling with a number only, but for one that HAProxy has too. */
function defineTracked(figure: Figure): Fetch[] {
  const counters = figure.isArray ? (figure.name === 'clr_gpc' ? [1] : []) : NAMED_COUNTERS;
  return [defineByNumber(figure), ...counters.map((counter) => defineByName(figure, counter))];
}

function defineAll(figures: readonly Figure[], define: (figure: Figure) => Fetch[]): readonly Fetch[] {
  return figures.flatMap(define);
}

export const trackedFigures = defineAll([...ALL, TRACKERS], defineTracked);

/** Whatever table is named: HAProxy looks at the counter only. */
function compileIsTracked(counter: number): FetchStep {
  return (sample, stream) => sample.setBool(trackedAt(stream, counter) !== null);
}

export const scTracked = defineFetch({
  name: 'sc_tracked',
  args: [COUNTER, TABLE],
  type: SampleType.bool,
  valid: Valid.running,
  doc: 'Whether the counter tracks an entry, whatever table is named.',
  examples: [
    { call: 'sc_tracked(0)', out: true },
    { call: 'sc_tracked(0,texts)', out: true },
  ],
  compile: ([counter], context) => compileIsTracked(counterNumber(counter, context)),
});

function defineIsTracked(counter: number): Fetch {
  return defineFetch({
    name: `sc${counter}_tracked`,
    args: [TABLE],
    type: SampleType.bool,
    valid: Valid.running,
    doc: `Whether counter ${counter} tracks an entry, whatever table is named.`,
    examples: [{ call: `sc${counter}_tracked`, out: true }],
    compile: (_, context) => compileIsTracked(counterNumber(counter, context)),
  });
}

export const sc0Tracked = defineIsTracked(0);
export const sc1Tracked = defineIsTracked(1);
export const sc2Tracked = defineIsTracked(2);

function compileKey(counter: number): FetchStep {
  return (sample, stream) => {
    const tracked = trackedAt(stream, counter);
    return tracked !== null && keySample(tracked.tables[counter] as StickTable, tracked.entries[counter] as Entry, sample);
  };
}

export const scKey = defineFetch({
  name: 'sc_key',
  args: [COUNTER],
  type: SampleType.any,
  valid: Valid.running,
  doc: 'The key of the entry that the counter tracks.',
  examples: [{ call: 'sc_key(0)', out: '192.0.2.7' }],
  compile: ([counter], context) => compileKey(counterNumber(counter, context)),
});

function defineKey(counter: number): Fetch {
  return defineFetch({
    name: `sc${counter}_key`,
    args: [],
    type: SampleType.any,
    valid: Valid.running,
    doc: `The key of the entry that counter ${counter} tracks.`,
    examples: [{ call: `sc${counter}_key`, out: '192.0.2.7' }],
    compile: (_, context) => compileKey(counterNumber(counter, context)),
  });
}

export const sc0Key = defineKey(0);
export const sc1Key = defineKey(1);
export const sc2Key = defineKey(2);

// The client's address --------------------------------------------------------------------------------

/** Makes the client's address the table's key; false: it is none of its type. */
function putSource(table: StickTable, sample: Sample, { session }: Stream): boolean {
  return sample.setIp(session.source.family, session.source.ip) && putKey(table, sample);
}

function compileSource(figure: Figure, table: StickTable, element: number): FetchStep {
  return (sample, stream) => {
    if (!putSource(table, sample, stream)) return false;
    const entry = table.openKey(figure.creates);
    const value = entry === NO_ENTRY ? 0 : figure.of(table, entry, element);
    table.close();
    return value >= 0 && sample.setInt(value);
  };
}

/** `src_NAME([idx][,table])`. */
function defineOfSource(figure: Figure): Fetch {
  const name = `src_${figure.name}`;
  const args: readonly ArgSpec[] = figure.isArray ? [ELEMENT, TABLE] : [TABLE];
  return defineFetch({
    name,
    args,
    type: SampleType.int,
    valid: Valid.client,
    doc: `${figure.doc}: of the entry that has the client's address as its key, in the named table or the proxy's own.`,
    examples: [{ call: `${name}${exampleArguments(figure, null)}`, out: figure.example }],
    compile: (given, context) => {
      const table = tableOf(given[figure.isArray ? 1 : 0] as StickTable | null, context);
      return compileSource(figure, table, figure.isArray ? elementNumber(given[0] as number) : 0);
    },
  });
}

export const sourceFigures = defineAll([...ALL, UPDATE_CONNECTIONS], (figure) => [defineOfSource(figure)]);

// Tables ------------------------------------------------------------------------------------------------

export const tableCnt = defineFetch({
  name: 'table_cnt',
  args: [TABLE],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Entries that the table has now.',
  examples: [{ call: 'table_cnt(web)', out: 1 }],
  compile: ([given], context) => {
    const table = tableOf(given, context);
    return (sample) => sample.setInt(table.used);
  },
});

export const tableAvl = defineFetch({
  name: 'table_avl',
  args: [TABLE],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Entries that can be added before the table is full.',
  examples: [{ call: 'table_avl(web)', out: 9 }],
  compile: ([given], context) => {
    const table = tableOf(given, context);
    return (sample) => sample.setInt(table.size - table.used);
  },
});
