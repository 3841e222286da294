/** Pages that are sent instead of the built-in ones (HAProxy configuration manual, 4.2: errorfile, errorfiles, errorloc, http-error). */
import { PAGE_STATUSES } from '../../rules/answer/pages.ts';
import { type Directive, type DirectiveContext, defineDirective, type Word } from '../define.ts';

const CODE = { name: 'code', kind: 'integer', min: 100, max: 999 } as const;

function isKnown(status: number, context: DirectiveContext): boolean {
  if (PAGE_STATUSES.includes(status)) return true;
  const text = `'${context.keyword}' : status code '${status}' not handled.`;
  context.error({ text, allowed: PAGE_STATUSES.map(String) });
  return false;
}

export const errorfile = defineDirective({
  name: 'errorfile',
  sections: 'DFLB',
  args: [CODE, { name: 'file', kind: 'word' }],
  doc: 'The complete HTTP message of a file is sent instead of our own answer of that status.',
  examples: [
    { text: 'errorfile 503 /dev/null', gives: { errorPages: [{ kind: 'file', status: 503, file: { path: '/dev/null' } }] } },
    { text: 'errorfile 999 /dev/null', says: "status code '999' not handled" },
    { text: 'errorfile 503 /does/not/exist', says: "error opening file '/does/not/exist'" },
  ],
  apply(draft, [status, path], context) {
    const file = context.errorFile(status, path);
    if (file !== null) draft.errorPages.push({ kind: 'file', status, file, at: context.at });
  },
});

export const errorfiles = defineDirective({
  name: 'errorfiles',
  sections: 'DFLB',
  args: [
    { name: 'name', kind: 'text' },
    { name: 'codes', kind: 'rest' },
  ],
  doc: 'Takes the pages of an `http-errors` section, all or those of the statuses behind its name.',
  examples: [
    { text: 'errorfiles site', gives: { errorPages: [{ kind: 'section', name: 'site', statuses: null }] } },
    { text: 'errorfiles site 404 503', gives: { errorPages: [{ name: 'site', statuses: [404, 503] }] } },
    { text: 'errorfiles site 999', says: "status code '999' not handled" },
    { text: 'errorfiles', says: "'errorfiles' expects" },
  ],
  apply(draft, [name, codes], context) {
    const statuses = codes.map((word) => context.integer(word, 'code', 100, 999));
    for (const status of statuses) if (status === null || !isKnown(status, context)) return;
    draft.errorPages.push({ kind: 'section', name, statuses: codes.length === 0 ? null : (statuses as number[]), at: context.at });
  },
});

function defineErrorLocation(name: string, code: 302 | 303): Directive {
  return defineDirective({
    name,
    sections: 'DFLB',
    args: [CODE, { name: 'url', kind: 'word' }],
    doc: `Instead of our own answer of that status the client is sent to a URL, with status ${code}.`,
    examples: [
      { text: `${name} 503 /sorry`, gives: { errorPages: [{ kind: 'location', status: 503, code, url: '/sorry' }] } },
      { text: `${name} 999 /sorry`, says: "status code '999' not handled" },
      { text: `${name} 503`, says: `'${name}' expects` },
    ],
    apply(draft, [status, url], context) {
      if (!isKnown(status, context)) return;
      if (/[^\x21-\x7e]/.test(url.text)) context.error({ text: `'${name}' : '${url.text}' is not a URL`, word: url });
      else draft.errorPages.push({ kind: 'location', status, code, url: url.text, at: context.at });
    },
  });
}

export const errorloc = defineErrorLocation('errorloc', 302);
export const errorloc302 = defineErrorLocation('errorloc302', 302);
export const errorloc303 = defineErrorLocation('errorloc303', 303);

export const httpError = defineDirective({
  name: 'http-error',
  sections: 'DFLB',
  args: [{ name: 'words', kind: 'rest' }],
  doc: 'Describes the answer of a status as `http-request return` does: content type, payload, header fields.',
  examples: [
    {
      text: 'http-error status 503 content-type text/plain string "back soon"',
      gives: { errorPages: [{ kind: 'words', words: ['status', '503', 'content-type', 'text/plain', 'string', 'back soon'] }] },
    },
    { text: 'http-error', says: 'expects at least a status' },
  ],
  apply(draft, [words], context) {
    if (words.length === 0) context.error({ text: "'http-error' expects at least a status" });
    else draft.errorPages.push({ kind: 'words', words: words.map(textOf), at: context.at });
  },
});

function textOf(word: Word): string {
  return word.text;
}
