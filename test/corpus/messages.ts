/** A strict reader of HTTP/1 messages as text, for what the client and the server of a case received. It knows no proxy. */
import { createHash } from 'node:crypto';
import type { Fields, SeenResponse } from './cases.ts';

export class BadMessage extends Error {}

export interface Head {
  readonly line: string;
  readonly fields: Fields;
  /** Where the body begins. */
  readonly end: number;
}

export interface Body {
  readonly text: string;
  readonly trailers: Fields;
  readonly end: number;
  readonly framing: string;
}

const LONGEST = 200;
const MORE = undefined;

/** Long text as its length and hash. */
export function short(text: string): string {
  return text.length <= LONGEST ? text : `<${text.length} bytes ${hash(text)}>`;
}

export function hash(text: string): string {
  return createHash('sha1').update(Buffer.from(text, 'latin1')).digest('hex').slice(0, 10);
}

/** The head at `at`, or undefined if it is not complete. Throws BadMessage. */
export function readHead(text: string, at: number): Head | undefined {
  const end = text.indexOf('\r\n\r\n', at);
  if (end < 0) return MORE;
  const [line, ...rest] = text.slice(at, end).split('\r\n') as [string, ...string[]];
  const fields = rest.map((row): [string, string] => {
    const colon = row.indexOf(':');
    const name = row.slice(0, colon);
    if (colon <= 0 || name !== name.replace(/^[ \t\n\r\v\f]+|[ \t\n\r\v\f]+$/g, ''))
      throw new BadMessage(`header line ${JSON.stringify(row.slice(0, 60))}`);
    return [name, trim(row.slice(colon + 1))];
  });
  return { line, fields, end: end + 4 };
}

function trim(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}

export function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** Sorted, names in lower case. */
export function normalise(fields: Fields, drop = ''): Fields {
  return fields
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => name !== drop)
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y));
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The body at `at`, or undefined if more is needed. `ended`: nothing more comes. Throws BadMessage. */
export function readBody(text: string, at: number, fields: Fields, ended: boolean, isResponse: boolean): Body | undefined {
  const codings = valuesOf(fields, 'transfer-encoding').join(',').toLowerCase().replaceAll(' ', '');
  if (codings !== '') {
    if (codings.split(',').at(-1) === 'chunked') return readChunks(text, at);
    if (!isResponse) throw new BadMessage(`te ${codings}`);
    return readRest(text, at, ended);
  }
  const lengths = new Set(valuesOf(fields, 'content-length'));
  if (lengths.size > 0) return readCounted(text, at, lengths);
  return isResponse ? readRest(text, at, ended) : { text: '', trailers: [], end: at, framing: 'none' };
}

function readRest(text: string, at: number, ended: boolean): Body | undefined {
  return ended ? { text: text.slice(at), trailers: [], end: text.length, framing: 'close' } : MORE;
}

function readCounted(text: string, at: number, lengths: ReadonlySet<string>): Body | undefined {
  const [length] = lengths as unknown as [string];
  if (lengths.size > 1 || !/^\d+$/.test(length)) throw new BadMessage(`cl ${[...lengths].join(' ')}`);
  const end = at + Number(length);
  return text.length < end ? MORE : { text: text.slice(at, end), trailers: [], end, framing: 'cl' };
}

function readChunks(text: string, start: number): Body | undefined {
  let at = start;
  const parts: string[] = [];
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return MORE;
    const size = /^([0-9a-fA-F]{1,16})[ \t]*(?:;[\s\S]*)?$/.exec(text.slice(at, end))?.[1];
    if (size === undefined) throw new BadMessage(`chunk size ${JSON.stringify(text.slice(at, Math.min(end, at + 40)))}`);
    const length = Number.parseInt(size, 16);
    at = end + 2;
    if (length === 0) return readTrailers(text, at, parts.join(''));
    if (text.length < at + length + 2) return MORE;
    parts.push(text.slice(at, at + length));
    at += length;
    if (text.slice(at, at + 2) !== '\r\n') throw new BadMessage('chunk end');
    at += 2;
  }
}

function readTrailers(text: string, start: number, body: string): Body | undefined {
  const trailers: [string, string][] = [];
  let at = start;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return MORE;
    const row = text.slice(at, end);
    at = end + 2;
    if (row === '') return { text: body, trailers, end: at, framing: 'chunked' };
    const colon = row.indexOf(':');
    trailers.push([colon < 0 ? row : row.slice(0, colon), colon < 0 ? '' : row.slice(colon + 1).trim()]);
  }
}

/** All the responses in what a client received until the end of the stream. */
export function readResponses(text: string, methods: readonly string[]): SeenResponse[] {
  const seen: SeenResponse[] = [];
  let at = 0;
  let answered = 0;
  while (at < text.length) {
    const head = tryHead(text, at);
    const line = /^HTTP\/(\d\.\d) (\d{3})(?: ([\s\S]*))?$/.exec(head?.line ?? '');
    if (head === undefined || line === null) return [...seen, { junk: short(text.slice(at)) }];
    const status = Number(line[2]);
    const response: SeenResponse = { status, ver: line[1] as string, reason: line[3] ?? '', h: normalise(head.fields, 'date') };
    seen.push(response);
    at = head.end;
    if (status >= 100 && status < 200 && status !== 101) continue;
    const end = readContent(text, at, head.fields, methods[answered++] ?? 'GET', response);
    if (end === undefined) break;
    at = end;
  }
  return seen;
}

function tryHead(text: string, at: number): Head | undefined {
  try {
    return readHead(text, at);
  } catch (error) {
    if (error instanceof BadMessage) return undefined;
    throw error;
  }
}

/** Fills in the body; the place after it, or undefined where nothing can follow. */
function readContent(text: string, at: number, fields: Fields, method: string, response: SeenResponse): number | undefined {
  const status = response.status as number;
  if (status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)) {
    response.tunnel = short(text.slice(at));
    return undefined;
  }
  if (method === 'HEAD' || status === 204 || status === 304) {
    response.body = '';
    response.fr = 'none';
    return at;
  }
  try {
    const body = readBody(text, at, fields, true, true);
    response.body = short(body?.text ?? text.slice(at));
    response.fr = body?.framing ?? 'truncated';
    if (body !== undefined && body.trailers.length > 0) response.tr = normalise(body.trailers);
    return body?.end;
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    response.body = short(text.slice(at));
    response.fr = `bad: ${error.message}`;
    return undefined;
  }
}
