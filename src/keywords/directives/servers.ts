/** `server`, `server-template` and `default-server` (HAProxy configuration manual, 4.2 and 5.2). */
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

/** Servers that one line may make. */
const MOST_SERVERS = 10_000;

export const serverTemplate = defineDirective({
  name: 'server-template',
  sections: 'LB',
  strict: true,
  args: [
    { name: 'prefix', kind: 'word', optional: true },
    { name: 'range', kind: 'word', optional: true },
    { name: 'address', kind: 'word', optional: true },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'Many servers of one address: `N`, or `LOW-HIGH`, of them, named by the prefix and their number.',
  examples: [
    {
      text: 'server-template web 2 app.local:80 check',
      gives: {
        servers: [
          { name: 'web1', host: 'app.local', check: true },
          { name: 'web2', host: 'app.local', check: true },
        ],
      },
    },
    {
      text: 'server-template web 8-9 10.0.0.1:80',
      gives: { servers: [{ name: 'web8' }, { name: 'web9', address: { family: 4, port: 80 } }] },
    },
    { text: 'server-template web x 10.0.0.1:80', says: "'server-template' : wrong number/range 'x'" },
    { text: 'server-template web 3-2 10.0.0.1:80', says: "'server-template' : wrong number/range '3-2'" },
    { text: 'server-template web 3', says: "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments." },
  ],
  apply(draft, [prefix, range, address, options], context) {
    if (prefix === null || range === null || address === null) {
      context.error({ text: "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments." });
      return;
    }
    const [low, high] = rangeOf(range.text);
    if (low < 1 || high < low || high - low >= MOST_SERVERS) {
      context.error({ text: `'server-template' : wrong number/range '${range.text}', at most ${MOST_SERVERS} servers`, word: range });
      return;
    }
    for (let number = low; number <= high; number++) {
      const name = { ...prefix, text: `${prefix.text}${number}` };
      // One complaint is enough for all of them.
      if (!checkName(draft, name, context) || !addServer(draft, name, address, options, context)) return;
    }
  },
});

/** `N` counts from 1; 0 and 0: neither form. */
function rangeOf(text: string): readonly [low: number, high: number] {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text);
  if (match === null) return [0, 0];
  return match[2] === undefined ? [1, Number(match[1])] : [Number(match[1]), Number(match[2])];
}

/** What servers start with: the unnamed defaults, or those that `from NAME` asks for, and how many words that took. */
function originOf(draft: ProxyDraft, words: readonly Word[], context: DirectiveContext): { origin: ServerModel; taken: number } | null {
  if (words[0]?.text !== 'from') return { origin: draft.defaultServer, taken: 0 };
  const name = words[1];
  const origin = name === undefined ? undefined : draft.namedServers[name.text];
  if (origin !== undefined) return { origin, taken: 2 };
  const text =
    name === undefined
      ? `'${context.keyword}' : 'from' expects a name`
      : `'${context.keyword}' : no default-server is named '${name.text}'`;
  context.error({ text, word: name ?? words[0], near: Object.keys(draft.namedServers) });
  return null;
}

/** The servers of a proxy so far, by name and by id: a backend may have ten thousands. */
interface ServerIndex {
  readonly names: Map<string, ServerModel>;
  readonly ids: Map<number, ServerModel>;
}
const indexes = new WeakMap<readonly ServerModel[], ServerIndex>();

function indexOf({ servers }: ProxyDraft): ServerIndex {
  const known = indexes.get(servers);
  if (known !== undefined) return known;
  const made = { names: new Map<string, ServerModel>(), ids: new Map<number, ServerModel>() };
  indexes.set(servers, made);
  return made;
}

function checkName(draft: ProxyDraft, word: Word, context: DirectiveContext): boolean {
  const stray = /[^A-Za-z0-9._:-]/.exec(word.text)?.[0];
  if (stray !== undefined) {
    context.error({ text: `character '${stray}' is not permitted in server name '${word.text}'.`, word });
    return false;
  }
  const other = indexOf(draft).names.get(word.text);
  if (other === undefined) return true;
  const text = `${draft.kind} '${draft.name}', another server named '${word.text}' was already defined at line ${other.at.line}, please use distinct names.`;
  context.error({ text, word });
  return false;
}

/** False after a complaint about what it starts with or its address. */
function addServer(draft: ProxyDraft, name: Word, address: Word, options: readonly Word[], context: DirectiveContext): boolean {
  const parsed = context.serverAddress(address);
  const from = parsed === null ? null : originOf(draft, options, context);
  if (parsed === null || from === null) return false;
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
  const added: ServerModel = Object.assign(copyRecord({ ...from.origin, address: null }), own);
  context.serverOptions(added, options.slice(from.taken), false);
  const { names, ids } = indexOf(draft);
  const twin = added.id === null ? undefined : ids.get(added.id);
  if (twin !== undefined) {
    const { file, line } = twin.at;
    context.error({
      text: `'server ${draft.name}/${added.name}' : 'id' : custom id ${added.id} already used at ${file}:${line} ('server ${twin.name}').`,
      word: name,
    });
  }
  draft.servers.push(added);
  names.set(added.name, added);
  if (added.id !== null && twin === undefined) ids.set(added.id, added);
  return true;
}

export const defaultServer = defineDirective({
  name: 'default-server',
  sections: 'DLB',
  strict: true,
  args: [{ name: 'options', kind: 'rest' }],
  doc: 'Options for the `server` lines below it. With `name NAME` only for those that say `from NAME`, and `from` here starts with what another has.',
  examples: [
    { text: 'default-server inter 5s rise 1 check', gives: { defaultServer: { interMs: 5000, rise: 1, check: true } } },
    { text: 'default-server id 3', says: "'id' : not allowed on 'default-server' line." },
    { text: 'default-server', gives: {} },
    { text: 'default-server name slow inter 10s', gives: { namedServers: { slow: { interMs: 10000 } } } },
    { text: 'default-server name slow from nope', says: "no default-server is named 'nope'" },
    { text: 'default-server name', says: "'name' expects a name" },
    { text: 'default-server foo', says: "unknown keyword 'foo'" },
  ],
  apply(draft, [options], context) {
    const isNamed = options[0]?.text === 'name';
    const name = isNamed ? options[1] : undefined;
    if (isNamed && name === undefined) {
      context.error({ text: "'default-server' : 'name' expects a name", word: options[0] });
      return;
    }
    const own = options.slice(isNamed ? 2 : 0);
    const from = originOf(draft, own, context);
    if (from === null) return;
    if (name !== undefined) draft.namedServers[name.text] = copyRecord(from.origin);
    else if (from.taken > 0) draft.defaultServer = copyRecord(from.origin);
    const target = name === undefined ? draft.defaultServer : (draft.namedServers[name.text] as ServerModel);
    context.serverOptions(target, own.slice(from.taken), true);
  },
});
