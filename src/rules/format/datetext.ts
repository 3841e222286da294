/**
 * Dates as text, without a Date per line: the offset of local time is looked up once per quarter of an hour, and
 * what was written for a second is kept until another second is asked for. It must not know clocks: it is told
 * the time, in milliseconds since the epoch.
 */
import { writePadded } from '../value/bytes.ts';

const DAY_S = 86400;
/** Offsets change at quarters of an hour at the most. */
const QUARTER_MS = 900_000;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const SLASH = 47;
const COLON = 58;
const SPACE = 32;
const MONTH_BYTES = Uint8Array.from(MONTHS, (char) => char.charCodeAt(0));

/** Minutes east of Greenwich, by quarter of an hour. */
let offsetQuarter = -1;
let offsetMinutes = 0;

/** Minutes that local time is ahead of UTC at that moment. */
export function localOffset(wallMs: number): number {
  const quarter = Math.floor(wallMs / QUARTER_MS);
  if (quarter !== offsetQuarter) {
    offsetQuarter = quarter;
    // hot-ok: four times an hour
    // Beyond the year 275760 there is no Date: no offset.
    offsetMinutes = -new Date(wallMs).getTimezoneOffset() || 0;
  }
  return offsetMinutes;
}

/** A date taken apart; filled by `takeApart`. */
export const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };

/** Fills `parts` from seconds since the epoch, in the calendar that `seconds` is already shifted to (Hinnant's algorithm). */
export function takeApart(seconds: number): void {
  const days = Math.floor(seconds / DAY_S);
  let left = seconds - days * DAY_S;
  parts.hour = Math.floor(left / 3600);
  left -= parts.hour * 3600;
  parts.minute = Math.floor(left / 60);
  parts.second = left - parts.minute * 60;
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  parts.day = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  parts.month = month < 10 ? month + 3 : month - 9;
  parts.year = yearOfEra + era * 400 + (parts.month <= 2 ? 1 : 0);
}

/** Writes a three-letter month's name, 1 to 12. */
export function writeMonth(bytes: Uint8Array, at: number, month: number): number {
  for (let i = 0; i < 3; i++) bytes[at + i] = MONTH_BYTES[(month - 1) * 3 + i] as number;
  return at + 3;
}

/** Writes `HH:MM:SS` of `parts`. */
export function writeTime(bytes: Uint8Array, at: number): number {
  let to = writePadded(bytes, at, parts.hour, 2);
  bytes[to] = COLON;
  to = writePadded(bytes, to + 1, parts.minute, 2);
  bytes[to] = COLON;
  return writePadded(bytes, to + 1, parts.second, 2);
}

/** `20/Nov/2026:08:41:14` of `parts`: 20 bytes. */
function writeStamp(bytes: Uint8Array, at: number): number {
  let to = writePadded(bytes, at, parts.day, 2);
  bytes[to] = SLASH;
  to = writeMonth(bytes, to + 1, parts.month);
  bytes[to] = SLASH;
  to = writePadded(bytes, to + 1, parts.year, 4);
  bytes[to] = COLON;
  return writeTime(bytes, to + 1);
}

/** `+0100` */
function writeZone(bytes: Uint8Array, at: number, minutes: number): number {
  const size = minutes < 0 ? -minutes : minutes;
  bytes[at] = minutes < 0 ? 45 : 43;
  return writePadded(bytes, at + 1, Math.floor(size / 60) * 100 + (size % 60), 4);
}

/** Dates of log lines in one form; the text of the last second is kept. */
export class DateText {
  readonly #bytes = new Uint8Array(32);
  readonly #words = new DataView(this.#bytes.buffer);
  readonly #isLocal: boolean;
  readonly #hasZone: boolean;
  #second = -1;
  #length = 0;

  /** @param hasZone ` +0100` follows; else nothing, and the caller adds the milliseconds */
  constructor(isLocal: boolean, hasZone: boolean) {
    this.#isLocal = isLocal;
    this.#hasZone = hasZone;
  }

  /** The bytes of `20/Nov/2026:08:41:14`, and what belongs to it; `length` of them. */
  get words(): DataView {
    return this.#words;
  }

  get length(): number {
    return this.#length;
  }

  /** Brings the text to that moment; the milliseconds of its second. */
  set(wallMs: number): number {
    // Mostly the second of the line before: no division then.
    const ms = wallMs - this.#second * 1000;
    return ms >= 0 && ms < 1000 ? ms | 0 : this.#refresh(wallMs);
  }

  #refresh(wallMs: number): number {
    const second = Math.floor(wallMs / 1000);
    this.#second = second;
    const minutes = this.#isLocal ? localOffset(wallMs) : 0;
    takeApart(second + minutes * 60);
    let to = writeStamp(this.#bytes, 0);
    if (this.#hasZone) {
      this.#bytes[to] = SPACE;
      to = writeZone(this.#bytes, to + 1, minutes);
    }
    this.#length = to;
    return (wallMs - second * 1000) | 0;
  }
}
