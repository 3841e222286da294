/**
 * What can be asked about an entry of a stick table, whoever found it: fetches by counter or source address and converters by key share
 * these figures (HAProxy 3.x configuration 7.3.1 and 7.3.3). It must not know samples.
 */
import { Data, type DataType, type Entry, type StickTable } from '../state/tracked.ts';

/** No value: the table does not hold what is asked for. */
export const MISSING = -1;

export interface Figure {
  /** Behind `sc_`, `src_` or `table_`. */
  readonly name: string;
  /** Completes "The number of …" in the manual. */
  readonly doc: string;
  /** It takes the number of an element as its first argument. */
  readonly isArray: boolean;
  /** Asking changes it: an entry that is not there is made for `src_` and `table_`. */
  readonly creates: boolean;
  /** Of an open entry, or MISSING. */
  readonly of: (table: StickTable, entry: Entry, element: number) => number;
  /** What the entry of the examples answers: counters stand at 5, rates at 4. */
  readonly example: number;
}

const COUNT = 5;
const RATE = 4;

/** Which of two types the table holds: the plain one, or the array's element that it stands for. */
function held(table: StickTable, plain: DataType, array: DataType, element: number): DataType | typeof MISSING {
  if (table.holds(plain, 0)) return plain;
  return table.holds(array, element) ? array : MISSING;
}

function heldValue(table: StickTable, entry: Entry, plain: DataType, array: DataType, element: number): number {
  const data = held(table, plain, array, element);
  return data === MISSING ? MISSING : table.value(entry, data, data === plain ? 0 : element);
}

/** hot-ok: at start */
function plain(name: string, doc: string, data: DataType, example: number): Figure {
  const of = (table: StickTable, entry: Entry): number => (table.holds(data, 0) ? table.value(entry, data, 0) : MISSING);
  return { name, doc, isArray: false, creates: false, of, example };
}

/** hot-ok: at start */
function kilobytes(name: string, doc: string, data: DataType): Figure {
  const of = (table: StickTable, entry: Entry): number => (table.holds(data, 0) ? Math.floor(table.value(entry, data, 0) / 1024) : MISSING);
  return { name, doc, isArray: false, creates: false, of, example: 0 };
}

/** Bytes are counted in units of the table's factor. hot-ok: at start */
function byteRate(name: string, doc: string, data: DataType): Figure {
  const of = (table: StickTable, entry: Entry): number =>
    table.holds(data, 0) ? table.value(entry, data, 0) * table.bytesFactor : MISSING;
  return { name, doc, isArray: false, creates: false, of, example: RATE };
}

/** `get_gpc0`: the counter itself, or the array's element. hot-ok: at start */
function numbered(name: string, doc: string, data: DataType, array: DataType, element: number, example: number): Figure {
  const of = (table: StickTable, entry: Entry): number => heldValue(table, entry, data, array, element);
  return { name, doc, isArray: false, creates: false, of, example };
}

/** hot-ok: at start */
function element(name: string, doc: string, data: DataType, example: number): Figure {
  const of = (table: StickTable, entry: Entry, at: number): number => (table.holds(data, at) ? table.value(entry, data, at) : MISSING);
  return { name, doc, isArray: true, creates: false, of, example };
}

interface Purpose {
  readonly count: DataType;
  readonly rate: DataType;
}
const PURPOSES: readonly Purpose[] = [
  { count: Data.gpc0, rate: Data.gpc0Rate },
  { count: Data.gpc1, rate: Data.gpc1Rate },
];

/**
 * The type of general purpose counter `at`. The first two have names of their own (`gpc0`): asked for by name the counter of that
 * name comes first, then the array's element; asked for by number only the array counts.
 */
function countOf(table: StickTable, at: number, byName: boolean): DataType | typeof MISSING {
  const own = PURPOSES[at]?.count;
  if (byName && own !== undefined && table.holds(own, 0)) return own;
  return table.holds(Data.gpc, at) ? Data.gpc : MISSING;
}

function rateOf(table: StickTable, at: number, byName: boolean): DataType | typeof MISSING {
  const own = PURPOSES[at]?.rate;
  if (byName && own !== undefined && table.holds(own, 0)) return own;
  return table.holds(Data.gpcRate, at) ? Data.gpcRate : MISSING;
}

/** Adds to a general purpose counter and to its rate; the new count, or the rate if only that is held, or 0. */
export function addToCounter(table: StickTable, entry: Entry, at: number, amount: number, byName: boolean): number {
  const count = countOf(table, at, byName);
  const rate = rateOf(table, at, byName);
  if (count === MISSING && rate === MISSING) return 0;
  const rateAt = rate === Data.gpcRate ? at : 0;
  const countAt = count === Data.gpc ? at : 0;
  if (rate !== MISSING) table.add(entry, rate, rateAt, amount);
  if (count !== MISSING) table.add(entry, count, countAt, amount);
  table.touch(entry);
  if (count !== MISSING) return table.value(entry, count, countAt);
  return table.value(entry, rate as DataType, rateAt);
}

/** Sets a general purpose counter to 0; what it was. */
function clearCounter(table: StickTable, entry: Entry, at: number, byName: boolean): number {
  const count = countOf(table, at, byName);
  if (count === MISSING) return MISSING;
  const countAt = count === Data.gpc ? at : 0;
  const before = table.value(entry, count, countAt);
  table.set(entry, count, countAt, 0);
  table.touch(entry);
  return before;
}

/** Sets a general purpose tag: `gpt0` by name, else the array's element. */
export function setTag(table: StickTable, entry: Entry, at: number, value: number, byName: boolean): void {
  const data = byName ? held(table, Data.gpt0, Data.gpt, 0) : Data.gpt;
  if (data === MISSING) return;
  table.set(entry, data, data === Data.gpt ? at : 0, value);
  table.touch(entry);
}

/** hot-ok: at start */
function changing(name: string, doc: string, of: Figure['of'], isArray: boolean, example: number): Figure {
  return { name, doc, isArray, creates: true, of, example };
}

/** Of fetches and converters. */
export const FIGURES: readonly Figure[] = [
  plain('conn_cnt', 'Connections', Data.connCnt, COUNT),
  plain('conn_cur', 'Connections open now', Data.connCur, COUNT),
  plain('conn_rate', 'Connections in the last period', Data.connRate, RATE),
  plain('sess_cnt', 'Connections that their rules accepted', Data.sessCnt, COUNT),
  plain('sess_rate', 'Connections accepted in the last period', Data.sessRate, RATE),
  plain('http_req_cnt', 'Requests', Data.httpReqCnt, COUNT),
  plain('http_req_rate', 'Requests in the last period, the one that is judged among them', Data.httpReqRate, RATE),
  plain('http_err_cnt', 'Requests that were invalid, denied or answered with 4xx', Data.httpErrCnt, COUNT),
  plain('http_err_rate', 'Requests of the last period that were invalid, denied or answered with 4xx', Data.httpErrRate, RATE),
  plain('http_fail_cnt', 'Responses that were invalid or 5xx', Data.httpFailCnt, COUNT),
  plain('http_fail_rate', 'Responses of the last period that were invalid or 5xx', Data.httpFailRate, RATE),
  plain('glitch_cnt', 'Glitches of the protocol', Data.glitchCnt, COUNT),
  plain('glitch_rate', 'Glitches of the protocol in the last period', Data.glitchRate, RATE),
  kilobytes('kbytes_in', 'Kilobytes from the client', Data.bytesInCnt),
  kilobytes('kbytes_out', 'Kilobytes from the server', Data.bytesOutCnt),
  byteRate('bytes_in_rate', 'Bytes from the client in the last period', Data.bytesInRate),
  byteRate('bytes_out_rate', 'Bytes from the server in the last period', Data.bytesOutRate),
  numbered('gpc0_rate', 'How often general purpose counter 0 grew in the last period', Data.gpc0Rate, Data.gpcRate, 0, RATE),
  numbered('gpc1_rate', 'How often general purpose counter 1 grew in the last period', Data.gpc1Rate, Data.gpcRate, 1, RATE),
  element('gpc_rate', 'How often a general purpose counter grew in the last period', Data.gpcRate, RATE),
  changing(
    'inc_gpc0',
    'Adds 1 to general purpose counter 0; what it is then',
    (table, entry) => addToCounter(table, entry, 0, 1, true),
    false,
    COUNT + 1,
  ),
  changing(
    'inc_gpc1',
    'Adds 1 to general purpose counter 1; what it is then',
    (table, entry) => addToCounter(table, entry, 1, 1, true),
    false,
    COUNT + 1,
  ),
  changing(
    'inc_gpc',
    'Adds 1 to a general purpose counter; what it is then',
    (table, entry, at) => addToCounter(table, entry, at, 1, false),
    true,
    COUNT + 1,
  ),
  changing(
    'clr_gpc0',
    'Sets general purpose counter 0 to 0; what it was',
    (table, entry) => clearCounter(table, entry, 0, true),
    false,
    COUNT,
  ),
  changing(
    'clr_gpc1',
    'Sets general purpose counter 1 to 0; what it was',
    (table, entry) => clearCounter(table, entry, 1, true),
    false,
    COUNT,
  ),
  changing(
    'clr_gpc',
    'Sets a general purpose counter to 0; what it was',
    (table, entry, at) => clearCounter(table, entry, at, false),
    true,
    COUNT,
  ),
];

/** `get_gpc0` of a fetch is `table_gpc0` of a converter. */
export const GENERAL_FIGURES: readonly Figure[] = [
  numbered('gpc0', 'General purpose counter 0', Data.gpc0, Data.gpc, 0, COUNT),
  numbered('gpc1', 'General purpose counter 1', Data.gpc1, Data.gpc, 1, COUNT),
  element('gpc', 'A general purpose counter', Data.gpc, COUNT),
  numbered('gpt0', 'General purpose tag 0', Data.gpt0, Data.gpt, 0, COUNT),
  element('gpt', 'A general purpose tag', Data.gpt, COUNT),
];

/** Adds a connection by hand: `src_updt_conn_cnt`. */
export const UPDATE_CONNECTIONS: Figure = changing(
  'updt_conn_cnt',
  'Adds 1 to the connections of the entry, which is made if need be; how many they are then',
  (table, entry) => {
    if (!table.holds(Data.connCnt, 0)) return MISSING;
    table.add(entry, Data.connCnt, 0, 1);
    table.touch(entry);
    return table.value(entry, Data.connCnt, 0);
  },
  false,
  COUNT + 1,
);

/** How many streams and sessions refer to the entry. */
export const TRACKERS: Figure = {
  name: 'trackers',
  doc: 'How many counters of streams and sessions track the entry now',
  isArray: false,
  creates: false,
  of: (table, entry) => table.references(entry),
  example: 3,
};

/** Of the converter: HAProxy's counts its own look at the entry. */
export const TRACKERS_AND_SELF: Figure = {
  ...TRACKERS,
  doc: 'How many counters of streams and sessions track the entry now, and one for looking',
  of: (table, entry) => table.references(entry) + 1,
  example: TRACKERS.example + 1,
};

/** Of converters only. */
export const SERVER_ID: Figure = plain('server_id', 'Number of the server that the key sticks to', Data.serverId, COUNT);
