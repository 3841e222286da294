/** Samples that hash host and path, with the client's address or without (HAProxy 3.x configuration 7.3.6). */
import { Family } from '../../base/address.ts';
import { avalanche } from '../../base/hash.ts';
import { HeaderId } from '../../http/message.ts';
import { defineFetch, type FetchStep } from '../../rules/define.ts';
import { pathEnd, pathStart } from '../../rules/edit/target.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { readIpv4 } from '../../rules/value/bytes.ts';
import type { Stream } from '../../state/records.ts';

/** HAProxy's running hash (sdbm), a range more. */
function addRange(hash: number, bytes: Uint8Array, start: number, end: number): number {
  let sum = hash;
  for (let at = start; at < end; at++) sum = ((bytes[at] as number) + (sum << 6) + (sum << 16) - sum) | 0;
  return sum;
}

/** Of the Host field and the path, with the query if `withQuery`. */
function hashTarget(sample: Sample, { request }: Stream, withQuery: boolean): number {
  const { bytes } = sample.memory;
  const { headers, targetStart, targetEnd } = request;
  const row = headers.findId(HeaderId.host, 0);
  const host = row < 0 ? 0 : addRange(0, bytes, headers.valueStart(row), headers.valueEnd(row));
  const start = pathStart(bytes, targetStart, targetEnd);
  const hash = start < 0 ? host : addRange(host, bytes, start, withQuery ? targetEnd : pathEnd(bytes, start, targetEnd));
  return avalanche(hash) >>> 0;
}

function compileHash(withQuery: boolean): FetchStep {
  return (sample, stream) => sample.setInt(hashTarget(sample, stream, withQuery));
}

/** The hash in four bytes, then the client's address. */
function compileWithSource(withQuery: boolean): FetchStep {
  return (sample, stream) => {
    const { source } = stream.session;
    const size = source.family === Family.inet ? 4 : source.family === Family.inet6 ? 16 : 0;
    const hash = hashTarget(sample, stream, withQuery);
    const { memory } = sample;
    const at = memory.scratch();
    for (let i = 0; i < 4; i++) memory.bytes[at + i] = hash >>> (24 - i * 8);
    for (let i = 0; i < size; i++) memory.bytes[at + 4 + i] = source.ip[i] as number;
    return size > 0 && sample.setBinary(at, at + 4 + size);
  };
}

const REQUEST = 'GET /x?y HTTP/1.1\r\nHost: h.test';

export const base32 = defineFetch({
  name: 'base32',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'A 32-bit hash of `base`: Host field and path.',
  examples: [{ request: REQUEST, call: 'base32', out: 1_910_294_986 }],
  compile: () => compileHash(false),
});

export const base32Src = defineFetch({
  name: 'base32+src',
  args: [],
  type: SampleType.bin,
  valid: Valid.request,
  doc: 'base32 and the address of the client, joined: 8 or 20 bytes.',
  examples: [{ request: REQUEST, call: 'base32+src,hex', out: '71DCC9CAC0000207' }],
  compile: () => compileWithSource(false),
});

export const url32 = defineFetch({
  name: 'url32',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'A 32-bit hash of the Host field and the path with its query.',
  examples: [{ request: 'GET /x HTTP/1.1\r\nHost: h.test', call: 'url32', out: 1_910_294_986 }],
  compile: () => compileHash(true),
});

export const url32Src = defineFetch({
  name: 'url32+src',
  args: [],
  type: SampleType.bin,
  valid: Valid.request,
  doc: 'url32 and the address of the client, joined: 8 or 20 bytes.',
  examples: [{ request: 'GET /x HTTP/1.1\r\nHost: h.test', call: 'url32+src,hex', out: '71DCC9CAC0000207' }],
  compile: () => compileWithSource(true),
});

const COLON = 58;
const SLASH = 47;
const S = 115;
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** Set by findAuthority: the address in an absolute target, and its port. */
const authority = { start: 0, end: 0, port: 0 };

/** Finds the authority of `scheme://ADDRESS[:PORT]`; false: the target has none. Whether it is an address is the caller's. */
function findAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] !== COLON && bytes[at] !== SLASH) at++;
  if (bytes[at] !== COLON || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH) return false;
  const isSecure = at - start === 5 && bytes[at - 1] === S;
  let stop = at + 3;
  while (stop < end && bytes[stop] !== SLASH && bytes[stop] !== COLON) stop++;
  authority.start = at + 3;
  authority.end = stop;
  authority.port = isSecure ? HTTPS_PORT : HTTP_PORT;
  if (bytes[stop] === COLON && stop < end) readPort(bytes, stop + 1, end);
  return true;
}

function readPort(bytes: Uint8Array, start: number, end: number): void {
  let port = 0;
  for (let at = start; at < end && bytes[at] !== SLASH; at++) port = (port * 10 + (bytes[at] as number) - 48) & 0xffff;
  authority.port = port;
}

/** Sets the sample to the address in the target; false: there is none, or a name. */
function findAddress(sample: Sample, { request }: Stream): boolean {
  const { bytes } = sample.memory;
  if (!findAuthority(bytes, request.targetStart, request.targetEnd)) return false;
  return readIpv4(bytes, authority.start, authority.end, sample.ownIp) && sample.setIp(Family.inet, sample.ownIp);
}

const PROXIED = 'GET http://192.0.2.9:8080/x HTTP/1.1\r\nHost: h';

export const urlIp = defineFetch({
  name: 'url_ip',
  args: [],
  type: SampleType.address,
  valid: Valid.request,
  doc: 'The IPv4 address in an absolute request target.',
  examples: [
    { request: PROXIED, call: 'url_ip', out: '192.0.2.9' },
    { request: 'GET http://h.test/x HTTP/1.1', call: 'url_ip', out: null },
    { call: 'url_ip', out: null },
  ],
  compile: () => findAddress,
});

export const urlPort = defineFetch({
  name: 'url_port',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'The port in an absolute request target with an IPv4 address: 80 or 443 if none is written.',
  examples: [
    { request: PROXIED, call: 'url_port', out: 8080 },
    { request: 'GET https://192.0.2.9/x HTTP/1.1', call: 'url_port', out: 443 },
  ],
  compile: () => {
    return (sample, stream) => findAddress(sample, stream) && sample.setInt(authority.port);
  },
});
