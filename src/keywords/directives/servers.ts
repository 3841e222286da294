/** `server` and `default-server` (HAProxy configuration manual, 4.2 and 5.2). */
import type { ServerModel } from '../../model/config.ts';
import { copyRecord } from '../../model/copy.ts';
import { type DirectiveContext, defineDirective, type ProxyDraft, type Word } from '../define.ts';

export const server = defineDirective({
  name: 'server',
  sections: 'LB',
  strict: true,
  args: [
    { name: 'name', kind: 'word', optional: true },
    { name: 'address', kind: 'word', optional: true },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A server: name, address, options. Without a port, or with `+N`, the port follows the one the client came to.',
  examples: [
    {
      text: 'server s1 10.0.0.1:8080',
      gives: { servers: [{ name: 's1', host: null, portKind: 'fixed', address: { family: 4, port: 8080 } }] },
    },
    { text: 'server s1 web.local:80 check', gives: { servers: [{ host: 'web.local', check: true, address: { family: 0, port: 80 } }] } },
    { text: 'server s1 10.0.0.1', gives: { servers: [{ portKind: 'client' }] } },
    { text: 'server s1 10.0.0.1:+1000', gives: { servers: [{ portKind: 'offset', portOffset: 1000 }] } },
    { text: 'server s1 /run/app.sock', gives: { servers: [{ address: { family: 1, path: '/run/app.sock' } }] } },
    { text: 'server s1', says: "'server' expects <name> and <addr>[:<port>] as arguments." },
    { text: 'server s1 10.0.0.1:80-90', says: 'port range not permitted here' },
    { text: 'server s1 10.0.0.1:80 chek', says: "unknown keyword 'chek'; did you mean 'check' maybe ?" },
    { text: 'server s1 10.0.0.1:80 ssl verify none', gives: { servers: [{ tls: { enabled: true, verify: 'none' } }] } },
  ],
  apply(draft, [name, address, options], context) {
    if (name === null || address === null) context.error({ text: "'server' expects <name> and <addr>[:<port>] as arguments." });
    else if (checkName(draft, name, context)) addServer(draft, name, address, options, context);
  },
});

function checkName(draft: ProxyDraft, word: Word, context: DirectiveContext): boolean {
  const stray = /[^A-Za-z0-9._:-]/.exec(word.text)?.[0];
  if (stray !== undefined) {
    context.error({ text: `character '${stray}' is not permitted in server name '${word.text}'.`, word });
    return false;
  }
  const other = draft.servers.find((known) => known.name === word.text);
  if (other === undefined) return true;
  const text = `${draft.kind} '${draft.name}', another server named '${word.text}' was already defined at line ${other.at.line}, please use distinct names.`;
  context.error({ text, word });
  return false;
}

function addServer(draft: ProxyDraft, name: Word, address: Word, options: readonly Word[], context: DirectiveContext): void {
  const parsed = context.serverAddress(address);
  if (parsed === null) return;
  const { host, portKind, portOffset } = parsed;
  const at = context.position(name);
  const own = {
    name: name.text,
    at,
    text: address.text,
    host,
    portKind,
    portOffset,
    address: parsed.addresses[0] as ServerModel['address'],
  };
  const added: ServerModel = { ...copyRecord(draft.defaultServer), ...own };
  context.serverOptions(added, options, false);
  const twin = added.id === null ? undefined : draft.servers.find((known) => known.id === added.id);
  if (twin !== undefined) {
    const { file, line } = twin.at;
    context.error({
      text: `'server ${draft.name}/${added.name}' : 'id' : custom id ${added.id} already used at ${file}:${line} ('server ${twin.name}').`,
      word: name,
    });
  }
  draft.servers.push(added);
}

export const defaultServer = defineDirective({
  name: 'default-server',
  sections: 'DLB',
  args: [{ name: 'options', kind: 'rest' }],
  doc: 'Options for the `server` lines below it.',
  examples: [
    { text: 'default-server inter 5s rise 1 check', gives: { defaultServer: { interMs: 5000, rise: 1, check: true } } },
    { text: 'default-server id 3', says: "'id' : not allowed on 'default-server' line." },
    { text: 'default-server', gives: {} },
    { text: 'default-server foo', says: "unknown keyword 'foo'" },
  ],
  apply(draft, [options], context) {
    context.serverOptions(draft.defaultServer, options, true);
  },
});
