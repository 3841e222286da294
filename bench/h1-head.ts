/**
 * Decides: the fast form of the field parser (whole lines, four bytes a turn) against its state machine, which is
 * the oracle; the encoder's run copies; and from which length the engine's copy beats a loop.
 *
 *     node bench/h1-head.ts [milliseconds a row]
 */
import assert from 'node:assert/strict';
import { DEFAULT_FRAMING, decideRequest } from '../src/http/framing.ts';
import { HttpMessage } from '../src/http/message.ts';
import { encodeRequestHead } from '../src/proto/h1/encode.ts';
import { HeadParser, HeadResult } from '../src/proto/h1/head.ts';

const SMALL = [
  'GET /index.html?x=1 HTTP/1.1',
  'Host: 127.0.0.1:8080',
  'User-Agent: wrk/4.1.0 (some words)',
  'Accept: */*',
  'X-Request: abcdefghijklmnop',
  '',
  '',
].join('\r\n');

const BROWSER = [
  'GET /static/app/main.js?version=20260101 HTTP/1.1',
  'Host: www.example.test',
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Dest: document',
  'Referer: https://www.example.test/start/page',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; seen=1',
  '',
  '',
].join('\r\n');

const ROOM = 65536;
const OUT = 40000;
const limitMs = Number(process.argv[2] ?? 300);
const bytes = new Uint8Array(ROOM);
const message = new HttpMessage();

/** Runs `step` for about limitMs; nanoseconds a call, the best of five. */
function measure(step: () => void): number {
  for (let i = 0; i < 20000; i++) step();
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    let calls = 0;
    const start = process.hrtime.bigint();
    let spent = 0;
    while (spent < limitMs / 5) {
      for (let i = 0; i < 2000; i++) step();
      calls += 2000;
      spent = Number(process.hrtime.bigint() - start) / 1e6;
    }
    best = Math.min(best, (spent * 1e6) / calls);
  }
  return best;
}

function row(name: string, nanoseconds: number): void {
  console.log(`${name.padEnd(44)} ${nanoseconds.toFixed(0).padStart(6)} ns`);
}

function parser(fast: boolean): HeadParser {
  const made = new HeadParser('request');
  made.fields.fast = fast;
  return made;
}

/** What a parser found, to compare both forms. */
function picture(fast: boolean, length: number): string {
  const made = parser(fast);
  message.reset();
  assert.equal(made.parse(message, bytes, 0, length), HeadResult.done);
  return JSON.stringify([
    made.headEnd,
    message.targetStart,
    message.targetEnd,
    message.headers.rows,
    ...message.headers.cells.subarray(0, message.headers.rows * 4),
  ]);
}

for (const [name, text] of [
  [`wrk, ${SMALL.length} bytes`, SMALL],
  [`browser, ${BROWSER.length} bytes`, BROWSER],
] as const) {
  const original = Buffer.from(text, 'latin1');
  bytes.set(original);
  const slow = picture(false, text.length);
  bytes.set(original);
  assert.equal(picture(true, text.length), slow, 'the fast form finds what the oracle finds');
  for (const fast of [false, true]) {
    const made = parser(fast);
    row(
      `${name}: parse, ${fast ? 'fast form' : 'state machine'}`,
      measure(() => {
        message.reset();
        made.reset();
        made.parse(message, bytes, 0, text.length);
      }),
    );
  }
  const made = parser(true);
  const parse = (): void => {
    message.reset();
    made.reset();
    made.parse(message, bytes, 0, text.length);
  };
  row(
    `${name}: parse, decide`,
    measure(() => {
      parse();
      decideRequest(message, bytes, DEFAULT_FRAMING);
    }),
  );
  row(
    `${name}: parse, decide, encode`,
    measure(() => {
      parse();
      decideRequest(message, bytes, DEFAULT_FRAMING);
      encodeRequestHead(message, bytes, OUT, ROOM, 0);
    }),
  );
}

for (const length of [8, 16, 24, 32, 48, 64, 96, 128, 256]) {
  const loop = measure(() => {
    for (let i = 0; i < length; i++) bytes[OUT + i] = bytes[i] as number;
  });
  const engine = measure(() => {
    bytes.copyWithin(OUT, 0, length);
  });
  console.log(
    `copy ${String(length).padStart(4)} bytes: loop ${loop.toFixed(1).padStart(6)} ns, copyWithin ${engine.toFixed(1).padStart(6)} ns`,
  );
}
