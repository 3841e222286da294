/** Variables: lifetimes, types, limits, and the process's from two threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainMemory } from '../../base/memory.ts';
import { Session, Stream } from '../../state/records.ts';
import { allocateShared, ProcessLive, Shared } from '../../state/shared.ts';
import { Scope, type VariableLimits } from '../../state/variables.ts';
import { Sample, SampleType } from '../sample.ts';
import { ThreadVariables, variableLimits } from './variables.ts';

const buffers = () => allocateShared({ frontends: 1, backends: 1, servers: 1, threads: 2 });

class World {
  readonly memory = plainMemory({ blocks: 64, notes: 1, statics: 4096 });
  readonly shared: Shared;
  readonly variables: ThreadVariables;
  readonly session = new Session();
  readonly sample: Sample;

  constructor(limits: VariableLimits = variableLimits({}), shared = new Shared(buffers(), 0)) {
    this.shared = shared;
    this.variables = new ThreadVariables(this.memory, shared, limits);
    this.session.variables.scope = Scope.session;
    this.sample = new Sample(this.memory);
  }

  stream(): Stream {
    const stream = new Stream();
    stream.session = this.session;
    this.variables.values.begin(this.session.variables, stream.variables, stream.messageVariables);
    return stream;
  }

  end(stream: Stream): void {
    this.variables.values.release(stream.messageVariables);
    this.variables.values.release(stream.variables);
  }

  set(name: string, text: string, stream: Stream): boolean {
    const at = this.memory.scratch();
    for (let i = 0; i < text.length; i++) this.memory.bytes[at + i] = text.charCodeAt(i);
    this.sample.setText(at, at + text.length);
    return this.variables.set(this.variables.resolve(name), this.sample, stream);
  }

  get(name: string, stream: Stream): string | null {
    if (!this.variables.get(this.variables.resolve(name), this.sample, stream)) return null;
    return this.memory.text(this.sample.start, this.sample.end);
  }
}

test('a variable lives as long as its scope', () => {
  const world = new World();
  const stream = world.stream();
  for (const name of ['proc.a', 'sess.a', 'txn.a', 'req.a']) assert.ok(world.set(name, name, stream), name);
  assert.equal(world.set('res.a', 'x', stream), false);
  for (const name of ['check.a', 'ptxn.a', 'psess.a']) assert.equal(world.set(name, 'x', stream), false, name);
  assert.equal(world.get('req.a', stream), 'req.a');
  world.variables.values.turn(stream.messageVariables);
  assert.equal(world.get('req.a', stream), null);
  assert.equal(world.get('res.a', stream), null);
  assert.ok(world.set('res.a', 'y', stream));
  assert.equal(world.get('txn.a', stream), 'txn.a');
  world.end(stream);
  const next = world.stream();
  assert.deepEqual(
    ['proc.a', 'sess.a', 'txn.a', 'req.a'].map((name) => world.get(name, next)),
    ['proc.a', 'sess.a', null, null],
  );
  world.end(next);
  world.variables.values.release(world.session.variables);
  assert.equal(world.memory.blocks.free, 64);
});

test('values grow, shrink and may come from the variable itself', () => {
  const world = new World();
  const stream = world.stream();
  const long = 'abcdefghij'.repeat(500);
  for (const text of ['a', long, '', 'short', `${long}${long}`]) {
    assert.ok(world.set('txn.a', text, stream));
    assert.equal(world.get('txn.a', stream), text);
  }
  // Its own tail: source and destination overlap.
  assert.ok(world.variables.get(world.variables.resolve('txn.a'), world.sample, stream));
  world.sample.start += 3;
  assert.ok(world.variables.set(world.variables.resolve('txn.a'), world.sample, stream));
  assert.equal(world.get('txn.a', stream), `${long}${long}`.slice(3));
  world.end(stream);
  assert.equal(world.memory.blocks.free, 64);
});

test('types are kept', () => {
  const world = new World();
  const stream = world.stream();
  const name = world.variables.resolve('txn.a');
  const { sample } = world;
  sample.setInt(-(2 ** 40));
  world.variables.set(name, sample, stream);
  sample.setBool(true);
  assert.ok(world.variables.get(name, sample, stream));
  assert.deepEqual([sample.type, sample.int], [SampleType.int, -(2 ** 40)]);
  sample.setIp(1, Uint8Array.of(10, 1, 2, 3));
  sample.type = SampleType.ipv4;
  world.variables.set(name, sample, stream);
  sample.ownIp.fill(0);
  assert.ok(world.variables.get(name, sample, stream));
  assert.deepEqual([sample.type, ...sample.ip.subarray(0, 4)], [SampleType.ipv4, 10, 1, 2, 3]);
  world.end(stream);
});

test('limits hold for a scope and for those below it; past one the variable is not set', () => {
  const world = new World(variableLimits({ 'tune.vars.txn-max-size': 200, 'tune.vars.global-max-size': 1000 }));
  const stream = world.stream();
  assert.ok(world.set('txn.a', 'x'.repeat(20), stream));
  assert.equal(world.set('req.b', 'x'.repeat(21), stream), false);
  assert.ok(world.set('req.b', 'x'.repeat(20), stream));
  assert.equal(world.set('txn.a', 'x'.repeat(21), stream), false);
  assert.equal(world.get('txn.a', stream), null);
  assert.ok(world.set('sess.c', 'x'.repeat(700), stream));
  assert.equal(world.set('sess.d', 'x'.repeat(100), stream), false);
  assert.equal(world.shared.live[ProcessLive.variables], 100 + 780);
  world.end(stream);
  world.variables.values.release(world.session.variables);
  assert.equal(world.shared.live[ProcessLive.variables], 0);
});

test('threads share the variables of the process, whatever order they name them in', () => {
  const shared = buffers();
  const one = new World(variableLimits({}), new Shared(shared, 0));
  const other = new World(variableLimits({}), new Shared(shared, 1));
  one.variables.resolve('proc.first');
  assert.ok(one.set('proc.second', 'from one', one.stream()));
  assert.equal(other.get('proc.second', other.stream()), 'from one');
  assert.equal(other.get('proc.first', other.stream()), null);
  assert.ok(other.set('proc.second', '', other.stream()));
  assert.equal(one.get('proc.second', one.stream()), '');
  assert.equal(one.set('proc.second', 'x'.repeat(5000), one.stream()), false);
  other.variables.unset(other.variables.resolve('proc.second'), other.stream());
  assert.equal(one.get('proc.second', one.stream()), null);
  assert.throws(() => {
    for (let at = 0; at < 200; at++) one.variables.resolve(`proc.n${at}`);
  }, /too many variables of the process/);
});

test('names that are none are refused', () => {
  const { variables } = new World();
  for (const name of ['', 'a', 'txn', 'txn.', 'foo.a', 'txn.a-b', 'txn.a b', '.a']) {
    assert.throws(() => variables.resolve(name), /invalid variable name/, name);
  }
});
