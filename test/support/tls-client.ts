/** A TLS client for tests: what comes of one connection with one request, told in a few words; and the bytes of a hello. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { fileURLToPath } from 'node:url';

/** A file of test/support/tls. */
export function tlsPath(name: string): string {
  return fileURLToPath(new URL(`tls/${name}`, import.meta.url));
}

export function tlsFile(name: string): Buffer {
  return readFileSync(tlsPath(name));
}

export interface Outcome {
  /** The client's side of the handshake was done: with TLS 1.3 the proxy may still refuse. */
  readonly secured: boolean;
  readonly resumed: boolean;
  readonly protocol: string;
  readonly alpn: string;
  /** The name in the subject of the certificate that was shown. */
  readonly subject: string;
  /** Code of the first error: of an alert ERR_SSL_…; '' if there was none. */
  readonly error: string;
  readonly answer: string;
  /** The last session that the server gave. */
  readonly session: Buffer | undefined;
}

/** Connects, sends a request if the handshake comes to its end, and reads until the connection is closed. */
export async function talk(
  port: number,
  options: ConnectionOptions = {},
  request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
): Promise<Outcome> {
  const told = {
    secured: false,
    resumed: false,
    protocol: '',
    alpn: '',
    subject: '',
    error: '',
    answer: '',
    session: undefined as Buffer | undefined,
  };
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false, ...options });
  socket.on('secureConnect', () => {
    told.secured = true;
    told.resumed = socket.isSessionReused();
    told.protocol = String(socket.getProtocol());
    told.alpn = socket.alpnProtocol === false ? '' : String(socket.alpnProtocol);
    told.subject = String(socket.getPeerCertificate().subject?.['CN'] ?? '');
    socket.write(request);
  });
  socket.on('session', (session: Buffer) => {
    told.session = session;
  });
  socket.on('data', (data: Buffer) => {
    told.answer += data.toString('latin1');
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    told.error ||= error.code ?? error.message;
  });
  // Not once(): errors are told and not thrown.
  await new Promise((resolve) => socket.on('close', resolve));
  return told;
}

/** What a client says first. */
export async function helloOf(options: ConnectionOptions = {}): Promise<Buffer> {
  let peer: Socket | undefined;
  const server = createServer((socket) => {
    peer = socket;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = connect({ host: '127.0.0.1', port: (server.address() as { port: number }).port, ...options });
  client.on('error', () => undefined);
  await accepted;
  const [hello] = (await once(peer as Socket, 'data')) as [Buffer];
  client.destroy();
  peer?.destroy();
  server.close();
  return hello;
}
