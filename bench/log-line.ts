/**
 * What a log line costs: rendering alone, and with the header and the hand-over to a target; for httplog, a format of 15
 * fields and the same in JSON. The aim is 0.5 µs for httplog (DESIGN 1: the whole program has about 2 µs of user time
 * per request to stay ahead of HAProxy).
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
const FORMATS: readonly (readonly [string, string])[] = [
  ['httplog', presetFormat('httplog', true)],
  ['custom, 15 fields', '%ci %cp %f %b %s %ST %B %U %HM %HU %HV %Tt %tsc %[src] %rt'],
  [
    'json, 15 fields',
    '%{+json}o %(ip)ci %(port)cp %(front)f %(back)b %(server)s %(status)ST %(read)B %(sent)U %(method)HM %(uri)HU %(http)HV %(time)Tt %(end)tsc %(src)[src] %(n)rt',
  ],
];
const stream = world.stream('GET /a/path/of/some/length?with=query HTTP/1.1\r\nHost: h.test');

const sender = { dropped: 0, send: () => true, close: () => undefined };
const model: LogModel = {
  target: { kind: 'descriptor', descriptor: 1 },
  text: 'bench',
  format: 'local',
  facility: 16,
  maxLevel: 7,
  minLevel: 0,
  length: 1024,
  sample: null,
  profile: null,
  at: { file: 'bench', line: 1, column: 1 },
} as LogModel;
const facts = { tag: 'haproxy', pid: 4711, hostname: null };
/** Numbers that differ from line to line, as in life. */
function vary(record: Stream, round: number): void {
  record.endedAtMs = 1140 + (round & 63);
  record.firstByteWallMs += round & 1;
  record.bytes.fromServer = 400 + (round & 0xfff);
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

const { out, clock, shared } = world.thread;
for (const [name, text] of FORMATS) {
  const format = world.compiler.format(text, 'log', Place.log);
  const header = new LogHeader('local', 16, facts);
  const lines = new LogLines(world.memory);
  const { frontend } = world;
  const targets = [{ model, header, lines, sender }];
  const log = new FrontendLog({ frontend, targets, format, errorFormat: null, live: shared.live, clock, separatesErrors: false });
  measure(`${name}, text`, (round) => {
    vary(stream, round);
    out.open(world.memory.deskStart, world.memory.deskEnd);
    format.write(out, stream);
  });
  process.stdout.write(`${world.text(world.memory.deskStart, out.at)}\n`);
  measure(`${name}, line to one target`, (round) => {
    vary(stream, round);
    log.stream(stream);
  });
}
