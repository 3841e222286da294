/**
 * The address of a server that moves, in its live columns: written by the control thread before the server is usable there, read by
 * each data thread when it connects. Who writes holds the version odd meanwhile. It must not know why a server moves.
 */
import { Family, type SocketAddress } from '../base/address.ts';
import type { Server } from './records.ts';
import { ServerLive } from './shared.ts';

const IP_CELLS = 4;
/** A writer needs some nanoseconds; one that was put off the processor is not waited for: the next connection sees it. */
const MOST_TRIES = 16;

/** Control thread. @param at first cell of the server. Port 0: as it was */
export function writeAddress(live: Int32Array, at: number, { family, ip, port }: SocketAddress): void {
  Atomics.add(live, at + ServerLive.addressVersion, 1);
  Atomics.store(live, at + ServerLive.addressFamily, family);
  if (port > 0) Atomics.store(live, at + ServerLive.addressPort, port);
  for (let word = 0; word < IP_CELLS; word++) {
    const from = word * 4;
    const value =
      ((ip[from] as number) << 24) | ((ip[from + 1] as number) << 16) | ((ip[from + 2] as number) << 8) | (ip[from + 3] as number);
    Atomics.store(live, at + ServerLive.addressIp + word, value);
  }
  Atomics.add(live, at + ServerLive.addressVersion, 1);
}

/** Takes over where the server is now, if it has moved. True: it has. */
export function followAddress(live: Int32Array, server: Server): boolean {
  const cell = server.live + ServerLive.addressVersion;
  if (Atomics.load(live, cell) === server.addressVersion) return false;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const version = Atomics.load(live, cell);
    if ((version & 1) !== 0) continue;
    copyCells(live, server);
    if (Atomics.load(live, cell) !== version) continue;
    server.addressVersion = version;
    return true;
  }
  return false;
}

function copyCells(live: Int32Array, server: Server): void {
  const { address, live: at } = server;
  address.family = Atomics.load(live, at + ServerLive.addressFamily) === Family.inet ? Family.inet : Family.inet6;
  const port = Atomics.load(live, at + ServerLive.addressPort);
  if (port > 0) {
    address.port = port;
    server.portFromClient = false;
  }
  for (let byte = 0; byte < IP_CELLS * 4; byte++) {
    address.ip[byte] = Atomics.load(live, at + ServerLive.addressIp + (byte >> 2)) >>> (24 - 8 * (byte & 3));
  }
}
