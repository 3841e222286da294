/**
 * The log of one frontend: renders a stream's line and hands it to every target that wants its level. It must not
 * decide which streams are logged: that is stream/logging.ts.
 */
import { BLOCK_SIZE } from '../base/memory.ts';
import type { LogModel } from '../model/config.ts';
import type { TextFormat } from '../rules/define.ts';
import { DateText } from '../rules/format/datetext.ts';
import { Writer } from '../rules/format/writer.ts';
import type { Clock } from '../rules/thread.ts';
import { writePadded } from '../rules/value/bytes.ts';
import { Ended } from '../state/end.ts';
import { LogOrigin, type LogOriginValue } from '../state/logstep.ts';
import { type Frontend, type LogRenderer, type Session, Stream } from '../state/records.ts';
import { FrontendLive } from '../state/shared.ts';
import { type LogHeader, levelFor } from './headers.ts';
import type { LineSender, LogLines } from './lines.ts';
import type { LogSample } from './sample.ts';

export const LEVEL_ERR = 3;
export const LEVEL_INFO = 6;
/** `set-log-level silent`. */
const SILENT = 8;
const NEWLINE = 10;
const SPACE = 32;
const DASH = 45;

/** What a log-profile says about one origin of lines; null: what the proxy says. */
export interface ProfileStep {
  readonly isDropped: boolean;
  readonly format: TextFormat | null;
  readonly sd: TextFormat | null;
}

/** One `log` line of the configuration, for one tag. */
export interface LogTarget {
  readonly model: LogModel;
  readonly header: LogHeader;
  /** Where its lines lie until they are sent: of its destination, so that a slow one holds up only itself. */
  readonly lines: LogLines;
  readonly sender: LineSender;
  /** Bytes that must be free before a line. */
  readonly gap?: number;
  readonly sample?: LogSample | null;
  /** By LogOrigin; null: the target has no profile. */
  readonly steps?: readonly (ProfileStep | null)[] | null;
}

export interface FrontendLogParts {
  readonly frontend: Frontend;
  readonly targets: readonly LogTarget[];
  readonly format: TextFormat;
  /** `error-log-format`; null: the line of every other stream, or HAProxy's own line without a stream. */
  readonly errorFormat: TextFormat | null;
  /** `log-format-sd`: structured data of rfc5424 lines; null: none. */
  readonly sd?: TextFormat | null;
  /** The live columns: %lc is counted there. */
  readonly live: Int32Array;
  readonly clock: Clock;
  /** option log-separate-errors: lines of failed streams have level err. */
  readonly separatesErrors: boolean;
}

/** The text that several targets share lies in the desk, where heads are encoded: nobody needs it while a line is written. */
export class FrontendLog implements LogRenderer {
  readonly #parts: FrontendLogParts;
  readonly #targets: readonly LogTarget[];
  readonly #out: Writer;
  /** Where the shared text ends in the desk; -1: not rendered yet for this line. */
  #sharedEnd = -1;
  /** For lines of connections that never got a stream. */
  readonly #stranger = new Stream();
  readonly #embryonic: EmbryonicLine;

  constructor(parts: FrontendLogParts) {
    this.#parts = parts;
    this.#targets = parts.targets;
    this.#out = new Writer((parts.targets[0] as LogTarget).lines.memory);
    this.#stranger.frontend = parts.frontend;
    this.#embryonic = new EmbryonicLine();
  }

  /** The line of a stream, as its `logOrigin` says. */
  stream(stream: Stream): void {
    let level = stream.logLevel;
    if (level === SILENT) return;
    const { errorFormat, format, separatesErrors } = this.#parts;
    const isError = stream.logOrigin === LogOrigin.error;
    if (level < 0) level = separatesErrors && (isError || hasFailed(stream)) ? LEVEL_ERR : LEVEL_INFO;
    this.#emit(isError && errorFormat !== null ? errorFormat : format, stream, level);
  }

  /** The line of a connection that ended before it had a stream: `ip:port [date] frontend/listener: text`. */
  connection(session: Session, text: string): void {
    const stranger = this.#stranger;
    stranger.session = session;
    stranger.logOrigin = LogOrigin.killed;
    const { errorFormat, separatesErrors } = this.#parts;
    this.#embryonic.text = text;
    this.#emit(errorFormat ?? this.#embryonic, stranger, separatesErrors ? LEVEL_ERR : LEVEL_INFO);
  }

  #emit(format: TextFormat, stream: Stream, level: number): void {
    const { clock, frontend, live } = this.#parts;
    const targets = this.#targets;
    const wallMs = clock.wallClock();
    stream.logNumber = Atomics.add(live, frontend.live + FrontendLive.lines, 1);
    this.#sharedEnd = targets.length > 1 ? -1 : 0;
    for (let at = 0; at < targets.length; at++) {
      const target = targets[at] as LogTarget;
      const sent = levelFor(target.model, level);
      if (sent < 0 || (target.sample && !target.sample.take())) continue;
      this.#emitTo(target, format, stream, sent, wallMs);
    }
  }

  #emitTo(target: LogTarget, format: TextFormat, stream: Stream, level: number, wallMs: number): void {
    const step = target.steps ? (target.steps[stream.logOrigin as LogOriginValue] as ProfileStep | null) : null;
    if (step?.isDropped === true) return;
    const { header, lines, model } = target;
    const out = this.#out;
    const most = BLOCK_SIZE - header.most - 16;
    const length = model.length < most ? model.length : most;
    const gap = target.gap ?? 0;
    const place = lines.open(gap + length + header.most + 2);
    if (place < 0) return;
    const start = place + gap;
    const text = header.write(out.bytes, start, level, wallMs);
    // `len` counts the header and the line feed.
    const end = start + length - 1;
    out.open(text, end > text ? end : text);
    if (header.hasStructuredData) this.#structuredData(step?.sd ?? this.#parts.sd ?? null, stream);
    const own = step?.format ?? null;
    if (own !== null) own.write(out, stream);
    else if (this.#sharedEnd === 0) format.write(out, stream);
    else this.#shared(format, stream);
    const stop = out.at > end ? end : out.at;
    out.bytes[stop] = NEWLINE;
    lines.send(target.sender, start, stop + 1);
  }

  /** The text of all targets without one of their own: rendered once. */
  #shared(format: TextFormat, stream: Stream): void {
    const out = this.#out;
    const { deskStart, deskEnd } = out.memory;
    if (this.#sharedEnd < 0) {
      const { at, limit } = out;
      out.open(deskStart, deskEnd);
      format.write(out, stream);
      this.#sharedEnd = out.at;
      out.open(at, limit);
    }
    out.copy(deskStart, this.#sharedEnd);
  }

  /** `[id name="value"] `, or `- ` (RFC 5424 6.3). */
  #structuredData(format: TextFormat | null, stream: Stream): void {
    const out = this.#out;
    const start = out.at;
    format?.write(out, stream);
    while (out.at > start && out.bytes[out.at - 1] === SPACE) out.at--;
    if (out.at === start) out.byte(DASH);
    out.byte(SPACE);
    out.open(out.at, out.limit);
  }
}

/** HAProxy's line for a connection without a stream. */
class EmbryonicLine implements TextFormat {
  readonly constant = null;
  text = '';
  readonly #date = new DateText(true, false);

  write(out: Writer, { session }: Stream): void {
    out.foreign(session.sourceText, session.sourceTextLength);
    putText(out, ':');
    out.int(session.source.port);
    putText(out, ' [');
    const ms = this.#date.set(session.acceptedWallMs);
    out.outside(this.#date.words, this.#date.length);
    putText(out, '.');
    const at = out.at;
    if (at + 3 <= out.limit) out.at = writePadded(out.bytes, at, ms, 3);
    putText(out, `] ${session.frontend.name}/${session.listenerName === '' ? '1' : session.listenerName}: ${this.text}`);
  }
}

function putText(out: Writer, text: string): void {
  for (let at = 0; at < text.length; at++) out.byte(text.charCodeAt(at));
}

/** What `log-separate-errors` means by an error: anything but a normal end (configuration 8.3.3). */
export function hasFailed(stream: Stream): boolean {
  const failed = stream.cause !== Ended.normal && stream.cause !== Ended.local;
  return failed || stream.retries > 0 || stream.redispatched || stream.status >= 500;
}
