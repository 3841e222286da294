/**
 * Settings of the global section for all `bind` and `server` lines below it: where certificates are, what TLS may do, whose UNIX
 * sockets are (HAProxy configuration manual, 3.1). Each is kept as words of such lines, so that there is one way to read them.
 */
import { type CertificateFolder, type Directive, type DirectiveContext, defineGlobal, type Word } from '../define.ts';

function defineFolder(name: CertificateFolder, doc: string): Directive {
  return defineGlobal({
    name,
    args: [{ name: 'dir', kind: 'text' }],
    doc,
    examples: [
      { text: `${name} /etc/ssl`, gives: {} },
      { text: name, says: `'${name}' expects` },
      { text: `${name} a b`, says: "unexpected argument 'b'" },
    ],
    apply(_global, [folder], context) {
      if (!context.certificateSettings.setFolder(name, folder)) context.error({ text: `'${name}' already specified.` });
    },
  });
}

export const caBase = defineFolder('ca-base', 'Where relative names of `ca-file` and `crl-file` start.');
export const keyBase = defineFolder('key-base', 'Where relative names of `key` in `crt-store` sections and `ssl-f-use` lines start.');
export const crtBase = defineFolder('crt-base', 'Where relative names of `crt` start.');

type Side = 'bind' | 'server';

/** `ssl-default-bind-ciphers LIST`: the word that every line of that side begins with. */
function defineTlsText(side: Side, suffix: string, word: string, doc: string): Directive {
  const name = `ssl-default-${side}-${suffix}`;
  return defineGlobal({
    name,
    args: [{ name: 'list', kind: 'word' }],
    doc: `${doc} for \`${side}\` lines that say nothing else.`,
    examples: [
      { text: `${name} A:B`, gives: {} },
      { text: name, says: `'${name}' expects` },
    ],
    apply(_global, [list], context) {
      context.lineDefaults(side, [{ text: word, column: list.column, quoted: false }, list]);
    },
  });
}

export const bindCiphers = defineTlsText('bind', 'ciphers', 'ciphers', 'Ciphers up to TLS 1.2');
export const bindSuites = defineTlsText('bind', 'ciphersuites', 'ciphersuites', 'Ciphers of TLS 1.3');
export const bindCurves = defineTlsText('bind', 'curves', 'curves', 'Curves');
export const bindSignatures = defineTlsText('bind', 'sigalgs', 'sigalgs', 'Signature algorithms');
export const serverCiphers = defineTlsText('server', 'ciphers', 'ciphers', 'Ciphers up to TLS 1.2');
export const serverSuites = defineTlsText('server', 'ciphersuites', 'ciphersuites', 'Ciphers of TLS 1.3');
export const serverCurves = defineTlsText('server', 'curves', 'curves', 'Curves');
export const serverSignatures = defineTlsText('server', 'sigalgs', 'sigalgs', 'Signature algorithms');

export const bindClientSignatures = defineTlsText(
  'bind',
  'client-sigalgs',
  'client-sigalgs',
  "Signature algorithms for clients' certificates",
);
export const serverClientSignatures = defineTlsText(
  'server',
  'client-sigalgs',
  'client-sigalgs',
  'Signature algorithms for own certificates',
);

export const serverVerify = defineGlobal({
  name: 'ssl-server-verify',
  args: [{ name: 'mode', kind: 'word' }],
  doc: 'Whether certificates of servers are verified where a line says nothing else: `none`, or `required` as without it.',
  examples: [
    { text: 'ssl-server-verify none', gives: {} },
    { text: 'ssl-server-verify maybe', says: "'ssl-server-verify' expects 'none' or 'required'" },
  ],
  apply(_global, [mode], context) {
    if (mode.text === 'none' || mode.text === 'required')
      context.lineDefaults('server', [{ text: 'verify', column: mode.column, quoted: false }, mode]);
    else context.error({ text: "'ssl-server-verify' expects 'none' or 'required'", word: mode, near: ['none', 'required'] });
  },
});

const VERSIONS = ['sslv3', 'tlsv10', 'tlsv11', 'tlsv12', 'tlsv13'];
const SHARED_OPTIONS = [
  ...VERSIONS.flatMap((version) => [`no-${version}`, `force-${version}`]),
  'ssl-min-ver',
  'ssl-max-ver',
  'no-tls-tickets',
];
const OPTIONS: Record<Side, readonly string[]> = {
  bind: [...SHARED_OPTIONS, 'prefer-client-ciphers', 'strict-sni'],
  server: SHARED_OPTIONS,
};
const WITH_VALUE = ['ssl-min-ver', 'ssl-max-ver'];

function defineTlsOptions(side: Side): Directive {
  const name = `ssl-default-${side}-options`;
  return defineGlobal({
    name,
    args: [{ name: 'options', kind: 'rest' }],
    doc: `TLS options of \`${side}\` lines that say nothing else: versions, tickets.`,
    examples: [
      { text: `${name} ssl-min-ver TLSv1.2 no-tls-tickets`, gives: {} },
      { text: `${name} foo`, says: `unknown option 'foo' on global statement '${name}'.` },
      { text: `${name} ssl-min-ver TLSv9`, says: "allowed: 'SSLv3'" },
      { text: name, says: `'${name}' expects options` },
    ],
    apply(_global, [words], context) {
      if (words.length === 0) context.error({ text: `'${name}' expects options of TLS`, allowed: OPTIONS[side] });
      else if (areOptions(side, words, context)) context.lineDefaults(side, words);
    },
  });
}

function areOptions(side: Side, words: readonly Word[], context: DirectiveContext): boolean {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as Word;
    if (!OPTIONS[side].includes(word.text)) {
      context.error({ text: `unknown option '${word.text}' on global statement '${context.keyword}'.`, word, near: OPTIONS[side] });
      return false;
    }
    if (WITH_VALUE.includes(word.text)) at++;
  }
  return true;
}

export const bindOptions = defineTlsOptions('bind');
export const serverOptions = defineTlsOptions('server');

const UNIX_WORDS = ['gid', 'group', 'mode', 'prefix', 'uid', 'user'];

export const unixBind = defineGlobal({
  name: 'unix-bind',
  args: [{ name: 'settings', kind: 'rest' }],
  doc: 'For all UNIX sockets that are listened on: `prefix` of their paths, and `mode`, `user`, `uid`, `group`, `gid` where a line says nothing else.',
  examples: [
    { text: 'unix-bind prefix /run/ mode 660 user root', gives: {} },
    { text: 'unix-bind color red', says: "'unix-bind' only supports the 'prefix', 'mode', 'user', 'uid', 'group' and 'gid' options." },
    { text: 'unix-bind mode 9', says: "invalid mode '9'" },
    { text: 'unix-bind prefix', says: "'unix-bind' expects a value behind 'prefix'" },
  ],
  apply(_global, [words], context) {
    const options: Word[] = [];
    let prefix: string | null = null;
    for (let at = 0; at < words.length; at += 2) {
      const word = words[at] as Word;
      const value = words[at + 1];
      if (!UNIX_WORDS.includes(word.text)) {
        const text = "'unix-bind' only supports the 'prefix', 'mode', 'user', 'uid', 'group' and 'gid' options.";
        context.error({ text, word, near: UNIX_WORDS });
        return;
      }
      if (value === undefined) {
        context.error({ text: `'unix-bind' expects a value behind '${word.text}'`, word });
        return;
      }
      if (word.text === 'prefix') prefix = value.text;
      else options.push(word, value);
    }
    context.unixDefaults(prefix, options);
  },
});
