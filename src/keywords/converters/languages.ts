/** The choice among languages by a field as Accept-Language (HAProxy 3.x configuration 7.3.1, RFC 9110 12.5.4). */
import { defineConverter } from '../../rules/define.ts';
import { SampleType } from '../../rules/sample.ts';

const COMMA = 44;
const SEMICOLON = 59;
const HYPHEN = 45;

/** Quality in thousandths of what stands behind a name: 1000 without one. */
function qualityOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 61) at++;
  if (at >= end) return 1000;
  let value = 0;
  let unit = 1000;
  for (at++; at < end && unit >= 1; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit >= 0 && digit <= 9) {
      value += digit * unit;
      unit /= 10;
    }
  }
  return Math.min(value, 1000);
}

export const language = defineConverter({
  name: 'language',
  args: [
    { name: 'value', kind: 'str' },
    { name: 'default', kind: 'str', default: null },
  ],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'Of the languages in the list (with ; between them) the one that the field prefers: highest quality, then first. A name in the list stands for its variants too; the first that fits counts.',
  examples: [
    { value: 'da, en-gb;q=0.8, en;q=0.7', call: 'language(es;fr;en)', out: 'en' },
    { value: 'fr;q=0.5, es;q=0.9', call: 'language(es;fr)', out: 'es' },
    { value: 'fr-CH, fr', call: 'language(fr-CH;fr)', out: 'fr-CH' },
    { value: 'de;q=0', call: 'language(de)', out: null },
    { value: 'it', call: 'language(de,en)', out: 'en' },
  ],
  compile: ([list, fallback], { thread }) => {
    const { memory } = thread;
    const names = list.split(';').filter((name) => name !== '');
    const starts = names.map((name) => memory.intern(name));
    const other = fallback === null ? -1 : memory.intern(fallback);
    const find = (bytes: Uint8Array, start: number, end: number): number => {
      for (let at = 0; at < names.length; at++) {
        const { length } = names[at] as string;
        let i = 0;
        while (i < length && start + i < end && bytes[start + i] === bytes[(starts[at] as number) + i]) i++;
        // The whole name, or what stands before a variant: the first of the list that is either (as HAProxy does it).
        if (i === length && (start + i === end || bytes[start + i] === HYPHEN)) return at;
      }
      return -1;
    };
    return (sample) => {
      const { bytes } = memory;
      let best = -1;
      let most = 0;
      for (let at = sample.start; at < sample.end; ) {
        let end = at;
        while (end < sample.end && bytes[end] !== COMMA) end++;
        while (at < end && bytes[at] === 32) at++;
        let stop = at;
        while (stop < end && bytes[stop] !== SEMICOLON && bytes[stop] !== 32) stop++;
        const quality = qualityOf(bytes, stop, end);
        const found = find(bytes, at, stop);
        if (found >= 0 && quality > most) {
          most = quality;
          best = found;
        }
        at = end + 1;
      }
      if (best >= 0) return sample.setText(starts[best] as number, (starts[best] as number) + (names[best] as string).length);
      return fallback !== null && sample.setText(other, other + fallback.length);
    };
  },
});
