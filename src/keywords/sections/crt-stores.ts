/** `crt-store`: certificates by name, each with the files that belong to it (HAProxy 3.x configuration 12.7). */
import type { CertificateStoreModel } from '../../model/sections.ts';
import { readParts } from '../certificate-parts.ts';
import { type Directive, defineSection, defineSectionKeyword } from '../define.ts';

export const crtStore = defineSection({
  name: 'crt-store',
  list: 'certificateStores',
  named: 'optional',
  duplicates: 'continued',
  doc: 'Certificates that `crt` of `bind` and `server` lines, `crt-list` files and `ssl-f-use` lines below name by `@STORE/NAME`. Those of a store without name are taken wherever a line names their path. More lines for a store may stand in a further section of its name.',
  examples: [
    { text: 'crt-store web\n  crt-base /etc/ssl\n  key-base /etc/keys', gives: { name: 'web', crtBase: '/etc/ssl', keyBase: '/etc/keys' } },
    { text: 'crt-store', gives: { name: '', certificates: [] } },
    { text: 'crt-store web more', says: "'crt-store' cannot handle unexpected argument 'more'" },
    { text: 'crt-store web\n  load crt /none.crt alias x', says: "unable to load '/none.crt'" },
  ],
  open: (name, at): CertificateStoreModel => ({ name, at, crtBase: null, keyBase: null, certificates: [] }),
});

export const crtStoreCrtBase = defineBase('crt-base', 'crtBase', 'relative names of certificates, responses, issuers and timestamps');
export const crtStoreKeyBase = defineBase('key-base', 'keyBase', 'relative names of keys');

function defineBase(name: string, field: 'crtBase' | 'keyBase', of: string): Directive {
  return defineSectionKeyword(crtStore, {
    name,
    args: [{ name: 'dir', kind: 'text' }],
    doc: `Where ${of} in \`load\` lines below start; else as the global section says.`,
    examples: [
      { text: `${name} /etc/ssl`, gives: { [field]: '/etc/ssl' } },
      { text: name, says: `'${name}' expects` },
    ],
    apply(store, [folder], context) {
      if (store.certificates.length > 0) context.error({ text: `'${name}' must stand before the 'load' lines of its section.` });
      else store[field] = folder;
    },
  });
}

export const crtStoreLoad = defineSectionKeyword(crtStore, {
  name: 'load',
  args: [{ name: 'parts', kind: 'rest' }],
  doc: 'A certificate: `crt FILE` with its chain and, unless `key FILE` is said, its private key; `ocsp FILE`, `issuer FILE` and `sctl FILE`, else what is looked for beside it (`ssl-load-extra-files`). It is called `@STORE/ALIAS` with `alias ALIAS`, else `@STORE/FILE` as written. `ocsp-update on|off`: whether responses are fetched; `jwt on`: whether signatures of tokens may be judged with it.',
  examples: [
    { text: 'load crt /none.crt key /none.key alias site', says: "unable to load '/none.crt'" },
    { text: 'load key x.key', says: "no 'crt'" },
    { text: 'load crt', says: "'crt' expects a value" },
    { text: 'load crt x color red', says: "'color' is no part of a certificate" },
    { text: 'load crt x ocsp-update maybe', says: "expects 'on' or 'off'" },
    { text: 'load crt x acme le domains a.test', says: "'acme' is not supported by this version" },
  ],
  apply(store, [words], context) {
    const read = readParts(words, false, context);
    if (read === null) return;
    const made = context.certificateSettings.load(store, read.parts, read.file, context);
    if (made !== null) store.certificates.push(made);
  },
});
