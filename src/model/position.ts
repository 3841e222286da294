/** Where a word of the configuration stands. Every value of the model knows its position. */
export interface Position {
  /** Path as given on the command line. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in characters; 0: the whole line. */
  readonly column: number;
}
