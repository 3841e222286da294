/**
 * Encrypted tokens (RFC 7516, RFC 7518 4 and 5): the key of the text is taken out with a secret or a private key, then the text. What is
 * wrong with a token is not told: there is no text. It must not know keywords.
 */
import { type Digest, Hmac } from '../../base/digest.ts';
import type { Memory } from '../../base/memory.ts';
import { type Crypto, MOST_INPUT, Mode, Padding, type PrivateKey, TAG_SIZE } from '../../platform/crypto/contract.ts';
import { KeyAgreement } from './agreement.ts';
import { CompactToken, MOST_PARTS, NameList } from './compact.ts';
import { HIDING_NAMES, HIDINGS, Hiding, type HidingAlgorithm, TEXT_NAMES, TEXTS, type TextAlgorithm } from './encryption.ts';
import { decodeInto, JsonFields, pathTo } from './fields.ts';
import { sha2 } from './signed.ts';

const HEADER = 0;
const KEY = 1;
const VECTOR = 2;
const TEXT = 3;
const TAG = 4;
const MOST_KEY = 64;
/** Of a block, and so of the vector of AES-CBC. */
const BLOCK = 16;

export class EncryptedToken {
  readonly #memory: Memory;
  readonly #crypto: Crypto;
  readonly #token = new CompactToken();
  readonly #fields: JsonFields;
  readonly #agreement: KeyAgreement;
  readonly #hidingNames: NameList;
  readonly #textNames: NameList;
  /** By number: whether an algorithm is accepted. */
  readonly #hidings: readonly boolean[];
  readonly #texts: readonly boolean[];
  /** Beside AES-CBC, for halves of 16, 24 and 32 bytes. */
  readonly #hmacs: readonly Hmac[];
  readonly #longest: Digest;
  readonly #alg;
  readonly #enc;
  readonly #iv;
  readonly #tag;
  /** The header, decoded. */
  #headerStart = 0;
  #headerEnd = 0;
  #hidingNumber = 0;
  #textNumber = 0;
  readonly #key = new Uint8Array(MOST_KEY);
  #keyLength = 0;

  /** @param hidings names of accepted algorithms, of HIDING_NAMES and TEXT_NAMES */
  constructor(memory: Memory, crypto: Crypto, hidings: readonly string[], texts: readonly string[]) {
    this.#memory = memory;
    this.#crypto = crypto;
    this.#fields = new JsonFields(memory);
    this.#agreement = new KeyAgreement(memory, crypto);
    this.#hidingNames = new NameList(memory, HIDING_NAMES);
    this.#textNames = new NameList(memory, TEXT_NAMES);
    this.#hidings = HIDING_NAMES.map((name) => hidings.includes(name));
    this.#texts = TEXT_NAMES.map((name) => texts.includes(name));
    const digests = ([256, 384, 512] as const).map((bits) => sha2(crypto, bits));
    this.#hmacs = digests.map((digest) => new Hmac(digest));
    this.#longest = digests[2] as Digest;
    this.#alg = pathTo(memory, 'alg');
    this.#enc = pathTo(memory, 'enc');
    this.#iv = pathTo(memory, 'iv');
    this.#tag = pathTo(memory, 'tag');
  }

  /** Takes [start, end) apart; false: it is no encrypted token, or its algorithms are not accepted. */
  open(start: number, end: number): boolean {
    const { bytes } = this.#memory;
    const token = this.#token;
    if (end - start > MOST_INPUT || !token.split(bytes, start, end, MOST_PARTS) || token.count !== MOST_PARTS) return false;
    this.#headerStart = this.#memory.scratch();
    this.#headerEnd = decodeInto(bytes, start, token.ends[HEADER] as number, bytes, this.#headerStart);
    if (this.#headerEnd < 0 || !this.#fields.find(this.#headerStart, this.#headerEnd, this.#alg)) return false;
    this.#hidingNumber = this.#hidingNames.find(this.#fields.start, this.#fields.end);
    if (!this.#fields.find(this.#headerStart, this.#headerEnd, this.#enc)) return false;
    this.#textNumber = this.#textNames.find(this.#fields.start, this.#fields.end);
    return this.#hidings[this.#hidingNumber] === true && this.#texts[this.#textNumber] === true;
  }

  /** The text in `rooms.output`: its length, or -1. */
  decryptWithSecret(secret: Uint8Array, length: number): number {
    const { hiding, bits } = HIDINGS[this.#hidingNumber] as HidingAlgorithm;
    switch (hiding) {
      case Hiding.direct:
        return this.#isEmpty(KEY) && this.#take(secret, length) ? this.#decryptText() : -1;
      case Hiding.wrapped:
      case Hiding.wrappedGcm:
        if (bits === null || length !== bits >> 3) return -1;
        for (let at = 0; at < length; at++) this.#crypto.rooms.key[at] = secret[at] as number;
        return this.#unwrap(hiding === Hiding.wrappedGcm) ? this.#decryptText() : -1;
      default:
        return -1;
    }
  }

  /** The same with a key of the right kind. */
  decryptWithKey(key: PrivateKey): number {
    const { hiding } = HIDINGS[this.#hidingNumber] as HidingAlgorithm;
    if (hiding === Hiding.rsa) return this.#unhide(key) ? this.#decryptText() : -1;
    if (hiding === Hiding.agreed) return this.#agree(key) ? this.#decryptText() : -1;
    return -1;
  }

  #decode(part: number, room: Uint8Array, at: number): number {
    return decodeInto(this.#memory.bytes, this.#token.starts[part] as number, this.#token.ends[part] as number, room, at);
  }

  #isEmpty(part: number): boolean {
    return this.#token.starts[part] === this.#token.ends[part];
  }

  /** Keeps the key of the text; false: it is longer than any. */
  #take(bytes: Uint8Array, length: number): boolean {
    if (length < 0 || length > MOST_KEY) return false;
    for (let at = 0; at < length; at++) this.#key[at] = bytes[at] as number;
    this.#keyLength = length;
    return true;
  }

  /** With the wrapping key in its room. */
  #unwrap(withGcm: boolean): boolean {
    const crypto = this.#crypto;
    const { input, output, vector, tag } = crypto.rooms;
    const { bits } = HIDINGS[this.#hidingNumber] as HidingAlgorithm;
    const length = this.#decode(KEY, input, 0);
    if (bits === null || length < 0) return false;
    if (!withGcm) return this.#take(output, crypto.decrypt(Mode.wrap, bits, 0, 0, length));
    const vectorLength = this.#fields.decode(this.#headerStart, this.#headerEnd, this.#iv, vector, 0);
    const tagLength = this.#fields.decode(this.#headerStart, this.#headerEnd, this.#tag, tag, 0);
    if (vectorLength < 1 || tagLength !== TAG_SIZE) return false;
    return this.#take(output, crypto.decrypt(Mode.gcm, bits, vectorLength, 0, length));
  }

  #unhide(key: PrivateKey): boolean {
    const crypto = this.#crypto;
    const { output, signature, digest } = crypto.rooms;
    const { padding } = HIDINGS[this.#hidingNumber] as HidingAlgorithm;
    const length = key.decrypt(padding, this.#decode(KEY, signature, 0));
    const { keySize } = TEXTS[this.#textNumber] as TextAlgorithm;
    if (length < 0 || padding !== Padding.pkcs1 || length === keySize) return this.#take(output, length);
    // RFC 7516 11.5: whether a padding was right must not show, so it goes on with a key that nobody knows. OpenSSL has made one already,
    // which may have any length.
    this.#longest.reset();
    this.#longest.update(output, 0, length);
    return this.#longest.finish(digest, 0) && this.#take(digest, keySize);
  }

  #agree(key: PrivateKey): boolean {
    const crypto = this.#crypto;
    const agreement = this.#agreement;
    const { bits } = HIDINGS[this.#hidingNumber] as HidingAlgorithm;
    const names = bits === null ? this.#textNames : this.#hidingNames;
    const number = bits === null ? this.#textNumber : this.#hidingNumber;
    const size = bits === null ? (TEXTS[number] as TextAlgorithm).keySize : bits >> 3;
    if (!agreement.agree(key, this.#headerStart, this.#headerEnd)) return false;
    if (!agreement.derive(names.startOf(number), names.lengthOf(number), size, this.#headerStart, this.#headerEnd)) return false;
    if (bits === null) return this.#isEmpty(KEY) && this.#take(agreement.derived, size);
    for (let at = 0; at < size; at++) crypto.rooms.key[at] = agreement.derived[at] as number;
    return this.#unwrap(false);
  }

  #decryptText(): number {
    const { digestBits, keySize } = TEXTS[this.#textNumber] as TextAlgorithm;
    const isGood = this.#keyLength === keySize;
    const size = !isGood ? -1 : digestBits === null ? this.#decryptGcm() : this.#decryptCbc();
    this.#key.fill(0);
    this.#keyLength = 0;
    return size;
  }

  #decryptGcm(): number {
    const crypto = this.#crypto;
    const { input, additional, vector, tag, key } = crypto.rooms;
    const { bits } = TEXTS[this.#textNumber] as TextAlgorithm;
    const vectorLength = this.#decode(VECTOR, vector, 0);
    const inputLength = this.#decode(TEXT, input, 0);
    if (vectorLength < 1 || inputLength < 0 || this.#decode(TAG, tag, 0) !== TAG_SIZE) return -1;
    const additionalLength = this.#copyHeader(additional);
    for (let at = 0; at < this.#keyLength; at++) key[at] = this.#key[at] as number;
    return crypto.decrypt(Mode.gcm, bits, vectorLength, additionalLength, inputLength);
  }

  /** RFC 7518 5.2.2.2: the first half of the key is the code's. */
  #decryptCbc(): number {
    const crypto = this.#crypto;
    const { input, vector, key } = crypto.rooms;
    const { bits } = TEXTS[this.#textNumber] as TextAlgorithm;
    const half = bits >> 3;
    if (!this.#hasRightCode(half) || this.#decode(VECTOR, vector, 0) !== BLOCK) return -1;
    const inputLength = this.#decode(TEXT, input, 0);
    for (let at = 0; at < half; at++) key[at] = this.#key[half + at] as number;
    return crypto.decrypt(Mode.cbc, bits, BLOCK, 0, inputLength);
  }

  /** Header, vector, text and the length of the header in bits, under the code's key; half of that is the tag. */
  #hasRightCode(half: number): boolean {
    const { input, digest, signature } = this.#crypto.rooms;
    const headerLength = this.#copyHeader(input);
    const textAt = this.#decode(VECTOR, input, headerLength);
    const end = textAt < 0 ? -1 : this.#decode(TEXT, input, textAt);
    if (end < 0 || end + 8 > input.length || this.#decode(TAG, signature, 0) !== half) return false;
    // The length has 64 bits, of which a token needs no more than 18.
    input.fill(0, end, end + 5);
    for (let at = 0; at < 3; at++) input[end + 5 + at] = ((headerLength * 8) >> (16 - 8 * at)) & 255;
    const hmac = this.#hmacs[(half >> 3) - 2] as Hmac;
    hmac.setKey(this.#key, 0, half);
    const isMade = hmac.sign(input, 0, end + 8, digest, 0);
    hmac.clear();
    if (!isMade) return false;
    let difference = 0;
    for (let at = 0; at < half; at++) difference |= (digest[at] as number) ^ (signature[at] as number);
    return difference === 0;
  }

  /** The header as it came is what the text is bound to. */
  #copyHeader(room: Uint8Array): number {
    const { bytes } = this.#memory;
    const start = this.#token.starts[HEADER] as number;
    const end = this.#token.ends[HEADER] as number;
    for (let at = start; at < end; at++) room[at - start] = bytes[at] as number;
    return end - start;
  }
}
