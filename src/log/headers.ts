/**
 * What stands before the text of a log line: priority, date, host, tag, in HAProxy's forms (HAProxy 3.x
 * configuration 4.2 log). The date is rewritten once a second. It must not know what the line says.
 */
import { copyOutside } from '../base/words.ts';
import type { LogModel } from '../model/config.ts';
import { localOffset, parts, takeApart, writeMonth, writeTime } from '../rules/format/datetext.ts';
import { writeInt, writePadded } from '../rules/value/bytes.ts';

const OPEN = 60;
const CLOSE = 62;
const SPACE = 32;
const DASH = 45;
const COLON = 58;
const DOT = 46;
const LETTER_T = 84;
const PLUS = 43;
/** `2026-11-20T08:41:14.255000+00:00` */
const ISO_BYTES = 32;

export interface HeaderFacts {
  readonly tag: string;
  readonly pid: number;
  /** `log-send-hostname`; null: not asked for. */
  readonly hostname: string | null;
}

/** Whether the form begins with <facility × 8 + level>, with <level>, or with neither. */
const PRIORITY: Readonly<Record<LogModel['format'], 'full' | 'level' | 'none'>> = {
  local: 'full',
  rfc3164: 'full',
  rfc5424: 'full',
  priority: 'full',
  short: 'level',
  timed: 'level',
  iso: 'none',
  raw: 'none',
};

export class LogHeader {
  /** Bytes that a header takes at most. */
  readonly most: number;
  /** The writer of the line puts structured data and a space behind the header (RFC 5424 6.3), `- ` if there is none. */
  readonly hasStructuredData: boolean;
  readonly #priority: 'full' | 'level' | 'none';
  readonly #facility: number;
  readonly #format: LogModel['format'];
  /** What follows the priority, for one second. */
  readonly #rest: Uint8Array;
  readonly #restWords: DataView;
  #restLength = 0;
  #second = -1;
  /** Where the microseconds stand in `rest`; -1: there are none. */
  #microseconds = -1;
  readonly #tail: Uint8Array;

  constructor(format: LogModel['format'], facility: number, facts: HeaderFacts) {
    this.#priority = PRIORITY[format];
    this.#facility = facility;
    this.#format = format;
    this.hasStructuredData = format === 'rfc5424';
    this.#tail = Uint8Array.from(tailOf(format, facts), (char) => char.charCodeAt(0) & 255);
    this.#rest = new Uint8Array(this.#tail.length + ISO_BYTES + 8);
    this.#restWords = new DataView(this.#rest.buffer);
    this.most = this.#rest.length + 8;
    this.#restLength = this.#tail.length;
    this.#rest.set(this.#tail);
  }

  /** Writes the header at `at`; the offset behind it. `most` bytes must be free. */
  write(bytes: Uint8Array, at: number, level: number, wallMs: number): number {
    let to = at;
    if (this.#priority !== 'none') {
      bytes[to] = OPEN;
      to = writeInt(bytes, to + 1, this.#priority === 'full' ? this.#facility * 8 + level : level);
      bytes[to++] = CLOSE;
    }
    const ms = wallMs - this.#second * 1000;
    if (!(ms >= 0 && ms < 1000)) this.#refresh(wallMs, Math.floor(wallMs / 1000));
    const rest = this.#rest;
    if (this.#microseconds >= 0) writePadded(rest, this.#microseconds, ((wallMs - this.#second * 1000) * 1000) | 0, 6);
    return copyOutside(this.#restWords, this.#restLength, bytes, to);
  }

  /** Writes `rest` for another second. */
  #refresh(wallMs: number, second: number): void {
    this.#second = second;
    const format = this.#format;
    if (format === 'raw' || format === 'short' || format === 'priority') return;
    const minutes = localOffset(wallMs);
    takeApart(second + minutes * 60);
    const isSyslog = format === 'local' || format === 'rfc3164';
    let to = isSyslog ? writeSyslogDate(this.#rest) : this.#writeIsoDate(minutes, format === 'rfc5424');
    for (let from = 0; from < this.#tail.length; from++) this.#rest[to++] = this.#tail[from] as number;
    this.#restLength = to;
  }

  #writeIsoDate(minutes: number, hasVersion: boolean): number {
    const rest = this.#rest;
    let to = 0;
    if (hasVersion) {
      rest[to++] = 49;
      rest[to++] = SPACE;
    }
    to = writePadded(rest, to, parts.year, 4);
    rest[to++] = DASH;
    to = writePadded(rest, to, parts.month, 2);
    rest[to++] = DASH;
    to = writePadded(rest, to, parts.day, 2);
    rest[to++] = LETTER_T;
    to = writeTime(rest, to);
    rest[to++] = DOT;
    this.#microseconds = to;
    to += 6;
    const size = minutes < 0 ? -minutes : minutes;
    rest[to++] = minutes < 0 ? DASH : PLUS;
    to = writePadded(rest, to, Math.floor(size / 60), 2);
    rest[to++] = COLON;
    to = writePadded(rest, to, size % 60, 2);
    rest[to++] = SPACE;
    return to;
  }
}

/** `Nov 20 08:41:14 `, the day padded with a space (RFC 3164 4.1.2). */
function writeSyslogDate(rest: Uint8Array): number {
  let to = writeMonth(rest, 0, parts.month);
  rest[to++] = SPACE;
  if (parts.day < 10) rest[to++] = SPACE;
  to = writeInt(rest, to, parts.day);
  rest[to++] = SPACE;
  to = writeTime(rest, to);
  rest[to++] = SPACE;
  return to;
}

/** What follows the date and never changes. */
function tailOf(format: LogModel['format'], facts: HeaderFacts): string {
  const { tag, pid, hostname } = facts;
  switch (format) {
    case 'local':
      return `${hostname === null ? '' : `${hostname} `}${tag}[${pid}]: `;
    case 'rfc3164':
      return `${hostname ?? 'localhost'} ${tag}[${pid}]: `;
    case 'rfc5424':
      return `${hostname ?? '-'} ${tag} ${pid} - `;
    default:
      return '';
  }
}

/** A target's filter: -1 to send nothing, else the level that the line gets (`log … max min`). */
export function levelFor(model: Pick<LogModel, 'maxLevel' | 'minLevel'>, level: number): number {
  if (level > model.maxLevel) return -1;
  return level < model.minLevel ? model.minLevel : level;
}
