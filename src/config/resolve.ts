/**
 * Names of servers, listeners and log targets become addresses at start, through the system's resolver
 * (HAProxy configuration manual, 5.3: `init-addr`). The model's records are filled in place.
 */
import { type AddressRecord, Family, parseIp } from '../base/address.ts';
import type { ServerModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { Position } from '../model/position.ts';
import { isInside } from '../resolve/preference.ts';
import { parseNetwork } from './addresses.ts';
import type { Diagnostic } from './report/diagnostic.ts';

/** Answers the addresses of a name, best first; rejects if there are none. Injected by tests. */
export type ResolveName = (name: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export interface ResolveOptions {
  /** `-dr`: a server whose name is unknown starts in maintenance instead of failing the start. */
  readonly ignoreFailures?: boolean;
  readonly resolve?: ResolveName;
}

/** Looks up every name once, all at the same time. Alerts are fatal, warnings leave a server without address, which keeps it in maintenance. */
export async function resolveServers(model: ConfigModel, options: ResolveOptions = {}): Promise<Diagnostic[]> {
  const resolver = new Resolver(
    options.resolve ?? ((name) => process.getBuiltinModule('node:dns/promises').lookup(name, { all: true })),
    model.global.dnsFamilies,
  );
  const problems: Promise<Diagnostic | null>[] = [];
  for (const proxy of model.proxies) {
    for (const server of proxy.servers) {
      if (server.host !== null) problems.push(resolver.server(proxy.name, server, options.ignoreFailures ?? false));
    }
  }
  for (const { what, host, text, addresses, at } of otherNames(model)) problems.push(resolver.fixed(what, host, text, addresses, at));
  return (await Promise.all(problems)).filter((problem) => problem !== null);
}

interface Named {
  readonly what: string;
  readonly host: string;
  readonly text: string;
  readonly addresses: readonly AddressRecord[];
  readonly at: Position;
}

function otherNames(model: ConfigModel): Named[] {
  const named: Named[] = [];
  const binds = [...model.global.statsSockets, ...model.proxies.flatMap((proxy) => proxy.binds)];
  for (const { host, text, addresses, at } of binds) if (host !== null) named.push({ what: 'bind', host, text, addresses, at });
  for (const { target, text, at } of [...model.global.logs, ...model.proxies.flatMap((proxy) => proxy.logs)]) {
    const hasAddress = target.kind === 'address' || target.kind === 'stream';
    if (hasAddress && target.host) named.push({ what: 'log', host: target.host, text, addresses: [target.address], at });
  }
  for (const { host, text, address, at } of model.rings.flatMap((ring) => ring.servers)) {
    if (host !== null) named.push({ what: 'server', host, text, addresses: [address], at });
  }
  return named;
}

type Found = readonly { readonly address: string; readonly family: number }[];

class Resolver {
  readonly #resolve: ResolveName;
  readonly #families: readonly number[];
  readonly #known = new Map<string, Promise<Found>>();

  constructor(resolve: ResolveName, families: readonly number[]) {
    this.#resolve = resolve;
    this.#families = families;
  }

  #lookup(name: string): Promise<Found> {
    let found = this.#known.get(name);
    if (found === undefined) {
      found = this.#resolve(name).then(
        (all) => all.filter(({ family }) => this.#families.includes(family)),
        () => [],
      );
      this.#known.set(name, found);
    }
    return found;
  }

  async server(proxy: string, server: ServerModel, ignoreFailures: boolean): Promise<Diagnostic | null> {
    const methods = (server.other['init-addr']?.[0] ?? 'last,libc').split(',');
    for (const method of methods) {
      if (method === 'last') continue;
      if (method === 'none') return null;
      const literal = parseIp(method);
      // An SRV record has no address by itself.
      if (literal === null && asksForServices(server)) continue;
      const found = literal === null ? await this.#lookup(server.host as string) : [{ address: method, family: literal.family }];
      const best = bestAddress(found, server);
      if (best === null) continue;
      fill(server.address, best);
      return null;
    }
    return this.#unresolved(proxy, server, ignoreFailures);
  }

  #unresolved(proxy: string, server: ServerModel, ignoreFailures: boolean): Diagnostic {
    const what = asksForServices(server) ? 'no method found to resolve' : 'could not resolve';
    const text = `'server ${proxy}/${server.name}' : ${what} address '${server.host}'`;
    if (!ignoreFailures) return { severity: 'alert', code: 'unresolved', position: server.at, text: `${text}.` };
    return { severity: 'warning', code: 'unresolved', position: server.at, text: `${text}, disabling server.` };
  }

  async fixed(what: string, host: string, text: string, addresses: readonly AddressRecord[], at: Position): Promise<Diagnostic | null> {
    const version = versionOf(text);
    const best = (await this.#lookup(host)).find(({ family }) => version === 0 || family === version);
    if (best === undefined)
      return { severity: 'alert', code: 'unresolved', position: at, text: `'${what}' : invalid address: '${host}' in '${text}'` };
    for (const address of addresses) if (address.family === Family.none) fill(address, best.address);
    return null;
  }
}

/** Its name is that of SRV records. */
function asksForServices(server: ServerModel): boolean {
  return server.host?.startsWith('_') === true;
}

/** `ipv4@name` asks for one family. */
function versionOf(text: string): number {
  const match = /^(?:stream\+)?(?:ipv|tcp)([46])@/.exec(text);
  return match === null ? 0 : Number(match[1]);
}

/** `resolve-net` first, then `resolve-prefer`, then the resolver's order. */
function bestAddress(found: Found, server: ServerModel): string | null {
  const version = versionOf(server.text);
  const usable = found.filter(({ family }) => version === 0 || family === version);
  const networks = (server.other['resolve-net'] ?? []).flatMap((text) => parseNetwork(text) ?? []);
  const near = usable.filter(({ address }) => networks.some((network) => isInside(address, network)));
  const pool = near.length > 0 ? near : usable;
  const preferred = server.other['resolve-prefer']?.[0];
  const wanted = preferred === 'ipv4' ? 4 : preferred === 'ipv6' ? 6 : 0;
  return (pool.find(({ family }) => family === wanted) ?? pool[0])?.address ?? null;
}

function fill(record: AddressRecord, address: string): void {
  const ip = parseIp(address.replace(/%.*$/, ''));
  if (ip === null) return;
  record.family = ip.family;
  record.ip.set(ip.ip);
}
