/**
 * Which requests may be sent to a server before the handshake with it is done (`allow-0rtt` of `server`): whoever hears them can repeat
 * them, and the server may refuse them (RFC 8470). It must not know TLS.
 */
import { NO_BLOCK } from '../base/memory.ts';
import { Method } from '../http/message.ts';
import { requestSize } from '../proto/h1/encode.ts';
import type { Backend, Server, Session, Stream } from '../state/records.ts';
import { RetryOn } from '../state/settings.ts';

/**
 * Whole ones, at the first try: those that came as early data themselves, whose client knows what 425 means, and where the backend
 * would send them again (`retry-on 0rtt-rejected`) those that may happen twice (RFC 8470 4).
 */
export function maySendEarly(stream: Stream, { retryOn }: Backend): boolean {
  const { request, session, overrides } = stream;
  if (stream.tunnel || stream.retries > 0 || overrides.isLimited || !request.complete || request.nextBlock !== NO_BLOCK) return false;
  if (cameEarly(session)) return true;
  return (retryOn & RetryOn.earlyDataRejected) !== 0 && stream.retriesLeft > 0 && !overrides.noRetry && isSafe(request.method);
}

/**
 * It is early still, which the server is told by `Early-Data: 1`. What came behind the handshake, or waited for its end, is a request
 * like any other: its client has risked nothing, and would not understand 425 (RFC 8470 5.2).
 */
function cameEarly({ tls }: Session): boolean {
  return tls?.isEarly === true;
}

/** The whole request is surely not longer than what the server takes early. @param mostEarly bytes */
export function fitsEarly({ request }: Stream, { backend, nameLength }: Server, mostEarly: number): boolean {
  const field = backend.serverNameHeader;
  // That field is added once the connection is there.
  return requestSize(request) + (field === null ? 0 : field.nameLength + nameLength + 4) <= mostEarly;
}

/** It may happen twice (RFC 9110 9.2.1). */
export function isSafe(method: number): boolean {
  return method === Method.get || method === Method.head || method === Method.options || method === Method.trace;
}
