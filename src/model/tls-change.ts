/**
 * What changes of TLS while it is in use, as the control thread tells it to all threads: plain data, judged by whoever tells it. No
 * behaviour.
 */
import type { PemFiles, PemModel } from './tls.ts';

/** What a certificate is made of, and the file or name of a `crt-store` that it was loaded from, which names it. */
export interface CertificateMaterial extends PemFiles {
  readonly path: string;
}

export type TrustRole = 'authorities' | 'revocations';

export type TlsChange =
  /** New connections get this certificate in place of the one from the same file. */
  | { readonly kind: 'certificate'; readonly material: CertificateMaterial; readonly ticketKeys: Uint8Array }
  /** A `ca-file` or `crl-file` holds this. */
  | { readonly kind: 'trust'; readonly role: TrustRole; readonly path: string; readonly bytes: Uint8Array; readonly ticketKeys: Uint8Array }
  /** A line at the end of a `crt-list`: the certificate says which. */
  | { readonly kind: 'listed'; readonly certificate: PemModel }
  | { readonly kind: 'unlisted'; readonly list: string; readonly line: number }
  /** The certificates of these files are shown with this response of an OCSP server, if the files hold what they held when it was asked for. */
  | { readonly kind: 'response'; readonly files: readonly Pick<CertificateMaterial, 'path' | 'bytes'>[]; readonly response: Uint8Array }
  /** Three keys of a `tls-ticket-keys` file. */
  | { readonly kind: 'ticket-keys'; readonly file: string; readonly keys: readonly Uint8Array[] };

/** A change is prepared by all threads, then applied by all, or dropped by all. */
export type TlsStep = { readonly step: 'prepare'; readonly change: TlsChange } | { readonly step: 'apply' } | { readonly step: 'drop' };
