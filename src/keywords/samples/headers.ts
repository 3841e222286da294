/**
 * Samples of header fields (HAProxy 3.x configuration 7.3.6): `hdr` sees each comma-separated value, `fhdr` whole
 * lines. In ACLs every value is tried; elsewhere the last one, or occurrence N, counted from the end if negative.
 */

import { Family } from '../../base/address.ts';
import type { HeaderTable, HttpMessage } from '../../http/message.ts';
import { headerIdOfName } from '../../rules/answer/reply.ts';
import { type CompileContext, defineFetch, defineFetchName, type FetchStep } from '../../rules/define.ts';
import { longItemEnd, skipBlanks, trimBlanks } from '../../rules/edit/target.ts';
import { RuleError } from '../../rules/error.ts';
import { readsResponse, Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { dottedEnd, readIpv4, readIpv6 } from '../../rules/value/bytes.ts';
import { asLooseInt } from '../../rules/value/looseint.ts';
import type { Stream } from '../../state/records.ts';

const COLON = 58;
const ZERO = 48;
const MOST_PORT = 65_535;

/** A field name as rules look for it; every name if the length is 0. */
interface FieldName {
  /** HeaderId. */
  readonly id: number;
  readonly start: number;
  readonly length: number;
}

function fieldName(name: string | null, context: CompileContext): FieldName {
  const lower = (name ?? '').toLowerCase();
  return { id: headerIdOfName(lower), start: context.thread.memory.intern(lower), length: lower.length };
}

/** Set by nextValue: the value it found. */
const found = { start: 0, end: 0 };

/** The first row at or after `from` with this name (any row that is no hole if it is empty); -1: none. */
function findRow(bytes: Uint8Array, headers: HeaderTable, name: FieldName, from: number): number {
  if (name.length > 0) return headers.findName(name.id, bytes, name.start, name.length, from);
  for (let row = from; row < headers.rows; row++) if (!headers.isHole(row)) return row;
  return -1;
}

/** Moves the cursor in `sample` (row, next) to the next value, which may be empty; false: there is no more. */
function nextValue(sample: Sample, headers: HeaderTable, name: FieldName, whole: boolean): boolean {
  const { bytes } = sample.memory;
  let { row, next } = sample;
  if (next < 0) {
    row = findRow(bytes, headers, name, row);
    if (row < 0) return false;
    next = headers.valueStart(row);
  }
  const end = headers.valueEnd(row);
  const start = whole ? next : skipBlanks(bytes, next, end);
  const stop = whole ? end : longItemEnd(sample.memory, start, end);
  found.start = start;
  found.end = whole ? end : trimBlanks(bytes, start, stop);
  sample.row = stop < end ? row : row + 1;
  sample.next = stop < end ? stop + 1 : -1;
  return true;
}

type Side = 'request' | 'response';

function messageOf(stream: Stream, side: Side): HttpMessage {
  return side === 'request' ? stream.request : stream.response;
}

/** One value: occurrence N from the start, or from the end if negative. */
function compileOne(side: Side, whole: boolean, name: string | null, occurrence: number, context: CompileContext): FetchStep {
  const field = fieldName(name, context);
  if (occurrence === -1 && field.length > 0) return compileLast(side, whole, field);
  return (sample, stream) => {
    const { headers } = messageOf(stream, side);
    if (occurrence > 0) return pick(sample, headers, field, whole, occurrence);
    const total = count(sample, headers, field, whole);
    const wanted = total + 1 + occurrence;
    return wanted > 0 && pick(sample, headers, field, whole, wanted);
  };
}

/** The last value of the last field, without a look at those before. */
function compileLast(side: Side, whole: boolean, { id, start, length }: FieldName): FetchStep {
  return (sample, stream) => {
    const { headers } = side === 'request' ? stream.request : stream.response;
    const { memory } = sample;
    const { bytes } = memory;
    const row = headers.findLastName(id, bytes, start, length);
    if (row < 0) return false;
    let from = headers.valueStart(row);
    const end = headers.valueEnd(row);
    if (whole) return sample.setText(from, end);
    for (let stop = longItemEnd(memory, from, end); stop < end; stop = longItemEnd(memory, from, end)) from = stop + 1;
    from = skipBlanks(bytes, from, end);
    return sample.setText(from, trimBlanks(bytes, from, end));
  };
}

function pick(sample: Sample, headers: HeaderTable, field: FieldName, whole: boolean, wanted: number): boolean {
  sample.rewind();
  for (let at = 0; at < wanted; at++) if (!nextValue(sample, headers, field, whole)) return false;
  return sample.setText(found.start, found.end);
}

function count(sample: Sample, headers: HeaderTable, field: FieldName, whole: boolean): number {
  sample.rewind();
  let total = 0;
  while (nextValue(sample, headers, field, whole)) total++;
  return total;
}

/** Each value in turn. */
function compileEvery(side: Side, whole: boolean, name: string | null, context: CompileContext): FetchStep {
  const field = fieldName(name, context);
  return (sample, stream) => {
    if (!nextValue(sample, messageOf(stream, side).headers, field, whole)) return false;
    sample.more = true;
    return sample.setText(found.start, found.end);
  };
}

/** Like the step, with its value as an address; what is none is no value. */
function compileAddress(step: FetchStep): FetchStep {
  return (sample, stream) => step(sample, stream) && asAddress(sample);
}

/** Like the step, which yields every value: those that are addresses. */
function compileEachAddress(step: FetchStep): FetchStep {
  return (sample, stream) => {
    for (;;) {
      // A step for one occurrence leaves it alone: what the last ACL left there would ask it for ever.
      sample.more = false;
      if (!step(sample, stream)) return false;
      if (asAddress(sample)) return true;
      if (!sample.more) return false;
    }
  };
}

/** An address of IPv4 may have a port, one of IPv6 not; nothing else may stand beside it. */
function asAddress(sample: Sample): boolean {
  const { start, end, ownIp, memory } = sample;
  const { bytes } = memory;
  const stop = dottedEnd(bytes, start, end);
  if (readIpv4(bytes, start, stop, ownIp)) return (stop === end || isPort(bytes, stop, end)) && sample.setIp(Family.inet, ownIp);
  return readIpv6(bytes, start, end, ownIp) && sample.setIp(Family.inet6, ownIp);
}

/** A colon and a number of 16 bits. */
function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== COLON || start + 1 === end) return false;
  let port = 0;
  for (let at = start + 1; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
    if (port > MOST_PORT) return false;
  }
  return true;
}

function compileCount(side: Side, whole: boolean, name: string | null, context: CompileContext): FetchStep {
  const field = fieldName(name, context);
  return (sample, stream) => sample.setInt(count(sample, messageOf(stream, side).headers, field, whole));
}

const ARGS = [
  { name: 'name', kind: 'str', default: null, mayBeEmpty: true },
  { name: 'occ', kind: 'int', default: 0 },
] as const;
const NAME_ONLY = [{ name: 'name', kind: 'str', default: null }] as const;

function noValue(): boolean {
  return false;
}

/** 0 means the last one outside ACLs. */
function occurrenceOf(value: number): number {
  if (value < -10) throw new RuleError(`an occurrence is at least -10, not ${value}`, -1, String(value));
  return value === 0 ? -1 : value;
}

/** Without any argument there is no value; with an empty name it is of any field, as in HAProxy. */
function compileHeader(side: Side, whole: boolean, name: string | null, occ: number, context: CompileContext): FetchStep {
  if (name === null) return noValue;
  return compileOne(side, whole, name, occurrenceOf(occ), context);
}

function compileEachHeader(side: Side, whole: boolean, name: string | null, occ: number, context: CompileContext): FetchStep {
  if (name === null) return noValue;
  return occ === 0 ? compileEvery(side, whole, name, context) : compileOne(side, whole, name, occurrenceOf(occ), context);
}

const TWO_HOSTS = 'GET / HTTP/1.1\r\nX-A: one, two\r\nX-A: three';

export const reqHdr = defineFetch({
  name: 'req.hdr',
  args: ARGS,
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['hdr'],
  doc: 'A value of a request header field. A field may have several, separated by commas: the last one, or occurrence `occ`.',
  examples: [
    { request: TWO_HOSTS, call: 'req.hdr(x-a)', out: 'three' },
    { request: TWO_HOSTS, call: 'req.hdr(X-A,1)', out: 'one' },
    { request: TWO_HOSTS, call: 'req.hdr(x-a,-2)', out: 'two' },
    { request: 'GET / HTTP/1.1\r\nX-A: "a, b" , c', call: 'req.hdr(x-a,1)', out: '"a, b"' },
    { call: 'req.hdr(x-none)', out: null },
  ],
  compile: ([name, occ], context) => compileHeader('request', false, name, occ, context),
  compileEach: ([name, occ], context) => compileEachHeader('request', false, name, occ, context),
});

export const reqFhdr = defineFetch({
  name: 'req.fhdr',
  args: ARGS,
  type: SampleType.str,
  valid: Valid.request,
  doc: 'A whole request header field, commas included: the last one of this name, or occurrence `occ`.',
  examples: [
    { request: 'GET / HTTP/1.1\r\nX-A: one, two', call: 'req.fhdr(x-a)', out: 'one, two' },
    { request: TWO_HOSTS, call: 'req.fhdr(x-a,1)', out: 'one, two' },
  ],
  compile: ([name, occ], context) => compileHeader('request', true, name, occ, context),
  compileEach: ([name, occ], context) => compileEachHeader('request', true, name, occ, context),
});

export const resHdr = defineFetch({
  name: 'res.hdr',
  args: ARGS,
  type: SampleType.str,
  valid: Valid.response,
  derivatives: ['shdr'],
  doc: 'As req.hdr, of the response.',
  examples: [{ response: 'HTTP/1.1 200 OK\r\nServer: x', call: 'res.hdr(server)', out: 'x' }],
  compile: ([name, occ], context) => compileHeader('response', false, name, occ, context),
  compileEach: ([name, occ], context) => compileEachHeader('response', false, name, occ, context),
});

export const resFhdr = defineFetch({
  name: 'res.fhdr',
  args: ARGS,
  type: SampleType.str,
  valid: Valid.response,
  doc: 'As req.fhdr, of the response.',
  examples: [{ response: 'HTTP/1.1 200 OK\r\nVary: a, b', call: 'res.fhdr(vary)', out: 'a, b' }],
  compile: ([name, occ], context) => compileHeader('response', true, name, occ, context),
  compileEach: ([name, occ], context) => compileEachHeader('response', true, name, occ, context),
});

/** The message that a word without direction reads. */
function sideOf(context: CompileContext): Side {
  return readsResponse(context.places) ? 'response' : 'request';
}

export const hdr = defineFetch({
  name: 'hdr',
  args: ARGS,
  type: SampleType.str,
  valid: Valid.message,
  doc: 'As req.hdr in rules of the request and as res.hdr in those of the response.',
  examples: [{ request: 'GET / HTTP/1.1\r\nHost: a.test', call: 'hdr(host)', out: 'a.test' }],
  compile: ([name, occ], context) => compileHeader(sideOf(context), false, name, occ, context),
  compileEach: ([name, occ], context) => compileEachHeader(sideOf(context), false, name, occ, context),
});

export const reqHdrCnt = defineFetch({
  name: 'req.hdr_cnt',
  args: NAME_ONLY,
  type: SampleType.int,
  valid: Valid.request,
  doc: 'How many values the request header field has, counted by commas.',
  examples: [
    { request: TWO_HOSTS, call: 'req.hdr_cnt(x-a)', out: 3 },
    { call: 'req.hdr_cnt(x-none)', out: 0 },
  ],
  compile: ([name], context) => compileCount('request', false, name, context),
});

export const hdrCnt = defineFetchName('hdr_cnt', reqHdrCnt, { request: TWO_HOSTS, call: 'hdr_cnt(x-a)', out: 3 });

export const reqFhdrCnt = defineFetch({
  name: 'req.fhdr_cnt',
  args: NAME_ONLY,
  type: SampleType.int,
  valid: Valid.request,
  doc: 'How many request header fields of this name there are.',
  examples: [{ request: TWO_HOSTS, call: 'req.fhdr_cnt(x-a)', out: 2 }],
  compile: ([name], context) => compileCount('request', true, name, context),
});

export const resHdrCnt = defineFetch({
  name: 'res.hdr_cnt',
  args: NAME_ONLY,
  type: SampleType.int,
  valid: Valid.response,
  doc: 'As req.hdr_cnt, of the response.',
  examples: [{ response: 'HTTP/1.1 200 OK\r\nVary: a, b', call: 'res.hdr_cnt(vary)', out: 2 }],
  compile: ([name], context) => compileCount('response', false, name, context),
});

export const resFhdrCnt = defineFetch({
  name: 'res.fhdr_cnt',
  args: NAME_ONLY,
  type: SampleType.int,
  valid: Valid.response,
  doc: 'As req.fhdr_cnt, of the response.',
  examples: [{ response: 'HTTP/1.1 200 OK\r\nVary: a, b', call: 'res.fhdr_cnt(vary)', out: 1 }],
  compile: ([name], context) => compileCount('response', true, name, context),
});

export const reqHdrIp = defineFetch({
  name: 'req.hdr_ip',
  args: ARGS,
  type: SampleType.address,
  valid: Valid.request,
  doc: 'A value of a request header field as an IP address. One of IPv4 may have a port behind it; whatever else stands there makes it none.',
  examples: [
    { request: 'GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1, 2001:db8::2', call: 'req.hdr_ip(x-forwarded-for)', out: '2001:db8::2' },
    { request: 'GET / HTTP/1.1\r\nX-Forwarded-For: nobody', call: 'req.hdr_ip(x-forwarded-for)', out: null },
    { request: 'GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1:50123', call: 'req.hdr_ip(x-forwarded-for)', out: '192.0.2.1' },
    { request: 'GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1:65536', call: 'req.hdr_ip(x-forwarded-for)', out: null },
  ],
  compile: ([name, occ], context) => compileAddress(compileHeader('request', false, name, occ, context)),
  compileEach: ([name, occ], context) => compileEachAddress(compileEachHeader('request', false, name, occ, context)),
});

export const hdrIp = defineFetchName('hdr_ip', reqHdrIp, {
  request: 'GET / HTTP/1.1\r\nX-Ip: 192.0.2.1',
  call: 'hdr_ip(x-ip)',
  out: '192.0.2.1',
});

export const reqHdrVal = defineFetch({
  name: 'req.hdr_val',
  args: ARGS,
  type: SampleType.int,
  valid: Valid.request,
  doc: 'A value of a request header field as an integer.',
  examples: [{ request: 'POST / HTTP/1.1\r\nX-Size: 12', call: 'req.hdr_val(x-size)', out: 12 }],
  compile: ([name, occ], context) => asLooseInt(compileHeader('request', false, name, occ, context)),
  compileEach: ([name, occ], context) => asLooseInt(compileEachHeader('request', false, name, occ, context)),
});

export const hdrVal = defineFetchName('hdr_val', reqHdrVal, { request: 'POST / HTTP/1.1\r\nX-Size: 12', call: 'hdr_val(x-size)', out: 12 });

const TWO_IPS = 'HTTP/1.1 200 OK\r\nX-Ip: 192.0.2.1, 192.0.2.2\r\nContent-Length: 3';

export const shdr = defineFetchName('shdr', resHdr, { response: TWO_IPS, call: 'shdr(x-ip)', out: '192.0.2.2' });
export const shdrCnt = defineFetchName('shdr_cnt', resHdrCnt, { response: TWO_IPS, call: 'shdr_cnt(x-ip)', out: 2 });

export const resHdrIp = defineFetch({
  name: 'res.hdr_ip',
  args: ARGS,
  type: SampleType.address,
  valid: Valid.response,
  doc: 'As req.hdr_ip, of the response.',
  examples: [{ response: TWO_IPS, call: 'res.hdr_ip(x-ip,1)', out: '192.0.2.1' }],
  compile: ([name, occ], context) => compileAddress(compileHeader('response', false, name, occ, context)),
  compileEach: ([name, occ], context) => compileEachAddress(compileEachHeader('response', false, name, occ, context)),
});

export const shdrIp = defineFetchName('shdr_ip', resHdrIp, { response: TWO_IPS, call: 'shdr_ip(x-ip)', out: '192.0.2.2' });

export const resHdrVal = defineFetch({
  name: 'res.hdr_val',
  args: ARGS,
  type: SampleType.int,
  valid: Valid.response,
  doc: 'As req.hdr_val, of the response.',
  examples: [{ response: TWO_IPS, call: 'res.hdr_val(content-length)', out: 3 }],
  compile: ([name, occ], context) => asLooseInt(compileHeader('response', false, name, occ, context)),
  compileEach: ([name, occ], context) => asLooseInt(compileEachHeader('response', false, name, occ, context)),
});

export const shdrVal = defineFetchName('shdr_val', resHdrVal, { response: TWO_IPS, call: 'shdr_val(content-length)', out: 3 });
