/**
 * TLS of checks: the engine that the traffic uses, over a little memory of the control thread. Bytes of the network in, plain bytes and
 * bytes for the network out, in the same turn. It must not know sockets, nor where certificates come from.
 */
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import { Figure, Handshake, Read, type TlsContext, type TlsEngine } from '../platform/tls/contract.ts';

/** What the control thread needs: two blocks, as connections take their turns. */
export const SECURE_LAYOUT = { blocks: 2, notes: 0, statics: 0 } as const;

/** X509_V_ERR_HOSTNAME_MISMATCH */
const OTHER_NAME = 62;

/** Room that all connections share: each uses it within one call. */
export class SecureGround {
  readonly memory: Memory;
  readonly input: Block;
  readonly output: Block;
  /** Connections that have an engine. */
  open = 0;

  /** @param memory with two blocks, which OpenSSL reaches */
  constructor(memory: Memory) {
    this.memory = memory;
    this.input = memory.take();
    this.output = memory.take();
    if (this.output === NO_BLOCK) throw new RangeError('TLS of checks needs a memory of two blocks');
  }
}

/** Who has the connection. */
export interface SecureOwner {
  /** For the network. */
  onCipher(bytes: Buffer): void;
  /** The handshake is done. */
  onSecured(): void;
  onPlain(bytes: Buffer): void;
  /** The server sends no more. */
  onPlainEnd(): void;
  /** In HAProxy's words. */
  onBroken(reason: string): void;
}

export class SecureSession {
  readonly #ground: SecureGround;
  readonly #owner: SecureOwner;
  readonly #engine: TlsEngine;
  readonly #isNamed: boolean;
  #isSecured = false;
  #isClosed = false;

  private constructor(ground: SecureGround, engine: TlsEngine, isNamed: boolean, owner: SecureOwner) {
    this.#ground = ground;
    this.#engine = engine;
    this.#isNamed = isNamed;
    this.#owner = owner;
    ground.open++;
  }

  /** @param name that the server is asked for; empty: none. null: out of memory */
  static open(ground: SecureGround, context: TlsContext, name: string, owner: SecureOwner): SecureSession | null {
    const { memory, input } = ground;
    const start = memory.base(input);
    const end = start + Buffer.from(memory.bytes.buffer, memory.bytes.byteOffset + start).write(name, 'latin1');
    const engine = context.openTo(start, end);
    return engine === null ? null : new SecureSession(ground, engine, name !== '', owner);
  }

  get isSecured(): boolean {
    return this.#isSecured;
  }

  /** Says the first words of the handshake. */
  begin(): void {
    this.#engine.offer(0, 0);
    this.#shake();
  }

  /** Bytes of the network. */
  feed(bytes: Uint8Array): void {
    const { memory, input } = this.#ground;
    const start = memory.base(input);
    const room = memory.end(input) - start;
    for (let at = 0; at < bytes.length && !this.#isClosed; at += room) {
      const piece = bytes.subarray(at, at + room);
      memory.bytes.set(piece, start);
      this.#engine.offer(start, start + piece.length);
      if (this.#isSecured || this.#shake()) this.#read();
    }
  }

  /** Plain bytes for the server. */
  write(bytes: Uint8Array): void {
    const { memory, output } = this.#ground;
    const start = memory.base(output);
    const room = memory.end(output) - start;
    for (let at = 0; at < bytes.length && !this.#isClosed; at += room) {
      const piece = bytes.subarray(at, at + room);
      memory.bytes.set(piece, start);
      if (!this.#engine.write(start, start + piece.length)) {
        this.#break();
        return;
      }
      this.#flush();
    }
  }

  /** Says goodbye if the handshake is done, and gives the engine back. Nothing is told afterwards. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#isSecured) {
      this.#engine.shutdown();
      this.#flush();
    }
    this.#isClosed = true;
    this.#engine.free();
    this.#ground.open--;
  }

  /** True: the handshake is done. */
  #shake(): boolean {
    const state = this.#engine.handshake();
    this.#flush();
    if (state === Handshake.wants) return false;
    if (state === Handshake.failed) {
      this.#break();
      return false;
    }
    this.#isSecured = true;
    this.#owner.onSecured();
    return !this.#isClosed;
  }

  /** Reads until the engine wants more. */
  #read(): void {
    const { memory, output } = this.#ground;
    const start = memory.base(output);
    while (!this.#isClosed) {
      const count = this.#engine.read(start, memory.end(output));
      if (count > 0) {
        this.#owner.onPlain(Buffer.from(memory.bytes.subarray(start, start + count)));
        continue;
      }
      if (count === Read.end) this.#owner.onPlainEnd();
      else if (count === Read.broken) this.#break();
      else this.#flush();
      return;
    }
  }

  #flush(): void {
    const { memory, output } = this.#ground;
    const start = memory.base(output);
    for (let count = -1; count !== 0; ) {
      count = this.#engine.output(start, memory.end(output));
      // A copy: the socket may keep it, and the room is for others after this turn.
      if (count > 0) this.#owner.onCipher(Buffer.from(memory.bytes.subarray(start, start + count)));
    }
  }

  /** An alert of ours may have to go out first. */
  #break(): void {
    this.#flush();
    this.#owner.onBroken(this.#reason());
  }

  #reason(): string {
    if (this.#isSecured) return 'SSL fatal error';
    if (this.#engine.figure(Figure.certificateError) !== OTHER_NAME) return 'SSL handshake failure';
    return `Server presented an SSL certificate different from the ${this.#isNamed ? 'expected' : 'configured'} one`;
  }
}
