/** What `tune.ssl.*` says about all connections of a thread that speak TLS (HAProxy 3.x configuration 3.2). It must not know the configuration. */

export interface TlsTuning {
  /** Bytes of a client's hello that are kept for samples; 0: none are, and the hello is read only where a certificate depends on it. */
  readonly helloBytes: number;
  /** Most plain bytes of a record: while a transfer begins, and always. Infinity: as many as TLS allows. */
  readonly maxRecord: number;
  readonly hardMaxRecord: number;
  /** A pause in sending of so many milliseconds makes a transfer begin again. */
  readonly idleMs: number;
  /** How often a peer may change its keys in a second; Infinity: as often as it likes, and nobody counts. */
  readonly keyUpdatesPerS: number;
}

export const DEFAULT_TLS_TUNING: TlsTuning = {
  helloBytes: 0,
  maxRecord: Number.POSITIVE_INFINITY,
  hardMaxRecord: Number.POSITIVE_INFINITY,
  idleMs: 1000,
  keyUpdatesPerS: Number.POSITIVE_INFINITY,
};
