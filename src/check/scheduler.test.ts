/** Checks of real servers on this machine. Intervals are short; each test waits for the results it needs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../control/clock.ts';
import { ControlledBackend, ControlledServer } from '../control/records.ts';
import { ServerControl } from '../control/servers.ts';
import type { CheckModel } from '../model/check.ts';
import { allocateShared, ServerRunning, Shared } from '../state/shared.ts';
import { Agenda } from './agenda.ts';
import { newCheck } from './blank.ts';
import { CheckedServer } from './checked.ts';
import { rulesetOf } from './ruleset.ts';
import { type Checks, startChecks } from './scheduler.ts';
import { targetOf, type Whereabouts } from './target.fixture.ts';

const HTTP: CheckModel = { ...newCheck(), type: 'http', method: 'GET', uri: '/s' };
const INTER_MS = 25;

/** A server whose answer can be changed: text, silence (null), or a reset. */
class Origin {
  answer: string | null | 'reset' = 'HTTP/1.0 200 OK\r\n\r\n';
  requests: string[] = [];
  peers = new Set<string>();
  #server: NetServer | null = null;
  readonly #sockets = new Set<Socket>();
  port = 0;

  async open(path?: string): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve) =>
      path === undefined ? server.listen(this.port, '127.0.0.1', resolve) : server.listen(path, resolve),
    );
    if (path === undefined) this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.destroy();
    if (server !== null) await new Promise((resolve) => server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    this.peers.add(socket.remoteAddress ?? '');
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (data) => {
      this.requests.push(data.toString('latin1'));
      if (this.answer === 'reset') socket.resetAndDestroy();
      else if (this.answer !== null) socket.end(this.answer);
    });
  }
}

/** One backend whose servers are checked; lines of the log; results as they come. */
class World {
  readonly lines: string[] = [];
  readonly checked: CheckedServer[] = [];
  readonly backend: ControlledBackend;
  readonly control: ServerControl;
  readonly #shared: Shared;
  #checks: Checks | null = null;
  #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#shared = new Shared(allocateShared({ frontends: 1, backends: 1, servers: count, threads: 1 }), 0);
    this.backend = new ControlledBackend('be1', 0, this.#shared);
    this.control = new ServerControl(this.#shared, systemClock, (_backend, level, text) => this.lines.push(`${level} ${text}`));
  }

  add(
    target: Whereabouts,
    check: CheckModel | null,
    more: Partial<{ rise: number; fall: number; checkTimeoutMs: number }> = {},
  ): CheckedServer {
    const index = this.checked.length;
    const server = new ControlledServer(`srv${index + 1}`, this.backend, index, this.#shared);
    server.isChecked = true;
    server.rise = more.rise ?? 1;
    server.fall = more.fall ?? 1;
    this.control.start(server, { weight: 1, maxconn: 0, isDisabled: false });
    const timing = {
      interMs: INTER_MS,
      fastinterMs: null,
      downinterMs: null,
      connectTimeoutMs: 500,
      checkTimeoutMs: more.checkTimeoutMs ?? 500,
    };
    const checked = new CheckedServer(server, timing, targetOf(target), rulesetOf(check, null));
    this.checked.push(checked);
    return checked;
  }

  start(t: TestContext, concurrency = 100): Checks {
    const checks = startChecks({ control: this.control, servers: this.checked, concurrency, onResult: () => this.#wake() });
    this.#checks = checks;
    t.after(() => checks.stop());
    return checks;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  /** Resolves once `holds` is true after some result. The test's own time limit bounds it. */
  async until(holds: () => boolean): Promise<void> {
    assert.ok(this.#checks !== null);
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

test('an HTTP server that answers, fails, is gone, and comes back', { timeout: 10_000 }, async (t) => {
  const origin = new Origin();
  await origin.open();
  t.after(() => origin.close());
  const world = new World(1);
  world.backend.logsHealthChecks = true;
  const checked = world.add({ port: origin.port }, HTTP);
  world.start(t);
  await world.until(() => checked.result.status.code === 'L7OK');
  assert.equal(origin.requests[0], 'GET /s HTTP/1.0\r\n\r\n');
  assert.match(
    world.lines[0] as string,
    /^5 Health check for server be1\/srv1 succeeded, reason: Layer7 check passed, code: 200, check duration: \d+ms, status: 1\/1 UP\.$/,
  );
  origin.answer = 'HTTP/1.0 503 Busy\r\n\r\n';
  await world.until(() => checked.result.status.code === 'L7STS');
  assert.match(
    world.lines[1] as string,
    /failed, reason: Layer7 wrong status, code: 503, info: "Busy", check duration: \d+ms, status: 0\/1 DOWN\.$/,
  );
  assert.equal(
    world.lines[2],
    '1 Server be1/srv1 is DOWN. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
  );
  assert.equal(world.lines[3], '0 backend be1 has no server available!');
  assert.equal(world.control.running(checked.server), ServerRunning.stopped);
  await origin.close();
  await world.until(() => checked.result.status.code === 'L4CON');
  assert.match(
    world.lines[4] as string,
    /failed, reason: Layer4 connection problem, info: "Connection refused", check duration: \d+ms, status: 0\/1 DOWN\.$/,
  );
  origin.answer = 'HTTP/1.0 200 OK\r\n\r\n';
  await origin.open();
  await world.until(() => checked.result.status.code === 'L7OK');
  assert.equal(world.lines.at(-1), '5 Server be1/srv1 is UP. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.');
});

test('silence, a reset, nonsense', { timeout: 10_000 }, async (t) => {
  const origin = new Origin();
  origin.answer = null;
  await origin.open();
  t.after(() => origin.close());
  const world = new World(1);
  const checked = world.add({ port: origin.port }, HTTP, { checkTimeoutMs: 40 });
  world.start(t);
  await world.until(() => checked.result.status.code === 'L7TOUT');
  assert.ok(checked.durationMs >= 39 && checked.durationMs < 1000, `${checked.durationMs}`);
  assert.match(world.lines[0] as string, /^1 Server be1\/srv1 is DOWN, reason: Layer7 timeout, check duration: \d+ms\. 0 active/);
  origin.answer = 'reset';
  await world.until(() => checked.result.status.code === 'SOCKERR');
  assert.equal(checked.result.info, 'Connection reset by peer');
  origin.answer = 'hello';
  await world.until(() => checked.result.status.code === 'L7RSP');
  origin.answer = '';
  const before = checked.checks;
  await world.until(() => checked.checks > before + 1);
  assert.equal(checked.result.status.code, 'L7RSP', 'closed without an answer');
});

test('a TCP check only connects, from its source address, and closes', { timeout: 10_000 }, async (t) => {
  const origin = new Origin();
  await origin.open();
  t.after(() => origin.close());
  const world = new World(2);
  const checked = world.add({ port: origin.port, localAddress: '127.0.0.77' }, null, { rise: 2, fall: 2 });
  const bad = world.add({ port: origin.port, localAddress: '192.0.2.1' }, null);
  world.start(t);
  await world.until(() => checked.checks >= 3 && bad.checks > 0);
  assert.equal(checked.result.status.code, 'L4OK');
  assert.deepEqual([...origin.peers], ['127.0.0.77']);
  assert.deepEqual(origin.requests, []);
  assert.deepEqual([bad.result.status.code, bad.result.info], ['SOCKERR', 'Cannot assign requested address']);
  await origin.close();
  await world.until(() => world.lines.some((line) => line.includes('srv1 is DOWN')));
  assert.match(
    world.lines.at(-2) as string,
    /^1 Server be1\/srv1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: \d+ms\. /,
  );
});

test('UNIX sockets by path and by abstract name', { timeout: 10_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hw-check-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const paths = [join(folder, 's'), `\0hawser-check-${process.pid}`];
  const world = new World(3);
  for (const path of paths) {
    const origin = new Origin();
    await origin.open(path);
    t.after(() => origin.close());
    world.add({ path }, HTTP);
  }
  const missing = world.add({ path: join(folder, 'none') }, HTTP);
  world.start(t);
  await world.until(() => world.checked.every((checked) => checked.checks > 0));
  assert.deepEqual(
    world.checked.map((checked) => checked.result.status.code),
    ['L7OK', 'L7OK', 'L4CON'],
  );
  assert.equal(missing.result.info, 'No such file or directory');
});

test('no more checks at once than allowed, and all get their turn', { timeout: 10_000 }, async (t) => {
  const origin = new Origin();
  origin.answer = null;
  await origin.open();
  t.after(() => origin.close());
  const world = new World(40);
  for (let n = 0; n < 40; n++) world.add({ port: origin.port }, HTTP, { checkTimeoutMs: 10 });
  const checks = world.start(t, 7);
  let most = 0;
  await world.until(() => {
    most = Math.max(most, checks.running);
    return world.checked.every((checked) => checked.checks >= 2);
  });
  assert.ok(most <= 7 && most > 1, `${most}`);
});

test('maintenance and disabled health pause the checks; what is removed is never checked again', { timeout: 10_000 }, async (t) => {
  const origin = new Origin();
  await origin.open();
  t.after(() => origin.close());
  const world = new World(3);
  for (let n = 0; n < 3; n++) world.add({ port: origin.port }, HTTP);
  const [one, two, three] = world.checked as [CheckedServer, CheckedServer, CheckedServer];
  const checks = world.start(t);
  await world.until(() => world.checked.every((checked) => checked.checks > 0));
  world.control.maintain(one.server);
  checks.remove(two);
  // A result of a check that was under way may still come for `one`.
  const before = [two.checks, three.checks];
  await world.until(() => three.checks >= (before[1] as number) + 2);
  const paused = one.checks;
  await world.until(() => three.checks >= (before[1] as number) + 5);
  assert.deepEqual([one.checks, two.checks], [paused, before[0]]);
  world.control.ready(one.server);
  await world.until(() => one.checks > paused);
});

test('stopping leaves no connection', { timeout: 10_000 }, async (t) => {
  const origin = new Origin();
  origin.answer = null;
  await origin.open();
  t.after(() => origin.close());
  const world = new World(5);
  for (let n = 0; n < 5; n++) world.add({ port: origin.port }, HTTP, { checkTimeoutMs: 5000 });
  const checks = world.start(t);
  while (origin.requests.length < 5) await new Promise((resolve) => setImmediate(resolve));
  await checks.stop();
  assert.equal(checks.running, 0);
  const open = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap');
  // The accepting halves of this process are still open, ours are not.
  assert.ok(open.length <= 5, open.join());
  assert.deepEqual(world.lines, []);
});

test('the agenda hands out what is due, earliest first', () => {
  const agenda = new Agenda<number>();
  const times = Array.from({ length: 500 }, (_, n) => (n * 7919) % 1000);
  for (const time of times) agenda.add(time, time);
  const due: number[] = [];
  for (let time = agenda.takeDue(499); time !== null; time = agenda.takeDue(499)) due.push(time);
  assert.deepEqual(
    due,
    times.filter((time) => time <= 499).sort((a, b) => a - b),
  );
  assert.equal(agenda.size, times.length - due.length);
  assert.ok(agenda.nextMs > 499);
});
