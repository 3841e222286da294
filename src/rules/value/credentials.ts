/**
 * The credentials of a request: `Authorization: Basic …` or `Bearer …` (RFC 7617, RFC 6750), or Proxy-Authorization for a proxy's
 * clients (option http-use-proxy-header). Parsed when asked for. It must not know users.
 */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { HeaderId } from '../../http/message.ts';
import type { Stream } from '../../state/records.ts';
import { skipBlanks } from '../edit/target.ts';
import type { Thread } from '../thread.ts';
import { decodeBase64 } from './base64.ts';

/** The last credentials that were read: [start, end) each, of the thread's memory. */
export const credentials = { isBasic: false, dataStart: 0, dataEnd: 0, userStart: 0, userEnd: 0, passwordStart: 0, passwordEnd: 0 };

const BASIC = 'basic';
const BEARER = 'bearer';
const SPACE = 32;
const COLON = 58;
const COMMA = 44;
const SLASH = 47;
const STAR = 42;
const PROXY_AUTHORIZATION = 'proxy-authorization';

/** Is the client one that uses this as its proxy, and says so in its own fields? */
export function usesProxyFields({ bytes }: Thread, { frontend, request }: Stream): boolean {
  if (!frontend.useProxyHeader) return false;
  const first = bytes[request.targetStart];
  return first !== SLASH && first !== STAR;
}

/** At start. */
export function compileCredentials(thread: Thread): (stream: Stream) => boolean {
  const proxyName = thread.memory.intern(PROXY_AUTHORIZATION);
  const { bytes } = thread;
  return (stream) => {
    const { headers } = stream.request;
    const row = usesProxyFields(thread, stream)
      ? headers.find(bytes, proxyName, PROXY_AUTHORIZATION.length, 0)
      : headers.findId(HeaderId.authorization, 0);
    return row >= 0 && readCredentials(thread, headers.valueStart(row), headers.valueEnd(row));
  };
}

/** Reads the value of a field into `credentials`; false: it has none of a known scheme. */
export function readCredentials(thread: Thread, start: number, end: number): boolean {
  const { bytes } = thread;
  let space = start;
  while (space < end && bytes[space] !== SPACE) space++;
  const dataStart = skipBlanks(bytes, space, end);
  let dataEnd = dataStart;
  while (dataEnd < end && bytes[dataEnd] !== COMMA) dataEnd++;
  credentials.dataStart = dataStart;
  credentials.dataEnd = dataEnd;
  credentials.isBasic = isScheme(bytes, start, space, BASIC);
  if (credentials.isBasic) return readBasic(thread);
  return space < end && isScheme(bytes, start, space, BEARER);
}

function isScheme(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let at = 0; at < name.length; at++) if (((bytes[start + at] as number) | 32) !== name.charCodeAt(at)) return false;
  return true;
}

/** `user:password` in base64. */
function readBasic({ bytes, memory }: Thread): boolean {
  if (credentials.dataEnd - credentials.dataStart > SCRATCH_SIZE) return false;
  const start = memory.scratch();
  const end = decodeBase64(bytes, credentials.dataStart, credentials.dataEnd, bytes, start);
  if (end < 0) return false;
  let colon = start;
  while (colon < end && bytes[colon] !== COLON) colon++;
  if (colon === end) return false;
  credentials.userStart = start;
  credentials.userEnd = colon;
  credentials.passwordStart = colon + 1;
  credentials.passwordEnd = end;
  return true;
}
