/**
 * What an httplog line costs: rendering alone, and with the header and the hand-over to a target. The aim is 0.5 µs
 * (DESIGN 1: the whole program has about 2 µs of user time per request to stay ahead of HAProxy).
 *
 * node bench/log-line.ts
 */
import { ExampleWorld } from '../src/keywords/examples.ts';
import { FrontendLog } from '../src/log/frontend.ts';
import { LogHeader } from '../src/log/headers.ts';
import { LogLines } from '../src/log/lines.ts';
import { presetFormat } from '../src/log/presets.ts';
import type { LogModel } from '../src/model/config.ts';
import { Place } from '../src/rules/place.ts';
import type { Stream } from '../src/state/records.ts';

const ROUNDS = 7;
const LINES = 300_000;

const world = new ExampleWorld();
const text = presetFormat('httplog', true) as string;
const format = world.compiler.format(text, 'log', Place.log);
const stream = world.stream('GET /a/path/of/some/length?with=query HTTP/1.1\r\nHost: h.test');
const at = world.memory.scratch();

const sender = { dropped: 0, send: () => true, close: () => undefined };
const model: LogModel = {
  target: { kind: 'descriptor', descriptor: 1 },
  text: 'bench',
  format: 'local',
  facility: 16,
  maxLevel: 7,
  minLevel: 0,
  length: 1024,
  at: { file: 'bench', line: 1, column: 1 },
} as LogModel;
const facts = { tag: 'haproxy', pid: 4711, hostname: null };
const log = new FrontendLog({
  frontend: world.frontend,
  targets: [{ model, header: new LogHeader('local', 16, facts), sender }],
  format,
  errorFormat: null,
  lines: new LogLines(world.memory),
  clock: world.thread.clock,
  separatesErrors: false,
});

/** Numbers that differ from line to line, as in life. */
function vary(record: Stream, round: number): void {
  record.endedAtMs = 1140 + (round & 63);
  record.firstByteWallMs += round & 1;
  record.bytesFromServer = 400 + (round & 0xfff);
  record.serial = round;
}

function measure(name: string, once: (round: number) => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let line = 0; line < LINES; line++) once(line);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / LINES);
  }
  process.stdout.write(`${name.padEnd(40)} ${best.toFixed(0).padStart(6)} ns\n`);
}

const { out } = world.thread;
measure('httplog text', (round) => {
  vary(stream, round);
  out.open(at, at + 1024);
  format.write(out, stream);
});
process.stdout.write(`${world.text(at, out.at)}\n`);
measure('httplog line to one target', (round) => {
  vary(stream, round);
  log.stream(stream);
});
