/**
 * Samples of certificates: the client's (`ssl_c…`), the server's (`ssl_s…`) and the one this side has shown to the client (`ssl_f…`)
 * (HAProxy 3.x configuration 7.3.4). They are read in place from their DER each time: nothing is kept.
 */
import { type Memory, SCRATCH_SIZE } from '../../base/memory.ts';
import { Fact, type FactValue, Figure } from '../../platform/tls/contract.ts';
import { DerElement, DerTag, writeOid } from '../../proto/der.ts';
import { isSame, oidBytes, oidName } from '../../proto/oids.ts';
import { CertificateReader, type DerSpan } from '../../proto/x509.ts';
import { NameWriter } from '../../proto/x509-name.ts';
import { type CompileContext, defineFetch, type Fetch, type FetchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { compileFact, ofClient, ofServer, TLS_CLIENT, type TlsSide } from '../tls-samples.ts';

interface Owner {
  readonly prefix: string;
  readonly of: TlsSide;
  readonly fact: FactValue;
  readonly whose: string;
}

const CLIENT: Owner = { prefix: 'ssl_c', of: ofClient, fact: Fact.peerCertificate, whose: "the client's certificate" };
const SERVER: Owner = { prefix: 'ssl_s', of: ofServer, fact: Fact.peerCertificate, whose: "the server's certificate" };
const OWN: Owner = { prefix: 'ssl_f', of: ofClient, fact: Fact.ownCertificate, whose: 'the certificate that was shown to the client' };

const ROOT: Owner = {
  prefix: 'ssl_c',
  of: ofClient,
  fact: Fact.peerRoot,
  whose: "the authority at the top of the chain by which the client's certificate was verified on this very connection",
};

/** What reads a certificate, in one thread after another. */
interface Reading {
  readonly memory: Memory;
  readonly certificate: CertificateReader;
}

type Use = (sample: Sample, reading: Reading) => boolean;

/** Reads the certificate and uses its parts; without one there is no value. */
function compilePart({ of, fact }: Owner, { thread: { memory } }: CompileContext, use: Use): FetchStep {
  const reading: Reading = { memory, certificate: new CertificateReader() };
  return (sample, stream) => {
    const tls = of(stream);
    if (tls === null) return false;
    const start = memory.scratch();
    const end = tls.fact(fact, start, start + SCRATCH_SIZE);
    return end >= 0 && reading.certificate.read(memory.bytes, start, end) && use(sample, reading);
  };
}

function definePart(owner: Owner, name: string, type: Fetch['type'], call: string, out: string | number, doc: string, use: Use): Fetch {
  return defineFetch({
    name: `${owner.prefix}_${name}`,
    args: [],
    type,
    valid: TLS_CLIENT,
    doc: `${doc} of ${owner.whose}; none without one.`,
    examples: [
      { call: `${owner.prefix}_${call}`, tls: true, out },
      { call: `${owner.prefix}_${name}`, out: null },
    ],
    compile: (_, context) => compilePart(owner, context, use),
  });
}

/** `ssl_c_s_dn`, `ssl_c_i_dn`, `ssl_c_r_dn`. */
function name(owner: Owner, word: string, field: 'subject' | 'issuer'): Fetch {
  const call = `${owner.prefix}_${word}`;
  const isSubject = owner !== ROOT && field === 'subject';
  const whole = isSubject ? '/C=FR/O=Acme, Inc./OU=One/OU=Two/CN=client.example' : '/C=FR/O=Acme, Inc./CN=Root';
  const reversed = isSubject ? 'CN=client.example,OU=Two,OU=One,O=Acme\\, Inc.,C=FR' : 'CN=Root,O=Acme\\, Inc.,C=FR';
  return defineFetch({
    name: call,
    args: [
      { name: 'entry', kind: 'str', default: null, mayBeEmpty: true },
      { name: 'occurrence', kind: 'int', default: 0 },
      { name: 'format', kind: 'str', default: null, oneOf: ['rfc2253'] },
    ],
    type: SampleType.str,
    valid: TLS_CLIENT,
    doc: `The ${field} of ${owner.whose}: whole as \`/C=FR/CN=x\`, with the format rfc2253 as \`CN=x,C=FR\`; or the part called \`entry\`, of several the \`occurrence\`-th, from the end if negative.`,
    examples: [
      { call, tls: true, out: whole },
      { call: `${call}(,0,rfc2253)`, tls: true, out: reversed },
      { call: `${call}(CN)`, tls: true, out: isSubject ? 'client.example' : 'Root' },
      { call: `${call}(OU,-1)`, tls: true, out: isSubject ? 'Two' : null },
      { call: `${call}(OU,3)`, tls: true, out: null },
      { call, out: null },
    ],
    compile: ([entry, occurrence, format], context) => compileName(owner, field, entry ?? '', occurrence, format !== null, context),
  });
}

function compileName(
  owner: Owner,
  field: 'subject' | 'issuer',
  entry: string,
  occurrence: number,
  isRfc2253: boolean,
  context: CompileContext,
): FetchStep {
  const names = new NameWriter();
  const oid = entry === '' ? null : oidBytes(entry);
  if (entry !== '' && oid === null) context.warn(`'${entry}' is no name of a part of a distinguished name: there will be no value`);
  return compilePart(owner, context, (sample, { memory, certificate }) => {
    const { start, end } = certificate[field];
    const to = memory.scratch();
    const limit = to + SCRATCH_SIZE;
    if (entry !== '') {
      const stop = oid === null ? -1 : names.part(oid, occurrence, memory.bytes, start, end, to, limit);
      return stop >= 0 && sample.setText(to, stop);
    }
    const stop = isRfc2253 ? names.rfc2253(memory.bytes, start, end, to, limit) : names.line(memory.bytes, start, end, to, limit);
    return stop >= 0 && sample.setText(to, stop);
  });
}

/** The short name of an object identifier, or its numbers. */
function setOid(sample: Sample, { memory }: Reading, { start, end }: DerSpan): boolean {
  const { bytes } = memory;
  const to = memory.scratch();
  const known = oidName(bytes, start, end);
  if (known === null) {
    const stop = writeOid(bytes, start, end, to, to + SCRATCH_SIZE);
    return stop >= 0 && sample.setText(to, stop);
  }
  for (let at = 0; at < known.name.length; at++) bytes[to + at] = known.name[at] as number;
  return sample.setText(to, to + known.name.length);
}

/** `261120091500Z`: a year of four digits loses its century, as HAProxy writes it. */
function setTime(sample: Sample, { memory }: Reading, { start, end }: DerSpan): boolean {
  return sample.setText(memory.bytes[end - 1] === 0x5a && end - start === 15 ? start + 2 : start, end);
}

const SHA1 = 'D48BEC9CCD33482FBE07A315A8A1FAB52048BDB4';

function whole(owner: Owner): readonly Fetch[] {
  return [
    defineFetch({
      name: `${owner.prefix}_der`,
      args: [],
      type: SampleType.bin,
      valid: TLS_CLIENT,
      doc: `DER of ${owner.whose}; none without one.`,
      examples: [
        { call: `${owner.prefix}_der,sha1,hex`, tls: true, out: SHA1 },
        { call: `${owner.prefix}_der`, out: null },
      ],
      compile: (_, context) => compileFact(owner.of, owner.fact, true, context),
    }),
    defineFetch({
      name: `${owner.prefix}_sha1`,
      args: [],
      type: SampleType.bin,
      valid: TLS_CLIENT,
      doc: `The SHA-1 fingerprint of ${owner.whose}; none without one.`,
      examples: [{ call: `${owner.prefix}_sha1,hex`, tls: true, out: SHA1 }],
      compile: (_, context) => compileFingerprint(owner, context),
    }),
  ];
}

function compileFingerprint(owner: Owner, context: CompileContext): FetchStep {
  const der = compileFact(owner.of, owner.fact, true, context);
  const digest = context.thread.crypto().newDigest('sha1');
  if (digest === null) throw new RuleError('there is no SHA-1 here');
  return (sample, stream) => {
    if (!der(sample, stream)) return false;
    const { memory } = sample;
    digest.reset();
    digest.update(memory.bytes, sample.start, sample.end);
    const at = memory.scratch();
    return digest.finish(memory.bytes, at) && sample.setBinary(at, at + digest.size);
  };
}

function defineParts(owner: Owner): readonly Fetch[] {
  const { str, bin, int } = SampleType;
  return [
    name(owner, 's_dn', 'subject'),
    name(owner, 'i_dn', 'issuer'),
    ...whole(owner),
    definePart(owner, 'serial', bin, 'serial,hex', 'C0FFEE', 'The serial number', (sample, { certificate: { serial } }) =>
      sample.setBinary(serial.start, serial.end),
    ),
    definePart(owner, 'version', int, 'version', 3, 'The version', (sample, { certificate }) => sample.setInt(certificate.version)),
    definePart(owner, 'notbefore', str, 'notbefore', '261120151217Z', 'The first moment', (sample, reading) =>
      setTime(sample, reading, reading.certificate.notBefore),
    ),
    definePart(owner, 'notafter', str, 'notafter', '261027151217Z', 'The last moment', (sample, reading) =>
      setTime(sample, reading, reading.certificate.notAfter),
    ),
    definePart(owner, 'key_alg', str, 'key_alg', 'id-ecPublicKey', 'The kind of key', (sample, reading) =>
      setOid(sample, reading, reading.certificate.key),
    ),
    definePart(owner, 'sig_alg', str, 'sig_alg', 'ecdsa-with-SHA256', 'The algorithm of the signature', (sample, reading) =>
      setOid(sample, reading, reading.certificate.signature),
    ),
  ];
}

export const clientCertificate = defineParts(CLIENT);
export const serverCertificate = defineParts(SERVER);
export const ownCertificate = defineParts(OWN);

export const clientAuthority = defineRoot();

function defineRoot(): readonly Fetch[] {
  return [name(ROOT, 'r_dn', 'subject')];
}

export const sslCUsed = defineFetch({
  name: 'ssl_c_used',
  args: [],
  type: SampleType.bool,
  valid: TLS_CLIENT,
  doc: 'Whether the client has a certificate, shown on this connection or on the one whose session it resumes.',
  examples: [
    { call: 'ssl_c_used', tls: true, out: true },
    { call: 'ssl_c_used', out: null },
  ],
  compile: () => (sample, stream) => {
    const { tls } = stream.session;
    return tls !== null && sample.setBool(tls.figure(Figure.hasPeerCertificate) !== 0);
  },
});

function defineChain(owner: Owner): Fetch {
  return defineFetch({
    name: `${owner.prefix}_chain_der`,
    args: [],
    type: SampleType.bin,
    valid: TLS_CLIENT,
    doc: 'DER of all certificates of the chain that the peer has shown, one behind another; without the own certificate of a client.',
    examples: [
      { call: `${owner.prefix}_chain_der,sha1,hex`, tls: true, out: SHA1 },
      { call: `${owner.prefix}_chain_der`, out: null },
    ],
    compile: (_, context) => compileFact(owner.of, Fact.peerChain, true, context),
  });
}

export const sslCChainDer = defineChain(CLIENT);
export const sslSChainDer = defineChain(SERVER);

/** Kinds of alternative names that are text, by their tag (RFC 5280 4.2.1.6). */
const NAME_TAGS: ReadonlyMap<number, string> = new Map([
  [0x81, 'email:'],
  [0x82, 'DNS:'],
  [0x86, 'URI:'],
]);
const ADDRESS_TAG = 0x87;
const MOST_NAMES = 256;

export const sslCSan = definePart(
  CLIENT,
  'san',
  SampleType.str,
  'san',
  'DNS:client.example, email:ann@acme.example, IP Address:192.0.2.9',
  "The alternative names, as OpenSSL writes them, separated by ', ',",
  (sample, reading) => setNames(sample, reading),
);

/** Policies of one certificate that are looked at. */
const MOST_POLICIES = 64;

export const sslCPolicies = defineFetch({
  name: 'ssl_c_policies',
  args: [{ name: 'oid', kind: 'str', default: null }],
  type: SampleType.str,
  valid: TLS_CLIENT,
  doc: "The policies under which the client's certificate was made (RFC 5280 4.2.1.4), as numbers with dots, separated by `,`; with `oid` that one, if the certificate has it. None without one.",
  examples: [
    { call: 'ssl_c_policies', tls: true, out: '1.2.3.4,1.2.3.5' },
    { call: 'ssl_c_policies(1.2.3.5)', tls: true, out: '1.2.3.5' },
    { call: 'ssl_c_policies(1.2.3)', tls: true, out: null },
    { call: 'ssl_c_policies', out: null },
  ],
  compile: ([oid], context) => {
    const wanted = oid === null || !/^\d/.test(oid) ? null : oidBytes(oid);
    if (oid !== null && wanted === null)
      throw new RuleError(`'${oid}' is no object identifier: numbers with dots are expected, as 1.2.3.4`);
    return compilePart(CLIENT, context, (sample, reading) => setPolicies(sample, reading, wanted));
  },
});

/** @param wanted the contents of the only one that counts; null: all */
function setPolicies(sample: Sample, { memory, certificate: { policies } }: Reading, wanted: Uint8Array | null): boolean {
  if (policies.start < 0) return false;
  const { bytes } = memory;
  const start = memory.scratch();
  const limit = start + SCRATCH_SIZE;
  let out = start;
  let at = policies.start;
  // SEQUENCE { OBJECT IDENTIFIER, qualifiers }, one behind another.
  for (let count = 0; count < MOST_POLICIES && names.readTag(bytes, at, policies.end, DerTag.sequence); count++) {
    at = names.end;
    if (!names.readTag(bytes, names.start, names.end, DerTag.oid)) return false;
    if (wanted !== null && !isSame(wanted, bytes, names.start, names.end)) continue;
    if (out > start) out = putText(bytes, out, ',');
    out = writeOid(bytes, names.start, names.end, out, limit - 1);
    if (out < 0) return false;
    if (wanted !== null) break;
  }
  return out > start && sample.setText(start, out);
}

const names = new DerElement();

function setNames(sample: Sample, { memory, certificate: { alternativeNames } }: Reading): boolean {
  if (alternativeNames.start < 0) return false;
  const { bytes } = memory;
  const start = memory.scratch();
  const limit = start + SCRATCH_SIZE;
  let out = start;
  let at = alternativeNames.start;
  for (let count = 0; count < MOST_NAMES && names.read(bytes, at, alternativeNames.end); count++) {
    at = names.end;
    const label = names.tag === ADDRESS_TAG ? 'IP Address:' : NAME_TAGS.get(names.tag);
    if (label === undefined) continue;
    // An address takes at most 39 characters, whatever its bytes.
    if (out + 2 + label.length + Math.max(40, names.end - names.start) > limit) return false;
    if (out > start) out = putText(bytes, out, ', ');
    out = putText(bytes, out, label);
    out = names.tag === ADDRESS_TAG ? putAddress(bytes, out, names.start, names.end) : copy(bytes, out, names.start, names.end);
  }
  return out > start && sample.setText(start, out);
}

function putText(bytes: Uint8Array, to: number, text: string): number {
  for (let at = 0; at < text.length; at++) bytes[to + at] = text.charCodeAt(at);
  return to + text.length;
}

function copy(bytes: Uint8Array, to: number, start: number, end: number): number {
  bytes.copyWithin(to, start, end);
  return to + end - start;
}

/** As OpenSSL writes it: `192.0.2.1`, and all eight groups of an IPv6 address without leading zeros. */
function putAddress(bytes: Uint8Array, to: number, start: number, end: number): number {
  const size = end - start;
  if (size !== 4 && size !== 16) return putText(bytes, to, '<invalid>');
  const width = size / 4 > 1 ? 2 : 1;
  let out = to;
  for (let at = start; at < end; at += width) {
    if (at > start) bytes[out++] = width === 1 ? 46 : 58;
    const value = width === 1 ? (bytes[at] as number) : ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    out = putNumber(bytes, out, value, width === 1 ? 10 : 16);
  }
  return out;
}

function putNumber(bytes: Uint8Array, to: number, value: number, base: number): number {
  let size = 1;
  for (let unit = base; unit <= value; unit *= base) size++;
  let rest = value;
  for (let at = to + size - 1; at >= to; at--) {
    const digit = rest % base;
    bytes[at] = digit < 10 ? 48 + digit : 55 + digit;
    rest = (rest - digit) / base;
  }
  return to + size;
}
