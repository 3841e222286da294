/**
 * The requests of HTTP checks. They have exactly what the configuration says: HTTP/1.0 and no Host unless written (FEATURES 8); HTTP/1.1
 * adds `connection: close`, a body adds content-length.
 */
import type { CheckModel, HeaderModel, RequestStepModel } from '../model/check.ts';

export interface HttpRequest {
  readonly method: string;
  readonly uri: string;
  readonly version: string;
  readonly headers: readonly HeaderModel[];
  readonly body: string | null;
  /** Header values are no log-format strings: of `option httpchk`. */
  readonly isPlain: boolean;
}

/** What is not written of a request. */
export const PLAIN_REQUEST: HttpRequest = { method: 'OPTIONS', uri: '/', version: 'HTTP/1.0', headers: [], body: null, isPlain: true };

/** That of `option httpchk`. */
export function optionRequest({ method, uri, version, headers }: CheckModel): HttpRequest {
  return { method, uri, version, headers, body: null, isPlain: true };
}

/** A line `http-check send` over what it does not say itself. */
export function writtenRequest({ method, uri, version, headers, body }: RequestStepModel, base: HttpRequest): HttpRequest {
  return { method: method ?? base.method, uri: uri ?? base.uri, version: version ?? base.version, headers, body, isPlain: false };
}

/** Names in lower case as on all of our wires; connection and content-length are ours to say. */
export function requestText({ method, uri, version, headers, body }: Omit<HttpRequest, 'isPlain'>): string {
  let text = `${method} ${uri} ${version}\r\n`;
  for (const { name, value } of headers) {
    const lower = name.toLowerCase();
    if (lower !== 'connection' && lower !== 'content-length') text += `${lower}: ${value}\r\n`;
  }
  if (body !== null && body !== '') text += `content-length: ${body.length}\r\n`;
  if (version.toUpperCase() === 'HTTP/1.1') text += 'connection: close\r\n';
  return `${text}\r\n${body ?? ''}`;
}

/** The host of a request without its port, for TLS; null: it has none. */
export function hostOf({ headers }: HttpRequest): string | null {
  const host = headers.find(({ name }) => name.toLowerCase() === 'host')?.value;
  if (host === undefined) return null;
  return host.startsWith('[') ? host.replace(/\].*$/, ']') : host.replace(/:.*$/, '');
}
