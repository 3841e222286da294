/**
 * The parsed files that tidy looks at, and how a finding is written down.
 *
 * Parsing is TypeScript's own, through the interface of the pinned version
 * (`typescript/unstable/*`); every other file here sees only nodes. It must not
 * know any rule.
 */
import { relative } from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

export interface Source {
  /** Path from the root of the tree, with `/`. */
  readonly path: string;
  readonly tree: SourceFile;
  readonly lines: readonly string[];
  readonly isTest: boolean;
}

export interface Finding {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** Parses every file of the project at `configPath`; paths are relative to `root`. */
export function readSources(root: string, configPath: string): Source[] {
  const api = new API({ cwd: root });
  try {
    const project = api.updateSnapshot({ openProjects: [configPath] }).getProjects()[0];
    if (project === undefined) throw new Error(`${configPath}: not a TypeScript project`);
    const sources: Source[] = [];
    for (const file of project.rootFiles) {
      const tree = project.program.getSourceFile(file);
      if (tree !== undefined) sources.push(toSource(relative(root, file), tree));
    }
    return sources;
  } finally {
    api.close();
  }
}

function toSource(path: string, tree: SourceFile): Source {
  return { path, tree, lines: tree.text.split('\n'), isTest: path.endsWith('.test.ts') || !path.startsWith('src/') };
}

/** The line of a node's first token, counted from 0. */
export function lineOf(source: Source, node: Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line;
}

export function finding(source: Source, node: Node | undefined, text: string): Finding {
  return { path: source.path, line: node === undefined ? 1 : lineOf(source, node) + 1, text };
}

const FUNCTIONS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
  SyntaxKind.Constructor,
]);

/** Is it code that runs when called? Signatures and overloads without a body are not. */
export function isFunction(node: Node): boolean {
  return FUNCTIONS.has(node.kind) && 'body' in node && node.body !== undefined;
}

/** The name of a function, or of the variable or property it is the value of; empty if it has none. */
export function nameOf(node: Node): string {
  const own = identifierText(node);
  if (own !== '' || node.parent === undefined) return own;
  const named = node.parent.kind === SyntaxKind.VariableDeclaration || node.parent.kind === SyntaxKind.PropertyAssignment;
  return named ? identifierText(node.parent) : '';
}

function identifierText(node: Node): string {
  const name = 'name' in node ? (node.name as Node | undefined) : undefined;
  return name !== undefined && 'text' in name ? String(name.text) : '';
}

/** The line (counted from 0) with the comment lines directly above it, as one text. */
export function commentsAt(source: Source, line: number): string {
  let first = line;
  while (first > 0 && /^\s*(\/\/|\/?\*)/.test(source.lines[first - 1] as string)) first--;
  return source.lines.slice(first, line + 1).join('\n');
}

/** The doc comment that opens a file; empty if there is none. */
export function openingComment(source: Source): string {
  return /^(#!.*\n)?\/\*\*[\s\S]*?\*\//.exec(source.tree.text)?.[0] ?? '';
}
