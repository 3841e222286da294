/** Samples of TLS on the client's connection (`ssl_fc…`) and on the server's (`ssl_bc…`) (HAProxy 3.x configuration 7.3.4). */
import { Fact, type FactValue, Figure, type FigureValue } from '../../platform/tls/contract.ts';
import { defineFetch, type Fetch } from '../../rules/define.ts';
import { SampleType } from '../../rules/sample.ts';
import { compileFact, ofClient, ofServer, TLS_CLIENT, TLS_SERVER, type TlsSide } from '../tls-samples.ts';

interface Side {
  readonly prefix: string;
  readonly of: TlsSide;
  readonly valid: string;
  /** In texts. */
  readonly whose: string;
}

const CLIENT: Side = { prefix: 'ssl_fc', of: ofClient, valid: TLS_CLIENT, whose: "the client's connection" };
const SERVER: Side = { prefix: 'ssl_bc', of: ofServer, valid: TLS_SERVER, whose: "the server's connection" };

/** An example on a request, or for the server's side on a response. */
function inPlace(side: Side): { readonly response?: string } {
  return side === SERVER ? { response: 'HTTP/1.1 200 OK' } : {};
}

function isTls(side: Side): Fetch {
  return defineFetch({
    name: side.prefix,
    args: [],
    type: SampleType.bool,
    valid: side.valid,
    doc: `Whether ${side.whose} is encrypted by TLS.`,
    examples: [
      { ...inPlace(side), call: side.prefix, tls: true, out: true },
      { ...inPlace(side), call: side.prefix, out: false },
    ],
    compile: () => (sample, stream) => sample.setBool(side.of(stream) !== null),
  });
}

function defineText(side: Side, name: string, fact: FactValue, out: string, doc: string): Fetch {
  return defineFetch({
    name: `${side.prefix}_${name}`,
    args: [],
    type: SampleType.str,
    valid: side.valid,
    doc: `${doc} of ${side.whose}; none without TLS.`,
    examples: [
      { ...inPlace(side), call: `${side.prefix}_${name}`, tls: true, out },
      { ...inPlace(side), call: `${side.prefix}_${name}`, out: null },
    ],
    ...(name === 'sni' && side === CLIENT ? { derivatives: ['ssl_fc_sni_end:end', 'ssl_fc_sni_reg:reg'] } : {}),
    compile: (_, context) => compileFact(side.of, fact, false, context),
  });
}

function binary(side: Side, name: string, fact: FactValue, bytes: number, doc: string): Fetch {
  return defineFetch({
    name: `${side.prefix}_${name}`,
    args: [],
    type: SampleType.bin,
    valid: side.valid,
    doc: `${doc} of ${side.whose}, as bytes; none without TLS.`,
    examples: [{ ...inPlace(side), call: `${side.prefix}_${name},length`, tls: true, out: bytes }],
    compile: (_, context) => compileFact(side.of, fact, true, context),
  });
}

function defineNumber(side: Side, name: string, figure: FigureValue, out: number, doc: string): Fetch {
  return defineFetch({
    name: `${side.prefix}_${name}`,
    args: [],
    type: SampleType.int,
    valid: side.valid,
    doc: `${doc} of ${side.whose}; none without TLS.`,
    examples: [{ ...inPlace(side), call: `${side.prefix}_${name}`, tls: true, out }],
    compile: () => (sample, stream) => {
      const tls = side.of(stream);
      return tls !== null && sample.setInt(tls.figure(figure));
    },
  });
}

function defineTruth(side: Side, name: string, figure: FigureValue, doc: string): Fetch {
  return defineFetch({
    name: `${side.prefix}_${name}`,
    args: [],
    type: SampleType.bool,
    valid: side.valid,
    doc: `${doc}; none without TLS.`,
    examples: [
      { ...inPlace(side), call: `${side.prefix}_${name}`, tls: true, out: true },
      { ...inPlace(side), call: `${side.prefix}_${name}`, out: null },
    ],
    compile: () => (sample, stream) => {
      const tls = side.of(stream);
      return tls !== null && sample.setBool(tls.figure(figure) !== 0);
    },
  });
}

function isResumed(side: Side): Fetch {
  const name = `${side.prefix}_is_resumed`;
  return defineFetch({
    name,
    args: [],
    type: SampleType.bool,
    valid: side.valid,
    doc: `Whether the keys of ${side.whose} came from an earlier one.`,
    examples: [
      { ...inPlace(side), call: name, tls: true, out: false },
      { ...inPlace(side), call: name, out: false },
    ],
    compile: () => (sample, stream) => sample.setBool(side.of(stream)?.isResumed === true),
  });
}

/** NPN was given up for ALPN (RFC 7301): no client and no server agrees on a protocol by it any more. */
function npn(side: Side): Fetch {
  const name = `${side.prefix}_npn`;
  return defineFetch({
    name,
    args: [],
    type: SampleType.str,
    valid: side.valid,
    doc: 'The protocol that was agreed on by NPN, which TLS has replaced by ALPN: never any.',
    examples: [{ ...inPlace(side), call: name, tls: true, out: null }],
    compile: () => () => false,
  });
}

function defineBoth(side: Side): readonly Fetch[] {
  return [
    isTls(side),
    isResumed(side),
    npn(side),
    defineText(side, 'protocol', Fact.version, 'TLSv1.3', 'The TLS version'),
    defineText(side, 'cipher', Fact.cipher, 'TLS_AES_128_GCM_SHA256', 'The cipher'),
    defineText(side, 'alpn', Fact.alpn, 'http/1.1', 'The application protocol that was agreed on'),
    defineText(side, 'curve', Fact.curve, 'X25519', 'The group of the key exchange'),
    defineText(side, 'sni', Fact.serverName, 'www.example.com', 'The server name that was asked for'),
    defineNumber(side, 'alg_keysize', Figure.keyBits, 128, "Bits of the cipher's key"),
    defineNumber(side, 'use_keysize', Figure.usedKeyBits, 128, "Bits that count of the cipher's key"),
    binary(side, 'client_random', Fact.clientRandom, 32, "The client's random"),
    binary(side, 'server_random', Fact.serverRandom, 32, "The server's random"),
    binary(side, 'session_id', Fact.sessionId, 32, 'The identifier of the session'),
    binary(side, 'session_key', Fact.sessionKey, 48, 'The master secret, which decrypts everything'),
    binary(side, 'unique_id', Fact.uniqueId, 12, 'The first Finished message (`tls-unique`, RFC 5929)'),
  ];
}

type SecretPlaces = readonly (readonly [name: string, fact: FactValue, out: string | null, what: string])[];

const SECRETS: SecretPlaces = [
  ['client_early_traffic_secret', Fact.clientEarlySecret, null, "the client's early data (`allow-0rtt`)"],
  ['client_handshake_traffic_secret', Fact.clientHandshakeSecret, 'c1', "the client's part of the handshake"],
  ['server_handshake_traffic_secret', Fact.serverHandshakeSecret, '51', "the server's part of the handshake"],
  ['client_traffic_secret_0', Fact.clientSecret, 'c0', 'what the client sends'],
  ['server_traffic_secret_0', Fact.serverSecret, '50', 'what the server sends'],
  ['exporter_secret', Fact.exporterSecret, 'e0', 'keys for other protocols (RFC 8446 7.5)'],
  ['early_exporter_secret', Fact.earlyExporterSecret, null, 'the same of early data'],
];

/** One set for each side; the places where both are valid are the client's, as in HAProxy. */
function defineSecrets(side: Side): readonly Fetch[] {
  return SECRETS.map(([name, fact, out, what]) =>
    defineFetch({
      name: `${side.prefix}_${name}`,
      args: [],
      type: SampleType.str,
      valid: TLS_CLIENT,
      doc: `The secret behind ${what}, in hexadecimal, on ${side.whose} of TLS 1.3: \`tune.ssl.keylog on\` has it kept.`,
      examples: [
        { ...inPlace(side), call: `${side.prefix}_${name}`, tls: true, out },
        { ...inPlace(side), call: `${side.prefix}_${name}`, out: null },
      ],
      compile: (_, context) => compileFact(side.of, fact, false, context),
    }),
  );
}

export const clientSecrets = defineSecrets(CLIENT);
export const serverSecrets = defineSecrets(SERVER);

export const clientConnection = defineBoth(CLIENT);
export const serverConnection = defineBoth(SERVER);

export const sslFcHasCrt = defineTruth(
  CLIENT,
  'has_crt',
  Figure.wasPeerVerified,
  'Whether the client has shown a certificate on this connection',
);
export const sslFcHasSni = defineTruth(CLIENT, 'has_sni', Figure.hasServerName, 'Whether the client has asked for a server name');
export const sslFcCrtname = defineText(CLIENT, 'crtname', Fact.certificateName, '/etc/certs/www.pem', 'The file of the certificate');
export const sslFcHasEarly = defineFetch({
  name: 'ssl_fc_has_early',
  args: [],
  type: SampleType.bool,
  valid: TLS_CLIENT,
  doc: 'Whether early data has come and the handshake is not done yet (`allow-0rtt`): somebody may repeat what a client has said before; none without TLS.',
  examples: [
    { call: 'ssl_fc_has_early', tls: true, out: false },
    { call: 'ssl_fc_has_early', out: null },
  ],
  compile: () => (sample, stream) => {
    const { tls } = stream.session;
    return tls !== null && sample.setBool(tls.isEarly);
  },
});
export const sslFcEarlyRcvd = defineFetch({
  name: 'ssl_fc_early_rcvd',
  args: [],
  type: SampleType.bool,
  valid: TLS_CLIENT,
  doc: 'Whether early data has come on the connection (`allow-0rtt`), also when the handshake is done meanwhile; none without TLS.',
  examples: [
    { call: 'ssl_fc_early_rcvd', tls: true, out: false },
    { call: 'ssl_fc_early_rcvd', out: null },
  ],
  compile: () => (sample, stream) => {
    const { tls } = stream.session;
    return tls !== null && sample.setBool(tls.figure(Figure.hadEarly) !== 0);
  },
});
export const sslBcErr = defineFetch({
  name: 'ssl_bc_err',
  args: [],
  type: SampleType.int,
  valid: TLS_SERVER,
  doc: "OpenSSL's number of the first error on the server's connection, 0 if there is none; none without TLS, or while it is being made.",
  examples: [
    { ...inPlace(SERVER), call: 'ssl_bc_err', tls: true, out: 0 },
    { ...inPlace(SERVER), call: 'ssl_bc_err', out: null },
  ],
  compile:
    () =>
    (sample, { serverTls, serverFailure, connectedAtMs }) => {
      const isThere = serverTls !== null && (connectedAtMs >= 0 || serverFailure !== 0);
      return isThere && sample.setInt(serverTls.figure(Figure.errorCode));
    },
});

export const sslBcErrStr = defineFetch({
  name: 'ssl_bc_err_str',
  args: [],
  type: SampleType.str,
  valid: TLS_SERVER,
  doc: "The first error on the server's connection in OpenSSL's words; none if there is none.",
  examples: [{ ...inPlace(SERVER), call: 'ssl_bc_err_str', tls: true, out: null }],
  compile: (_, context) => compileFact(ofServer, Fact.errorText, false, context),
});
