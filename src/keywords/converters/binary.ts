/** Converters between bytes and numbers in texts (HAProxy 3.x configuration 7.3.1). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Writer } from '../../rules/format/writer.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Thread } from '../../rules/thread.ts';

const BIN_TO_TEXT = { from: SampleType.bin, to: SampleType.str } as const;
const CHUNK_ARGS = [
  { name: 'separator', kind: 'str' },
  { name: 'chunk_size', kind: 'int' },
  { name: 'truncate', kind: 'int', default: 0 },
] as const;
/** Bytes of the largest number. */
const MOST = 8;

/** A decimal number per chunk. */
function compileDecimals(thread: Thread, separator: string, size: number, truncate: number, isBig: boolean): ConvertStep {
  if (size < 1 || size > MOST) throw new RuleError(`'chunk_size' is 1 to ${MOST}, not ${size}`, -1, String(size));
  const { memory } = thread;
  const divider = memory.intern(separator);
  const out = new Writer(memory);
  return (sample) => {
    const { bytes } = memory;
    const at = memory.scratch();
    out.open(at, at + SCRATCH_SIZE);
    for (let from = sample.start; from < sample.end; from += size) {
      const stop = Math.min(from + size, sample.end);
      if (truncate !== 0 && stop - from < size) break;
      if (from > sample.start) out.copy(divider, divider + separator.length);
      let value = 0;
      for (let i = 0; i < stop - from; i++) value = value * 256 + (bytes[isBig ? from + i : stop - 1 - i] as number);
      out.int(value);
    }
    return !out.overflow && sample.setText(at, out.at);
  };
}

export const be2dec = defineConverter({
  name: 'be2dec',
  args: CHUNK_ARGS,
  ...BIN_TO_TEXT,
  doc: 'An unsigned decimal number for every `chunk_size` bytes, the first byte being the highest. With `truncate` a shorter rest is left out.',
  examples: [
    { value: 'AQIDBAUGBw==', call: 'b64dec,be2dec(:,2)', out: '258:772:1286:7' },
    { value: 'AQIDBAUGBw==', call: 'b64dec,be2dec(-,2,1)', out: '258-772-1286' },
    { value: 'fwAAAQ==', call: 'b64dec,be2dec(.,1)', out: '127.0.0.1' },
  ],
  compile: ([separator, size, truncate], { thread }) => compileDecimals(thread, separator, size, truncate, true),
});

export const le2dec = defineConverter({
  name: 'le2dec',
  args: CHUNK_ARGS,
  ...BIN_TO_TEXT,
  doc: 'As be2dec, the first byte being the lowest.',
  examples: [
    { value: 'AQIDBAUGBw==', call: 'b64dec,le2dec(:,2)', out: '513:1027:1541:7' },
    { value: 'AQID', call: 'b64dec,le2dec(-,2,1)', out: '513' },
  ],
  compile: ([separator, size, truncate], { thread }) => compileDecimals(thread, separator, size, truncate, false),
});

export const be2hex = defineConverter({
  name: 'be2hex',
  args: [
    { name: 'separator', kind: 'str', default: '' },
    { name: 'chunk_size', kind: 'int', default: 0 },
    { name: 'truncate', kind: 'int', default: 0 },
  ],
  ...BIN_TO_TEXT,
  doc: 'The bytes in hexadecimal, with the separator after every `chunk_size` bytes. With `truncate` a shorter rest is left out.',
  examples: [
    { value: 'AQIDBAUGBw==', call: 'b64dec,be2hex', out: '01020304050607' },
    { value: 'AQIDBAUGBw==', call: 'b64dec,be2hex(:,2)', out: '0102:0304:0506:07' },
    { value: 'AQIDBAUGBw==', call: 'b64dec,be2hex(--,2,1)', out: '0102--0304--0506' },
    { value: 'AQIDBAUGBwg=', call: 'b64dec,be2hex(,3,1)', out: '010203040506' },
  ],
  compile: ([separator, size, truncate], { thread }) => {
    if (size < 0 || (size === 0 && separator !== '')) throw new RuleError("'chunk_size' is needed with a separator, and is not negative");
    const { memory } = thread;
    const divider = memory.intern(separator);
    const out = new Writer(memory);
    return (sample) => {
      const at = memory.scratch();
      out.open(at, at + SCRATCH_SIZE);
      const whole = sample.end - sample.start;
      const end = truncate !== 0 && size > 0 ? sample.start + whole - (whole % size) : sample.end;
      for (let from = sample.start; from < end; from++) {
        if (size > 0 && from > sample.start && (from - sample.start) % size === 0) out.copy(divider, divider + separator.length);
        out.hexByte(memory.bytes[from] as number);
      }
      return !out.overflow && sample.setText(at, out.at);
    };
  },
});

export const base2 = defineConverter({
  name: 'base2',
  args: [],
  ...BIN_TO_TEXT,
  doc: 'The bits as 0 and 1, eight for every byte, the highest first.',
  examples: [{ value: 'A', call: 'base2', out: '01000001' }],
  compile: () => {
    return (sample) => {
      const { memory, start, end } = sample;
      if ((end - start) * 8 > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      let to = at;
      for (let from = start; from < end; from++) {
        for (let bit = 7; bit >= 0; bit--) memory.bytes[to++] = 48 + (((memory.bytes[from] as number) >> bit) & 1);
      }
      return sample.setText(at, to);
    };
  },
});

export const htonl = defineConverter({
  name: 'htonl',
  args: [],
  from: SampleType.int,
  to: SampleType.bin,
  doc: 'The lowest 32 bits as four bytes, the highest first.',
  examples: [
    { value: 0x41424344, call: 'htonl', out: 'ABCD' },
    { value: -1, call: 'htonl,hex', out: 'FFFFFFFF' },
  ],
  compile: () => {
    return (sample) => {
      const { memory } = sample;
      const at = memory.scratch();
      let left = sample.int - Math.floor(sample.int / 2 ** 32) * 2 ** 32;
      for (let i = 3; i >= 0; i--) {
        memory.bytes[at + i] = left % 256;
        left = Math.floor(left / 256);
      }
      return sample.setBinary(at, at + 4);
    };
  },
});
