/** How long files and functions may be, and what every file must begin with. */
import type { Node } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import type { Finding, Source } from './source.ts';
import { finding, isFunction, lineOf, openingComment } from './source.ts';

export const FILE_LINES = 600;
export const GOOD_FILE_LINES = 450;
export const FUNCTION_LINES = 70;
/** Share of the files that may be longer than GOOD_FILE_LINES. */
const LONG_FILES_SHARE = 0.05;
const FEW_FILES = 20;
/** A table is exempt from the length of files if its opening comment says why. */
const TABLE_MARK = /size-ok: \S/;

export interface Sizes {
  readonly findings: Finding[];
  /** Lines of every function that is not in a test. */
  readonly functions: number[];
  /** Files above GOOD_FILE_LINES, with their lines. */
  readonly longFiles: { readonly path: string; readonly lines: number }[];
}

/** Lengths of all files and their functions. */
export function checkSizes(sources: readonly Source[]): Sizes {
  const sizes: Sizes = { findings: [], functions: [], longFiles: [] };
  for (const source of sources) {
    checkFile(source, sizes);
    visitFunctions(source, sizes);
  }
  const most = sources.length * LONG_FILES_SHARE;
  if (sources.length >= FEW_FILES && sizes.longFiles.length > most) {
    const names = sizes.longFiles.map(({ path, lines }) => `${path} (${lines})`).join(', ');
    const text = `${sizes.longFiles.length} of ${sources.length} files are above ${GOOD_FILE_LINES} lines, at most 5 %: ${names}`;
    sizes.findings.push({ path: 'src', line: 1, text });
  }
  return sizes;
}

function checkFile(source: Source, sizes: Sizes): void {
  const count = source.lines.length - 1;
  const opening = openingComment(source);
  if (opening === '') sizes.findings.push(finding(source, undefined, 'must open with /** what it is and what it must not know */'));
  if (TABLE_MARK.test(opening)) return;
  if (count > GOOD_FILE_LINES) sizes.longFiles.push({ path: source.path, lines: count });
  if (count > FILE_LINES) sizes.findings.push(finding(source, undefined, `file is ${count} lines long, at most ${FILE_LINES}`));
}

function visitFunctions(source: Source, sizes: Sizes): void {
  const visit = (node: Node): void => {
    if (isFunction(node) && !isSuite(node)) {
      const length = source.tree.getLineAndCharacterOfPosition(node.end).line - lineOf(source, node) + 1;
      if (!source.isTest) sizes.functions.push(length);
      if (length > FUNCTION_LINES)
        sizes.findings.push(finding(source, node, `function is ${length} lines long, at most ${FUNCTION_LINES}`));
    }
    node.forEachChild(visit);
  };
  source.tree.forEachChild(visit);
}

/** The callback of `describe` or `suite` is a chapter, not a function. */
function isSuite(node: Node): boolean {
  if (node.parent.kind !== SyntaxKind.CallExpression) return false;
  const callee = (node.parent as unknown as { expression: Node }).expression;
  return 'text' in callee && (callee.text === 'describe' || callee.text === 'suite');
}
