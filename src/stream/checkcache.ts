/** option checkcache: a response that a cache would keep, with somebody's cookie in it (HAProxy configuration manual, 4.2). */
import type { Memory } from '../base/memory.ts';
import { HeaderId } from '../http/message.ts';
import type { Stream } from '../state/records.ts';
import { isCacheable } from './cacheable.ts';

const EXCLUDES = 'no-cache="set-cookie';

/** Is the response to be refused? */
export function leaksCookie(memory: Memory, { request, response }: Stream): boolean {
  const { headers } = response;
  if (headers.findId(HeaderId.setCookie, 0) < 0 || !isCacheable(memory.bytes, request, response)) return false;
  for (let row = headers.findId(HeaderId.cacheControl, 0); row >= 0; row = headers.findId(HeaderId.cacheControl, row + 1)) {
    if (holds(memory.bytes, headers.valueStart(row), headers.valueEnd(row))) return false;
  }
  return true;
}

/** Does the value say that caches leave the cookie out? */
function holds(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at + EXCLUDES.length <= end; at++) {
    let i = 0;
    while (i < EXCLUDES.length && lower(bytes[at + i] as number) === EXCLUDES.charCodeAt(i)) i++;
    if (i === EXCLUDES.length) return true;
  }
  return false;
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte;
}
