/** What only real hosts have: kinds of sockets, the thread's own event loop, other threads, the limits of the process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, connect as netConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Family, newAddress, type SocketAddress } from '../base/address.ts';
import { Timer } from '../base/timers.ts';
import { Close } from './contract.ts';
import { adoptListener, closeDescriptor, isFailure, openListener, setBufferSizes } from './sockets.ts';
import { type Bench, Echo, Feeder, loopback, onBench, REAL_HOSTS, Recorder, sendText } from './suite.ts';

function unixAddress(path: string, family: typeof Family.unix | typeof Family.abns = Family.unix): SocketAddress {
  return { family, ip: new Uint8Array(16), port: 0, path };
}

async function echoes(bench: Bench, at: SocketAddress): Promise<void> {
  const { address } = bench.serve(() => new Echo(bench), at);
  const feeder = new Feeder(bench, 300_000);
  bench.connect(address, feeder);
  await bench.until('the close', () => feeder.closes === 1);
  assert.equal(feeder.sum, feeder.expected);
  assert.equal(feeder.received, 300_000);
}

function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-'));
  return body(folder).finally(() => rmSync(folder, { recursive: true }));
}

/** Sends a line to a sender, in a block of its own. */
function line(bench: Bench, sender: { send(block: number, start: number, end: number): boolean }, text: string): void {
  sendText(bench, sender as Parameters<typeof sendText>[1], text);
}

for (const name of REAL_HOSTS) {
  onBench(name, 'UNIX sockets by path, replaced without a gap, with their mode', {}, (bench) =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.sock');
      const first = openListener(unixAddress(path));
      assert.ok(!isFailure(first));
      await echoes(bench, unixAddress(path));
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(statSync(path).isSocket(), true);
      closeDescriptor(first.descriptor);
    }),
  );

  onBench(name, 'abstract UNIX sockets', {}, (bench) => echoes(bench, unixAddress(`hawser-${process.pid}-${name}`, Family.abns)));

  onBench(name, 'IPv6', {}, (bench) => echoes(bench, loopback('::1')));

  onBench(name, 'an inherited descriptor is taken over, listening or only bound', {}, async (bench) => {
    const opened = openListener(loopback());
    assert.ok(!isFailure(opened));
    const adopted = adoptListener(opened.descriptor);
    assert.ok(!isFailure(adopted));
    assert.equal(adopted.address.port, opened.address.port);
    bench.host.listen(adopted.descriptor, () => new Echo(bench));
    const feeder = new Feeder(bench, 1000);
    bench.connect(adopted.address, feeder);
    await bench.until('the echo', () => feeder.closes === 1);
    assert.equal(feeder.received, 1000);
    closeDescriptor(adopted.descriptor);
    const wrong = adoptListener(0x7ffffff);
    assert.ok(isFailure(wrong));
    assert.equal(wrong.name, 'EBADF');
  });

  onBench(name, 'a source address is bound before connecting', {}, async (bench) => {
    const { address } = bench.serve(() => new Echo(bench));
    const feeder = new Feeder(bench, 10);
    const wire = bench.host.connect(address, feeder, { source: loopback('127.0.0.9') });
    const own = newAddress();
    await bench.until('the connection', () => feeder.opened === 1);
    assert.equal(wire.localAddress(own), true);
    assert.equal(own.ip[3], 9);
    await bench.until('the close', () => feeder.closes === 1);
    const impossible = new Recorder(bench);
    bench.host.connect(address, impossible, { source: loopback('192.0.2.1') });
    await bench.until('the failure', () => impossible.closes === 1);
    assert.equal(impossible.reason, Close.unreachable);
  });

  onBench(name, 'datagrams go out one by one, and count what nobody takes', {}, async (bench) => {
    const socket = createSocket('udp4');
    const lines: string[] = [];
    socket.on('message', (message) => {
      lines.push(message.toString());
      bench.poke();
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const handler = { onBlockSent: (block: number): void => bench.memory.give(block) };
    const sender = bench.host.datagrams(loopback('127.0.0.1', (socket.address() as AddressInfo).port), handler);
    for (let number = 0; number < 20; number++) line(bench, sender, `line ${number}`);
    await bench.until('all lines', () => lines.length === 20);
    assert.deepEqual(
      lines,
      Array.from({ length: 20 }, (_, number) => `line ${number}`),
    );
    assert.equal(sender.dropped, 0);
    sender.close();
    line(bench, sender, 'too late');
    assert.equal(sender.dropped, 1);
    socket.close();
    const nobody = bench.host.datagrams(unixAddress('/nowhere/at.all'), handler);
    line(bench, nobody, 'lost');
    await bench.until('the loss', () => nobody.dropped === 1);
  });

  onBench(name, 'a writer fills a pipe in order, waits for its reader, and drops what the queue does not hold', { blocks: 64 }, (bench) =>
    inFolder(async (folder) => {
      const path = join(folder, 'pipe');
      spawnSync('mkfifo', [path]);
      const both = openSync(path, 'r+');
      const reader = openSync(path, 'r');
      const writer = bench.host.writer(both, { onBlockSent: (block) => bench.memory.give(block) });
      const block = bench.memory.take();
      const start = bench.memory.dataStart(block);
      for (let at = 0; at < 60_000; at++) bench.memory.bytes[start + at] = 65 + (at % 26);
      let slices = 0;
      while (writer.dropped === 0) {
        writer.send(-1, start + (slices % 26), start + (slices % 26) + 2600);
        slices++;
        assert.ok(slices < 5000, 'the queue is bounded');
      }
      const expected = (slices - 1) * 2600;
      const got = Buffer.alloc(expected);
      let read = 0;
      while (read < expected) {
        await bench.pass(1);
        const before = read;
        read += readSync(reader, got, read, Math.min(60_000, expected - read), null);
        assert.ok(read > before);
      }
      for (let slice = 0; slice < slices - 1; slice++) assert.equal(got[slice * 2600], 65 + (slice % 26), `slice ${slice}`);
      bench.memory.give(block);
      writer.close();
      closeSync(reader);
      closeSync(both);
    }),
  );

  onBench(name, 'a writer appends to a file', {}, (bench) =>
    inFolder(async (folder) => {
      const path = join(folder, 'log');
      const file = openSync(path, 'a');
      const writer = bench.host.writer(file, { onBlockSent: (block) => bench.memory.give(block) });
      for (let number = 0; number < 5; number++) line(bench, writer, `${number}\n`);
      await bench.until('the file', () => statSync(path).size === 10);
      assert.equal(readFileSync(path, 'utf8'), '0\n1\n2\n3\n4\n');
      closeSync(file);
    }),
  );

  onBench(name, 'partial sends to a slow reader go on until all is there', {}, async (bench) => {
    const feeder = new Feeder(bench, 400_000, 63_000, 8);
    const { address } = bench.serve((wire) => {
      setBufferSizes(wire.descriptor, 4096, 0);
      setImmediate(() => feeder.feed(wire));
      return feeder;
    });
    const client = new Recorder(bench);
    const take = client.onData.bind(client);
    client.onData = (wire, block, start, end): boolean => {
      wire.pause();
      setImmediate(() => wire.resume());
      return take(wire, block, start, end);
    };
    bench.connect(address, client);
    await bench.until('the end', () => client.ends === 1);
    assert.equal(client.received, 400_000);
    assert.equal(client.sum, feeder.expected);
  });

  onBench(name, 'promises, timers, messages and sockets of Node go on beside the loop', {}, async (bench) => {
    const seen: string[] = [];
    const { address } = bench.serve(() => new Echo(bench));
    const client = new Recorder(bench);
    client.onOpen = (wire): void => {
      // From inside an event of the host: nothing here returns to Node by itself.
      Promise.resolve().then(() => seen.push('promise'));
      process.nextTick(() => seen.push('tick'));
      setTimeout(() => {
        seen.push('timeout');
        bench.poke();
      }, 5);
      setImmediate(() => seen.push('immediate'));
      const { port1, port2 } = new MessageChannel();
      port1.on('message', () => {
        seen.push('message');
        port1.close();
      });
      port2.postMessage(1);
      const server = createServer((socket) => socket.end('hi')).listen(0, '127.0.0.1', () => {
        netConnect((server.address() as AddressInfo).port, '127.0.0.1').on('data', () => {
          seen.push('net');
          server.close();
          bench.poke();
        });
      });
      wire.destroy(false);
    };
    bench.connect(address, client);
    await bench.until('all of them', () => seen.includes('net') && seen.includes('timeout'));
    for (const each of ['promise', 'tick', 'immediate', 'message']) assert.ok(seen.includes(each), each);
  });

  onBench(name, 'a timer of Node is set from now, however long the loop was busy', {}, async (bench) => {
    const until = performance.now() + 40;
    let took = -1;
    const timer = new Timer({
      onTimer(): void {
        while (performance.now() < until);
        const started = performance.now();
        setTimeout(() => {
          took = performance.now() - started;
          bench.poke();
        }, 20);
      },
    });
    bench.host.timers.set(timer, bench.host.now() + 1);
    await bench.until('the timeout', () => took >= 0);
    assert.ok(took >= 18 && took < 500, `${took} ms`);
  });

  onBench(name, 'another thread wakes it, as often as it likes', {}, async (bench) => {
    let woken = 0;
    bench.host.onWake = () => {
      woken++;
      bench.poke();
    };
    const code = `import { workerData } from 'node:worker_threads';
      const { area, write } = await import(${JSON.stringify(new URL('./ffi.ts', import.meta.url).href)});
      const one = area(8); one.words[0] = 1;
      for (let at = 0; at < 3; at++) { write(workerData, one.pointer, 8); await new Promise((go) => setTimeout(go, 15)); }`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: bench.host.wakeDescriptor });
    await bench.until('three wakes', () => woken >= 3);
    await worker.terminate();
    bench.host.wake(bench.host.wakeDescriptor);
    const before = woken;
    await bench.until('its own wake', () => woken > before);
  });

  onBench(name, 'an idle host sleeps', {}, async (bench) => {
    let turns = 0;
    // V8 may still have work of its own from what ran before: one quiet stretch of ten is enough.
    for (let stretch = 0; stretch < 10; stretch++) {
      const before = bench.host.counters()['turns'] as number;
      await bench.pass(100);
      turns = (bench.host.counters()['turns'] as number) - before;
      if (turns < 40) return;
    }
    // `until` itself looks every 20 ms.
    assert.fail(`${turns} turns in 100 ms`);
  });

  test(`${name}: in a thread of its own it serves, stops and lets the thread end; a terminated one does no harm`, async () => {
    const script = new URL('./thread.fixture.ts', import.meta.url);
    const worker = new Worker(script, { workerData: name });
    const exit = new Promise((resolve) => worker.once('exit', resolve));
    const port = await new Promise<number>((resolve) => worker.once('message', resolve));
    for (let round = 0; round < 3; round++) {
      const text = await new Promise<string>((resolve, reject) => {
        const socket = netConnect(port, '127.0.0.1', () => socket.end(`round ${round}`));
        socket.on('data', (data) => resolve(data.toString()));
        socket.on('error', reject);
      });
      assert.equal(text, `round ${round}`);
    }
    worker.postMessage('stop');
    assert.deepEqual(await new Promise((resolve) => worker.once('message', resolve)), { free: 64, total: 64 });
    assert.equal(await exit, 0);
    const second = new Worker(script, { workerData: name });
    await new Promise((resolve) => second.once('message', resolve));
    assert.equal(await second.terminate(), 1);
  });

  test(`${name}: two threads share a listening descriptor; when one stops the other serves all`, async () => {
    const opened = openListener(loopback());
    assert.ok(!isFailure(opened));
    const script = new URL('./thread.fixture.ts', import.meta.url);
    const workers = [0, 1].map(() => new Worker(script, { workerData: name, argv: [String(opened.descriptor)] }));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
    const ask = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = netConnect(opened.address.port, '127.0.0.1', () => socket.end(text));
        socket.on('data', (data) => resolve(data.toString()));
        socket.on('error', reject);
      });
    const texts = Array.from({ length: 30 }, (_, number) => `question ${number}`);
    assert.deepEqual(await Promise.all(texts.map(ask)), texts);
    for (const worker of workers) {
      assert.deepEqual(await Promise.all(texts.map(ask)), texts);
      const exit = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage('stop');
      assert.equal(await exit, 0);
    }
    closeDescriptor(opened.descriptor);
  });

  test(`${name}: out of descriptors it rests and then accepts again`, () => {
    const script = fileURLToPath(new URL('./descriptors.fixture.ts', import.meta.url));
    const child = spawnSync(process.execPath, [script, name], { encoding: 'utf8', timeout: 20_000 });
    assert.equal(child.status, 0, child.stderr + child.stdout);
    assert.match(child.stdout, /served 10 after \d+ rests/);
  });
}
