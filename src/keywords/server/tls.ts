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
    const pem = context.certificate(path);
    if (pem !== null) server.tls.certificates.splice(0, 1, pem);
  },
});

export const allow0rtt = defineServerOption({
  name: 'allow-0rtt',
  args: [],
  doc: 'The server may be sent a request with the first words of a connection that goes on with a session of TLS 1.3 (RFC 8446 2.3), if its ticket allows that, once for each ticket. Only whole requests at the first try: those that came as early data themselves, and with `retry-on 0rtt-rejected` those of safe methods. Whoever hears them can repeat them. What the server refuses is sent again with `retry-on 0rtt-rejected`, else the client is told 425. In TCP mode nothing is sent early.',
  examples: [{ text: 'allow-0rtt', gives: { tls: { sendsEarly: true } } }],
  apply(server) {
    server.tls.sendsEarly = true;
  },
});

export const ktls = defineServerOption({
  name: 'ktls',
  args: [{ name: 'state', kind: 'choice', choices: ['on', 'off'] }],
  doc: 'TLS of the kernel.',
  noEffect: 'it is never used.',
  examples: [
    { text: 'ktls on', gives: {} },
    { text: 'ktls maybe', says: "allowed: 'on', 'off'" },
  ],
  apply() {},
});

export const renegotiate = defineServerOption({
  name: 'renegotiate',
  args: [],
  doc: 'The server may begin another handshake on a connection of TLS 1.2 or below. Without it such a demand is refused.',
  examples: [{ text: 'renegotiate', gives: { tls: { renegotiates: true } } }],
  apply(server) {
    server.tls.renegotiates = true;
  },
});

export const noRenegotiate = defineServerOption({
  name: 'no-renegotiate',
  args: [],
  doc: 'Undoes `renegotiate`: the default.',
  examples: [{ text: 'no-renegotiate', gives: { tls: { renegotiates: false } } }],
  apply(server) {
    server.tls.renegotiates = false;
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
    server.tls.authorities = path.text === '@system-ca' ? 'system' : context.pemFile(path, 'ca-base');
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

export const sni = defineServerOption({
  name: 'sni',
  args: [{ name: 'expression', kind: 'word' }],
  doc: 'The name that the server is asked for, and whose certificate it must show if it is verified. An address is not told, but the certificate must have it (or the name of `verifyhost`); what can be neither name nor address fails then. Without it the name is the host of an HTTP request: `sni-auto`. Connections for one name are not used for another.',
  examples: [
    { text: 'sni ssl_fc_sni', gives: { tls: { serverName: { text: 'ssl_fc_sni' } } } },
    { text: 'sni', says: "'sni' expects" },
  ],
  apply(server, [word], context) {
    server.tls.serverName = { text: word.text, at: context.at };
  },
});

export const sniAuto = defineServerOption({
  name: 'sni-auto',
  args: [],
  doc: 'Without `sni`, the server is asked for the host of an HTTP request, without its port: the default. An address is not told, but checked as with `sni`.',
  examples: [{ text: 'sni-auto', gives: { tls: { autoServerName: true } } }],
  apply(server) {
    server.tls.autoServerName = true;
  },
});

export const noSniAuto = defineServerOption({
  name: 'no-sni-auto',
  args: [],
  doc: 'Without `sni`, the server is asked for no name.',
  examples: [{ text: 'no-sni-auto', gives: { tls: { autoServerName: false } } }],
  apply(server) {
    server.tls.autoServerName = false;
  },
});

export const verifyhost = defineServerOption({
  name: 'verifyhost',
  args: [{ name: 'name', kind: 'text' }],
  doc: "The name that the server's certificate must have where it is asked for none.",
  examples: [{ text: 'verifyhost app.example', gives: { tls: { verifyHost: 'app.example' } } }],
  apply(server, [name]) {
    server.tls.verifyHost = name;
  },
});

export const noVerifyhost = defineServerOption({
  name: 'no-verifyhost',
  args: [],
  doc: 'Undoes `verifyhost` of a `default-server` line.',
  examples: [{ text: 'no-verifyhost', gives: { tls: { verifyHost: null } } }],
  apply(server) {
    server.tls.verifyHost = null;
  },
});

export const sslReuse = defineServerOption({
  name: 'ssl-reuse',
  args: [],
  doc: 'A new connection goes on with the TLS session of an earlier one for the same name: the default. Each thread keeps one session per server.',
  examples: [{ text: 'ssl-reuse', gives: { tls: { reusesSessions: true } } }],
  apply(server) {
    server.tls.reusesSessions = true;
  },
});

export const noSslReuse = defineServerOption({
  name: 'no-ssl-reuse',
  args: [],
  doc: 'Each connection begins a TLS session of its own.',
  examples: [{ text: 'no-ssl-reuse', gives: { tls: { reusesSessions: false } } }],
  apply(server) {
    server.tls.reusesSessions = false;
  },
});
