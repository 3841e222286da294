/** Stick tables and the rules that make sessions stick to servers (HAProxy 3.x configuration 4.2 and 11.1). */
import type { StickRuleModel, StickTableModel, StoredModel } from '../../model/config.ts';
import { MOST_COUNTERS } from '../../state/tracked.ts';
import { DATA_INFOS, type DataInfo } from '../../stick/data.ts';
import { tableLayout } from '../../stick/layout.ts';
import { type Directive, type DirectiveContext, defineDirective, defineGlobal, type Word } from '../define.ts';

const TYPES: ReadonlyMap<string, StickTableModel['type']> = new Map([
  ['ip', 'ip'],
  ['ipv4', 'ip'],
  ['ipv6', 'ipv6'],
  ['integer', 'integer'],
  ['string', 'string'],
  ['binary', 'binary'],
]);

/** Former names of types of data. */
const ALIASES: ReadonlyMap<string, string> = new Map([['server_name', 'server_key']]);

/** Bytes of a string or binary key if nothing else is said. */
const DEFAULT_LENGTH = 32;
/** Longest key: it must fit into the notes that a stream takes while it waits for its response. */
const MOST_LENGTH = 1024;
/** HAProxy's limit of gpc, gpc_rate and gpt. */
const MOST_ELEMENTS = 100;
const MOST_ENTRIES = 2 ** 31;
const SIZES: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

type Draft = { -readonly [K in keyof StickTableModel]: StickTableModel[K] } & { store: StoredModel[] };

/** Reads one line, word by word; a complaint ends it. */
class TableLine {
  readonly #context: DirectiveContext;
  readonly #words: readonly Word[];
  #at = 0;
  readonly #draft: Draft;
  #type: StickTableModel['type'] | null = null;

  constructor(words: readonly Word[], context: DirectiveContext) {
    this.#context = context;
    this.#words = words;
    const base = { type: 'ip' as const, length: DEFAULT_LENGTH, size: 0, expireMs: 0, nopurge: false };
    this.#draft = { ...base, srvkey: 'name', bratesFactor: 1, store: [], at: context.at };
  }

  /** null: it is wrong, and that has been said. */
  read(): StickTableModel | null {
    while (this.#at < this.#words.length) if (!this.#option(this.#words[this.#at++] as Word)) return null;
    const draft = this.#draft;
    if (this.#type === null) return this.#refuse("'stick-table' : missing 'type'.", undefined, [...TYPES.keys()]);
    if (draft.size === 0) return this.#refuse("'stick-table' : missing 'size'.");
    try {
      tableLayout({ ...draft, type: this.#type, store: withServer(draft.store) });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return this.#refuse(`'stick-table' : ${error.message}`);
    }
    return { ...draft, type: this.#type };
  }

  #refuse(text: string, word?: Word, allowed?: readonly string[]): null {
    this.#context.error({ text, word, ...(word === undefined ? {} : { found: word.text }), ...(allowed === undefined ? {} : { allowed }) });
    return null;
  }

  #argument(option: Word): Word | null {
    return this.#words[this.#at++] ?? this.#refuse(`'stick-table' : missing argument after '${option.text}'.`, option);
  }

  #option(option: Word): boolean {
    switch (option.text) {
      case 'type':
        return this.#readType(option);
      case 'size':
        return this.#readSize(option);
      case 'expire':
        return this.#readExpire(option);
      case 'store':
        return this.#readStore(option);
      case 'srvkey':
        return this.#readServerKey(option);
      case 'brates-factor':
        return this.#readFactor(option);
      case 'nopurge':
        this.#draft.nopurge = true;
        return true;
      case 'peers':
      case 'write-to':
      case 'recv-only':
        return this.#refuse(`'stick-table' : '${option.text}' is not supported by this version: there are no peers yet.`, option) !== null;
      default:
        return this.#refuse(`'stick-table' : unknown argument '${option.text}'.`, option, OPTIONS) !== null;
    }
  }

  #readType(option: Word): boolean {
    const word = this.#argument(option);
    if (word === null) return false;
    const type = TYPES.get(word.text);
    if (type === undefined) return this.#refuse(`'stick-table' : unknown type '${word.text}'.`, word, [...TYPES.keys()]) !== null;
    this.#type = type;
    if ((type !== 'string' && type !== 'binary') || this.#words[this.#at]?.text !== 'len') return true;
    this.#at++;
    const length = this.#context.integer(this.#words[this.#at++], 'len', 1, MOST_LENGTH);
    if (length === null) return false;
    this.#draft.length = length;
    return true;
  }

  /** A number of entries, with k, m or g for powers of 1024. */
  #readSize(option: Word): boolean {
    const word = this.#argument(option);
    if (word === null) return false;
    const match = /^(\d{1,10})([kmg]?)$/i.exec(word.text);
    const size = match === null ? 0 : Number(match[1]) * (SIZES[(match[2] as string).toLowerCase()] ?? 1);
    if (size < 1 || size > MOST_ENTRIES) {
      const text = `'stick-table' : 'size' is a number of entries, 1 to ${MOST_ENTRIES}, with k, m or g: not '${word.text}'.`;
      return this.#refuse(text, word) !== null;
    }
    this.#draft.size = size;
    return true;
  }

  #readExpire(option: Word): boolean {
    const expireMs = this.#context.time(this.#argument(option) ?? undefined, 'expire');
    if (expireMs === null) return false;
    this.#draft.expireMs = expireMs;
    return true;
  }

  #readServerKey(option: Word): boolean {
    const word = this.#argument(option);
    if (word === null) return false;
    if (word.text !== 'name' && word.text !== 'addr') {
      return this.#refuse(`'stick-table' : unknown 'srvkey' '${word.text}'.`, word, ['name', 'addr']) !== null;
    }
    this.#draft.srvkey = word.text;
    return true;
  }

  #readFactor(option: Word): boolean {
    const factor = this.#context.integer(this.#argument(option) ?? undefined, 'brates-factor', 1, 1024);
    if (factor === null) return false;
    this.#draft.bratesFactor = factor;
    return true;
  }

  #readStore(option: Word): boolean {
    const word = this.#argument(option);
    if (word === null) return false;
    // Commas inside parentheses belong to the arguments. One at the end is let pass.
    for (const text of word.text.replace(/,$/, '').split(/,(?![^(]*\))/)) {
      const stored = this.#stored(text, word);
      if (stored === null) return false;
      const { store } = this.#draft;
      if (!store.some(({ name }) => name === stored.name)) store.push(stored);
      else this.#context.warn(`'stick-table' : store option '${stored.name}' already enabled, ignored.`);
    }
    return true;
  }

  #stored(text: string, word: Word): StoredModel | null {
    const match = /^([\w-]+)(?:\(([^)]*)\))?$/.exec(text);
    const info = DATA_INFOS.find(({ name }) => name === (ALIASES.get(match?.[1] ?? '') ?? match?.[1]));
    if (info === undefined) {
      return this.#refuse(
        `'stick-table' : unknown data type '${text}'.`,
        word,
        DATA_INFOS.map(({ name }) => name),
      );
    }
    const clash = this.#draft.store.find(({ name }) => info.excludes.includes(name));
    if (clash !== undefined) return this.#refuse(`'stick-table' : '${info.name}' can't stand beside '${clash.name}'.`, word);
    return this.#withArguments(info, match?.[2] === undefined ? [] : match[2].split(','), word);
  }

  /** `gpc(3)`, `conn_rate(10s)`, `gpc_rate(2,10s)`. */
  #withArguments(info: DataInfo, given: readonly string[], word: Word): StoredModel | null {
    const wanted = [...(info.isArray ? ['nb'] : []), ...(info.shape === 'rate' ? ['period'] : [])];
    if (given.length !== wanted.length) {
      const form = wanted.length === 0 ? info.name : `${info.name}(${wanted.map((name) => `<${name}>`).join(',')})`;
      return this.#refuse(`'stick-table' : '${info.name}' is written '${form}'.`, word);
    }
    const elements = info.isArray ? this.#context.integer({ ...word, text: given[0] as string }, `${info.name} nb`, 1, MOST_ELEMENTS) : 1;
    const text = given.at(-1) as string;
    const periodMs = info.shape === 'rate' ? this.#context.time({ ...word, text }, `${info.name} period`) : 0;
    if (elements === null || periodMs === null) return null;
    if (info.shape === 'rate' && periodMs === 0)
      return this.#refuse(`'stick-table' : the period of '${info.name}' is at least 1 ms.`, word);
    return { name: info.name, elements, periodMs };
  }
}

const OPTIONS = ['type', 'size', 'expire', 'store', 'srvkey', 'nopurge', 'brates-factor'];

/** What `stick` rules that use the table add to it. */
function withServer(store: readonly StoredModel[]): StoredModel[] {
  const missing = ['server_id', 'server_key'].filter((wanted) => !store.some(({ name }) => name === wanted));
  return [...store, ...missing.map((name) => ({ name, elements: 1, periodMs: 0 }))];
}

export const stickTable = defineDirective({
  name: 'stick-table',
  sections: 'FLB',
  args: [{ name: 'options', kind: 'rest' }],
  doc: 'A table of keys with counters, shared by all threads: what rules track, and which server a key sticks to. A proxy has one, known by the name of the proxy.',
  examples: [
    {
      text: 'stick-table type ip size 100k expire 30s store http_req_rate(10s),conn_cur',
      gives: {
        stickTable: {
          type: 'ip',
          size: 102400,
          expireMs: 30000,
          store: [{ name: 'http_req_rate', elements: 1, periodMs: 10000 }, { name: 'conn_cur' }],
        },
      },
    },
    {
      text: 'stick-table type string len 64 size 1m nopurge expire 1h store gpc(2),gpc_rate(2,1m) store gpt0',
      gives: { stickTable: { type: 'string', length: 64, nopurge: true, store: [{ elements: 2 }, { periodMs: 60000 }, { name: 'gpt0' }] } },
    },
    {
      text: 'stick-table type ipv6 size 10 srvkey addr brates-factor 8 store bytes_in_rate(1s)',
      gives: { stickTable: { type: 'ipv6', srvkey: 'addr', bratesFactor: 8 } },
    },
    {
      text: 'stick-table type ip size 10 store gpc0,server_name, store gpc0',
      gives: { stickTable: { store: [{ name: 'gpc0' }, { name: 'server_key' }] } },
    },
    { text: 'stick-table size 10', says: "missing 'type'" },
    { text: 'stick-table type ip', says: "missing 'size'" },
    { text: 'stick-table type ip size 0', says: "'size' is a number of entries" },
    { text: 'stick-table type ip size 1g', says: 'need' },
    { text: 'stick-table type ipx size 1', says: "unknown type 'ipx'" },
    { text: 'stick-table type ip size 1 store conn_rate', says: "is written 'conn_rate(<period>)'" },
    { text: 'stick-table type ip size 1 store gpc(2),gpc0', says: "'gpc0' can't stand beside 'gpc'" },
    { text: 'stick-table type ip size 1 store http_rate(1s)', says: "unknown data type 'http_rate(1s)'" },
    { text: 'stick-table type ip size 1 peers p', says: "'peers' is not supported by this version" },
  ],
  apply(draft, [words], context) {
    if (draft.stickTable !== null) {
      context.error({ text: `stick-table already declared in proxy '${draft.name}' at line ${draft.stickTable.at.line}.` });
      return;
    }
    draft.stickTable = new TableLine(words, context).read();
  },
});

export const stickCounters = defineGlobal({
  name: 'tune.stick-counters',
  args: [{ name: 'number', kind: 'integer', min: 0, max: MOST_COUNTERS }],
  doc: 'How many entries a session and a stream may track each (`track-sc0` and on); 3 if unset.',
  examples: [
    { text: 'tune.stick-counters 5', gives: { tune: { 'tune.stick-counters': 5 } } },
    { text: 'tune.stick-counters 100', says: 'must be between 0 and 12' },
  ],
  apply(global, [counters]) {
    global.tune['tune.stick-counters'] = counters;
  },
});

function defineStick(kind: string, doc: string, does: Pick<StickRuleModel, 'matches' | 'stores'>): Directive {
  const name = `stick ${kind}`;
  const expression = does.stores === 'response' ? 'res.cook(SID)' : 'src';
  return defineDirective({
    name,
    sections: 'LB',
    args: [
      { name: 'pattern', kind: 'word' },
      { name: 'words', kind: 'rest' },
    ],
    doc,
    examples: [
      { text: `${name} ${expression}`, gives: { stickRules: [{ ...does, expression, table: null, condition: null }] } },
      {
        text: `${name} ${expression} table other unless { src 10.0.0.0/8 }`,
        gives: { stickRules: [{ table: 'other', condition: { unless: true } }] },
      },
      { text: name, says: `'${name}' expects` },
      { text: `${name} ${expression} tabel x`, says: "expects either 'if' or 'unless'" },
    ],
    apply(draft, [pattern, words], context) {
      let rest = words;
      let table: string | null = null;
      if (words[0]?.text === 'table') {
        table = words[1]?.text ?? null;
        if (table === null) {
          context.error({ text: `'${name}' : missing table name after 'table'.`, word: words[0] });
          return;
        }
        rest = words.slice(2);
      }
      const condition = context.condition(rest);
      if (condition === undefined) return;
      draft.stickRules.push({ ...does, expression: pattern.text, table, condition, at: context.position(pattern) });
    },
  });
}

export const stickMatch = defineStick('match', 'A request whose key is in the table goes to the server that is stored there.', {
  matches: true,
  stores: null,
});
export const stickOn = defineStick('on', 'Both `stick match` and `stick store-request`: a key stays with the server it got first.', {
  matches: true,
  stores: 'request',
});
export const stickStoreRequest = defineStick('store-request', 'Stores the server that is chosen, under a key of the request.', {
  matches: false,
  stores: 'request',
});
export const stickStoreResponse = defineStick('store-response', 'Stores the server that answered, under a key of the response.', {
  matches: false,
  stores: 'response',
});
