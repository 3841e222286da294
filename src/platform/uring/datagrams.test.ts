/** Datagrams in sends of several: what arrives, in which order, and what happens where the kernel does not cut. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { within } from '../../../test/support/wait.ts';
import { Family, newAddress, type SocketAddress } from '../../base/address.ts';
import { type Block, type Memory, plainMemory } from '../../base/memory.ts';
import { area, setsockopt } from '../ffi.ts';
import { datagramSocket } from '../sockets.ts';
import { KIND_IGNORED, UringCore } from './core.ts';
import { UringDatagrams } from './datagrams.ts';
import { openRing } from './ring.ts';

const SOL_SOCKET = 1;
/** Without checksums the kernel cuts nothing. */
const SO_NO_CHECK = 11;

/** A sender on a ring of its own, whose blocks are counted. */
class Bench {
  readonly memory: Memory = plainMemory({ blocks: 8, notes: 0, statics: 0 });
  readonly core: UringCore;
  readonly sender: UringDatagrams;
  readonly block: Block = this.memory.take();
  /** Lines that were given back. */
  back = 0;
  completions = 0;
  #at = this.memory.base(this.block);

  constructor(descriptor: number, cuts = true) {
    const ring = openRing();
    assert.ok(typeof ring !== 'number');
    this.core = new UringCore(ring, this.memory, 4);
    this.sender = new UringDatagrams(this.core, { onBlockSent: () => void this.back++ }, descriptor, cuts, 0, 0);
  }

  /** Lines behind each other in one block. */
  send(...lines: string[]): void {
    for (const line of lines) {
      const end = this.#at + Buffer.from(this.memory.bytes.buffer).write(line, this.#at, 'latin1');
      this.sender.send(this.block, this.#at, end);
      this.#at = end;
    }
  }

  /** Submits and delivers until nothing is under way. */
  turn(): void {
    const { ring } = this.core;
    const { words, completionHead, completionTail, completionMask, completions } = ring;
    do {
      ring.enter(0);
      while (words[completionHead] !== words[completionTail]) {
        const head = words[completionHead] as number;
        const at = completions + ((head & completionMask) << 2);
        words[completionHead] = (head + 1) | 0;
        if ((words[at + 1] as number) === KIND_IGNORED) continue;
        this.completions++;
        this.sender.complete(words[at + 2] as number);
      }
    } while (this.sender.busy);
  }

  close(): void {
    this.sender.close();
    this.turn();
    assert.equal(this.sender.closed, true);
    assert.equal(this.core.slices.used, 0);
    this.core.ring.enter(0);
    this.core.ring.close();
  }
}

function loopback(port: number): SocketAddress {
  const address = newAddress();
  address.family = Family.inet;
  address.ip.set([127, 0, 0, 1]);
  address.port = port;
  return address;
}

/** A receiver, and what comes to it. */
async function receiver(t: TestContext): Promise<{ port: number; until: (count: number) => Promise<string[]> }> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const lines: string[] = [];
  let wake = (): void => {};
  socket.on('message', (line) => {
    lines.push(line.toString('latin1'));
    wake();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const until = async (count: number): Promise<string[]> => {
    while (lines.length < count)
      await within(new Promise<void>((resolve) => (wake = resolve)), `${count} lines, there are ${lines.length}`);
    return lines;
  };
  return { port: socket.address().port, until };
}

const line = (letter: string, length: number): string => letter.repeat(length);

test('lines of one length and a shorter one leave in one send, each arrives by itself', async (t) => {
  const { port, until } = await receiver(t);
  const bench = new Bench(datagramSocket(loopback(port), 0));
  const lines = [line('a', 300), line('b', 300), line('c', 300), line('d', 200), line('e', 210), line('f', 210), line('g', 1)];
  bench.send(...lines);
  assert.equal(bench.sender.held, 7);
  bench.sender.flush();
  assert.equal(bench.sender.held, 0);
  bench.turn();
  assert.deepEqual(await until(7), lines);
  assert.equal(bench.completions, 2);
  assert.equal(bench.back, 7);
  assert.equal(bench.sender.dropped, 0);
  bench.close();
});

test('a line that is longer than the one before it and a very long one begin a send', async (t) => {
  const { port, until } = await receiver(t);
  const bench = new Bench(datagramSocket(loopback(port), 0));
  const lines = [line('a', 5), line('b', 6), line('c', 7), line('d', 1300), line('e', 1300), line('f', 20), line('g', 20)];
  bench.send(...lines);
  bench.sender.flush();
  bench.turn();
  assert.deepEqual(await until(7), lines);
  assert.equal(bench.completions, 6);
  bench.close();
});

test('thirty-two lines leave by themselves; more than the descriptions of sends go one by one', async (t) => {
  const { port, until } = await receiver(t);
  const bench = new Bench(datagramSocket(loopback(port), 0));
  const lines = Array.from({ length: 32 }, (_, index) => line(String.fromCharCode(65 + index), 40));
  bench.send(...lines);
  assert.equal(bench.sender.held, 0);
  bench.turn();
  assert.deepEqual(await until(32), lines);
  assert.equal(bench.completions, 1);
  const pairs = Array.from({ length: 80 }, (_, index) => line(index % 2 === 0 ? 'x' : 'y', 50 + (index >> 1)));
  bench.send(...pairs);
  bench.sender.flush();
  bench.turn();
  assert.deepEqual((await until(112)).slice(32), pairs);
  assert.equal(bench.completions, 1 + 32 + 16);
  bench.close();
});

test('where the kernel does not cut, every line is sent by itself, then and later', async (t) => {
  const { port, until } = await receiver(t);
  const descriptor = datagramSocket(loopback(port), 0);
  const on = area(4);
  on.words[0] = 1;
  assert.equal(setsockopt(descriptor, SOL_SOCKET, SO_NO_CHECK, on.pointer, 4), 0);
  const bench = new Bench(descriptor);
  const lines = [line('a', 30), line('b', 30), line('c', 30)];
  bench.send(...lines);
  bench.sender.flush();
  bench.turn();
  assert.deepEqual(await until(3), lines);
  assert.equal(bench.completions, 1 + 3);
  bench.send('later');
  assert.equal(bench.sender.held, 0);
  bench.turn();
  assert.deepEqual((await until(4)).at(-1), 'later');
  assert.deepEqual([bench.back, bench.sender.dropped], [4, 0]);
  bench.close();
});

test('lines that nobody takes are dropped and counted, their blocks come back', async (t) => {
  const { port, until } = await receiver(t);
  const gone = createSocket('udp4').bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const nobody = gone.address().port;
  gone.close();
  await once(gone, 'close');
  const bench = new Bench(datagramSocket(loopback(nobody), 0));
  for (let turn = 0; turn < 4; turn++) {
    bench.send(line('a', 30), line('b', 30));
    bench.sender.flush();
    bench.turn();
  }
  assert.equal(bench.back, 8);
  assert.ok(bench.sender.dropped > 0);
  bench.close();
  const nowhere = new Bench(-1);
  nowhere.send('lost');
  assert.deepEqual([nowhere.back, nowhere.sender.dropped], [0, 1]);
  nowhere.close();
  await until(0);
  assert.ok(port > 0);
});

test('more lines than may wait are dropped; what was taken arrives', async (t) => {
  const { port, until } = await receiver(t);
  const bench = new Bench(datagramSocket(loopback(port), 0));
  const count = 1024 + 8;
  // Eight bytes each: well below what a receiver keeps by default in space for 1,024 of them is not certain, so they are read between.
  for (let index = 0; index < 1024; index += 64) {
    bench.send(...Array.from({ length: 64 }, (_, at) => String(index + at).padStart(8, '0')));
    bench.turn();
    await until(index + 64);
  }
  assert.equal(bench.sender.dropped, 0);
  bench.send(...Array.from({ length: count }, (_, at) => String(at).padStart(4, '0')));
  assert.equal(bench.sender.dropped, 8);
  bench.turn();
  bench.close();
});

test('what is held when the host stops or the sender is closed still leaves', async (t) => {
  const { port, until } = await receiver(t);
  const stopped = new Bench(datagramSocket(loopback(port), 0));
  stopped.send('one', 'two', 'three');
  stopped.sender.abandon();
  assert.equal(stopped.back, 3);
  stopped.turn();
  stopped.core.ring.close();
  const closed = new Bench(datagramSocket(loopback(port), 0));
  closed.send('four', 'five');
  closed.close();
  assert.deepEqual(await until(5), ['one', 'two', 'three', 'four', 'five']);
  assert.equal(closed.sender.send(closed.block, 0, 1), true);
  assert.equal(closed.sender.dropped, 1);
});
