/** Samples of the Cookie field (HAProxy 3.x configuration 7.3.6, RFC 6265). */
import { HeaderId } from '../../http/message.ts';
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { skipBlanks, trimBlanks } from '../../rules/target.ts';
import type { Stream } from '../../state/records.ts';

const SEMICOLON = 59;
const EQUALS = 61;

/** Moves the cursor (row, next) to the next cookie of this name (any, if its length is 0); false: no more. */
function nextCookie(sample: Sample, stream: Stream, nameStart: number, nameLength: number): boolean {
  const { bytes } = sample.memory;
  const { headers } = stream.request;
  for (;;) {
    if (sample.next < 0) {
      sample.row = headers.findId(HeaderId.cookie, sample.row);
      if (sample.row < 0) return false;
      sample.next = headers.valueStart(sample.row);
    }
    const end = headers.valueEnd(sample.row);
    const from = skipBlanks(bytes, sample.next, end);
    let stop = from;
    while (stop < end && bytes[stop] !== SEMICOLON) stop++;
    if (stop < end) sample.next = stop + 1;
    else {
      sample.row++;
      sample.next = -1;
    }
    if (isCookie(sample, from, stop, nameStart, nameLength)) return true;
  }
}

/** Sets the sample to the value if [from, stop) is the cookie that is looked for. */
function isCookie(sample: Sample, from: number, stop: number, nameStart: number, nameLength: number): boolean {
  const { bytes } = sample.memory;
  let equals = from;
  while (equals < stop && bytes[equals] !== EQUALS) equals++;
  if (equals === stop) return false;
  const nameEnd = trimBlanks(bytes, from, equals);
  if (nameLength > 0 && nameEnd - from !== nameLength) return false;
  for (let i = 0; i < nameLength; i++) if (bytes[from + i] !== bytes[nameStart + i]) return false;
  return sample.setText(skipBlanks(bytes, equals + 1, stop), trimBlanks(bytes, equals + 1, stop));
}

/** The last cookie of this name (without a name, the first of all), or each in turn. */
function compileCookie(name: string | null, each: boolean, context: CompileContext): FetchStep {
  const nameStart = context.thread.memory.intern(name ?? '');
  const nameLength = (name ?? '').length;
  return (sample, stream) => {
    if (each) {
      sample.more = true;
      return nextCookie(sample, stream, nameStart, nameLength);
    }
    sample.row = 0;
    sample.next = -1;
    if (!nextCookie(sample, stream, nameStart, nameLength)) return false;
    if (nameLength > 0) while (nextCookie(sample, stream, nameStart, nameLength));
    return true;
  };
}

const ARGS = [{ name: 'name', kind: 'str', default: null }] as const;
const TWO = 'GET / HTTP/1.1\r\nCookie: a=1; b=2\r\nCookie: a=3';

export const reqCook = defineFetch({
  name: 'req.cook',
  args: ARGS,
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['cook'],
  doc: 'The value of the last cookie of this name in the request. In ACLs, every value.',
  examples: [
    { request: TWO, call: 'req.cook(b)', out: '2' },
    { request: TWO, call: 'req.cook(a)', out: '3' },
    { request: TWO, call: 'req.cook(c)', out: null },
  ],
  compile: ([name], context) => compileCookie(name, false, context),
  compileEach: ([name], context) => compileCookie(name, true, context),
});

export const cook = defineFetch({
  name: 'cook',
  args: ARGS,
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The old name of req.cook.',
  examples: [{ request: TWO, call: 'cook(b)', out: '2' }],
  compile: ([name], context) => compileCookie(name, false, context),
  compileEach: ([name], context) => compileCookie(name, true, context),
});

export const reqCookCnt = defineFetch({
  name: 'req.cook_cnt',
  args: ARGS,
  type: SampleType.int,
  valid: Valid.request,
  doc: 'How many cookies of this name the request has.',
  examples: [
    { request: TWO, call: 'req.cook_cnt(a)', out: 2 },
    { request: TWO, call: 'req.cook_cnt', out: 3 },
  ],
  compile: ([name], context) => {
    const nameStart = context.thread.memory.intern(name ?? '');
    const nameLength = (name ?? '').length;
    return (sample, stream) => {
      sample.row = 0;
      sample.next = -1;
      let count = 0;
      while (nextCookie(sample, stream, nameStart, nameLength)) count++;
      return sample.setInt(count);
    };
  },
});
