/** From the rooms of ciphers to samples. It must not know what was in them. */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import type { Sample } from '../sample.ts';

/** Makes the sample the first `size` bytes of a room, which is wiped; false: `size` is below 0. */
export function takeRoom(sample: Sample, room: Uint8Array, size: number): boolean {
  if (size < 0 || size > SCRATCH_SIZE) return false;
  const { memory } = sample;
  const start = memory.scratch();
  for (let at = 0; at < size; at++) memory.bytes[start + at] = room[at] as number;
  room.fill(0, 0, size);
  return sample.setBinary(start, start + size);
}
