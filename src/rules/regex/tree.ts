/**
 * What a regular expression is made of: the tree that the parser builds, the instructions that it becomes, and what can be said of
 * both before a text is there. It must not know how either is made.
 */

export const OP = {
  /** Reads the byte x. */
  byte: 0,
  /** Reads a byte of class x. */
  set: 1,
  match: 2,
  /** Goes on at x. */
  jump: 3,
  /** Goes on at x, or else at y. */
  split: 4,
  /** Stores the position in slot x. */
  save: 5,
  textStart: 6,
  textEnd: 7,
  absoluteEnd: 8,
  wordEdge: 9,
  notWordEdge: 10,
  lineStart: 11,
  lineEnd: 12,
  // What follows is for regex-backtrack.ts alone.
  /** The text of group x again. */
  back: 13,
  /** The body, up to `done`, is matched by itself; x: bits of Look, and the width of what is looked at behind. Goes on at y. */
  look: 14,
  done: 15,
  /** Stores the position in slot x of the loops. */
  mark: 16,
  /** Goes on at y if nothing was read since the mark x. */
  progress: 17,
} as const;

/** Bits of `look`. Above them is the width, for `behind`. */
export const Look = { negative: 1, behind: 2, atomic: 4, shift: 3 } as const;

export interface Program {
  /** op, x, y per instruction. */
  readonly code: Int32Array;
  /** Eight words of 32 bits per class. */
  readonly classes: Int32Array;
  readonly groups: number;
  /** It can match at the start of the text only. */
  readonly anchored: boolean;
  /** It has look-around, back-references or atomic groups: no automaton, but regex-backtrack.ts with a budget of steps. */
  readonly backtracks: boolean;
  /** Loops that may read nothing in a turn; only if it backtracks. */
  readonly loops: number;
}

export type Node =
  | { readonly kind: 'byte'; readonly byte: number }
  | { readonly kind: 'set'; readonly set: Int32Array }
  | { readonly kind: 'assert'; readonly op: number }
  | { readonly kind: 'group'; readonly index: number; readonly body: Node }
  | { readonly kind: 'look'; readonly body: Node; readonly bits: number }
  | { readonly kind: 'back'; readonly index: number; readonly fold: boolean }
  | { readonly kind: 'all'; readonly parts: readonly Node[] }
  | { readonly kind: 'any'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly body: Node; readonly min: number; readonly max: number; readonly lazy: boolean };

export function isAnchored(node: Node): boolean {
  if (node.kind === 'assert') return node.op === OP.textStart;
  if (node.kind === 'group') return isAnchored(node.body);
  if (node.kind === 'all') return node.parts.length > 0 && isAnchored(node.parts[0] as Node);
  return node.kind === 'any' && node.parts.every(isAnchored);
}

/** How many bytes a node reads; -1: not always as many. */
export function widthOf(node: Node): number {
  switch (node.kind) {
    case 'byte':
    case 'set':
      return 1;
    case 'assert':
    case 'look':
      return node.kind === 'look' && (node.bits & Look.atomic) !== 0 ? widthOf(node.body) : 0;
    case 'group':
      return widthOf(node.body);
    case 'repeat': {
      const width = widthOf(node.body);
      return node.min === node.max && width >= 0 ? width * node.min : -1;
    }
    case 'all':
      return node.parts.map(widthOf).reduce((sum, width) => (sum < 0 || width < 0 ? -1 : sum + width), 0);
    case 'any': {
      const widths = new Set(node.parts.map(widthOf));
      return widths.size === 1 ? (widths.values().next().value as number) : -1;
    }
    default:
      return -1;
  }
}

/** Whether a node can match without reading. */
export function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case 'byte':
    case 'set':
      return false;
    case 'group':
      return canBeEmpty(node.body);
    case 'look':
      return (node.bits & Look.atomic) === 0 || canBeEmpty(node.body);
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.body);
    case 'all':
      return node.parts.every(canBeEmpty);
    case 'any':
      return node.parts.some(canBeEmpty);
    default:
      return true;
  }
}
