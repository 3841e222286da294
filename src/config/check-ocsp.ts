/**
 * Whether responses for a certificate are fetched is a matter of its file, whoever names it: lines must agree (HAProxy 3.x
 * configuration 5.1, `ocsp-update`). It must not know how responses are fetched.
 */
import type { ConfigModel } from '../model/configuration.ts';
import type { PemModel } from '../model/tls.ts';
import type { Diagnostic } from './report/diagnostic.ts';

/** Says which certificates are named twice with different values of `ocsp-update`. */
export function checkOcspUpdates(model: ConfigModel, diagnostics: Diagnostic[]): void {
  const known = new Map<string, boolean>();
  for (const certificate of allCertificates(model)) {
    const { path, ocspUpdate, at } = certificate;
    const wanted = ocspUpdate ?? model.global.flags['ocsp-update.mode'] === true;
    if ((known.get(path) ?? wanted) === wanted) known.set(path, wanted);
    else diagnostics.push({ severity: 'alert', code: 'bad-tls', position: at, text: conflict(certificate) });
  }
}

function conflict({ path, list }: PemModel): string {
  const place = list === null ? '' : ` ('${list.path}:${list.line}')`;
  return `certificate '${path}'${place} : 'ocsp-update' has other values in other places; allowed: the same everywhere`;
}

function allCertificates({ proxies }: ConfigModel): readonly PemModel[] {
  return proxies.flatMap(({ binds }) => binds.flatMap(({ tls }) => tls.certificates));
}
