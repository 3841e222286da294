/**
 * strftime(3) of the C locale without objects: a format is taken apart once, then written from numbers. Also HTTP's own date,
 * both ways (RFC 9110 5.6.7). It must not know clocks.
 */

import { RuleError } from '../error.ts';
import { localOffset, parts, takeApart } from './datetext.ts';
import type { Writer } from './writer.ts';

const DAY_S = 86400;
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const SIMPLE = 'aAbBCdeFgGHIjklmMnNpPrRsSuUVwWyYzZtTxXcDhE%';
/** Forms that stand for others. */
const LONGER: Readonly<Record<string, string>> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  c: '%a %b %e %H:%M:%S %Y',
  h: '%b',
  n: '\n',
  t: '\t',
};

function codes(texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => Uint8Array.from(text, (char) => char.charCodeAt(0)));
}
const DAY_BYTES = codes(DAYS);
const MONTH_BYTES = codes(MONTHS);

/** What `%` sequences need besides `parts`. */
let weekday = 0;
let yearDay = 0;
let zoneMinutes = 0;
let epoch = 0;

export class DateFormat {
  /** A character of a specifier, or a literal byte above 255. */
  readonly #steps: Uint16Array;
  /** Digits of each %N. */
  readonly #widths: Uint8Array;
  readonly #isLocal: boolean;

  /** @param hasFraction %N is known, as for times finer than a second @throws RuleError for a specifier that is not */
  constructor(format: string, isLocal: boolean, hasFraction: boolean) {
    this.#isLocal = isLocal;
    const steps: number[] = [];
    const widths: number[] = [];
    readFormat(format, isLocal, hasFraction, steps, widths);
    this.#steps = Uint16Array.from(steps);
    this.#widths = Uint8Array.from(widths);
  }

  /** @param nanoseconds of the second */
  write(out: Writer, seconds: number, nanoseconds: number): void {
    zoneMinutes = this.#isLocal ? localOffset(seconds * 1000) : 0;
    epoch = seconds;
    setParts(seconds + zoneMinutes * 60);
    const steps = this.#steps;
    for (let at = 0; at < steps.length; at++) {
      const step = steps[at] as number;
      if (step >= 256) out.byte(step - 256);
      else if (step === 78) writeFraction(out, nanoseconds, this.#widths[at] as number);
      else writeStep(out, step);
    }
  }
}

function readFormat(format: string, isLocal: boolean, hasFraction: boolean, steps: number[], widths: number[]): void {
  for (let at = 0; at < format.length; at++) {
    const char = format[at] as string;
    if (char !== '%') {
      steps.push(256 + char.charCodeAt(0));
      widths.push(0);
      continue;
    }
    const found = /^(\d*)[EO]?(.)/s.exec(format.slice(at + 1));
    const name = found?.[2] ?? '';
    const isKnown = name !== '' && SIMPLE.includes(name) && (name !== 'N' || hasFraction) && (found?.[1] === '' || name === 'N');
    if (!isKnown || found === null) throw new RuleError(`'%${found?.[0] ?? ''}' is no conversion of a date`, -1, format);
    if (name === 'Z' && isLocal)
      throw new RuleError("'%Z', the name of the local time zone, is not supported by this version: use %z", -1, format);
    at += found[0].length;
    if (LONGER[name] !== undefined) readFormat(LONGER[name] as string, isLocal, hasFraction, steps, widths);
    else {
      steps.push(name.charCodeAt(0));
      widths.push(found[1] === '' ? 9 : Math.min(9, Math.max(1, Number(found[1]))));
    }
  }
}

function setParts(shifted: number): void {
  takeApart(shifted);
  const days = Math.floor(shifted / DAY_S);
  weekday = (((days + 4) % 7) + 7) % 7;
  const { year } = parts;
  yearDay = days - daysBefore(year);
}

/** Days from the epoch to the first of January. */
function daysBefore(year: number): number {
  const before = year - 1;
  return year * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 719527;
}

function writeFraction(out: Writer, nanoseconds: number, width: number): void {
  let unit = 100_000_000;
  for (let digit = 0; digit < width; digit++, unit /= 10) out.byte(48 + (Math.floor(nanoseconds / unit) % 10));
}

function two(out: Writer, value: number): void {
  out.byte(48 + (Math.floor(value / 10) % 10));
  out.byte(48 + (value % 10));
}

function padded(out: Writer, value: number): void {
  out.byte(value < 10 ? 32 : 48 + Math.floor(value / 10));
  out.byte(48 + (value % 10));
}

function name(out: Writer, bytes: Uint8Array, most: number): void {
  for (let i = 0; i < bytes.length && i < most; i++) out.byte(bytes[i] as number);
}

/** ISO 8601: a week belongs to the year that has its Thursday. */
function isoWeek(): number {
  const monday = (weekday + 6) % 7;
  const week = Math.floor((yearDay - monday + 10) / 7);
  if (week < 1) return weeksOf(parts.year - 1);
  return week > weeksOf(parts.year) ? 1 : week;
}

function weeksOf(year: number): number {
  const first = (((daysBefore(year) + 4) % 7) + 7) % 7;
  const isLeap = daysBefore(year + 1) - daysBefore(year) === 366;
  return first === 4 || (isLeap && first === 3) ? 53 : 52;
}

function isoYear(): number {
  const week = isoWeek();
  if (week >= 52 && parts.month === 1) return parts.year - 1;
  return week === 1 && parts.month === 12 ? parts.year + 1 : parts.year;
}

function writeStep(out: Writer, step: number): void {
  switch (step) {
    case 97: // a
      name(out, DAY_BYTES[weekday] as Uint8Array, 3);
      return;
    case 65: // A
      name(out, DAY_BYTES[weekday] as Uint8Array, 99);
      return;
    case 98: // b
      name(out, MONTH_BYTES[parts.month - 1] as Uint8Array, 3);
      return;
    case 66: // B
      name(out, MONTH_BYTES[parts.month - 1] as Uint8Array, 99);
      return;
    case 89: // Y
      out.int(parts.year);
      return;
    case 71: // G
      out.int(isoYear());
      return;
    case 115: // s
      out.int(epoch);
      return;
    case 117: // u
      out.byte(48 + (weekday === 0 ? 7 : weekday));
      return;
    case 119: // w
      out.byte(48 + weekday);
      return;
    case 106: // j
      out.byte(48 + Math.floor((yearDay + 1) / 100));
      two(out, (yearDay + 1) % 100);
      return;
    case 112: // p
      out.byte(parts.hour < 12 ? 65 : 80);
      out.byte(77);
      return;
    case 80: // P
      out.byte(parts.hour < 12 ? 97 : 112);
      out.byte(109);
      return;
    case 122: // z
      out.byte(zoneMinutes < 0 ? 45 : 43);
      two(out, Math.floor(Math.abs(zoneMinutes) / 60));
      two(out, Math.abs(zoneMinutes) % 60);
      return;
    case 90: // Z
      out.byte(71);
      out.byte(77);
      out.byte(84);
      return;
    case 37: // %
      out.byte(37);
      return;
    case 101: // e
      padded(out, parts.day);
      return;
    case 107: // k
      padded(out, parts.hour);
      return;
    case 108: // l
      padded(out, ((parts.hour + 11) % 12) + 1);
      return;
    default:
      two(out, twoDigits(step));
  }
}

/** The value of a specifier that has two digits. */
function twoDigits(step: number): number {
  switch (step) {
    case 67: // C
      return Math.floor(parts.year / 100);
    case 121: // y
      return parts.year % 100;
    case 103: // g
      return isoYear() % 100;
    case 109: // m
      return parts.month;
    case 100: // d
      return parts.day;
    case 72: // H
      return parts.hour;
    case 73: // I
      return ((parts.hour + 11) % 12) + 1;
    case 77: // M
      return parts.minute;
    case 83: // S
      return parts.second;
    case 85: // U
      return Math.floor((yearDay + 7 - weekday) / 7);
    case 87: // W
      return Math.floor((yearDay + 7 - ((weekday + 6) % 7)) / 7);
    default: // V
      return isoWeek();
  }
}

const MONTH_STARTS = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Seconds since the epoch of an HTTP date in one of its three forms; NaN: it is none. */
export function readHttpDate(bytes: Uint8Array, start: number, end: number): number {
  let day = -1;
  let month = -1;
  let year = -1;
  let seconds = -1;
  for (let at = start; at < end; ) {
    let stop = at;
    while (stop < end && !isDivider(bytes[stop] as number)) stop++;
    const size = stop - at;
    const number = numberOf(bytes, at, stop);
    if (size === 8 && bytes[at + 2] === 58) seconds = secondsOf(bytes, at);
    else if (number >= 0 && day < 0) day = number;
    else if (number >= 0) year = size === 2 ? number + (number < 70 ? 2000 : 1900) : number;
    else if (size === 3 && month < 0) month = monthOf(bytes, at);
    at = stop + 1;
  }
  if (day < 1 || day > 31 || month < 0 || year < 0 || seconds < 0) return Number.NaN;
  const isLeap = daysBefore(year + 1) - daysBefore(year) === 366;
  const dayOfYear = (MONTH_STARTS[month] as number) + day - 1 + (isLeap && month > 1 ? 1 : 0);
  return (daysBefore(year) + dayOfYear) * DAY_S + seconds;
}

/** Space, comma, hyphen. */
function isDivider(byte: number): boolean {
  return byte === 32 || byte === 44 || byte === 45;
}

function numberOf(bytes: Uint8Array, at: number, end: number): number {
  let value = at < end ? 0 : -1;
  for (let i = at; i < end; i++) {
    const digit = (bytes[i] as number) - 48;
    if (digit < 0 || digit > 9 || value > 99_999) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function secondsOf(bytes: Uint8Array, at: number): number {
  const hour = numberOf(bytes, at, at + 2);
  const minute = numberOf(bytes, at + 3, at + 5);
  const second = numberOf(bytes, at + 6, at + 8);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
  return hour * 3600 + minute * 60 + second;
}

/** 0 to 11; -1: it is no month. */
function monthOf(bytes: Uint8Array, at: number): number {
  for (let month = 0; month < 12; month++) {
    const letters = MONTH_BYTES[month] as Uint8Array;
    if (bytes[at] === letters[0] && bytes[at + 1] === letters[1] && bytes[at + 2] === letters[2]) return month;
  }
  return -1;
}
