/**
 * Tokens and ciphers for who compiles rules: their modules are loaded when the first rule needs them, since most configurations have
 * none. It must not know rules.
 */
import { createRequire } from 'node:module';
import type { ConfigModel } from '../model/configuration.ts';
import type { Jose } from '../rules/jose/jose.ts';
import type { StoredCertificate } from '../rules/jose/key-files.ts';
import type { JoseOpener } from '../rules/thread.ts';

const require = createRequire(import.meta.url);
const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';

type JoseModule = { readonly Jose: typeof Jose };
type CryptoModule = typeof import('../platform/crypto/openssl.ts');

export function joseOf(model: ConfigModel): JoseOpener {
  return (memory, readLines) => {
    const { Jose } = require(`../rules/jose/jose.${extension}`) as JoseModule;
    const { openCrypto } = require(`../platform/crypto/openssl.${extension}`) as CryptoModule;
    return new Jose(memory, readLines, {
      openCrypto,
      certificates: storedCertificates(model),
      hidings: model.global.tokenKeyAlgorithms,
      texts: model.global.tokenTextAlgorithms,
    });
  };
}

function storedCertificates(model: ConfigModel): StoredCertificate[] {
  return model.certificateStores.flatMap(({ certificates }) =>
    certificates.map(({ name, bytes, key, jwt }) => ({ name, certificate: bytes, privateKey: key ?? bytes, forTokens: jwt })),
  );
}
