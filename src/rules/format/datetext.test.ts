/** Dates of log lines: against Date as the oracle, in zones with and without summer time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1 } from '../value/bytes.ts';
import { DateText } from './datetext.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function expected(date: Date): string {
  const day = `${pad(date.getDate(), 2)}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  const minutes = -date.getTimezoneOffset();
  const zone = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(minutes) / 60), 2)}${pad(Math.abs(minutes) % 60, 2)}`;
  return `${day}:${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)} ${zone}`;
}

for (const zone of ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu']) {
  test(`local dates in ${zone}`, () => {
    process.env['TZ'] = zone;
    const text = new DateText(true, true);
    // A step that meets every hour of the day and every day of the month over 80 years.
    for (let ms = Date.UTC(1999, 11, 30); ms < Date.UTC(2080, 0, 1); ms += 86_399_123 * 13) {
      assert.equal(text.set(ms), ms % 1000);
      assert.equal(latin1(new Uint8Array(text.words.buffer, 0, text.length)), expected(new Date(ms)));
    }
    process.env['TZ'] = 'UTC';
  });
}

test('a second is written anew only when it has passed, also backwards', () => {
  const text = new DateText(false, false);
  for (const ms of [Date.UTC(2026, 1, 28, 23, 59, 59, 999), Date.UTC(2026, 2, 1), Date.UTC(2026, 1, 28, 23, 59, 59, 1)]) {
    text.set(ms);
    const iso = new Date(ms).toISOString();
    const day = `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)}`;
    assert.equal(latin1(new Uint8Array(text.words.buffer, 0, text.length)), day);
  }
});
