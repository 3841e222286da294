/** An OCSP server for tests (RFC 6960): answers about any certificate as it is told to, rightly signed or in any wrong way. */
import { createHash, createPublicKey } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { der, type Made, nameOf, oid, sequence, serialNumber, signed, time } from './certificates.ts';

export interface Answer {
  readonly state?: 'good' | 'revoked' | 'unknown';
  /** Seconds from now. */
  readonly fromS?: number;
  readonly untilS?: number | null;
  /** Who signs it; the issuer if absent. */
  readonly by?: Made;
  /** Shown with the response. */
  readonly with?: Made;
}

/** The response of `issuer` about one of its certificates. */
export function ocspResponse(issuer: Made, about: Made, answer: Answer = {}): Buffer {
  const { state = 'good', fromS = -60, untilS = 3600, by = issuer } = answer;
  const after = (seconds: number): Buffer => time(new Date(Date.now() + seconds * 1000));
  const states = { good: der(0x80), revoked: der(0xa1, after(-120)), unknown: der(0x82) };
  const until = untilS === null ? [] : [der(0xa0, after(untilS))];
  const single = sequence(idOf(issuer, about), states[state], after(fromS), ...until);
  const content = sequence(der(0xa1, nameOf(by.name)), after(0), sequence(single));
  const more = answer.with === undefined ? [] : [der(0xa0, sequence(derOf(answer.with)))];
  const basic = signed(content, by, ...more);
  return sequence(der(10, Buffer.from([0])), der(0xa0, sequence(oid('2b0601050507300101'), der(4, basic))));
}

function idOf(issuer: Made, about: Made): Buffer {
  const sha1 = (bytes: Buffer): Buffer => der(4, createHash('sha1').update(bytes).digest());
  const info = createPublicKey(issuer.key).export({ type: 'spki', format: 'der' });
  // The bits of the key, behind what says which kind it is (an uncompressed point of P-256).
  const bits = info.subarray(-65);
  return sequence(sequence(oid('2b0e03021a'), der(5)), sha1(nameOf(issuer.name)), sha1(bits), serialNumber(about.serial));
}

function derOf({ certificate }: Made): Buffer {
  return Buffer.from(certificate.replace(/-----.*-----|\n/g, ''), 'base64');
}

export interface Responder extends AsyncDisposable {
  readonly port: number;
  /** Method and URL of each request, with the field `Host`. */
  readonly seen: string[];
}

/** Starts a server that lets `answer` do what it wants with each request. */
export async function startResponder(
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
  port = 0,
): Promise<Responder> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${request.headers.host}`);
      answer(request, response, Buffer.concat(parts));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((resolve) => void server.close(() => resolve()));
  };
  return { port: (server.address() as AddressInfo).port, seen, [Symbol.asyncDispose]: close };
}

/** An ordinary answer over HTTP. */
export function sendResponse(response: ServerResponse, bytes: Buffer): void {
  response.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(bytes);
}
