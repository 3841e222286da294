/**
 * Answers made here: ready-made ones from constants (error pages, error files, fixed returns), and the
 * start of one that is built per request. They fill `stream.response`. Fields about the connection are the
 * codec's; so is the length, unless it is among the rows, which says where it stands.
 */
import type { Memory } from '../../base/memory.ts';
import { Framing, HEADER_NAMES, HeaderId } from '../../http/message.ts';
import type { Stream } from '../../state/records.ts';
import type { CannedReply } from '../../state/settings.ts';
import { RuleError } from '../error.ts';
import { latin1 } from '../value/bytes.ts';
import { pageOf } from './pages.ts';

const CELLS = 5;
const ID_BY_NAME: ReadonlyMap<string, number> = new Map(HEADER_NAMES);

/** Number of a known (lower-case) field name; 0: another name. Start only. */
export function headerIdOfName(name: string): number {
  return ID_BY_NAME.get(name) ?? HeaderId.other;
}

// Making them: at start --------------------------------------------------------------------------------

const LENGTH_NAME = 'content-length';

/** Whether the length goes before the fields: rules see it there. 1xx and 204 have none (RFC 9110 8.6), 304 tells it as it wishes. */
export function tellsLength(status: number, fields: readonly (readonly [string, unknown])[]): boolean {
  return status >= 200 && status !== 204 && status !== 304 && !fields.some(([name]) => name.toLowerCase() === LENGTH_NAME);
}

/** A complete answer from constants; its length stands first, if not among `fields`. `untilClose`: it tells none. Bytes of texts are latin-1. */
export function cannedReply(
  memory: Memory,
  status: number,
  reason: string,
  fields: readonly (readonly [string, string])[],
  body: Uint8Array | string,
  untilClose = false,
): CannedReply {
  const rows = untilClose || !tellsLength(status, fields) ? fields : [[LENGTH_NAME, String(body.length)] as const, ...fields];
  const headers = new Int32Array(rows.length * CELLS);
  rows.forEach(([name, value], at) => {
    const lower = name.toLowerCase();
    headers.set([headerIdOfName(lower), memory.intern(lower), lower.length, memory.intern(value), value.length], at * CELLS);
  });
  return {
    status,
    reasonStart: memory.intern(reason),
    reasonLength: reason.length,
    headers,
    bodyStart: typeof body === 'string' ? memory.intern(body) : memory.internBytes(body),
    bodyLength: body.length,
    version: 11,
    untilClose,
  };
}

const builtIn = new WeakMap<Memory, Map<number, CannedReply>>();

/** The page that HAProxy has for a status; 500's if it has none. Start only: the first call makes it. */
export function builtinReply(memory: Memory, status: number): CannedReply {
  let pages = builtIn.get(memory);
  if (pages === undefined) {
    pages = new Map();
    builtIn.set(memory, pages);
  }
  let reply = pages.get(status);
  if (reply === undefined) {
    const page = pageOf(status);
    const fields = [
      ['cache-control', 'no-cache'],
      ['content-type', 'text/html'],
    ] as const;
    reply = cannedReply(memory, page.status, page.reason, fields, page.body);
    pages.set(status, reply);
  }
  return reply;
}

/** The page as the bytes of a whole message, as HAProxy sends it for a request that it can't parse. */
export function rawErrorPage(status: number): string {
  const page = pageOf(status);
  return (
    `HTTP/1.1 ${page.status} ${page.reason}\r\ncontent-length: ${page.body.length}\r\ncache-control: no-cache\r\n` +
    `connection: close\r\ncontent-type: text/html\r\n\r\n${page.body}`
  );
}

/** Whether the connection is to be closed without an answer: an empty errorfile. */
export function isSilent(reply: CannedReply): boolean {
  return reply.status === 0;
}

const HOP_FIELDS = new Set(['connection', 'transfer-encoding', 'keep-alive', 'proxy-connection']);
/** A body must fit one buffer, as in HAProxy. */
const MOST_BODY = 16384;

/**
 * An errorfile: a whole HTTP/1 message (HAProxy 3.x configuration, `errorfile`). Names are lower-cased; fields about
 * the connection are left to the codec. An empty file (`/dev/null`) means no answer at all: see `isSilent`.
 * @throws RuleError if it is no valid message
 */
export function errorFileReply(memory: Memory, bytes: Uint8Array): CannedReply {
  const text = latin1(bytes);
  if (bytes.length > MOST_BODY) throw new RuleError(`it has ${bytes.length} bytes, at most ${MOST_BODY} are allowed`);
  if (bytes.length === 0) return cannedReply(memory, 0, '', [], '');
  const start = /^HTTP\/1\.([01]) (\d{3})(?: ([^\r\n]*))?\r?\n/.exec(text);
  if (start === null) throw new RuleError("it does not begin with a status line: 'HTTP/1.x STATUS REASON' is expected");
  const fields: [string, string][] = [];
  let at = start[0].length;
  for (;;) {
    const line = /^([^\r\n]*)\r?\n/.exec(text.slice(at));
    if (line === null) throw new RuleError('the empty line that ends its header is missing');
    at += line[0].length;
    if (line[1] === '') break;
    fields.push(readField(line[1] as string));
  }
  const body = bytes.subarray(at);
  const announced = fields.find(([name]) => name === 'content-length')?.[1];
  if (announced !== undefined && Number(announced) !== body.length) {
    throw new RuleError(`content-length announces ${announced} bytes, the body has ${body.length}`, -1, announced, [String(body.length)]);
  }
  const kept = fields.filter(([name]) => !HOP_FIELDS.has(name));
  const reply = cannedReply(memory, Number(start[2]), start[3] ?? '', kept, body, announced === undefined);
  return { ...reply, version: start[1] === '0' ? 10 : 11 };
}

function readField(line: string): [string, string] {
  const field = /^([-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(line);
  if (field === null) throw new RuleError(`'${line}' is not a header field`, -1, line);
  return [(field[1] as string).toLowerCase(), field[2] as string];
}

// Using them: per request ------------------------------------------------------------------------------

/** Makes `reply` the stream's response. A response that was there loses its block. */
export function fillReply(memory: Memory, stream: Stream, reply: CannedReply): void {
  beginReply(memory, stream, reply.status, reply.reasonStart, reply.reasonLength);
  addRows(stream, reply.headers);
  setBody(stream, reply.bodyStart, reply.bodyStart + reply.bodyLength);
  stream.response.version = reply.version;
  if (reply.untilClose && stream.response.framing === Framing.length) stream.response.framing = Framing.close;
}

/** Empties the response and sets its status line; a body and rows may follow. */
export function beginReply(memory: Memory, stream: Stream, status: number, reasonStart: number, reasonLength: number): void {
  const { response } = stream;
  response.giveBlocks(memory);
  response.reset();
  response.status = stream.status = status;
  response.reasonStart = reasonStart;
  response.reasonEnd = reasonStart + reasonLength;
  response.complete = true;
  stream.isLocalReply = true;
}

export function addRows(stream: Stream, rows: Int32Array): void {
  const { headers } = stream.response;
  for (let at = 0; at < rows.length; at += CELLS) {
    const value = rows[at + 3] as number;
    headers.add(rows[at] as number, rows[at + 1] as number, rows[at + 2] as number, value, value + (rows[at + 4] as number));
  }
}

/** The body, in the response's block or in statics. 204, 304 and 1xx have none (RFC 9110 6.4.1). */
export function setBody(stream: Stream, start: number, end: number): void {
  const { response } = stream;
  const { status } = response;
  if (status === 204 || status === 304 || status < 200) {
    response.framing = Framing.none;
    return;
  }
  response.framing = Framing.length;
  response.contentLength = end - start;
  response.bodyStart = start;
  response.bodyEnd = end;
}
