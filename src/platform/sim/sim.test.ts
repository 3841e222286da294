/** What only the simulator has: repetition by seed, virtual time, scripted peers, breaks, spoilt blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainMemory } from '../../base/memory.ts';
import { NEVER, Timer } from '../../base/timers.ts';
import { Close } from '../contract.ts';
import { Bench, Echo, loopback, Recorder, sendText } from '../suite.ts';
import { createSimHost, SimHost } from './host.ts';
import type { SimPeer } from './peer.ts';

function simBench(seed: number): { bench: Bench; host: SimHost } {
  const bench = new Bench('sim', { seed });
  assert.ok(bench.host instanceof SimHost);
  return { bench, host: bench.host };
}

function trace(seed: number): string {
  const { bench, host } = simBench(seed);
  const { address } = bench.serve(() => new Echo(bench));
  const peer = host.dial(address.port);
  const sizes: string[] = [];
  peer.onEvent = (): void => void sizes.push(`${peer.received.length}@${host.now()}`);
  peer.write(new Uint8Array(300_000).fill(1));
  peer.end();
  host.run(() => peer.ended);
  assert.equal(peer.received.length, 300_000);
  return sizes.join(' ');
}

test('the same seed gives the same run, another seed another', () => {
  assert.equal(trace(7), trace(7));
  assert.notEqual(trace(7), trace(8));
});

test('hours of virtual time pass in no time', () => {
  const host = createSimHost(1, { memory: plainMemory({ blocks: 4, notes: 1, statics: 1 }), maxWires: 4 });
  const wall = host.wallClock();
  const timer = new Timer({ onTimer(): void {} });
  host.timers.set(timer, 10 * 3_600_000);
  host.run(() => timer.deadline === NEVER);
  assert.ok(host.now() >= 36_000_000 && host.now() < 36_000_010);
  assert.ok(host.wallClock() - wall >= 36_000_000);
});

test('a scripted server meets back-pressure and a half-close', async () => {
  const { bench, host } = simBench(3);
  const peers: SimPeer[] = [];
  host.answer(80, (peer) => {
    peer.reading = false;
    peers.push(peer);
  });
  const client = new Recorder(bench);
  const wire = bench.connect(loopback('127.0.0.1', 80), client);
  host.run(() => client.opened === 1);
  for (let at = 0; at < 20; at++) sendText(bench, wire, 'x'.repeat(30_000));
  wire.finish();
  host.settle(100);
  assert.ok(wire.unsent > 5, 'the window is full');
  const peer = peers[0] as SimPeer;
  peer.read();
  host.run(() => peer.ended);
  assert.equal(peer.received.length, 600_000);
  peer.write('bye');
  peer.close();
  host.run(() => client.closes === 1);
  assert.equal(client.received, 3);
  assert.equal(client.reason, Close.end);
  await bench.close();
});

test('a broken connection is a reset for both sides; a peer may reset; a port may hang up', async () => {
  const { bench, host } = simBench(4);
  const servers: Recorder[] = [];
  const { address } = bench.serve(() => {
    const server = new Recorder(bench);
    servers.push(server);
    return server;
  });
  const client = new Recorder(bench);
  const wire = bench.connect(address, client);
  host.run(() => client.opened === 1 && servers.length === 1);
  host.break(wire);
  host.run(() => client.closes === 1 && servers[0]?.closes === 1);
  assert.equal(client.reason, Close.reset);
  assert.equal(servers[0]?.reason, Close.reset);
  const peer = host.dial(address.port);
  host.run(() => servers.length === 2);
  peer.reset();
  host.run(() => servers[1]?.closes === 1);
  assert.equal(servers[1]?.reason, Close.reset);
  host.hangUp(address.port);
  const late = new Recorder(bench);
  bench.connect(address, late);
  host.run(() => late.closes === 1);
  assert.equal(late.reason, Close.refused);
  await bench.close();
});

test('a block that was given back is spoilt, so using it later shows', async () => {
  const { bench, host } = simBench(5);
  let where = -1;
  const server = new Recorder(bench);
  const { address } = bench.serve(() => server);
  server.onData = (_wire, _block, start): boolean => {
    where = start;
    return false;
  };
  const peer = host.dial(address.port);
  peer.write('secret');
  host.run(() => where >= 0);
  host.settle(10);
  assert.equal(bench.memory.bytes[where], 0xdd);
  peer.close();
  host.settle(10);
  await bench.close();
});

test('a simulation that cannot go on says so', () => {
  const { host } = simBench(6);
  assert.throws(() => host.run(() => false), /stuck at 0 ms/);
});
