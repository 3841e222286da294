/**
 * The folder rule: the order of the layers, who may reach the host, no cycles,
 * two levels of folders at most.
 */
import { dirname, join } from 'node:path';
import type { Node } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import type { Finding, Source } from './source.ts';
import { finding } from './source.ts';

/** A file imports from its own folder and from folders earlier in this list. */
export const LAYERS: readonly string[] = [
  'base',
  'platform',
  'http',
  'proto',
  'model',
  'state',
  'rules',
  'stick',
  'balance',
  'transport',
  'mux',
  'control',
  'stream',
  'filter',
  'check',
  'log',
  'stats',
  'resolve',
  'peers',
  'discovery',
  'keywords',
  'config',
  'build',
  'cli',
  'worker',
  'ext',
  'master',
  'main.ts',
];

/** The folders that run on Node and may import from it. The data path is host-free. */
const NODE_FOLDERS = new Set('platform control check log resolve discovery config build cli worker master main.ts'.split(' '));
/** Who may name a concrete host (`platform/uring/`, `platform/sim/` …); the others see the contracts of platform/. */
const HOST_FOLDERS = new Set(['platform', 'worker', 'main.ts']);
/** Rooms of platform/ that hold no host: itself, and OpenSSL. */
const HOSTLESS = new Set(['', 'tls', 'crypto']);
/** The world that examples run in, with real ciphers. */
const EXAMPLES = 'src/keywords/examples.ts';
const VAGUE_NAME = /^(utils?|common|helpers?|misc)(\.ts)?$/;
const MOST_LEVELS = 2;

interface Import {
  readonly node: Node;
  readonly name: string;
}

/** Every finding about where a file lies and what it imports. */
export function checkLayers(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  const graph = new Map<string, string[]>();
  for (const source of sources) {
    const imports = importsOf(source);
    graph.set(
      source.path,
      imports.filter(({ name }) => name.startsWith('.')).map(({ name }) => join(dirname(source.path), name)),
    );
    checkPlace(source, findings);
    if (source.path.startsWith('src/') && !source.isTest) for (const entry of imports) checkImport(source, entry, findings);
  }
  checkCycles(graph, findings);
  return findings;
}

function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  const visit = (node: Node): void => {
    const name = importedName(node);
    if (name !== undefined) imports.push({ node, name });
    node.forEachChild(visit);
  };
  source.tree.forEachChild(visit);
  return imports;
}

function importedName(node: Node): string | undefined {
  if (node.kind === SyntaxKind.ImportDeclaration || node.kind === SyntaxKind.ExportDeclaration) {
    return literalText('moduleSpecifier' in node ? (node.moduleSpecifier as Node | undefined) : undefined);
  }
  if (node.kind === SyntaxKind.ImportType) return literalText((node as unknown as { argument: { literal?: Node } }).argument.literal);
  if (node.kind !== SyntaxKind.CallExpression) return undefined;
  const call = node as unknown as { expression: Node; arguments: readonly Node[] };
  return call.expression.kind === SyntaxKind.ImportKeyword ? literalText(call.arguments[0]) : undefined;
}

function literalText(node: Node | undefined): string | undefined {
  return node?.kind === SyntaxKind.StringLiteral ? (node as unknown as { text: string }).text : undefined;
}

function checkPlace(source: Source, findings: Finding[]): void {
  const parts = source.path.split('/');
  const vague = parts.find((part) => VAGUE_NAME.test(part));
  if (vague !== undefined) findings.push(finding(source, undefined, `"${vague}" says nothing: name the subject`));
  if (parts[0] !== 'src') return;
  if (parts.length - 2 > MOST_LEVELS) findings.push(finding(source, undefined, `${parts.length - 2} folders deep, at most ${MOST_LEVELS}`));
  if (!LAYERS.includes(parts[1] as string))
    findings.push(finding(source, undefined, `src/${parts[1]} is not in LAYERS of tools/tidy/layers.ts`));
}

function checkImport(source: Source, { node, name }: Import, findings: Finding[]): void {
  const folder = source.path.split('/')[1] as string;
  if (!name.startsWith('.')) {
    if (name.startsWith('node:') && NODE_FOLDERS.has(folder)) return;
    findings.push(finding(source, node, `imports '${name}': src/${folder} may not leave the tree`));
    return;
  }
  const target = join(dirname(source.path), name).split('/');
  const owner = target[1] as string;
  if (target[0] !== 'src') findings.push(finding(source, node, `imports '${name}', which is not part of the program`));
  else if (owner !== folder && LAYERS.indexOf(owner) > LAYERS.indexOf(folder)) {
    findings.push(finding(source, node, `imports '${name}': ${owner} comes after ${folder} in the order of the layers`));
  } else if (owner === 'platform' && !mayImportHost(source.path, folder, target)) {
    findings.push(finding(source, node, `imports '${name}': only main.ts and worker/ choose a host, others use platform/contract.ts`));
  }
}

function mayImportHost(path: string, folder: string, target: readonly string[]): boolean {
  if (HOST_FOLDERS.has(folder) || target.at(-1) === 'contract.ts') return true;
  const room = target.length === 3 ? '' : (target[2] as string);
  return (NODE_FOLDERS.has(folder) || path === EXAMPLES) && HOSTLESS.has(room);
}

function checkCycles(graph: ReadonlyMap<string, readonly string[]>, findings: Finding[]): void {
  const done = new Set<string>();
  const trail: string[] = [];
  const walk = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) findings.push({ path, line: 1, text: `import cycle: ${[...trail.slice(at), path].join(' -> ')}` });
    if (at >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of graph.get(path) ?? []) walk(next);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) walk(path);
}
