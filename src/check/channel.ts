/**
 * One connection of a check: the socket, the PROXY header, TLS. It tells how far it has come, what came, and why it failed, in
 * HAProxy's words. After `close` nothing is told, and nothing of it is left in use. It must not know steps.
 */
import { connect, type Socket } from 'node:net';
import { announce } from './announcement.ts';
import { type SecureOwner, SecureSession } from './secure.ts';
import { type CheckStatus, Status } from './status.ts';
import type { Endpoint } from './target.ts';

export interface ChannelOwner {
  /** Connected, and the handshake is done if there is TLS. */
  onOpen(): void;
  onData(bytes: Buffer): void;
  /** The server sends no more. */
  onEnd(): void;
  /** It has broken, or was never there. */
  onFailure(status: CheckStatus, reason: string): void;
}

export class Channel implements SecureOwner {
  readonly #owner: ChannelOwner;
  readonly #endpoint: Endpoint;
  readonly #socket: Socket;
  #secure: SecureSession | null = null;
  #isConnected = false;
  #isOpen = false;
  #isClosed = false;
  /** Bytes were sent that should arrive: closing must not overtake them. */
  #hasSent = false;

  /** Nothing is told before it returns. */
  constructor(endpoint: Endpoint, owner: ChannelOwner) {
    this.#owner = owner;
    this.#endpoint = endpoint;
    this.#socket = open(endpoint);
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('data', (data: Buffer) => this.#onData(data));
    this.#socket.on('end', () => this.#onSocketEnd());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    this.#socket.on('close', () => this.#fail(Status.socketError, ''));
  }

  get isSecure(): boolean {
    return this.#endpoint.security !== null;
  }

  /** What a check finds that has waited too long for this connection. */
  get timeoutStatus(): CheckStatus {
    if (!this.#isConnected) return Status.l4Timeout;
    return this.#isOpen ? Status.l7Timeout : Status.l6Timeout;
  }

  write(bytes: Uint8Array): void {
    if (this.#secure !== null) this.#secure.write(bytes);
    else this.#socket.write(bytes);
  }

  /** @param isClean in the usual way; else with a reset, which leaves no TIME-WAIT on either side */
  close(isClean: boolean): void {
    if (this.#isClosed) return;
    // TLS says goodbye, and a header alone has to arrive: a reset could overtake them.
    const resets = this.#isConnected && !isClean && this.#endpoint.host !== null && this.#secure === null && !this.#hasSent;
    this.#secure?.close();
    this.#isClosed = true;
    if (resets) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  // Of the socket ---------------------------------------------------------------------------------

  #onConnect(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    const { announcement, security } = this.#endpoint;
    if (announcement !== null) {
      this.#socket.write(announce(announcement, this.#socket));
      this.#hasSent = true;
    }
    if (security === null) {
      this.#setOpen();
      return;
    }
    this.#secure = SecureSession.open(security.ground, security.context, security.name, this);
    if (this.#secure === null) this.#fail(Status.socketError, 'no memory for TLS');
    else this.#secure.begin();
  }

  #setOpen(): void {
    this.#isOpen = true;
    this.#owner.onOpen();
  }

  #onData(data: Buffer): void {
    if (this.#isClosed) return;
    if (this.#secure === null) this.#owner.onData(data);
    else this.#secure.feed(data);
  }

  #onSocketEnd(): void {
    if (this.#isClosed) return;
    if (this.#isOpen) this.#owner.onEnd();
    else this.#fail(Status.l6Invalid, HANDSHAKE_FAILURE);
  }

  #onError(error: NodeJS.ErrnoException): void {
    const reason = errorText(error);
    if (this.#isOpen || NO_SOCKET.includes(error.code ?? '')) this.#fail(Status.socketError, reason);
    else if (this.#isConnected) this.#fail(Status.l6Invalid, HANDSHAKE_FAILURE);
    else if (error.code === 'ETIMEDOUT') this.#fail(Status.l4Timeout, '');
    else this.#fail(Status.l4Refused, reason);
  }

  #fail(status: CheckStatus, reason: string): void {
    if (!this.#isClosed) this.#owner.onFailure(status, reason);
  }

  // Of TLS ----------------------------------------------------------------------------------------

  onCipher(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  onSecured(): void {
    this.#setOpen();
  }

  onPlain(bytes: Buffer): void {
    if (!this.#isClosed) this.#owner.onData(bytes);
  }

  onPlainEnd(): void {
    if (!this.#isClosed) this.#owner.onEnd();
  }

  onBroken(reason: string): void {
    this.#fail(this.#isOpen ? Status.socketError : Status.l6Invalid, reason);
  }
}

const HANDSHAKE_FAILURE = 'SSL handshake failure';
/** Errors of this machine, not of the server. */
const NO_SOCKET: readonly string[] = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL'];

function open({ host, port, path, localAddress }: Endpoint): Socket {
  if (host === null) return connect({ path, allowHalfOpen: true });
  const where = { host, port, noDelay: true, allowHalfOpen: true };
  return connect(localAddress === null ? where : { ...where, localAddress });
}

/** The C library's words, which users know from HAProxy's log. */
const ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ECONNABORTED: 'Software caused connection abort',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  EMFILE: 'Too many open files',
  ENETUNREACH: 'Network is unreachable',
  ENFILE: 'Too many open files in system',
  ENOENT: 'No such file or directory',
  EPIPE: 'Broken pipe',
  EPROTOTYPE: 'Protocol wrong type for socket',
  ETIMEDOUT: 'Connection timed out',
};

function errorText(error: NodeJS.ErrnoException): string {
  return ERRORS[error.code ?? ''] ?? error.code ?? error.message;
}
