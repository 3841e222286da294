/**
 * What the global section says about the files of certificates, and the certificates that a frontend names for all its `bind` lines
 * (HAProxy configuration manual, 3.1 and 4.2).
 */
import { readParts } from '../certificate-parts.ts';
import { defineDirective, defineGlobal } from '../define.ts';

const EXTRAS = ['none', 'all', 'bundle', 'sctl', 'ocsp', 'issuer', 'key'];

export const sslLoadExtraFiles = defineGlobal({
  name: 'ssl-load-extra-files',
  args: [{ name: 'kinds', kind: 'rest' }],
  doc: 'What is looked for beside certificate files of lines below: `key`, `ocsp`, `issuer`, `sctl` in files of those endings, `bundle` for `FILE.rsa`, `FILE.ecdsa` and `FILE.dsa` where there is no FILE, `all` (the default) or `none`.',
  examples: [
    { text: 'ssl-load-extra-files key ocsp', gives: {} },
    { text: 'ssl-load-extra-files none', gives: {} },
    { text: 'ssl-load-extra-files', says: "'ssl-load-extra-files' expects" },
    { text: 'ssl-load-extra-files key crl', says: "'ssl-load-extra-files' : unknown kind 'crl'" },
    { text: 'ssl-load-extra-files none key', says: "'none' and 'all' stand alone" },
  ],
  apply(_global, [words], context) {
    const names = words.map(({ text }) => text);
    const wrong = words.find(({ text }) => !EXTRAS.includes(text));
    if (words.length === 0) context.error({ text: "'ssl-load-extra-files' expects at least one kind of files", allowed: EXTRAS });
    else if (wrong !== undefined)
      context.error({ text: `'ssl-load-extra-files' : unknown kind '${wrong.text}'`, word: wrong, near: EXTRAS });
    else if (words.length > 1 && (names.includes('none') || names.includes('all')))
      context.error({ text: "'ssl-load-extra-files' : 'none' and 'all' stand alone" });
    else context.certificateSettings.setExtras(names);
  },
});

export const sslLoadExtraDelExt = defineGlobal({
  name: 'ssl-load-extra-del-ext',
  args: [],
  doc: 'What belongs to `x.crt` is looked for as `x.key`, `x.ocsp` …, not as `x.crt.key`. Names with other endings stay whole.',
  examples: [
    { text: 'ssl-load-extra-del-ext', gives: {} },
    { text: 'ssl-load-extra-del-ext on', says: "unexpected argument 'on'" },
  ],
  apply(_global, _, context) {
    context.certificateSettings.replacesEnding = true;
  },
});

export const sslPassphraseCmd = defineGlobal({
  name: 'ssl-passphrase-cmd',
  args: [{ name: 'command', kind: 'rest' }],
  doc: 'The program, with its arguments, that prints the passphrase of an encrypted private key. The path of the file is its last argument. It runs while the configuration is read, for lines below; answers it has given before are tried first.',
  examples: [
    { text: 'ssl-passphrase-cmd /usr/local/bin/passphrase --quiet', gives: {} },
    { text: 'ssl-passphrase-cmd', says: "'ssl-passphrase-cmd' expects a program" },
  ],
  apply(_global, [words], context) {
    if (words.length === 0) context.error({ text: "'ssl-passphrase-cmd' expects a program, and its arguments" });
    else context.certificateSettings.setPassphraseCommand(words.map(({ text }) => text));
  },
});

export const sslFUse = defineDirective({
  name: 'ssl-f-use',
  sections: 'FL',
  args: [{ name: 'words', kind: 'rest' }],
  doc: 'A certificate for all `bind … ssl` lines of the frontend, behind their own: `crt FILE` or `crt @STORE/NAME`, with `key FILE`, `ocsp FILE`, `issuer FILE`, `sctl FILE`, `ocsp-update on|off` as in `load` lines of a `crt-store`, and options that brackets of a `crt-list` may hold.',
  examples: [
    { text: 'ssl-f-use crt /none.pem ssl-min-ver TLSv1.3', says: "unable to load '/none.pem'" },
    { text: 'ssl-f-use crt @store/none', says: "'@store/none'" },
    { text: 'ssl-f-use ssl-min-ver TLSv1.3', says: "no 'crt'" },
    { text: 'ssl-f-use crt x alias y', says: "'alias' is for 'load' lines" },
  ],
  apply(draft, [words], context) {
    const read = readParts(words, true, context);
    if (read === null) return;
    if (read.parts.alias !== undefined) context.error({ text: "'ssl-f-use' : 'alias' is for 'load' lines of a 'crt-store'" });
    else draft.certificates.push(...context.certificateSettings.withParts(read.file, read.parts, read.others, context));
  },
});
