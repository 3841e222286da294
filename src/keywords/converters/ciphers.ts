/** AES as converters (HAProxy 3.x configuration 7.3.1). */
import { type KeyBits, MOST_INPUT, Mode, type Rooms, TAG_SIZE } from '../../platform/crypto/contract.ts';
import { type CompileContext, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { takeRoom } from '../../rules/jose/rooms.ts';
import { Sample, SampleType } from '../../rules/sample.ts';
import { encodeBase64 } from '../../rules/value/base64.ts';
import { EncodedOperand } from '../../rules/value/encoded-operand.ts';
import type { Stream } from '../../state/records.ts';

const BIN_TO_BIN = { from: SampleType.bin, to: SampleType.bin } as const;
const BITS = { name: 'bits', kind: 'int' } as const;
const NONCE = { name: 'nonce', kind: 'str' } as const;
const KEY = { name: 'key', kind: 'str' } as const;
const AAD = { name: 'aad', kind: 'str', default: null } as const;
const GCM_ARGS = [BITS, NONCE, KEY, { name: 'aead_tag', kind: 'str' }, AAD] as const;
const CBC_ARGS = [BITS, NONCE, KEY, AAD] as const;

/** Bytes of a block, and of the vector of CBC. */
const BLOCK = 16;

function bitsOf(bits: number): KeyBits {
  if (bits !== 128 && bits !== 192 && bits !== 256) throw new RuleError(`'bits' is 128, 192 or 256, not ${bits}`, -1, String(bits));
  return bits;
}

/** The arguments that all four have: they fill the rooms. */
class CipherOperands {
  readonly bits: KeyBits;
  vectorLength = 0;
  additionalLength = 0;
  readonly #rooms: Rooms;
  readonly #nonce: EncodedOperand;
  readonly #key: EncodedOperand;
  readonly #additional: EncodedOperand | null;

  constructor(bits: number, nonce: string, key: string, additional: string | null, context: CompileContext) {
    this.#rooms = context.thread.crypto().rooms;
    this.bits = bitsOf(bits);
    this.#nonce = new EncodedOperand('nonce', nonce, context);
    this.#key = new EncodedOperand('key', key, context);
    this.#additional = additional === null ? null : new EncodedOperand('aad', additional, context);
    const { isConstant, constant } = this.#key;
    if (isConstant && constant.length !== bits / 8)
      throw new RuleError(`'key' has ${constant.length} bytes, not the ${bits / 8} of ${bits} bits`, -1, key);
    if (this.#nonce.isConstant && this.#nonce.constant.length > this.#rooms.vector.length)
      throw new RuleError(`'nonce' has more than ${this.#rooms.vector.length} bytes`, -1, nonce);
  }

  /** False: a variable is not set, or its value does not fit. */
  fill(sample: Sample, stream: Stream): boolean {
    const { input, vector, key, additional } = this.#rooms;
    const size = sample.end - sample.start;
    if (size > MOST_INPUT || this.#key.fill(stream, key) !== this.bits >> 3) return false;
    this.vectorLength = this.#nonce.fill(stream, vector);
    this.additionalLength = this.#additional === null ? 0 : this.#additional.fill(stream, additional);
    const { bytes } = sample.memory;
    for (let at = 0; at < size; at++) input[at] = bytes[sample.start + at] as number;
    return this.vectorLength > 0 && this.additionalLength >= 0;
  }
}

export const aesGcmEnc = defineConverter({
  name: 'aes_gcm_enc',
  args: GCM_ARGS,
  ...BIN_TO_BIN,
  doc: 'Encrypts with AES-GCM and 128, 192 or 256 bits. Nonce, key and data that is only authenticated are base64 or variables that hold base64; the tag is put into a variable, in base64.',
  examples: [
    { value: 'text', call: 'aes_gcm_enc(128,MTIzNDU2Nzg5MDEy,MDEyMzQ1Njc4OWFiY2RlZg==,txn.tag),hex', out: 'B2343A81' },
    {
      value: 'text',
      call: 'aes_gcm_enc(128,MTIzNDU2Nzg5MDEy,MDEyMzQ1Njc4OWFiY2RlZg==,txn.tag,YWFk),aes_gcm_dec(128,MTIzNDU2Nzg5MDEy,MDEyMzQ1Njc4OWFiY2RlZg==,txn.tag,YWFk)',
      out: 'text',
    },
  ],
  compile: ([bits, nonce, key, tag, additional], context) => {
    const { memory, variables } = context.thread;
    const operands = new CipherOperands(bits, nonce, key, additional, context);
    const variable = variables.resolve(tag);
    const crypto = context.thread.crypto();
    const { rooms } = crypto;
    const written = new Sample(memory);
    return (sample, stream) => {
      if (!operands.fill(sample, stream)) return false;
      const size = crypto.encrypt(Mode.gcm, operands.bits, operands.vectorLength, operands.additionalLength, sample.end - sample.start);
      if (!takeRoom(sample, rooms.output, size)) return false;
      const at = memory.scratch();
      written.setText(at, encodeBase64(rooms.tag, 0, TAG_SIZE, memory.bytes, at, false));
      return variables.set(variable, written, stream);
    };
  },
});

export const aesGcmDec = defineConverter({
  name: 'aes_gcm_dec',
  args: GCM_ARGS,
  ...BIN_TO_BIN,
  doc: 'Decrypts with AES-GCM and 128, 192 or 256 bits. Nonce, key, tag and data that is only authenticated are base64 or variables that hold base64. No value if the tag, of 16 bytes, is wrong.',
  examples: [
    {
      value: 'text',
      call: 'aes_gcm_enc(256,MTIzNDU2Nzg5MDEy,MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=,txn.tag),aes_gcm_dec(256,MTIzNDU2Nzg5MDEy,MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=,txn.tag)',
      out: 'text',
    },
    {
      value: 'text',
      call: 'aes_gcm_enc(128,MTIzNDU2Nzg5MDEy,MDEyMzQ1Njc4OWFiY2RlZg==,txn.tag),aes_gcm_dec(128,MTIzNDU2Nzg5MDEz,MDEyMzQ1Njc4OWFiY2RlZg==,txn.tag)',
      out: null,
    },
  ],
  compile: ([bits, nonce, key, tag, additional], context) => {
    const operands = new CipherOperands(bits, nonce, key, additional, context);
    const given = new EncodedOperand('aead_tag', tag, context);
    if (given.isConstant && given.constant.length !== TAG_SIZE) throw new RuleError(`'aead_tag' has not ${TAG_SIZE} bytes`, -1, tag);
    const crypto = context.thread.crypto();
    const { rooms } = crypto;
    return (sample, stream) => {
      if (!operands.fill(sample, stream) || given.fill(stream, rooms.tag) !== TAG_SIZE) return false;
      const size = crypto.decrypt(Mode.gcm, operands.bits, operands.vectorLength, operands.additionalLength, sample.end - sample.start);
      return takeRoom(sample, rooms.output, size);
    };
  },
});

function compileCbc(
  encrypts: boolean,
  [bits, nonce, key, additional]: readonly [number, string, string, string | null],
  context: CompileContext,
): ConvertStep {
  const operands = new CipherOperands(bits, nonce, key, additional, context);
  if (additional !== null) context.warn("'aad' has no effect with AES-CBC, which authenticates nothing");
  const crypto = context.thread.crypto();
  const { rooms } = crypto;
  return (sample, stream) => {
    if (!operands.fill(sample, stream)) return false;
    rooms.vector.fill(0, operands.vectorLength, Math.max(BLOCK, operands.vectorLength));
    const length = sample.end - sample.start;
    const size = encrypts
      ? crypto.encrypt(Mode.cbc, operands.bits, BLOCK, 0, length)
      : crypto.decrypt(Mode.cbc, operands.bits, BLOCK, 0, length);
    return takeRoom(sample, rooms.output, size);
  };
}

export const aesCbcEnc = defineConverter({
  name: 'aes_cbc_enc',
  args: CBC_ARGS,
  ...BIN_TO_BIN,
  doc: 'Encrypts with AES-CBC and 128, 192 or 256 bits. Nonce and key are base64 or variables that hold base64; of the nonce 16 bytes count, zeros where it is shorter. Nothing is authenticated: the last argument has no effect.',
  examples: [
    {
      value: 'text',
      call: 'aes_cbc_enc(128,MTIzNDU2Nzg5MDEyMzQ1Ng==,MDEyMzQ1Njc4OWFiY2RlZg==),hex',
      out: '1A643B831E2576D1D2B0589603A2E415',
    },
    {
      value: 'text',
      call: 'aes_cbc_enc(128,MTIzNDU2Nzg5MDEy,MDEyMzQ1Njc4OWFiY2RlZg==),aes_cbc_dec(128,MTIzNDU2Nzg5MDEyAAAAAA==,MDEyMzQ1Njc4OWFiY2RlZg==)',
      out: 'text',
    },
  ],
  compile: (args, context) => compileCbc(true, args, context),
});

export const aesCbcDec = defineConverter({
  name: 'aes_cbc_dec',
  args: CBC_ARGS,
  ...BIN_TO_BIN,
  doc: 'Decrypts with AES-CBC and 128, 192 or 256 bits, with arguments as aes_cbc_enc. No value if the padding is wrong.',
  examples: [
    {
      value: 'text',
      call: 'aes_cbc_enc(192,MTIzNDU2Nzg5MDEyMzQ1Ng==,MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3),aes_cbc_dec(192,MTIzNDU2Nzg5MDEyMzQ1Ng==,MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3)',
      out: 'text',
    },
    { value: 'text', call: 'aes_cbc_dec(128,MTIzNDU2Nzg5MDEyMzQ1Ng==,MDEyMzQ1Njc4OWFiY2RlZg==)', out: null },
  ],
  compile: (args, context) => compileCbc(false, args, context),
});
