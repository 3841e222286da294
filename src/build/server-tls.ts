/**
 * How connections to a server are encrypted, while its certificate and authorities may change; open connections go on as they began. It
 * must not know where changes come from.
 */
import type { ServerModel } from '../model/config.ts';
import type { PemModel, TlsModel } from '../model/tls.ts';
import type { TlsChange } from '../model/tls-change.ts';
import { OpenSslContext } from '../platform/tls/context.ts';
import type { TlsContext, TlsEngine } from '../platform/tls/contract.ts';
import type { TlsGround } from './bind-tls.ts';
import { exchange, type Prepared, withTrust } from './line-changes.ts';
import { LineSettings } from './line-settings.ts';

export class ServerLine implements TlsContext {
  readonly #ground: TlsGround;
  #tls: TlsModel;
  #certificate: PemModel | null;
  #settings: LineSettings;
  #context: OpenSslContext;

  /** @throws Error that says what is wrong with the line */
  constructor(ground: TlsGround, { name, tls }: ServerModel) {
    if ((tls.verify ?? 'required') !== 'none' && tls.authorities === null)
      throw new Error(`server '${name}': 'verify' is enabled but no CA file is given: add 'ca-file' or 'verify none'`);
    this.#ground = ground;
    this.#tls = tls;
    this.#certificate = tls.certificates[0] ?? null;
    this.#settings = this.#settingsOf(tls);
    this.#context = this.#make(this.#settings, this.#certificate);
  }

  open(): TlsEngine | null {
    return this.#context.open();
  }

  openTo(start: number, end: number, isEarly?: boolean): TlsEngine | null {
    return this.#context.openTo(start, end, isEarly);
  }

  free(): void {
    this.#context.free();
    this.#settings.free();
  }

  /** null: the line has nothing to do with it. @throws Error that says why it can't be made */
  prepare(change: TlsChange): Prepared | null {
    if (change.kind === 'trust') {
      const tls = withTrust(this.#tls, change);
      return tls === this.#tls ? null : this.#become(tls, this.#settingsOf(tls), this.#certificate);
    }
    if (change.kind !== 'certificate' || change.material.path !== this.#certificate?.path) return null;
    return this.#become(this.#tls, this.#settings, { ...this.#certificate, ...change.material });
  }

  #become(tls: TlsModel, settings: LineSettings, certificate: PemModel | null): Prepared {
    let context: OpenSslContext;
    try {
      context = this.#make(settings, certificate);
    } catch (error) {
      if (settings !== this.#settings) settings.free();
      throw error;
    }
    return exchange([this.#settings, this.#context], [settings, context], () => {
      this.#tls = tls;
      this.#settings = settings;
      this.#certificate = certificate;
      this.#context = context;
    });
  }

  #make({ tls }: LineSettings, certificate: PemModel | null): OpenSslContext {
    const { library, bundles } = this.#ground;
    if (certificate === null) return new OpenSslContext(library, tls);
    return bundles.with(certificate, (bundle) => new OpenSslContext(library, { ...tls, bundle }));
  }

  #settingsOf(tls: TlsModel): LineSettings {
    const { verifyHost, reusesSessions } = tls;
    const { tuning, bundles } = this.#ground;
    const { securityLevel } = bundles;
    return new LineSettings(tls, {
      ...tuning,
      securityLevel,
      role: 'client',
      verify: tls.verify ?? 'required',
      verifyHost,
      reusesSessions,
    });
  }
}
