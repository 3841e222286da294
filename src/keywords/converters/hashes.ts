/** Hashes and message digests (HAProxy 3.x configuration 7.3.1). */
import { type Digest, Hmac } from '../../base/digest.ts';
import { avalanche, hashCrc32c } from '../../base/hash.ts';
import { xxh3 as hashXxh3, xxh32 as hashXxh32, xxh64 as hashXxh64, result } from '../../base/xxhash.ts';
import { type CompileContext, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { SampleType } from '../../rules/sample.ts';
import { EncodedOperand } from '../../rules/value/encoded-operand.ts';

const BIN_TO_INT = { from: SampleType.bin, to: SampleType.int } as const;
const BIN_TO_BIN = { from: SampleType.bin, to: SampleType.bin } as const;
const SEED = [{ name: 'seed', kind: 'str', default: '0' }] as const;

/** Both words of a seed of 64 bits. At start. @throws RuleError */
function seedWords(seed: string): { readonly high: number; readonly low: number } {
  const value = /^[-+]?\d{1,19}$/.test(seed) ? BigInt(seed.replace('+', '')) : null;
  if (value === null || BigInt.asIntN(64, value) !== value) throw new RuleError(`'seed' is an integer of 64 bits, not '${seed}'`, -1, seed);
  return { high: Number(value >> 32n), low: Number(BigInt.asIntN(32, value)) };
}

export const crc32c = defineConverter({
  name: 'crc32c',
  args: [{ name: 'avalanche', kind: 'int', default: 0 }],
  ...BIN_TO_INT,
  doc: 'The CRC-32C (RFC 4960 appendix B) as an unsigned integer; with an argument other than 0 mixed once more.',
  examples: [{ value: '123456789', call: 'crc32c', out: 0xe3069283 }],
  compile: ([mode]) => {
    return (sample) => {
      const value = hashCrc32c(sample.memory.bytes, sample.start, sample.end);
      return sample.setUnsigned(mode !== 0 ? avalanche(value) | 0 : value);
    };
  },
});

export const xxh32 = defineConverter({
  name: 'xxh32',
  args: SEED,
  ...BIN_TO_INT,
  doc: 'The XXH32 hash as an unsigned 32-bit integer.',
  examples: [
    { value: '', call: 'xxh32', out: 0x02cc5d05 },
    { value: 'abc', call: 'xxh32', out: 0x32d153ff },
  ],
  compile: ([seed]) => {
    const { low } = seedWords(seed);
    return (sample) => sample.setUnsigned(hashXxh32(sample.memory.bytes, sample.start, sample.end, low));
  },
});

export const xxh64 = defineConverter({
  name: 'xxh64',
  args: SEED,
  ...BIN_TO_INT,
  doc: 'The XXH64 hash as a signed 64-bit integer: exact as text and as bytes, in arithmetic to 53 bits.',
  examples: [
    { value: '', call: 'xxh64,hex', out: 'EF46DB3751D8E999' },
    { value: 'abc', call: 'xxh64,hex', out: '44BC2CF5AD770999' },
    { value: 'abc', call: 'xxh64,concat(!)', out: '4952883123889572249!' },
    { value: 'a', call: 'xxh64(9223372036854775807),concat()', out: '-4154840116091193815' },
  ],
  compile: ([seed]) => {
    const { high, low } = seedWords(seed);
    return (sample) => {
      hashXxh64(sample.memory.bytes, sample.start, sample.end, high, low);
      return sample.setWide(result.high, result.low);
    };
  },
});

export const xxh3 = defineConverter({
  name: 'xxh3',
  args: SEED,
  ...BIN_TO_INT,
  doc: 'The XXH3 hash with 64 bits as a signed integer: exact as text and as bytes, in arithmetic to 53 bits.',
  examples: [{ value: '', call: 'xxh3,hex', out: '2D06800538D394C2' }],
  compile: ([seed]) => {
    const { high, low } = seedWords(seed);
    return (sample) => {
      hashXxh3(sample.memory.bytes, sample.start, sample.end, high, low);
      return sample.setWide(result.high, result.low);
    };
  },
});

/** At start. @throws RuleError */
function digestOf(name: string, { thread }: CompileContext): Digest {
  const digest = thread.crypto().newDigest(name);
  if (digest === null) throw new RuleError(`'${name}' is no digest that OpenSSL has here`, -1, name);
  return digest;
}

function compileDigest(name: string, context: CompileContext): ConvertStep {
  const digest = digestOf(name, context);
  return (sample) => {
    const { memory } = sample;
    digest.reset();
    digest.update(memory.bytes, sample.start, sample.end);
    const at = memory.scratch();
    return digest.finish(memory.bytes, at) && sample.setBinary(at, at + digest.size);
  };
}

export const sha1 = defineConverter({
  name: 'sha1',
  args: [],
  ...BIN_TO_BIN,
  doc: 'The SHA-1 digest: 20 bytes.',
  examples: [{ value: 'abc', call: 'sha1,hex', out: 'A9993E364706816ABA3E25717850C26C9CD0D89D' }],
  compile: (_, context) => compileDigest('sha1', context),
});

export const sha2 = defineConverter({
  name: 'sha2',
  args: [{ name: 'bits', kind: 'int', default: 256 }],
  ...BIN_TO_BIN,
  doc: 'The SHA-2 digest with 224, 256, 384 or 512 bits.',
  examples: [
    { value: 'abc', call: 'sha2,hex', out: 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD' },
    { value: 'abc', call: 'sha2(224),hex', out: '23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7' },
    { value: 'abc', call: 'sha2(512),length', out: 64 },
  ],
  compile: ([bits], context) => {
    if (![224, 256, 384, 512].includes(bits)) throw new RuleError(`'bits' is 224, 256, 384 or 512, not ${bits}`, -1, String(bits));
    return compileDigest(`sha${bits}`, context);
  },
});

export const digest = defineConverter({
  name: 'digest',
  args: [{ name: 'algorithm', kind: 'str' }],
  ...BIN_TO_BIN,
  doc: 'A message digest that OpenSSL knows by this name: md5, sha1, sha256, sha512-256, sha3-256, blake2b512 …',
  examples: [
    { value: 'abc', call: 'digest(md5),hex', out: '900150983CD24FB0D6963F7D28E17F72' },
    { value: 'abc', call: 'digest(SHA1),hex', out: 'A9993E364706816ABA3E25717850C26C9CD0D89D' },
    { value: 'abc', call: 'digest(sha3-256),hex', out: '3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532' },
    { value: 'abc', call: 'digest(blake2b512),hex,length', out: 128 },
  ],
  compile: ([name], context) => compileDigest(name, context),
});

/** Longest key, decoded. */
const MOST_KEY = 4096;

export const hmac = defineConverter({
  name: 'hmac',
  args: [
    { name: 'algorithm', kind: 'str' },
    { name: 'key', kind: 'str' },
  ],
  ...BIN_TO_BIN,
  doc: 'A message authentication code (RFC 2104) with a key in base64 or in a variable that holds base64.',
  examples: [
    { value: 'what do ya want for nothing?', call: 'hmac(md5,SmVmZQ==),hex', out: '750C783E6AB0B503EAA86E310A5DB738' },
    { value: 'SmVmZQ==', call: 'set-var(txn.k),hmac(sha256,txn.k),length', out: 32 },
  ],
  compile: ([name, key], context) => {
    const operand = new EncodedOperand('key', key, context);
    const signer = new Hmac(digestOf(name, context));
    const plain = new Uint8Array(MOST_KEY);
    return (sample, stream) => {
      const { memory } = sample;
      const size = operand.fill(stream, plain);
      if (size < 0) return false;
      signer.setKey(plain, 0, size);
      const at = memory.scratch();
      return signer.sign(memory.bytes, sample.start, sample.end, memory.bytes, at) && sample.setBinary(at, at + signer.size);
    };
  },
});
