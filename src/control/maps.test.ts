/** Maps and pattern files in use: changes, versions, and moving to larger memory while other threads hold the old one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PatternKind } from '../rules/patterns/pattern-index.ts';
import type { PatternSet, SetBuffers } from '../rules/patterns/patterns.ts';
import { PatternStore, ThreadPatterns } from '../rules/patterns/store.ts';
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
  readonly control = new MapControl(this.store, 1, (set) => this.published.push(set));
  readonly thread = new ThreadPatterns(this.store);

  set(name: string, isMap: boolean): PatternSet {
    return this.thread.open({ name, isMap, kind: PatternKind.exact, fold: false }).set;
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
  const key = bytesOf('/new');
  assert.equal(set.findKey(key, 0, 4), -1);
  assert.equal(control.show('m.map', version)?.length, 1);
  assert.equal(control.commit('m.map', version), null);
  assert.ok(set.findKey(key, 0, 4) >= 0);
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
