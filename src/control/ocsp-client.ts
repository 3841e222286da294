/**
 * Asks an OCSP server over HTTP (RFC 6960 appendix A). What it answers is bounded in size and time, and not judged here. It must not know
 * certificates.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';

export interface OcspQuestion {
  readonly uri: string;
  /** DER. */
  readonly request: Uint8Array;
  /** Where requests go to instead of the server (`ocsp-update.httpproxy`). */
  readonly proxy: { readonly host: string; readonly port: number } | null;
}

export interface OcspHttpAnswer {
  readonly status: number;
  /** The type of the body is that of a response. */
  readonly isTyped: boolean;
  readonly body: Uint8Array;
}

/** Asks; `stop` gives up. Rejects with an Error that says why there is no answer. */
export type AskOcsp = (question: OcspQuestion, stop: AbortSignal) => Promise<OcspHttpAnswer>;

/** Real responses have some kilobytes. */
const MOST_BYTES = 65_536;
/** For the whole exchange (milliseconds). */
const TIMEOUT_MS = 10_000;
/** Shorter requests are in the URL, so that servers may keep answers (RFC 6960 A.1). */
const LONGEST_GET = 255;
const TYPE = 'application/ocsp-response';

export const askOcsp: AskOcsp = async (question, stop) => {
  const { target, options, body } = requestOf(question);
  const isSecure = target.protocol === 'https:' && question.proxy === null;
  const { request } = await import(isSecure ? 'node:https' : 'node:http');
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
  return exchange(request({ ...options, signal, agent: false }), body);
};

function requestOf({ uri, request, proxy }: OcspQuestion): { target: URL; options: RequestOptions; body: Uint8Array | null } {
  const target = new URL(uri);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') throw new Error(`'${uri}' is no address of HTTP`);
  const encoded = encodeURIComponent(Buffer.from(request).toString('base64'));
  const isShort = encoded.length < LONGEST_GET;
  const base = `${target.pathname}${target.search}`;
  const path = isShort ? `${base.replace(/\/$/, '')}/${encoded}` : base;
  const headers = isShort ? {} : { 'content-type': 'application/ocsp-request', 'content-length': `${request.length}` };
  const place =
    proxy === null
      ? { host: target.hostname.replace(/^\[|\]$/g, ''), port: target.port === '' ? undefined : Number(target.port), path }
      : { host: proxy.host, port: proxy.port, path: `${target.origin}${path}` };
  const options = { ...place, method: isShort ? 'GET' : 'POST', headers: { ...headers, host: target.host, connection: 'close' } };
  return { target, options, body: isShort ? null : request };
}

function exchange(sent: ClientRequest, body: Uint8Array | null): Promise<OcspHttpAnswer> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      gather(response).then(resolve, (error: unknown) => {
        sent.destroy();
        reject(error);
      });
    });
    sent.end(body ?? undefined);
  });
}

async function gather(response: IncomingMessage): Promise<OcspHttpAnswer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BYTES) throw new Error(`the answer is longer than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  const type = response.headers['content-type'] ?? '';
  return { status: response.statusCode ?? 0, isTyped: type.toLowerCase() === TYPE, body: new Uint8Array(Buffer.concat(parts)) };
}
