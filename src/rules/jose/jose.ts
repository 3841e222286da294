/**
 * What a thread has for tokens: keys, readers and checkers, made when a rule first needs one. Nothing is made per request. It must not
 * know keywords.
 */
import type { Memory } from '../../base/memory.ts';
import type { Crypto } from '../../platform/crypto/contract.ts';
import { RuleError } from '../error.ts';
import { EncryptedToken } from './encrypted.ts';
import { TEXT_NAMES, USUAL_HIDINGS } from './encryption.ts';
import { JwkCache, JwkReader } from './jwk.ts';
import { KeyFiles, type StoredCertificate } from './key-files.ts';
import { SignedToken } from './signed.ts';

export interface JoseParts {
  /** @throws Error that says why there is none */
  readonly openCrypto: () => Crypto;
  readonly certificates?: readonly StoredCertificate[];
  /** jwt.decrypt_alg_list, jwt.decrypt_enc_list; null: the usual ones. */
  readonly hidings?: readonly string[] | null;
  readonly texts?: readonly string[] | null;
}

/** All of it. At start. */
export class Jose {
  readonly crypto: Crypto;
  readonly keys: KeyFiles;
  readonly signed: SignedToken;
  readonly encrypted: EncryptedToken;
  readonly jwkReader: JwkReader;
  readonly jwks: JwkCache;

  /** @throws RuleError if there is no cryptographic library */
  constructor(memory: Memory, readLines: (path: string) => readonly string[], parts: JoseParts) {
    const { openCrypto, certificates = [], hidings = null, texts = null } = parts;
    try {
      this.crypto = openCrypto();
    } catch (error) {
      throw new RuleError(error instanceof Error ? error.message : String(error));
    }
    const { crypto } = this;
    this.keys = new KeyFiles({ memory, crypto, readLines, certificates });
    this.signed = new SignedToken(memory, crypto);
    this.encrypted = new EncryptedToken(memory, crypto, hidings ?? USUAL_HIDINGS, texts ?? TEXT_NAMES);
    this.jwkReader = new JwkReader(memory, crypto);
    this.jwks = new JwkCache(memory, this.jwkReader);
  }
}
