/** Actions on stick tables: tracking a key, and changing counters and tags of what is tracked (HAProxy 3.x configuration 4.4). */
import { type Action, type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Place, type Places, readsResponse } from '../../rules/place.ts';
import { cast, SampleType, TYPE_NAMES } from '../../rules/sample.ts';
import type { Words } from '../../rules/words.ts';
import type { Stream } from '../../state/records.ts';
import { type Counting, type Entry, MOST_COUNTERS, type StickTable } from '../../state/tracked.ts';
import { addToCounter, setTag } from '../../stick/figures.ts';
import { canBeKey, putKey } from '../../stick/key.ts';
import { countingsOf, Late, track, trackedAt, trackedOf } from '../../stick/track.ts';

const GET = 'GET / HTTP/1.1';
const TRACKING_SETS = ['tcp-request connection', 'tcp-request session', 'tcp-request content', 'http-request', 'http-response'];
const ALL_SETS = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
  'http-request',
  'http-response',
  'http-after-response',
];

/** A connection's rules track until it ends, the others until the end of the exchange. */
const SESSION_PLACES: Places = Place.frontendConnection | Place.frontendSession;
const REQUEST_PLACES: Places = Place.frontendRequest | Place.backendRequest;

/** @throws RuleError if there is no such counter */
function counterNumber(number: number, context: CompileContext): number {
  const { stickCounters } = context.thread;
  if (number < stickCounters) return number;
  throw new RuleError(`there is no counter ${number}: tune.stick-counters is ${stickCounters}, and at most ${MOST_COUNTERS}`);
}

function readTable(words: Words, context: CompileContext): StickTable {
  const { tables } = context.thread;
  const isNamed = words.take('table');
  const name = isNamed ? words.next('a table') : context.proxy.name;
  const table = tables.get(name);
  if (table !== undefined) return table;
  const text = isNamed ? `unable to find table '${name}'` : `'${name}' has no stick-table: name the proxy that has it behind 'table'`;
  throw new RuleError(`${text} referenced by track-sc rule`, isNamed ? words.at - 1 : -1, name, [...tables.keys()]);
}

function compileTrack(words: Words, counter: number, context: CompileContext): ActionStep {
  const expression = context.expression(words.next('a key'));
  const table = readTable(words, context);
  words.end(["'table'"]);
  if (!canBeKey(expression.type, table)) {
    throw new RuleError(`stick-table '${table.name}' uses a type incompatible with the key, which is a ${TYPE_NAMES[expression.type]}`);
  }
  const number = counterNumber(counter, context);
  const { stickCounters, sample } = context.thread;
  const isSession = (context.places & SESSION_PLACES) !== 0;
  const countings = countingsOf(table);
  const late = lateAt(context.places);
  return (stream) => {
    // The first rule that tracks something under this number counts, a connection's before those of its requests.
    if (trackedAt(stream, number) !== null) return Outcome.next;
    const tracked = trackedOf(isSession ? stream.session : stream, stickCounters);
    if (expression.run(sample, stream) && putKey(table, sample)) {
      track(tracked, number, table, countings[late < 0 ? lateInResponse(stream) : late] as Counting);
    }
    return Outcome.next;
  };
}

/** What has been counted before rules at these places run, and must be counted when tracking begins; -1: that depends on the response. */
function lateAt(places: Places): number {
  if ((places & REQUEST_PLACES) !== 0) return Late.request;
  return readsResponse(places) ? -1 : 0;
}

function lateInResponse({ status, frontend }: Stream): number {
  const error = frontend.errorStatuses[status] === 1 ? Late.error : 0;
  return Late.request | error | (frontend.failureStatuses[status] === 1 ? Late.failure : 0);
}

function defineTrack(counter: number): Action {
  return defineAction({
    name: `track-sc${counter}`,
    signature: `track-sc${counter} <key> [ table <table> ]`,
    ruleSets: TRACKING_SETS,
    doc: `Tracks the entry of this key as counter ${counter}, unless that tracks one already; a key without value tracks nothing. What connections' rules track is counted until the connection ends, and no request tracks anything else under that number; the rest is counted until the exchange ends.`,
    examples: [{ rule: `http-request track-sc${counter} src table web`, request: GET, head: GET }],
    compile: (words, context) => compileTrack(words, counter, context),
  });
}

/** track-sc0 and on, as many as there can be counters. */
function defineTracks(): readonly Action[] {
  return Array.from({ length: MOST_COUNTERS }, (_, counter) => defineTrack(counter));
}

export const tracks = defineTracks();

// Counters and tags ---------------------------------------------------------------------------------------

/** The counter in the action's parentheses; without them it is the first. */
function readCounter(words: Words, context: CompileContext): number {
  return words.argument === null || words.argument === ''
    ? counterNumber(0, context)
    : (readNumbers(words, ['sc-id'], context)[0] as number);
}

/** The numbers in the action's parentheses. */
function readNumbers(words: Words, names: readonly string[], context: CompileContext): number[] {
  const given = words.argument === null ? [] : words.argument.split(',').map((text) => text.trim());
  if (given.length !== names.length || !given.every((text) => /^\d{1,3}$/.test(text))) {
    throw new RuleError(`expects (${names.map((name) => `<${name}>`).join(',')}), not (${words.argument ?? ''})`);
  }
  const numbers = given.map(Number);
  counterNumber(numbers.at(-1) as number, context);
  return numbers;
}

type Change = (table: StickTable, entry: Entry, value: number) => void;

/** Changes the entry that a counter tracks, if it tracks one. */
function changeTracked(stream: Stream, counter: number, change: Change, value: number): void {
  const tracked = trackedAt(stream, counter);
  if (tracked === null) return;
  const table = tracked.tables[counter] as StickTable;
  const entry = tracked.entries[counter] as Entry;
  if (!table.openEntry(entry)) return;
  change(table, entry, value);
  table.close();
}

function compileAdd(element: number, counter: number, byName: boolean): ActionStep {
  const add: Change = (table, entry, value) => void addToCounter(table, entry, element, value, byName);
  return (stream) => {
    changeTracked(stream, counter, add, 1);
    return Outcome.next;
  };
}

function defineIncrement(element: number): Action {
  return defineAction({
    name: `sc-inc-gpc${element}`,
    signature: `sc-inc-gpc${element}(<sc-id>)`,
    ruleSets: ALL_SETS,
    doc: `Adds 1 to general purpose counter ${element} of what the counter tracks, and to its rate.`,
    examples: [{ rule: `http-request sc-inc-gpc${element}(0)`, request: GET, head: GET }],
    compile: (words, context) => {
      const counter = readCounter(words, context);
      words.end();
      return compileAdd(element, counter, true);
    },
  });
}

export const scIncGpc0 = defineIncrement(0);
export const scIncGpc1 = defineIncrement(1);

export const scIncGpc = defineAction({
  name: 'sc-inc-gpc',
  signature: 'sc-inc-gpc(<idx>,<sc-id>)',
  ruleSets: ALL_SETS,
  doc: 'Adds 1 to general purpose counter `idx` of what the counter tracks, and to its rate.',
  examples: [{ rule: 'http-request sc-inc-gpc(1,0)', request: GET, head: GET }],
  compile: (words, context) => {
    const [element, counter] = readNumbers(words, ['idx', 'sc-id'], context) as [number, number];
    words.end();
    return compileAdd(element, counter, false);
  },
});

/** An integer or an expression that gives one: evaluates to NaN if there is no value. */
function compileValue(words: Words, context: CompileContext): (stream: Stream) => number {
  const word = words.next('an integer or an expression');
  words.end();
  if (/^[-+]?\d+$/.test(word)) {
    // Counters and tags have 32 bits.
    const constant = Number(BigInt.asUintN(32, BigInt(word.replace('+', ''))));
    return () => constant;
  }
  const expression = context.expression(word);
  const { sample } = context.thread;
  return (stream) => (expression.run(sample, stream) && cast(sample, SampleType.int) ? sample.int : Number.NaN);
}

/** Gives a value to `change`, with the tracked entry open. */
function compileChange(words: Words, context: CompileContext, counter: number, change: Change): ActionStep {
  const read = compileValue(words, context);
  return (stream) => {
    const value = read(stream);
    if (!Number.isNaN(value)) changeTracked(stream, counter, change, value);
    return Outcome.next;
  };
}

export const scAddGpc = defineAction({
  name: 'sc-add-gpc',
  signature: 'sc-add-gpc(<idx>,<sc-id>) { <int> | <expr> }',
  ruleSets: ALL_SETS,
  doc: 'Adds a number to general purpose counter `idx` of what the counter tracks, and to its rate.',
  examples: [{ rule: 'http-request sc-add-gpc(1,0) 5', request: GET, head: GET }],
  compile: (words, context) => {
    const [element, counter] = readNumbers(words, ['idx', 'sc-id'], context) as [number, number];
    return compileChange(words, context, counter, (table, entry, value) => void addToCounter(table, entry, element, value, false));
  },
});

export const scSetGpt = defineAction({
  name: 'sc-set-gpt',
  signature: 'sc-set-gpt(<idx>,<sc-id>) { <int> | <expr> }',
  ruleSets: ALL_SETS,
  doc: 'Sets general purpose tag `idx` of what the counter tracks.',
  examples: [{ rule: 'http-request sc-set-gpt(1,0) 5', request: GET, head: GET }],
  compile: (words, context) => {
    const [element, counter] = readNumbers(words, ['idx', 'sc-id'], context) as [number, number];
    return compileChange(words, context, counter, (table, entry, value) => setTag(table, entry, element, value, false));
  },
});

export const scSetGpt0 = defineAction({
  name: 'sc-set-gpt0',
  signature: 'sc-set-gpt0(<sc-id>) { <int> | <expr> }',
  ruleSets: ALL_SETS,
  doc: 'Sets general purpose tag 0 of what the counter tracks.',
  examples: [{ rule: 'http-request sc-set-gpt0(0) path,length', request: GET, head: GET }],
  compile: (words, context) => {
    return compileChange(words, context, readCounter(words, context), (table, entry, value) => setTag(table, entry, 0, value, true));
  },
});
