/** Converters of dates (HAProxy 3.x configuration 7.3.1). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type CompileContext, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { DateFormat, readHttpDate } from '../../rules/format/strftime.ts';
import { Writer } from '../../rules/format/writer.ts';
import { SampleType } from '../../rules/sample.ts';

const INT_TO_TEXT = { from: SampleType.int, to: SampleType.str } as const;
const FORMAT_ARGS = [
  { name: 'format', kind: 'str' },
  { name: 'offset', kind: 'int', default: 0 },
] as const;

/** @param perSecond units of the sample in a second: 1, 1,000 or 1,000,000 */
function compileDate(format: DateFormat, offset: number, perSecond: number, { thread }: CompileContext): ConvertStep {
  const { memory } = thread;
  const out = new Writer(memory);
  return (sample) => {
    const at = memory.scratch();
    out.open(at, at + SCRATCH_SIZE);
    const moment = sample.int + offset;
    const seconds = Math.floor(moment / perSecond);
    format.write(out, seconds, (moment - seconds * perSecond) * (1_000_000_000 / perSecond));
    return !out.overflow && sample.setText(at, out.at);
  };
}

export const httpDate = defineConverter({
  name: 'http_date',
  args: [
    { name: 'offset', kind: 'int', default: 0 },
    { name: 'unit', kind: 'str', oneOf: ['s', 'ms', 'us'], default: 's' },
  ],
  ...INT_TO_TEXT,
  doc: "Seconds (or milli- or microseconds) since the epoch, plus an offset of the same unit, as HTTP's date (RFC 9110 5.6.7); units below a second are written too.",
  examples: [
    { value: 784111777, call: 'http_date', out: 'Sun, 06 Nov 1994 08:49:37 GMT' },
    { value: 784111777, call: 'http_date(60)', out: 'Sun, 06 Nov 1994 08:50:37 GMT' },
    { value: 784111777123, call: 'http_date(0,ms)', out: 'Sun, 06 Nov 1994 08:49:37.123 GMT' },
  ],
  compile: ([offset, unit], context) => {
    const perSecond = unit === 's' ? 1 : unit === 'ms' ? 1000 : 1_000_000;
    const fraction = unit === 's' ? '' : unit === 'ms' ? '.%3N' : '.%6N';
    return compileDate(new DateFormat(`%a, %d %b %Y %H:%M:%S${fraction} GMT`, false, true), offset, perSecond, context);
  },
});

export const utime = defineConverter({
  name: 'utime',
  args: FORMAT_ARGS,
  ...INT_TO_TEXT,
  doc: 'Seconds since the epoch, plus an offset, as strftime(3) writes them in UTC, in the C locale.',
  examples: [
    { value: 784111777, call: 'utime(%Y%m%d%H%M%S)', out: '19941106084937' },
    {
      value: 784111777,
      call: 'utime(%A %e %B %j %U %V %W %u %I %p %s %z)',
      out: 'Sunday  6 November 310 45 44 44 7 08 AM 784111777 +0000',
    },
    {
      value: 784111777,
      call: "utime('%F %T %D %R %r %y %C %G %%',3600)",
      out: '1994-11-06 09:49:37 11/06/94 09:49 09:49:37 AM 94 19 1994 %',
    },
  ],
  compile: ([format, offset], context) => compileDate(new DateFormat(format, false, false), offset, 1, context),
});

export const ltime = defineConverter({
  name: 'ltime',
  args: FORMAT_ARGS,
  ...INT_TO_TEXT,
  doc: 'As utime, in local time.',
  examples: [
    { value: 784111777, call: 'ltime(%Y)', out: '1994' },
    { value: '9007199254740992', call: 'ltime(%Y)', out: '285428751' },
  ],
  compile: ([format, offset], context) => compileDate(new DateFormat(format, true, false), offset, 1, context),
});

export const msUtime = defineConverter({
  name: 'ms_utime',
  args: FORMAT_ARGS,
  ...INT_TO_TEXT,
  doc: 'As utime, of milliseconds; %N is the fraction of the second in nanoseconds, %3N its first three digits.',
  examples: [{ value: 784111777123, call: 'ms_utime(%H:%M:%S.%3N %N)', out: '08:49:37.123 123000000' }],
  compile: ([format, offset], context) => compileDate(new DateFormat(format, false, true), offset, 1000, context),
});

export const msLtime = defineConverter({
  name: 'ms_ltime',
  args: FORMAT_ARGS,
  ...INT_TO_TEXT,
  doc: 'As ms_utime, in local time.',
  examples: [{ value: 784111777123, call: 'ms_ltime(%S.%3N)', out: '37.123' }],
  compile: ([format, offset], context) => compileDate(new DateFormat(format, true, true), offset, 1000, context),
});

export const usUtime = defineConverter({
  name: 'us_utime',
  args: FORMAT_ARGS,
  ...INT_TO_TEXT,
  doc: 'As ms_utime, of microseconds.',
  examples: [{ value: 784111777123456, call: 'us_utime(%S.%6N)', out: '37.123456' }],
  compile: ([format, offset], context) => compileDate(new DateFormat(format, false, true), offset, 1_000_000, context),
});

export const usLtime = defineConverter({
  name: 'us_ltime',
  args: FORMAT_ARGS,
  ...INT_TO_TEXT,
  doc: 'As us_utime, in local time.',
  examples: [{ value: 784111777123456, call: 'us_ltime(%S.%6N)', out: '37.123456' }],
  compile: ([format, offset], context) => compileDate(new DateFormat(format, true, true), offset, 1_000_000, context),
});

export const dateOf = defineConverter({
  name: 'date',
  args: [],
  from: SampleType.str,
  to: SampleType.int,
  doc: 'Seconds since the epoch of an HTTP date in one of its three forms (RFC 9110 5.6.7); no value for what is none.',
  examples: [
    { value: 'Sun, 06 Nov 1994 08:49:37 GMT', call: 'date', out: 784111777 },
    { value: 'Sunday, 06-Nov-94 08:49:37 GMT', call: 'date', out: 784111777 },
    { value: 'Sun Nov  6 08:49:37 1994', call: 'date', out: 784111777 },
    { value: 'yesterday', call: 'date', out: null },
  ],
  compile: () => {
    return (sample) => {
      const seconds = readHttpDate(sample.memory.bytes, sample.start, sample.end);
      return !Number.isNaN(seconds) && sample.setInt(seconds);
    };
  },
});
