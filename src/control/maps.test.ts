/** Maps and pattern files in use: changes, versions, and moving to larger memory while other threads hold the old one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PatternKind } from '../rules/patterns/pattern-index.ts';
import type { PatternSet, SetBuffers } from '../rules/patterns/patterns.ts';
import { PatternStore, ThreadPatterns, valueText } from '../rules/patterns/store.ts';
import { EVERY_COMMIT, KEPT_VERSIONS } from '../rules/patterns/versions.ts';
import { MapControl } from './maps.ts';

const FILES: Readonly<Record<string, string>> = {
  'm.map': '/a alpha\n/ab beta\n# no\n/a second\n',
  'l.lst': '10.0.0.0/8\n192.0.2.1\n',
};

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

class World {
  readonly store = new PatternStore((path) => bytesOf(FILES[path] as string), true);
  readonly published: SetBuffers[] = [];
  readonly control = new MapControl(
    this.store,
    1,
    (set) => this.published.push(set),
    (commits) => {
      this.commits = commits;
    },
  );
  /** What a stream that begins now takes with it. */
  commits = 0;
  readonly thread = new ThreadPatterns(this.store);

  set(name: string, isMap: boolean): PatternSet {
    return this.thread.open({ name, isMap, kind: PatternKind.exact, fold: false }).set;
  }

  /** What the thread finds for a stream that began behind so many commits. */
  find(set: PatternSet, key: string, commits = this.commits): string | null {
    set.entries.see(commits);
    const entry = set.findKey(bytesOf(key), 0, key.length);
    return entry < 0 ? null : valueText(set, entry);
  }

  /** A new version with one value for all keys. */
  commit(name: string, value: string, ...keys: string[]): void {
    const version = this.control.prepare(name) as number;
    for (const key of keys) assert.equal(this.control.add(name, key, value, version), null);
    assert.equal(this.control.commit(name, version), null);
  }

  add(set: PatternSet, key: string, value: string): boolean {
    const bytes = bytesOf(key + value);
    return set.add(bytes, 0, key.length, key.length, bytes.length);
  }
}

test('what a file holds; add, set, delete, clear', () => {
  const world = new World();
  world.set('m.map', true);
  const { control } = world;
  const list = control.show('m.map') ?? [];
  assert.deepEqual(
    list.map(({ key, value }) => `${key}=${value}`),
    ['/a=alpha', '/ab=beta', '/a=second'],
  );
  assert.equal(control.add('m.map', '/c', 'gamma'), null);
  assert.equal(control.set('m.map', '/ab', 'BETA'), null);
  assert.equal(control.get('m.map', '/ab')?.value, 'BETA');
  assert.equal(control.delete('m.map', '/a'), null);
  assert.deepEqual(
    control.show('m.map')?.map(({ key }) => key),
    ['/ab', '/c'],
  );
  assert.match(control.delete('m.map', '/a') ?? '', /no key '\/a'/);
  assert.match(control.set('m.map', '/zz', 'x') ?? '', /no key/);
  assert.match(control.add('m.map', '/d', null) ?? '', /is a map/);
  assert.match(control.add('none.map', '/d', 'x') ?? '', /no map or pattern file/);
  assert.equal(control.clear('m.map'), null);
  assert.deepEqual(control.show('m.map'), []);
});

test('a pattern that can not be one is refused with the reason', () => {
  const world = new World();
  world.thread.open({ name: 'l.lst', isMap: false, kind: PatternKind.address, fold: false });
  assert.match(world.control.add('l.lst', 'no address!', null) ?? '', /is not an IP address/);
  assert.equal(world.control.add('l.lst', '2001:db8::/32', null), null);
});

test('a version is filled unseen and counts at once when it is committed', () => {
  const world = new World();
  const set = world.set('m.map', true);
  const { control } = world;
  const version = control.prepare('m.map') as number;
  assert.equal(control.add('m.map', '/new', 'n', version), null);
  assert.equal(world.find(set, '/new'), null);
  assert.equal(control.show('m.map', version)?.length, 1);
  const before = world.commits;
  assert.equal(control.commit('m.map', version), null);
  assert.equal(world.find(set, '/new'), 'n');
  assert.equal(world.find(set, '/a'), null);
  assert.equal(world.find(set, '/new', before), null, 'a stream that runs already');
  assert.equal(world.find(set, '/a', before), 'alpha');
  assert.deepEqual(
    control.show('m.map')?.map((entry) => entry.key),
    ['/new'],
  );
  assert.match(control.commit('m.map', 99) ?? '', /no version 99/);
});

test('a set that runs full moves; what changes meanwhile is carried over', () => {
  const world = new World();
  const set = world.set('m.map', true);
  const { capacity } = set.entries;
  for (let n = 0; n < capacity * 0.8; n++) assert.ok(world.add(set, `key${n}`, `value${n}`));
  for (let n = 0; n < 100; n++) set.delete(bytesOf(`key${n}`), 0, `key${n}`.length);
  world.control.maintain();
  const moved = world.published[0] as SetBuffers;
  assert.ok(world.add(set, 'late', 'one'), 'the thread has not heard yet');
  assert.equal(set.delete(bytesOf('key500'), 0, 6), 1);
  const later = bytesOf('key501other');
  assert.ok(set.set(later, 0, 6, 6, later.length));
  world.thread.adopt(moved);
  world.control.adopted(moved.name, moved.version);
  assert.ok(set.findKey(bytesOf('late'), 0, 4) >= 0);
  assert.equal(set.findKey(bytesOf('key500'), 0, 6), -1);
  assert.equal(set.findKey(bytesOf('key5'), 0, 4), -1);
  assert.equal(world.control.get('m.map', 'key501')?.value, 'other');
  assert.equal(world.control.get('m.map', 'key900')?.value, 'value900');
  assert.ok(set.entries.capacity > capacity);
});

test('a stream sees the version it began with, behind several commits; then the oldest there is', () => {
  const world = new World();
  const set = world.set('m.map', true);
  const last = 3 * KEPT_VERSIONS;
  for (let number = 1; number <= last; number++) world.commit('m.map', `v${number}`, '/a');
  for (let began = 0; began <= last; began++) {
    assert.equal(world.find(set, '/a', began), `v${Math.max(began, last - KEPT_VERSIONS)}`, `began behind commit ${began}`);
  }
});

test('commits of another set change nothing', () => {
  const world = new World();
  const set = world.set('m.map', true);
  world.thread.open({ name: 'l.lst', isMap: false, kind: PatternKind.exact, fold: false });
  world.commit('m.map', 'one', '/a');
  const began = world.commits;
  for (let number = 0; number < 3 * KEPT_VERSIONS; number++)
    assert.equal(world.control.commit('l.lst', world.control.prepare('l.lst') as number), null);
  assert.equal(world.find(set, '/a', began), 'one');
  assert.equal(world.find(set, '/a'), 'one');
});

test('a key is found however often it was deleted, set or committed', () => {
  const world = new World();
  const set = world.set('m.map', true);
  for (let turn = 0; turn < 1000; turn++) {
    assert.equal(world.find(set, '/k'), null);
    assert.ok(world.add(set, '/k', `turn${turn}`));
    assert.equal(world.find(set, '/k'), `turn${turn}`);
    assert.equal(set.delete(bytesOf('/k'), 0, 2), 1);
  }
  for (let turn = 0; turn < 300; turn++) {
    world.commit('m.map', `turn${turn}`, '/k', '/a');
    assert.equal(world.find(set, '/k'), `turn${turn}`);
    assert.equal(world.find(set, '/k', world.commits - 1), turn === 0 ? null : `turn${turn - 1}`);
  }
});

test('a set that moves takes the version along that running streams see', () => {
  const world = new World();
  const set = world.set('m.map', true);
  const keys = Array.from({ length: 20_000 }, (_, n) => `key${n}`);
  world.commit('m.map', 'old', ...keys);
  const began = world.commits;
  world.commit('m.map', 'new', '/a', ...keys.slice(0, 10));
  world.control.maintain();
  const moved = world.published[0] as SetBuffers;
  assert.equal(world.find(set, 'key7'), 'new');
  // On the old memory yet; what it changes comes along.
  const changed = bytesOf('key8mine');
  set.entries.see(began);
  assert.ok(set.set(changed, 0, 4, 4, changed.length));
  world.thread.adopt(moved);
  world.control.adopted(moved.name, moved.version);
  assert.equal(world.find(set, 'key7', began), 'old');
  assert.equal(world.find(set, 'key8', began), 'mine');
  assert.equal(world.find(set, 'key8'), 'new');
  assert.equal(world.find(set, 'key11', began), 'old');
  assert.equal(world.find(set, 'key11'), null);
});

test('a commit while the set moves: control shows it at once, threads see it when all of them have the new memory', () => {
  const world = new World();
  const set = world.set('m.map', true);
  const { control } = world;
  for (let n = 0; n < 20_000; n++) assert.ok(world.add(set, `key${n}`, 'old'));
  const version = control.prepare('m.map') as number;
  control.maintain();
  const moved = world.published[0] as SetBuffers;
  assert.equal(control.add('m.map', 'key1', 'new', version), null);
  assert.equal(control.commit('m.map', version), null);
  assert.equal(control.get('m.map', 'key1')?.value, 'new');
  assert.equal(control.add('m.map', 'key2', 'new'), null);
  assert.equal(control.list()[0]?.currentVersion, version);
  assert.equal(world.commits, 0);
  assert.equal(world.find(set, 'key1', EVERY_COMMIT), 'old');
  world.thread.adopt(moved);
  assert.equal(world.find(set, 'key1', EVERY_COMMIT), 'old');
  control.adopted(moved.name, moved.version);
  assert.equal(world.commits, 1);
  assert.equal(world.find(set, 'key1'), 'new');
  assert.equal(world.find(set, 'key2'), 'new');
  assert.equal(world.find(set, 'key3'), null);
  assert.equal(world.find(set, 'key3', 0), 'old');
});

test('no room: the change is refused and counted', () => {
  const world = new World();
  const set = world.set('m.map', true);
  let added = 0;
  while (added < 100_000 && world.add(set, `key${added}`, '')) added++;
  assert.ok(added < 100_000);
  assert.equal(world.control.list()[0]?.refused, 1);
  world.control.maintain();
  world.thread.adopt(world.published[0] as SetBuffers);
  world.control.adopted('m.map', 2);
  assert.ok(world.add(set, 'more', ''));
});
