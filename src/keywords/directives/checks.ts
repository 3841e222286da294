/** Health checks (HAProxy configuration manual, 4.2: option httpchk, http-check, option tcp-check). */
import { compileExpect } from '../../check/expect.ts';
import type { CheckModel, ExpectModel } from '../../model/config.ts';
import { type DirectiveContext, defineDirective, type ProxyDraft, type Word } from '../define.ts';

function newCheck(type: 'tcp' | 'http'): CheckModel {
  return { type, method: 'OPTIONS', uri: '/', version: 'HTTP/1.0', headers: [], body: null, expect: null, disableOn404: false };
}

function httpCheck(draft: ProxyDraft): CheckModel {
  draft.check ??= { ...newCheck('http'), type: 'tcp' };
  return draft.check;
}

export const optionHttpchk = defineDirective({
  name: 'option httpchk',
  sections: 'DLB',
  args: [
    { name: 'method-or-uri', kind: 'text', optional: true },
    { name: 'uri', kind: 'text', optional: true },
    { name: 'version', kind: 'text', optional: true },
    { name: 'more', kind: 'rest' },
  ],
  doc: 'Checks servers with a request; 2xx and 3xx answers are good. By default `OPTIONS / HTTP/1.0`.',
  examples: [
    { text: 'option httpchk', gives: { check: { type: 'http', method: 'OPTIONS', uri: '/', version: 'HTTP/1.0' } } },
    { text: 'option httpchk /health', gives: { check: { method: 'OPTIONS', uri: '/health' } } },
    { text: 'option httpchk GET /health', gives: { check: { method: 'GET', uri: '/health', version: 'HTTP/1.0' } } },
    {
      text: "option httpchk GET / 'HTTP/1.1\\r\\nHost: example.org'",
      gives: { check: { version: 'HTTP/1.1\\r\\nHost: example.org' } },
    },
    { text: 'option httpchk GET / HTTP/1.1', gives: { check: { version: 'HTTP/1.1' } } },
    { text: 'no option httpchk', says: "negation/default is not supported for option 'httpchk'" },
    { text: 'option httpchk GET / HTTP/1.1 x', says: "unexpected argument 'x'" },
  ],
  apply(draft, [first, uri, version, more], context) {
    if (more.length > 0)
      context.error({ text: `'option httpchk' cannot handle unexpected argument '${(more[0] as Word).text}'.`, word: more[0] });
    else setRequest(draft, first, uri, version);
  },
});

/** Old files put headers behind the version: `HTTP/1.1\r\nHost:\ example.org`. */
function setRequest(draft: ProxyDraft, first: string | null, uri: string | null, version: string | null): void {
  const check = httpCheck(draft);
  check.type = 'http';
  if (first !== null && uri === null) check.uri = first;
  else if (first !== null && uri !== null) Object.assign(check, { method: first, uri });
  if (version === null) return;
  const [head, ...lines] = version.split('\r\n');
  check.version = head as string;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) check.headers.push({ name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() });
  }
}

export const httpCheckSend = defineDirective({
  name: 'http-check send',
  sections: 'DLB',
  args: [{ name: 'parts', kind: 'rest' }],
  doc: 'The request of `option httpchk` in parts: `meth`, `uri`, `ver`, `hdr NAME VALUE`, `body`.',
  examples: [
    {
      text: 'http-check send meth GET uri /health ver HTTP/1.1 hdr Host www.example.org',
      gives: { check: { method: 'GET', uri: '/health', version: 'HTTP/1.1', headers: [{ name: 'Host', value: 'www.example.org' }] } },
    },
    { text: 'http-check send foo', says: "'http-check send' does not support 'foo'" },
    { text: 'http-check send uri-lf /%[x]', says: "'uri-lf' is not supported by this version" },
    { text: 'http-check send meth', says: "expects a value behind 'meth'" },
  ],
  apply(draft, [words], context) {
    const check = structuredClone(httpCheck(draft));
    check.headers.splice(0);
    for (let at = 0; at < words.length; ) {
      const taken = sendPart(check, words.slice(at), context);
      if (taken === 0) return;
      at += taken;
    }
    draft.check = check;
  },
});

const SEND_FIELDS = new Map<string, 'method' | 'uri' | 'version' | 'body'>([
  ['meth', 'method'],
  ['uri', 'uri'],
  ['ver', 'version'],
  ['body', 'body'],
]);

function sendPart(check: CheckModel, [word, value, second]: readonly Word[], context: DirectiveContext): number {
  const { text } = word as Word;
  const field = SEND_FIELDS.get(text);
  if (['uri-lf', 'body-lf', 'comment'].includes(text)) {
    if (text === 'comment' && value !== undefined) return 2;
    context.error({ text: `'http-check send' : '${text}' is not supported by this version`, word });
  } else if (field === undefined && text !== 'hdr') {
    const allowed = [...SEND_FIELDS.keys(), 'hdr'];
    context.error({ text: `'http-check send' does not support '${text}'`, word, allowed, near: allowed });
  } else if (value === undefined || (text === 'hdr' && second === undefined)) {
    context.error({ text: `'http-check send' expects a value behind '${text}'`, word });
  } else if (field !== undefined) {
    check[field] = value.text;
    return 2;
  } else if (second !== undefined) {
    if (second.text.includes('%['))
      context.error({ text: "'http-check send' : headers that are computed are not supported by this version", word: second });
    check.headers.push({ name: value.text, value: second.text });
    return 3;
  }
  return 0;
}

const EXPECT_KINDS = ['status', 'rstatus', 'string', 'rstring'] as const;
const EXPECT_LATER = [
  'hdr',
  'fhdr',
  'string-lf',
  'min-recv',
  'comment',
  'ok-status',
  'error-status',
  'tout-status',
  'on-success',
  'on-error',
  'status-code',
];

export const httpCheckExpect = defineDirective({
  name: 'http-check expect',
  sections: 'DLB',
  args: [{ name: 'rule', kind: 'rest' }],
  doc: 'What makes an answer good: `status` (a list of codes and ranges), `rstatus`, `string`, `rstring`; `!` before it negates.',
  examples: [
    { text: 'http-check expect status 200', gives: { check: { expect: { kind: 'status', negate: false, pattern: '200' } } } },
    { text: 'http-check expect status 200-299,301', gives: { check: { expect: { pattern: '200-299,301' } } } },
    { text: 'http-check expect ! rstring error', gives: { check: { expect: { kind: 'rstring', negate: true, pattern: 'error' } } } },
    { text: 'http-check expect !string ERR', gives: { check: { expect: { kind: 'string', negate: true } } } },
    { text: 'http-check expect status 2000', says: "'2000' is not a list of status codes" },
    { text: 'http-check expect status 399-300', says: 'ends before it begins' },
    { text: 'http-check expect rstring a[', says: "regex 'a[' is invalid" },
    { text: 'http-check expect foo x', says: "'http-check expect' does not support 'foo'" },
  ],
  apply(draft, [words], context) {
    const first = words[0];
    const negate = first?.text.startsWith('!') ?? false;
    const stripped =
      first !== undefined && negate && first.text !== '!'
        ? [{ ...first, text: first.text.slice(1) }, ...words.slice(1)]
        : words.slice(negate ? 1 : 0);
    const [kindWord, pattern, extra] = stripped;
    const kind = EXPECT_KINDS.find((name) => name === kindWord?.text);
    if (kindWord === undefined) context.error({ text: "'http-check expect' expects what to look for", allowed: EXPECT_KINDS });
    else if (EXPECT_LATER.includes(kindWord.text))
      context.error({ text: `'http-check expect' : '${kindWord.text}' is not supported by this version`, word: kindWord });
    else if (kind === undefined)
      context.error({
        text: `'http-check expect' does not support '${kindWord.text}'`,
        word: kindWord,
        allowed: EXPECT_KINDS,
        near: EXPECT_KINDS,
      });
    else if (pattern === undefined) context.error({ text: `'http-check expect' expects a pattern behind '${kind}'`, word: kindWord });
    else if (extra !== undefined)
      context.error({ text: `'http-check expect' cannot handle unexpected argument '${extra.text}'.`, word: extra });
    else if (kind === 'status' && !/^[1-9]\d\d(-[1-9]\d\d)?(,[1-9]\d\d(-[1-9]\d\d)?)*$/.test(pattern.text)) {
      context.error({ text: `'http-check expect' : '${pattern.text}' is not a list of status codes and ranges`, word: pattern });
    } else {
      const expect: ExpectModel = { kind, negate, pattern: pattern.text, at: context.position(pattern) };
      const problem = problemOf(expect);
      if (problem === null) httpCheck(draft).expect = expect;
      else context.error({ text: `'http-check expect' : ${problem}`, word: pattern });
    }
  },
});

/** What is wrong with a pattern, for who runs it; null: nothing. */
function problemOf(expect: ExpectModel): string | null {
  try {
    compileExpect(expect);
    return null;
  } catch (error) {
    return expect.kind.startsWith('r') ? `regex '${expect.pattern}' is invalid` : (error as Error).message;
  }
}

export const disableOn404 = defineDirective({
  name: 'http-check disable-on-404',
  sections: 'DLB',
  args: [],
  doc: 'A server that answers 404 gets no new sessions but keeps those it has.',
  examples: [{ text: 'http-check disable-on-404', gives: { check: { disableOn404: true } } }],
  apply(draft) {
    httpCheck(draft).disableOn404 = true;
  },
});

export const optionTcpCheck = defineDirective({
  name: 'option tcp-check',
  sections: 'DLB',
  args: [],
  doc: 'Checks servers by connecting. Sending and expecting are not supported yet.',
  examples: [
    { text: 'option tcp-check', gives: { check: { type: 'tcp' } } },
    { text: 'no option tcp-check', says: "negation/default is not supported for option 'tcp-check'" },
  ],
  apply(draft) {
    draft.check = newCheck('tcp');
  },
});

export const tcpCheckConnect = defineDirective({
  name: 'tcp-check connect',
  sections: 'DLB',
  args: [{ name: 'options', kind: 'rest' }],
  doc: 'The only step of a TCP check so far, without options.',
  examples: [
    { text: 'tcp-check connect', gives: {} },
    { text: 'tcp-check connect ssl', says: 'not supported by this version' },
  ],
  apply(_draft, [options], context) {
    if (options.length > 0)
      context.error({ text: `'tcp-check connect' : '${(options[0] as Word).text}' is not supported by this version`, word: options[0] });
  },
});
