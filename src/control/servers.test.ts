/** Server states and their log lines, against lines recorded from HAProxy 2.6 for the same commands and check results. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocateShared, BackendLive, ServerAdmin, ServerLive, ServerRunning, Shared } from '../state/shared.ts';
import { HandClock } from './hand-clock.fixture.ts';
import { applyResult, nextHealth, Outcome } from './health.ts';
import { type CheckReport, CLI_CAUSE } from './lines.ts';
import { ControlledBackend, ControlledServer, Level, track } from './records.ts';
import { ServerControl } from './servers.ts';

const MARKS = { [Level.emergency]: '<128>', [Level.alert]: '<129>', [Level.warning]: '<132>', [Level.notice]: '<133>' } as const;
const REFUSED: CheckReport = { description: 'Layer4 connection problem', code: null, info: 'Connection refused', durationMs: 0 };
const PASSED: CheckReport = { description: 'Layer4 check passed', code: null, info: '', durationMs: 0 };

/** tcp1 with s1 and s2, bk with s1 and backups b1 b2, tr with s1 that tracks tcp1/s1: as in the recording. */
class World {
  readonly clock = new HandClock();
  readonly shared = new Shared(allocateShared({ frontends: 1, backends: 3, servers: 6, threads: 1 }), 0);
  readonly lines: string[] = [];
  readonly control = new ServerControl(this.shared, this.clock, (_backend, level, text) => this.lines.push(`${MARKS[level]} ${text}`));
  readonly #servers = new Map<string, ControlledServer>();

  constructor() {
    const names = ['tcp1/s1', 'tcp1/s2', 'bk/s1', 'bk/b1', 'bk/b2', 'tr/s1'];
    const backends = new Map(['tcp1', 'bk', 'tr'].map((name, index) => [name, new ControlledBackend(name, index, this.shared)]));
    names.forEach((name, index) => {
      const [backend, own] = name.split('/') as [string, string];
      const server = new ControlledServer(own, backends.get(backend) as ControlledBackend, index, this.shared);
      server.isBackup = own.startsWith('b');
      server.isChecked = backend !== 'tr';
      server.rise = server.fall = 2;
      this.#servers.set(name, server);
    });
    track(this.server('tr/s1'), this.server('tcp1/s1'));
    for (const server of this.#servers.values()) this.control.start(server, { weight: 1, maxconn: 0, isDisabled: false });
  }

  server(name: string): ControlledServer {
    return this.#servers.get(name) as ControlledServer;
  }

  /** `count` checks of this server that fail or pass. */
  checks(name: string, isPassed: boolean, count = 2): void {
    const server = this.server(name);
    for (let n = 0; n < count; n++)
      applyResult(this.control, server, isPassed ? Outcome.passed : Outcome.failed, isPassed ? PASSED : REFUSED, false);
  }

  /** What was logged since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }
}

const refused = ', reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. ';
const passed = ', reason: Layer4 check passed, check duration: 0ms. ';
const left = (active: number, backup: number, more = ''): string =>
  `${active} active and ${backup} backup servers left.${more} 0 sessions active, 0 requeued, 0 remaining in queue.`;
const online = (active: number, backup: number, more = ''): string =>
  `${active} active and ${backup} backup servers online.${more} 0 sessions requeued, 0 total in queue.`;

test('servers that fall and rise', () => {
  const world = new World();
  world.checks('tcp1/s2', false);
  world.checks('bk/b1', false);
  assert.deepEqual(world.take(), [
    `<129> Server tcp1/s2 is DOWN${refused}${left(1, 0)}`,
    `<129> Backup Server bk/b1 is DOWN${refused}${left(1, 1)}`,
  ]);
  world.checks('tcp1/s1', false);
  world.checks('bk/s1', false);
  assert.deepEqual(world.take(), [
    `<129> Server tcp1/s1 is DOWN${refused}${left(0, 0)}`,
    '<128> backend tcp1 has no server available!',
    `<129> Server tr/s1 is DOWN via tcp1/s1. ${left(0, 0)}`,
    '<128> backend tr has no server available!',
    `<129> Server bk/s1 is DOWN${refused}${left(0, 1, ' Running on backup.')}`,
  ]);
  world.checks('tcp1/s1', true, 1);
  assert.deepEqual(world.take(), [], 'one success of two');
  world.checks('tcp1/s1', true, 1);
  world.checks('bk/b1', true);
  assert.deepEqual(world.take(), [
    `<133> Server tcp1/s1 is UP${passed}${online(1, 0)}`,
    `<133> Server tr/s1 is UP via tcp1/s1. ${online(1, 0)}`,
    `<133> Backup Server bk/b1 is UP${passed}${online(0, 2, ' Running on backup.')}`,
  ]);
});

test('maintenance and drain of a server that is tracked', () => {
  const world = new World();
  const s1 = world.server('tcp1/s1');
  world.control.maintain(s1);
  assert.deepEqual(world.take(), [
    `<129> Server tcp1/s1 is going DOWN for maintenance. ${left(1, 0)}`,
    `<129> Server tr/s1 is going DOWN for maintenance via tcp1/s1. ${left(0, 0)}`,
    '<128> backend tr has no server available!',
  ]);
  world.control.ready(s1);
  assert.deepEqual(world.take(), [
    '<133> Server tcp1/s1 is UP/READY (leaving forced maintenance).',
    '<133> Server tr/s1 is UP/READY (leaving maintenance).',
  ]);
  world.control.drain(s1);
  assert.deepEqual(world.take(), [
    `<133> Server tcp1/s1 enters drain state. ${online(1, 0)}`,
    `<133> Server tr/s1 enters drain state via tcp1/s1. ${online(0, 0)}`,
    '<128> backend tr has no server available!',
  ]);
  world.control.ready(s1);
  assert.deepEqual(world.take(), [
    '<133> Server tcp1/s1 is UP (leaving forced drain).',
    '<133> Server tr/s1 is UP (leaving forced drain).',
  ]);
});

test('what changes while a server drains', () => {
  const world = new World();
  const s1 = world.server('tcp1/s1');
  world.control.drain(s1);
  world.take();
  world.checks('tcp1/s1', false);
  assert.deepEqual(world.take(), [
    `<133> Server tcp1/s1 is DOWN${refused}${left(1, 0)}`,
    '<133> Server tcp1/s1 remains in forced drain mode.',
    `<133> Server tr/s1 is DOWN via tcp1/s1. ${left(0, 0)}`,
    '<133> Server tr/s1 is leaving forced drain but remains in drain mode via tcp1/s1.',
  ]);
  world.checks('tcp1/s1', true);
  assert.deepEqual(world.take(), [
    `<133> Server tcp1/s1 is UP${passed}${online(1, 0)}`,
    '<133> Server tcp1/s1 remains in forced drain mode.',
    `<133> Server tr/s1 is UP via tcp1/s1. ${online(0, 0)}`,
    '<133> Server tr/s1 is leaving forced drain but remains in drain mode via tcp1/s1.',
  ]);
  world.control.maintain(s1);
  assert.deepEqual(world.take(), [
    `<133> Server tcp1/s1 is going DOWN for maintenance. ${left(1, 0)}`,
    `<133> Server tr/s1 is going DOWN for maintenance via tcp1/s1. ${left(0, 0)}`,
  ]);
  world.control.ready(s1);
  assert.deepEqual(world.take(), [
    '<133> Server tcp1/s1 is UP/READY (leaving forced maintenance).',
    '<133> Server tr/s1 is UP/READY (leaving maintenance).',
  ]);
});

test('maintenance of a server that is down', () => {
  const world = new World();
  const s1 = world.server('tcp1/s1');
  world.checks('tcp1/s1', false);
  world.take();
  world.control.maintain(s1);
  assert.deepEqual(world.take(), [
    '<133> Server tcp1/s1 was DOWN and now enters maintenance.',
    '<133> Server tr/s1 was DOWN and now enters maintenance via tcp1/s1.',
  ]);
  world.control.drain(s1);
  assert.deepEqual(world.take(), [
    '<133> Server tcp1/s1 is UP/DRAIN (leaving forced maintenance).',
    '<133> Server tcp1/s1 remains in forced drain mode.',
    '<133> Server tr/s1 is UP/DRAIN (leaving maintenance).',
    '<133> Server tr/s1 is leaving forced drain but remains in drain mode via tcp1/s1.',
  ]);
  world.checks('tcp1/s1', false, 1);
  world.take();
  world.control.ready(s1);
  assert.deepEqual(world.take(), [
    '<133> Server tcp1/s1 is DOWN (leaving forced drain).',
    '<133> Server tr/s1 is DOWN (leaving forced drain).',
  ]);
});

test('a tracker leaves its own maintenance as the tracked server is', () => {
  const world = new World();
  const tracker = world.server('tr/s1');
  world.checks('tcp1/s1', false);
  world.control.drain(tracker);
  world.control.maintain(tracker);
  world.take();
  world.control.ready(tracker);
  assert.deepEqual(world.take(), ['<133> Server tr/s1 is DOWN/READY (leaving forced maintenance).']);
});

test('health set by hand', () => {
  const world = new World();
  const s2 = world.server('bk/s1');
  world.control.setStopping(s2, CLI_CAUSE);
  world.control.setDown(s2, CLI_CAUSE);
  world.control.setStopping(s2, CLI_CAUSE);
  assert.deepEqual(world.take(), [
    `<133> Server bk/s1 is stopping, changed from CLI. ${online(0, 2, ' Running on backup.')}`,
    `<133> Server bk/s1 is DOWN, changed from CLI. ${left(0, 2, ' Running on backup.')}`,
    `<133> Server bk/s1 is stopping, changed from CLI. ${online(0, 2, ' Running on backup.')}`,
  ]);
});

test('weight 0 of the last server, and a server of weight 0 that falls', () => {
  const world = new World();
  world.control.setWeight(world.server('tcp1/s1'), 0);
  world.control.setWeight(world.server('tcp1/s2'), 0);
  assert.deepEqual(world.take(), ['<128> backend tcp1 has no server available!']);
  world.checks('tcp1/s2', false);
  assert.deepEqual(world.take(), [`<129> Server tcp1/s2 is DOWN${refused}${left(0, 0)}`]);
});

test('with option log-health-checks the result has its own line and the state no reason', () => {
  const world = new World();
  const s1 = world.server('bk/s1');
  s1.rise = s1.fall = 3;
  s1.backend.logsHealthChecks = true;
  world.shared.live[s1.live + ServerLive.health] = 3;
  applyResult(world.control, s1, Outcome.passed, { description: 'Layer7 check passed', code: 200, info: 'OK', durationMs: 0.4 }, true);
  applyResult(world.control, s1, Outcome.passed, PASSED, false);
  world.checks('bk/s1', false, 3);
  world.checks('bk/s1', true, 1);
  const line = (outcome: string, report: string, status: string): string =>
    `<133> Health check for server bk/s1 ${outcome}, ${report}, status: ${status}.`;
  const down = 'reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms';
  assert.deepEqual(world.take(), [
    line('succeeded', 'reason: Layer7 check passed, code: 200, info: "OK", check duration: 0ms', '3/3 UP'),
    line('failed', down, '2/3 UP'),
    line('failed', down, '1/3 UP'),
    line('failed', down, '0/3 DOWN'),
    `<129> Server bk/s1 is DOWN. ${left(0, 2, ' Running on backup.')}`,
    line('succeeded', 'reason: Layer4 check passed, check duration: 0ms', '1/3 DOWN'),
  ]);
});

test('the health counter', () => {
  // rise 2, fall 3: 0 and 1 are DOWN, 2 to 4 are UP; a server starts at 2.
  const table: [number, boolean, number][] = [
    [2, false, 0],
    [2, true, 4],
    [4, false, 3],
    [3, false, 2],
    [3, true, 4],
    [4, true, 4],
    [0, true, 1],
    [1, true, 4],
    [1, false, 0],
    [0, false, 0],
  ];
  for (const [before, isPassed, after] of table) assert.equal(nextHealth(before, isPassed, 2, 3), after, `${before} ${isPassed}`);
});

test('counts, versions and epochs follow every change', () => {
  const world = new World();
  const { live } = world.shared;
  const s1 = world.server('bk/s1');
  const cell = (name: number): number => live[s1.backend.live + name] as number;
  assert.deepEqual([cell(BackendLive.active), cell(BackendLive.backup), cell(BackendLive.downSince)], [1, 2, 0]);
  const version = cell(BackendLive.version);
  world.checks('bk/s1', false);
  assert.ok(cell(BackendLive.version) > version);
  assert.equal(live[s1.live + ServerLive.epoch], -1, 'streams must leave');
  for (const name of ['bk/b1', 'bk/b2']) world.control.maintain(world.server(name));
  assert.deepEqual([cell(BackendLive.active), cell(BackendLive.backup)], [0, 0]);
  assert.notEqual(cell(BackendLive.downSince), 0);
  world.clock.advance(500);
  world.control.ready(world.server('bk/b1'));
  assert.deepEqual([cell(BackendLive.active), cell(BackendLive.backup), cell(BackendLive.downSince)], [0, 1, 0]);
  assert.deepEqual([s1.backend.downtimeMs, s1.backend.downs, s1.downs, s1.failedChecks], [500, 1, 1, 1]);
});

test('a server that starts slowly gets its weight bit by bit', () => {
  const world = new World();
  const { live } = world.shared;
  const s1 = world.server('bk/s1');
  s1.slowstartMs = 1000;
  world.control.setWeight(s1, 100);
  world.checks('bk/s1', false);
  world.checks('bk/s1', true);
  assert.equal(live[s1.live + ServerLive.running], ServerRunning.starting);
  assert.equal(live[s1.live + ServerLive.weight], 1);
  world.clock.advance(500);
  assert.equal(live[s1.live + ServerLive.weight], 50 * 256);
  world.clock.advance(600);
  assert.equal(live[s1.live + ServerLive.weight], 100 * 256);
  assert.equal(live[s1.live + ServerLive.running], ServerRunning.running);
});

test('a server that is disabled from the start is not counted, and ready brings it in', () => {
  const world = new World();
  const s1 = world.server('bk/s1');
  assert.equal(world.shared.live[s1.live + ServerLive.admin], 0);
  world.control.maintain(s1);
  assert.equal(world.shared.live[s1.live + ServerLive.admin], ServerAdmin.maintenance);
  world.take();
  world.checks('bk/s1', false);
  assert.deepEqual(world.take(), [], 'no result counts in maintenance');
  world.control.ready(s1);
  assert.equal(world.control.isUsable(s1), true);
});
