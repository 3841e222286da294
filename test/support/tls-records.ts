/**
 * A client of TLS 1.3 (RFC 8446) that does an ordinary handshake and then writes whatever records a test wants, rightly encrypted:
 * what no library can be made to send. And a server whose connections can be cut below TLS.
 */
import { createCipheriv, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, TLSSocket } from 'node:tls';

export const RecordType = { changeCipher: 20, alert: 21, handshake: 22, data: 23 } as const;

/** Messages of the handshake that ask for new keys: of both sides, or of this one. */
const KEY_UPDATE = 24;
const SUITE = 'TLS_AES_128_GCM_SHA256';
const KEY_BYTES = 16;
const VECTOR_BYTES = 12;
const SECRET_BYTES = 32;

/** HKDF-Expand-Label of at most 32 bytes without a context (RFC 8446 7.1). */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** A stream over a socket that leaves the socket to others too. */
function above(plain: Socket): Duplex {
  const between = new Duplex({
    read: () => undefined,
    write: (chunk, _, done) => void plain.write(chunk, () => done()),
    final: (done) => void plain.end(() => done()),
  });
  plain.on('data', (data) => void between.push(data));
  plain.on('end', () => void between.push(null));
  return between;
}

/** A TLS server: each connection with the socket below it, which may be ended without a word. */
export async function serveRecords(
  pem: Buffer,
  onConnection: (tls: TLSSocket, plain: Socket) => void,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (plain) => {
    sockets.add(plain);
    plain.on('error', () => undefined);
    const tls = new TLSSocket(above(plain), { isServer: true, cert: pem, key: pem });
    tls.on('error', () => undefined);
    onConnection(tls, plain);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => void server.close(() => resolve()));
  };
  return { port: (server.address() as { port: number }).port, [Symbol.asyncDispose]: close };
}

export class RecordClient {
  /** What the server sends comes out here, decrypted by the library. */
  readonly tls: TLSSocket;
  readonly plain: Socket;
  received = '';
  /** The code of the first error, of an alert ERR_SSL_…. */
  error = '';
  closed = false;
  #secret!: Buffer;
  #key!: Buffer;
  #vector!: Buffer;
  #sequence = 0;

  private constructor(tls: TLSSocket, plain: Socket) {
    this.tls = tls;
    this.plain = plain;
    tls.on('data', (data: Buffer) => {
      this.received += data.toString('latin1');
    });
    const tell = (error: NodeJS.ErrnoException): void => {
      this.error ||= error.code ?? error.message;
    };
    tls.on('error', tell);
    plain.on('error', tell);
    plain.on('close', () => {
      this.closed = true;
    });
  }

  static async open(port: number, options: ConnectionOptions = {}): Promise<RecordClient> {
    const plain = connectPlain(port, '127.0.0.1');
    await once(plain, 'connect');
    const tls = connect({
      socket: above(plain),
      servername: 'localhost',
      rejectUnauthorized: false,
      ciphers: SUITE,
      minVersion: 'TLSv1.3',
      ...options,
    });
    const client = new RecordClient(tls, plain);
    tls.on('keylog', (line: Buffer) => {
      const [label, , secret] = line.toString('latin1').trim().split(' ');
      if (label === 'CLIENT_TRAFFIC_SECRET_0') client.#use(Buffer.from(secret as string, 'hex'));
    });
    await once(tls, 'secureConnect');
    return client;
  }

  #use(secret: Buffer): void {
    this.#secret = secret;
    this.#key = expand(secret, 'key', KEY_BYTES);
    this.#vector = expand(secret, 'iv', VECTOR_BYTES);
    this.#sequence = 0;
  }

  /** A record as it goes over the line. */
  seal(type: number, content: Uint8Array): Buffer {
    const inner = Buffer.concat([content, Buffer.from([type])]);
    const head = Buffer.from([RecordType.data, 3, 3, 0, 0]);
    head.writeUInt16BE(inner.length + 16, 3);
    const nonce = Buffer.from(this.#vector);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sequence++) >>> 0, 8);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce).setAAD(head);
    const sealed = Buffer.concat([cipher.update(inner), cipher.final()]);
    return Buffer.concat([head, sealed, cipher.getAuthTag()]);
  }

  /** A record that updates this side's keys, and asks for the same of the other side. */
  sealUpdate(asks = true): Buffer {
    const record = this.seal(RecordType.handshake, Uint8Array.from([KEY_UPDATE, 0, 0, 1, asks ? 1 : 0]));
    this.#use(expand(this.#secret, 'traffic upd', SECRET_BYTES));
    return record;
  }

  /** Resolves when the kernel has taken the bytes, or the connection is closed. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => void this.plain.write(bytes, () => resolve()));
  }

  say(text: string): Promise<void> {
    return this.write(this.seal(RecordType.data, Buffer.from(text, 'latin1')));
  }

  [Symbol.dispose](): void {
    this.tls.destroy();
    this.plain.destroy();
  }
}
