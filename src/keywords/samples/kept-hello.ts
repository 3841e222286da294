/**
 * Samples of the hello with which a client began a TLS connection that ends here (HAProxy 3.x configuration 7.3.4): what fingerprints
 * such as JA3 are made of. They have values where `tune.ssl.capture-buffer-size` has kept something. See tls-hello.ts for connections
 * that pass through undeciphered.
 */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import type { TlsEngine } from '../../platform/tls/contract.ts';
import { type CompileContext, defineFetch, type Fetch, type FetchStep } from '../../rules/define.ts';
import { SampleType } from '../../rules/sample.ts';
import { HelloPart, type HelloPartValue, type KeptHello } from '../../state/client-hello.ts';
import type { Stream } from '../../state/records.ts';
import { TLS_CLIENT } from '../tls-samples.ts';

const FILTER = [{ name: 'filter_option', kind: 'int', default: 0 }] as const;
const LIMIT = ' `tune.ssl.capture-buffer-size` bounds all that is kept of a hello; without it there is no value.';
const FILTERED = ' With an argument other than 0, without the values that are reserved for keeping servers tolerant (GREASE, RFC 8701).';

function keptHello({ session: { hello } }: Stream): KeptHello | null {
  return hello === null || !hello.isKept ? null : hello;
}

/** RFC 8701: 0x0A0A, 0x1A1A … 0xFAFA. */
function isReserved(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] as number) & 15) === 10 && bytes[at] === bytes[at + 1];
}

/** Copies a part to the thread's memory, two bytes a value, or what is left of one; where the copy ends. */
function copyPart(hello: KeptHello, part: HelloPartValue, filters: boolean, into: Uint8Array, to: number): number {
  const { bytes } = hello;
  const stop = Math.min(hello.end(part), hello.start(part) + SCRATCH_SIZE);
  let out = to;
  for (let at = hello.start(part); at < stop; at += 2) {
    if (filters && at + 1 < stop && isReserved(bytes, at)) continue;
    into[out++] = bytes[at] as number;
    if (at + 1 < stop) into[out++] = bytes[at + 1] as number;
  }
  return out;
}

function compilePart(part: HelloPartValue, filters: boolean, { thread: { memory } }: CompileContext): FetchStep {
  return (sample, stream) => {
    const hello = keptHello(stream);
    if (hello === null) return false;
    const start = memory.scratch();
    return sample.setBinary(start, copyPart(hello, part, filters, memory.bytes, start));
  };
}

function binary(name: string, part: HelloPartValue, whole: string, filtered: string, what: string): Fetch {
  return defineFetch({
    name,
    args: FILTER,
    type: SampleType.bin,
    valid: TLS_CLIENT,
    doc: `${what} of the client's hello, two bytes each.${FILTERED}${LIMIT}`,
    examples: [
      { call: `${name},hex`, tls: true, out: whole },
      { call: `${name}(1),hex`, tls: true, out: filtered },
      { call: name, out: null },
    ],
    compile: ([filter], context) => compilePart(part, filter !== 0, context),
  });
}

function defineLists(): readonly Fetch[] {
  return [
    binary('ssl_fc_cipherlist_bin', HelloPart.ciphers, '0A0A13011302FAFB', '13011302FAFB', 'The ciphers'),
    binary(
      'ssl_fc_extlist_bin',
      HelloPart.extensions,
      '1A1A0000000A000B00230010000D002B0033',
      '0000000A000B00230010000D002B0033',
      'The numbers of the extensions',
    ),
    binary('ssl_fc_eclist_bin', HelloPart.groups, '2A2A001D0017', '001D0017', 'The groups (elliptic curves)'),
    binary('ssl_fc_supported_versions_bin', HelloPart.versions, '3A3A03040303', '03040303', 'The versions in the extension for them'),
    binary('ssl_fc_sigalgs_bin', HelloPart.signatures, '0403', '0403', 'The signature algorithms'),
  ];
}

export const helloLists = defineLists();

export const sslFcEcformatsBin = defineFetch({
  name: 'ssl_fc_ecformats_bin',
  args: [],
  type: SampleType.bin,
  valid: TLS_CLIENT,
  doc: `The point formats of the client's hello, a byte each.${LIMIT}`,
  examples: [
    { call: 'ssl_fc_ecformats_bin,hex', tls: true, out: '00' },
    { call: 'ssl_fc_ecformats_bin', out: null },
  ],
  compile: (_, context) => compilePart(HelloPart.pointFormats, false, context),
});

export const sslFcProtocolHelloId = defineFetch({
  name: 'ssl_fc_protocol_hello_id',
  args: [],
  type: SampleType.int,
  valid: TLS_CLIENT,
  doc: `The version that the client's hello names, as a number: 771 is TLS 1.2, which TLS 1.3 says too.${LIMIT}`,
  examples: [
    { call: 'ssl_fc_protocol_hello_id', tls: true, out: 771 },
    { call: 'ssl_fc_protocol_hello_id', out: null },
  ],
  compile: () => (sample, stream) => {
    const hello = keptHello(stream);
    return hello !== null && sample.setInt(hello.version);
  },
});

export const sslFcCipherlistXxh = defineFetch({
  name: 'ssl_fc_cipherlist_xxh',
  args: [],
  type: SampleType.int,
  valid: TLS_CLIENT,
  doc: `The XXH64 of all ciphers of the client's hello.${LIMIT}`,
  examples: [
    { call: 'ssl_fc_cipherlist_xxh,hex', tls: true, out: 'A318CA93FCF2D076' },
    { call: 'ssl_fc_cipherlist_xxh', out: null },
  ],
  compile: () => (sample, stream) => {
    const hello = keptHello(stream);
    return hello !== null && sample.setWide(hello.hashHigh, hello.hashLow);
  },
});

export const sslFcCipherlistHex = defineFetch({
  name: 'ssl_fc_cipherlist_hex',
  args: FILTER,
  type: SampleType.str,
  valid: TLS_CLIENT,
  doc: `The ciphers of the client's hello in hexadecimal.${FILTERED}${LIMIT}`,
  examples: [
    { call: 'ssl_fc_cipherlist_hex', tls: true, out: '0A0A13011302FAFB' },
    { call: 'ssl_fc_cipherlist_hex(1)', tls: true, out: '13011302FAFB' },
    { call: 'ssl_fc_cipherlist_hex', out: null },
  ],
  compile: ([filter], { thread: { memory } }) => {
    const { bytes } = memory;
    return (sample, stream) => {
      const hello = keptHello(stream);
      if (hello === null) return false;
      const from = memory.scratch();
      const end = Math.min(copyPart(hello, HelloPart.ciphers, filter !== 0, bytes, from), from + SCRATCH_SIZE / 2);
      const start = memory.scratch();
      let to = start;
      for (let at = from; at < end; at++) to = putHex(bytes, to, bytes[at] as number, 2);
      return sample.setText(start, to);
    };
  },
});

export const sslFcCipherlistStr = defineFetch({
  name: 'ssl_fc_cipherlist_str',
  args: FILTER,
  type: SampleType.str,
  valid: TLS_CLIENT,
  doc: `The names of the ciphers of the client's hello, separated by commas; \`UNKNOWN(fafb)\` for those without one.${FILTERED}${LIMIT}`,
  examples: [
    { call: 'ssl_fc_cipherlist_str', tls: true, out: 'UNKNOWN(0a0a),TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,UNKNOWN(fafb)' },
    { call: 'ssl_fc_cipherlist_str(1)', tls: true, out: 'TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,UNKNOWN(fafb)' },
    { call: 'ssl_fc_cipherlist_str', out: null },
  ],
  compile: ([filter], { thread: { memory } }) => {
    const { bytes } = memory;
    return (sample, stream) => {
      const hello = keptHello(stream);
      const { tls } = stream.session;
      if (hello === null || tls === null) return false;
      const from = memory.scratch();
      const end = copyPart(hello, HelloPart.ciphers, filter !== 0, bytes, from);
      const start = memory.scratch();
      return sample.setText(start, writeNames(tls, bytes, from, end, start, start + SCRATCH_SIZE));
    };
  },
});

/** Names longer than this are not looked for: OpenSSL has none. */
const LONGEST_NAME = 64;

/** What finds no room any more is left out. */
function writeNames(tls: TlsEngine, bytes: Uint8Array, from: number, end: number, start: number, limit: number): number {
  let to = start;
  for (let at = from; at + 1 < end && limit - to > LONGEST_NAME; at += 2) {
    if (to > start) bytes[to++] = COMMA;
    const suite = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const stop = tls.suiteName(suite, to, to + LONGEST_NAME);
    to = stop < 0 ? putUnknown(bytes, to, suite) : stop;
  }
  return to;
}

const COMMA = 44;
const UNKNOWN = Uint8Array.from('UNKNOWN(', (char) => char.charCodeAt(0));

function putUnknown(bytes: Uint8Array, to: number, suite: number): number {
  for (let at = 0; at < UNKNOWN.length; at++) bytes[to + at] = UNKNOWN[at] as number;
  const end = putHex(bytes, to + UNKNOWN.length, suite, 4, 87);
  bytes[end] = 41;
  return end + 1;
}

/** @param letters what is added to 10 … 15: upper case unless said */
function putHex(bytes: Uint8Array, to: number, value: number, digits: number, letters = 55): number {
  for (let at = digits - 1, rest = value; at >= 0; at--, rest >>= 4) {
    const digit = rest & 15;
    bytes[to + at] = digit + (digit < 10 ? 48 : letters);
  }
  return to + digits;
}
