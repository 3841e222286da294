/**
 * All that can be changed of TLS while the proxy runs, put together: what the runtime API asks. It must not know commands, nor how
 * threads are told.
 */
import type { ConfigModel } from '../model/configuration.ts';
import { DEFAULT_MAX_DELAY_S, DEFAULT_MIN_DELAY_S } from '../model/tls.ts';
import { CertificateControl } from './certificates.ts';
import { type Clock, systemClock } from './clock.ts';
import { ListControl, type ReadListLine } from './crt-lists.ts';
import { type AskOcsp, askOcsp } from './ocsp-client.ts';
import { OcspResponses } from './ocsp-responses.ts';
import { OcspUpdates, type UpdateSettings } from './ocsp-updates.ts';
import { TicketKeyControl } from './ticket-keys.ts';
import { type Publish, TlsStore } from './tls-store.ts';
import { TrustControl } from './trust-files.ts';

export interface TlsControlParts {
  readonly model: ConfigModel;
  readonly publish: Publish;
  /** Reads a line of a `crt-list`. */
  readonly readLine: (store: TlsStore) => ReadListLine;
  readonly isDirectory: (path: string) => boolean;
  /** Takes lines for the log of the process. */
  readonly log: (text: string) => void;
  /** Where requests to OCSP servers go through. */
  readonly proxy: UpdateSettings['proxy'];
  readonly clock?: Clock;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly ask?: AskOcsp;
}

export class TlsControl {
  readonly certificates: CertificateControl;
  readonly authorities: TrustControl;
  readonly revocations: TrustControl;
  readonly lists: ListControl;
  readonly ticketKeys: TicketKeyControl;
  readonly responses: OcspResponses;
  readonly updates: OcspUpdates;

  constructor(parts: TlsControlParts) {
    const { model, publish, log, proxy, clock = systemClock, now = Date.now, ask = askOcsp } = parts;
    const store = new TlsStore(model, parts.isDirectory);
    const { flags, tune } = model.global;
    const settings: UpdateSettings = {
      isOn: flags['ocsp-update.mode'] === true,
      isDisabled: flags['ocsp-update.disable'] === true,
      minDelayS: tune['ocsp-update.mindelay'] ?? DEFAULT_MIN_DELAY_S,
      maxDelayS: tune['ocsp-update.maxdelay'] ?? DEFAULT_MAX_DELAY_S,
      proxy,
    };
    this.responses = new OcspResponses(
      store,
      publish,
      model.global.tls.chains.map(({ bytes }) => bytes),
    );
    this.updates = new OcspUpdates({ store, responses: this.responses, settings, clock, now, ask, log });
    this.certificates = new CertificateControl(store, publish, this.responses);
    this.authorities = new TrustControl(store, 'authorities', publish);
    this.revocations = new TrustControl(store, 'revocations', publish);
    this.lists = new ListControl(store, parts.readLine(store), publish, (path) => this.updates.refresh(path));
    this.ticketKeys = new TicketKeyControl(store, publish);
  }

  /** Responses are fetched from now on. */
  start(): void {
    this.updates.start();
  }

  stop(): void {
    this.updates.stop();
    this.responses.close();
  }
}
