/** Arranges the certificates of a listener by the names they are used for. It must not know how a handshake works. */
import type { TlsContext } from '../platform/tls/contract.ts';
import { type CertificateEntry, type CertificateMaker, Certificates } from '../transport/certificates.ts';

export interface NamedCertificate {
  readonly context: TlsContext;
  readonly isEcdsa: boolean;
  /** In lower case, `*.example.com` for a wildcard; those that begin with `!` are excluded. */
  readonly names: readonly string[];
}

/** @param defaults how many of the first are for clients that ask for nothing known, unless `isStrict` */
export function arrangeCertificates(
  all: readonly NamedCertificate[],
  defaults: number,
  isStrict: boolean,
  maker: CertificateMaker | null,
): Certificates {
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
  return new Certificates({
    exact,
    wild,
    fallbacks: entries.slice(0, defaults),
    isStrict,
    needsHello: isStrict || maker !== null || all.length > 1,
    maker,
  });
}

function append(map: Map<string, CertificateEntry[]>, key: string, entry: CertificateEntry): void {
  const entries = map.get(key);
  if (entries === undefined) map.set(key, [entry]);
  else entries.push(entry);
}

/** `x.pem.rsa` of `x.pem` in several kinds of keys. */
const OF_BUNDLE = /^(.*)\.(?:rsa|ecdsa|dsa)$/;

/** How many of a line's certificates are the default ones: what `default-crt` says, else the first with those of its bundle. */
export function countDefaults(said: number, paths: readonly string[]): number {
  if (said > 0) return said;
  const stem = OF_BUNDLE.exec(paths[0] ?? '')?.[1];
  if (stem === undefined) return 1;
  const other = paths.findIndex((path) => OF_BUNDLE.exec(path)?.[1] !== stem);
  return other < 0 ? paths.length : other;
}
