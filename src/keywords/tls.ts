/**
 * TLS words that `bind` and `server` lines share: one description, an object for each side. It must not know how TLS works.
 */
import type { TlsModel } from '../model/tls.ts';
import type { ArgumentSpec, DirectiveContext, Example, Word } from './define.ts';

interface Side {
  readonly tls: TlsModel;
}

/** A word of either side. */
export interface TlsWord {
  readonly name: string;
  readonly doc: string;
  readonly noEffect?: string;
  readonly args: readonly ArgumentSpec[];
  readonly examples: readonly [Example, ...Example[]];
  readonly apply: (side: Side, args: readonly unknown[], context: DirectiveContext) => void;
}

const VERSIONS = { SSLv3: 0x0300, 'TLSv1.0': 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 } as const;
type Version = keyof typeof VERSIONS;
const VERSION_NAMES = Object.keys(VERSIONS) as Version[];

function limit(name: string, field: 'minVersion' | 'maxVersion', doc: string): TlsWord {
  return {
    name,
    doc,
    args: [{ name: 'version', kind: 'choice', choices: VERSION_NAMES }],
    examples: [
      { text: `${name} TLSv1.2`, gives: { tls: { [field]: 0x0303 } } },
      { text: `${name} TLSv9`, says: "allowed: 'SSLv3', 'TLSv1.0'" },
    ],
    apply: ({ tls }, [version]) => {
      tls[field] = VERSIONS[version as Version];
    },
  };
}

/** `force-tlsv12`: this version and no other. */
function force(version: Version): TlsWord {
  const name = `force-${version.toLowerCase().replace('.', '')}`;
  return {
    name,
    doc: version === 'SSLv3' ? 'Only SSLv3, which no library speaks any more: refused where it is used.' : `Only ${version}.`,
    args: [],
    examples: [{ text: name, gives: { tls: { minVersion: VERSIONS[version], maxVersion: VERSIONS[version] } } }],
    apply: ({ tls }) => {
      tls.minVersion = tls.maxVersion = VERSIONS[version];
    },
  };
}

/** `no-tlsv12`: what is below or above stays, so only a version at an end of the range can be left out. */
function without(version: Version): TlsWord {
  const name = `no-${version.toLowerCase().replace('.', '')}`;
  const at = VERSIONS[version];
  return {
    name,
    doc: `Without ${version}, which must be the lowest or the highest that is left. \`ssl-min-ver\` and \`ssl-max-ver\` say it better.`,
    args: [],
    examples: [{ text: name, gives: { tls: at === 0x0304 ? { maxVersion: 0x0303 } : {} } }],
    apply: ({ tls }) => {
      if (at === (tls.maxVersion ?? 0x0304)) tls.maxVersion = at - 1;
      else if (tls.minVersion !== null && at === tls.minVersion) tls.minVersion = at + 1;
      else if (tls.minVersion === null && at === 0x0303) tls.minVersion = 0x0304;
    },
  };
}

type ListField = 'ciphers' | 'cipherSuites' | 'curves' | 'signatures' | 'clientSignatures';

function list(name: string, field: ListField, doc: string): TlsWord {
  return {
    name,
    doc,
    args: [{ name: 'list', kind: 'text' }],
    examples: [
      { text: `${name} A:B`, gives: { tls: { [field]: 'A:B' } } },
      { text: name, says: `'${name}' expects` },
    ],
    apply: ({ tls }, [value]) => {
      tls[field] = value as string;
    },
  };
}

const MOST_NAME = 255;

export const SHARED_TLS_WORDS: readonly TlsWord[] = [
  {
    name: 'ssl',
    doc: 'Speaks TLS.',
    args: [],
    examples: [{ text: 'ssl', gives: { tls: { enabled: true } } }],
    apply: ({ tls }) => {
      tls.enabled = true;
    },
  },
  {
    name: 'no-tls-tickets',
    doc: 'Sessions are not resumed by tickets.',
    args: [],
    examples: [{ text: 'no-tls-tickets', gives: { tls: { tickets: false } } }],
    apply: ({ tls }) => {
      tls.tickets = false;
    },
  },
  {
    name: 'tls-tickets',
    doc: 'Sessions are resumed by tickets: the default.',
    args: [],
    examples: [{ text: 'tls-tickets', gives: { tls: { tickets: true } } }],
    apply: ({ tls }) => {
      tls.tickets = true;
    },
  },
  {
    name: 'alpn',
    doc: 'Application protocols in the order of preference, separated by commas.',
    args: [{ name: 'protocols', kind: 'word' }],
    examples: [
      { text: 'alpn http/1.1,x', gives: { tls: { alpn: ['http/1.1', 'x'] } } },
      { text: 'alpn a,,b', says: 'a name of 1 to 255 bytes' },
    ],
    apply: ({ tls }, [word], context) => {
      const names = protocolNames('alpn', word as Word, context);
      if (names !== null) tls.alpn = names;
    },
  },
  {
    name: 'npn',
    doc: 'Application protocols by NPN, which was given up for ALPN.',
    noEffect: 'no client or server of today agrees on a protocol by it: `alpn` does.',
    args: [{ name: 'protocols', kind: 'text' }],
    examples: [
      { text: 'npn http/1.1', gives: {} },
      { text: 'npn', says: "'npn' expects" },
    ],
    apply: () => {},
  },
  limit('ssl-min-ver', 'minVersion', 'The lowest version; TLSv1.2 if not said.'),
  limit('ssl-max-ver', 'maxVersion', 'The highest version.'),
  ...VERSION_NAMES.map(force),
  ...VERSION_NAMES.map(without),
  list('ciphers', 'ciphers', 'Ciphers of TLS up to 1.2, in the form of `openssl ciphers`.'),
  list('ciphersuites', 'cipherSuites', 'Ciphers of TLS 1.3, separated by colons.'),
  list('curves', 'curves', 'Groups for the key exchange, separated by colons.'),
  list('sigalgs', 'signatures', 'Signature algorithms, separated by colons.'),
  list('client-sigalgs', 'clientSignatures', "Signature algorithms for clients' certificates, separated by colons."),
  {
    name: 'crl-file',
    doc: 'Revoked certificates, in PEM form: the peer must not use one.',
    args: [{ name: 'file', kind: 'word' }],
    examples: [{ text: 'crl-file /none.pem', says: "'/none.pem'" }],
    apply: ({ tls }, [path], context) => {
      tls.revocations = context.pemFile(path as Word, 'ca-base');
    },
  },
];

/** The list behind `alpn` and its relatives; null after a complaint. @param name of the word, for the message */
export function protocolNames(name: string, word: Word, context: Pick<DirectiveContext, 'error'>): readonly string[] | null {
  const names = word.text.split(',');
  if (names.every((each) => each.length > 0 && each.length <= MOST_NAME)) return names;
  context.error({ text: `'${name}' : each protocol needs a name of 1 to 255 bytes`, word });
  return null;
}
