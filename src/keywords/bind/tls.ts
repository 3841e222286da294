/** TLS words of `bind` lines (HAProxy configuration manual, 5.1). */
import { type BindOption, defineBindOption } from '../define.ts';
import { SHARED_TLS_WORDS } from '../tls.ts';
import { verifyErrorOf } from '../verify-errors.ts';

function defineShared(): readonly BindOption[] {
  return SHARED_TLS_WORDS.map((word) => defineBindOption(word));
}

export const sharedTls = defineShared();

export const crt = defineBindOption({
  name: 'crt',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'A file with a certificate, its chain and its private key, in any order; without key, the key is read from `FILE.key`. `@STORE/NAME` is one of a `crt-store`. A directory stands for all files in it. The first certificate is the default one.',
  examples: [
    { text: 'crt', says: "'crt' expects" },
    { text: 'crt /none.pem', says: "unable to load '/none.pem'" },
    { text: 'crt @web/none', says: "makes '@web/none'" },
  ],
  apply(bind, [path], context) {
    bind.tls.certificates.push(...context.certificates(path));
  },
});

export const defaultCrt = defineBindOption({
  name: 'default-crt',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'A certificate file as for `crt`, for clients that ask for no known name, whatever stands before it. Several, for several kinds of keys.',
  examples: [{ text: 'default-crt /none.pem', says: "unable to load '/none.pem'" }],
  apply(bind, [path], context) {
    const found = context.certificates(path);
    bind.tls.certificates.splice(bind.tls.defaultCertificates, 0, ...found);
    bind.tls.defaultCertificates += found.length;
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
    bind.tls.authorities = path.text === '@system-ca' ? 'system' : context.pemFile(path, 'ca-base');
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

export const allow0rtt = defineBindOption({
  name: 'allow-0rtt',
  args: [],
  doc: 'Clients that come back by TLS 1.3 may send a request with their first words, up to 14,000 bytes (RFC 8446 2.3). Whoever hears it may repeat it: servers are told by `Early-Data: 1` until the handshake is done (RFC 8470), and `http-request wait-for-handshake` is for requests that must not happen twice.',
  examples: [{ text: 'allow-0rtt', gives: { tls: { takesEarly: true } } }],
  apply(bind) {
    bind.tls.takesEarly = true;
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

export const noAlpn = defineBindOption({
  name: 'no-alpn',
  args: [],
  doc: 'No application protocol is agreed on, also where there is a default.',
  examples: [{ text: 'no-alpn', gives: { tls: { alpn: [] } } }],
  apply(bind) {
    bind.tls.alpn = [];
  },
});

export const noCaNames = defineBindOption({
  name: 'no-ca-names',
  args: [],
  doc: 'Clients are not told the names of the authorities.',
  examples: [{ text: 'no-ca-names', gives: { tls: { tellsAuthorities: false } } }],
  apply(bind) {
    bind.tls.tellsAuthorities = false;
  },
});

export const caVerifyFile = defineBindOption({
  name: 'ca-verify-file',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'Further authorities that may have signed the certificates of clients, without being told to them.',
  examples: [{ text: 'ca-verify-file /none.pem', says: "unable to load '/none.pem'" }],
  apply(bind, [path], context) {
    bind.tls.quietAuthorities = context.pemFile(path, 'ca-base');
  },
});

export const ecdhe = defineBindOption({
  name: 'ecdhe',
  args: [{ name: 'curve', kind: 'text' }],
  doc: 'The only group for the key exchange; `curves` takes several.',
  examples: [{ text: 'ecdhe P-256', gives: { tls: { curves: 'P-256' } } }],
  apply(bind, [curve]) {
    bind.tls.curves = curve;
  },
});

export const crtIgnoreErr = defineIgnored('crt-ignore-err', 'ignoredErrors', "the client's certificate");
export const caIgnoreErr = defineIgnored('ca-ignore-err', 'ignoredAuthorityErrors', "authorities above the client's certificate");

function defineIgnored(name: string, field: 'ignoredErrors' | 'ignoredAuthorityErrors', of: string): BindOption {
  return defineBindOption({
    name,
    args: [{ name: 'errors', kind: 'word' }],
    doc: `Errors of ${of} that do not end the handshake: \`all\`, or numbers or names (X509_V_ERR_…) separated by commas. \`ssl_c_err\`, \`ssl_c_ca_err\` and \`ssl_c_verify\` still tell of them.`,
    examples: [
      { text: `${name} all`, gives: { tls: { [field]: 'all' } } },
      { text: `${name} 10,X509_V_ERR_CERT_REVOKED`, gives: { tls: { [field]: [10, 23] } } },
      { text: `${name} 10,nonsense`, says: "'nonsense'" },
    ],
    apply(bind, [word], context) {
      if (word.text === 'all') {
        bind.tls[field] = 'all';
        return;
      }
      const words = word.text.split(',');
      const numbers = words.map(verifyErrorOf);
      const wrong = words[numbers.indexOf(-1)];
      if (wrong === undefined) bind.tls[field] = numbers;
      else
        context.error({
          text: `'${name}' : '${wrong}' is no error: expected 'all', numbers or names as X509_V_ERR_CERT_HAS_EXPIRED`,
          word,
        });
    },
  });
}

/** Bytes of a key: name, AES-128 and HMAC keys, or name, HMAC and AES-256 keys. */
const TICKET_KEYS = [48, 80];
const FEWEST_KEYS = 3;

export const tlsTicketKeys = defineBindOption({
  name: 'tls-ticket-keys',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'A file with at least three keys of 48 or 80 bytes in base64, one a line, which several nodes share. The last but one encrypts tickets; tickets of the last three are accepted.',
  examples: [{ text: 'tls-ticket-keys /none.keys', says: "'/none.keys'" }],
  apply(bind, [path], context) {
    const lines = context.readLines(path)?.filter((line) => line.trim() !== '') ?? null;
    if (lines === null) return;
    const keys = lines.map((line) => new Uint8Array(Buffer.from(line.trim(), 'base64')));
    const wrong = keys.findIndex(({ length }) => !TICKET_KEYS.includes(length) || length !== keys[0]?.length);
    if (wrong >= 0)
      context.error({
        text: `'tls-ticket-keys' : line ${wrong + 1} of '${path.text}' is no key of 48 or 80 bytes in base64, all of one size`,
        word: path,
      });
    else if (keys.length < FEWEST_KEYS)
      context.error({ text: `'tls-ticket-keys' : please supply at least 3 keys in '${path.text}'`, word: path });
    else {
      bind.tls.ticketKeys = keys.slice(-FEWEST_KEYS);
      bind.tls.ticketFile = path.text;
    }
  },
});
