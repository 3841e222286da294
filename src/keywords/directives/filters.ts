/** Filters: what data passes on its way (HAProxy configuration manual, 9). */
import { readSize, readTimeMs } from '../../rules/words.ts';
import { type DirectiveContext, defineDirective, type Word } from '../define.ts';

const OPTIONS = ['default-limit', 'default-period', 'min-size', 'limit', 'key', 'table'];

/** The options of a bandwidth limit; null: an error has been told. */
function readOptions(
  rest: readonly Word[],
  context: DirectiveContext,
): { bytes: number | null; periodMs: number | null; leastBytes: number } | null {
  const found = { bytes: null as number | null, periodMs: null as number | null, leastBytes: 0 };
  for (let at = 0; at < rest.length; at += 2) {
    const option = rest[at] as Word;
    const value = rest[at + 1];
    const says = `'${context.keyword}' : '${option.text}'`;
    if (!OPTIONS.includes(option.text)) context.error({ text: `${says} is not known`, word: option, allowed: OPTIONS, near: OPTIONS });
    else if (value === undefined) context.error({ text: `${says} expects a value`, word: option });
    else if (['limit', 'key', 'table'].includes(option.text)) {
      context.error({ text: `${says}, a limit that streams share by a key, is not supported by this version`, word: option });
    } else {
      const number = option.text === 'default-period' ? readTimeMs(value.text) : readSize(value.text);
      if (number !== null && (number > 0 || option.text === 'min-size')) {
        if (option.text === 'default-limit') found.bytes = number;
        else if (option.text === 'default-period') found.periodMs = number;
        else found.leastBytes = number;
        continue;
      }
      context.error({ text: `${says} : '${value.text}' is no ${option.text === 'default-period' ? 'time' : 'size'} above 0`, word: value });
    }
    return null;
  }
  return found;
}

export const filter = defineDirective({
  name: 'filter',
  sections: 'FLB',
  args: [
    { name: 'filter', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A filter: `bwlim-in NAME` and `bwlim-out NAME` limit how many bytes a stream may receive from or send to its client in a period, once `set-bandwidth-limit NAME` has run.',
  examples: [
    {
      text: 'filter bwlim-out slow default-limit 100k default-period 1s min-size 1k',
      gives: { bandwidthLimits: [{ name: 'slow', toClient: true, bytes: 102400, periodMs: 1000, leastBytes: 1024 }] },
    },
    { text: 'filter bwlim-in slow default-limit 10k', says: "needs both 'default-limit' and 'default-period'" },
    { text: 'filter bwlim-in slow limit 10k key src', says: 'is not supported by this version' },
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
    if (found.bytes === null || found.periodMs === null) {
      context.error({ text: `'filter ${kind.text}' needs both 'default-limit' and 'default-period'`, word: kind });
    } else if (draft.bandwidthLimits.some((other) => other.name === name.text)) {
      context.error({ text: `'filter ${kind.text}' : the name '${name.text}' is taken by another bandwidth limit`, word: name });
    } else draft.bandwidthLimits.push({ name: name.text, toClient: kind.text === 'bwlim-out', ...found, at: context.position(name) });
  },
});
