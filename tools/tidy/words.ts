/** Single constructs that no file may contain: default exports, barrels, `any`. */
import type { Node } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import type { Finding, Source } from './source.ts';
import { finding } from './source.ts';

/** The findings in one file. */
export function checkWords(source: Source): Finding[] {
  const findings: Finding[] = [];
  const visit = (node: Node): void => {
    if (node.kind === SyntaxKind.ExportAssignment || node.kind === SyntaxKind.DefaultKeyword) {
      if (node.parent.kind !== SyntaxKind.DefaultClause) findings.push(finding(source, node, 'default export: name it'));
    }
    if (node.kind === SyntaxKind.AnyKeyword) findings.push(finding(source, node, 'any: say what it is, or unknown'));
    node.forEachChild(visit);
  };
  source.tree.forEachChild(visit);
  if (isBarrel(source)) findings.push(finding(source, undefined, 'a barrel: import from where it is written'));
  return findings;
}

function isBarrel(source: Source): boolean {
  const { statements } = source.tree;
  return statements.length > 0 && statements.every((node) => node.kind === SyntaxKind.ExportDeclaration);
}
