/** `http-errors`: groups of error answers that proxies take by name with `errorfiles` (HAProxy configuration manual, 12.4). */
import type { HttpErrorsModel } from '../../model/sections.ts';
import { defineSection, defineSectionKeyword } from '../define.ts';

export const httpErrors = defineSection({
  name: 'http-errors',
  list: 'httpErrors',
  doc: 'A named group of error answers, each a complete HTTP message of a file, for `errorfiles NAME` in proxies.',
  examples: [
    { text: 'http-errors site\n  errorfile 503 /dev/null', gives: { name: 'site', errorFiles: [{ status: 503, path: '/dev/null' }] } },
    { text: 'http-errors', says: "'http-errors' expects <name> as arguments" },
    { text: 'http-errors site two', says: "'http-errors' cannot handle unexpected argument 'two'" },
  ],
  open: (name, at): HttpErrorsModel => ({ name, at, errorFiles: [] }),
});

export const httpErrorsFile = defineSectionKeyword(httpErrors, {
  name: 'errorfile',
  args: [
    { name: 'code', kind: 'integer', min: 100, max: 999 },
    { name: 'file', kind: 'word' },
  ],
  doc: 'The complete HTTP message of a file is what this group answers with that status.',
  examples: [
    { text: 'errorfile 404 /dev/null', gives: { errorFiles: [{ status: 404, path: '/dev/null' }] } },
    { text: 'errorfile 999 /dev/null', says: "status code '999' not handled" },
    { text: 'errorfile 503 /does/not/exist', says: "error opening file '/does/not/exist'" },
  ],
  apply(group, [status, path], context) {
    const file = context.errorFile(status, path);
    if (file === null) return;
    const known = group.errorFiles.findIndex((other) => other.status === status);
    if (known >= 0) group.errorFiles.splice(known, 1);
    group.errorFiles.push(file);
  },
});
