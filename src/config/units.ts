/**
 * Numbers with units as HAProxy reads them (configuration manual, 2.5): whole numbers only, overflow is
 * an error. Answers are data: a number, or what is wrong with the text. It must not know which keyword asks.
 */

export type Parsed = { readonly value: number } | { readonly problem: string };

/** Longest time that HAProxy's 32-bit millisecond clock can hold. */
export const MAX_TIME_MS = 2147483647;
const MAX_SIZE = 4294967295;

const TIME_UNITS_US: ReadonlyMap<string, number> = new Map([
  ['us', 1],
  ['ms', 1000],
  ['s', 1000000],
  ['m', 60000000],
  ['h', 3600000000],
  ['d', 86400000000],
]);

/** Milliseconds. Parts of a millisecond round up, so that a small time never means none. */
export function parseTime(text: string, unit: 'us' | 'ms' | 's' = 'ms'): Parsed {
  const match = /^(\d+)(.*)$/s.exec(text);
  if (match === null) return { problem: `unexpected character '${text[0] ?? ''}'` };
  const scale = TIME_UNITS_US.get(match[2] === '' ? unit : (match[2] as string));
  if (scale === undefined) return { problem: `unexpected character '${strayChar(match[2] as string)}', units are us, ms, s, m, h and d` };
  const value = Math.ceil((Number(match[1]) * scale) / 1000);
  if (value > MAX_TIME_MS) return { problem: `timer overflow in '${text}' (maximum value is ${MAX_TIME_MS} ms or ~24.8 days)` };
  return { value };
}

/** The character behind the longest unit that the suffix starts with. */
function strayChar(suffix: string): string {
  const known = /^(?:us|ms|[smhd])/.exec(suffix)?.[0].length ?? 0;
  return suffix[known] ?? '';
}

/** Bytes: 1024-based k, m, g in either case. */
export function parseSize(text: string): Parsed {
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  if (match === null) return { problem: `unexpected character '${/[^\d]/.exec(text)?.[0] ?? ''}', units are k, m and g` };
  const power = ['', 'k', 'm', 'g'].indexOf((match[2] as string).toLowerCase());
  const value = Number(match[1]) * 1024 ** power;
  return value > MAX_SIZE ? { problem: `size overflow in '${text}' (maximum value is ${MAX_SIZE})` } : { value };
}

/** A whole number within bounds. */
export function parseInteger(text: string, min: number, max: number): Parsed {
  if (!/^[+-]?\d+$/.test(text)) return { problem: `'${text}' is not an integer` };
  const value = Number(text);
  if (value >= min && value <= max) return { value };
  return {
    problem: max === Number.MAX_SAFE_INTEGER ? `must be at least ${min} (was ${text})` : `must be between ${min} and ${max} (was ${text})`,
  };
}
