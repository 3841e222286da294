/** Converters between bytes and texts, and hashes (HAProxy 3.x configuration 7.3.1). */
import { avalanche, type HashFunction, hashCrc32, hashDjb2, hashSdbm, hashWt6 } from '../../base/hash.ts';
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type ConvertStep, defineConverter } from '../../rules/define.ts';
import { SampleType, writeHex } from '../../rules/sample.ts';
import { decodeBase64, decodeBase64Url, encodeBase64 } from '../../rules/value/base64.ts';
import { hexValue } from '../../rules/value/bytes.ts';

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
      if (Math.ceil((end - start) / 3) * 4 > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      const to = encodeBase64(memory.bytes, start, end, memory.bytes, at, false);
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
      if (end - start > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      const to = decodeBase64(memory.bytes, start, end, memory.bytes, at);
      return to >= 0 && sample.setBinary(at, to);
    };
  },
});

export const ub64enc = defineConverter({
  name: 'ub64enc',
  args: [],
  from: SampleType.bin,
  to: SampleType.str,
  doc: 'The bytes in base64 as URLs and JWT have it (RFC 4648 5), without padding.',
  examples: [
    { value: 'a?>', call: 'ub64enc', out: 'YT8-' },
    { value: 'a', call: 'ub64enc', out: 'YQ' },
  ],
  compile: () => {
    return (sample) => {
      const { memory, start, end } = sample;
      if (Math.ceil((end - start) / 3) * 4 > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      return sample.setText(at, encodeBase64(memory.bytes, start, end, memory.bytes, at, true));
    };
  },
});

export const ub64dec = defineConverter({
  name: 'ub64dec',
  args: [],
  from: SampleType.str,
  to: SampleType.bin,
  doc: 'The bytes of a base64 text as URLs and JWT have it (RFC 4648 5); no value if it is none.',
  examples: [
    { value: 'YT8-', call: 'ub64dec', out: 'a?>' },
    { value: 'YQ', call: 'ub64dec', out: 'a' },
    { value: 'Y', call: 'ub64dec', out: null },
  ],
  compile: () => {
    return (sample) => {
      const { memory, start, end } = sample;
      if (end - start > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      const to = decodeBase64Url(memory.bytes, start, end, memory.bytes, at);
      return to >= 0 && sample.setBinary(at, to);
    };
  },
});

function compileHash(hash: HashFunction, mode: number): ConvertStep {
  return (sample) => {
    const value = hash(sample.memory.bytes, sample.start, sample.end);
    return sample.setUnsigned(mode !== 0 ? avalanche(value) | 0 : value | 0);
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
