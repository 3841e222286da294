/** The context of a line for certificates that are made for names (`generate-certificates`). It must not know when they are. */
import { opened } from '../config/passphrases.ts';
import type { PemModel } from '../model/tls.ts';
import { OpenSslContext, type TlsSettings } from '../platform/tls/context.ts';
import type { TlsLibrary } from '../platform/tls/engine.ts';
import { ForgedContext } from '../platform/tls/forged-context.ts';
import { type Bundle, freeBundle, type Native } from '../platform/tls/pem.ts';
import { type Bundles, bundleIn } from './bundles.ts';

/** What a thread has for it. */
interface ForgeGround {
  readonly library: TlsLibrary;
  readonly bundles: Bundles;
}

/** @param first whose key the certificates have. @param signer who signs them. @throws Error that names the file */
export function forgedOf(
  { library, bundles }: ForgeGround,
  settings: TlsSettings,
  first: PemModel,
  signer: PemModel,
  passphrase: string | null,
): ForgedContext {
  const authority = authorityIn(signer, passphrase);
  try {
    return bundles.serving(first, ({ certificate, key }, dh) => {
      // The authority and what is above it are sent behind each certificate.
      const bundle = { certificate, chain: [authority.certificate, ...authority.chain], key };
      const base = new OpenSslContext(library, { ...settings, bundle, dh });
      return new ForgedContext(base, key as Native, authority, bundles.mostGenerated);
    });
  } catch (error) {
    freeBundle(authority);
    throw error;
  }
}

function authorityIn(signer: PemModel, passphrase: string | null): Bundle & { readonly key: Native } {
  const plain = passphrase === null ? null : opened(signer.key ?? signer.bytes, passphrase);
  if (passphrase !== null && plain === null) throw new Error(`'ca-sign-pass' does not open the private key of '${signer.path}'`);
  const found = bundleIn({ ...signer, key: plain ?? signer.key });
  if (found.key !== null) return { ...found, key: found.key };
  freeBundle(found);
  throw new Error(`unable to load '${signer.path}': there is no private key in it`);
}
