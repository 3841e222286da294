/** Samples of parameters, `name=value` one after another: of the query and of a posted form (HAProxy 3.x configuration 7.3.6). */
import { LOWER } from '../../http/tokens.ts';
import { type CompileContext, defineFetch, defineFetchName, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { asLooseInt } from '../../rules/value/looseint.ts';
import type { Stream } from '../../state/records.ts';

const AMPERSAND = 38;
const SEMICOLON = 59;
const EQUALS = 61;

/** Where parameters lie, set before a search. */
const range = { start: 0, end: 0 };

/** Sets `range`; false: there are none. */
type RangeStep = (sample: Sample, stream: Stream) => boolean;

/** What is looked for: a name (any one if its length is 0), and what may stand between parameters. */
interface Wanted {
  readonly nameStart: number;
  readonly nameLength: number;
  readonly ignoresCase: boolean;
  /** Ends a parameter as `&` and `;` do. */
  readonly delimiter: number;
}

/** Moves `sample.next` to the next parameter with this name before `end`, and sets its value as it is written; false: no more. */
function nextParameter(sample: Sample, end: number, wanted: Wanted): boolean {
  const { bytes } = sample.memory;
  while (sample.next < end) {
    const from = sample.next;
    const stop = parameterEnd(bytes, from, end, wanted.delimiter);
    sample.next = stop + 1;
    let equals = from;
    while (equals < stop && bytes[equals] !== EQUALS) equals++;
    if (equals === stop || (wanted.nameLength > 0 && !isName(bytes, from, equals, wanted))) continue;
    return sample.setText(equals + 1, stop);
  }
  return false;
}

function parameterEnd(bytes: Uint8Array, from: number, end: number, delimiter: number): number {
  let at = from;
  while (at < end && bytes[at] !== AMPERSAND && bytes[at] !== SEMICOLON && bytes[at] !== delimiter) at++;
  return at;
}

function isName(bytes: Uint8Array, from: number, to: number, { nameStart, nameLength, ignoresCase }: Wanted): boolean {
  if (to - from !== nameLength) return false;
  for (let i = 0; i < nameLength; i++) {
    const one = bytes[from + i] as number;
    const other = bytes[nameStart + i] as number;
    if (ignoresCase ? LOWER[one] !== LOWER[other] : one !== other) return false;
  }
  return true;
}

function compileFirst(find: RangeStep, wanted: Wanted): FetchStep {
  return (sample, stream) => {
    if (!find(sample, stream)) return false;
    sample.next = range.start;
    return nextParameter(sample, range.end, wanted);
  };
}

function compileEvery(find: RangeStep, wanted: Wanted): FetchStep {
  return (sample, stream) => {
    if (!find(sample, stream)) return false;
    if (sample.next < 0) sample.next = range.start;
    sample.more = nextParameter(sample, range.end, wanted);
    return sample.more;
  };
}

function wantedOf(name: string | null, delim: string, option: string | null, context: CompileContext): Wanted {
  const text = name ?? '';
  return {
    nameStart: context.thread.memory.intern(text),
    nameLength: text.length,
    ignoresCase: option !== null,
    delimiter: delim.charCodeAt(0),
  };
}

/** Parameters of the target begin behind its first delimiter. */
function compileQuery(delim: string): RangeStep {
  const delimiter = delim.charCodeAt(0);
  return (sample, stream) => {
    const { bytes } = sample.memory;
    const { targetStart, targetEnd } = stream.request;
    let at = targetStart;
    while (at < targetEnd && bytes[at] !== delimiter) at++;
    range.start = at + 1;
    range.end = targetEnd;
    return at < targetEnd;
  };
}

function findBody(_sample: Sample, { request }: Stream): boolean {
  range.start = request.bodyStart;
  range.end = request.bodyEnd;
  return range.end > range.start;
}

const QUERY_ARGS = [
  { name: 'name', kind: 'str', default: null },
  { name: 'delim', kind: 'str', default: '?' },
  { name: 'option', kind: 'str', oneOf: ['i'], default: null },
] as const;
const GET_QUERY = 'GET /a/b?x=1&y=2;flag&X=5 HTTP/1.1\r\nHost: h.test';

export const urlParam = defineFetch({
  name: 'url_param',
  args: QUERY_ARGS,
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['urlp'],
  doc: "The first value of a parameter of the query, as it is written, or of the first parameter. Parameters begin behind `delim`; with 'i' case does not matter. In ACLs, every value.",
  examples: [
    { request: GET_QUERY, call: 'url_param(y)', out: '2' },
    { request: GET_QUERY, call: 'url_param(X,?,i)', out: '1' },
    { request: GET_QUERY, call: 'url_param(flag)', out: null },
    { request: 'GET /p;s=7&t=8 HTTP/1.1', call: 'url_param(t,;)', out: '8' },
    { request: GET_QUERY, call: 'url_param(z)', out: null },
    { request: GET_QUERY, call: 'url_param', out: '1' },
  ],
  compile: ([name, delim, option], context) => compileFirst(compileQuery(delim), wantedOf(name, delim, option, context)),
  compileEach: ([name, delim, option], context) => compileEvery(compileQuery(delim), wantedOf(name, delim, option, context)),
});

export const urlp = defineFetchName('urlp', urlParam, { request: GET_QUERY, call: 'urlp(x)', out: '1' });

export const urlpVal = defineFetch({
  name: 'urlp_val',
  args: QUERY_ARGS,
  type: SampleType.int,
  valid: Valid.request,
  doc: 'As url_param, as an integer.',
  examples: [{ request: GET_QUERY, call: 'urlp_val(y),add(1)', out: 3 }],
  compile: ([name, delim, option], context) => asLooseInt(compileFirst(compileQuery(delim), wantedOf(name, delim, option, context))),
  compileEach: ([name, delim, option], context) => asLooseInt(compileEvery(compileQuery(delim), wantedOf(name, delim, option, context))),
});

const FORM = 'POST / HTTP/1.1\r\nContent-Length: 14\r\n\r\nk=v1&K=v2&n=%41';

export const reqBodyParam = defineFetch({
  name: 'req.body_param',
  args: [
    { name: 'name', kind: 'str', default: null },
    { name: 'option', kind: 'str', oneOf: ['i'], default: null },
  ],
  type: SampleType.str,
  valid: Valid.request,
  doc: "The first value of a parameter of a posted form, as it is written, as far as the body has been received: see http-buffer-request. With 'i' case does not matter.",
  examples: [
    { request: FORM, call: 'req.body_param(K)', out: 'v2' },
    { request: FORM, call: 'req.body_param(K,i)', out: 'v1' },
    { request: FORM, call: 'req.body_param(n)', out: '%41' },
    { request: 'GET / HTTP/1.1', call: 'req.body_param(n)', out: null },
  ],
  compile: ([name, option], context) => compileFirst(findBody, wantedOf(name, '&', option, context)),
  compileEach: ([name, option], context) => compileEvery(findBody, wantedOf(name, '&', option, context)),
});
