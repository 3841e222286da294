/** Words of `bind` lines for certificates that are made for the names clients ask for (HAProxy configuration manual, 5.1). */
import { defineBindOption } from '../define.ts';

export const generateCertificates = defineBindOption({
  name: 'generate-certificates',
  args: [],
  doc: 'For names that there is no certificate for, one is made: with the key of the first certificate, signed by the authority of `ca-sign-file`. Clients without a name get the first certificate. A line keeps the latest used (`tune.ssl.ssl-ctx-cache-size`).',
  examples: [{ text: 'generate-certificates', gives: { tls: { generates: true } } }],
  apply(bind) {
    bind.tls.generates = true;
  },
});

export const caSignFile = defineBindOption({
  name: 'ca-sign-file',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'The authority that signs the certificates of `generate-certificates`: its certificate, what is sent behind it, and its private key, which may stand in `FILE.key`.',
  examples: [{ text: 'ca-sign-file /none.pem', says: "unable to load '/none.pem'" }],
  apply(bind, [path], context) {
    bind.tls.signer = context.signer(path);
  },
});

export const caSignPass = defineBindOption({
  name: 'ca-sign-pass',
  args: [{ name: 'passphrase', kind: 'text' }],
  doc: 'The passphrase of the private key of `ca-sign-file`.',
  examples: [{ text: 'ca-sign-pass secret', gives: { tls: { signerPassphrase: 'secret' } } }],
  apply(bind, [passphrase]) {
    bind.tls.signerPassphrase = passphrase;
  },
});
