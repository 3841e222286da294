/** TLS words of `server` lines (HAProxy configuration manual, 5.2). */
import { defineServerOption, type ServerOption } from '../define.ts';
import { SHARED_TLS_WORDS } from '../tls.ts';

function defineShared(): readonly ServerOption[] {
  return SHARED_TLS_WORDS.map((word) => defineServerOption(word));
}

export const sharedTls = defineShared();

export const noSsl = defineServerOption({
  name: 'no-ssl',
  args: [],
  doc: 'Undoes `ssl` of a `default-server` line.',
  examples: [{ text: 'no-ssl', gives: { tls: { enabled: false } } }],
  apply(server) {
    server.tls.enabled = false;
  },
});

export const crt = defineServerOption({
  name: 'crt',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'The certificate with its key that is shown to the server if it asks for one.',
  examples: [{ text: 'crt /none.pem', says: "unable to load '/none.pem'" }],
  apply(server, [path], context) {
    const pem = context.pemFile(path, 'crt-base', true);
    if (pem !== null) server.tls.certificates.splice(0, 1, pem);
  },
});

export const caFile = defineServerOption({
  name: 'ca-file',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'Authorities that may have signed the certificate of the server; `@system-ca` for those of the system.',
  examples: [
    { text: 'ca-file @system-ca', gives: { tls: { authorities: 'system' } } },
    { text: 'ca-file /none.pem', says: "unable to load '/none.pem'" },
  ],
  apply(server, [path], context) {
    server.tls.authorities = path.text === '@system-ca' ? 'system' : context.pemFile(path, 'ca-base', false);
  },
});

export const verify = defineServerOption({
  name: 'verify',
  args: [{ name: 'mode', kind: 'choice', choices: ['none', 'required'] }],
  doc: "Whether the server's certificate must be valid. `required` if not said: then authorities are needed.",
  examples: [
    { text: 'verify none', gives: { tls: { verify: 'none' } } },
    { text: 'verify optional', says: "allowed: 'none', 'required'" },
  ],
  apply(server, [mode]) {
    server.tls.verify = mode;
  },
});
