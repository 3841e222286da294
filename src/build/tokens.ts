/**
 * Tokens and ciphers for who compiles rules: their modules are loaded when the first rule needs them, since most configurations have
 * none. It must not know rules.
 */
import { createRequire } from 'node:module';
import type { ConfigModel } from '../model/configuration.ts';
import type { TlsChange } from '../model/tls-change.ts';
import type { Jose } from '../rules/jose/jose.ts';
import type { StoredCertificate } from '../rules/jose/key-files.ts';
import type { CryptoParts, Thread } from '../rules/thread.ts';
import type { Prepared } from './line-changes.ts';

const require = createRequire(import.meta.url);
const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';

type JoseModule = { readonly Jose: typeof Jose };
type CryptoModule = typeof import('../platform/crypto/openssl.ts');

export function cryptoOf(model: ConfigModel): CryptoParts {
  return {
    openCrypto: () => (require(`../platform/crypto/openssl.${extension}`) as CryptoModule).openCrypto(),
    openJose: (memory, crypto, readLines) =>
      new (require(`../rules/jose/jose.${extension}`) as JoseModule).Jose(memory, crypto, readLines, {
        certificates: storedCertificates(model),
        hidings: model.global.tokenKeyAlgorithms,
        texts: model.global.tokenTextAlgorithms,
      }),
  };
}

/** What a changed certificate means for the thread's tokens; null: nothing. @throws Error that says what is wrong with it */
export function prepareKeys(thread: Thread, change: TlsChange): Prepared | null {
  if (change.kind !== 'certificate') return null;
  const { path, bytes, key } = change.material;
  return thread.prepareKeys(path, bytes, key ?? bytes);
}

function storedCertificates(model: ConfigModel): StoredCertificate[] {
  return model.certificateStores.flatMap(({ certificates }) =>
    certificates.map(({ name, bytes, key, jwt }) => ({ name, certificate: bytes, privateKey: key ?? bytes, forTokens: jwt })),
  );
}
