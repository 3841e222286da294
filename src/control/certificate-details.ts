/** What is shown of a certificate, field by field under HAProxy's names (management manual, "show ssl cert"). It must not know files. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import type { CertificateMaterial } from '../model/tls-change.ts';

export type Field = readonly [name: string, value: string];

export interface CertificateDetails {
  readonly status: 'Used' | 'Unused' | 'Empty';
  /** In the order in which they are shown, from `Filename` and `Status` on. */
  readonly fields: readonly Field[];
}

/** @param material null: there is nothing in it yet. @param responseKey by which its OCSP response is asked for, or '' */
export function certificateDetails(
  name: string,
  material: CertificateMaterial | null,
  isUsed: boolean,
  responseKey: string,
): CertificateDetails {
  const found = material === null ? [] : certificatesIn(material.bytes);
  const status = found.length === 0 ? 'Empty' : isUsed ? 'Used' : 'Unused';
  const [own, ...chain] = found;
  const rest = chain.flatMap((each): Field[] => [
    ['Chain Subject', nameOf(each.subject)],
    ['Chain Issuer', nameOf(each.issuer)],
  ]);
  return {
    status,
    fields: [
      ['Filename', name],
      ['Status', status],
      ...(own === undefined ? [] : fieldsOf(own)),
      ...rest,
      ['OCSP Response Key', responseKey],
    ],
  };
}

/** All certificates of a text; those that can't be read are left out. */
export function certificatesIn(bytes: Uint8Array): readonly X509Certificate[] {
  const blocks = Buffer.from(bytes)
    .toString('latin1')
    .match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/gs);
  return (blocks ?? []).flatMap((text) => {
    try {
      return [new X509Certificate(text)];
    } catch {
      return [];
    }
  });
}

export function fieldsOf(certificate: X509Certificate): readonly Field[] {
  return [
    ['Serial', certificate.serialNumber],
    ['notBefore', certificate.validFrom],
    ['notAfter', certificate.validTo],
    ['Subject Alternative Name', certificate.subjectAltName ?? ''],
    ['Algorithm', algorithmOf(certificate.publicKey)],
    ['SHA1 FingerPrint', certificate.fingerprint.replaceAll(':', '')],
    ['Subject', nameOf(certificate.subject)],
    ['Issuer', nameOf(certificate.issuer)],
  ];
}

/** `/C=FR/O=x`, as OpenSSL writes names in one line. */
function nameOf(name: string | undefined): string {
  return name === undefined || name === '' ? '' : `/${name.split('\n').join('/')}`;
}

const CURVE_BITS: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521, secp256k1: 256, secp224r1: 224 };

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss') return `RSA${modulusLength}`;
  if (asymmetricKeyType === 'dsa') return `DSA${modulusLength}`;
  if (asymmetricKeyType === 'ec') return `EC${CURVE_BITS[namedCurve ?? ''] ?? ''}`;
  return (asymmetricKeyType ?? '').toUpperCase();
}
