/** What every picker must hold to: full servers, backups, servers to be avoided, and how load is shared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Backend, Server, type ServerPicker, Session, Stream } from '../state/records.ts';
import { allocateShared, BackendLive, ServerAdmin, ServerLive, ServerRunning, Shared, type SharedBuffers } from '../state/shared.ts';
import { algorithms, balanceProblem, makePicker } from './algorithms.ts';
import { releaseTurnLock } from './turns.ts';
import { connectionLimit, hasRoom, isReachable, takesTraffic } from './usable.ts';

class World {
  readonly buffers: SharedBuffers;
  readonly shared: Shared;
  readonly live: Int32Array;
  readonly backend: Backend;

  constructor(weights: readonly number[], backups = 0) {
    this.buffers = allocateShared({ frontends: 1, backends: 1, servers: weights.length, threads: 3 });
    this.shared = new Shared(this.buffers, 0);
    this.live = this.shared.live;
    this.backend = new Backend('b', 0, this.shared);
    weights.forEach((weight, index) => {
      const server = new Server(`s${index + 1}`, this.backend, index, this.shared);
      server.id = index + 1;
      server.isBackup = index >= weights.length - backups;
      this.backend.servers.push(server);
      this.put(index + 1, ServerLive.running, ServerRunning.running);
      this.put(index + 1, ServerLive.weight, weight * 256);
    });
  }

  /** Sets a live value of server `id` and tells the pickers. */
  put(id: number, cell: number, value: number): void {
    this.live[(this.backend.servers[id - 1] as Server).live + cell] = value;
    Atomics.add(this.live, this.backend.live + BackendLive.version, 1);
  }

  picker(algorithm: string | null): ServerPicker {
    return makePicker(this.backend, this.shared, algorithm);
  }
}

const stream = new Stream();
stream.session = new Session();
stream.session.source.family = 4;
stream.session.source.ip.set([127, 0, 0, 9]);

function share(picker: ServerPicker, count: number): number[] {
  const counts: number[] = [];
  for (let n = 0; n < count; n++) {
    const id = picker.pick(stream, null)?.id ?? 0;
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return Array.from(counts, (value) => value ?? 0);
}

for (const { name } of algorithms) {
  test(`${name}: only usable servers, backups last`, () => {
    const world = new World([1, 1, 1, 1, 1], 2);
    const picker = world.picker(name);
    const seen = (): string => [...new Set(Array.from({ length: 60 }, () => picker.pick(stream, null)?.name ?? '-'))].sort().join(' ');
    world.put(1, ServerLive.running, ServerRunning.stopped);
    world.put(2, ServerLive.admin, ServerAdmin.drain);
    assert.equal(seen(), 's3');
    world.put(3, ServerLive.weight, 0);
    assert.equal(seen(), 's4', 'the first backup server');
    world.backend.allBackups = true;
    world.put(3, ServerLive.admin, ServerAdmin.maintenance);
    assert.match(seen(), name === 'source' || name === 'first' ? /^s[45]$/ : /^s4 s5$/, 'all of them');
    world.put(4, ServerLive.running, ServerRunning.stopping);
    assert.equal(seen(), 's5');
    world.put(5, ServerLive.running, ServerRunning.stopped);
    assert.equal(seen(), '-');
    world.put(1, ServerLive.running, ServerRunning.starting);
    assert.equal(seen(), 's1');
  });
}

for (const name of ['roundrobin', 'static-rr', 'leastconn', 'first']) {
  test(`${name}: full servers are passed over, all full is none`, () => {
    const world = new World([100, 1, 1]);
    const picker = world.picker(name);
    for (const id of [1, 2, 3]) world.put(id, ServerLive.maxconn, 5);
    world.put(1, ServerLive.current, 5);
    world.put(3, ServerLive.queued, 1);
    for (let n = 0; n < 10; n++) assert.equal(picker.pick(stream, null)?.id, 2);
    world.put(2, ServerLive.current, 5);
    assert.equal(picker.pick(stream, null), null);
    world.put(1, ServerLive.current, 4);
    assert.equal(picker.pick(stream, null)?.id, 1);
  });
}

for (const name of ['roundrobin', 'static-rr', 'leastconn', 'first', 'random']) {
  test(`${name}: the server to be avoided is taken only if it is the last`, () => {
    const world = new World([1, 1]);
    const picker = world.picker(name);
    const [one, two] = world.backend.servers as [Server, Server];
    for (let n = 0; n < 8; n++) assert.equal(picker.pick(stream, one), two);
    world.put(2, ServerLive.running, ServerRunning.stopped);
    assert.equal(picker.pick(stream, one), one);
  });
}

test('leastconn goes by load for the weight and takes turns among equals', () => {
  const world = new World([1, 1, 2]);
  const picker = world.picker('leastconn');
  assert.deepEqual(share(picker, 9), [0, 3, 3, 3]);
  for (const [id, current] of [
    [1, 4],
    [2, 3],
    [3, 5],
  ] as const)
    world.put(id, ServerLive.current, current);
  assert.equal(picker.pick(stream, null)?.id, 3, '5 of weight 2 is less than 3 of weight 1');
  world.put(3, ServerLive.queued, 2);
  assert.equal(picker.pick(stream, null)?.id, 2);
});

test('first fills the lowest id first', () => {
  const world = new World([1, 1, 1]);
  for (const [index, id] of [30, 10, 20].entries()) (world.backend.servers[index] as Server).id = id;
  for (const id of [1, 2, 3]) world.put(id, ServerLive.maxconn, 1);
  const picker = world.picker('first');
  assert.equal(picker.pick(stream, null)?.id, 10);
  world.put(2, ServerLive.current, 1);
  assert.equal(picker.pick(stream, null)?.id, 20);
});

test('random draws by weight and prefers the less loaded', () => {
  const world = new World([3, 1, 2]);
  const drawn = share(makePicker(world.backend, world.shared, 'random(1)'), 12_000);
  for (const [id, wanted] of [
    [1, 6000],
    [2, 2000],
    [3, 4000],
  ] as const) {
    assert.ok(Math.abs((drawn[id] as number) - wanted) < 350, `server ${id}: ${drawn[id]} of ${wanted}`);
  }
  world.put(1, ServerLive.current, 1000);
  const loaded = share(world.picker(null), 12_000);
  assert.ok((loaded[1] as number) < 12_000 * 0.3, `drawn twice: ${loaded}`);
});

test('roundrobin shares exactly whatever the weights, from any number of threads', async () => {
  const weights = [256, 1, 77, 33, 5];
  const world = new World(weights);
  const sum = weights.reduce((a, b) => a + b);
  const job = `
    const { workerData: { buffers, weights, count, thread }, parentPort } = require('node:worker_threads');
    Promise.all([import(${JSON.stringify(new URL('../state/shared.ts', import.meta.url).href)}), import(${JSON.stringify(new URL('../state/records.ts', import.meta.url).href)}), import(${JSON.stringify(new URL('algorithms.ts', import.meta.url).href)})]).then(([{ Shared }, { Backend, Server }, { makePicker }]) => {
      const shared = new Shared(buffers, thread);
      const backend = new Backend('b', 0, shared);
      weights.forEach((_, index) => backend.servers.push(Object.assign(new Server('s', backend, index, shared), { id: index + 1 })));
      const picker = makePicker(backend, shared, 'roundrobin');
      const counts = weights.map(() => 0);
      for (let n = 0; n < count; n++) counts[picker.pick(null, null).id - 1]++;
      parentPort.postMessage(counts);
    });`;
  const run = (thread: number): Promise<number[]> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(job, { eval: true, workerData: { buffers: world.buffers, weights, count: sum * 50, thread } });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  const [one, two] = (await Promise.all([run(1), run(2)])) as [number[], number[]];
  assert.deepEqual(
    one.map((count, at) => count + (two[at] as number)),
    weights.map((weight) => weight * 100),
  );
});

test('roundrobin goes on without a thread that died with the lock, and exactly once the lock is freed', () => {
  const world = new World([1, 1, 1]);
  const picker = world.picker('roundrobin');
  assert.deepEqual(share(picker, 3), [0, 1, 1, 1]);
  world.live[world.backend.live + BackendLive.turnLock] = 3;
  assert.deepEqual(share(picker, 30), [0, 10, 10, 10]);
  releaseTurnLock(world.live, world.backend.live, 1);
  assert.equal(world.live[world.backend.live + BackendLive.turnLock], 3, 'not the one that died');
  releaseTurnLock(world.live, world.backend.live, 2);
  assert.deepEqual(share(picker, 30), [0, 10, 10, 10]);
  assert.equal(world.live[world.backend.live + BackendLive.turnLock], 0);
});

test('usable, reachable, room', () => {
  const world = new World([1]);
  const server = world.backend.servers[0] as Server;
  const at = server.live;
  const states = (): boolean[] => [takesTraffic(world.live, at), isReachable(world.live, at)];
  assert.deepEqual(states(), [true, true]);
  world.put(1, ServerLive.weight, 0);
  assert.deepEqual(states(), [false, true]);
  world.put(1, ServerLive.weight, 256);
  world.put(1, ServerLive.admin, ServerAdmin.drain);
  assert.deepEqual(states(), [false, true]);
  world.put(1, ServerLive.admin, ServerAdmin.maintenanceInherited);
  assert.deepEqual(states(), [false, false]);
  world.put(1, ServerLive.admin, 0);
  world.put(1, ServerLive.running, ServerRunning.stopping);
  assert.deepEqual(states(), [false, true]);
  world.put(1, ServerLive.maxconn, 100);
  server.minconn = 10;
  world.backend.fullconn = 1000;
  assert.equal(connectionLimit(world.live, server), 10);
  world.live[world.backend.live + BackendLive.current] = 500;
  assert.equal(connectionLimit(world.live, server), 50);
  world.live[world.backend.live + BackendLive.current] = 2000;
  assert.equal(connectionLimit(world.live, server), 100);
  world.put(1, ServerLive.current, 100);
  assert.equal(hasRoom(world.live, server), false);
});

test('balance lines', () => {
  for (const { examples } of algorithms)
    for (const example of examples) {
      const [, name, ...words] = example.split(' ') as [string, string, ...string[]];
      assert.equal(balanceProblem(name, words), null, example);
    }
  assert.match(balanceProblem('roundrobbin', []) as string, /unknown algorithm 'roundrobbin', expected roundrobin, /);
  assert.match(balanceProblem('random(0)', []) as string, /wants a number of draws above 0, found '0'/);
  assert.match(balanceProblem('first', ['x']) as string, /takes no argument, found 'x'/);
});
