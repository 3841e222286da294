/**
 * Error pages as they are chosen when they are sent: the backend's, else the frontend's, else the built-in one (HAProxy
 * configuration manual, 4.2 errorfile). It must not know what the pages are made from.
 */
import type { Memory } from '../../base/memory.ts';
import { type Cause, Ended } from '../../state/end.ts';
import type { LocalReply, Stream } from '../../state/records.ts';
import type { CannedReply } from '../../state/settings.ts';
import { builtinReply, fillReply, isSilent } from './reply.ts';

/** A ready answer. */
export class ConstantReply implements LocalReply {
  readonly isWhole: boolean;
  readonly #memory: Memory;
  readonly #reply: CannedReply;
  readonly #status: number;

  /**
   * @param isWhole it comes from an error file
   * @param status what the log tells: that of the page which a file stands for, whatever is in the file
   */
  constructor(memory: Memory, reply: CannedReply, isWhole: boolean, status: number = reply.status) {
    this.#status = status;
    this.#memory = memory;
    this.#reply = reply;
    this.isWhole = isWhole;
  }

  fill(stream: Stream): boolean {
    const answers = !isSilent(this.#reply);
    if (answers) fillReply(this.#memory, stream, this.#reply);
    stream.status = this.#status;
    return answers;
  }
}

/** The page of a status, looked for when it is sent; null: HAProxy has none for it. At start. */
export function errorPage(memory: Memory, status: number): LocalReply | null {
  const builtin = builtinReply(memory, status);
  return builtin.status === status ? new ErrorPage(memory, status, builtin) : null;
}

class ErrorPage implements LocalReply {
  readonly isWhole = false;
  readonly #status: number;
  readonly #builtin: LocalReply;

  constructor(memory: Memory, status: number, builtin: CannedReply) {
    this.#status = status;
    this.#builtin = new ConstantReply(memory, builtin, false);
  }

  fill(stream: Stream): boolean {
    return (ownPage(stream, this.#status) ?? this.#builtin).fill(stream);
  }
}

/** The page that the stream's proxies have for a status. */
export function ownPage(stream: Stream, status: number): LocalReply | undefined {
  return stream.backend?.errorReplies.get(status) ?? stream.frontend.errorReplies.get(status);
}

/** A 500 page is being made: one that fails itself is not asked for again. */
let failing = false;

/** For when a rule can't be carried out: 500. False: that page is silent. */
export function compileFailedReply(memory: Memory, cause: Cause = Ended.internal): (stream: Stream) => boolean {
  const builtin = builtinReply(memory, 500);
  const page = new ErrorPage(memory, 500, builtin);
  return (stream) => {
    stream.cause = cause;
    if (failing) {
      fillReply(memory, stream, builtin);
      return true;
    }
    failing = true;
    const filled = page.fill(stream);
    failing = false;
    return filled;
  };
}
