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
  /** It goes on in `read`, and the client has sent early data meanwhile, which `read` gives (RFC 8446 4.2.10). */
  early: 3,
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

/** What is known of a connection in bytes: once its handshake is done, or has failed. */
export const Fact = {
  /** `TLSv1.3` */
  version: 0,
  /** `TLS_AES_128_GCM_SHA256`; `(NONE)` before one is chosen. */
  cipher: 1,
  /** The chosen application protocol, `h2`. */
  alpn: 2,
  /** The name that the client asked for. */
  serverName: 3,
  /** The group of the key exchange, `X25519`. */
  curve: 4,
  /** The error behind `errorCode` in words: `error:0A0000C1:SSL routines::no shared cipher`. */
  errorText: 5,
  clientRandom: 6,
  serverRandom: 7,
  sessionId: 8,
  /** The master secret of the session: decrypts everything. */
  sessionKey: 9,
  /** The first Finished message (`tls-unique`, RFC 5929 3). */
  uniqueId: 10,
  /** Certificates in DER: what this side has shown, what the peer has shown, and all that the peer has shown one behind another. */
  ownCertificate: 11,
  peerCertificate: 12,
  peerChain: 13,
  /** What the context's certificate is called, as its file. */
  certificateName: 14,
  /** Secrets of TLS 1.3 in hexadecimal, where the context keeps them. */
  clientEarlySecret: 15,
  clientHandshakeSecret: 16,
  serverHandshakeSecret: 17,
  clientSecret: 18,
  serverSecret: 19,
  exporterSecret: 20,
  earlyExporterSecret: 21,
  /** The certificate at the top of the chain by which the peer's was verified; in DER, too. */
  peerRoot: 22,
} as const;
export type FactValue = (typeof Fact)[keyof typeof Fact];

/** What is known of a connection in numbers. */
export const Figure = {
  /** The library's number of the error behind `reason`; 0: none. */
  errorCode: 0,
  /** X509_V_ERR_… of the peer's certificate as a whole; 0: none, also without a certificate. */
  verifyResult: 1,
  /** The first error of the peer's certificate, and of those above it with the depth: also those that are ignored. */
  certificateError: 2,
  authorityError: 3,
  authorityErrorDepth: 4,
  /** Bits of the cipher's key that count, and that it has. */
  usedKeyBits: 5,
  keyBits: 6,
  /** 1: the peer has a certificate; it was shown on this very connection, not on an earlier one. */
  hasPeerCertificate: 7,
  wasPeerVerified: 8,
  hasServerName: 9,
  /** Why the peer's certificate was refused: a Refusal. */
  refusal: 10,
  /** 1: early data has come on the connection, or was sent. */
  hadEarly: 11,
} as const;

/** A fatal alert `unrecognized_name` (RFC 8446 6.2) in a record: what a client without a certificate for its name gets. */
export const NO_SUCH_NAME: readonly number[] = [21, 3, 3, 0, 2, 2, 112];

/** Instead of the name that a client asks for: its handshake must fail, whatever it asks for. No name has such a character. */
export const NOBODY = '\0';

/** The most bytes of early data on a connection: they fit in a block. */
export const MOST_EARLY = 14_000;

export type FigureValue = (typeof Figure)[keyof typeof Figure];

export const Refusal = { none: 0, certificate: 1, authority: 2 } as const;

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
  /** Of a client that has not begun its handshake: how many bytes may be said before it is done (RFC 8446 2.3); 0: none. */
  readonly mostEarly: number;
  /** Begins the handshake, if nothing was written yet, and says [start, end) with it: `mostEarly` bytes at most in all. */
  writeEarly(start: number, end: number): boolean;
  /** The handshake is done, and the server has thrown away what was said early. */
  readonly wasEarlyRefused: boolean;
  /** Encrypts [start, end). False: the connection is broken. */
  write(start: number, end: number): boolean;
  /** Moves cipher bytes to be sent to [start, limit); how many. Ask again while it fills the room. */
  output(start: number, limit: number): number;
  /** There are cipher bytes to be sent: they must be taken away before another engine of the thread is called. */
  readonly hasOutput: boolean;
  /** Throws them away: the connection can't go on. */
  discard(): void;
  /** Says that nothing more will be sent. */
  shutdown(): void;
  /** Writes a fact to [start, limit); its end, or -1: unknown, or too long. */
  fact(fact: FactValue, start: number, limit: number): number;
  figure(figure: FigureValue): number;
  /** Writes the name of a cipher suite, by its number in TLS, to [start, limit); its end, or -1: it is not known, or too long. */
  suiteName(suite: number, start: number, limit: number): number;
  /** Early data has come, and the handshake is not done: somebody else may have said it before. Of a client: it was sent. */
  readonly isEarly: boolean;
  /** How often the peer has changed its keys, where the context counts that: whoever has seen to it sets it to 0. */
  keyUpdates: number;
  /** Whether keys came from an earlier session. */
  readonly isResumed: boolean;
  /** Why the handshake failed or the connection broke, in the library's words. */
  readonly reason: string;
  /** Somebody else asks it for facts: it ends when `free` was called once more. */
  hold(): void;
  /** Ends it; the record may serve another connection afterwards. */
  free(): void;
}

/** Settings, certificates and keys of one side, on one thread. */
export interface TlsContext {
  /**
   * An engine for a new connection; null: out of memory.
   * @param asked the name by which the client was sent here, in lower case, '' without one: its handshake fails with NO_SUCH_NAME as soon
   * as the library finds that it asks for another. NOBODY: it fails in any case. null, or absent: the name does not matter
   */
  open(asked?: string | null): TlsEngine | null;
  /**
   * The same of a client, for the server called [start, end) of the memory; empty: it is told no name. The name is checked.
   * @param isEarly early data is wanted: `mostEarly` says whether it can be sent
   */
  openTo(start: number, end: number, isEarly?: boolean): TlsEngine | null;
  /** It opens no more; engines that are open go on. */
  free(): void;
}
