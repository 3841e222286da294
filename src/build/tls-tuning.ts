/** What the global section says about TLS (`tune.ssl.*`), for contexts and for connections. It must not know what they do with it. */
import type { GlobalModel } from '../model/config.ts';
import type { TlsSettings } from '../platform/tls/context.ts';
import type { TlsTuning } from '../transport/tls-tuning.ts';

/** HAProxy's defaults of tune.ssl.cachesize and tune.idletimer (milliseconds). */
const SESSIONS = 20_000;
const IDLE_MS = 1000;

export type ContextTuning = Pick<TlsSettings, 'lifetimeS' | 'keepsSecrets' | 'compressesCertificates' | 'countsKeyUpdates'>;

export function contextTuning({ tune, flags }: GlobalModel): ContextTuning {
  const lifetimeS = tune['tune.ssl.lifetime'] ?? 0;
  return {
    ...(lifetimeS > 0 ? { lifetimeS } : {}),
    keepsSecrets: flags['tune.ssl.keylog'] === true,
    compressesCertificates: flags['tune.ssl.certificate-compression'] !== false,
    countsKeyUpdates: (tune['tune.ssl.keyupdate-rate-limit'] ?? 0) > 0,
  };
}

/** How many sessions of clients are kept, if any client can have one. */
export function sessionCount({ tune }: GlobalModel): number {
  return tune['tune.ssl.cachesize'] ?? SESSIONS;
}

export function wireTuning({ tune }: GlobalModel): TlsTuning {
  return {
    helloBytes: tune['tune.ssl.capture-buffer-size'] ?? 0,
    maxRecord: tune['tune.ssl.maxrecord'] || Number.POSITIVE_INFINITY,
    hardMaxRecord: tune['tune.ssl.hard-maxrecord'] || Number.POSITIVE_INFINITY,
    keyUpdatesPerS: tune['tune.ssl.keyupdate-rate-limit'] || Number.POSITIVE_INFINITY,
    idleMs: (tune['tune.idletimer'] ?? IDLE_MS) || Number.POSITIVE_INFINITY,
  };
}
