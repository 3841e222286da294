/** TLS words of `bind` lines (HAProxy configuration manual, 5.1). */
import { type BindOption, defineBindOption } from '../define.ts';
import { SHARED_TLS_WORDS } from '../tls.ts';

function defineShared(): readonly BindOption[] {
  return SHARED_TLS_WORDS.map((word) => defineBindOption(word));
}

export const sharedTls = defineShared();

export const crt = defineBindOption({
  name: 'crt',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'A file with a certificate, its chain and its private key, in any order; without key, the key is read from `FILE.key`. The first certificate is the default one.',
  examples: [
    { text: 'crt', says: "'crt' expects" },
    { text: 'crt /none.pem', says: "unable to load '/none.pem'" },
  ],
  apply(bind, [path], context) {
    const pem = context.pemFile(path, 'crt-base', true);
    if (pem !== null) bind.tls.certificates.push(pem);
  },
});

export const caFile = defineBindOption({
  name: 'ca-file',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'Authorities that may have signed the certificates of clients; their names are told to the clients.',
  examples: [{ text: 'ca-file /none.pem', says: "unable to load '/none.pem'" }],
  apply(bind, [path], context) {
    bind.tls.authorities = path.text === '@system-ca' ? 'system' : context.pemFile(path, 'ca-base', false);
  },
});

export const verify = defineBindOption({
  name: 'verify',
  args: [{ name: 'mode', kind: 'choice', choices: ['none', 'optional', 'required'] }],
  doc: 'Whether clients are asked for a certificate, and refused without one.',
  examples: [
    { text: 'verify required', gives: { tls: { verify: 'required' } } },
    { text: 'verify maybe', says: "allowed: 'none', 'optional', 'required'" },
  ],
  apply(bind, [mode]) {
    bind.tls.verify = mode;
  },
});

export const preferClientCiphers = defineBindOption({
  name: 'prefer-client-ciphers',
  args: [],
  doc: "The client's order of ciphers counts, not the server's.",
  examples: [{ text: 'prefer-client-ciphers', gives: { tls: { preferClientCiphers: true } } }],
  apply(bind) {
    bind.tls.preferClientCiphers = true;
  },
});
