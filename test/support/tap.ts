/** A relay of bytes that keeps what has passed: for tests that look at what clients and servers really send. */
import { connect, createServer, type Socket } from 'node:net';

export interface Tap extends AsyncDisposable {
  readonly port: number;
  /** By connection: what the client has sent, and what came back. */
  readonly passed: readonly { readonly sent: Buffer[]; readonly received: Buffer[] }[];
}

export async function startTap(to: number): Promise<Tap> {
  const passed: { sent: Buffer[]; received: Buffer[] }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const record: { sent: Buffer[]; received: Buffer[] } = { sent: [], received: [] };
    passed.push(record);
    const far = connect(to, '127.0.0.1');
    for (const socket of [client, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.on('data', (bytes: Buffer) => void record.sent.push(bytes)).pipe(far);
    far.on('data', (bytes: Buffer) => void record.received.push(bytes)).pipe(client);
    client.on('close', () => far.destroy());
    far.on('close', () => client.end());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => void server.close(() => resolve()));
  };
  return { port, passed, [Symbol.asyncDispose]: close };
}
