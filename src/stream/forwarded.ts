/**
 * Fields that requests get behind all rules: the unique identifier, Forwarded, X-Forwarded-For, X-Original-To, and the server's
 * name before it is sent (HAProxy 3.x configuration 4.2). No rule sees or changes them.
 */
import { Family, type SocketAddress } from '../base/address.ts';
import type { Memory } from '../base/memory.ts';
import { writeIpv4, writeIpv6 } from '../rules/value/bytes.ts';
import type { Stream } from '../state/records.ts';
import type { FieldName, ForwardFor } from '../state/settings.ts';

/** Room for any address in text. */
const ADDRESS_ROOM = 48;

/** In HAProxy's order. False: no room for a field. */
export function addFields(memory: Memory, stream: Stream): boolean {
  const { frontend, backend } = stream;
  if (frontend.uniqueIdHeader !== null && !addUniqueId(stream, frontend.uniqueIdHeader)) return false;
  if (backend?.forwarded && !backend.forwarded.add(stream)) return false;
  const front = frontend.forwardFor;
  const back = backend?.forwardFor ?? null;
  if ((front !== null || back !== null) && !addAddress(memory, stream, front, back, true)) return false;
  const frontTo = frontend.originalTo;
  const backTo = backend?.originalTo ?? null;
  return (frontTo === null && backTo === null) || addAddress(memory, stream, frontTo, backTo, false);
}

function addUniqueId(stream: Stream, field: FieldName): boolean {
  stream.frontend.uniqueId?.make(stream);
  if (stream.uniqueIdEnd === 0) return true;
  return stream.request.headers.add(field.id, field.nameStart, field.nameLength, stream.uniqueIdStart, stream.uniqueIdEnd);
}

/** The backend names the field; either side keeps addresses out; `if-none` counts if all who ask for the field say so. */
function addAddress(memory: Memory, stream: Stream, front: ForwardFor | null, back: ForwardFor | null, isSource: boolean): boolean {
  const { session } = stream;
  if (!isSource && !session.hasDestination) stream.front?.findDestination();
  if (!isSource && !session.hasDestination) return true;
  const address = isSource ? session.source : session.destination;
  if (isExcepted(address, front) || isExcepted(address, back)) return true;
  const settings = (back ?? front) as ForwardFor;
  const onlyIfNone = (front === null || front.ifNone) && (back === null || back.ifNone);
  if (onlyIfNone && stream.request.headers.find(memory.bytes, settings.nameStart, settings.nameLength, 0) >= 0) return true;
  return addField(memory, stream, settings, address);
}

function addField(memory: Memory, { session, request }: Stream, settings: ForwardFor, address: SocketAddress): boolean {
  const { bytes } = memory;
  const at = request.spare;
  if (at + ADDRESS_ROOM > request.spareEnd) return false;
  let to = at;
  if (address === session.source) for (let i = 0; i < session.sourceTextLength; i++) bytes[to++] = session.sourceText[i] as number;
  else if (address.family === Family.inet) to = writeIpv4(bytes, at, address.ip, 0);
  else if (address.family === Family.inet6) to = writeIpv6(bytes, at, address.ip);
  else return true;
  request.spare = to;
  return request.headers.add(settings.id, settings.nameStart, settings.nameLength, at, to);
}

function isExcepted({ family, ip }: SocketAddress, settings: ForwardFor | null): boolean {
  const except = settings?.except ?? null;
  if (except === null || family !== except.family) return false;
  let { bits } = except;
  for (let at = 0; bits > 0; at++, bits -= 8) {
    const mask = bits >= 8 ? 255 : (0xff00 >> bits) & 255;
    if ((((ip[at] as number) ^ (except.ip[at] as number)) & mask) !== 0) return false;
  }
  return true;
}

/** http-send-name-header: the name of the server that the request is sent to, alone and last. False: the table is full. */
export function nameServer(memory: Memory, { backend, server, request }: Stream): boolean {
  const field = backend?.serverNameHeader ?? null;
  if (field === null || server === null) return true;
  const { headers } = request;
  headers.removeAll(memory.bytes, field.nameStart, field.nameLength);
  return headers.add(field.id, field.nameStart, field.nameLength, server.nameStart, server.nameStart + server.nameLength);
}
