/**
 * Samples of the Cookie and Set-Cookie fields (HAProxy 3.x configuration 7.3.6, RFC 6265). A comma ends a cookie as a semicolon
 * does, outside of quotes. In ACLs every value is tried; elsewhere it is the last one of that name, or the first of all.
 */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { HeaderId, type HttpMessage } from '../../http/message.ts';
import { type CompileContext, defineFetch, defineFetchName, type FetchStep } from '../../rules/define.ts';
import { skipBlanks, trimBlanks } from '../../rules/edit/target.ts';
import { Writer } from '../../rules/format/writer.ts';
import { readsResponse, Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { asLooseInt } from '../../rules/value/looseint.ts';
import type { Stream } from '../../state/records.ts';

const DOLLAR = 36;
const SEMICOLON = 59;
const COMMA = 44;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;

/** Which field is read, and the cookie that is looked for: any one if the length is 0. */
class CookieSearch {
  readonly #isResponse: boolean;
  readonly #nameStart: number;
  readonly #nameLength: number;
  /** Of the cookie that `next` found. */
  nameFrom = 0;
  nameEnd = 0;

  constructor(isResponse: boolean, name: string | null, context: CompileContext) {
    this.#isResponse = isResponse;
    this.#nameStart = context.thread.memory.intern(name ?? '');
    this.#nameLength = (name ?? '').length;
  }

  get hasName(): boolean {
    return this.#nameLength > 0;
  }

  /** Moves the cursor (row, next) of the sample to the next cookie and sets its value; false: no more. */
  next(sample: Sample, stream: Stream): boolean {
    const message: HttpMessage = this.#isResponse ? stream.response : stream.request;
    const { headers } = message;
    const { bytes } = sample.memory;
    for (;;) {
      if (sample.next < 0) {
        sample.row = headers.findId(this.#isResponse ? HeaderId.setCookie : HeaderId.cookie, sample.row);
        if (sample.row < 0) return false;
        sample.next = headers.valueStart(sample.row);
      }
      const end = headers.valueEnd(sample.row);
      // As in HAProxy: where a name and = are all that is left there is nothing to find.
      const isTooShort = this.#nameLength > 0 && sample.next + this.#nameLength + 1 >= end;
      const from = skipBlanks(bytes, sample.next, end);
      const stop = cookieEnd(bytes, from, end);
      // Behind its cookie a Set-Cookie has attributes only.
      const isOver = stop >= end || (this.#isResponse && this.#nameLength > 0);
      if (isOver) sample.row++;
      sample.next = isOver ? -1 : stop + 1;
      if (!isTooShort && this.#matches(sample, from, stop)) return true;
    }
  }

  /** Sets the sample to the value if [from, stop) is the cookie that is looked for. */
  #matches(sample: Sample, from: number, stop: number): boolean {
    const { bytes } = sample.memory;
    // Names that begin with $ are attributes of RFC 2109, no cookies.
    if (bytes[from] === DOLLAR) return false;
    let equals = from;
    while (equals < stop && bytes[equals] !== EQUALS) equals++;
    if (equals === stop) return false;
    this.nameFrom = from;
    this.nameEnd = trimBlanks(bytes, from, equals);
    const wanted = this.#nameLength;
    if (wanted > 0 && this.nameEnd - from !== wanted) return false;
    for (let i = 0; i < wanted; i++) if (bytes[from + i] !== bytes[this.#nameStart + i]) return false;
    return sample.setText(skipBlanks(bytes, equals + 1, stop), trimBlanks(bytes, equals + 1, stop));
  }
}

/** Where the cookie that begins at `from` ends: at a semicolon or comma outside quotes. */
function cookieEnd(bytes: Uint8Array, from: number, end: number): number {
  let quoted = false;
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH && quoted) at++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (!quoted && (byte === SEMICOLON || byte === COMMA)) return at;
  }
  return end;
}

function compileOne(isResponse: boolean, name: string | null, context: CompileContext): FetchStep {
  const search = new CookieSearch(isResponse, name, context);
  return (sample, stream) => {
    sample.rewind();
    if (!search.next(sample, stream)) return false;
    if (search.hasName) while (search.next(sample, stream));
    return true;
  };
}

function compileEvery(isResponse: boolean, name: string | null, context: CompileContext): FetchStep {
  const search = new CookieSearch(isResponse, name, context);
  return (sample, stream) => {
    sample.more = search.next(sample, stream);
    return sample.more;
  };
}

function compileCount(isResponse: boolean, name: string | null, context: CompileContext): FetchStep {
  const search = new CookieSearch(isResponse, name, context);
  return (sample, stream) => {
    sample.rewind();
    let count = 0;
    while (search.next(sample, stream)) count++;
    return sample.setInt(count);
  };
}

/** The names, separated. */
function compileNames(isResponse: boolean, delim: string, context: CompileContext): FetchStep {
  const search = new CookieSearch(isResponse, null, context);
  const out = new Writer(context.thread.memory);
  const separator = delim === '' ? COMMA : delim.charCodeAt(0);
  return (sample, stream) => {
    const start = out.memory.scratch();
    out.open(start, start + SCRATCH_SIZE);
    sample.rewind();
    while (search.next(sample, stream)) {
      if (out.at > start) out.byte(separator);
      out.copy(search.nameFrom, search.nameEnd);
      // Only the first name of a Set-Cookie is a cookie's.
      if (isResponse && sample.next >= 0) {
        sample.row++;
        sample.next = -1;
      }
    }
    return !out.overflow && sample.setText(start, out.at);
  };
}

const NAME = [{ name: 'name', kind: 'str', default: null }] as const;
const DELIMITER = [{ name: 'delim', kind: 'str', default: ',' }] as const;
const TWO = 'GET / HTTP/1.1\r\nCookie: a=1; b=2\r\nCookie: a=3';
const SET = 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=7';

export const reqCook = defineFetch({
  name: 'req.cook',
  args: NAME,
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['cook'],
  doc: 'The value of the last cookie of this name in the request, or of the first cookie. In ACLs, every value.',
  examples: [
    { request: TWO, call: 'req.cook(b)', out: '2' },
    { request: TWO, call: 'req.cook(a)', out: '3' },
    { request: TWO, call: 'req.cook', out: '1' },
    { request: TWO, call: 'req.cook(c)', out: null },
    { request: 'GET / HTTP/1.1\r\nCookie: d="x;y", e=5', call: 'req.cook(d)', out: '"x;y"' },
  ],
  compile: ([name], context) => compileOne(false, name, context),
  compileEach: ([name], context) => compileEvery(false, name, context),
});

export const cook = defineFetchName('cook', reqCook, { request: TWO, call: 'cook(b)', out: '2' });

export const resCook = defineFetch({
  name: 'res.cook',
  args: NAME,
  type: SampleType.str,
  valid: Valid.response,
  derivatives: ['scook'],
  doc: 'As req.cook, of the Set-Cookie fields of the response; their attributes are no cookies.',
  examples: [
    { response: SET, call: 'res.cook(b)', out: '7' },
    { response: SET, call: 'res.cook(Path)', out: null },
  ],
  compile: ([name], context) => compileOne(true, name, context),
  compileEach: ([name], context) => compileEvery(true, name, context),
});

export const scook = defineFetchName('scook', resCook, { response: SET, call: 'scook(a)', out: '1' });

export const cookie = defineFetch({
  name: 'cookie',
  args: NAME,
  type: SampleType.str,
  valid: Valid.message,
  doc: 'As req.cook in rules of the request and as res.cook in those of the response.',
  examples: [
    { request: TWO, call: 'cookie(b)', out: '2' },
    { response: SET, call: 'cookie(b)', out: '7' },
  ],
  compile: ([name], context) => compileOne(readsResponse(context.places), name, context),
  compileEach: ([name], context) => compileEvery(readsResponse(context.places), name, context),
});

export const reqCookCnt = defineFetch({
  name: 'req.cook_cnt',
  args: NAME,
  type: SampleType.int,
  valid: Valid.request,
  doc: 'How many cookies of this name the request has.',
  examples: [
    { request: TWO, call: 'req.cook_cnt(a)', out: 2 },
    { request: TWO, call: 'req.cook_cnt', out: 3 },
  ],
  compile: ([name], context) => compileCount(false, name, context),
});

export const cookCnt = defineFetchName('cook_cnt', reqCookCnt, { request: TWO, call: 'cook_cnt(a)', out: 2 });

export const resCookCnt = defineFetch({
  name: 'res.cook_cnt',
  args: NAME,
  type: SampleType.int,
  valid: Valid.response,
  doc: 'How many cookies of this name the response sets; without a name attributes are counted too, as HAProxy does.',
  examples: [
    { response: SET, call: 'res.cook_cnt(a)', out: 1 },
    { response: SET, call: 'res.cook_cnt', out: 3 },
  ],
  compile: ([name], context) => compileCount(true, name, context),
});

export const scookCnt = defineFetchName('scook_cnt', resCookCnt, { response: SET, call: 'scook_cnt(a)', out: 1 });

export const reqCookVal = defineFetch({
  name: 'req.cook_val',
  args: NAME,
  type: SampleType.int,
  valid: Valid.request,
  doc: 'The value of a cookie of the request as an integer.',
  examples: [{ request: TWO, call: 'req.cook_val(b),add(1)', out: 3 }],
  compile: ([name], context) => asLooseInt(compileOne(false, name, context)),
  compileEach: ([name], context) => asLooseInt(compileEvery(false, name, context)),
});

export const cookVal = defineFetchName('cook_val', reqCookVal, { request: TWO, call: 'cook_val(b)', out: 2 });

export const resCookVal = defineFetch({
  name: 'res.cook_val',
  args: NAME,
  type: SampleType.int,
  valid: Valid.response,
  doc: 'The value of a cookie of the response as an integer.',
  examples: [{ response: SET, call: 'res.cook_val(b)', out: 7 }],
  compile: ([name], context) => asLooseInt(compileOne(true, name, context)),
  compileEach: ([name], context) => asLooseInt(compileEvery(true, name, context)),
});

export const scookVal = defineFetchName('scook_val', resCookVal, { response: SET, call: 'scook_val(b)', out: 7 });

export const reqCookNames = defineFetch({
  name: 'req.cook_names',
  args: DELIMITER,
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The names of all cookies of the request, separated by `delim`.',
  examples: [
    { request: TWO, call: 'req.cook_names', out: 'a,b,a' },
    { request: TWO, call: 'req.cook_names(|)', out: 'a|b|a' },
  ],
  compile: ([delim], context) => compileNames(false, delim, context),
});

export const resCookNames = defineFetch({
  name: 'res.cook_names',
  args: DELIMITER,
  type: SampleType.str,
  valid: Valid.response,
  doc: 'The names of all cookies that the response sets, separated by `delim`.',
  examples: [{ response: SET, call: 'res.cook_names', out: 'a,b' }],
  compile: ([delim], context) => compileNames(true, delim, context),
});
