/** Times, sizes and integers against tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Parsed, parseInteger, parseSize, parseTime } from './units.ts';

function answerOf(parsed: Parsed): number | string {
  return 'value' in parsed ? parsed.value : parsed.problem;
}

test('times are milliseconds, rounded up', () => {
  const table: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['250', 250],
    ['1us', 1],
    ['1500us', 2],
    ['3s', 3000],
    ['2m', 120000],
    ['1h', 3600000],
    ['24d', 2073600000],
    ['2147483647', 2147483647],
  ];
  for (const [text, wanted] of table) assert.equal(answerOf(parseTime(text)), wanted, text);
  assert.equal(answerOf(parseTime('5', 's')), 5000);
  assert.equal(answerOf(parseTime('5ms', 's')), 5);
});

test('times that cannot be are refused', () => {
  for (const text of ['2147483648', '25d', '99999999999999999999d'])
    assert.match(String(answerOf(parseTime(text))), /timer overflow/, text);
  for (const text of ['5x', '5sec', '', '-1', '1.5s', ' 5', '5 ', 's'])
    assert.match(String(answerOf(parseTime(text))), /unexpected character/, text);
});

test('sizes are based on 1024', () => {
  assert.equal(answerOf(parseSize('16384')), 16384);
  assert.equal(answerOf(parseSize('16k')), 16384);
  assert.equal(answerOf(parseSize('1M')), 1048576);
  assert.equal(answerOf(parseSize('3g')), 3221225472);
  assert.match(String(answerOf(parseSize('4g'))), /size overflow/);
  for (const text of ['', 'k', '5kb', '1.5k', '-1', '5t']) assert.match(String(answerOf(parseSize(text))), /unexpected character/, text);
});

test('integers stay within their bounds', () => {
  assert.equal(answerOf(parseInteger('-5', -10, 10)), -5);
  assert.match(String(answerOf(parseInteger('11', -10, 10))), /between -10 and 10 \(was 11\)/);
  assert.match(String(answerOf(parseInteger('10k', 0, 100))), /not an integer/);
  assert.match(String(answerOf(parseInteger('0', 1, Number.MAX_SAFE_INTEGER))), /at least 1/);
});
