/** Names of RFC 7518 4.1 and 5.1: how a token's key is hidden, and how its text is encrypted. It must not know tokens. */
import { type DigestBits, type KeyBits, Padding, type PaddingValue } from '../../platform/crypto/contract.ts';

/** How the receiver gets the key that the text is encrypted with. */
export const Hiding = {
  /** The two share it. */
  direct: 0,
  wrapped: 1,
  wrappedGcm: 2,
  rsa: 3,
  /** Agreed on; with `bits` it is wrapped with what is agreed on. */
  agreed: 4,
} as const;
export type HidingValue = (typeof Hiding)[keyof typeof Hiding];

export interface HidingAlgorithm {
  readonly hiding: HidingValue;
  /** Of the wrapping key; null: none. */
  readonly bits: KeyBits | null;
  readonly padding: PaddingValue;
}

const SIZES: readonly KeyBits[] = [128, 192, 256];

function hiding(which: HidingValue, bits: KeyBits | null = null, padding: PaddingValue = Padding.oaep): HidingAlgorithm {
  return { hiding: which, bits, padding };
}

const KEY_ALGORITHMS: readonly (readonly [string, HidingAlgorithm])[] = [
  ['RSA1_5', hiding(Hiding.rsa, null, Padding.pkcs1)],
  ['RSA-OAEP', hiding(Hiding.rsa)],
  ['RSA-OAEP-256', hiding(Hiding.rsa, null, Padding.oaep256)],
  ['dir', hiding(Hiding.direct)],
  ['ECDH-ES', hiding(Hiding.agreed)],
  ...SIZES.map((bits) => [`A${bits}KW`, hiding(Hiding.wrapped, bits)] as const),
  ...SIZES.map((bits) => [`A${bits}GCMKW`, hiding(Hiding.wrappedGcm, bits)] as const),
  ...SIZES.map((bits) => [`ECDH-ES+A${bits}KW`, hiding(Hiding.agreed, bits)] as const),
];

export const HIDING_NAMES: readonly string[] = KEY_ALGORITHMS.map(([name]) => name);
export const HIDINGS: readonly HidingAlgorithm[] = KEY_ALGORITHMS.map(([, algorithm]) => algorithm);
/** All but the padding that is easily got wrong (RFC 8725 3.2): jwt.decrypt_alg_list says otherwise. */
export const USUAL_HIDINGS: readonly string[] = HIDING_NAMES.filter((name) => name !== 'RSA1_5');

export interface TextAlgorithm {
  readonly bits: KeyBits;
  /** Of the code beside AES-CBC (RFC 7518 5.2); null: AES-GCM. */
  readonly digestBits: DigestBits | null;
  /** Bytes of the whole key: in CBC half of it is the code's. */
  readonly keySize: number;
}

const TEXT_ALGORITHMS: readonly (readonly [string, TextAlgorithm])[] = [
  ...SIZES.map((bits) => [`A${bits}CBC-HS${bits * 2}`, { bits, digestBits: (bits * 2) as DigestBits, keySize: bits / 4 }] as const),
  ...SIZES.map((bits) => [`A${bits}GCM`, { bits, digestBits: null, keySize: bits / 8 }] as const),
];

export const TEXT_NAMES: readonly string[] = TEXT_ALGORITHMS.map(([name]) => name);
export const TEXTS: readonly TextAlgorithm[] = TEXT_ALGORITHMS.map(([, algorithm]) => algorithm);
