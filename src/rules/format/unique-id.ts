/** `unique-id-format`: an identifier made once per stream, kept behind its note (HAProxy 3.x configuration 4.2). */
import type { Frontend, Stream } from '../../state/records.ts';
import { UNIQUE_ID_ROOM } from '../../state/settings.ts';
import type { TextFormat } from '../define.ts';
import type { Thread } from '../thread.ts';
import { Writer } from './writer.ts';

export class UniqueId implements NonNullable<Frontend['uniqueId']> {
  /** Its own: it may be asked for in the middle of another text. */
  readonly #out: Writer;
  readonly #format: TextFormat;
  #isMaking = false;

  constructor(thread: Thread, format: TextFormat) {
    this.#out = new Writer(thread.memory);
    this.#format = format;
  }

  /** Longer ones are cut, as HAProxy does at 127 bytes. A format that asks for the identifier itself finds none. */
  make(stream: Stream): void {
    if (stream.uniqueIdEnd > 0 || stream.note < 0 || this.#isMaking) return;
    // What was no request has none, as in HAProxy.
    if (stream.frontend.http && !stream.tunnel && !stream.request.headDone) return;
    this.#isMaking = true;
    const out = this.#out;
    const start = stream.noteLimit;
    out.open(start, start + UNIQUE_ID_ROOM - 1);
    this.#format.write(out, stream);
    this.#isMaking = false;
    stream.uniqueIdStart = start;
    stream.uniqueIdEnd = out.at;
  }
}
