/** What a server is told of itself in HTTP checks: the field of `http-check send-state`, in HAProxy's form. */
import { type AddressRecord, Family, ipText } from '../base/address.ts';
import type { ControlledServer } from '../control/records.ts';
import type { ServerControl } from '../control/servers.ts';
import { BackendLive, ServerLive, ServerRunning } from '../state/shared.ts';

/** Effective weights are kept in parts. */
const WEIGHT_PARTS = 256;

/** @param node global `node`, or the host's name */
export function serverStateText(
  control: ServerControl,
  server: ControlledServer,
  address: AddressRecord,
  port: number,
  node: string,
): string {
  const { live } = control.shared;
  const { backend } = server;
  const cell = (at: number): number => live[at] as number;
  const isUnix = address.family !== Family.inet && address.family !== Family.inet6;
  const place = isUnix ? 'address=unix; port=unix' : `address=${ipText(address)}; port=${port}`;
  const weight = `${weightOf(control, server)}/${totalWeight(control, server)}`;
  const sessions = `${cell(server.live + ServerLive.current)}/${cell(backend.live + BackendLive.current)}`;
  const state = stateOf(control, server, cell(server.live + ServerLive.health));
  return `${state}; ${place}; name=${backend.name}/${server.name}; node=${node}; weight=${weight}; scur=${sessions}; qcur=${cell(server.live + ServerLive.queued)}`;
}

/** `UP 1/3`: checks since the last change, of how many; without numbers when it is settled. */
function stateOf(control: ServerControl, server: ControlledServer, health: number): string {
  const { rise, fall } = server;
  if (control.running(server) === ServerRunning.stopping) return 'NOLB';
  if (health >= rise) return health === rise + fall - 1 ? 'UP' : `UP ${health - rise + 1}/${fall}`;
  return health === 0 ? 'DOWN' : `DOWN ${health}/${rise}`;
}

function weightOf({ shared }: ServerControl, { live }: ControlledServer): number {
  return Math.ceil((shared.live[live + ServerLive.weight] as number) / WEIGHT_PARTS);
}

/** Of the usable servers; backup ones count when there are no others. */
function totalWeight(control: ServerControl, { backend }: ControlledServer): number {
  const usable = backend.servers.filter((server) => control.isUsable(server));
  const active = usable.filter(({ isBackup }) => !isBackup);
  let total = 0;
  for (const server of active.length > 0 ? active : usable) total += weightOf(control, server);
  return total;
}

const END_OF_FIELDS = /\r\n(?:content-length: \d+\r\n)?(?:connection: close\r\n)?\r\n/;

/** The request with the field behind those that were written. */
export function withState(request: Uint8Array, state: string): Uint8Array {
  const text = Buffer.from(request.buffer, request.byteOffset, request.length).toString('latin1');
  return Buffer.from(
    text.replace(END_OF_FIELDS, (end) => `\r\nx-haproxy-server-state: ${state}${end}`),
    'latin1',
  );
}
