/** redirect, as an action and as a directive of its own (HAProxy 3.x configuration, `redirect`). */
import { HeaderId } from '../../http/message.ts';
import { compileReply } from '../../rules/answer/dynamic-reply.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome, type TextFormat } from '../../rules/define.ts';
import { pathEnd, pathStart } from '../../rules/edit/target.ts';
import { atWord, RuleError } from '../../rules/error.ts';
import { readsResponse } from '../../rules/place.ts';
import type { Words } from '../../rules/words.ts';
import { Ended } from '../../state/end.ts';
import type { Stream } from '../../state/records.ts';

const REASONS: Readonly<Record<string, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
};
const OPTIONS = [
  'location',
  'prefix',
  'scheme',
  'code',
  'drop-query',
  'keep-query',
  'append-slash',
  'ignore-empty',
  'set-cookie',
  'set-cookie-fmt',
  'clear-cookie',
] as const;
const SLASH = 47;
const QUESTION = 63;
const AMPERSAND = 38;

interface Draft {
  kind: 'location' | 'prefix' | 'scheme' | null;
  text: string;
  textWord: number;
  code: string;
  dropQuery: boolean;
  keepQuery: boolean;
  appendSlash: boolean;
  ignoreEmpty: boolean;
  cookie: string | null;
  /** The whole value, as a log format. */
  cookieFormat: string | null;
  cookieWord: number;
}

function readRedirect(words: Words): Draft {
  const draft: Draft = {
    kind: null,
    text: '',
    textWord: -1,
    code: '302',
    dropQuery: false,
    keepQuery: false,
    appendSlash: false,
    ignoreEmpty: false,
    cookie: null,
    cookieFormat: null,
    cookieWord: -1,
  };
  while (words.left > 0) readOption(words, draft);
  if (draft.kind === null) throw new RuleError("expects 'location', 'prefix' or 'scheme'", -1, null, OPTIONS);
  return draft;
}

function readOption(words: Words, draft: Draft): void {
  const option = words.next('an option');
  switch (option) {
    case 'location':
    case 'prefix':
    case 'scheme':
      draft.kind = option;
      draft.text = words.next(`a value for '${option}'`);
      draft.textWord = words.at - 1;
      return;
    case 'code':
      draft.code = words.choice('a redirect code', Object.keys(REASONS));
      return;
    case 'drop-query':
      draft.dropQuery = true;
      return;
    case 'keep-query':
      draft.keepQuery = true;
      return;
    case 'append-slash':
      draft.appendSlash = true;
      return;
    case 'ignore-empty':
      draft.ignoreEmpty = true;
      return;
    case 'set-cookie':
      draft.cookie = `${words.next('a cookie')}; path=/;`;
      return;
    case 'clear-cookie':
      draft.cookie = `${words.next('a cookie')}; path=/; Max-Age=0;`;
      return;
    case 'set-cookie-fmt':
      draft.cookieFormat = words.next('a cookie');
      draft.cookieWord = words.at - 1;
      return;
    default:
      throw new RuleError(
        `expects ${OPTIONS.join(', ')}, or 'if' or 'unless' with a condition, but got '${option}'`,
        words.at - 1,
        option,
        [...OPTIONS, 'if', 'unless'],
      );
  }
}

/** `location`: the text, with the query of the request behind it if that is wanted. */
function compileLocation(text: TextFormat, draft: Draft, context: CompileContext): TextFormat {
  if (!draft.keepQuery) return text;
  const { bytes } = context.thread;
  return {
    constant: null,
    write(out, stream) {
      const { at } = out;
      text.write(out, stream);
      const { targetStart, targetEnd } = stream.request;
      let query = targetStart;
      while (query < targetEnd && bytes[query] !== QUESTION) query++;
      if (query + 1 >= targetEnd) return;
      let from = at;
      while (from < out.at && bytes[from] !== QUESTION) from++;
      out.byte(from < out.at ? AMPERSAND : QUESTION);
      out.copy(query + 1, targetEnd);
    },
  };
}

/** `prefix` and `scheme`: the text, and the path of the request behind it. */
function compileWithPath(text: TextFormat, draft: Draft, context: CompileContext): TextFormat {
  const { bytes, memory } = context.thread;
  const isScheme = draft.kind === 'scheme';
  const isBare = draft.kind === 'prefix' && text.constant === '/';
  const separator = memory.intern('://');
  return {
    constant: null,
    write(out, stream) {
      if (!isBare) text.write(out, stream);
      if (isScheme) {
        out.copy(separator, separator + 3);
        const { headers } = stream.request;
        const row = headers.findId(HeaderId.host, 0);
        if (row >= 0) out.copy(headers.valueStart(row), headers.valueEnd(row));
      }
      const { targetStart, targetEnd } = stream.request;
      const start = pathStart(bytes, targetStart, targetEnd);
      if (start < 0) out.byte(SLASH);
      else out.copy(start, draft.dropQuery ? pathEnd(bytes, start, targetEnd) : targetEnd);
      if (!isScheme && draft.appendSlash && bytes[out.at - 1] !== SLASH) out.byte(SLASH);
    },
  };
}

/** Whether a location's text is empty: such a redirect is skipped if `ignore-empty` says so. */
function compileIsEmpty(text: TextFormat, context: CompileContext): (stream: Stream) => boolean {
  const { out, memory } = context.thread;
  return (stream) => {
    const at = memory.scratch();
    out.open(at, at + 16);
    text.write(out, stream);
    return out.at === at;
  };
}

function compileRedirect(words: Words, context: CompileContext): ActionStep {
  const draft = readRedirect(words);
  if (draft.kind !== 'location' && readsResponse(context.places)) {
    throw new RuleError(`'${draft.kind}' needs the request, only 'location' can be used on a response`, draft.textWord, draft.kind);
  }
  const text = atWord(draft.textWord, () => context.format(draft.text, 'header'));
  const location = draft.kind === 'location' ? compileLocation(text, draft, context) : compileWithPath(text, draft, context);
  const fields = [{ name: 'location', format: location }];
  if (draft.cookie !== null) fields.push({ name: 'set-cookie', format: context.format(draft.cookie.replaceAll('%', '%%'), 'header') });
  const { cookieFormat } = draft;
  if (cookieFormat !== null)
    fields.push({ name: 'set-cookie', format: atWord(draft.cookieWord, () => context.format(cookieFormat, 'header')) });
  const reply = compileReply(
    { status: Number(draft.code), reason: REASONS[draft.code] as string, fields, contentType: null, lengthFirst: true, body: null },
    context,
  );
  const isEmpty = draft.ignoreEmpty && draft.kind === 'location' ? compileIsEmpty(text, context) : null;
  return (stream) => {
    if (isEmpty?.(stream)) return Outcome.next;
    stream.cause = Ended.local;
    return reply.fill(stream) ? Outcome.answer : Outcome.drop;
  };
}

const GET = 'GET /a?x=1 HTTP/1.1\r\nHost: h.test';

export const redirect = defineAction({
  name: 'redirect',
  signature: 'redirect { location <fmt> | prefix <fmt> | scheme <fmt> } [ code <code> ] <option>*',
  ruleSets: ['http-request', 'http-response', 'redirect'],
  doc: 'Sends the client elsewhere: to a location, to the same path behind a prefix, or to the same resource by another scheme.',
  examples: [
    { rule: 'http-request redirect location /new', request: GET, head: 'HTTP/1.1 302 Found\ncontent-length: 0\nlocation: /new', body: '' },
    {
      rule: 'http-request redirect location /new keep-query code 308',
      request: GET,
      head: 'HTTP/1.1 308 Permanent Redirect\ncontent-length: 0\nlocation: /new?x=1',
    },
    {
      rule: 'http-request redirect location /new?y keep-query',
      request: GET,
      head: 'HTTP/1.1 302 Found\ncontent-length: 0\nlocation: /new?y&x=1',
    },
    {
      rule: 'http-request redirect prefix https://w.test code 301',
      request: GET,
      head: 'HTTP/1.1 301 Moved Permanently\ncontent-length: 0\nlocation: https://w.test/a?x=1',
    },
    {
      rule: 'http-request redirect prefix / drop-query append-slash',
      request: GET,
      head: 'HTTP/1.1 302 Found\ncontent-length: 0\nlocation: /a/',
    },
    {
      rule: 'http-request redirect scheme https',
      request: GET,
      head: 'HTTP/1.1 302 Found\ncontent-length: 0\nlocation: https://h.test/a?x=1',
    },
    {
      rule: 'redirect location / clear-cookie USER',
      request: GET,
      head: 'HTTP/1.1 302 Found\ncontent-length: 0\nlocation: /\nset-cookie: USER; path=/; Max-Age=0;',
    },
    {
      rule: 'http-request redirect location / set-cookie-fmt "SEEN=%[path]; path=/; Secure"',
      request: GET,
      head: 'HTTP/1.1 302 Found\ncontent-length: 0\nlocation: /\nset-cookie: SEEN=/a; path=/; Secure',
    },
    { rule: 'http-request redirect location %[req.hdr(none)] ignore-empty', request: GET, head: 'GET /a?x=1 HTTP/1.1\nhost: h.test' },
  ],
  compile: compileRedirect,
});
