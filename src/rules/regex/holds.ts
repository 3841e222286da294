/** What assertions of regular expressions mean: `^`, `$`, `\\b` and their kin, between two bytes. */
import { OP } from './tree.ts';

// In this file, so that V8 sees constants (DESIGN 1).
const TEXT_START = OP.textStart;
const TEXT_END = OP.textEnd;
const ABSOLUTE_END = OP.absoluteEnd;
const WORD_EDGE = OP.wordEdge;
const NOT_WORD_EDGE = OP.notWordEdge;
const LINE_START = OP.lineStart;
const NEWLINE = 10;

/** Whether an assertion is true between the bytes before and at `at`. */
export function holds(op: number, bytes: Uint8Array, start: number, end: number, at: number): boolean {
  if (op === TEXT_START) return at === start;
  if (op === TEXT_END) return at === end || (at === end - 1 && bytes[at] === NEWLINE);
  if (op === ABSOLUTE_END) return at === end;
  if (op === LINE_START) return at === start || bytes[at - 1] === NEWLINE;
  if (op > NOT_WORD_EDGE) return at === end || bytes[at] === NEWLINE;
  const before = at > start && isWord(bytes[at - 1] as number);
  const after = at < end && isWord(bytes[at] as number);
  return (before !== after) === (op === WORD_EDGE);
}

function isWord(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || byte === 95 || (byte >= 97 && byte <= 122);
}
