/**
 * A data thread's memory outside V8: pages that the kernel and C libraries may reach. V8 neither moves nor frees them.
 * It must not know what lies in them (base/memory.ts).
 */
import { Memory, type MemoryLayout, memoryBytes } from '../base/memory.ts';
import { errnoName, errnoText } from './errno.ts';
import { errno, type Mapping, map, unmap } from './ffi.ts';

/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE: a page counts once it is touched. */
const PRIVATE_PAGES = 0x02 | 0x20 | 0x4000;

/** @throws Error when the address space or the limits of the process do not allow it */
export function mapAnonymous(length: number): Mapping {
  const mapping = map(length, PRIVATE_PAGES, -1, 0);
  if (mapping !== null) return mapping;
  const code = errno();
  throw new Error(`cannot map ${length} bytes of memory: ${errnoText(code)} (${errnoName(code)})`);
}

const mappings = new WeakMap<Memory, Mapping>();

/** Maps the memory of one data thread. @throws Error when the process may not have that much */
export function mapMemory(layout: MemoryLayout): Memory {
  const mapping = mapAnonymous(memoryBytes(layout));
  const memory = new Memory(new Uint8Array(mapping.buffer), layout);
  mappings.set(memory, mapping);
  return memory;
}

/** Gives the pages back. Only after the ring that used them is closed and nothing of the thread runs any more. */
export function unmapMemory(memory: Memory): void {
  const mapping = mappings.get(memory);
  if (mapping === undefined) return;
  mappings.delete(memory);
  unmap(mapping);
}
