/** Samples of TLS on the client's connection, as far as the log's presets tell of them (HAProxy 3.x configuration 7.3.3, 7.3.4). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { Fact, type FactValue } from '../../platform/tls/contract.ts';
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';

const TLS = '.YYYYYYYYYYYYYYYYYY...';

export const fcErr = defineFetch({
  name: 'fc_err',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: "HAProxy's number of what went wrong on the client's connection: 0, as a connection that fails before its session is logged in words.",
  examples: [{ call: 'fc_err', out: 0 }],
  compile: () => (sample) => sample.setInt(0),
});

export const sslFc = defineFetch({
  name: 'ssl_fc',
  args: [],
  type: SampleType.bool,
  valid: TLS,
  doc: 'Whether the client speaks TLS.',
  examples: [{ call: 'ssl_fc', out: false }],
  compile: () => (sample, stream) => sample.setBool(stream.session.tls !== null),
});

export const sslFcIsResumed = defineFetch({
  name: 'ssl_fc_is_resumed',
  args: [],
  type: SampleType.bool,
  valid: TLS,
  doc: "Whether the keys of the client's connection came from an earlier one.",
  examples: [{ call: 'ssl_fc_is_resumed', out: false }],
  compile: () => (sample, stream) => sample.setBool(stream.session.tls?.isResumed === true),
});

/** A session has begun, so its handshake went well: 0, and nothing without TLS. */
function compileNoError(): FetchStep {
  return (sample, stream) => stream.session.tls !== null && sample.setInt(0);
}

export const sslFcErr = defineNoError('ssl_fc_err', "OpenSSL's number of the first error on the client's connection");
export const sslCErr = defineNoError('ssl_c_err', "OpenSSL's number of the first error while the client's certificate was verified");
export const sslCCaErr = defineNoError('ssl_c_ca_err', "OpenSSL's number of the first error above the client's certificate");

function defineNoError(name: string, doc: string): ReturnType<typeof defineFetch> {
  return defineFetch({
    name,
    args: [],
    type: SampleType.int,
    valid: TLS,
    doc: `${doc}: 0, as those that fail get no session; none without TLS.`,
    examples: [{ call: name, out: null }],
    compile: compileNoError,
  });
}

export const sslFcSni = defineFact('ssl_fc_sni', Fact.serverName, 'The server name that the client asked for.');
export const sslFcProtocol = defineFact('ssl_fc_protocol', Fact.version, "The TLS version of the client's connection, as `TLSv1.3`.");
export const sslFcCipher = defineFact('ssl_fc_cipher', Fact.cipher, "The cipher of the client's connection.");
export const sslFcAlpn = defineFact('ssl_fc_alpn', Fact.alpn, 'The application protocol that was agreed on, as `h2`.');

function defineFact(name: string, fact: FactValue, doc: string): ReturnType<typeof defineFetch> {
  return defineFetch({
    name,
    args: [],
    type: SampleType.str,
    valid: TLS,
    doc: `${doc} None without TLS.`,
    examples: [{ call: name, out: null }],
    compile: (_, context) => compileFact(fact, context),
  });
}

function compileFact(fact: FactValue, { thread: { memory } }: CompileContext): FetchStep {
  return (sample, stream) => {
    const { tls } = stream.session;
    if (tls === null) return false;
    const start = memory.scratch();
    const end = tls.fact(fact, start, start + SCRATCH_SIZE);
    return end >= 0 && sample.setText(start, end);
  };
}
