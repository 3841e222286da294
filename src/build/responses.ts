/** Responses of OCSP servers that stand beside certificates, judged when a process begins. It must not know who shows them. */
import type { BuildProblem } from '../model/problem.ts';
import type { PemModel } from '../model/tls.ts';
import { issuerOf, ocspSubject, readAnswer, responderOf } from '../platform/tls/ocsp.ts';
import { certificatesOf, freeCertificates } from '../platform/tls/pem.ts';
import type { Bundles } from './bundles.ts';

/** What is wrong with the response of a certificate, or with fetching one: without the issuer an error, a response that can't be shown is left out. */
export function judgeResponse(bundles: Bundles, certificate: PemModel): BuildProblem | null {
  const { path, at, ocsp, ocspUpdate } = certificate;
  if (ocsp === null && ocspUpdate !== true) return null;
  // Nobody to ask: nothing is fetched, as in HAProxy.
  if (ocsp === null && bundles.with(certificate, (bundle) => responderOf(bundle.certificate)) === null) return null;
  const id = idOf(bundles, certificate);
  if (id === null) {
    const what = ocsp === null ? `'${path}' has 'ocsp-update on'` : `'${path}.ocsp' is present and activates OCSP`;
    const why = `it is impossible to compute the OCSP certificate ID: who signed the certificate is not in its chain, nor in '${path}.issuer'`;
    return { severity: 'alert', code: 'bad-tls', at, text: `${what} but ${why}` };
  }
  const problem = ocsp === null ? null : problemOf(ocsp, id);
  return problem === null
    ? null
    : { severity: 'warning', code: 'bad-tls', at, text: `'${path}.ocsp' : ${problem}. Content will be ignored.` };
}

function problemOf(ocsp: Uint8Array, id: Uint8Array): string | null {
  try {
    return Buffer.compare(readAnswer(ocsp).id, id) === 0 ? null : 'the response is about another certificate';
  } catch (error) {
    return (error as Error).message;
  }
}

/** null: the issuer is not known. */
function idOf(bundles: Bundles, pem: PemModel): Uint8Array | null {
  const beside = pem.issuer === null ? [] : certificatesOf(pem.issuer);
  try {
    return bundles.with(pem, ({ certificate, chain }) => {
      const issuer = issuerOf(certificate, [...beside, ...chain]);
      return issuer === null ? null : (ocspSubject(certificate, issuer)?.id ?? null);
    });
  } finally {
    freeCertificates(beside);
  }
}
