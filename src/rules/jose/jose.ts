/**
 * What a thread has for tokens: keys, readers and checkers, made when a rule first needs one. Nothing is made per request. It must not
 * know keywords.
 */
import type { Memory } from '../../base/memory.ts';
import type { Crypto } from '../../platform/crypto/contract.ts';
import { EncryptedToken } from './encrypted.ts';
import { TEXT_NAMES, USUAL_HIDINGS } from './encryption.ts';
import { JwkCache, JwkReader } from './jwk.ts';
import { KeyFiles, type StoredCertificate } from './key-files.ts';
import { SignedToken } from './signed.ts';

export interface JoseParts {
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

  constructor(memory: Memory, crypto: Crypto, readLines: (path: string) => readonly string[], parts: JoseParts) {
    const { certificates = [], hidings = null, texts = null } = parts;
    this.crypto = crypto;
    this.keys = new KeyFiles({ memory, crypto, readLines, certificates });
    this.signed = new SignedToken(memory, crypto);
    this.encrypted = new EncryptedToken(memory, crypto, hidings ?? USUAL_HIDINGS, texts ?? TEXT_NAMES);
    this.jwkReader = new JwkReader(memory, crypto);
    this.jwks = new JwkCache(memory, this.jwkReader);
  }
}
