/** Datagrams of both hosts, in sends of several: what arrives, in which order, and what happens where the kernel does not cut. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { within } from '../../test/support/wait.ts';
import { Family, newAddress, type SocketAddress } from '../base/address.ts';
import { type Block, type Memory, plainMemory } from '../base/memory.ts';
import type { DatagramSender } from './contract.ts';
import { EpollCore } from './epoll/core.ts';
import { EpollDatagrams } from './epoll/datagrams.ts';
import { area, bind, close, read, setsockopt, socket } from './ffi.ts';
import { AF_INET, AF_UNIX, encodeSockaddr, SOCKADDR_BYTES } from './sockaddr.ts';
import { datagramSocket, lineSocket, SOCK_DGRAM, SOCK_NONBLOCK } from './sockets.ts';
import { KIND_IGNORED, UringCore } from './uring/core.ts';
import { UringDatagrams } from './uring/datagrams.ts';
import { openRing } from './uring/ring.ts';

const SOL_SOCKET = 1;
/** Without checksums the kernel cuts nothing. */
const SO_NO_CHECK = 11;

/** A sender whose blocks are counted, and lines that lie behind each other in one of them. */
abstract class Bench {
  readonly memory: Memory = plainMemory({ blocks: 8, notes: 0, statics: 0 });
  readonly block: Block = this.memory.take();
  /** Lines that were given back. */
  back = 0;
  protected readonly handler = { onBlockSent: (): void => void this.back++ };
  abstract readonly sender: DatagramSender & { readonly closed: boolean; abandon: () => void };
  #at = this.memory.base(this.block);

  /** Delivers until nothing is under way. */
  abstract turn(): void;
  /** Sends that the kernel has had so far, where they are known. */
  abstract get sends(): number | null;
  /** Places of lines that are still lent. */
  abstract get used(): number;

  send(...lines: string[]): void {
    for (const line of lines) {
      const end = this.#at + Buffer.from(this.memory.bytes.buffer).write(line, this.#at, 'latin1');
      if (this.sender.send(this.block, this.#at, end)) this.back++;
      this.#at = end;
    }
  }

  close(): void {
    this.sender.close();
    this.turn();
    assert.equal(this.sender.closed, true);
    assert.equal(this.used, 0);
    this.shut();
  }

  abstract shut(): void;
}

class OnUring extends Bench {
  readonly core: UringCore;
  readonly sender: UringDatagrams;
  #sends = 0;

  constructor(descriptor: number, address = loopback(0)) {
    super();
    const ring = openRing();
    assert.ok(typeof ring !== 'number');
    this.core = new UringCore(ring, this.memory, 4);
    this.sender = new UringDatagrams(this.core, this.handler, descriptor, address, 0, 0);
  }

  turn(): void {
    this.sender.flush();
    do this.deliver();
    while (this.sender.busy);
  }

  /** Submits and delivers what has completed; what is held stays. */
  deliver(): void {
    const { ring } = this.core;
    const { words, completionHead, completionTail, completionMask, completions } = ring;
    ring.enter(0);
    while (words[completionHead] !== words[completionTail]) {
      const head = words[completionHead] as number;
      const at = completions + ((head & completionMask) << 2);
      words[completionHead] = (head + 1) | 0;
      if ((words[at + 1] as number) === KIND_IGNORED) continue;
      this.#sends++;
      this.sender.complete(words[at + 2] as number);
    }
  }

  get sends(): number {
    return this.#sends;
  }

  get used(): number {
    return this.core.slices.used;
  }

  shut(): void {
    this.core.ring.enter(0);
    this.core.ring.close();
  }
}

class OnEpoll extends Bench {
  readonly sends = null;
  readonly core = new EpollCore(this.memory, 4);
  readonly sender: EpollDatagrams;

  constructor(descriptor: number, address = loopback(0)) {
    super();
    this.sender = new EpollDatagrams(this.core, this.handler, descriptor, address, 0, 0);
  }

  turn(): void {
    while (this.core.agenda.pending > 0) this.core.agenda.run();
  }

  get used(): number {
    return this.core.slices.used;
  }

  shut(): void {
    this.core.close();
  }
}

const HOSTS = { uring: OnUring, epoll: OnEpoll };

function loopback(port: number): SocketAddress {
  const address = newAddress();
  address.family = Family.inet;
  address.ip.set([127, 0, 0, 1]);
  address.port = port;
  return address;
}

/** A receiver, and what comes to it. */
async function receiver(t: TestContext, port = 0): Promise<{ port: number; until: (count: number) => Promise<string[]> }> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const lines: string[] = [];
  let wake = (): void => {};
  socket.on('message', (line) => {
    lines.push(line.toString('latin1'));
    wake();
  });
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  const until = async (count: number): Promise<string[]> => {
    while (lines.length < count)
      await within(new Promise<void>((resolve) => (wake = resolve)), `${count} lines, there are ${lines.length}`);
    return lines;
  };
  return { port: socket.address().port, until };
}

/** A socket for which the kernel refuses to cut. */
function uncutSocket(port: number): number {
  const descriptor = datagramSocket(loopback(port), 0);
  const on = area(4);
  on.words[0] = 1;
  assert.equal(setsockopt(descriptor, SOL_SOCKET, SO_NO_CHECK, on.pointer, 4), 0);
  return descriptor;
}

/** A receiver at a UNIX path, and what has come to it. */
function unixReceiver(address: SocketAddress): { lines: () => string[]; leave: () => void } {
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  const name = area(SOCKADDR_BYTES);
  assert.equal(bind(descriptor, name.pointer, encodeSockaddr(address, name.bytes, 0)), 0);
  const room = area(4096);
  const lines = (): string[] => {
    const found: string[] = [];
    for (;;) {
      const count = Number(read(descriptor, room.pointer, 4096));
      if (count < 0) return found;
      found.push(Buffer.from(room.bytes.buffer, 0, count).toString('latin1'));
    }
  };
  const leave = (): void => {
    close(descriptor);
    rmSync(address.path);
  };
  return { lines, leave };
}

/** A port that nobody listens on. */
async function nobody(): Promise<number> {
  const gone = createSocket('udp4').bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address();
  gone.close();
  await once(gone, 'close');
  return port;
}

const line = (letter: string, length: number): string => letter.repeat(length);

for (const [name, Host] of Object.entries(HOSTS)) {
  test(`${name}: lines of one length and a shorter one leave in one send, each arrives by itself`, async (t) => {
    const { port, until } = await receiver(t);
    const bench = new Host(datagramSocket(loopback(port), 0));
    const lines = [line('a', 300), line('b', 300), line('c', 300), line('d', 200), line('e', 210), line('f', 210), line('g', 1)];
    bench.send(...lines);
    bench.turn();
    assert.deepEqual(await until(7), lines);
    if (bench.sends !== null) assert.equal(bench.sends, 2);
    assert.equal(bench.back, 7);
    assert.equal(bench.sender.dropped, 0);
    bench.close();
  });

  test(`${name}: a line that is longer than the one before it and a very long one begin a send`, async (t) => {
    const { port, until } = await receiver(t);
    const bench = new Host(datagramSocket(loopback(port), 0));
    const lines = [line('a', 5), line('b', 6), line('c', 7), line('d', 1300), line('e', 1300), line('f', 20), line('g', 20)];
    bench.send(...lines);
    bench.turn();
    assert.deepEqual(await until(7), lines);
    if (bench.sends !== null) assert.equal(bench.sends, 6);
    bench.close();
  });

  test(`${name}: thirty-two lines leave by themselves; more than the descriptions of sends go one by one`, async (t) => {
    const { port, until } = await receiver(t);
    const bench = new Host(datagramSocket(loopback(port), 0));
    const lines = Array.from({ length: 32 }, (_, index) => line(String.fromCharCode(65 + index), 40));
    bench.send(...lines);
    bench.turn();
    assert.deepEqual(await until(32), lines);
    if (bench.sends !== null) assert.equal(bench.sends, 1);
    const pairs = Array.from({ length: 80 }, (_, index) => line(index % 2 === 0 ? 'x' : 'y', 50 + (index >> 1)));
    bench.send(...pairs);
    bench.turn();
    assert.deepEqual((await until(112)).slice(32), pairs);
    if (bench.sends !== null) assert.equal(bench.sends, 1 + 32 + 16);
    bench.close();
  });

  test(`${name}: where the kernel does not cut, every line is sent by itself, then and later`, async (t) => {
    const { port, until } = await receiver(t);
    const bench = new Host(uncutSocket(port));
    const lines = [line('a', 30), line('b', 30), line('c', 30)];
    bench.send(...lines);
    bench.turn();
    assert.deepEqual(await until(3), lines);
    if (bench.sends !== null) assert.equal(bench.sends, 1 + 3);
    bench.send('later');
    bench.turn();
    assert.deepEqual((await until(4)).at(-1), 'later');
    assert.deepEqual([bench.back, bench.sender.dropped], [4, 0]);
    bench.close();
  });

  test(`${name}: lines that nobody takes are dropped and counted, their blocks come back`, async () => {
    const bench = new Host(datagramSocket(loopback(await nobody()), 0));
    for (let turn = 0; turn < 4; turn++) {
      bench.send(line('a', 30), line('b', 30));
      bench.turn();
    }
    assert.equal(bench.back, 8);
    assert.ok(bench.sender.dropped > 0);
    bench.close();
    const nowhere = new Host(-1);
    nowhere.send('lost');
    assert.deepEqual([nowhere.back, nowhere.sender.dropped], [1, 1]);
    nowhere.close();
  });

  test(`${name}: what follows when the receiver has come back arrives, one line or several`, async (t) => {
    for (const lines of [[line('b', 30)], [line('b', 30), line('c', 30), line('d', 10)]]) {
      const port = await nobody();
      const bench = new Host(datagramSocket(loopback(port), 0));
      bench.send('lost');
      bench.turn();
      const { until } = await receiver(t, port);
      bench.send(...lines);
      bench.turn();
      assert.deepEqual(await until(lines.length), lines);
      assert.deepEqual([bench.back, bench.used], [lines.length + 1, 0]);
      bench.close();
    }
  });

  test(`${name}: a UNIX path that comes late, goes and comes again`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hl-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const address = newAddress();
    address.family = Family.unix;
    address.path = join(folder, 'log');
    const bench = new Host(lineSocket(address, 0), address);
    bench.send('early');
    bench.turn();
    assert.equal(bench.sender.dropped, 1);
    for (const word of ['first', 'second']) {
      const receiver = unixReceiver(address);
      bench.send(`${word} one`, `${word} two`);
      bench.turn();
      assert.deepEqual(receiver.lines(), [`${word} one`, `${word} two`]);
      receiver.leave();
    }
    assert.equal(bench.sender.dropped, 1);
    bench.send('nobody', 'any more');
    bench.turn();
    assert.deepEqual([bench.sender.dropped, bench.back], [3, 7]);
    bench.close();
  });

  test(`${name}: a socket that found no way when it was made is connected with the first lines`, async (t) => {
    const { port, until } = await receiver(t);
    const bench = new Host(socket(AF_INET, SOCK_DGRAM, 0), loopback(port));
    const lines = [line('a', 30), line('b', 30)];
    bench.send(...lines);
    bench.turn();
    assert.deepEqual(await until(2), lines);
    assert.deepEqual([bench.back, bench.sender.dropped], [2, 0]);
    bench.close();
  });

  test(`${name}: an empty line is a datagram, too`, async (t) => {
    const { port, until } = await receiver(t);
    const bench = new Host(datagramSocket(loopback(port), 0));
    const lines = ['', '', 'one', '', 'two', 'two'];
    bench.send(...lines);
    bench.turn();
    assert.deepEqual(await until(lines.length), lines);
    bench.close();
  });

  test(`${name}: more lines than may wait are dropped; what was taken arrives`, async (t) => {
    const { port, until } = await receiver(t);
    const bench = new Host(datagramSocket(loopback(port), 0));
    const count = 1024 + 8;
    // Eight bytes each: well below what a receiver keeps by default in space for 1,024 of them is not certain, so they are read between.
    for (let index = 0; index < 1024; index += 64) {
      bench.send(...Array.from({ length: 64 }, (_, at) => String(index + at).padStart(8, '0')));
      bench.turn();
      await until(index + 64);
    }
    assert.equal(bench.sender.dropped, 0);
    bench.send(...Array.from({ length: count }, (_, at) => String(at).padStart(4, '0')));
    // On epoll full sends leave at once.
    assert.equal(bench.sender.dropped, name === 'uring' ? 8 : 0);
    bench.turn();
    bench.close();
  });

  test(`${name}: what is held when the host stops or the sender is closed still leaves`, async (t) => {
    const { port, until } = await receiver(t);
    const stopped = new Host(datagramSocket(loopback(port), 0));
    stopped.send('one', 'two', 'three');
    stopped.sender.abandon();
    // Its owner writes into a block that came back.
    if (stopped.back === 3) stopped.memory.bytes.fill(0, stopped.memory.base(stopped.block), stopped.memory.base(stopped.block) + 20);
    stopped.turn();
    assert.deepEqual([stopped.back, stopped.used, stopped.sender.closed], [3, 0, true]);
    stopped.shut();
    const closed = new Host(datagramSocket(loopback(port), 0));
    closed.send('four', 'five');
    closed.close();
    assert.deepEqual(await until(5), ['one', 'two', 'three', 'four', 'five']);
    assert.equal(closed.sender.send(closed.block, 0, 1), true);
    assert.equal(closed.sender.dropped, 1);
  });
}

test('uring: lines that were held when the kernel refused to cut keep their place', async (t) => {
  const { port, until } = await receiver(t);
  const bench = new OnUring(uncutSocket(port));
  bench.send('a', 'b', 'c');
  bench.sender.flush();
  bench.send('d', 'e');
  bench.deliver();
  bench.send('f');
  bench.turn();
  assert.deepEqual(await until(6), ['a', 'b', 'c', 'd', 'e', 'f']);
  bench.close();
});
