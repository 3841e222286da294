/** How connections to a server are encrypted. Fields only; made by worker/ out of what build/ has found. */
import type { TlsContext } from '../platform/tls/contract.ts';

/** The name that a server is asked for, which depends on the stream `S`: in the thread's memory until the next event. */
export interface NameSource<S> {
  readonly start: number;
  readonly end: number;
  find(stream: S): boolean;
}

export interface ServerTls<S> {
  readonly context: TlsContext;
  /** null: no name is told. Connections with different names are never exchanged. */
  readonly name: NameSource<S> | null;
  /** Requests may be sent before the handshake is done (mux/early-requests.ts). */
  readonly sendsEarly: boolean;
}
