/** A value looked up as a key of a stick table (HAProxy 3.x configuration 7.3.1). Looking does not keep an entry alive. */
import { type ArgSpec, type CompileContext, type Converter, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { SampleType } from '../../rules/sample.ts';
import { type Entry, NO_ENTRY, type StickTable } from '../../state/tracked.ts';
import { FIGURES, type Figure, GENERAL_FIGURES, SERVER_ID, TRACKERS_AND_SELF } from '../../stick/figures.ts';
import { putKey } from '../../stick/key.ts';

const TABLE = { name: 'table', kind: 'table', default: null } as const;
const CLIENT = '192.0.2.7';
const STRANGER = '192.0.2.8';
const MOST_ELEMENTS = 100;

function tableOf(given: StickTable | null, context: CompileContext): StickTable {
  const table = given ?? context.thread.tables.get(context.proxy.name);
  if (table === undefined) throw new RuleError(`'${context.proxy.name}' has no stick-table: name the proxy that has it`);
  return table;
}

export const inTable = defineConverter({
  name: 'in_table',
  args: [TABLE],
  from: SampleType.any,
  to: SampleType.bool,
  doc: 'Whether the table has the value as a key.',
  examples: [
    { value: CLIENT, call: 'in_table(web)', out: true },
    { value: STRANGER, call: 'in_table(web)', out: false },
  ],
  compile: ([given], context) => {
    const table = tableOf(given, context);
    return (sample) => {
      if (!putKey(table, sample)) return false;
      const entry = table.openKey(false);
      table.close();
      return sample.setBool(entry !== NO_ENTRY);
    };
  },
});

function compileFigure(figure: Figure, table: StickTable, element: number): ConvertStep {
  return (sample) => {
    if (!putKey(table, sample)) return false;
    const entry = table.openKey(figure.creates);
    const value = entry === NO_ENTRY ? 0 : figure.of(table, entry, element);
    table.close();
    return value >= 0 && sample.setInt(value);
  };
}

function defineFigure(figure: Figure): Converter {
  const name = `table_${figure.name}`;
  const args: readonly ArgSpec[] = figure.isArray ? [{ name: 'idx', kind: 'int' }, TABLE] : [TABLE];
  const call = figure.isArray ? `${name}(1,many)` : `${name}(web)`;
  return defineConverter({
    name,
    args,
    from: SampleType.any,
    to: SampleType.int,
    doc: `${figure.doc}: of the entry that has the value as its key; 0 if there is none.`,
    examples: [
      { value: CLIENT, call, out: figure.example },
      { value: STRANGER, call, out: figure.name.startsWith('inc') ? 1 : 0 },
    ],
    compile: (given, context) => {
      const element = figure.isArray ? (given[0] as number) : 0;
      if (element < 0 || element >= MOST_ELEMENTS) {
        throw new RuleError(`there is no element ${element}: they are 0 to ${MOST_ELEMENTS - 1}`, -1, String(element));
      }
      return compileFigure(figure, tableOf(given[figure.isArray ? 1 : 0] as StickTable | null, context), element);
    },
  });
}

function defineFigures(figures: readonly Figure[]): readonly Converter[] {
  return figures.map(defineFigure);
}

export const tableFigures = defineFigures([...FIGURES, ...GENERAL_FIGURES, TRACKERS_AND_SELF, SERVER_ID]);

/** A time of the entry, or what is given for a key that is not there. */
function compileTime(table: StickTable, otherwise: number | null, of: (entry: Entry) => number): ConvertStep {
  return (sample) => {
    if (!putKey(table, sample)) return false;
    const entry = table.openKey(false);
    const timeMs = entry === NO_ENTRY ? otherwise : of(entry);
    table.close();
    return timeMs !== null && sample.setInt(timeMs);
  };
}

const DEFAULT = { name: 'default_value', kind: 'int', default: null } as const;

export const tableExpire = defineConverter({
  name: 'table_expire',
  args: [TABLE, DEFAULT],
  from: SampleType.any,
  to: SampleType.int,
  doc: 'Milliseconds until the entry of this key expires; for a key that is not there the default, or no value.',
  examples: [
    { value: CLIENT, call: 'table_expire(web)', out: 30000 },
    { value: STRANGER, call: 'table_expire(web,7)', out: 7 },
    { value: STRANGER, call: 'table_expire(web)', out: null },
  ],
  compile: ([given, otherwise], context) => {
    const table = tableOf(given, context);
    return compileTime(table, otherwise, (entry) => Math.max(0, table.leftMs(entry)));
  },
});

export const tableIdle = defineConverter({
  name: 'table_idle',
  args: [TABLE, DEFAULT],
  from: SampleType.any,
  to: SampleType.int,
  doc: 'Milliseconds since the entry of this key was tracked or matched; for a key that is not there the default, or no value.',
  examples: [
    { value: CLIENT, call: 'table_idle(web)', out: 0 },
    { value: STRANGER, call: 'table_idle(web,7)', out: 7 },
  ],
  compile: ([given, otherwise], context) => {
    const table = tableOf(given, context);
    return compileTime(table, otherwise, (entry) => table.idleMs(entry));
  },
});
