/**
 * Run by hosts.test.ts as a thread: an echo server that stops when it is told to and says which blocks are home. It listens
 * on the descriptor that its argument names, else on its own.
 */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { Bench, Echo, type HostName } from './suite.ts';

const port = parentPort;
assert.ok(port);
const bench = new Bench(workerData as HostName, { blocks: 64 });
const shared = process.argv[2];
const { descriptor, address } = shared === undefined ? bench.open() : { descriptor: Number(shared), address: null };
bench.host.listen(descriptor, () => new Echo(bench));
port.once('message', async () => {
  await bench.close();
  const { free, total } = bench.memory.blocks;
  port.postMessage({ free, total });
});
port.postMessage(address?.port);
