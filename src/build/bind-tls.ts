/**
 * The certificates of a `bind` line, any of which may be changed while connections come; those that are open keep what they began
 * with. It must not know where changes come from.
 */

import type { PemModel, TlsModel } from '../model/tls.ts';
import type { TlsChange } from '../model/tls-change.ts';
import type { TlsSettings } from '../platform/tls/context.ts';
import type { TlsContext } from '../platform/tls/contract.ts';
import type { TlsLibrary } from '../platform/tls/engine.ts';
import type { ForgedContext } from '../platform/tls/forged-context.ts';
import { TicketRing } from '../platform/tls/tickets.ts';
import type { ClientHello, HelloResultValue } from '../proto/tls-hello.ts';
import type { CertificateChoice } from '../transport/certificates.ts';
import type { Bundles } from './bundles.ts';
import { CertificateJudge } from './certificate-judge.ts';
import { arrangeCertificates, countDefaults } from './certificates.ts';
import { forgedOf } from './forged.ts';
import { responseIn, type ServedCertificate, serve } from './line-certificates.ts';
import { exchange, freeOthers, type Held, type Prepared, withTrust } from './line-changes.ts';
import { LineSettings, sessionNameOf } from './line-settings.ts';
import type { ContextTuning } from './tls-tuning.ts';

/** What lines of a thread share. */
export interface TlsGround {
  readonly library: TlsLibrary;
  /** 80 random bytes that all threads share. */
  readonly ticketKeys: Uint8Array;
  /** Of the global section. */
  readonly tuning: ContextTuning;
  /** This thread reads every certificate at once, to tell what is wrong with it. */
  readonly judges: boolean;
  readonly bundles: Bundles;
  /** Of `tls-ticket-keys`, by file. */
  readonly rings: Map<string, TicketRing>;
}

interface Part {
  readonly settings: LineSettings;
  readonly certificate: PemModel;
  readonly served: ServedCertificate;
}

interface LineState {
  readonly tls: TlsModel;
  readonly shared: LineSettings;
  readonly parts: readonly Part[];
  /** `generate-certificates`. */
  readonly forged: ForgedContext | null;
}

export class BindTls implements CertificateChoice {
  needsHello = false;
  readonly #ground: TlsGround;
  readonly #http: boolean;
  readonly #judge: CertificateJudge;
  /** Lists that the line names, also if nothing is left of them. */
  readonly #lists: ReadonlySet<string>;
  #state: LineState;
  #choice!: CertificateChoice;

  /** @throws Error that says what is wrong with the line */
  constructor(ground: TlsGround, tls: TlsModel, http: boolean) {
    if (tls.certificates.length === 0 && !tls.strictSni) throw new Error("'ssl' needs a certificate: no 'crt' on the line");
    this.#ground = ground;
    this.#http = http;
    this.#judge = new CertificateJudge(ground.library, ground.bundles);
    this.#lists = new Set(tls.certificates.map(({ list }) => list?.path ?? ''));
    const shared = this.#settings(tls, ground.ticketKeys);
    const parts: Part[] = [];
    let forged: ForgedContext | null = null;
    try {
      for (const certificate of tls.certificates) parts.push(this.#part(tls, shared, certificate, parts.length === 0, ground.ticketKeys));
      forged = this.#forged(tls, shared, parts);
    } catch (error) {
      freeOthers(heldBy({ tls, shared, parts, forged: null }), []);
      throw error;
    } finally {
      this.#judge.free();
    }
    this.#state = { tls, shared, parts, forged };
    this.#arrange();
  }

  get asked(): string | null {
    return this.#choice.asked;
  }

  choose(bytes: Uint8Array, hello: ClientHello, result: HelloResultValue): TlsContext | null {
    return this.#choice.choose(bytes, hello, result);
  }

  /** null: the line has nothing to do with it. @throws Error that says why it can't be made */
  prepare(change: TlsChange): Prepared | null {
    switch (change.kind) {
      case 'certificate':
        return this.#prepareCertificate(change);
      case 'trust':
        return this.#prepareTrust(change);
      case 'listed':
        return this.#prepareListed(change.certificate);
      case 'unlisted':
        return this.#prepareParts(({ list }) => list?.path !== change.list || list.line !== change.line);
      case 'response':
        return { apply: () => this.#staple(change), drop: () => {} };
      case 'ticket-keys':
        return null;
    }
  }

  /** Frees all: for tests. */
  free(): void {
    freeOthers(heldBy(this.#state), []);
  }

  #settings(tls: TlsModel, ticketKeys: Uint8Array): LineSettings {
    const verify = tls.verify ?? 'none';
    const alpn = tls.alpn ?? (this.#http ? ['http/1.1'] : []);
    const sessionName = sessionNameOf(tls);
    const { tuning, bundles } = this.#ground;
    const { securityLevel } = bundles;
    return new LineSettings(tls, { ...tuning, securityLevel, ticketKeys, alpn, verify, ring: this.#ring(tls), sessionName });
  }

  #forged({ generates, signer, signerPassphrase }: TlsModel, shared: LineSettings, parts: readonly Part[]): ForgedContext | null {
    if (!generates) return null;
    if (signer === null) throw new Error("'generate-certificates' needs an authority: no 'ca-sign-file' on the line");
    const [first] = parts;
    if (first === undefined)
      throw new Error("'generate-certificates' needs a certificate, whose key those that are made have: no 'crt' on the line");
    return forgedOf(this.#ground, shared.tls, first.certificate, signer, signerPassphrase);
  }

  #ring({ ticketFile, ticketKeys }: TlsModel): TicketRing | null {
    if (ticketFile === null || ticketKeys === null) return null;
    const { rings } = this.#ground;
    const known = rings.get(ticketFile) ?? new TicketRing(ticketKeys);
    rings.set(ticketFile, known);
    return known;
  }

  /** The first of a line shows that its settings are good; the others are made into contexts when they are first asked for. */
  #part(tls: TlsModel, shared: LineSettings, certificate: PemModel, atOnce: boolean, ticketKeys: Uint8Array): Part {
    const { judges } = this.#ground;
    const own = certificate.settings !== null;
    const settings = own ? this.#settings({ ...tls, ...certificate.settings }, ticketKeys) : shared;
    try {
      if (!atOnce && !own && judges) this.#judge.judge(settings.tls, certificate);
      return { settings, certificate, served: this.#serve(settings.tls, certificate, atOnce || own) };
    } catch (error) {
      if (own) settings.free();
      throw error;
    }
  }

  #serve(settings: TlsSettings, certificate: PemModel, atOnce: boolean): ServedCertificate {
    const { library, bundles } = this.#ground;
    return serve(library, bundles, settings, certificate, atOnce);
  }

  #prepareCertificate({ material, ticketKeys }: Extract<TlsChange, { kind: 'certificate' }>): Prepared | null {
    return this.#remake(this.#state.tls, this.#state.shared, (part) => {
      if (part.certificate.path !== material.path) return part;
      const certificate = { ...part.certificate, ...material };
      return { settings: part.settings, certificate, served: this.#serve({ ...part.settings.tls, ticketKeys }, certificate, true) };
    });
  }

  #prepareTrust(change: Extract<TlsChange, { kind: 'trust' }>): Prepared | null {
    const { tls, shared } = this.#state;
    const { ticketKeys } = change;
    const changed = withTrust(tls, change);
    const isShared = changed !== tls;
    const settings = isShared ? this.#settings(changed, ticketKeys) : shared;
    let isFirst = true;
    return this.#remake(changed, settings, (part) => {
      const own = part.certificate.settings === null ? null : withTrust(part.certificate.settings, change);
      if (!isShared && own === part.certificate.settings) return part;
      const atOnce = isFirst;
      isFirst = false;
      return this.#part(changed, settings, { ...part.certificate, settings: own }, atOnce, ticketKeys);
    });
  }

  #prepareListed(certificate: PemModel): Prepared | null {
    const { tls, shared, parts } = this.#state;
    const list = certificate.list?.path ?? '';
    if (certificate.list === null || !this.#lists.has(list)) return null;
    const last = parts.findLastIndex((part) => part.certificate.list?.path === list);
    const made = this.#part(tls, shared, certificate, true, this.#ground.ticketKeys);
    return this.#become({ tls, shared, parts: parts.toSpliced(last < 0 ? parts.length : last + 1, 0, made) });
  }

  #prepareParts(keeps: (certificate: PemModel) => boolean): Prepared | null {
    const { tls, shared, parts } = this.#state;
    const kept = parts.filter(({ certificate }) => keeps(certificate));
    return kept.length === parts.length ? null : this.#become({ tls, shared, parts: kept });
  }

  /** The line with parts that `make` changes; null: it changes none. */
  #remake(tls: TlsModel, shared: LineSettings, make: (part: Part) => Part): Prepared | null {
    const before = this.#state;
    const parts: Part[] = [];
    try {
      for (const part of before.parts) parts.push(make(part));
    } catch (error) {
      freeOthers(heldBy({ tls, shared, parts, forged: null }), heldBy(before));
      throw error;
    } finally {
      this.#judge.free();
    }
    return parts.every((part, index) => part === before.parts[index]) ? null : this.#become({ tls, shared, parts });
  }

  #become({ tls, shared, parts }: Omit<LineState, 'forged'>): Prepared {
    const before = this.#state;
    // Its key is that of the first certificate, and its settings are the line's.
    const isSame = parts[0] === before.parts[0] && shared === before.shared;
    const after = { tls, shared, parts, forged: isSame ? before.forged : this.#forged(tls, shared, parts) };
    return exchange(heldBy(before), heldBy(after), () => {
      this.#state = after;
      this.#arrange();
    });
  }

  #staple({ files, response: bytes }: Extract<TlsChange, { kind: 'response' }>): void {
    const { parts } = this.#state;
    const response = responseIn(bytes);
    const stapled = parts.map((part) => {
      const { path, bytes: content } = part.certificate;
      if (!files.some((file) => file.path === path && Buffer.compare(file.bytes, content) === 0)) return part;
      part.served.context.staple(response);
      return { ...part, certificate: { ...part.certificate, ocsp: bytes } };
    });
    this.#state = { ...this.#state, parts: stapled };
  }

  #arrange(): void {
    const { tls, parts, forged } = this.#state;
    const defaults = countDefaults(
      tls.defaultCertificates,
      parts.map(({ certificate }) => certificate.path),
    );
    this.#choice = arrangeCertificates(
      parts.map(({ served }) => served),
      defaults,
      tls.strictSni,
      forged,
    );
    this.needsHello = this.#choice.needsHello;
  }
}

function heldBy({ shared, parts, forged }: LineState): Held[] {
  const made = forged === null ? [] : [forged];
  return [shared, ...made, ...parts.flatMap(({ settings, served }) => [settings, served.context])];
}
