/** Arranges the certificates of a listener by the names they are used for. It must not know how a handshake works. */
import type { TlsContext } from '../platform/tls/contract.ts';
import { type CertificateEntry, Certificates } from '../transport/certificates.ts';

export interface NamedCertificate {
  readonly context: TlsContext;
  readonly isEcdsa: boolean;
  /** In lower case, `*.example.com` for a wildcard; those that begin with `!` are excluded. */
  readonly names: readonly string[];
}

/** The first is also for clients that ask for nothing known, unless `isStrict`. */
export function arrangeCertificates(all: readonly NamedCertificate[], isStrict: boolean): Certificates {
  const exact = new Map<string, CertificateEntry[]>();
  const wild = new Map<string, CertificateEntry[]>();
  const entries = all.map(({ context, isEcdsa, names }): CertificateEntry => {
    const except = new Set(names.filter((name) => name.startsWith('!')).map((name) => name.slice(1)));
    const entry = { context, isEcdsa, except };
    for (const name of names) {
      if (name.startsWith('*.')) append(wild, name.slice(1), entry);
      else if (!name.startsWith('!')) append(exact, name, entry);
    }
    return entry;
  });
  return new Certificates({ exact, wild, fallbacks: entries.slice(0, 1), isStrict, needsHello: isStrict || all.length > 1 });
}

function append(map: Map<string, CertificateEntry[]>, key: string, entry: CertificateEntry): void {
  const entries = map.get(key);
  if (entries === undefined) map.set(key, [entry]);
  else entries.push(entry);
}
