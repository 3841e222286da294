/**
 * Whether OpenSSL takes certificates of a line that are made into contexts only when they are asked for: it refuses those whose keys or
 * signatures it finds too weak. One context tries all of them on, as to make one for each takes too long. It must not know connections.
 */
import type { PemModel } from '../model/tls.ts';
import { OpenSslContext, type TlsSettings } from '../platform/tls/context.ts';
import type { TlsLibrary } from '../platform/tls/engine.ts';
import type { Bundles } from './bundles.ts';

export class CertificateJudge {
  readonly #library: TlsLibrary;
  readonly #bundles: Bundles;
  #settings: TlsSettings | null = null;
  #context: OpenSslContext | null = null;

  constructor(library: TlsLibrary, bundles: Bundles) {
    this.#library = library;
    this.#bundles = bundles;
  }

  /** With settings of which a context was made already. Whoever asks frees the judge in the end. @throws Error that names the file */
  judge(settings: TlsSettings, certificate: PemModel): void {
    const { sctl: timestamps } = certificate;
    this.#bundles.serving(certificate, (bundle, dh) => this.#contextOf(settings).tryOn({ bundle, dh, timestamps }));
  }

  free(): void {
    this.#context?.free();
    this.#context = null;
  }

  #contextOf(settings: TlsSettings): OpenSslContext {
    if (this.#context !== null && this.#settings === settings) return this.#context;
    this.free();
    this.#settings = settings;
    // Nobody connects to it: authorities, which take long, and keys of tickets are left out.
    this.#context = new OpenSslContext(this.#library, { ...settings, bundle: null, verify: 'none', ring: null, ticketKeys: null });
    return this.#context;
  }
}
