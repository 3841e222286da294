/** Run by hosts.test.ts in a process of its own: a host whose process has no descriptors left for what it is to accept. */
import { openSync } from 'node:fs';
import { area, getrlimit, setrlimit } from './ffi.ts';
import { Bench, Echo, type HostName, Recorder } from './suite.ts';

const RLIMIT_NOFILE = 7;
const CLIENTS = 10;
/** Descriptors that are left when the listener starts. */
const LEFT = 3;

const bench = new Bench(process.argv[2] as HostName);
let served = 0;
const { address, listener } = bench.serve(() => {
  served++;
  bench.poke();
  return new Echo(bench);
});
listener.pause();
await bench.pass(5);
const clients = Array.from({ length: CLIENTS }, () => {
  const client = new Recorder(bench);
  bench.connect(address, client);
  return client;
});
await bench.until('the clients', () => clients.every((client) => client.opened === 1));

const limits = area(16);
getrlimit(RLIMIT_NOFILE, limits.pointer);
const before = limits.words[0] as number;
limits.words[0] = openSync('/dev/null', 'r') + 1 + LEFT;
setrlimit(RLIMIT_NOFILE, limits.pointer);
listener.resume();
await bench.until('a rest', () => (bench.host.counters()['acceptRests'] as number) > 0);
limits.words[0] = before;
setrlimit(RLIMIT_NOFILE, limits.pointer);
await bench.until('everybody', () => served === CLIENTS);
console.log(`served ${served} after ${bench.host.counters()['acceptRests']} rests`);
await bench.close();
