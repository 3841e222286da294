/** `.if … .elif … .else … .endif` and the messages of a configuration (HAProxy configuration manual, 2.4). */
import type { Word } from '../keywords/define.ts';
import { evaluateCondition } from './conditions.ts';
import { complain, diagnose, type ParserState, warn } from './context.ts';

const MESSAGES = ['.alert', '.warning', '.notice', '.diag'];

/** taking: lines count. waiting: a later branch may. done: a branch was taken, or the block lies in a skipped one. */
type BlockState = 'taking' | 'waiting' | 'done';

interface Block {
  state: BlockState;
  readonly line: number;
  hasElse: boolean;
}

export class ConditionalBlocks {
  /** A condition that cannot be read leaves nothing to go on with. */
  isFatal = false;
  readonly #state: ParserState;
  readonly #blocks: Block[] = [];

  constructor(state: ParserState) {
    this.#state = state;
  }

  get isSkipping(): boolean {
    const block = this.#blocks.at(-1);
    return block !== undefined && block.state !== 'taking';
  }

  /** Handles a line that begins with a dot; false if the word is none of ours. */
  line(words: readonly Word[]): boolean {
    const name = (words[0] as Word).text;
    if (name === '.if') this.#if(words);
    else if (name === '.elif' || name === '.else' || name === '.endif') this.#branch(name, words);
    else if (this.isSkipping) return true;
    else return this.#message(name, words);
    return true;
  }

  endOfFile(): void {
    const block = this.#blocks.at(-1);
    if (block !== undefined && !this.isFatal) {
      complain(this.#state, 'open-block', {
        text: `condition '.if' of line ${block.line} is not closed by '.endif' at the end of the file`,
      });
    }
    this.#blocks.length = 0;
  }

  #if(words: readonly Word[]): void {
    const isInside = this.isSkipping;
    const block: Block = { state: isInside ? 'done' : 'waiting', line: this.#state.place.line, hasElse: false };
    this.#blocks.push(block);
    if (!isInside && this.#evaluate(words)) block.state = 'taking';
  }

  #branch(name: '.elif' | '.else' | '.endif', words: readonly Word[]): void {
    const block = this.#blocks.at(-1);
    if (block === undefined) {
      this.isFatal = true;
      complain(this.#state, 'lone-branch', { text: `lone '${name}' with no matching '.if'.`, word: words[0] });
      return;
    }
    if (name !== '.elif' && words.length > 1) {
      complain(this.#state, 'bad-argument', {
        text: `'${name}' cannot handle unexpected argument '${(words[1] as Word).text}'.`,
        word: words[1],
      });
    }
    if (name === '.endif') {
      this.#blocks.pop();
      return;
    }
    if (block.hasElse) complain(this.#state, 'lone-branch', { text: `'${name}' after '.else' of the same '.if'`, word: words[0] });
    block.hasElse ||= name === '.else';
    if (block.state === 'taking') block.state = 'done';
    else if (block.state === 'waiting' && (name === '.else' || this.#evaluate(words))) block.state = 'taking';
  }

  #evaluate(words: readonly Word[]): boolean {
    const text = words
      .slice(1)
      .map((word) => word.text)
      .join(' ');
    const result = evaluateCondition(text, this.#state);
    if ('value' in result) return result.value;
    this.isFatal = true;
    const keyword = (words[0] as Word).text;
    complain(this.#state, 'bad-condition', {
      text: `${result.problem} in '${keyword}' at position ${result.at + 1}`,
      word: words[1] ?? words[0],
    });
    return false;
  }

  #message(name: string, words: readonly Word[]): boolean {
    if (!MESSAGES.includes(name)) return false;
    if (words.length > 2) {
      const word = words[2] as Word;
      const text = `Unexpected argument '${word.text}' for '${name}'. Use quotes if the message should contain spaces.`;
      complain(this.#state, 'bad-argument', { text, word });
      return true;
    }
    const text = `'${words[1]?.text ?? ''}'.`;
    const { file, line } = this.#state.place;
    const position = { file, line, column: 0 };
    if (name === '.alert') {
      complain(this.#state, 'message', { text });
      this.isFatal = true;
    } else if (name === '.warning') warn(this.#state, 'message', text);
    else if (name === '.notice') this.#state.diagnostics.push({ severity: 'notice', code: 'message', position, text });
    else diagnose(this.#state, 'message', text);
    return true;
  }
}
