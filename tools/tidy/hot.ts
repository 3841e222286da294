/**
 * The bans of the data path: what costs an allocation, a promise or an
 * exception per request.
 *
 * Module level and constructors run at start and are free. A line, a function or
 * a whole file is excepted by a comment `hot-ok: REASON` on it, above it, or in
 * the file's opening comment.
 */
import type { Node } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import type { Finding, Source } from './source.ts';
import { commentsAt, finding, isFunction, lineOf, nameOf, openingComment } from './source.ts';

/** Every function here runs per request unless it says otherwise. */
const HOT_FOLDERS = new Set('base http proto state stick balance transport mux stream filter'.split(' '));
/** Here only what a `compile…` function returns runs per request. */
const COMPILING_FOLDERS = new Set(['rules', 'keywords']);

/** What the data path may not contain, each with what to do instead. */
const BANNED: ReadonlyMap<SyntaxKind, string> = new Map([
  [SyntaxKind.AwaitExpression, 'await: the data path is events and state, not promises'],
  [SyntaxKind.YieldExpression, 'yield: a generator allocates; use an index'],
  [SyntaxKind.ThrowStatement, 'throw: return a code, the caller decides'],
  [SyntaxKind.SpreadElement, 'spread: it allocates'],
  [SyntaxKind.SpreadAssignment, 'spread: it allocates'],
  [SyntaxKind.ForOfStatement, 'for-of: use an index'],
  [SyntaxKind.ForInStatement, 'for-in: use an index'],
  [SyntaxKind.NewExpression, 'new: take it from a pool or make it at start'],
  [SyntaxKind.TemplateExpression, 'template: no string per request; write bytes'],
  [SyntaxKind.ObjectLiteralExpression, 'object literal: take a record from a pool'],
  [SyntaxKind.ArrayLiteralExpression, 'array literal: make it at start'],
]);
const CLOSURE = 'closure: it is made anew on every call; use a method or a function of the module';
const MARK = /hot-ok: \S/;

export interface HotResult {
  readonly findings: readonly Finding[];
  /** How many `hot-ok:` marks were needed. */
  readonly exceptions: number;
}

/** The breaches in one file. */
export function checkHot(source: Source): HotResult {
  const folder = source.path.split('/')[1] as string;
  const findings: Finding[] = [];
  const marks = new Set<number>();
  if (source.isTest || !(HOT_FOLDERS.has(folder) || COMPILING_FOLDERS.has(folder))) return { findings, exceptions: 0 };
  if (MARK.test(openingComment(source))) return { findings, exceptions: 1 };

  const visit = (node: Node, isHot: boolean): void => {
    const text = isHot ? (isFunction(node) ? CLOSURE : BANNED.get(node.kind)) : undefined;
    const line = lineOf(source, node);
    const isMarked = (text !== undefined || isFunction(node)) && MARK.test(commentsAt(source, line));
    if (isMarked) marks.add(line);
    else if (text !== undefined) findings.push(finding(source, node, text));
    if (isMarked && isFunction(node)) return;
    const inside = hotInside(node, isHot, COMPILING_FOLDERS.has(folder));
    node.forEachChild((child) => visit(child, inside));
  };
  visit(source.tree, false);
  return { findings, exceptions: marks.size };
}

/** Does what lies inside `node` run per request? */
function hotInside(node: Node, isHot: boolean, isCompiling: boolean): boolean {
  if (node.kind === SyntaxKind.Constructor || node.kind === SyntaxKind.PropertyDeclaration) return false;
  if (!isFunction(node)) return isHot;
  return isHot || !isCompiling || isCompiled(node);
}

/** Is the function what a `compile…` function returns? */
function isCompiled(node: Node): boolean {
  const returned = node.parent.kind === SyntaxKind.ReturnStatement || node.parent.kind === SyntaxKind.ArrowFunction;
  if (!returned) return false;
  let outer: Node | undefined = node.parent;
  while (outer !== undefined && !isFunction(outer)) outer = outer.parent;
  return outer !== undefined && nameOf(outer).startsWith('compile');
}
