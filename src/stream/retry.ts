/**
 * Requests that are sent once more although a server had them: `retry-on` (HAProxy 3.x configuration 4.2). Only what came whole
 * with its head, or was waited for, can be sent again. Which failure it was is the machine's to say; where the stream goes then is
 * assign.ts's.
 */

import { NO_BLOCK } from '../base/memory.ts';
import { NEVER } from '../base/timers.ts';
import { isSafe } from '../mux/early-requests.ts';
import { Figure } from '../platform/tls/contract.ts';
import { ConnectionFailure } from '../state/failures.ts';
import { Phase } from '../state/phase.ts';
import type { Backend, Server, Stream } from '../state/records.ts';
import { RetryOn } from '../state/settings.ts';
import { tryElsewhere } from './assign.ts';
import type { StreamContext } from './context.ts';
import { leaveServer } from './finish.ts';

const [UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TIMEOUT, MISDIRECTED, TOO_EARLY, TOO_MANY] = [401, 403, 404, 408, 421, 425, 429] as const;

/** What happened if the server answers with this status; 0: nothing that may be retried. */
export function statusEvent(stream: Stream): number {
  const { status } = stream.response;
  // Whose client has not used early data does not know what the server wants of it (RFC 8470 5.2).
  return status === TOO_EARLY && wasSentEarly(stream) ? RetryOn.status425 | RetryOn.earlyDataRejected : retryBit(status);
}

/** What happened if the server leaves without a whole head: it has said nothing, or something incomplete. */
export function brokenEvent(stream: Stream): number {
  if (stream.bytes.fromServer > 0) return RetryOn.junkResponse;
  if (isRefusedEarly(stream)) return RetryOn.earlyDataRejected;
  if (isUnsecured(stream) && isSafe(stream.request.method)) return RetryOn.connFailure | RetryOn.emptyResponse | RetryOn.earlyDataRejected;
  // It can't be known whether the server has taken a request that was sent early.
  return wasSentEarly(stream) && isSafe(stream.request.method) ? RetryOn.emptyResponse | RetryOn.earlyDataRejected : RetryOn.emptyResponse;
}

/** What the client is told then: one whose request was sent early can send it again (RFC 8470 5.2). */
export function brokenStatus(stream: Stream): number {
  if (isRefusedEarly(stream)) return TOO_EARLY;
  if (!isUnsecured(stream)) return 502;
  // There has been no connection. What must not happen twice had come early itself: its client knows to ask again.
  return isSafe(stream.request.method) ? 503 : TOO_EARLY;
}

/** The handshake behind the request has failed, as others fail before a request is sent. */
function isUnsecured(stream: Stream): boolean {
  const { serverFailure } = stream;
  return serverFailure >= ConnectionFailure.handshakeClosed && serverFailure <= ConnectionFailure.handshake && wasSentEarly(stream);
}

function isRefusedEarly({ serverFailure }: Stream): boolean {
  return serverFailure === ConnectionFailure.earlyRefused;
}

/** Before the handshake with the server was done. */
function wasSentEarly({ serverTls, back }: Stream): boolean {
  return serverTls !== null && (back === null || back.requests <= 1) && serverTls.figure(Figure.hadEarly) === 1;
}

/** The bit of a status that may be retried; 0: none. */
function retryBit(status: number): number {
  switch (status) {
    case UNAUTHORIZED:
      return RetryOn.status401;
    case FORBIDDEN:
      return RetryOn.status403;
    case NOT_FOUND:
      return RetryOn.status404;
    case TIMEOUT:
      return RetryOn.status408;
    case MISDIRECTED:
      return RetryOn.status421;
    case TOO_EARLY:
      return RetryOn.status425;
    case TOO_MANY:
      return RetryOn.status429;
    default:
      return status >= 500 && status <= 504 ? RetryOn.status500 << (status - 500) : 0;
  }
}

/** Sends the request again if this kind of failure may be retried and there are tries left. False: it may not. */
export function retryRequest(context: StreamContext, stream: Stream, event: number): boolean {
  const backend = stream.backend as Backend;
  if ((backend.retryOn & event) === 0 || stream.retriesLeft <= 0 || !isWhole(stream)) return false;
  const server = stream.server as Server;
  stream.retriesLeft--;
  stream.retries++;
  forgetResponse(context, stream);
  tryElsewhere(context, stream, backend, server, true);
  return true;
}

function isWhole({ request, tunnel, overrides }: Stream): boolean {
  return request.complete && request.nextBlock === NO_BLOCK && !tunnel && !overrides.noRetry;
}

function forgetResponse(context: StreamContext, stream: Stream): void {
  const { response } = stream;
  if (stream.back !== null) stream.back.release(stream, false);
  leaveServer(context, stream);
  response.giveBlocks(context.mux.memory);
  response.reset();
  stream.phase = Phase.connect;
  stream.status = stream.bytes.fromServer = 0;
  stream.responseAtMs = -1;
  stream.clientDeadlineMs = stream.serverDeadlineMs = NEVER;
}
