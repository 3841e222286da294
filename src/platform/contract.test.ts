/** One suite for every host: what the layers above may rely on (contract.ts). */
import assert from 'node:assert/strict';
import { newAddress } from '../base/address.ts';
import { type Block, NO_BLOCK } from '../base/memory.ts';
import { Close, type Listener, type Task, type Wire } from './contract.ts';
import { ALL_HOSTS, type Bench, Echo, Feeder, onBench, Recorder, sendText } from './suite.ts';

const MEGABYTE = 1 << 20;

/** Keeps an accepted wire for the test to act on. */
class Held extends Recorder {
  constructor(bench: Bench, wire: Wire) {
    super(bench);
    this.wire = wire;
  }

  override onEnd(): void {
    this.ends++;
    this.bench.poke();
  }
}

/** A bench with one connection open: what the client and the server see. */
async function connected(bench: Bench): Promise<{ client: Held; server: Held; near: Wire; far: Wire }> {
  const servers: Held[] = [];
  const { address } = bench.serve((wire) => {
    const held = new Held(bench, wire);
    servers.push(held);
    return held;
  });
  const client = new Held(bench, bench.connect(address, new Recorder(bench)));
  (client.wire as Wire).handler = client;
  await bench.until('the connection', () => client.opened === 1 && servers.length === 1);
  const server = servers[0] as Held;
  return { client, server, near: client.wire as Wire, far: server.wire as Wire };
}

for (const name of ALL_HOSTS) {
  onBench(name, 'a megabyte comes back whole and in order, half-closes pass through', {}, async (bench) => {
    const echoes: Echo[] = [];
    const { address } = bench.serve(() => {
      const echo = new Echo(bench);
      echoes.push(echo);
      return echo;
    });
    const feeder = new Feeder(bench, MEGABYTE);
    bench.connect(address, feeder);
    await bench.until('both ends closed', () => feeder.closes === 1 && echoes[0]?.closes === 1);
    assert.equal(feeder.received, MEGABYTE);
    assert.equal(feeder.sum, feeder.expected);
    assert.equal(feeder.ends, 1);
    assert.equal(feeder.reason, Close.end);
    assert.equal(echoes[0]?.reason, Close.end);
  });

  onBench(name, 'a closed port is told as refused, after connect has returned', {}, async (bench) => {
    const { address, listener, descriptor } = bench.serve(() => null);
    listener.stop();
    bench.shut(descriptor);
    const client = new Recorder(bench);
    bench.connect(address, client);
    assert.equal(client.closes, 0);
    await bench.until('the refusal', () => client.closes === 1);
    assert.equal(client.reason, Close.refused);
    assert.equal(client.opened, 0);
  });

  onBench(name, 'an address without a way to it is told as unreachable', {}, async (bench) => {
    const client = new Recorder(bench);
    bench.connect(bench.nowhere(), client);
    await bench.until('the failure', () => client.closes === 1);
    assert.equal(client.reason, Close.unreachable);
  });

  onBench(name, 'an acceptor may refuse a connection', {}, async (bench) => {
    let asked = 0;
    const { address } = bench.serve(() => {
      asked++;
      return null;
    });
    const client = new Recorder(bench);
    bench.connect(address, client);
    await bench.until('the end', () => client.closes === 1 || client.ends === 1);
    assert.equal(asked, 1);
  });

  onBench(name, 'a paused wire delivers nothing, not even the end, and then all of it', {}, async (bench) => {
    const { client, server, near, far } = await connected(bench);
    far.pause();
    sendText(bench, near, 'one ');
    await bench.until('the send', () => near.unsent === 0);
    await bench.pass(30);
    sendText(bench, near, 'two');
    near.finish();
    await bench.pass(30);
    assert.equal(server.received, 0);
    assert.equal(server.ends, 0);
    server.keepText = true;
    far.resume();
    assert.equal(server.received, 0, 'nothing is delivered from inside resume');
    await bench.until('the end', () => server.ends === 1);
    assert.equal(server.text, 'one two');
    far.finish();
    await bench.until('both closes', () => client.closes === 1 && server.closes === 1);
    assert.equal(server.reason, Close.end);
    assert.equal(client.reason, Close.end);
  });

  onBench(name, 'pausing again inside onData stops the delivery there', {}, async (bench) => {
    const { server, near, far } = await connected(bench);
    far.pause();
    for (const text of ['a', 'b', 'c']) {
      sendText(bench, near, text);
      await bench.pass(10);
    }
    let deliveries = 0;
    const take = server.onData.bind(server);
    server.onData = (wire, block, start, end): boolean => {
      deliveries++;
      wire.pause();
      return take(wire, block, start, end);
    };
    while (server.received < 3) {
      const before = deliveries;
      far.resume();
      await bench.until('one delivery', () => deliveries > before);
      await bench.pass(10);
      assert.equal(deliveries, before + 1);
    }
  });

  onBench(name, 'a sender meets back-pressure, and a paused receiver takes a bounded number of blocks', { blocks: 256 }, async (bench) => {
    const { server, near, far } = await connected(bench);
    const feeder = new Feeder(bench, 64 * MEGABYTE, 60000, 8);
    near.handler = feeder;
    far.pause();
    feeder.feed(near);
    let before = -1;
    while (feeder.left !== before) {
      before = feeder.left;
      await bench.pass(50);
    }
    assert.equal(server.received, 0);
    assert.ok(feeder.left > 32 * MEGABYTE, `the kernels hold the rest; the sender still has ${feeder.left} bytes`);
    assert.ok(bench.memory.blocks.free >= 100, `free blocks: ${bench.memory.blocks.free}`);
    far.resume();
    await bench.until('more to arrive', () => server.received > MEGABYTE);
    near.destroy(true);
    await bench.until('the close', () => feeder.closes === 1 && server.closes === 1);
  });

  onBench(name, 'many queued slices arrive in order, static bytes among them', {}, async (bench) => {
    const { client, server, near } = await connected(bench);
    server.keepText = true;
    const statics = bench.memory.intern('<static>');
    let expected = '';
    let pending = 0;
    for (let number = 0; number < 60; number++) {
      sendText(bench, near, `${number},`);
      if (!near.send(NO_BLOCK, statics, statics + 8)) pending++;
      expected += `${number},<static>`;
    }
    await bench.until('all of it', () => server.received === expected.length && near.unsent === 0);
    assert.equal(server.text, expected);
    assert.ok(client.sent >= pending);
  });

  onBench(name, 'an empty slice is sent like any other', {}, async (bench) => {
    const { server, near } = await connected(bench);
    sendText(bench, near, '');
    sendText(bench, near, 'x');
    sendText(bench, near, '');
    near.finish();
    await bench.until('the end', () => server.ends === 1);
    assert.equal(server.received, 1);
  });

  onBench(name, 'destroy with sends in flight brings every block back, then closes', {}, async (bench) => {
    const { client, server, near, far } = await connected(bench);
    far.pause();
    const blocks: Block[] = [];
    while (near.unsent < 20 && blocks.length < 100) {
      const block = bench.memory.take();
      blocks.push(block);
      const start = bench.memory.dataStart(block);
      if (near.send(block, start, bench.memory.dataEnd(block))) bench.memory.give(block);
    }
    const { unsent } = near;
    const { sent } = client;
    assert.ok(unsent >= 20);
    near.destroy(false);
    near.destroy(true);
    assert.equal(client.closes, 0, 'nothing is delivered from inside destroy');
    await bench.until('the close', () => client.closes === 1);
    assert.equal(client.sent - sent, unsent);
    assert.equal(client.reason, Close.local);
    far.resume();
    await bench.until('the other close', () => server.closes === 1 || server.ends === 1);
  });

  onBench(name, 'a reset is noticed by a reading peer', {}, async (bench) => {
    const { client, server, near } = await connected(bench);
    near.destroy(true);
    await bench.until('the reset', () => server.closes === 1 && client.closes === 1);
    assert.equal(server.reason, Close.reset);
    assert.equal(server.ends, 0);
  });

  onBench(name, 'what a peer sent before it went away is still read, and sending to it ends in a reset', {}, async (bench) => {
    const { server, near, far } = await connected(bench);
    server.keepText = true;
    far.pause();
    sendText(bench, near, 'last words');
    await bench.until('the send', () => near.unsent === 0);
    near.destroy(false);
    await bench.pass(20);
    for (let at = 0; at < 3; at++) {
      sendText(bench, far, 'into the void');
      await bench.pass(20);
    }
    far.resume();
    await bench.until('the close', () => server.closes === 1);
    assert.equal(server.text, 'last words');
    assert.equal(server.reason, Close.reset);
  });

  onBench(name, 'a handler may destroy its wire inside any event', {}, async (bench) => {
    const seen: string[] = [];
    for (const event of ['onOpen', 'onData', 'onSent', 'onEnd'] as const) {
      const { address } = bench.serve(() => new Echo(bench));
      const client = new Recorder(bench);
      const act = (wire: Wire): void => {
        seen.push(event);
        wire.destroy(event === 'onData');
      };
      const open = client.onOpen.bind(client);
      client.onOpen = (wire): void => {
        open(wire);
        if (event === 'onOpen') act(wire);
        else sendText(bench, wire, 'hello');
        if (event === 'onEnd') wire.finish();
      };
      client.onData = (wire): boolean => {
        if (event === 'onData') act(wire);
        return false;
      };
      client.onSent = (wire, block): void => {
        bench.memory.give(block);
        if (event === 'onSent') act(wire);
      };
      client.onEnd = act;
      bench.connect(address, client);
      if (event === 'onSent') {
        await bench.until('a sign', () => seen.includes(event) || client.opened === 1);
        if (!seen.includes(event)) client.wire?.destroy(false);
      }
      await bench.until(event, () => client.closes === 1);
      assert.equal(client.reason, Close.local, event);
    }
  });

  onBench(name, 'records and descriptors used again never see events of their former lives', { maxWires: 8, blocks: 64 }, async (bench) => {
    const { address } = bench.serve(() => new Echo(bench));
    let done = 0;
    let wrong = 0;
    const begin = (number: number): void => {
      const mark = `connection ${number};`;
      const client = new Recorder(bench);
      client.keepText = true;
      const data = client.onData.bind(client);
      client.onOpen = (wire): void => {
        sendText(bench, wire, mark);
        // Some die with everything in flight, some after the answer.
        if (number % 3 === 0) wire.destroy(number % 2 === 0);
      };
      client.onData = (wire, block, start, end): boolean => {
        data(wire, block, start, end);
        if (!mark.startsWith(client.text)) wrong++;
        if (client.text === mark) wire.destroy(number % 2 === 0);
        return false;
      };
      client.onClose = (): void => {
        done++;
        if (number + 4 < 200) begin(number + 4);
        bench.poke();
      };
      bench.connect(address, client);
    };
    for (let number = 0; number < 4; number++) begin(number);
    await bench.until('all connections', () => done === 200);
    assert.equal(wrong, 0);
  });

  onBench(name, 'calls to a wire that has ended change nothing in its next life', { maxWires: 2, blocks: 64 }, async (bench) => {
    const { address } = bench.serve(() => new Echo(bench));
    let last: Wire | null = null;
    for (let life = 0; life < 3; life++) {
      const client = new Recorder(bench);
      client.keepText = true;
      const wire = bench.connect(address, client);
      if (name !== 'sim' && last !== null) assert.equal(wire, last, 'the record is used again');
      client.onOpen = (): void => sendText(bench, wire, `life ${life}`);
      await bench.until('the echo', () => client.text === `life ${life}`);
      wire.finish();
      await bench.until('the end', () => client.closes === 1 && bench.host.counters()['wires'] === 0);
      assert.equal(client.reason, Close.end);
      wire.pause();
      wire.finish();
      wire.destroy(true);
      wire.resume();
      wire.pause();
      sendText(bench, wire, 'nothing');
      assert.equal(wire.unsent, 0);
      last = wire;
    }
  });

  onBench(name, 'stop ends every wire, twice is once, and what is asked for later fails', {}, async (bench) => {
    const { client, server } = await connected(bench);
    const first = bench.host.stop();
    const late = new Recorder(bench);
    if (name !== 'sim') bench.connect(bench.nowhere(), late);
    await Promise.all([first, bench.host.stop()]);
    assert.equal(client.reason, Close.local);
    assert.equal(server.reason, Close.local);
    if (name !== 'sim') assert.equal(late.reason, Close.resources);
    assert.equal(bench.host.counters()['wires'], 0);
  });

  onBench(name, 'idle connections own no block', { maxWires: 130 }, async (bench) => {
    const { address } = bench.serve(() => new Echo(bench));
    const clients = Array.from({ length: 50 }, () => {
      const client = new Recorder(bench);
      bench.connect(address, client);
      return client;
    });
    await bench.until('all open', () => clients.every((client) => client.opened === 1));
    for (const client of clients) sendText(bench, client.wire as Wire, 'hello');
    await bench.until('all answers', () => clients.every((client) => client.received === 5 && client.wire?.unsent === 0));
    const { free, total } = bench.memory.blocks;
    // Besides what io_uring has been offered, a host keeps at most one at hand.
    const offered = bench.host.counters()['offered'] ?? 0;
    assert.ok(free + offered >= total - 1, `${free} free, ${offered} offered of ${total}`);
  });

  onBench(name, 'hundreds of connections act in one turn', { maxWires: 1300, blocks: 400 }, async (bench) => {
    const { address } = bench.serve(() => new Echo(bench));
    const text = bench.memory.intern('hello');
    const clients = Array.from({ length: 600 }, () => {
      const client = new Recorder(bench);
      client.keepText = true;
      return { client, wire: bench.connect(address, client) };
    });
    await bench.until('all open', () => clients.every(({ client }) => client.opened === 1));
    for (const { wire } of clients) wire.send(NO_BLOCK, text, text + 5);
    await bench.until('all answers', () => clients.every(({ client }) => client.text === 'hello'));
    for (const { wire } of clients) wire.destroy(false);
    await bench.until('all closed', () => clients.every(({ client }) => client.closes === 1));
  });

  onBench(name, 'with no block left a wire waits and goes on when blocks come back', { blocks: 16 }, async (bench) => {
    const { server, near } = await connected(bench);
    // A block for each piece that is sent; all others are hoarded.
    const mine = bench.memory.take();
    const start = bench.memory.dataStart(mine);
    bench.memory.bytes.fill(1, start, start + 40000);
    const hoard: Block[] = [];
    server.onData = (_wire, block, from, end): boolean => {
      server.received += end - from;
      hoard.push(block);
      bench.poke();
      return true;
    };
    for (let at = 0; at < 60; at++) near.send(NO_BLOCK, start, start + 40000);
    const exhausted = bench.host.counters()['exhausted'] as number;
    await bench.until('exhaustion', () => (bench.host.counters()['exhausted'] as number) > exhausted);
    assert.ok(server.received < 60 * 40000);
    while (server.received < 60 * 40000) {
      const before = server.received;
      for (const block of hoard.splice(0)) bench.memory.give(block);
      await bench.until('more', () => server.received > before);
    }
    for (const block of hoard) bench.memory.give(block);
    await bench.until('sends done', () => near.unsent === 0);
    bench.memory.give(mine);
  });

  onBench(name, 'more wires than allowed are refused', { maxWires: 2 }, async (bench) => {
    const { client } = await connected(bench);
    const late = new Recorder(bench);
    const address = newAddress();
    client.wire?.peerAddress(address);
    bench.connect(address, late);
    assert.equal(late.closes, 0);
    await bench.until('the refusal', () => late.closes === 1);
    assert.equal(late.reason, Close.resources);
    assert.equal(bench.host.counters()['refused'], 1);
  });

  onBench(name, 'a paused listener accepts no more until it is resumed, a stopped one never', {}, async (bench) => {
    let accepted = 0;
    const { address, listener } = bench.serve(() => {
      accepted++;
      bench.poke();
      return new Echo(bench);
    });
    bench.connect(address, new Recorder(bench));
    await bench.until('the first', () => accepted === 1);
    (listener as Listener).pause();
    await bench.pass(10);
    bench.connect(address, new Recorder(bench));
    await bench.pass(50);
    assert.equal(accepted, 1);
    listener.resume();
    await bench.until('the second', () => accepted === 2);
    listener.stop();
    await bench.pass(10);
    bench.connect(address, new Recorder(bench));
    await bench.pass(50);
    assert.equal(accepted, 2);
  });

  onBench(name, 'addresses of both sides', {}, async (bench) => {
    const { near, far } = await connected(bench);
    const address = newAddress();
    assert.equal(near.peerAddress(address), true);
    const { port } = address;
    assert.equal(far.localAddress(address), true);
    assert.equal(address.port, port);
    assert.deepEqual([...address.ip.slice(0, 4)], [127, 0, 0, 1]);
    assert.equal(far.peerAddress(address), true);
    assert.equal(near.localAddress(address), true);
  });

  onBench(name, 'a task runs once after the events of the turn, a timer when it is due', {}, async (bench) => {
    const order: string[] = [];
    const task: Task = {
      queued: false,
      run(): void {
        order.push('task');
        bench.poke();
      },
    };
    bench.host.later(task);
    bench.host.later(task);
    assert.equal(task.queued, true);
    assert.deepEqual(order, []);
    await bench.until('the task', () => order.length > 0);
    const started = bench.host.now();
    await bench.pass(15);
    const passed = bench.host.now() - started;
    assert.ok(passed >= 15 && passed < 500, `${passed} ms`);
    assert.deepEqual(order, ['task']);
    assert.ok(bench.host.wallClock() > 1_700_000_000_000);
  });
}
