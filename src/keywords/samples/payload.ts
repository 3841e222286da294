/**
 * Samples of raw bytes at the start of a connection: what a rule that waits looks at (HAProxy 3.x configuration 7.3.5). They see
 * TCP mode only: in HTTP mode the bytes are a message, of which `req.len` and `res.len` tell the size.
 */
import type { HttpMessage } from '../../http/message.ts';
import { type CompileContext, defineFetch, defineFetchName, type FetchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { readsResponse, Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';

type MessageOf = (stream: Stream) => HttpMessage;

const requestOf: MessageOf = (stream) => stream.request;
const responseOf: MessageOf = (stream) => stream.response;

/** The message that a word without direction reads. */
function sideOf(context: CompileContext): MessageOf {
  return readsResponse(context.places) ? responseOf : requestOf;
}

function isRaw(stream: Stream): boolean {
  return stream.tunnel && !stream.hasRequestLine;
}

/** There is no value, but there may be one with more data. */
function later(sample: Sample): boolean {
  sample.mayChange = true;
  return false;
}

/** What HAProxy's buffer needs for a start line beside its texts. */
const START_LINE_COST = 20;

/** Bytes of a message in HAProxy's form: start line, fields, body. */
function messageSize(message: HttpMessage): number {
  const { headers } = message;
  let size = START_LINE_COST + message.methodEnd - message.methodStart + message.targetEnd - message.targetStart;
  size += message.versionEnd - message.versionStart + message.reasonEnd - message.reasonStart + message.bodyEnd - message.bodyStart;
  for (let row = 0; row < headers.rows; row++) {
    if (!headers.isHole(row)) size += headers.nameLength(row) + headers.valueEnd(row) - headers.valueStart(row);
  }
  return size;
}

function compileLength(messageOf: MessageOf): FetchStep {
  return (sample, stream) => {
    sample.mayChange = true;
    const message = messageOf(stream);
    return sample.setInt(isRaw(stream) ? message.bodyEnd - message.bodyStart : messageSize(message));
  };
}

/** `length` bytes from `offset` on; all that there is if the length is 0. */
function compilePayload(messageOf: MessageOf, offset: number, length: number): FetchStep {
  if (offset < 0 || length < 0) throw new RuleError('a payload has no negative offset or length', -1, String(Math.min(offset, length)));
  return (sample, stream) => {
    const { bodyStart, bodyEnd } = messageOf(stream);
    if (!isRaw(stream)) return false;
    const start = bodyStart + offset;
    if (start + length > bodyEnd) return later(sample);
    if (length === 0) sample.mayChange = true;
    return sample.setBinary(start, length === 0 ? bodyEnd : start + length);
  };
}

/** Where the bytes are whose length stands in `width` bytes at `at`: behind it, at an offset, or relative to its end. */
interface LengthValue {
  readonly at: number;
  readonly width: number;
  readonly offset: number;
  readonly isRelative: boolean;
}

function compileLengthValue(messageOf: MessageOf, at: number, width: number, offset: string | null): FetchStep {
  const place = lengthValueOf(at, width, offset);
  return (sample, stream) => {
    const { bodyStart, bodyEnd } = messageOf(stream);
    if (!isRaw(stream)) return false;
    const { bytes } = sample.memory;
    const lengthEnd = bodyStart + place.at + place.width;
    if (lengthEnd > bodyEnd) return later(sample);
    let length = 0;
    for (let i = bodyStart + place.at; i < lengthEnd; i++) length = length * 256 + (bytes[i] as number);
    const start = place.isRelative ? lengthEnd + place.offset : bodyStart + place.offset;
    if (length === 0 || start < bodyStart) return false;
    return start + length > bodyEnd ? later(sample) : sample.setBinary(start, start + length);
  };
}

function lengthValueOf(at: number, width: number, offset: string | null): LengthValue {
  if (at < 0) throw new RuleError('a payload has no negative offset', -1, String(at));
  if (width < 1 || width > 4) throw new RuleError(`a length takes 1 to 4 bytes, not ${width}`, -1, String(width));
  if (offset !== null && !/^[-+]?\d+$/.test(offset)) throw new RuleError(`'${offset}' is not an offset`, -1, offset);
  return { at, width, offset: Number(offset ?? 0), isRelative: offset === null || /^[-+]/.test(offset) };
}

const PAYLOAD_ARGS = [
  { name: 'offset', kind: 'int' },
  { name: 'length', kind: 'int' },
] as const;
const LENGTH_ARGS = [
  { name: 'offset1', kind: 'int' },
  { name: 'length', kind: 'int' },
  { name: 'offset2', kind: 'str', default: null },
] as const;

/** Two bytes, a length of 3, the three bytes and two more. */
const RAW = 'ab\x03xyzcd';

export const reqLen = defineFetch({
  name: 'req.len',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'Bytes that the client has sent so far; in HTTP mode what its message takes in a buffer. More may come.',
  examples: [
    { raw: RAW, call: 'req.len', out: 8 },
    { request: 'GET / HTTP/1.1\r\nHost: a', call: 'req.len', out: 37 },
  ],
  compile: () => compileLength(requestOf),
});

export const reqLenOld = defineFetchName('req_len', reqLen, { raw: RAW, call: 'req_len', out: 8 });

export const resLen = defineFetch({
  name: 'res.len',
  args: [],
  type: SampleType.int,
  valid: Valid.response,
  doc: 'Bytes that the server has sent so far; in HTTP mode what its message takes in a buffer. More may come.',
  examples: [{ raw: RAW, response: '', call: 'res.len', out: 8 }],
  compile: () => compileLength(responseOf),
});

export const reqPayload = defineFetch({
  name: 'req.payload',
  args: PAYLOAD_ARGS,
  type: SampleType.bin,
  valid: Valid.request,
  doc: 'Bytes that the client sent, `length` of them from `offset` on, or all from there on if it is 0.',
  examples: [
    { raw: RAW, call: 'req.payload(3,3)', out: 'xyz' },
    { raw: RAW, call: 'req.payload(6,0)', out: 'cd' },
    { raw: RAW, call: 'req.payload(6,3)', out: null },
    { request: 'GET / HTTP/1.1', call: 'req.payload(0,3)', out: null },
  ],
  compile: ([offset, length]) => compilePayload(requestOf, offset, length),
});

export const resPayload = defineFetch({
  name: 'res.payload',
  args: PAYLOAD_ARGS,
  type: SampleType.bin,
  valid: Valid.response,
  doc: 'As req.payload, of what the server sent.',
  examples: [{ raw: RAW, response: '', call: 'res.payload(0,2)', out: 'ab' }],
  compile: ([offset, length]) => compilePayload(responseOf, offset, length),
});

export const payload = defineFetch({
  name: 'payload',
  args: PAYLOAD_ARGS,
  type: SampleType.bin,
  valid: Valid.message,
  derivatives: ['payload:bin'],
  doc: 'As req.payload in rules of the request and as res.payload in those of the response.',
  examples: [{ raw: RAW, call: 'payload(0,2)', out: 'ab' }],
  compile: ([offset, length], context) => compilePayload(sideOf(context), offset, length),
});

export const reqPayloadLv = defineFetch({
  name: 'req.payload_lv',
  args: LENGTH_ARGS,
  type: SampleType.bin,
  valid: Valid.request,
  doc: 'Bytes that the client sent, as many as the number says that stands in `length` bytes at `offset1`: those behind it, or from `offset2` on, which counts from the end of the number if it has a sign.',
  examples: [
    { raw: RAW, call: 'req.payload_lv(2,1)', out: 'xyz' },
    { raw: RAW, call: 'req.payload_lv(2,1,+2)', out: 'zcd' },
    { raw: RAW, call: 'req.payload_lv(2,1,0)', out: 'ab\x03' },
    { raw: RAW, call: 'req.payload_lv(2,2)', out: null },
  ],
  compile: ([at, width, offset]) => compileLengthValue(requestOf, at, width, offset),
});

export const resPayloadLv = defineFetch({
  name: 'res.payload_lv',
  args: LENGTH_ARGS,
  type: SampleType.bin,
  valid: Valid.response,
  doc: 'As req.payload_lv, of what the server sent.',
  examples: [{ raw: RAW, response: '', call: 'res.payload_lv(2,1)', out: 'xyz' }],
  compile: ([at, width, offset]) => compileLengthValue(responseOf, at, width, offset),
});

export const payloadLv = defineFetch({
  name: 'payload_lv',
  args: LENGTH_ARGS,
  type: SampleType.bin,
  valid: Valid.message,
  derivatives: ['payload_lv:bin'],
  doc: 'As req.payload_lv in rules of the request and as res.payload_lv in those of the response.',
  examples: [{ raw: RAW, call: 'payload_lv(2,1)', out: 'xyz' }],
  compile: ([at, width, offset], context) => compileLengthValue(sideOf(context), at, width, offset),
});

export const waitEnd = defineFetch({
  name: 'wait_end',
  args: [],
  type: SampleType.bool,
  valid: Valid.running,
  doc: 'True once no more data is waited for: the inspect-delay is over, or the message is complete. Unknown before.',
  examples: [{ call: 'wait_end', out: true }],
  compile: () => {
    return (sample) => (sample.final ? sample.setBool(true) : later(sample));
  },
});

export const reqProtoHttp = defineFetch({
  name: 'req.proto_http',
  args: [],
  type: SampleType.bool,
  valid: Valid.requestKept,
  doc: 'Whether the client speaks HTTP: its message, or in TCP mode what it sent so far, is the head of a request.',
  examples: [
    { call: 'req.proto_http', out: true },
    { raw: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', call: 'req.proto_http', out: true },
    { raw: 'GET / HTTP/1.1\r\nHost: a\r\n', call: 'req.proto_http', out: null },
    { raw: '\x16\x03\x01', call: 'req.proto_http', out: null },
  ],
  compile: (_, context) => {
    const head = context.thread.rawHead();
    return (sample, stream) => {
      if (!isRaw(stream)) return stream.hasRequestLine && sample.setBool(true);
      return head.read(sample, stream) && sample.setBool(true);
    };
  },
});

export const reqProtoHttpOld = defineFetchName('req_proto_http', reqProtoHttp, { call: 'req_proto_http', out: true });
