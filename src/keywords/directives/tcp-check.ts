/** The lines of checks of any protocol over TCP (HAProxy configuration manual, 4.2 tcp-check). */
import { contentExpect, hexBytes } from '../../check/content-expect.ts';
import { CONTENT_MATCHES, type ExpectStepModel, type SendStepModel } from '../../model/check.ts';
import { addComment, addConnect, addStep, defineVariableLines, readExpect, type Sought, WordReader } from '../check-lines.ts';
import { type Directive, type DirectiveContext, defineDirective, type ProxyDraft, type Word } from '../define.ts';

export const tcpCheckConnect = defineDirective({
  name: 'tcp-check connect',
  sections: 'DLB',
  args: [{ name: 'options', kind: 'rest' }],
  doc:
    'Begins a connection of a TCP check: the first of all lines, or for what comes behind it. `default` does as the server line says; else ' +
    'only what is written here counts: `port`, `addr`, `send-proxy`, `ssl`, `sni`, `alpn`, `linger`, `comment`.',
  examples: [
    { text: 'tcp-check connect', gives: { check: { tcp: { steps: [{ kind: 'connect', usesServer: false, tls: false }] } } } },
    {
      text: 'tcp-check connect port 143 addr 192.0.2.1 send-proxy linger comment imap',
      gives: { check: { tcp: { steps: [{ port: 143, address: { family: 4 }, sendsProxy: true, linger: true, comment: 'imap' }] } } },
    },
    { text: 'tcp-check connect ssl alpn a,,b', says: 'a name of 1 to 255 bytes' },
    { text: 'tcp-check connect port 0', says: '0' },
    {
      text: 'tcp-check connect port var(check.port)',
      gives: { check: { tcp: { steps: [{ port: null, portExpression: 'var(check.port)' }] } } },
    },
    { text: 'tcp-check connect via-socks4', says: "'via-socks4' is not supported by this version" },
    { text: 'tcp-check send x\ntcp-check connect', says: "a check that has 'connect' lines must begin with one" },
  ],
  apply: (draft, [words], context) => addConnect(draft, 'tcp', words, context),
});

export const tcpCheckComment = defineDirective({
  name: 'tcp-check comment',
  sections: 'DLB',
  args: [{ name: 'text', kind: 'text' }],
  doc: 'Words that the log has if the line behind it fails.',
  examples: [{ text: 'tcp-check comment greeting', gives: { check: { tcp: { steps: [{ kind: 'comment', comment: 'greeting' }] } } } }],
  apply: (draft, [text], context) => addComment(draft, 'tcp', text, context),
});

export const tcpCheckSend = defineDirective({
  name: 'tcp-check send',
  sections: 'DLB',
  args: [
    { name: 'data', kind: 'word' },
    { name: 'more', kind: 'rest' },
  ],
  doc: 'Sends a text in a TCP check; `comment TEXT` may follow. What has come before it is not looked at any more.',
  examples: [
    { text: 'tcp-check send PING comment ask', gives: { check: { tcp: { steps: [{ kind: 'send', data: 'PING', comment: 'ask' }] } } } },
    { text: 'tcp-check send PING\\r\\n', gives: { check: { tcp: { steps: [{ data: 'PING\r\n' }] } } } },
    { text: 'tcp-check send a b', says: "'tcp-check send' does not support 'b'" },
  ],
  apply: (draft, [data, more], context) => addSend(draft, data.text, 'bytes', more, context),
});

function defineSendFormat(name: string, form: 'format' | 'hex-format', doc: string, written: string): Directive {
  return defineDirective({
    name: `tcp-check ${name}`,
    sections: 'DLB',
    args: [
      { name: 'format', kind: 'text' },
      { name: 'more', kind: 'rest' },
    ],
    doc,
    examples: [{ text: `tcp-check ${name} ${written}`, gives: { check: { tcp: { steps: [{ kind: 'send', form, data: written }] } } } }],
    apply: (draft, [format, more], context) => addSend(draft, format, form, more, context),
  });
}

export const tcpCheckSendLf = defineSendFormat('send-lf', 'format', 'As `tcp-check send`, for a log-format string.', 'HELO:%[hostname]');
export const tcpCheckSendBinaryLf = defineSendFormat(
  'send-binary-lf',
  'hex-format',
  'As `tcp-check send-binary`, for a log-format string that gives hexadecimal digits.',
  '%[hostname,hex]0a',
);

export const tcpCheckVariables = defineVariableLines('tcp');

export const tcpCheckSendBinary = defineDirective({
  name: 'tcp-check send-binary',
  sections: 'DLB',
  args: [
    { name: 'digits', kind: 'word' },
    { name: 'more', kind: 'rest' },
  ],
  doc: 'As `tcp-check send`, for bytes in hexadecimal digits.',
  examples: [
    { text: 'tcp-check send-binary 50494e470d0A', gives: { check: { tcp: { steps: [{ data: 'PING\r\n' }] } } } },
    { text: 'tcp-check send-binary 504', says: "'504' is no hexadecimal string" },
  ],
  apply(draft, [digits, more], context) {
    try {
      addSend(draft, Buffer.from(hexBytes(digits.text)).toString('latin1'), 'bytes', more, context);
    } catch (error) {
      context.error({ text: `'${context.keyword}' : ${(error as Error).message}`, word: digits });
    }
  },
});

function addSend(draft: ProxyDraft, data: string, form: SendStepModel['form'], more: readonly Word[], context: DirectiveContext): void {
  const reader = new WordReader(more, context);
  const word = reader.next();
  if (word !== undefined && word.text !== 'comment') {
    reader.complain(`does not support '${word.text}'`, word, ['comment']);
    return;
  }
  const comment = word === undefined ? null : reader.valueOf(word);
  if ((word !== undefined && comment === null) || !reader.isAtEnd()) return;
  addStep(draft, 'tcp', { kind: 'send', at: context.at, comment: comment?.text ?? null, data, form });
}

export const tcpCheckExpect = defineDirective({
  name: 'tcp-check expect',
  sections: 'DLB',
  args: [{ name: 'rule', kind: 'rest' }],
  doc:
    'What the server must send in a TCP check: `string`, `rstring`, `binary` (hexadecimal digits), `rbinary` (matched with the upper-case ' +
    'digits of what came), `string-lf`, `binary-lf` (log-format strings); `!` before it negates. Beside it may stand `min-recv`, `comment`, `ok-status`, `error-status`, `tout-status`, ' +
    '`on-success`, `on-error` (log-format strings), `status-code` (an expression). Consecutive lines look at the same bytes.',
  examples: [
    {
      text: 'tcp-check expect string +OK',
      gives: { check: { tcp: { steps: [{ kind: 'expect', match: 'string', pattern: '+OK', negate: false, minBytes: null }] } } },
    },
    {
      text: 'tcp-check expect min-recv 4 ok-status L6OK on-success fine ! rbinary ^FF',
      gives: { check: { tcp: { steps: [{ minBytes: 4, okStatus: 'L6OK', onSuccess: 'fine', match: 'rbinary', negate: true }] } } },
    },
    { text: 'tcp-check expect binary 2b4', says: "'2b4' is no hexadecimal string" },
    { text: 'tcp-check expect rstring (', says: "regex '(' is invalid" },
    { text: 'tcp-check expect status 200', says: "'tcp-check expect' does not support 'status'" },
    {
      text: 'tcp-check expect on-error %[payload(0,3)] status-code int(1) string-lf %[hostname]',
      gives: { check: { tcp: { steps: [{ onError: '%[payload(0,3)]', statusCode: 'int(1)', match: 'string-lf' }] } } },
    },
  ],
  apply(draft, [words], context) {
    const step = readExpect(words, context, { matches: CONTENT_MATCHES, seek, judge: problemOf });
    if (step !== null) addStep(draft, 'tcp', step);
  },
});

function seek(match: Word, reader: WordReader): Sought | null {
  const pattern = reader.valueOf(match);
  return pattern === null ? null : { pattern: pattern.text, header: null, word: pattern };
}

/** What is wrong with a pattern, for who runs it; null: nothing. */
function problemOf(expect: ExpectStepModel): string | null {
  try {
    contentExpect(expect, 0, '', null);
    return null;
  } catch (error) {
    return expect.match.startsWith('r') ? `regex '${expect.pattern}' is invalid` : (error as Error).message;
  }
}
