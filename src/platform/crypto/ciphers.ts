/**
 * AES over one context of OpenSSL per thread. It must not know whose bytes these are.
 */
import { area } from '../ffi.ts';
import { type KeyBits, MOST_INPUT, MOST_SIGNATURE, MOST_VECTOR, Mode, type ModeValue, type Rooms, TAG_SIZE } from './contract.ts';
import { type Functions, functions } from './functions.ts';

const NULL = 0n;
/** EVP_CTRL_AEAD_SET_IVLEN, …GET_TAG, …SET_TAG */
const SET_VECTOR_LENGTH = 9;
const GET_TAG = 16;
const SET_TAG = 17;
/** EVP_CIPHER_CTX_FLAG_WRAP_ALLOW: OpenSSL wants to be asked for key wrapping. */
const ALLOW_WRAP = 1;
/** A vector of one block, of key wrapping half of one. */
const BLOCK = 16;
/** Two halves of a block and the value that is checked (RFC 3394 2.2.1). */
const LEAST_WRAPPED = 24;

/** Areas behind the rooms. */
export class RoomAreas {
  readonly input = area(MOST_INPUT + 64);
  readonly additional = area(MOST_INPUT + 64);
  readonly output = area(MOST_INPUT + 64);
  readonly key = area(MOST_INPUT + 64);
  readonly vector = area(MOST_VECTOR);
  readonly tag = area(TAG_SIZE);
  readonly digest = area(64);
  readonly signature = area(MOST_SIGNATURE);
  /** Where calls leave a length. */
  readonly size = area(8);
  readonly rooms: Rooms = {
    input: this.input.bytes,
    additional: this.additional.bytes,
    output: this.output.bytes,
    key: this.key.bytes,
    vector: this.vector.bytes,
    tag: this.tag.bytes,
    digest: this.digest.bytes,
    signature: this.signature.bytes,
  };
}

export class Ciphers {
  readonly #lib: Functions;
  readonly #areas: RoomAreas;
  readonly #context: bigint;
  /** What the last step yields: a block at most. */
  readonly #last = area(2 * BLOCK);
  readonly #ciphers: readonly (readonly bigint[])[];

  constructor(areas: RoomAreas) {
    const lib = functions();
    const { aes } = lib;
    const bits = [128, 192, 256] as const;
    this.#lib = lib;
    this.#areas = areas;
    this.#context = lib.cipherNew();
    this.#ciphers = [aes.gcm, aes.cbc, aes.wrap].map((family) => bits.map((each) => family[each]()));
  }

  /** The bytes that it wrote to the room for output, or -1. Whatever happens, the context forgets its key. */
  run(mode: ModeValue, bits: KeyBits, encrypts: boolean, vectorLength: number, additionalLength: number, inputLength: number): number {
    const lib = this.#lib;
    const isLong = mode !== Mode.wrap || inputLength >= LEAST_WRAPPED;
    const isReady = isLong && this.#begin(mode, (this.#ciphers[mode] as bigint[])[(bits - 128) >> 6] as bigint, encrypts, vectorLength);
    const size = isReady && this.#add(additionalLength) ? this.#pass(mode, encrypts, inputLength) : -1;
    lib.cipherReset(this.#context);
    this.#areas.key.bytes.fill(0, 0, 64);
    if (size < 0) lib.clearErrors();
    return size;
  }

  #begin(mode: ModeValue, cipher: bigint, encrypts: boolean, vectorLength: number): boolean {
    const lib = this.#lib;
    const context = this.#context;
    const { key, vector } = this.#areas;
    const way = encrypts ? 1 : 0;
    if (mode === Mode.wrap) lib.cipherFlags(context, ALLOW_WRAP);
    if (lib.cipherInit(context, cipher, NULL, NULL, NULL, way, 0) !== 1) return false;
    if (mode === Mode.gcm && lib.cipherControl(context, SET_VECTOR_LENGTH, vectorLength, NULL, 0, 0, 0) !== 1) return false;
    return lib.cipherInit(context, NULL, NULL, key.pointer, mode === Mode.wrap ? NULL : vector.pointer, way, 0) === 1;
  }

  /** What is authenticated and not encrypted. */
  #add(length: number): boolean {
    if (length === 0) return true;
    const { additional } = this.#areas;
    return this.#lib.cipherUpdate(this.#context, NULL, this.#areas.size.pointer, additional.pointer, length, 0, 0) === 1;
  }

  #pass(mode: ModeValue, encrypts: boolean, inputLength: number): number {
    const lib = this.#lib;
    const context = this.#context;
    const { input, output, tag, size: length } = this.#areas;
    let size = 0;
    if (inputLength > 0) {
      if (lib.cipherUpdate(context, output.pointer, length.pointer, input.pointer, inputLength, 0, 0) !== 1) return -1;
      size = length.words[0] as number;
    }
    if (mode === Mode.gcm && !encrypts && lib.cipherControl(context, SET_TAG, TAG_SIZE, tag.pointer, 0, 0, 0) !== 1) return -1;
    if (lib.cipherFinal(context, this.#last.pointer, length.pointer) !== 1) return -1;
    const rest = length.words[0] as number;
    for (let at = 0; at < rest; at++) output.bytes[size + at] = this.#last.bytes[at] as number;
    this.#last.bytes.fill(0);
    if (mode === Mode.gcm && encrypts && lib.cipherControl(context, GET_TAG, TAG_SIZE, tag.pointer, 0, 0, 0) !== 1) return -1;
    return size + rest;
  }
}
