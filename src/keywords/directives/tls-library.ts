/** What the global section says of TLS as a whole: chains, DHE ciphers, strength, providers of algorithms (HAProxy configuration manual, 3.1). */
import type { PemModel } from '../../model/tls.ts';
import { defineGlobal } from '../define.ts';

export const issuersChainPath = defineGlobal({
  name: 'issuers-chain-path',
  args: [{ name: 'dir', kind: 'word' }],
  doc: 'A directory of PEM files, each with a chain. Certificates that come without one get the chain whose first certificate has signed them.',
  examples: [
    { text: 'issuers-chain-path /does/not/exist', says: "unable to open directory '/does/not/exist'" },
    { text: 'issuers-chain-path', says: "'issuers-chain-path' expects" },
  ],
  apply(global, [folder], context) {
    if (global.tls.chains.length > 0) {
      context.error({ text: "'issuers-chain-path' already specified." });
      return;
    }
    const files = context.filesIn(folder);
    if (files === null) return;
    const read = files.map((file) => context.pemFile({ ...folder, text: file }, null));
    global.tls.chains.push(...read.filter((pem): pem is PemModel => pem !== null));
  },
});

export const sslSkipSelfIssuedCa = defineGlobal({
  name: 'ssl-skip-self-issued-ca',
  args: [],
  doc: 'Authorities that sign themselves are not sent to clients, who must have them anyway; they may stand in the files for other uses.',
  examples: [
    { text: 'ssl-skip-self-issued-ca', gives: { tls: { skipsSelfIssued: true } } },
    { text: 'ssl-skip-self-issued-ca on', says: "unexpected argument 'on'" },
  ],
  apply(global) {
    global.tls.skipsSelfIssued = true;
  },
});

export const sslDhParamFile = defineGlobal({
  name: 'ssl-dh-param-file',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'Parameters of DHE ciphers in PEM form, for certificates whose file holds none. Without them, and without `tune.ssl.default-dh-param`, no DHE cipher is used.',
  examples: [
    { text: 'ssl-dh-param-file /none.pem', says: "unable to load '/none.pem'" },
    { text: 'ssl-dh-param-file', says: "'ssl-dh-param-file' expects" },
  ],
  apply(global, [file], context) {
    global.tls.dhParameters = context.pemFile(file, null);
  },
});

export const tuneSslDefaultDhParam = defineGlobal({
  name: 'tune.ssl.default-dh-param',
  args: [{ name: 'bits', kind: 'integer', min: 1024, max: 2147483647 }],
  doc: "DHE ciphers work without parameters of one's own: with a known group (RFC 7919) of the size of the certificate's key, but of 2048 bits at least and of this number at most.",
  examples: [
    { text: 'tune.ssl.default-dh-param 2048', gives: { tls: { largestDhBits: 2048 } } },
    { text: 'tune.ssl.default-dh-param 512', says: 'must be ' },
    { text: 'tune.ssl.default-dh-param x', says: 'expects an integer argument' },
  ],
  apply(global, [bits]) {
    global.tls.largestDhBits = bits;
  },
});

export const tuneSslCtxCacheSize = defineGlobal({
  name: 'tune.ssl.ssl-ctx-cache-size',
  args: [{ name: 'number', kind: 'integer', min: 0, max: 2147483647 }],
  doc: 'How many certificates that were made by `generate-certificates` a line keeps on each thread: the latest used, 1000 by default.',
  examples: [
    { text: 'tune.ssl.ssl-ctx-cache-size 50', gives: { tls: { mostGenerated: 50 } } },
    { text: 'tune.ssl.ssl-ctx-cache-size -1', says: 'must be ' },
    { text: 'tune.ssl.ssl-ctx-cache-size x', says: 'expects an integer argument' },
  ],
  apply(global, [number]) {
    global.tls.mostGenerated = number;
  },
});

export const sslSecurityLevel = defineGlobal({
  name: 'ssl-security-level',
  args: [{ name: 'level', kind: 'integer', min: 0, max: 5 }],
  doc: "What OpenSSL finds strong enough in keys, signatures and versions (SSL_CTX_set_security_level): 0 everything, up to 5. Without it the library's default of 2 counts.",
  examples: [
    { text: 'ssl-security-level 1', gives: { tls: { securityLevel: 1 } } },
    { text: 'ssl-security-level 6', says: 'must be ' },
    { text: 'ssl-security-level x', says: 'expects an integer argument' },
  ],
  apply(global, [level]) {
    global.tls.securityLevel = level;
  },
});

export const sslProviderPath = defineGlobal({
  name: 'ssl-provider-path',
  args: [{ name: 'path', kind: 'text' }],
  doc: 'Where OpenSSL looks for the modules of `ssl-provider` lines below.',
  examples: [
    { text: 'ssl-provider-path /usr/lib/ossl-modules', gives: { tls: { providerPath: '/usr/lib/ossl-modules' } } },
    { text: 'ssl-provider-path', says: "'ssl-provider-path' expects" },
  ],
  apply(global, [path]) {
    global.tls.providerPath = path;
  },
});

export const sslProvider = defineGlobal({
  name: 'ssl-provider',
  args: [{ name: 'name', kind: 'text' }],
  doc: 'OpenSSL takes algorithms from this provider too: `legacy`, `fips`, or a module. It is loaded before the first certificate.',
  examples: [
    { text: 'ssl-provider default', gives: { tls: { providers: [{ name: 'default' }] } } },
    { text: 'ssl-provider', says: "'ssl-provider' expects" },
  ],
  apply(global, [name], context) {
    global.tls.providers.push({ name, path: global.tls.providerPath, at: context.at });
  },
});

export const sslPropquery = defineGlobal({
  name: 'ssl-propquery',
  args: [{ name: 'query', kind: 'text' }],
  doc: 'Properties by which OpenSSL chooses among algorithms of several providers, as `?provider=legacy`. It counts for the whole process.',
  examples: [
    { text: 'ssl-propquery ?provider=default', gives: { tls: { propertyQuery: { text: '?provider=default' } } } },
    { text: 'ssl-propquery', says: "'ssl-propquery' expects" },
  ],
  apply(global, [query], context) {
    global.tls.propertyQuery = { text: query, at: context.at };
  },
});

export const sslModeAsync = defineGlobal({
  name: 'ssl-mode-async',
  args: [],
  doc: 'Lets TLS work wait for hardware.',
  noEffect: 'only engines make OpenSSL wait, and there are none.',
  examples: [
    { text: 'ssl-mode-async', gives: {} },
    { text: 'ssl-mode-async on', says: "unexpected argument 'on'" },
  ],
  apply() {},
});
