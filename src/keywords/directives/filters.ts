/** Filters: what data passes on its way (HAProxy configuration manual, 9). */
import { readSize, readTimeMs } from '../../rules/words.ts';
import { MOST_SHARED_LIMITS as MOST_SHARED } from '../../state/shared-limits.ts';
import { type DirectiveContext, defineDirective, type Word } from '../define.ts';

const OWN = ['default-limit', 'default-period'];
const SHARED = ['limit', 'key', 'table'];
const OPTIONS = [...OWN, ...SHARED, 'min-size'];

interface Options {
  bytes: number | null;
  periodMs: number | null;
  leastBytes: number;
  key: string | null;
  table: string | null;
  /** Which family the words belong to so far. */
  isShared: boolean | null;
}

/** The options of a bandwidth limit; null: an error has been told. */
function readOptions(rest: readonly Word[], context: DirectiveContext): Options | null {
  const found: Options = { bytes: null, periodMs: null, leastBytes: 0, key: null, table: null, isShared: null };
  for (let at = 0; at < rest.length; at += 2) {
    const option = rest[at] as Word;
    const value = rest[at + 1];
    const says = `'${context.keyword}' : '${option.text}'`;
    const isShared = SHARED.includes(option.text) ? true : OWN.includes(option.text) ? false : found.isShared;
    if (!OPTIONS.includes(option.text)) context.error({ text: `${says} is not known`, word: option, allowed: OPTIONS, near: OPTIONS });
    else if (found.isShared !== null && isShared !== found.isShared)
      context.error({ text: `${says} : a limit of each stream and one that streams share can't be mixed`, word: option });
    else if (value === undefined) context.error({ text: `${says} expects a value`, word: option });
    else {
      found.isShared = isShared;
      if (readOption(option.text, value.text, found)) continue;
      context.error({ text: `${says} : '${value.text}' is no ${option.text === 'default-period' ? 'time' : 'size'} above 0`, word: value });
    }
    return null;
  }
  return found;
}

/** False: it is no number that fits. */
function readOption(name: string, text: string, found: Options): boolean {
  if (name === 'key') found.key = text;
  else if (name === 'table') found.table = text;
  else {
    const number = name === 'default-period' ? readTimeMs(text) : readSize(text);
    if (number === null || (number <= 0 && name !== 'min-size')) return false;
    if (name === 'default-period') found.periodMs = number;
    else if (name === 'min-size') found.leastBytes = number;
    else found.bytes = number;
  }
  return true;
}

/** What is missing; null: nothing. */
function missingIn({ bytes, periodMs, key, isShared }: Options): string | null {
  if (isShared === true) return bytes === null || key === null ? "needs both 'limit' and 'key'" : null;
  return bytes === null || periodMs === null ? "needs both 'default-limit' and 'default-period'" : null;
}

export const filter = defineDirective({
  name: 'filter',
  sections: 'FLB',
  args: [
    { name: 'filter', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A filter: `bwlim-in NAME` and `bwlim-out NAME` limit how many bytes a stream may receive from or send to its client in a period, once `set-bandwidth-limit NAME` has run. With `limit` and `key` all streams of one key share the limit, in equal parts: a stick table, of `table` or of the proxy, counts what passes in its bytes_in_rate or bytes_out_rate, whose period is that of the limit.',
  examples: [
    {
      text: 'filter bwlim-out slow default-limit 100k default-period 1s min-size 1k',
      gives: { bandwidthLimits: [{ name: 'slow', toClient: true, bytes: 102400, periodMs: 1000, leastBytes: 1024 }] },
    },
    { text: 'filter bwlim-in slow default-limit 10k', says: "needs both 'default-limit' and 'default-period'" },
    {
      text: 'filter bwlim-out shared limit 1m key src table web min-size 1k',
      gives: {
        bandwidthLimits: [{ name: 'shared', toClient: true, bytes: 1048576, leastBytes: 1024, shared: { key: 'src', table: 'web' } }],
      },
    },
    { text: 'filter bwlim-in slow limit 10k', says: "needs both 'limit' and 'key'" },
    { text: 'filter bwlim-in slow limit 10k default-period 1s', says: "can't be mixed" },
    { text: 'filter trace', says: "'trace' is not supported by this version" },
  ],
  apply(draft, [kind, rest], context) {
    if (kind.text !== 'bwlim-in' && kind.text !== 'bwlim-out') {
      context.error({ text: `'filter' : '${kind.text}' is not supported by this version`, word: kind, allowed: ['bwlim-in', 'bwlim-out'] });
      return;
    }
    const [name, ...options] = rest;
    if (name === undefined) {
      context.error({ text: `'filter ${kind.text}' expects a name`, word: kind });
      return;
    }
    const found = readOptions(options, context);
    if (found === null) return;
    const missing = missingIn(found);
    const toClient = kind.text === 'bwlim-out';
    const { bytes, periodMs, leastBytes, key, table } = found;
    if (missing !== null) context.error({ text: `'filter ${kind.text}' ${missing}`, word: kind });
    else if (draft.bandwidthLimits.some((other) => other.name === name.text))
      context.error({ text: `'filter ${kind.text}' : the name '${name.text}' is taken by another bandwidth limit`, word: name });
    else if (
      key !== null &&
      draft.bandwidthLimits.filter((other) => other.shared !== null && other.toClient === toClient).length === MOST_SHARED
    )
      context.error({ text: `'filter ${kind.text}' : a proxy has at most ${MOST_SHARED} shared limits of one direction`, word: name });
    else {
      const shared = key === null ? null : { key, table };
      const at = context.position(name);
      draft.bandwidthLimits.push({ name: name.text, toClient, bytes: bytes as number, periodMs, leastBytes, shared, at });
    }
  },
});
