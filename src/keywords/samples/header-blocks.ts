/** All header fields of a message at once: as text, in HAProxy's binary form, or only their names (HAProxy 3.x configuration 7.3.6). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import type { HeaderTable, HttpMessage } from '../../http/message.ts';
import { LOWER } from '../../http/tokens.ts';
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { Writer } from '../../rules/format/writer.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';

const COMMA = 44;
const COLON = 58;
const SPACE = 32;
const CR = 13;
const LF = 10;

type MessageOf = (stream: Stream) => HttpMessage;

const requestOf: MessageOf = (stream) => stream.request;
const responseOf: MessageOf = (stream) => stream.response;

/** What is written of one row. */
type RowStep = (out: Writer, headers: HeaderTable, row: number) => void;

/** Writes each row, then what ends the block; no value if there is no room. */
function compileRows(
  messageOf: MessageOf,
  type: typeof SampleType.str | typeof SampleType.bin,
  row: RowStep,
  context: CompileContext,
): FetchStep {
  const out = new Writer(context.thread.memory);
  return (sample, stream) => {
    const { headers } = messageOf(stream);
    const start = out.memory.scratch();
    out.open(start, start + SCRATCH_SIZE);
    for (let at = 0; at < headers.rows; at++) if (!headers.isHole(at)) row(out, headers, at);
    row(out, headers, -1);
    if (out.overflow) return false;
    return type === SampleType.str ? sample.setText(start, out.at) : sample.setBinary(start, out.at);
  };
}

function writeName(out: Writer, headers: HeaderTable, row: number): void {
  const start = headers.nameStart(row);
  const end = start + headers.nameLength(row);
  for (let at = start; at < end; at++) out.byte(LOWER[out.bytes[at] as number] as number);
}

/** `name: value` and a line end; an empty line at the end. */
function writeLine(out: Writer, headers: HeaderTable, row: number): void {
  if (row >= 0) {
    writeName(out, headers, row);
    out.byte(COLON);
    out.byte(SPACE);
    out.copy(headers.valueStart(row), headers.valueEnd(row));
  }
  out.byte(CR);
  out.byte(LF);
}

/** Name and value, each behind its length; two lengths of 0 at the end. */
function writeBinary(out: Writer, headers: HeaderTable, row: number): void {
  if (row < 0) {
    out.byte(0);
    out.byte(0);
    return;
  }
  writeLength(out, headers.nameLength(row));
  writeName(out, headers, row);
  writeLength(out, headers.valueEnd(row) - headers.valueStart(row));
  out.copy(headers.valueStart(row), headers.valueEnd(row));
}

const ONE_BYTE = 240;

/** A length as HAProxy's SPOP and peers write one: 0 to 239 in a byte, the rest in four and then seven bits each. */
function writeLength(out: Writer, length: number): void {
  if (length < ONE_BYTE) {
    out.byte(length);
    return;
  }
  out.byte((length & 15) | ONE_BYTE);
  let left = (length - ONE_BYTE) >> 4;
  while (left >= 128) {
    out.byte((left & 127) | 128);
    left = (left - 128) >> 7;
  }
  out.byte(left);
}

const TWO = 'GET / HTTP/1.1\r\nHost: a\r\nX-B: c';
const ANSWER = 'HTTP/1.1 200 OK\r\nServer: x\r\nVary: y';

export const reqHdrs = defineFetch({
  name: 'req.hdrs',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'All request header fields as they would be sent, with the empty line that ends them.',
  examples: [{ request: TWO, call: 'req.hdrs', out: 'host: a\r\nx-b: c\r\n\r\n' }],
  compile: (_, context) => compileRows(requestOf, SampleType.str, writeLine, context),
});

export const resHdrs = defineFetch({
  name: 'res.hdrs',
  args: [],
  type: SampleType.str,
  valid: Valid.response,
  doc: 'As req.hdrs, of the response.',
  examples: [{ response: ANSWER, call: 'res.hdrs', out: 'server: x\r\nvary: y\r\n\r\n' }],
  compile: (_, context) => compileRows(responseOf, SampleType.str, writeLine, context),
});

export const reqHdrsBin = defineFetch({
  name: 'req.hdrs_bin',
  args: [],
  type: SampleType.bin,
  valid: Valid.request,
  doc: 'All request header fields, each as name and value with their lengths before them; two bytes of 0 end them.',
  examples: [
    { request: TWO, call: 'req.hdrs_bin,hex', out: '04686F7374016103782D6201630000' },
    {
      request: `GET / HTTP/1.1\r\nX: ${'y'.repeat(300)}`,
      call: 'req.hdrs_bin,bytes(0,6),hex',
      out: '0178FC037979',
    },
  ],
  compile: (_, context) => compileRows(requestOf, SampleType.bin, writeBinary, context),
});

export const resHdrsBin = defineFetch({
  name: 'res.hdrs_bin',
  args: [],
  type: SampleType.bin,
  valid: Valid.response,
  doc: 'As req.hdrs_bin, of the response.',
  examples: [{ response: 'HTTP/1.1 200 OK\r\nA: b', call: 'res.hdrs_bin,hex', out: '016101620000' }],
  compile: (_, context) => compileRows(responseOf, SampleType.bin, writeBinary, context),
});

/** Names in their order, a delimiter of one byte between them. */
function compileNames(messageOf: MessageOf, delim: string, context: CompileContext): FetchStep {
  const separator = delim === '' ? COMMA : delim.charCodeAt(0);
  const out = new Writer(context.thread.memory);
  return (sample, stream) => {
    const { headers } = messageOf(stream);
    const start = out.memory.scratch();
    out.open(start, start + SCRATCH_SIZE);
    for (let row = 0; row < headers.rows; row++) {
      if (headers.isHole(row)) continue;
      if (out.at > start) out.byte(separator);
      writeName(out, headers, row);
    }
    return !out.overflow && sample.setText(start, out.at);
  };
}

const DELIMITER = [{ name: 'delim', kind: 'str', default: ',' }] as const;

export const reqHdrNames = defineFetch({
  name: 'req.hdr_names',
  args: DELIMITER,
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The names of all request header fields in their order, separated by `delim`.',
  examples: [{ request: TWO, call: 'req.hdr_names(:)', out: 'host:x-b' }],
  compile: ([delim], context) => compileNames(requestOf, delim, context),
});

export const resHdrNames = defineFetch({
  name: 'res.hdr_names',
  args: DELIMITER,
  type: SampleType.str,
  valid: Valid.response,
  doc: 'As req.hdr_names, of the response.',
  examples: [{ response: ANSWER, call: 'res.hdr_names', out: 'server,vary' }],
  compile: ([delim], context) => compileNames(responseOf, delim, context),
});
