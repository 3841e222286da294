/**
 * What is known of TLS files while the proxy runs: certificates, authorities, revocations, lists, and who uses them. The control thread's
 * own picture of what data threads hold. It must not know commands, nor what files contain.
 */
import type { ConfigModel } from '../model/configuration.ts';
import type { Position } from '../model/position.ts';
import type { StoredCertificateModel } from '../model/sections.ts';
import type { PemModel, TlsModel } from '../model/tls.ts';
import type { CertificateMaterial, TlsChange, TrustRole } from '../model/tls-change.ts';

/** Tells all data threads; resolves when all follow: null, or with the reason why nothing has changed. */
export type Publish = (change: TlsChange) => Promise<string | null>;

export interface StoredCertificate {
  readonly path: string;
  /** null: it is empty yet. */
  material: CertificateMaterial | null;
  /** Fetched responses are wanted, or not; null: as the global section says. */
  ocspUpdate: boolean | null;
  /** Lines of the configuration that name it themselves. */
  direct: number;
}

export interface StoredTrust {
  readonly path: string;
  /** null: it is empty yet. */
  bytes: Uint8Array | null;
  /** Lines of the configuration that name it; those of lists are counted in lists. */
  direct: number;
}

export interface ListEntry {
  readonly path: string;
  readonly line: number;
  /** What stands in brackets. */
  readonly options: readonly string[];
  readonly names: readonly string[] | null;
  readonly settings: PemModel['settings'];
}

export interface StoredList {
  readonly path: string;
  readonly isDirectory: boolean;
  entries: ListEntry[];
}

/** The certificate that clients get who ask for nothing known. */
interface Fallback {
  readonly list: string;
  readonly line: number;
  readonly at: Position;
}

export interface TicketFile {
  readonly file: string;
  keys: readonly Uint8Array[];
}

export class TlsStore {
  /** All by path, in the order of the configuration. */
  readonly certificates = new Map<string, StoredCertificate>();
  readonly trust: Readonly<Record<TrustRole, Map<string, StoredTrust>>> = { authorities: new Map(), revocations: new Map() };
  readonly lists = new Map<string, StoredList>();
  /** A key's number is its place. */
  readonly ticketFiles: TicketFile[] = [];
  readonly #fallbacks: Fallback[] = [];
  /** A change is on its way to the threads: another would not see what it does. */
  isLocked = false;

  /** @param isDirectory of the path of a list */
  constructor({ proxies, certificateStores }: ConfigModel, isDirectory: (path: string) => boolean) {
    for (const { binds, servers } of proxies.filter(({ disabled }) => !disabled)) {
      for (const { tls, at } of binds) if (tls.enabled) this.#addBind(tls, at, isDirectory);
      // Checks may speak TLS where the traffic does not.
      for (const { tls } of servers) this.#addLine(tls, isDirectory);
    }
    for (const { certificates } of certificateStores) for (const each of certificates) if (each.jwt) this.#addForTokens(each);
  }

  /** Makes a change alone. null: another is being made. */
  async alone<T>(change: () => Promise<T>): Promise<T | null> {
    if (this.isLocked) return null;
    this.isLocked = true;
    try {
      return await change();
    } finally {
      this.isLocked = false;
    }
  }

  isCertificateUsed(path: string): boolean {
    return (this.certificates.get(path)?.direct ?? 0) > 0 || this.#entries().some((entry) => entry.path === path);
  }

  isTrustUsed(role: TrustRole, path: string): boolean {
    if ((this.trust[role].get(path)?.direct ?? 0) > 0) return true;
    return this.#entries().some(({ settings }) => settings !== null && trustIn(settings, role).some((file) => file.path === path));
  }

  /** Lines of `bind` whose default certificate the entry is: they can't do without it. */
  fallbacksOf(list: string, line: number): readonly Position[] {
    return this.#fallbacks.filter((each) => each.list === list && each.line === line).map(({ at }) => at);
  }

  #entries(): readonly ListEntry[] {
    return Array.from(this.lists.values()).flatMap(({ entries }) => entries);
  }

  #addBind(tls: TlsModel, at: Position, isDirectory: (path: string) => boolean): void {
    const fallbacks = tls.strictSni ? [] : tls.certificates.slice(0, Math.max(1, tls.defaultCertificates));
    for (const { list } of fallbacks) if (list !== null) this.#fallbacks.push({ list: list.path, line: list.line, at });
    const { ticketFile, ticketKeys } = tls;
    if (ticketFile !== null && ticketKeys !== null && this.ticketFiles.every(({ file }) => file !== ticketFile))
      this.ticketFiles.push({ file: ticketFile, keys: ticketKeys });
    this.#addLine(tls, isDirectory);
  }

  #addLine(tls: TlsModel, isDirectory: (path: string) => boolean): void {
    for (const file of tls.certificates) {
      this.#addCertificate(file);
      if (file.list !== null) this.#addEntry(file, file.list.path, isDirectory);
    }
    this.#addTrust(tls, true);
  }

  #addCertificate(file: PemModel): void {
    const { path, list, ocspUpdate } = file;
    const known = this.certificates.get(path) ?? { path, material: materialOf(file), ocspUpdate: null, direct: 0 };
    if (list === null) known.direct++;
    known.ocspUpdate ??= ocspUpdate;
    this.certificates.set(path, known);
  }

  /** `jwt on`: rules may use it, so it stays. */
  #addForTokens(stored: StoredCertificateModel): void {
    const { name, bytes, key, ocsp, issuer, sctl, dh } = stored;
    const material = { path: name, bytes, key, ocsp, issuer, sctl, dh };
    const known = this.certificates.get(name) ?? { path: name, material, ocspUpdate: stored.ocspUpdate, direct: 0 };
    known.direct++;
    this.certificates.set(name, known);
  }

  /** A list that several lines name is read for each. */
  #addEntry({ path, list, names, settings }: PemModel, of: string, isDirectory: (path: string) => boolean): void {
    const known = this.lists.get(of) ?? { path: of, isDirectory: isDirectory(of), entries: [] };
    this.lists.set(of, known);
    const { line, options } = list ?? { line: 0, options: [] };
    if (known.entries.some((entry) => entry.line === line && entry.path === path)) return;
    known.entries.push({ path, line, options, names, settings });
    if (settings !== null) this.#addTrust(settings, false);
  }

  #addTrust(settings: Partial<TlsModel>, isDirect: boolean): void {
    for (const role of ['authorities', 'revocations'] as const) {
      for (const { path, bytes } of trustIn(settings, role)) {
        const known = this.trust[role].get(path) ?? { path, bytes, direct: 0 };
        if (isDirect) known.direct++;
        this.trust[role].set(path, known);
      }
    }
  }
}

function materialOf({ path, bytes, key, ocsp, issuer, sctl, dh }: PemModel): CertificateMaterial {
  return { path, bytes, key, ocsp, issuer, sctl, dh };
}

function trustIn({ authorities, quietAuthorities, revocations }: Partial<TlsModel>, role: TrustRole): readonly PemModel[] {
  const files = role === 'authorities' ? [authorities, quietAuthorities] : [revocations];
  return files.filter((file) => typeof file === 'object' && file !== null);
}
