/** Tests of the body decoder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Framing, HeaderTable } from '../../http/message.ts';
import { BodyDecoder, BodyResult } from './body.ts';

const START = 5;

function put(text: string): Uint8Array {
  const bytes = new Uint8Array(START + text.length).fill(0xee);
  bytes.set(Buffer.from(text, 'latin1'), START);
  return bytes;
}

/** Decodes in pieces of `step` bytes; data, trailers and rest as text, or `failed`. */
function decode(text: string, framing: number, length = 0, step = text.length): string {
  const bytes = put(text);
  const decoder = new BodyDecoder();
  const table = new HeaderTable();
  decoder.reset(framing, length, table);
  const slice = (start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString('latin1');
  let at = START;
  let data = '';
  let result: number = decoder.ended ? BodyResult.done : BodyResult.more;
  for (let end = START; result !== BodyResult.done && end < bytes.length; ) {
    end = Math.min(bytes.length, end + step);
    result = decoder.decode(bytes, at, end);
    data += slice(decoder.dataStart, decoder.dataEnd);
    assert.equal(result === BodyResult.more, result === BodyResult.more && decoder.next === end);
    at = decoder.next;
    if (result === BodyResult.failed) return 'failed';
  }
  let trailers = '';
  for (let row = 0; row < table.rows; row++) {
    trailers += `|${slice(table.nameStart(row), table.nameStart(row) + table.nameLength(row))}=${slice(table.valueStart(row), table.valueEnd(row))}`;
  }
  return `${data}${trailers}|${result === BodyResult.done ? `done|${slice(at, bytes.length)}` : 'more'}`;
}

test('chunked bodies', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['5\r\nhello\r\n0\r\n\r\nrest', 'hello|done|rest'],
    ['3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 'abcde|done|'],
    ['0\r\n\r\n', '|done|'],
    ['000\r\n\r\n', '|done|'],
    ['00000000000000000000005\r\nhello\r\n0\r\n\r\n', 'hello|done|'],
    ['A\r\n0123456789\r\n0\r\n\r\n', '0123456789|done|'],
    ['5;a=b\r\nhello\r\n0;x\r\n\r\n', 'hello|done|'],
    ['5 ; a = b\r\nhello\r\n0\r\n\r\n', 'hello|done|'],
    ['5 \t\r\nhello\r\n0\r\n\r\n', 'hello|done|'],
    ['5;a="x\\"y;\r\nhello\r\n0\r\n\r\n', 'hello|done|'],
    ['0\r\nX-T: v\r\nY:  w \r\n\r\nrest', '|x-t=v|y=w|done|rest'],
    ['0\r\nX-T: a\r\n b\r\n\r\n', '|x-t=a   b|done|'],
    ['0\r\nConnection: close\r\nContent-Length: 5\r\n\r\n', '|connection=close|content-length=5|done|'],
    ['5\r\nhel', 'hel|more'],
    ['5\r\nhello\r\n', 'hello|more'],
    ['ffffffff\r\nhello', 'hello|more'],
    ['5\nhello\r\n0\r\n\r\n', 'failed'],
    ['5\r\nhello\n0\r\n\r\n', 'failed'],
    ['5;a=b\nhello\r\n0\r\n\r\n', 'failed'],
    ['0\n\r\n', 'failed'],
    ['5\r\nhelloXX\r\n0\r\n\r\n', 'failed'],
    ['5\r\nhello!!\r\n0\r\n\r\n', 'failed'],
    ['5\r\nhel\r\n0\r\n\r\n', 'failed'],
    ['5;a\rb\r\nhello\r\n0\r\n\r\n', 'failed'],
    ['5;a="b\r\nc"\r\nhello\r\n0\r\n\r\n', 'failed'],
    ['5 x\r\nhello\r\n0\r\n\r\n', 'failed'],
    ['5\r\r\nhello\r\n0\r\n\r\n', 'failed'],
    [' 5\r\nhello\r\n0\r\n\r\n', 'failed'],
    ['0x5\r\nhello\r\n0\r\n\r\n', 'failed'],
    ['"5"\r\nhello\r\n0\r\n\r\n', 'failed'],
    ['-5\r\nhello\r\n', 'failed'],
    ['+5\r\nhello\r\n', 'failed'],
    ['5h\r\nhello\r\n', 'failed'],
    ['g\r\n', 'failed'],
    ['\r\n', 'failed'],
    [';a\r\n', 'failed'],
    ['fffffffffffffff\r\n', 'failed'],
    ['ffffffffffffffff\r\n', 'failed'],
    ['10000000000000000\r\n', 'failed'],
    ['0\r\nX T: a\r\n\r\n', 'failed'],
    ['0\r\n: a\r\n\r\n', 'failed'],
    ['0\r\n X: a\r\n\r\n', 'failed'],
    ['0\r\nX: a\x00\r\n\r\n', 'failed'],
  ];
  for (const [text, wanted] of cases) {
    assert.equal(decode(text, Framing.chunked), wanted, JSON.stringify(text));
    for (let step = 1; step < text.length; step++) {
      const got = decode(text, Framing.chunked, 0, step);
      // A piece that ends the body shows only the rest that it holds itself.
      assert.equal(got, wanted, `${JSON.stringify(text)} by ${step}`);
    }
  }
});

test('bodies by length, until the close, and none', () => {
  assert.equal(decode('hellorest', Framing.length, 5), 'hello|done|rest');
  assert.equal(decode('hellorest', Framing.length, 5, 2), 'hello|done|rest');
  assert.equal(decode('hel', Framing.length, 5), 'hel|more');
  assert.equal(decode('rest', Framing.length, 0), '|done|rest');
  assert.equal(decode('rest', Framing.none), '|done|rest');
  assert.equal(decode('hello', Framing.close), 'hello|more');
  assert.equal(decode('hello', Framing.tunnel, 0, 1), 'hello|more');
});

test('chunks of one piece become one slice', () => {
  const text = '3\r\nabc\r\n4\r\ndefg\r\n5\r\nhi';
  const bytes = put(text);
  const decoder = new BodyDecoder();
  decoder.reset(Framing.chunked, 0);
  assert.equal(decoder.decode(bytes, START, bytes.length), BodyResult.more);
  assert.equal(Buffer.from(bytes.subarray(decoder.dataStart, decoder.dataEnd)).toString(), 'abcdefghi');
  assert.equal(decoder.next, bytes.length);
  assert.equal(decoder.remaining, 3);
});

test('a partial trailer section is kept and may be moved', () => {
  const bytes = new Uint8Array(200);
  const decoder = new BodyDecoder();
  const table = new HeaderTable();
  decoder.reset(Framing.chunked, 0, table);
  bytes.set(Buffer.from('2\r\nhi\r\n0\r\nX-T: a'), 0);
  assert.equal(decoder.decode(bytes, 0, 16), BodyResult.keepTail);
  assert.equal(decoder.next, 10);
  assert.equal(decoder.dataEnd - decoder.dataStart, 2);
  bytes.set(Buffer.from('X-T: abc\r\n\r\nGET'), 100);
  assert.equal(decoder.decode(bytes, 100, 115), BodyResult.done);
  assert.equal(decoder.next, 112);
  assert.equal(table.rows, 1);
  assert.equal(table.valueEnd(0) - table.valueStart(0), 3);
});
