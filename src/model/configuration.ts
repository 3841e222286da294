/** A whole configuration: the global section, the proxies, and the lists of all other sections. */
import type { GlobalModel, ProxyModel } from './config.ts';
import type { SectionLists } from './sections.ts';

export interface ConfigModel extends SectionLists {
  readonly files: readonly string[];
  readonly global: GlobalModel;
  /** Frontends, backends and listens in the order of the file. `defaults` are resolved into them. */
  readonly proxies: readonly ProxyModel[];
}
