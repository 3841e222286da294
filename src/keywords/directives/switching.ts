/** Which backend a request goes to, and the rules on its way (HAProxy configuration manual, 4.2 and 4.3). */
import { type Directive, defineDirective } from '../define.ts';

const NAME = /^[A-Za-z0-9._:-]+$/;

export const defaultBackend = defineDirective({
  name: 'default_backend',
  sections: 'DFL',
  args: [{ name: 'backend', kind: 'word' }],
  doc: 'The backend of requests that no `use_backend` took.',
  examples: [
    { text: 'default_backend web', gives: { defaultBackend: { name: 'web' } } },
    { text: 'default_backend a b', says: "cannot handle unexpected argument 'b'" },
  ],
  apply(draft, [word], context) {
    draft.defaultBackend = { name: word.text, at: context.position(word) };
  },
});

export const useBackend = defineDirective({
  name: 'use_backend',
  sections: 'FL',
  args: [
    { name: 'backend', kind: 'word' },
    { name: 'condition', kind: 'rest' },
  ],
  doc: 'The backend of requests that meet a condition; the first line that fits wins. The name may be a log-format string: one that names no backend leads to the default one. Disabled backends are passed over.',
  examples: [
    {
      text: 'use_backend blog if { path_beg /blog }',
      gives: { useBackends: [{ name: 'blog', condition: { unless: false, words: ['{', 'path_beg', '/blog', '}'] } }] },
    },
    { text: 'use_backend blog', gives: { useBackends: [{ name: 'blog', condition: null }] } },
    { text: 'use_backend blog when x', says: "expects either 'if' or 'unless'" },
    { text: 'use_backend %[path,map(x)]', gives: { useBackends: [{ name: '%[path,map(x)]' }] } },
  ],
  apply(draft, [word, rest], context) {
    const condition = context.condition(rest);
    if (condition !== undefined) draft.useBackends.push({ name: word.text, condition, at: context.position(word) });
  },
});

export const acl = defineDirective({
  name: 'acl',
  sections: 'DFLB',
  namedOnly: true,
  args: [
    { name: 'name', kind: 'word' },
    { name: 'criterion', kind: 'rest' },
  ],
  doc: 'Names a test of the request, the response or the connection; lines of the same name are alternatives.',
  examples: [
    { text: 'acl blog path_beg /blog', gives: { acls: [{ name: 'blog', words: ['path_beg', '/blog'] }] } },
    { text: 'acl x', says: 'missing fetch method in ACL expression' },
    { text: 'acl or path /', says: "acl name 'or' will never match" },
    { text: "acl 'a$' path /", says: "character '$' is not permitted in acl name 'a$'" },
  ],
  apply(draft, [name, criterion], context) {
    const stray = /[^A-Za-z0-9._:-]/.exec(name.text)?.[0];
    if (name.text.toLowerCase() === 'or') {
      const text = `acl name '${name.text}' will never match. 'or' is used to express a logical disjunction within a condition.`;
      context.error({ text, word: name });
    } else if (!NAME.test(name.text))
      context.error({ text: `character '${stray}' is not permitted in acl name '${name.text}'.`, word: name });
    else if (criterion.length === 0) {
      context.error({ text: `error detected while parsing ACL '${name.text}' : missing fetch method in ACL expression`, word: name });
    } else {
      context.checkCriterion(name.text, criterion);
      const columns = criterion.map((word) => word.column);
      draft.acls.push({ name: name.text, words: criterion.map((word) => word.text), columns, at: context.position(name) });
    }
  },
});

function defineRules(name: string, sections: string, doc: string, action: string): Directive {
  return defineDirective({
    name,
    sections,
    namedOnly: true,
    args: [{ name: 'rule', kind: 'rest' }],
    doc,
    examples: [
      {
        text: `${name} ${action} if TRUE`,
        gives: { rules: { [name]: [{ action: action.split(' ')[0], condition: { words: ['TRUE'] } }] } },
      },
      { text: name, says: 'expects an action' },
      { text: `${name} ${action} if`, says: "no condition behind 'if'" },
    ],
    apply(draft, [words], context) {
      const rule = context.rule(words);
      if (rule === null) return;
      const list = draft.rules[name];
      if (list === undefined) draft.rules[name] = [rule];
      else list.push(rule);
    },
  });
}

export const tcpRequestConnection = defineRules(
  'tcp-request connection',
  'DFL',
  'Rules for a connection, before its first byte and before TLS.',
  'reject',
);
export const tcpRequestSession = defineRules(
  'tcp-request session',
  'DFL',
  'Rules for a connection once its session is complete (TLS, PROXY line).',
  'reject',
);
export const tcpRequestContent = defineRules('tcp-request content', 'DFLB', 'Rules for the first bytes that a client sends.', 'reject');
export const tcpResponseContent = defineRules('tcp-response content', 'DLB', 'Rules for the first bytes that a server sends.', 'reject');
export const httpRequest = defineRules('http-request', 'DFLB', 'Rules for requests.', 'set-header X-Seen yes');
export const httpResponse = defineRules('http-response', 'DFLB', 'Rules for responses of servers.', 'set-header X-Seen yes');
export const httpAfterResponse = defineRules(
  'http-after-response',
  'DFLB',
  'Rules for all responses, our own too.',
  'set-header X-Seen yes',
);

export const redirect = defineDirective({
  name: 'redirect',
  sections: 'FLB',
  args: [{ name: 'rule', kind: 'rest' }],
  doc: 'An `http-request redirect` that runs after all http-request rules of its section.',
  examples: [
    {
      text: 'redirect location /x if TRUE',
      gives: { rules: { redirect: [{ action: 'redirect', words: ['location', '/x'], condition: { words: ['TRUE'] } }] } },
    },
    { text: 'redirect', says: 'expects an action' },
  ],
  apply(draft, [words], context) {
    const rule = context.rule(words);
    if (rule === null) return;
    // The parser of rules takes the first word for the action: here it is the first of the redirect's own words.
    const { action, columns = [], ...rest } = rule;
    const made = { ...rest, action: 'redirect', words: [action, ...rule.words], columns: [rest.at.column, ...columns] };
    const list = draft.rules['redirect'];
    if (list === undefined) draft.rules['redirect'] = [made];
    else list.push(made);
  },
});

export const inspectDelay = defineDirective({
  name: 'tcp-request inspect-delay',
  sections: 'DFLB',
  namedOnly: true,
  args: [{ name: 'timeout', kind: 'time' }],
  doc: 'How long `tcp-request content` rules may wait for data.',
  examples: [{ text: 'tcp-request inspect-delay 5s', gives: { inspectDelayMs: 5000 } }],
  apply(draft, [delayMs]) {
    draft.inspectDelayMs = delayMs;
  },
});

export const responseInspectDelay = defineDirective({
  name: 'tcp-response inspect-delay',
  sections: 'DLB',
  namedOnly: true,
  args: [{ name: 'timeout', kind: 'time' }],
  doc: 'How long `tcp-response content` rules may wait for data.',
  examples: [{ text: 'tcp-response inspect-delay 5s', gives: { responseInspectDelayMs: 5000 } }],
  apply(draft, [delayMs]) {
    draft.responseInspectDelayMs = delayMs;
  },
});
