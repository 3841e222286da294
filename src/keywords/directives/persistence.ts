/** Lines that choose a server, or overrule how one is chosen (HAProxy configuration manual, 4.2). */
import type { ConditionModel } from '../../model/config.ts';
import { type Directive, type DirectiveContext, defineDirective, type ProxyDraft, type Word } from '../define.ts';

/** The condition that such a line can't do without; null: an error has been told. */
function required(rest: readonly Word[], context: DirectiveContext): ConditionModel | null {
  const condition = context.condition(rest);
  if (condition !== null) return condition ?? null;
  context.error({ text: `'${context.keyword}' requires either 'if' or 'unless' followed by a condition.` });
  return null;
}

export const useServer = defineDirective({
  name: 'use-server',
  sections: 'LB',
  args: [
    { name: 'server', kind: 'word' },
    { name: 'condition', kind: 'rest' },
  ],
  doc: 'The server of requests that meet a condition, unless it is down; the first line that fits wins, before cookies and balancing. The name may be a log-format string; one that names no server ends the list.',
  examples: [
    {
      text: 'use-server s1 if { path_beg /a }',
      gives: { useServers: [{ name: 's1', condition: { unless: false, words: ['{', 'path_beg', '/a', '}'] } }] },
    },
    { text: 'use-server %[hdr(x-server)] unless FALSE', gives: { useServers: [{ name: '%[hdr(x-server)]' }] } },
    { text: 'use-server s1', says: "requires either 'if' or 'unless'" },
  ],
  apply(draft, [name, rest], context) {
    const condition = required(rest, context);
    if (condition !== null) draft.useServers.push({ name: name.text, condition, at: context.position(name) });
  },
});

function definePersist(name: string, doc: string, force: boolean): Directive {
  return defineDirective({
    name,
    sections: 'LB',
    args: [{ name: 'condition', kind: 'rest' }],
    doc,
    examples: [
      { text: `${name} if { src 127.0.0.1 }`, gives: { persistRules: [{ force, condition: { words: ['{', 'src', '127.0.0.1', '}'] } }] } },
      { text: name, says: "requires either 'if' or 'unless'" },
    ],
    apply(draft: ProxyDraft, [rest]: readonly [readonly Word[]], context: DirectiveContext) {
      const condition = required(rest, context);
      if (condition !== null) draft.persistRules.push({ force, condition });
    },
  });
}

export const forcePersist = definePersist(
  'force-persist',
  'Where the condition holds, a persistence cookie leads to its server even while that is down. The first line of both kinds that fits counts.',
  true,
);
export const ignorePersist = definePersist('ignore-persist', 'Where the condition holds, no persistence is looked for.', false);

export const forceBackendSwitch = defineDirective({
  name: 'force-be-switch',
  sections: 'FL',
  args: [{ name: 'condition', kind: 'rest' }],
  doc: 'Where the condition holds, `use_backend` may choose a backend that is disabled.',
  examples: [
    { text: 'force-be-switch if { src 127.0.0.1 }', gives: { forceSwitches: [{ unless: false }] } },
    { text: 'force-be-switch', says: "requires either 'if' or 'unless'" },
  ],
  apply(draft, [rest], context) {
    const condition = required(rest, context);
    if (condition !== null) draft.forceSwitches.push(condition);
  },
});

export const persistRdpCookie = defineDirective({
  name: 'persist rdp-cookie',
  sections: 'DLB',
  args: [],
  doc: 'The server whose address and port the RDP cookie `msts` tells. Rules must have waited for the cookie.',
  examples: [
    { text: 'persist rdp-cookie', gives: { persistRdpCookie: { name: 'msts' } } },
    { text: 'persist rdp-cookie x', says: "cannot handle unexpected argument 'x'" },
  ],
  apply(draft, _words, context) {
    draft.persistRdpCookie = { name: 'msts', at: context.position({ text: '', column: 1, quoted: false }) };
  },
});

export const persistNamedRdpCookie = defineDirective({
  name: 'persist',
  sections: 'DLB',
  args: [{ name: 'kind', kind: 'word' }],
  doc: '`persist rdp-cookie(NAME)`: as `persist rdp-cookie`, for a cookie of another name.',
  examples: [
    { text: 'persist rdp-cookie(session)', gives: { persistRdpCookie: { name: 'session' } } },
    { text: 'persist cookie', says: "'persist' expects 'rdp-cookie'" },
  ],
  apply(draft, [word], context) {
    const name = /^rdp-cookie\(([^()]+)\)$/.exec(word.text)?.[1];
    if (name === undefined) context.error({ text: `'persist' expects 'rdp-cookie' or 'rdp-cookie(NAME)', found '${word.text}'`, word });
    else draft.persistRdpCookie = { name, at: context.position(word) };
  },
});
