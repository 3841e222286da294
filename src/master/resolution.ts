/**
 * The `resolvers` sections of a running process put together: servers get their addresses from them, streams the answers of
 * do-resolve. Loaded only where there is such a section.
 */
import type { AddressRecord } from '../base/address.ts';
import type { Plan } from '../build/plan.ts';
import { parseNetwork } from '../config/addresses.ts';
import { systemClock } from '../control/clock.ts';
import type { ControlledServer } from '../control/records.ts';
import type { ServerControl } from '../control/servers.ts';
import type { ServerModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { Status } from '../resolve/nameserver.ts';
import { bestAddress, type Preference } from '../resolve/preference.ts';
import type { Resolution } from '../resolve/resolution.ts';
import { Resolvers } from '../resolve/resolvers.ts';
import { type ResolvedLine, ResolvedServers } from '../resolve/servers.ts';
import type { NameQuestion } from '../worker/names.ts';

export class NameResolution {
  /** By name, for `show resolvers` and statistics. */
  readonly sections: ReadonlyMap<string, Resolvers>;
  readonly #plan: Plan;
  #servers: ResolvedServers | null = null;

  constructor(model: ConfigModel, plan: Plan) {
    const options = { clock: systemClock, families: model.global.dnsFamilies };
    this.sections = new Map(model.resolvers.map((section) => [section.name, new Resolvers({ model: section, ...options })]));
    this.#plan = plan;
  }

  /** From now on servers follow their names. @param servers in the order of the plan. @param apply the server is reached there now */
  follow(
    control: ServerControl,
    servers: readonly ControlledServer[],
    apply: (index: number, model: ServerModel, address: AddressRecord) => void,
  ): void {
    const lines: ResolvedLine[] = [];
    const places = new Map<ControlledServer, { readonly index: number; readonly model: ServerModel }>();
    for (const { model, index } of this.#plan.servers) {
      const resolvers = this.sections.get(model.other['resolvers']?.[0] ?? '');
      const server = servers[index];
      if (resolvers === undefined || server === undefined || model.host === null) continue;
      const { host, address } = model;
      const ignoresWeight = model.other['resolve-opts']?.includes('ignore-weight') === true;
      lines.push({ server, resolvers, host: host.toLowerCase(), address, preference: preferenceOf(model), ignoresWeight });
      places.set(server, { index, model });
    }
    this.#servers = new ResolvedServers(control, lines, (server, address) => {
      const place = places.get(server);
      if (place !== undefined) apply(place.index, place.model, address);
    });
    this.#servers.start();
  }

  /** Servers stay as they are; streams still get answers. */
  unfollow(): void {
    this.#servers?.stop();
  }

  /** A check could not connect to the server. */
  refresh(server: ControlledServer): void {
    this.#servers?.refresh(server);
  }

  /** Answers a question of a data thread, perhaps at once. `done` gets a literal; '' if there is no address. */
  answer({ section, name, wanted }: NameQuestion, done: (address: string) => void): void {
    const resolvers = this.sections.get(section);
    if (resolvers === undefined) done('');
    else resolvers.lookup(name, wanted, (resolution) => done(resolution === null ? '' : addressOf(resolution, wanted)));
  }

  /** No question is asked or answered after this. */
  close(): void {
    for (const section of this.sections.values()) section.close();
  }
}

function addressOf({ status, held }: Resolution, wanted: 'ipv4' | 'ipv6'): string {
  if (status !== Status.valid) return '';
  const preference: Preference = { family: wanted === 'ipv4' ? 4 : 6, networks: [], allowsTwins: true };
  return bestAddress(held, preference, null, () => false)?.address ?? '';
}

function preferenceOf({ other, text }: ServerModel): Preference {
  // `ipv4@name` asks for that family.
  const version = /^(?:stream\+)?(?:ipv|tcp)([46])@/.exec(text)?.[1];
  const isFour = version === undefined ? other['resolve-prefer']?.[0] === 'ipv4' : version === '4';
  return {
    family: isFour ? 4 : 6,
    networks: (other['resolve-net'] ?? []).flatMap((network) => parseNetwork(network) ?? []),
    allowsTwins: other['resolve-opts']?.findLast((option) => option.endsWith('-dup-ip')) === 'allow-dup-ip',
  };
}
