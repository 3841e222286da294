/** Log lines on their way: headers of every form byte for byte, levels, cutting, and who owns the blocks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Memory, plainMemory } from '../base/memory.ts';
import type { LogModel } from '../model/config.ts';
import type { TextFormat } from '../rules/define.ts';
import { Frontend, Session, Stream } from '../state/records.ts';
import { allocateShared, Shared } from '../state/shared.ts';
import { FrontendLog, hasFailed, type LogTarget } from './frontend.ts';
import { LogHeader } from './headers.ts';
import { LogLines } from './lines.ts';

process.env['TZ'] = 'UTC';

/** Nov 5 2026, 11:37:52.574 UTC: a day of one digit. */
const NOW = Date.UTC(2026, 10, 5, 11, 37, 52, 574);

/** Takes lines at once, or keeps their blocks until `release`. */
class Sink {
  readonly dropped = 0;
  readonly lines: string[] = [];
  readonly waiting: number[] = [];
  holds = false;
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  send(block: number, start: number, end: number): boolean {
    this.lines.push(this.#memory.text(start, end));
    if (this.holds) this.waiting.push(block);
    return !this.holds;
  }

  close(): void {}
}

function model(format: LogModel['format'], changes: Partial<LogModel> = {}): LogModel {
  const target = { kind: 'descriptor', descriptor: 1 } as const;
  const at = { file: 'test', line: 1, column: 1 };
  const usual = { target, text: 'test', facility: 16, maxLevel: 7, minLevel: 0, length: 1024, sample: null, profile: null, at };
  return { ...usual, format, ...changes };
}

function text(value: string): TextFormat {
  return {
    constant: value,
    write: (out) => {
      for (let at = 0; at < value.length; at++) out.byte(value.charCodeAt(at));
    },
  };
}

interface Desk {
  readonly memory: Memory;
  readonly lines: LogLines;
  readonly sinks: Sink[];
  readonly stream: Stream;
  readonly log: FrontendLog;
}

function desk(models: readonly LogModel[], said: string, hostname: string | null = null, blocks = 4): Desk {
  const memory = plainMemory({ blocks, notes: 1, statics: 4096 });
  const lines = new LogLines(memory);
  const shared = new Shared(allocateShared({ frontends: 1, backends: 1, servers: 1, threads: 1 }), 0);
  const frontend = new Frontend('web', 0, shared);
  const sinks = models.map(() => new Sink(memory));
  const facts = { tag: 'haproxy', pid: 8890, hostname };
  const targets = models.map((one, at): LogTarget => {
    return { model: one, header: new LogHeader(one.format, one.facility, facts), lines, sender: sinks[at] as Sink };
  });
  const clock = { now: () => 0, wallClock: () => NOW };
  const stream = new Stream();
  stream.frontend = frontend;
  const log = new FrontendLog({
    frontend,
    targets,
    format: text(said),
    errorFormat: null,
    live: shared.live,
    clock,
    separatesErrors: true,
  });
  return { memory, lines, sinks, stream, log };
}

const FORMS: readonly (readonly [LogModel['format'], string | null, string])[] = [
  ['local', null, '<134>Nov  5 11:37:52 haproxy[8890]: hello\n'],
  ['local', 'me', '<134>Nov  5 11:37:52 me haproxy[8890]: hello\n'],
  ['rfc3164', null, '<134>Nov  5 11:37:52 localhost haproxy[8890]: hello\n'],
  ['rfc3164', 'me', '<134>Nov  5 11:37:52 me haproxy[8890]: hello\n'],
  ['rfc5424', null, '<134>1 2026-11-05T11:37:52.574000+00:00 - haproxy 8890 - - hello\n'],
  ['rfc5424', 'me', '<134>1 2026-11-05T11:37:52.574000+00:00 me haproxy 8890 - - hello\n'],
  ['priority', null, '<134>hello\n'],
  ['short', null, '<6>hello\n'],
  ['timed', null, '<6>2026-11-05T11:37:52.574000+00:00 hello\n'],
  ['iso', null, '2026-11-05T11:37:52.574000+00:00 hello\n'],
  ['raw', null, 'hello\n'],
];

describe('headers', () => {
  for (const [format, hostname, line] of FORMS) {
    test(`${format}${hostname === null ? '' : ' with host name'}`, () => {
      const { log, stream, sinks } = desk([model(format)], 'hello', hostname);
      log.stream(stream);
      assert.deepEqual(sinks[0]?.lines, [line]);
    });
  }
});

test('all targets get the same text, each in its form, cut to its length', () => {
  const { log, stream, sinks } = desk([model('raw', { length: 80 }), model('short', { length: 85 }), model('raw')], 'x'.repeat(300));
  log.stream(stream);
  assert.deepEqual(
    sinks.map((sink) => sink.lines),
    [[`${'x'.repeat(79)}\n`], [`<6>${'x'.repeat(81)}\n`], [`${'x'.repeat(300)}\n`]],
  );
});

test('the header and the line feed count into the length', () => {
  const { log, stream, sinks } = desk([model('local', { length: 90 })], 'y'.repeat(100));
  log.stream(stream);
  assert.equal(sinks[0]?.lines[0]?.length, 90);
});

test('levels: the filter, the lower bound, set-log-level, silent, separate errors', () => {
  const wanted = [model('short', { maxLevel: 5, minLevel: 3 }), model('short', { minLevel: 7 }), model('short')];
  const { log, stream, sinks } = desk(wanted, 'z');
  log.stream(stream);
  stream.logLevel = 8;
  log.stream(stream);
  stream.logLevel = 1;
  log.stream(stream);
  stream.logLevel = -1;
  stream.status = 503;
  log.stream(stream);
  assert.deepEqual(
    sinks.map((sink) => sink.lines),
    [
      ['<3>z\n', '<3>z\n'],
      ['<7>z\n', '<7>z\n', '<7>z\n'],
      ['<6>z\n', '<1>z\n', '<3>z\n'],
    ],
  );
});

test('a connection without a stream', () => {
  const { log, stream, sinks } = desk([model('raw')], '');
  const session = new Session();
  session.frontend = stream.frontend;
  const ip = '127.0.0.1';
  for (let at = 0; at < ip.length; at++) session.sourceText[at] = ip.charCodeAt(at);
  session.sourceTextLength = ip.length;
  session.source.port = 44436;
  session.acceptedWallMs = Date.UTC(2026, 10, 20, 11, 37, 52, 578);
  session.listenerName = '1';
  log.connection(session, 'Truncated PROXY protocol header received');
  assert.deepEqual(sinks[0]?.lines, ['127.0.0.1:44436 [20/Nov/2026:11:37:52.578] web/1: Truncated PROXY protocol header received\n']);
});

describe('blocks', () => {
  test('lines share a block; it goes back when all of them were sent', () => {
    const { log, stream, sinks, memory, lines } = desk([model('raw')], 'a'.repeat(900));
    const sink = sinks[0] as Sink;
    sink.holds = true;
    for (let line = 0; line < 100; line++) log.stream(stream);
    assert.equal(memory.blocks.free, 2);
    assert.equal(sink.waiting.length, 100);
    for (const block of sink.waiting.splice(0)) lines.onBlockSent(block);
    assert.equal(memory.blocks.free, 3);
    lines.close();
    assert.equal(memory.blocks.free, 4);
    assert.equal(memory.blocks.faults, 0);
  });

  test('a block of a fast target is used from its start again', () => {
    const { log, stream, memory } = desk([model('raw')], 'a'.repeat(900));
    for (let line = 0; line < 1000; line++) log.stream(stream);
    assert.equal(memory.blocks.free, 3);
  });

  test('without a block lines are dropped and counted, and go on when there is one', () => {
    const { log, stream, sinks, memory, lines } = desk([model('raw')], 'a'.repeat(900), null, 1);
    const sink = sinks[0] as Sink;
    sink.holds = true;
    for (let line = 0; line < 100; line++) log.stream(stream);
    assert.ok(lines.dropped > 0);
    assert.equal(sink.lines.length + lines.dropped, 100);
    for (const block of sink.waiting.splice(0)) lines.onBlockSent(block);
    log.stream(stream);
    assert.equal(sink.lines.length + lines.dropped, 101);
    assert.equal(sink.waiting.length, 1);
    assert.equal(memory.blocks.faults, 0);
  });

  test('closing while lines are on their way gives the block back afterwards', () => {
    const { log, stream, sinks, memory, lines } = desk([model('raw')], 'b');
    const sink = sinks[0] as Sink;
    sink.holds = true;
    log.stream(stream);
    lines.close();
    assert.equal(memory.blocks.free, 3);
    lines.onBlockSent(sink.waiting[0] as number);
    assert.equal(memory.blocks.free, 4);
  });

  test('many targets and very long lines stay inside one block', () => {
    const many = Array.from({ length: 12 }, () => model('rfc5424', { length: 65535 }));
    const { log, stream, sinks, memory } = desk(many, 'c'.repeat(60000));
    log.stream(stream);
    assert.equal(memory.blocks.free, 3);
    for (const sink of sinks) assert.match(sink.lines[0] as string, /^<134>1 .* c{4000,}\n$/);
  });
});

test('which streams have failed', () => {
  const { stream } = desk([model('raw')], '');
  assert.equal(hasFailed(stream), false);
  stream.retries = 1;
  assert.equal(hasFailed(stream), true);
});
