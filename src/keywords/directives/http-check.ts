/** The lines of HTTP checks (HAProxy configuration manual, 4.2 http-check). */
import { httpExpect, parseStatuses } from '../../check/http-expect.ts';
import { type ExpectStepModel, type HeaderPatternModel, HTTP_MATCHES, type RequestStepModel } from '../../model/check.ts';
import {
  addComment,
  addConnect,
  addStep,
  checkOf,
  defineVariableLines,
  readExpect,
  readTextPattern,
  type Sought,
  WordReader,
} from '../check-lines.ts';
import { defineDirective, type Word } from '../define.ts';

export const httpCheckConnect = defineDirective({
  name: 'http-check connect',
  sections: 'DLB',
  args: [{ name: 'options', kind: 'rest' }],
  doc:
    'Begins a connection of an HTTP check: the first of all lines, or for what comes behind it. `default` does as the server line says; else ' +
    'only what is written here counts: `port`, `addr`, `send-proxy`, `ssl`, `sni`, `alpn`, `linger`, `comment`.',
  examples: [
    {
      text: 'http-check connect port 8443 ssl sni www.example.org alpn http/1.1',
      gives: {
        check: { http: { steps: [{ kind: 'connect', port: 8443, tls: true, serverName: 'www.example.org', alpn: ['http/1.1'] }] } },
      },
    },
    { text: 'http-check connect default', gives: { check: { http: { steps: [{ usesServer: true, tls: false }] } } } },
    { text: 'http-check connect tls', says: "'http-check connect' does not support 'tls'" },
    { text: 'http-check connect proto h2', says: "'proto' is not supported by this version" },
  ],
  apply: (draft, [words], context) => addConnect(draft, 'http', words, context),
});

export const httpCheckComment = defineDirective({
  name: 'http-check comment',
  sections: 'DLB',
  args: [{ name: 'text', kind: 'text' }],
  doc: 'Words that the log has if the line behind it fails.',
  examples: [{ text: 'http-check comment login', gives: { check: { http: { steps: [{ kind: 'comment', comment: 'login' }] } } } }],
  apply: (draft, [text], context) => addComment(draft, 'http', text, context),
});

export const httpCheckSend = defineDirective({
  name: 'http-check send',
  sections: 'DLB',
  args: [{ name: 'parts', kind: 'rest' }],
  doc: 'A request of an HTTP check in parts: `meth`, `uri`, `ver`, `hdr NAME FORMAT`, `body`, or `uri-lf` and `body-lf` with log-format strings. What the first such line lacks, `option httpchk` says.',
  examples: [
    {
      text: 'http-check send meth GET uri /health ver HTTP/1.1 hdr Host www.example.org',
      gives: {
        check: {
          http: {
            steps: [{ method: 'GET', uri: '/health', version: 'HTTP/1.1', headers: [{ name: 'Host', value: 'www.example.org' }] }],
          },
        },
      },
    },
    { text: 'http-check send foo', says: "'http-check send' does not support 'foo'" },
    {
      text: 'http-check send uri-lf /%[hostname] hdr x %[pid]',
      gives: { check: { http: { steps: [{ uri: '/%[hostname]', computes: ['uri'], headers: [{ value: '%[pid]' }] }] } } },
    },
    { text: 'http-check send meth', says: "expects a value behind 'meth'" },
  ],
  apply(draft, [words], context) {
    const reader = new WordReader(words, context);
    const request: RequestStepModel = {
      kind: 'request',
      at: context.at,
      comment: null,
      method: null,
      uri: null,
      version: null,
      headers: [],
      body: null,
      computes: [],
    };
    for (let word = reader.next(); word !== undefined; word = reader.next()) if (!readPart(request, word, reader)) return;
    addStep(draft, 'http', request);
  },
});

const SEND_FIELDS = new Map<string, 'method' | 'uri' | 'version' | 'body' | 'comment'>([
  ['meth', 'method'],
  ['uri', 'uri'],
  ['ver', 'version'],
  ['body', 'body'],
  ['comment', 'comment'],
]);

function readPart(request: RequestStepModel, word: Word, reader: WordReader): boolean {
  const isFormat = word.text === 'uri-lf' || word.text === 'body-lf';
  const field = SEND_FIELDS.get(isFormat ? word.text.slice(0, -3) : word.text);
  const allowed = [...SEND_FIELDS.keys(), 'hdr', 'uri-lf', 'body-lf'];
  if (field === undefined && word.text !== 'hdr') return reader.complain(`does not support '${word.text}'`, word, allowed) !== null;
  const value = reader.valueOf(word);
  if (value === null) return false;
  if (field !== undefined) {
    request[field] = value.text;
    if (isFormat) request.computes.push(field as 'uri' | 'body');
    return true;
  }
  const text = reader.valueOf(value);
  if (text !== null) request.headers.push({ name: value.text, value: text.text });
  return text !== null;
}

export const httpCheckVariables = defineVariableLines('http');

export const httpCheckExpect = defineDirective({
  name: 'http-check expect',
  sections: 'DLB',
  args: [{ name: 'rule', kind: 'rest' }],
  doc:
    'What makes an answer good: `status` (a list of codes and ranges), `rstatus`, `string`, `rstring`, `string-lf` (a log-format string), `hdr`, `fhdr` (`name` and `value`, or ' +
    '`name-lf` and `value-lf` with log-format strings, each with `-m str|beg|end|sub|reg`); `!` before it negates. Beside it may stand `min-recv`, `comment`, `ok-status`, `error-status`, ' +
    '`tout-status`, `on-success`, `on-error` (log-format strings), `status-code` (an expression). All such lines must hold.',
  examples: [
    {
      text: 'http-check expect status 200',
      gives: { check: { http: { steps: [{ match: 'status', negate: false, pattern: '200' }] } } },
    },
    { text: 'http-check expect status 200-299,301', gives: { check: { http: { steps: [{ pattern: '200-299,301' }] } } } },
    {
      text: 'http-check expect ! rstring error',
      gives: { check: { http: { steps: [{ match: 'rstring', negate: true, pattern: 'error' }] } } },
    },
    { text: 'http-check expect !string ERR', gives: { check: { http: { steps: [{ match: 'string', negate: true }] } } } },
    {
      text: 'http-check expect comment login error-status L7STS hdr name set-cookie value -m beg sess=',
      gives: {
        check: {
          http: {
            steps: [
              {
                comment: 'login',
                errorStatus: 'L7STS',
                header: { name: { method: 'str', text: 'set-cookie' }, value: { method: 'beg', text: 'sess=' } },
              },
            ],
          },
        },
      },
    },
    { text: 'http-check expect status 2000', says: "'2000' is not a list of status codes" },
    { text: 'http-check expect status 399-300', says: 'ends before it begins' },
    { text: 'http-check expect rstring a[', says: "regex 'a[' is invalid" },
    { text: 'http-check expect foo x', says: "'http-check expect' does not support 'foo'" },
    { text: 'http-check expect ok-status L7RSP status 200', says: "'L7RSP' is no status for 'ok-status'" },
    { text: 'http-check expect hdr value x', says: "expects 'name'" },
    { text: 'http-check expect hdr name -m dom x', says: "'dom' is no way to match" },
    { text: 'http-check expect hdr name-lf -m reg x', says: "'name-lf' is no regular expression" },
    {
      text: 'http-check expect hdr name x value-lf %[hostname]',
      gives: { check: { http: { steps: [{ header: { name: { isFormat: false }, value: { text: '%[hostname]', isFormat: true } } }] } } },
    },
    {
      text: 'http-check expect string-lf %[hostname] status-code int(7)',
      gives: { check: { http: { steps: [{ match: 'string-lf', pattern: '%[hostname]', statusCode: 'int(7)' }] } } },
    },
  ],
  apply(draft, [words], context) {
    const step = readExpect(words, context, { matches: HTTP_MATCHES, seek, judge: problemOf });
    if (step !== null) addStep(draft, 'http', step);
  },
});

function seek(match: Word, reader: WordReader): Sought | null {
  if (match.text === 'hdr' || match.text === 'fhdr') {
    const header = readHeader(reader, match);
    return header === null ? null : { pattern: '', header, word: match };
  }
  const pattern = reader.valueOf(match);
  return pattern === null ? null : { pattern: pattern.text, header: null, word: pattern };
}

/** `name PATTERN [value PATTERN]`. */
function readHeader(reader: WordReader, match: Word): HeaderPatternModel | null {
  const first = reader.valueOf(match);
  if (first === null) return null;
  if (first.text !== 'name' && first.text !== 'name-lf') return reader.complain(`expects 'name' behind '${match.text}'`, first);
  const name = readTextPattern(reader, first);
  const second = name === null ? undefined : reader.peek();
  if (name === null) return null;
  if (second?.text !== 'value' && second?.text !== 'value-lf') return { name, value: null };
  reader.next();
  const value = readTextPattern(reader, second);
  return value === null ? null : { name, value };
}

/** What is wrong with a pattern, for who runs it; null: nothing. */
function problemOf(expect: ExpectStepModel): string | null {
  const { match, pattern, header } = expect;
  if (match === 'status' && !/^[1-9]\d\d(-[1-9]\d\d)?(,[1-9]\d\d(-[1-9]\d\d)?)*$/.test(pattern))
    return `'${pattern}' is not a list of status codes and ranges`;
  try {
    if (match === 'status') parseStatuses(pattern);
    httpExpect(expect, 0, '', false, null);
    return null;
  } catch (error) {
    if (header !== null) return `regex '${header.value?.method === 'reg' ? header.value.text : header.name.text}' is invalid`;
    return match.startsWith('r') ? `regex '${pattern}' is invalid` : (error as Error).message;
  }
}

export const disableOn404 = defineDirective({
  name: 'http-check disable-on-404',
  sections: 'DLB',
  args: [],
  doc: 'A server that answers 404 gets no new sessions but keeps those it has.',
  examples: [{ text: 'http-check disable-on-404', gives: { check: { disableOn404: true } } }],
  apply(draft) {
    checkOf(draft).disableOn404 = true;
  },
});

export const sendState = defineDirective({
  name: 'http-check send-state',
  sections: 'DLB',
  args: [],
  doc: 'Requests tell the server how it is seen, in a field `X-Haproxy-Server-State`: state, address, name, weight, sessions, queue.',
  examples: [
    { text: 'http-check send-state', gives: { check: { tellsState: true } } },
    { text: 'http-check send-state x', says: "unexpected argument 'x'" },
  ],
  apply(draft) {
    checkOf(draft).tellsState = true;
  },
});
