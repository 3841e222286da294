/** option forwardfor: the client's address as a last header of its own (HAProxy 3.x configuration 4.2). */
import type { Memory } from '../base/memory.ts';
import { HeaderId } from '../http/message.ts';
import type { Stream } from '../state/records.ts';
import type { ForwardFor } from '../state/settings.ts';

/** False: no room for the header. */
export function addForwardedFor(memory: Memory, stream: Stream, settings: ForwardFor): boolean {
  const { session, request } = stream;
  if (settings.except !== null && isExcepted(session.source.family, session.source.ip, settings.except)) return true;
  const { headers } = request;
  const { bytes } = memory;
  if (settings.ifNone && has(bytes, stream, settings)) return true;
  const length = session.sourceTextLength;
  const at = request.spare;
  if (at + length > request.spareEnd) return false;
  for (let i = 0; i < length; i++) bytes[at + i] = session.sourceText[i] as number;
  request.spare = at + length;
  return headers.add(settings.id, settings.nameStart, settings.nameLength, at, at + length);
}

function has(bytes: Uint8Array, stream: Stream, settings: ForwardFor): boolean {
  const { headers } = stream.request;
  if (settings.id !== HeaderId.other) return headers.findId(HeaderId.xForwardedFor, 0) >= 0;
  return headers.find(bytes, settings.nameStart, settings.nameLength, 0) >= 0;
}

function isExcepted(family: number, ip: Uint8Array, except: { ip: Uint8Array; family: number; bits: number }): boolean {
  if (family !== except.family) return false;
  let { bits } = except;
  for (let at = 0; bits > 0; at++, bits -= 8) {
    const mask = bits >= 8 ? 255 : (0xff00 >> bits) & 255;
    if ((((ip[at] as number) ^ (except.ip[at] as number)) & mask) !== 0) return false;
  }
  return true;
}
