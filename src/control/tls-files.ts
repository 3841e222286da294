/**
 * The files of certificates, authorities and revocations that a configuration names, each once, with who names them. It must not know
 * what they hold, nor who changes them.
 */
import type { ProxyModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { PemModel, TlsModel } from '../model/tls.ts';

/** A certificate file and who names it. */
export interface NamedFile {
  readonly file: PemModel;
  /** Lines of the configuration that name it themselves: it can't be deleted. */
  direct: number;
  /** Fetched responses are wanted, or not; null: as the global section says. */
  ocspUpdate: boolean | null;
}

/** By path, in the order of the configuration. */
export function certificatesIn(model: ConfigModel): Map<string, NamedFile> {
  const found = new Map<string, NamedFile>();
  for (const { tls } of tlsLines(model)) {
    for (const file of tls.certificates) {
      const known = found.get(file.path) ?? { file, direct: 0, ocspUpdate: null };
      found.set(file.path, known);
      if (file.list === null) known.direct++;
      known.ocspUpdate ??= file.ocspUpdate;
    }
  }
  return found;
}

/** Lines with TLS: those of `bind`, then those of servers. */
export function tlsLines({ proxies }: ConfigModel): { readonly tls: TlsModel; readonly isServer: boolean }[] {
  const used = proxies.filter(({ disabled }) => !disabled);
  const binds = used.flatMap((proxy) => proxy.binds.map(({ tls }) => ({ tls, isServer: false })));
  const servers = used.flatMap((proxy: ProxyModel) => proxy.servers.map(({ tls }) => ({ tls, isServer: true })));
  return [...binds, ...servers].filter(({ tls }) => tls.enabled);
}
