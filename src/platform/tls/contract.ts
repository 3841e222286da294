/**
 * What the proxy asks of its TLS library: one engine per connection, bytes in and bytes out. It has no sockets, no
 * clock and no policy; bytes lie in the thread's one memory and are named by offsets. It must not know which library it is.
 */

/** How a handshake stands. */
export const Handshake = {
  /** The engine wants more bytes of the peer. */
  wants: 0,
  done: 1,
  /** It can't succeed: an alert may be waiting in the output. */
  failed: 2,
} as const;
export type HandshakeValue = (typeof Handshake)[keyof typeof Handshake];

/** What `read` answers instead of a number of bytes. */
export const Read = {
  /** More cipher bytes are needed. */
  wants: 0,
  /** The peer has said that it sends no more (close_notify). */
  end: -1,
  /** The connection is broken: an alert may be waiting in the output. */
  broken: -2,
} as const;

/** What is known of a connection once its handshake is done, for samples and logs. */
export const Fact = {
  /** `TLSv1.3` */
  version: 0,
  /** `TLS_AES_128_GCM_SHA256` */
  cipher: 1,
  /** The chosen application protocol, `h2`. */
  alpn: 2,
  /** The name that the client asked for. */
  serverName: 3,
} as const;
export type FactValue = (typeof Fact)[keyof typeof Fact];

export interface TlsEngine {
  /**
   * Cipher bytes [start, end) that the following calls read, in place: they must stay until `rest` equals `end`. Plain bytes may
   * be written over those that are used up.
   */
  offer(start: number, end: number): void;
  /** Where the part of what was offered starts that has not been used up. */
  readonly rest: number;
  handshake(): HandshakeValue;
  /** Plain bytes to [start, limit), those of one record at most: their number, above 0, or a value of Read. */
  read(start: number, limit: number): number;
  /** Encrypts [start, end). False: the connection is broken. */
  write(start: number, end: number): boolean;
  /** Moves cipher bytes to be sent to [start, limit); how many. Ask again while it fills the room. */
  output(start: number, limit: number): number;
  /** Says that nothing more will be sent. */
  shutdown(): void;
  /** Writes a fact as text to [start, limit); its end, or -1: unknown. */
  fact(fact: FactValue, start: number, limit: number): number;
  /** Whether keys came from an earlier session. */
  readonly isResumed: boolean;
  /** Why the handshake failed or the connection broke, in the library's words. */
  readonly reason: string;
  /** Ends it; the record may serve another connection afterwards. */
  free(): void;
}

/** Settings, certificates and keys of one side, on one thread. */
export interface TlsContext {
  /** An engine for a new connection; null: out of memory. */
  open(): TlsEngine | null;
}
