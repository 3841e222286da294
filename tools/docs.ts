/**
 * Writes every generated page of `docs/` from the registered objects: `npm run docs`. With `--check` nothing is
 * written, and a stale page is an error. The same tree gives the same bytes: no dates, no machine.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTable } from './compat/table.ts';
import { compareKeywords } from './compat.ts';
import { errorsPage } from './docs/errors.ts';
import { type Page, referencePages } from './docs/reference.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Folders in which every file is generated: one that is made no more is removed. */
const OWN_FOLDERS = ['docs/reference'];

/** All pages, and what is wrong with what they are made from. */
export function makePages(): { readonly pages: readonly Page[]; readonly problems: readonly string[] } {
  const { page, problems } = compareKeywords();
  return { pages: [{ path: 'docs/compatibility.md', text: page }, ...referencePages(readTable()), errorsPage()], problems };
}

function strays(pages: readonly Page[]): string[] {
  const made = new Set(pages.map(({ path }) => path));
  return OWN_FOLDERS.flatMap((folder) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : [],
  ).filter((path) => !made.has(path));
}

function main(): void {
  const checkOnly = process.argv.includes('--check');
  const { pages, problems } = makePages();
  const stale = pages.filter(({ path, text }) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text);
  const extra = strays(pages);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  for (const path of [...stale.map((page) => page.path), ...extra]) {
    if (checkOnly) process.stderr.write(`${path}: stale; run \`npm run docs\`\n`);
    else process.stdout.write(`${path}: ${extra.includes(path) ? 'removed' : 'written'}\n`);
  }
  if (!checkOnly) {
    for (const path of extra) rmSync(join(root, path));
    for (const { path, text } of stale) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  }
  if (problems.length > 0 || (checkOnly && stale.length + extra.length > 0)) process.exitCode = 1;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main();
