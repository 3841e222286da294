/**
 * How much a process may hold at once: connections from descriptors, blocks and notes from connections. One page of
 * arithmetic, documented in docs/memory.md.
 */
import { readFileSync } from 'node:fs';
import type { MemoryLayout } from '../base/memory.ts';
import type { ConfigModel } from '../model/configuration.ts';

/** Descriptors for what is not a client: listeners, logs, checks, the runtime, idle server connections. */
const RESERVED_DESCRIPTORS = 80;
/** Most blocks that offsets of 31 bits can address, with room for the other areas: 1.5 GB, virtual. */
const MOST_BLOCKS = 24_000;
const MOST_NOTES = 65_536;
const STATICS = 4 << 20;
/** The limit taken when the system sets none that is useful. */
const MOST_CONNECTIONS = 1_000_000;

/** The process's limit of open files (soft; Node has raised it to the hard limit). */
export function descriptorLimit(): number {
  const line = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
  const limit = Number(line?.[1]);
  return Number.isFinite(limit) ? limit : MOST_CONNECTIONS * 2;
}

/** Client connections of the process: what is configured, else what the descriptors allow (two for each). */
export function maxConnections(model: ConfigModel, override: number | null): number {
  const configured = override ?? model.global.maxconn;
  if (configured !== null && configured > 0) return configured;
  const descriptors = Math.min(descriptorLimit(), model.global.tune['fd-hard-limit'] ?? MOST_CONNECTIONS * 2);
  return Math.max(10, Math.min(MOST_CONNECTIONS, Math.floor((descriptors - RESERVED_DESCRIPTORS) / 2)));
}

/** One data thread's memory: virtual sizes, a page costs memory once it is touched. */
export function memoryLayout(connections: number): MemoryLayout {
  return {
    blocks: Math.max(2048, Math.min(MOST_BLOCKS, connections * 4)),
    notes: Math.max(1024, Math.min(MOST_NOTES, connections)),
    statics: STATICS,
  };
}

/** Client and server connections that one thread may hold. */
export function maxWires(connections: number): number {
  return Math.min(connections, MOST_CONNECTIONS) * 2 + 256;
}
