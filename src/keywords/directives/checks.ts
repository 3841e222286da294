/** The options that choose how servers are checked (HAProxy configuration manual, 4.2 option httpchk, option tcp-check). */
import { checkOf } from '../check-lines.ts';
import { defineDirective, type ProxyDraft, type Word } from '../define.ts';

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
