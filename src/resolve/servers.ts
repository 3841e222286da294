/**
 * Servers with `resolvers`: which address, and for SRV records which name, port and weight, each has now, and whether it is in
 * maintenance because its name has none (HAProxy configuration manual, 5.3). It runs on the control thread; whoever has
 * connections or checks to the old address is told by `apply`.
 */
import { type AddressRecord, copyAddress, Family, ipText, newAddress, parseIp } from '../base/address.ts';
import { type ControlledBackend, type ControlledServer, Level } from '../control/records.ts';
import type { ServerControl } from '../control/servers.ts';
import { ServerLive } from '../state/shared.ts';
import { type AddressAnswer, readName, type ServiceAnswer } from './message.ts';
import { Status } from './nameserver.ts';
import { bestAddress, type Preference } from './preference.ts';
import type { Resolution } from './resolution.ts';
import type { Resolvers } from './resolvers.ts';

/** A server line with `resolvers`. */
export interface ResolvedLine {
  readonly server: ControlledServer;
  readonly resolvers: Resolvers;
  /** As written: begins with `_` for SRV records. */
  readonly host: string;
  /** What it has from the start: family none if nothing. */
  readonly address: AddressRecord;
  readonly preference: Preference;
  readonly ignoresWeight: boolean;
}

/** The server is reached there from now on: told when new connections go there already. */
export type ApplyAddress = (server: ControlledServer, address: AddressRecord) => void;

class Follower {
  readonly line: ResolvedLine;
  readonly address = newAddress();
  /** What it is called now: for SRV records the target, '' while it has none. */
  host: string;
  /** null: none, or lost. */
  current: string | null;
  /** The SRV record that it stands for. */
  service = '';
  unfollow: (() => void) | null = null;

  constructor(line: ResolvedLine) {
    this.line = line;
    copyAddress(line.address, this.address);
    this.host = line.host.startsWith('_') ? '' : line.host;
    this.current = line.address.family === Family.none ? null : ipText(line.address);
  }
}

export class ResolvedServers {
  readonly #control: ServerControl;
  readonly #apply: ApplyAddress;
  readonly #followers: Follower[];
  readonly #ends: (() => void)[] = [];
  readonly #peers: ReadonlyMap<ControlledBackend, readonly Follower[]>;

  constructor(control: ServerControl, lines: readonly ResolvedLine[], apply: ApplyAddress) {
    this.#control = control;
    this.#apply = apply;
    this.#followers = lines.map((line) => new Follower(line));
    this.#peers = Map.groupBy(this.#followers, ({ line }) => line.server.backend);
  }

  /** Names are asked for from now on, until the sections are closed. */
  start(): void {
    const groups = new Map<string, Follower[]>();
    for (const follower of this.#followers) {
      if (follower.host !== '') this.#follow(follower);
      else {
        const { host, resolvers, server } = follower.line;
        const key = `${server.backend.name} ${resolvers.name} ${host}`;
        groups.set(key, [...(groups.get(key) ?? []), follower]);
      }
    }
    for (const slots of groups.values()) {
      const { host, resolvers } = (slots[0] as Follower).line;
      const end = resolvers.follow(host, 'service', (resolution) => this.#onServices(slots, resolution));
      if (end !== null) this.#ends.push(end);
    }
  }

  /** Servers stay as they are. */
  stop(): void {
    for (const end of this.#ends.splice(0)) end();
    for (const { unfollow } of this.#followers) unfollow?.();
  }

  #follow(follower: Follower): void {
    const { resolvers } = follower.line;
    follower.unfollow = resolvers.follow(follower.host, wantedOf(follower), (resolution) => this.#onAddresses(follower, resolution));
  }

  /** A check could not connect: the name may have another address by now. */
  refresh(server: ControlledServer): void {
    const follower = this.#peers.get(server.backend)?.find(({ line }) => line.server === server);
    if (follower === undefined || follower.unfollow === null) return;
    follower.line.resolvers.refresh(follower.host, wantedOf(follower));
  }

  // Addresses ----------------------------------------------------------------------------------------

  #onAddresses(follower: Follower, resolution: Resolution): void {
    const { server } = follower.line;
    if (resolution.status !== Status.valid) {
      if (resolution.isOverdue()) this.#lose(follower, CAUSES[resolution.status] ?? 'unspecified DNS error');
      return;
    }
    const taken = this.#takenBeside(follower);
    const best = bestAddress(resolution.held, follower.line.preference, follower.current, (address) => taken.has(address));
    if (best === null) {
      this.#lose(follower, 'No IP for server ');
      return;
    }
    const first = this.#followers.find(({ host, line }) => host === follower.host && line.resolvers === follower.line.resolvers);
    this.#take(follower, best, first === follower ? `${follower.line.resolvers.name}/${resolution.source}` : 'DNS cache');
    if (!this.#control.isUnresolved(server)) return;
    this.#control.regainAddress(server, follower.host);
    const text = `Server ${server.backend.name}/${server.name} administratively READY thanks to valid DNS answer.`;
    this.#control.log(server.backend, Level.notice, text);
  }

  #take(follower: Follower, { address }: AddressAnswer, source: string): void {
    if (follower.current === address) return;
    const { server } = follower.line;
    const ip = parseIp(address);
    if (ip === null) return;
    const text = `${server.backend.name}/${server.name} changed its IP from ${follower.current ?? '(none)'} to ${address} by ${source}.`;
    this.#control.log(server.backend, Level.notice, text);
    follower.current = address;
    follower.address.family = ip.family;
    follower.address.ip.set(ip.ip);
    this.#control.move(server, follower.address);
    this.#apply(server, follower.address);
  }

  #lose(follower: Follower, cause: string): void {
    const { server } = follower.line;
    if (this.#control.isUnresolved(server)) return;
    follower.current = null;
    this.#control.loseAddress(server, cause);
  }

  /** Addresses of the other servers of its backend that have the same name and port. */
  #takenBeside(follower: Follower): Set<string> {
    const taken = new Set<string>();
    for (const other of this.#peers.get(follower.line.server.backend) ?? []) {
      if (other === follower || other.current === null || other.host !== follower.host) continue;
      if (other.address.port === follower.address.port && !this.#control.isUnresolved(other.line.server)) taken.add(other.current);
    }
    return taken;
  }

  // Services -----------------------------------------------------------------------------------------

  /** SRV records give names, ports and weights to the servers of a template; those without a record are in maintenance. */
  #onServices(slots: readonly Follower[], resolution: Resolution): void {
    if (resolution.status !== Status.valid && !resolution.isOverdue()) return;
    const wanted = new Map<string, ServiceAnswer>();
    const held = resolution.status === Status.valid ? resolution.held : [];
    for (const { record } of held) {
      // A target of '.' says that there is no such service (RFC 2782).
      if (record.kind === 'service' && readName(record.target) !== null) wanted.set(`${record.target}:${record.port}`, record);
    }
    for (const slot of slots) if (slot.service !== '' && !wanted.has(slot.service)) this.#release(slot);
    const taken = new Set(slots.map(({ service }) => service));
    for (const [service, record] of wanted) {
      const slot = slots.find((other) => other.service === (taken.has(service) ? service : ''));
      if (slot === undefined) continue;
      this.#assign(slot, service, record);
      this.#resolveTarget(slot, resolution);
    }
  }

  #assign(slot: Follower, service: string, { target, port, weight }: ServiceAnswer): void {
    const { server, ignoresWeight } = slot.line;
    const isNew = slot.service !== service;
    slot.service = service;
    slot.host = target;
    slot.address.port = port;
    if (isNew) slot.current = null;
    // A 16-bit weight, in HAProxy's steps.
    const own = Math.floor((weight + 255) / 256);
    if (!ignoresWeight && this.#control.shared.live[server.live + ServerLive.userWeight] !== own) this.#control.setWeight(server, own);
  }

  /** Its address may come with the SRV records; else its name is asked for. */
  #resolveTarget(slot: Follower, { additional }: Resolution): void {
    const found = additional.filter((record) => record.kind === 'address' && record.name === slot.host);
    if (found.length === 0) {
      if (slot.unfollow === null) this.#follow(slot);
      return;
    }
    slot.unfollow?.();
    slot.unfollow = null;
    const held = found.map((record) => ({ record: record as AddressAnswer, seenMs: 0 }));
    const best = bestAddress(held, { ...slot.line.preference, allowsTwins: true }, slot.current, () => false) as AddressAnswer;
    this.#take(slot, best, 'DNS additional record');
    this.#control.regainAddress(slot.line.server, slot.host);
  }

  #release(slot: Follower): void {
    slot.unfollow?.();
    slot.unfollow = null;
    slot.service = slot.host = '';
    if (!this.#control.isUnresolved(slot.line.server)) this.#lose(slot, 'entry removed from SRV record');
    slot.current = null;
  }
}

function wantedOf({ line }: Follower): 'ipv4' | 'ipv6' {
  return line.preference.family === 4 ? 'ipv4' : 'ipv6';
}

const CAUSES: Readonly<Record<number, string>> = {
  [Status.nx]: 'DNS NX status',
  [Status.timeout]: 'DNS timeout status',
  [Status.refused]: 'DNS refused status',
};
