/** Log aliases of the request, the answer, counters and captures (HAProxy 3.x configuration 8.2.6). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type AliasStep, type CompileContext, defineAlias } from '../../rules/define.ts';
import { pathStart } from '../../rules/edit/target.ts';
import { writeTermination } from '../../rules/ending.ts';
import { beginArray, endArray, nextItem, writeNull, writeString } from '../../rules/format/encoding.ts';
import { Encoding, Escape, type TextStyle, type Writer } from '../../rules/format/writer.ts';
import { LogOrigin, ORIGIN_NAMES } from '../../state/logstep.ts';
import type { Stream } from '../../state/records.ts';
import { shownLetter } from '../../stream/cookie.ts';

const QUOTE = 34;
const SPACE = 32;
const PLUS = 43;
const QUESTION = 63;
const BAR = 124;
const OPEN = 123;
const CLOSE = 125;
const BAD_REQUEST = '<BADREQ>';
/** What HAProxy says of a line that was cut before its version. */
const CUT_VERSION = 'HTTP/0.9';

/** Parts of the request line are escaped as URIs are. */
function escapedStyle(style: TextStyle): TextStyle {
  return { ...style, escape: Escape.log };
}

/** Writes a part of the request line, or <BADREQ>. */
function compilePart(style: TextStyle, context: CompileContext, write: (out: Writer, stream: Stream, style: TextStyle) => void): AliasStep {
  const escaped = escapedStyle(style);
  const bad = context.thread.memory.intern(BAD_REQUEST);
  return (out, stream) => {
    if (stream.hasRequestLine) write(out, stream, escaped);
    else out.text(bad, bad + BAD_REQUEST.length, style);
  };
}

function writeRequestLine(out: Writer, stream: Stream, style: TextStyle): void {
  if (style.quote) out.byte(QUOTE);
  out.escaped(stream.logMethodStart, stream.logMethodEnd, Escape.log, style.backslash);
  out.byte(SPACE);
  out.escaped(stream.logTargetStart, stream.logTargetEnd, Escape.log, style.backslash);
  // A line that was cut has no version.
  if (stream.logVersionEnd > stream.logVersionStart) out.byte(SPACE);
  out.escaped(stream.logVersionStart, stream.logVersionEnd, Escape.log, style.backslash);
  if (style.quote) out.byte(QUOTE);
}

const REQUEST = 'GET /a/b?x=1 HTTP/1.1';

export const requestLine = defineAlias({
  name: 'r',
  kind: 'string',
  httpOnly: true,
  doc: 'The request line as it came: method, target, version; <BADREQ> if it was none.',
  examples: [
    { request: REQUEST, format: '%r', out: 'GET /a/b?x=1 HTTP/1.1' },
    { request: 'GET /"#| HTTP/1.1', format: '%{+Q}r', out: '"GET /#22#23| HTTP/1.1"' },
  ],
  compile: (style, context) => compilePart(style, context, writeRequestLine),
});

export const method = defineAlias({
  name: 'HM',
  kind: 'string',
  httpOnly: true,
  doc: 'The method.',
  examples: [{ request: REQUEST, format: '%HM', out: 'GET' }],
  compile: (style, context) =>
    compilePart(style, context, (out, stream, escaped) => out.text(stream.logMethodStart, stream.logMethodEnd, escaped)),
});

export const version = defineAlias({
  name: 'HV',
  kind: 'string',
  httpOnly: true,
  doc: 'The HTTP version.',
  examples: [{ request: REQUEST, format: '%HV', out: 'HTTP/1.1' }],
  compile: (style, context) => {
    const cut = context.thread.memory.intern(CUT_VERSION);
    return compilePart(style, context, (out, { logVersionStart: start, logVersionEnd: end }, escaped) => {
      if (end > start) out.text(start, end, escaped);
      else out.text(cut, cut + CUT_VERSION.length, escaped);
    });
  },
});

export const target = defineAlias({
  name: 'HU',
  kind: 'string',
  httpOnly: true,
  doc: 'The request target.',
  examples: [{ request: REQUEST, format: '%HU', out: '/a/b?x=1' }],
  compile: (style, context) =>
    compilePart(style, context, (out, stream, escaped) => out.text(stream.logTargetStart, stream.logTargetEnd, escaped)),
});

/** Where the query begins, with its question mark; the end without one. */
function queryMark(out: Writer, stream: Stream): number {
  let at = stream.logTargetStart;
  while (at < stream.logTargetEnd && out.bytes[at] !== QUESTION) at++;
  return at;
}

export const path = defineAlias({
  name: 'HP',
  kind: 'string',
  httpOnly: true,
  doc: 'The request target without its query.',
  examples: [{ request: 'GET http://h/a?x HTTP/1.1', format: '%HP', out: 'http://h/a' }],
  compile: (style, context) =>
    compilePart(style, context, (out, stream, escaped) => out.text(stream.logTargetStart, queryMark(out, stream), escaped)),
});

export const pathOnly = defineAlias({
  name: 'HPO',
  kind: 'string',
  httpOnly: true,
  doc: 'The path alone, without scheme, host and query.',
  examples: [{ request: 'GET http://h/a?x HTTP/1.1', format: '%HPO', out: '/a' }],
  compile: (style, context) =>
    compilePart(style, context, (out, stream, escaped) => {
      const end = queryMark(out, stream);
      const start = pathStart(out.bytes, stream.logTargetStart, stream.logTargetEnd);
      out.text(start < 0 ? end : start, end, escaped);
    }),
});

export const query = defineAlias({
  name: 'HQ',
  kind: 'string',
  httpOnly: true,
  doc: 'The query with its question mark; nothing if there is none.',
  examples: [
    { request: REQUEST, format: '%HQ', out: '?x=1' },
    { format: '[%HQ]', out: '[]' },
  ],
  compile: (style, context) => {
    const bare = { ...style, dash: false };
    return compilePart(bare, context, (out, stream, escaped) => out.text(queryMark(out, stream), stream.logTargetEnd, escaped));
  },
});

export const status = defineAlias({
  name: 'ST',
  kind: 'number',
  httpOnly: false,
  doc: 'The status that the client got; -1 for none.',
  examples: [{ format: '%ST', out: '200' }],
  compile: () => {
    return (out, stream) => out.int(stream.status > 0 ? stream.status : -1);
  },
});

export const bytesRead = defineAlias({
  name: 'B',
  kind: 'number',
  httpOnly: false,
  doc: 'Bytes received from the server, the head included; 0 for an answer that was made here.',
  examples: [{ format: '%B', out: '58' }],
  compile: () => {
    return (out, stream) => {
      if (stream.frontend.logAsap || stream.logOrigin < LogOrigin.close) out.byte(PLUS);
      out.int(stream.isLocalReply ? 0 : stream.bytes.fromServer);
    };
  },
});

export const bytesUploaded = defineAlias({
  name: 'U',
  kind: 'number',
  httpOnly: false,
  doc: 'Bytes received from the client.',
  examples: [{ format: '%U', out: '120' }],
  compile: () => {
    return (out, stream) => out.int(stream.bytes.fromClient);
  },
});

export const termination = defineAlias({
  name: 'ts',
  kind: 'string',
  httpOnly: false,
  doc: 'How the stream ended: who, and in which phase (HAProxy 3.x configuration 8.5).',
  examples: [{ format: '%ts', out: '--' }],
  compile: () => writeTermination,
});

export const terminationCookie = defineAlias({
  name: 'tsc',
  kind: 'string',
  httpOnly: false,
  doc: 'As ts, with what became of the persistence cookie.',
  examples: [{ format: '%tsc', out: '----' }],
  compile: () => {
    return (out, stream) => {
      writeTermination(out, stream);
      out.byte(shownLetter(stream, stream.clientCookie));
      out.byte(shownLetter(stream, stream.serverCookie));
    };
  },
});

function compileCookie(style: TextStyle, slot: number): AliasStep {
  return (out, { cookieCaptures }) => {
    const start = cookieCaptures[slot] as number;
    if (start < 0) out.empty(style);
    else out.text(start, cookieCaptures[slot + 1] as number, style);
  };
}

export const requestCookie = defineAlias({
  name: 'CC',
  kind: 'string',
  httpOnly: true,
  doc: 'The captured request cookie.',
  examples: [{ format: '%CC', out: '-' }],
  compile: (style) => compileCookie(style, 0),
});

export const responseCookie = defineAlias({
  name: 'CS',
  kind: 'string',
  httpOnly: true,
  doc: 'The captured response cookie.',
  examples: [{ format: '%CS', out: '-' }],
  compile: (style) => compileCookie(style, 2),
});

/** Slots that the frontend has declared, whoever's rule asks. */
function slotCount({ frontend }: Stream, isRequest: boolean): number {
  return (isRequest ? frontend.requestCaptureLengths : frontend.responseCaptureLengths).length;
}

/** Was there a request, even one that rules on its content refused? */
function mayCapture({ hasRequestLine, request }: Stream): boolean {
  return hasRequestLine || request.headDone;
}

/** `{a|b}`: values of all slots; nothing if none is declared, or if there was no request to capture from. */
function compileCaptures(style: TextStyle, isRequest: boolean): AliasStep {
  return (out, stream) => {
    const count = slotCount(stream, isRequest);
    if (count === 0 || !mayCapture(stream)) return;
    const slots = isRequest ? stream.requestCaptures : stream.responseCaptures;
    if (style.quote) out.byte(QUOTE);
    out.byte(OPEN);
    for (let slot = 0; slot < count; slot++) {
      if (slot > 0) out.byte(BAR);
      const start = slots[slot * 2] as number;
      if (start >= 0) out.escaped(start, slots[slot * 2 + 1] as number, Escape.capture, style.backslash);
    }
    out.byte(CLOSE);
    if (style.quote) out.byte(QUOTE);
  };
}

export const requestCaptures = defineAlias({
  name: 'hr',
  kind: 'string',
  optional: true,
  httpOnly: false,
  doc: 'Captured values of the request: {a|b}.',
  examples: [{ format: '[%hr]', out: '[]' }],
  compile: (style) => compileCaptures(style, true),
});

export const responseCaptures = defineAlias({
  name: 'hs',
  kind: 'string',
  optional: true,
  httpOnly: false,
  doc: 'Captured values of the response: {a|b}.',
  examples: [{ format: '[%hs]', out: '[]' }],
  compile: (style) => compileCaptures(style, false),
});

/** Each value in quotes if +Q, separated by spaces; `-` for one that is not there: the common log format. Encoded: an array. */
function compileList(style: TextStyle, isRequest: boolean, context: CompileContext): AliasStep {
  if (style.encoding !== Encoding.none) return compileArray(style, isRequest, context);
  const escaped = { ...style, escape: Escape.capture };
  return (out, stream) => {
    const count = slotCount(stream, isRequest);
    if (!mayCapture(stream)) return;
    const slots = isRequest ? stream.requestCaptures : stream.responseCaptures;
    for (let slot = 0; slot < count; slot++) {
      if (slot > 0) out.byte(SPACE);
      const start = slots[slot * 2] as number;
      if (start >= 0) out.text(start, slots[slot * 2 + 1] as number, escaped);
      else out.empty(escaped);
    }
  };
}

/** A value that was not captured is an empty text. */
function compileArray(style: TextStyle, isRequest: boolean, context: CompileContext): AliasStep {
  const { memory } = context.thread;
  return (out, stream) => {
    const count = slotCount(stream, isRequest);
    if (count === 0 || !mayCapture(stream)) return writeNull(out, style);
    const slots = isRequest ? stream.requestCaptures : stream.responseCaptures;
    beginArray(out, style);
    for (let slot = 0; slot < count; slot++) {
      if (slot > 0) nextItem(out, style);
      const from = slots[slot * 2] as number;
      const { at, limit } = out;
      const scratch = memory.scratch();
      out.at = scratch;
      out.limit = scratch + SCRATCH_SIZE;
      if (from >= 0) out.escaped(from, slots[slot * 2 + 1] as number, Escape.capture, false);
      const end = out.at;
      out.at = at;
      out.limit = limit;
      writeString(out, style, scratch, end);
    }
    endArray(out, style);
  };
}

export const requestCaptureList = defineAlias({
  name: 'hrl',
  kind: 'string',
  optional: true,
  encodes: true,
  httpOnly: false,
  doc: 'Captured values of the request as a list, for the common log format.',
  examples: [{ format: '[%hrl]', out: '[]' }],
  compile: (style, context) => compileList(style, true, context),
});

export const responseCaptureList = defineAlias({
  name: 'hsl',
  kind: 'string',
  optional: true,
  encodes: true,
  httpOnly: false,
  doc: 'Captured values of the response as a list, for the common log format.',
  examples: [{ format: '[%hsl]', out: '[]' }],
  compile: (style, context) => compileList(style, false, context),
});

/** Cells of stream.logConnections: frontend, backend, server, process. */
function compileConnections(cell: number): AliasStep {
  return (out, stream) => out.int(stream.logConnections[cell] as number);
}

export const frontendConnections = defineAlias({
  name: 'fc',
  kind: 'number',
  httpOnly: false,
  doc: 'Connections on the frontend when the line was written.',
  examples: [{ format: '%fc', out: '2' }],
  compile: () => compileConnections(0),
});

export const backendConnections = defineAlias({
  name: 'bc',
  kind: 'number',
  httpOnly: false,
  doc: 'Streams in the backend when the line was written.',
  examples: [{ format: '%bc', out: '3' }],
  compile: () => compileConnections(1),
});

export const serverConnections = defineAlias({
  name: 'sc',
  kind: 'number',
  httpOnly: false,
  doc: 'Streams on the server when the line was written.',
  examples: [{ format: '%sc', out: '4' }],
  compile: () => compileConnections(2),
});

export const activeConnections = defineAlias({
  name: 'ac',
  kind: 'number',
  httpOnly: false,
  doc: 'Client connections of the process when the line was written.',
  examples: [{ format: '%ac', out: '1' }],
  compile: () => compileConnections(3),
});

export const retries = defineAlias({
  name: 'rc',
  kind: 'number',
  httpOnly: false,
  doc: 'Connection retries, with + before it if the stream went to another server.',
  examples: [{ format: '%rc', out: '0' }],
  compile: () => {
    return (out, stream) => {
      if (stream.redispatched) out.byte(PLUS);
      out.int(stream.retries);
    };
  },
});

export const serverQueue = defineAlias({
  name: 'sq',
  kind: 'number',
  httpOnly: false,
  doc: "Streams that were before this one in the server's queue.",
  examples: [{ format: '%sq', out: '0' }],
  compile: () => {
    return (out, stream) => out.int(stream.serverQueuePosition);
  },
});

export const backendQueue = defineAlias({
  name: 'bq',
  kind: 'number',
  httpOnly: false,
  doc: "Streams that were before this one in the backend's queue.",
  examples: [{ format: '%bq', out: '0' }],
  compile: () => {
    return (out, stream) => out.int(stream.backendQueuePosition);
  },
});

export const lineCounter = defineAlias({
  name: 'lc',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: 'Log lines of the frontend before this one; four hexadecimal digits with +X.',
  examples: [
    { format: '%lc', out: '0' },
    { format: '%{+X}lc', out: '0000' },
  ],
  compile: (style) => {
    if (!style.hex) return (out, stream) => out.int(stream.logNumber);
    return (out, stream) => out.hexInt(stream.logNumber);
  },
});

export const origin = defineAlias({
  name: 'OG',
  kind: 'string',
  httpOnly: false,
  doc: 'What made this line be logged: txn_accept, txn_request, txn_connect, txn_response, txn_close, sess_error, sess_killed, or the rule set of do-log.',
  examples: [
    { format: '%OG', out: 'txn_close' },
    { format: '%{+Q}OG', out: '"txn_close"' },
  ],
  compile: (style, context) => {
    const { memory } = context.thread;
    const starts = Int32Array.from(ORIGIN_NAMES, (name) => memory.intern(name));
    const lengths = Int32Array.from(ORIGIN_NAMES, (name) => name.length);
    return (out, stream) => {
      const start = starts[stream.logOrigin] as number;
      out.text(start, start + (lengths[stream.logOrigin] as number), style);
    };
  },
});

export const requestCounter = defineAlias({
  name: 'rt',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: 'Number of the request (or of the session in TCP mode) in the process; four hexadecimal digits with +X.',
  examples: [{ format: '%rt', out: '9' }],
  compile: (style) => {
    if (!style.hex) return (out, stream) => out.int(stream.serial);
    return (out, stream) => out.hexInt(stream.serial);
  },
});
