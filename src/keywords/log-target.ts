/**
 * The words of a `log` line: where to, how long, in which form, which lines, which facility and levels (HAProxy
 * configuration manual, 4.2 log). Used by the directives of that name; it must not know sections.
 */
import type { AddressRecord } from '../base/address.ts';
import type { LogModel, LogSampleModel, LogTargetModel } from '../model/config.ts';
import type { DirectiveContext, Word } from './define.ts';

const FACILITIES =
  'kern user mail daemon auth syslog lpr news uucp cron auth2 ftp ntp audit alert cron2 local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );
const LEVELS = 'emerg alert crit err warning notice info debug'.split(' ');
export const LOG_FORMATS = ['local', 'rfc3164', 'rfc5424', 'priority', 'short', 'timed', 'iso', 'raw'] as const;

/** Reads a `log` line and adds it, unless something is wrong with it. */
export function addLog(logs: LogModel[], target: Word, options: readonly Word[], context: DirectiveContext): void {
  const where = logTarget(target, context);
  if (where === null) return;
  const tail = logOptions(options, context);
  if (tail !== null) logs.push({ target: where, text: target.text, ...tail, at: context.at });
}

function logTarget(word: Word, context: DirectiveContext): LogTargetModel | null {
  const { text } = word;
  const standard = ['stdout', 'stderr'].indexOf(text);
  const descriptor = standard >= 0 ? String(standard + 1) : /^fd@(\d+)$/.exec(text)?.[1];
  if (descriptor !== undefined) return { kind: 'descriptor', descriptor: Number(descriptor) };
  if (text.startsWith('ring@')) return { kind: 'ring', name: text.slice(5) };
  if (text.startsWith('backend@')) {
    context.error({ text: "log : target 'backend@' is not supported by this version", word });
    return null;
  }
  const parsed = context.logAddress(word);
  if (parsed === null) return null;
  return { kind: parsed.isStream ? 'stream' : 'address', address: parsed.addresses[0] as AddressRecord, host: parsed.host };
}

type LogOptions = Pick<LogModel, 'length' | 'format' | 'sample' | 'profile'>;
type LogTail = LogOptions & Pick<LogModel, 'facility' | 'maxLevel' | 'minLevel'>;

function logOptions(words: readonly Word[], context: DirectiveContext): LogTail | null {
  const options: { -readonly [K in keyof LogOptions]: LogOptions[K] } = { length: 1024, format: 'local', sample: null, profile: null };
  let at = 0;
  for (; at < words.length; at += 2) {
    const read = OPTIONS[(words[at] as Word).text];
    if (read === undefined) break;
    if (!read(options, words[at] as Word, words[at + 1], context)) return null;
  }
  const levels = facilityAndLevels(words.slice(at), context);
  return levels === null ? null : { ...options, ...levels };
}

type OptionReader = (
  options: { -readonly [K in keyof LogOptions]: LogOptions[K] },
  word: Word,
  value: Word | undefined,
  context: DirectiveContext,
) => boolean;

/** By keyword. False: it was wrong, and that has been said. */
const OPTIONS: Readonly<Record<string, OptionReader>> = {
  len(options, _, value, context) {
    const given = context.integer(value, 'len', 80, 65535);
    if (given !== null) options.length = given;
    return given !== null;
  },
  format(options, word, value, context) {
    const format = readFormat('log', word, value, context);
    if (format !== null) options.format = format;
    return format !== null;
  },
  sample(options, word, value, context) {
    const sample = readSample(value?.text ?? '');
    if (typeof sample === 'string') context.error({ text: `log : ${sample}`, word: value ?? word });
    else options.sample = sample;
    return typeof sample !== 'string';
  },
  profile(options, word, value, context) {
    if (value === undefined) context.error({ text: 'log : expected log-profile name', word });
    else options.profile = value.text;
    return value !== undefined;
  },
};

/** One of HAProxy's forms of lines. */
export function readFormat(keyword: string, word: Word, value: Word | undefined, context: DirectiveContext): LogModel['format'] | null {
  const known = LOG_FORMATS.find((name) => name === value?.text);
  if (known !== undefined) return known;
  context.error({
    text: `${keyword} : 'format' expects a format`,
    word: value ?? word,
    found: value?.text ?? '',
    allowed: LOG_FORMATS,
    near: LOG_FORMATS,
  });
  return null;
}

/** `RANGE,RANGE:SIZE`; a string says what is wrong. */
function readSample(text: string): LogSampleModel | string {
  const colon = text.indexOf(':');
  if (colon < 0) return 'Missing sample size';
  const size = text.slice(colon + 1);
  const ranges: [number, number][] = [];
  for (const word of text.slice(0, colon).split(',')) {
    const [, low, high] = /^(\d+)(?:-(\d+))?$/.exec(word) ?? [];
    const range: [number, number] = [Number(low), Number(high ?? low)];
    if (low === undefined || range[0] < 1 || (high !== undefined && range[1] <= range[0])) return `wrong sample range '${word}'`;
    if (ranges.some(([from, to]) => range[0] <= to && range[1] >= from)) return 'ranges are overlapping';
    ranges.push(range);
  }
  if (!/^[1-9]\d{0,8}$/.test(size)) return `wrong sample size '${size}' for sample range '${text}'`;
  const most = Math.max(...ranges.map(([, high]) => high));
  if (Number(size) < most) return `sample size ${size} should be greater or equal to ${most} the maximum of the high ranges limits`;
  return { ranges: ranges.toSorted(([a], [b]) => a - b), size: Number(size) };
}

function facilityAndLevels(
  [facilityWord, maxWord, minWord, extra]: readonly Word[],
  context: DirectiveContext,
): Pick<LogTail, 'facility' | 'maxLevel' | 'minLevel'> | null {
  if (facilityWord === undefined) {
    context.error({ text: 'log : expects <address> and <facility> or global as arguments' });
    return null;
  }
  const facility = FACILITIES.indexOf(facilityWord.text);
  if (facility < 0) {
    context.error({ text: `log : unknown log facility '${facilityWord.text}'`, word: facilityWord, allowed: FACILITIES, near: FACILITIES });
    return null;
  }
  const maxLevel = maxWord === undefined ? 7 : LEVELS.indexOf(maxWord.text);
  const minLevel = minWord === undefined ? 0 : LEVELS.indexOf(minWord.text);
  const wrong = maxLevel < 0 ? maxWord : minLevel < 0 ? minWord : undefined;
  if (wrong !== undefined) {
    context.error({ text: `log : unknown optional log level '${wrong.text}'`, word: wrong, allowed: LEVELS, near: LEVELS });
    return null;
  }
  if (extra !== undefined) {
    context.error({ text: `log : cannot handle unexpected argument '${extra.text}'.`, word: extra });
    return null;
  }
  return { facility, maxLevel, minLevel };
}
