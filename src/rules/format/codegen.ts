/**
 * Long formats as functions of their own: in a list that is walked every step is called from one place, where the engine can know
 * nothing of it; a generated function names each step once, so that the engine knows them all. It does what `#walk` in logformat.ts
 * does, which is the oracle of its test and serves short formats
 * (docs/decisions/2026-11-20-generated-log-formats.md). Rules gain nothing by it, so they are walked.
 *
 * The text that is compiled consists of this file's words and of numbers: nothing of a configuration ever stands in it.
 *
 * hot-ok: all of this runs at start
 */
import type { Stream } from '../../state/records.ts';
import type { AliasStep } from '../define.ts';
import type { Writer } from './writer.ts';

/** A format of so many pieces is worth a function; header values and replies mostly have fewer. */
const LEAST_PIECES = 6;
/** The engine does not optimize functions of any size. */
const MOST_PIECES = 100;

/** What a format writes: a text, between spaces or not, then a step. */
export interface FormatPiece {
  readonly spaceBefore: boolean;
  /** The text, as offsets into the memory; `byte` is its first one. */
  readonly start: number;
  readonly length: number;
  readonly byte: number;
  readonly spaceAfter: boolean;
  readonly step: AliasStep | null;
}

export type FormatFunction = (out: Writer, stream: Stream) => void;

/** The whole of a format as one function; null: it is too short or too long for that. */
export function fuseFormat(pieces: readonly FormatPiece[]): FormatFunction | null {
  if (pieces.length < LEAST_PIECES || pieces.length > MOST_PIECES) return null;
  const names = pieces.map((_, at) => `step${at}`);
  const body = pieces.map((piece, at) => statementsOf(piece, names[at] as string)).join('');
  const make = new Function(...names, `'use strict'; return (out, stream) => { ${body} };`);
  return make(...pieces.map((piece) => piece.step)) as FormatFunction;
}

function statementsOf({ spaceBefore, start, length, byte, spaceAfter, step }: FormatPiece, name: string): string {
  const text = length === 1 ? `out.byte(${byte});` : length > 1 ? `out.copy(${start}, ${start + length});` : '';
  const space = 'out.separator();';
  return `${spaceBefore ? space : ''}${text}${spaceAfter ? space : ''}${step === null ? '' : `${name}(out, stream);`}`;
}
