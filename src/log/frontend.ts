/**
 * The log of one frontend: renders a stream's line once and hands it to every target that wants its level. It
 * must not decide which streams are logged: that is the stream machine's.
 */
import { BLOCK_SIZE } from '../base/memory.ts';
import type { LogModel } from '../model/config.ts';
import { writePadded } from '../rules/bytes.ts';
import { DateText } from '../rules/datetext.ts';
import type { TextFormat } from '../rules/define.ts';
import type { Clock } from '../rules/thread.ts';
import { Writer } from '../rules/writer.ts';
import { Ended } from '../state/end.ts';
import { type Frontend, type LogRenderer, type Session, Stream } from '../state/records.ts';
import { type LogHeader, levelFor } from './headers.ts';
import type { LineSender, LogLines } from './lines.ts';

export const LEVEL_ERR = 3;
export const LEVEL_INFO = 6;
/** `set-log-level silent`. */
const SILENT = 8;
const NEWLINE = 10;

/** One `log` line of the configuration, for one tag. */
export interface LogTarget {
  readonly model: LogModel;
  readonly header: LogHeader;
  readonly sender: LineSender;
}

export interface FrontendLogParts {
  readonly frontend: Frontend;
  readonly targets: readonly LogTarget[];
  readonly format: TextFormat;
  /** `error-log-format`; null: HAProxy's own line. */
  readonly errorFormat: TextFormat | null;
  readonly lines: LogLines;
  readonly clock: Clock;
  /** option log-separate-errors: lines of failed streams have level err. */
  readonly separatesErrors: boolean;
}

export class FrontendLog implements LogRenderer {
  readonly #parts: FrontendLogParts;
  readonly #targets: readonly LogTarget[];
  readonly #format: TextFormat;
  readonly #lines: LogLines;
  readonly #out: Writer;
  /** Longest line of all targets, and the room that a line may take with its header and line feed. */
  readonly #longest: number;
  readonly #room: number;
  /** For lines of connections that never got a stream. */
  readonly #stranger = new Stream();
  readonly #date = new DateText(true, false);

  constructor(parts: FrontendLogParts) {
    this.#parts = parts;
    this.#targets = parts.targets;
    this.#format = parts.format;
    this.#lines = parts.lines;
    this.#out = new Writer(parts.lines.memory);
    const wanted = parts.targets.reduce((most, { model }) => Math.max(most, model.length), 0);
    const header = parts.targets.reduce((most, target) => Math.max(most, target.header.most), 0);
    // All lines of one stream lie in one block, with their shared text: very long ones are cut where targets are many.
    const shares = parts.targets.length === 1 ? 1 : parts.targets.length + 1;
    this.#longest = Math.min(wanted, Math.floor(BLOCK_SIZE / shares) - header - 1);
    this.#room = this.#longest + header + 1;
    this.#stranger.frontend = parts.frontend;
  }

  /** The line of a stream that has ended (or is under way, with logasap). */
  stream(stream: Stream): void {
    let level = stream.logLevel;
    if (level === SILENT) return;
    if (level < 0) level = this.#parts.separatesErrors && hasFailed(stream) ? LEVEL_ERR : LEVEL_INFO;
    this.#emit(this.#format, stream, level);
  }

  /** The line of a connection that ended before it had a stream: `ip:port [date] frontend/listener: text`. */
  connection(session: Session, text: string): void {
    const stranger = this.#stranger;
    stranger.session = session;
    const { errorFormat } = this.#parts;
    if (errorFormat !== null) this.#emit(errorFormat, stranger, LEVEL_INFO);
    else this.#emit({ constant: null, write: (out) => this.#connectionText(out, session, text) }, stranger, LEVEL_INFO);
  }

  #connectionText(out: Writer, session: Session, text: string): void {
    out.foreign(session.sourceText, session.sourceTextLength);
    out.byte(58);
    out.int(session.source.port);
    putText(out, ' [');
    const ms = this.#date.set(session.acceptedWallMs);
    out.foreign(this.#date.bytes, this.#date.length);
    putText(out, '.');
    const at = out.at;
    if (at + 3 <= out.limit) out.at = writePadded(out.bytes, at, ms, 3);
    putText(out, `] ${session.frontend.name}/${session.listenerName === '' ? '1' : session.listenerName}: ${text}`);
  }

  /** A single target's text is rendered in place; several share one text, rendered behind the room of their lines. */
  #emit(format: TextFormat, stream: Stream, level: number): void {
    const targets = this.#targets;
    const shared = targets.length > 1 ? targets.length * this.#room : 0;
    const out = this.#out;
    let start = this.#lines.open(shared === 0 ? this.#room : shared + this.#longest);
    if (start < 0) return;
    const textStart = start + shared;
    if (shared > 0) {
      out.open(textStart, textStart + this.#longest);
      format.write(out, stream);
    }
    const textEnd = out.at;
    const wallMs = this.#parts.clock.wallClock();
    for (let at = 0; at < targets.length; at++) {
      const target = targets[at] as LogTarget;
      const sent = levelFor(target.model, level);
      if (sent < 0) continue;
      const text = target.header.write(out.bytes, start, sent, wallMs);
      // `len` counts the header but not the line feed, unless there is no header (observed: raw lines are one byte shorter).
      const end = start + Math.min(target.model.length, this.#longest) - (text === start ? 1 : 0);
      out.open(text, end > text ? end : text);
      if (shared === 0) format.write(out, stream);
      else out.copy(textStart, textEnd);
      const stop = out.at > end ? end : out.at;
      out.bytes[stop] = NEWLINE;
      this.#lines.send(target.sender, start, stop + 1);
      start = stop + 1;
    }
  }
}

function putText(out: Writer, text: string): void {
  for (let at = 0; at < text.length; at++) out.byte(text.charCodeAt(at));
}

/** What `log-separate-errors` and `dontlog-normal` mean by an error: anything but a normal end (configuration 8.3.3). */
export function hasFailed(stream: Stream): boolean {
  const failed = stream.cause !== Ended.normal && stream.cause !== Ended.local;
  return failed || stream.retries > 0 || stream.redispatched || stream.status >= 500;
}

/** Whether the options of the frontend let this stream be logged (configuration 4.2, dontlognull and dontlog-normal). */
export function wantsLine(stream: Stream): boolean {
  const { frontend } = stream;
  if (frontend.dontLogNull && stream.bytesFromClient === 0 && !stream.hasRequestLine) return false;
  return !frontend.dontLogNormal || hasFailed(stream);
}
