/** The options that choose how servers are checked (HAProxy configuration manual, 4.2 option httpchk, option tcp-check). */
import type { CheckType } from '../../model/check.ts';
import { checkOf } from '../check-lines.ts';
import { type Directive, defineDirective, type ProxyDraft, type Word } from '../define.ts';

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
  const check = checkOf(draft);
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

export const optionTcpCheck = defineDirective({
  name: 'option tcp-check',
  sections: 'DLB',
  args: [],
  doc: 'Checks servers by connecting, and with the conversation that `tcp-check` lines describe.',
  examples: [
    { text: 'option tcp-check', gives: { check: { type: 'tcp' } } },
    { text: 'no option tcp-check', says: "negation/default is not supported for option 'tcp-check'" },
  ],
  apply(draft) {
    checkOf(draft).type = 'tcp';
  },
});

function defineProtocol(name: string, type: CheckType, doc: string): Directive {
  return defineDirective({
    name: `option ${name}`,
    sections: 'DLB',
    args: [],
    doc,
    examples: [
      { text: `option ${name}`, gives: { check: { type, words: [] } } },
      { text: `option ${name} x`, says: "unexpected argument 'x'" },
      { text: `no option ${name}`, says: `negation/default is not supported for option '${name}'` },
    ],
    apply: (draft) => choose(draft, type, []),
  });
}

function choose(draft: ProxyDraft, type: CheckType, words: readonly string[]): void {
  Object.assign(checkOf(draft), { type, words });
}

export const optionRedisCheck = defineProtocol(
  'redis-check',
  'redis',
  'Checks Redis servers: `PING` must be answered with `+PONG`. What else is answered the log tells once the server closes.',
);
export const optionLdapCheck = defineProtocol('ldap-check', 'ldap', 'Checks LDAP servers: an anonymous bind of version 3 must succeed.');
export const optionSslHelloChk = defineProtocol(
  'ssl-hello-chk',
  'ssl-hello',
  'Checks that a server speaks TLS at all: a hello of SSL 3.0 must be answered, if only with an alert. `check-ssl` says more.',
);

export const optionSmtpchk = defineDirective({
  name: 'option smtpchk',
  sections: 'DLB',
  args: [
    { name: 'hello', kind: 'text', optional: true },
    { name: 'domain', kind: 'text', optional: true },
  ],
  doc: 'Checks mail servers: the greeting and the answers to `HELO localhost`, or `EHLO` and another name, and to `QUIT` must begin with 2.',
  examples: [
    { text: 'option smtpchk', gives: { check: { type: 'smtp', words: [] } } },
    { text: 'option smtpchk EHLO mx.example.org', gives: { check: { type: 'smtp', words: ['EHLO', 'mx.example.org'] } } },
    { text: 'option smtpchk HELO a b', says: "unexpected argument 'b'" },
  ],
  apply: (draft, [hello, domain]) => choose(draft, 'smtp', hello === null || domain === null ? [] : [hello, domain]),
});

export const optionPgsqlCheck = defineDirective({
  name: 'option pgsql-check',
  sections: 'DLB',
  args: [
    { name: 'user', kind: 'choice', choices: ['user'] },
    { name: 'name', kind: 'text' },
  ],
  doc: 'Checks PostgreSQL servers: `user NAME` must be asked for its password, or let in.',
  examples: [
    { text: 'option pgsql-check user haproxy', gives: { check: { type: 'pgsql', words: ['haproxy'] } } },
    { text: 'option pgsql-check', says: "'option pgsql-check' expects" },
    { text: 'option pgsql-check user a b', says: "unexpected argument 'b'" },
  ],
  apply: (draft, [, user]) => choose(draft, 'pgsql', [user]),
});

const MYSQL_VERSIONS = ['post-41', 'pre-41'];

export const optionMysqlCheck = defineDirective({
  name: 'option mysql-check',
  sections: 'DLB',
  args: [
    { name: 'user', kind: 'choice', choices: ['user'], optional: true },
    { name: 'name', kind: 'text', optional: true },
    { name: 'version', kind: 'word', optional: true },
  ],
  doc:
    'Checks MySQL servers: they must greet and, with `user NAME`, let that user in without a password. `pre-41` speaks as clients before ' +
    'version 4.1, `post-41` is the default. Without a user the server counts each check as an aborted connection.',
  examples: [
    { text: 'option mysql-check', gives: { check: { type: 'mysql', words: [] } } },
    { text: 'option mysql-check user haproxy', gives: { check: { type: 'mysql', words: ['haproxy', 'post-41'] } } },
    { text: 'option mysql-check user haproxy pre-41', gives: { check: { words: ['haproxy', 'pre-41'] } } },
    { text: 'option mysql-check user', says: "'option mysql-check user' expects a name" },
    { text: 'option mysql-check user a post-80', says: "'post-80' is not supported by this version" },
    { text: 'option mysql-check user a new', says: "'option mysql-check' does not support 'new'" },
    { text: 'option mysql-check user a post-41 x', says: "unexpected argument 'x'" },
  ],
  apply(draft, [user, name, version], context) {
    if (user === null) choose(draft, 'mysql', []);
    else if (name === null) context.error({ text: "'option mysql-check user' expects a name" });
    else if (version?.text === 'post-80')
      context.error({ text: "'option mysql-check' : 'post-80' is not supported by this version", word: version });
    else if (version !== null && !MYSQL_VERSIONS.includes(version.text))
      context.error({ text: `'option mysql-check' does not support '${version.text}'`, word: version, allowed: MYSQL_VERSIONS });
    else choose(draft, 'mysql', [name, version?.text ?? 'post-41']);
  },
});
