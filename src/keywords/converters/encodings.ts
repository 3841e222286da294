/** Converters between bytes and texts, and hashes (HAProxy 3.x configuration 7.3.1). */
import { avalanche, type HashFunction, hashCrc32, hashDjb2, hashSdbm, hashWt6 } from '../../base/hash.ts';
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { hexValue } from '../../rules/bytes.ts';
import { type ConvertStep, defineConverter } from '../../rules/define.ts';
import { SampleType, writeHex } from '../../rules/sample.ts';

export const hex = defineConverter({
  name: 'hex',
  args: [],
  from: SampleType.bin,
  to: SampleType.str,
  doc: 'The bytes in hexadecimal, in capitals.',
  examples: [{ value: 'AZ\n', call: 'hex', out: '415A0A' }],
  compile: () => {
    return (sample) => {
      const { memory, start, end } = sample;
      if ((end - start) * 2 > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      return sample.setText(at, writeHex(memory.bytes, start, end, at));
    };
  },
});

export const hex2i = defineConverter({
  name: 'hex2i',
  args: [],
  from: SampleType.str,
  to: SampleType.int,
  doc: 'The integer that is written in hexadecimal.',
  examples: [
    { value: 'ff', call: 'hex2i', out: 255 },
    { value: 'xyz', call: 'hex2i', out: null },
  ],
  compile: () => {
    return (sample) => {
      let value = 0;
      for (let at = sample.start; at < sample.end; at++) {
        const digit = hexValue(sample.memory.bytes[at] as number);
        if (digit < 0) return false;
        value = value * 16 + digit;
      }
      return sample.setInt(value);
    };
  },
});

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES = Uint8Array.from(ALPHABET, (char) => char.charCodeAt(0));
const VALUES = new Int8Array(256).fill(-1);
CODES.forEach((code, value) => {
  VALUES[code] = value;
});
const PAD = 61;

export const base64 = defineConverter({
  name: 'base64',
  args: [],
  from: SampleType.bin,
  to: SampleType.str,
  doc: 'The bytes in base64 (RFC 4648 4).',
  examples: [
    { value: 'a', call: 'base64', out: 'YQ==' },
    { value: 'abc', call: 'base64', out: 'YWJj' },
    { value: '', call: 'base64', out: '' },
  ],
  compile: () => {
    return (sample) => {
      const { memory, start, end } = sample;
      const { bytes } = memory;
      if (Math.ceil((end - start) / 3) * 4 > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      let to = at;
      for (let from = start; from < end; from += 3) {
        const left = end - from;
        const triple =
          ((bytes[from] as number) << 16) |
          (left > 1 ? (bytes[from + 1] as number) << 8 : 0) |
          (left > 2 ? (bytes[from + 2] as number) : 0);
        bytes[to++] = CODES[triple >> 18] as number;
        bytes[to++] = CODES[(triple >> 12) & 63] as number;
        bytes[to++] = left > 1 ? (CODES[(triple >> 6) & 63] as number) : PAD;
        bytes[to++] = left > 2 ? (CODES[triple & 63] as number) : PAD;
      }
      return sample.setText(at, to);
    };
  },
});

export const b64dec = defineConverter({
  name: 'b64dec',
  args: [],
  from: SampleType.str,
  to: SampleType.bin,
  doc: 'The bytes of a base64 text; no value if it is none.',
  examples: [
    { value: 'dXNlcjpwYXNz', call: 'b64dec', out: 'user:pass' },
    { value: 'YQ==', call: 'b64dec', out: 'a' },
    { value: 'Y', call: 'b64dec', out: null },
  ],
  compile: () => {
    return (sample) => {
      const { memory, start, end } = sample;
      const { bytes } = memory;
      const size = end - start;
      if (size % 4 !== 0 || size > SCRATCH_SIZE) return false;
      const padding = size > 0 && bytes[end - 1] === PAD ? (bytes[end - 2] === PAD ? 2 : 1) : 0;
      const at = memory.scratch();
      let to = at;
      let bits = 0;
      for (let from = start; from < end - padding; from++) {
        const value = VALUES[bytes[from] as number] as number;
        if (value < 0) return false;
        bits = (bits << 6) | value;
        const place = (from - start) & 3;
        if (place > 0) bytes[to++] = (bits >> (6 - place * 2)) & 255;
      }
      return sample.setBinary(at, to);
    };
  },
});

function compileHash(hash: HashFunction, mode: number): ConvertStep {
  return (sample) => {
    const value = hash(sample.memory.bytes, sample.start, sample.end);
    return sample.setInt(mode !== 0 ? avalanche(value) : value);
  };
}

const HASH_ARGS = [{ name: 'avalanche', kind: 'int', default: 0 }] as const;

export const djb2 = defineConverter({
  name: 'djb2',
  args: HASH_ARGS,
  from: SampleType.bin,
  to: SampleType.int,
  doc: 'The DJB2 hash as an unsigned 32-bit integer; with an argument other than 0 mixed once more.',
  examples: [{ value: 'a', call: 'djb2', out: 177670 }],
  compile: ([mode]) => compileHash(hashDjb2, mode),
});

export const sdbm = defineConverter({
  name: 'sdbm',
  args: HASH_ARGS,
  from: SampleType.bin,
  to: SampleType.int,
  doc: 'The SDBM hash as an unsigned 32-bit integer; with an argument other than 0 mixed once more.',
  examples: [{ value: 'a', call: 'sdbm', out: 97 }],
  compile: ([mode]) => compileHash(hashSdbm, mode),
});

export const crc32 = defineConverter({
  name: 'crc32',
  args: HASH_ARGS,
  from: SampleType.bin,
  to: SampleType.int,
  doc: 'The CRC-32 of Ethernet and zip as an unsigned integer; with an argument other than 0 mixed once more.',
  examples: [{ value: '123456789', call: 'crc32', out: 0xcbf43926 }],
  compile: ([mode]) => compileHash(hashCrc32, mode),
});

export const wt6 = defineConverter({
  name: 'wt6',
  args: HASH_ARGS,
  from: SampleType.bin,
  to: SampleType.int,
  doc: "HAProxy's WT6 hash as an unsigned 32-bit integer; with an argument other than 0 mixed once more.",
  examples: [{ value: '', call: 'wt6,bool', out: true }],
  compile: ([mode]) => compileHash(hashWt6, mode),
});
