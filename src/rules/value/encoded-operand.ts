/** Arguments of converters that are base64, or a variable that holds base64. It must not know what the bytes are for. */

import type { Stream } from '../../state/records.ts';
import type { CompileContext } from '../define.ts';
import { RuleError } from '../error.ts';
import { decodeBase64 } from './base64.ts';
import { TextOperand } from './operand.ts';

export class EncodedOperand {
  readonly isConstant: boolean;
  /** Of a constant, decoded. */
  readonly constant: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #operand: TextOperand;

  /** @throws RuleError if a constant is no base64 */
  constructor(name: string, word: string, context: CompileContext) {
    const { bytes } = context.thread;
    this.#bytes = bytes;
    this.#operand = new TextOperand(word, context);
    this.isConstant = this.#operand.isConstant;
    const decoded = new Uint8Array(word.length);
    const size = this.isConstant ? decodeBase64(bytes, this.#operand.start, this.#operand.end, decoded, 0) : 0;
    if (size < 0) throw new RuleError(`'${name}' is neither base64 nor the name of a variable`, -1, word);
    this.constant = decoded.slice(0, size);
  }

  /** Puts the bytes into a room: how many; -1: the variable is not set, holds no base64, or too much. */
  fill(stream: Stream, room: Uint8Array): number {
    const { constant } = this;
    if (this.isConstant) {
      if (constant.length > room.length) return -1;
      for (let at = 0; at < constant.length; at++) room[at] = constant[at] as number;
      return constant.length;
    }
    const operand = this.#operand;
    if (!operand.read(stream)) return -1;
    const size = decodeBase64(this.#bytes, operand.start, operand.end, room, 0);
    return size > room.length ? -1 : size;
  }
}
