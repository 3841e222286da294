/** Samples of the cookie that a remote desktop client sends first (MS-RDPBCGR 2.2.1.1; HAProxy 3.x configuration 7.3.5). */
import { LOWER } from '../../http/tokens.ts';
import { type CompileContext, defineFetch, defineFetchName, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';

/** TPKT header of four bytes, X.224 connection request of seven. */
const HEADER_BYTES = 11;
const PREFIX = 'cookie:';
const SPACE = 32;
const EQUALS = 61;
const CR = 13;
const LF = 10;

const Found = { no: 0, later: 1, yes: 2 } as const;
type FoundValue = (typeof Found)[keyof typeof Found];

/** The first cookie, if it has the name (in lower case; any one if the name is empty). */
class RdpCookie {
  readonly #prefix: number;
  readonly #name: number;
  readonly #nameLength: number;
  start = 0;
  end = 0;

  constructor(name: string, { thread }: CompileContext) {
    this.#prefix = thread.memory.intern(PREFIX);
    this.#name = thread.memory.intern(name.toLowerCase());
    this.#nameLength = name.length;
  }

  find(bytes: Uint8Array, from: number, end: number): FoundValue {
    let at = from + HEADER_BYTES;
    if (end - at <= PREFIX.length) return Found.later;
    if (!startsWith(bytes, at, this.#prefix, PREFIX.length)) return Found.no;
    at += PREFIX.length;
    while (at < end && bytes[at] === SPACE) at++;
    const equals = this.#nameLength > 0 ? at + this.#nameLength : nameEnd(bytes, at, end);
    if (equals >= end) return Found.later;
    if (bytes[equals] !== EQUALS || !startsWith(bytes, at, this.#name, this.#nameLength)) return Found.no;
    this.start = this.end = equals + 1;
    while (this.end < end && bytes[this.end] !== CR) this.end++;
    if (this.end + 1 >= end) return Found.later;
    return bytes[this.end + 1] === LF ? Found.yes : Found.no;
  }
}

function startsWith(bytes: Uint8Array, at: number, lower: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (LOWER[bytes[at + i] as number] !== bytes[lower + i]) return false;
  return true;
}

function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== EQUALS && bytes[at] !== CR && bytes[at] !== LF) at++;
  return at;
}

function find(cookie: RdpCookie, sample: Sample, { request, tunnel, hasRequestLine }: Stream): FoundValue {
  if (!tunnel || hasRequestLine) return Found.no;
  const found = cookie.find(sample.memory.bytes, request.bodyStart, request.bodyEnd);
  if (found === Found.later) sample.mayChange = true;
  return found;
}

function compileCookie(name: string, context: CompileContext): FetchStep {
  const cookie = new RdpCookie(name, context);
  return (sample, stream) => find(cookie, sample, stream) === Found.yes && sample.setText(cookie.start, cookie.end);
}

function compileCount(name: string, context: CompileContext): FetchStep {
  const cookie = new RdpCookie(name, context);
  return (sample, stream) => {
    const found = find(cookie, sample, stream);
    return found !== Found.later && sample.setInt(found === Found.yes ? 1 : 0);
  };
}

const NAME = [{ name: 'name', kind: 'str', default: '' }] as const;
const HELLO = '\x03\x00\x00\x2f\x2a\xe0\x00\x00\x00\x00\x00Cookie: MSTS=3640205228.15629.0000\r\n\x01';

export const reqRdpCookie = defineFetch({
  name: 'req.rdp_cookie',
  args: NAME,
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['req_rdp_cookie:str'],
  doc: 'The value of the cookie in the first packet of a remote desktop client, if it has this name; any one without.',
  examples: [
    { raw: HELLO, call: 'req.rdp_cookie(msts)', out: '3640205228.15629.0000' },
    { raw: HELLO, call: 'req.rdp_cookie', out: '3640205228.15629.0000' },
    { raw: HELLO, call: 'req.rdp_cookie(mstshash)', out: null },
    { raw: HELLO.slice(0, 40), call: 'req.rdp_cookie', out: null },
  ],
  compile: ([name], context) => compileCookie(name, context),
});

export const rdpCookie = defineFetchName('rdp_cookie', reqRdpCookie, {
  raw: HELLO,
  call: 'rdp_cookie(MSTS)',
  out: '3640205228.15629.0000',
});

export const reqRdpCookieCnt = defineFetch({
  name: 'req.rdp_cookie_cnt',
  args: NAME,
  type: SampleType.int,
  valid: Valid.request,
  derivatives: ['req_rdp_cookie_cnt:int'],
  doc: 'How many such cookies there are: 0 or 1.',
  examples: [
    { raw: HELLO, call: 'req.rdp_cookie_cnt', out: 1 },
    { raw: 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n', call: 'req.rdp_cookie_cnt', out: 0 },
  ],
  compile: ([name], context) => compileCount(name, context),
});

export const rdpCookieCnt = defineFetchName('rdp_cookie_cnt', reqRdpCookieCnt, { raw: HELLO, call: 'rdp_cookie_cnt(MSTS)', out: 1 });
