/** Servers behind the proxy under test: scripted byte by byte, or answering requests with raw text. They keep what they received. */
import { createServer } from 'node:net';
import { Connection } from './connection.ts';

export interface RawRequest {
  readonly head: string;
  /** As on the wire: chunked bodies with their framing. */
  readonly body: string;
  /** Which connection of the server it came on, counted from 0. */
  readonly connection: number;
}

export interface Origin extends AsyncDisposable {
  readonly port: number;
  /** Every connection accepted so far. */
  readonly connections: readonly Connection[];
  /** Errors of the script, for a test to look at; `close` rejects with the first. */
  readonly errors: readonly Error[];
  close(): Promise<void>;
}

/** Runs `script` for each connection; the connection is closed when it returns. */
export async function startRawOrigin(
  script: (connection: Connection, index: number) => Promise<void>,
  port = 0,
  host = '127.0.0.1',
): Promise<Origin> {
  const connections: Connection[] = [];
  const errors: Error[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new Connection(socket);
    const index = connections.push(connection) - 1;
    script(connection, index)
      .catch((error: Error) => errors.push(error))
      .finally(() => socket.destroySoon());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const close = async (): Promise<void> => {
    for (const { socket } of connections) socket.destroy();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    if (errors[0] !== undefined) throw errors[0];
  };
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return { port: address.port, connections, errors, close, [Symbol.asyncDispose]: close };
}

export interface HttpOrigin extends Origin {
  readonly requests: readonly RawRequest[];
}

/** `200` with a body, keeping the connection: the plain answer. */
export function ok(body: string, headers = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body, 'latin1')}\r\n${headers}\r\n${body}`;
}

/**
 * Answers each HTTP/1 request with the bytes that `respond` returns, on connections
 * that stay open; null closes the connection after what was sent.
 */
export async function startHttpOrigin(
  respond: (request: RawRequest) => string | null | Promise<string | null>,
  port = 0,
  host = '127.0.0.1',
): Promise<HttpOrigin> {
  const requests: RawRequest[] = [];
  const origin = await startRawOrigin(
    async (connection, index) => {
      while (await hasRequest(connection)) {
        const request = { ...(await connection.readMessage()), connection: index };
        requests.push(request);
        const answer = await respond(request);
        if (answer === null) return;
        await connection.write(answer);
      }
    },
    port,
    host,
  );
  return { ...origin, requests };
}

/** Waits without a limit for the first byte of a request; false at the end of the stream. */
function hasRequest(connection: Connection): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (connection.pending === '' && !connection.ended) return;
      for (const event of ['data', 'end', 'close']) connection.socket.off(event, look);
      resolve(connection.pending !== '');
    };
    for (const event of ['data', 'end', 'close']) connection.socket.on(event, look);
    look();
  });
}
