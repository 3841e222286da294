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
  doc: 'A file with a certificate, its chain and its private key, in any order; without key, the key is read from `FILE.key`. A directory stands for all files in it. The first certificate is the default one.',
  examples: [
    { text: 'crt', says: "'crt' expects" },
    { text: 'crt /none.pem', says: "unable to load '/none.pem'" },
  ],
  apply(bind, [path], context) {
    bind.tls.certificates.push(...context.certificates(path));
  },
});

export const defaultCrt = defineBindOption({
  name: 'default-crt',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'A certificate file as for `crt`, for clients that ask for no known name, whatever stands before it.',
  examples: [{ text: 'default-crt /none.pem', says: "unable to load '/none.pem'" }],
  apply(bind, [path], context) {
    bind.tls.certificates.unshift(...context.certificates(path));
  },
});

export const crtList = defineBindOption({
  name: 'crt-list',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'A file with a certificate file a line and the names it is used for: `FILE [NAME|!NAME]…`. Without names those of the certificate count.',
  examples: [{ text: 'crt-list /none.list', says: "unable to load '/none.list'" }],
  apply(bind, [path], context) {
    bind.tls.certificates.push(...context.certificateList(path));
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

export const strictSni = defineBindOption({
  name: 'strict-sni',
  args: [],
  doc: 'Clients that ask for no name of a certificate are refused; otherwise they get the first one.',
  examples: [{ text: 'strict-sni', gives: { tls: { strictSni: true } } }],
  apply(bind) {
    bind.tls.strictSni = true;
  },
});

export const noStrictSni = defineBindOption({
  name: 'no-strict-sni',
  args: [],
  doc: 'Undoes `strict-sni`.',
  examples: [{ text: 'no-strict-sni', gives: { tls: { strictSni: false } } }],
  apply(bind) {
    bind.tls.strictSni = false;
  },
});
