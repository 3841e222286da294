/**
 * Tokens and ciphers for who compiles rules: their modules are loaded when the first rule needs them, since most configurations have
 * none. It must not know rules.
 */
import { createRequire } from 'node:module';
import type { ConfigModel } from '../model/configuration.ts';
import type { Jose } from '../rules/jose/jose.ts';
import type { StoredCertificate } from '../rules/jose/key-files.ts';
import type { CryptoParts } from '../rules/thread.ts';

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

function storedCertificates(model: ConfigModel): StoredCertificate[] {
  return model.certificateStores.flatMap(({ certificates }) =>
    certificates.map(({ name, bytes, key, jwt }) => ({ name, certificate: bytes, privateKey: key ?? bytes, forTokens: jwt })),
  );
}
