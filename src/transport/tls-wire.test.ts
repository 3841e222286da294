/** TLS between two wires of one host: everything that is sent arrives in order, in both directions, and every block comes home. */
import assert from 'node:assert/strict';
import ffi from 'node:ffi';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Timer } from '../base/timers.ts';
import { Close, type CloseReason, type Wire, type WireHandler } from '../platform/contract.ts';
import type { SimHost } from '../platform/sim/host.ts';
import { ALL_HOSTS, Bench, onBench, Recorder, sendText } from '../platform/suite.ts';
import { OpenSslContext, type TlsSettings } from '../platform/tls/context.ts';
import { Fact, type TlsEngine } from '../platform/tls/contract.ts';
import { type OpenSslEngine, TlsLibrary } from '../platform/tls/engine.ts';
import { bundleOf, certificatesOf } from '../platform/tls/pem.ts';
import { PLAIN_TLS } from '../platform/tls/settings.fixture.ts';
import type { CertificateChoice } from './certificates.ts';
import { TlsGround } from './tls-ground.ts';
import type { TlsOwner } from './tls-owner.ts';
import { DEFAULT_TLS_TUNING } from './tls-tuning.ts';
import { TlsWire } from './tls-wire.ts';

const file = (name: string): Uint8Array => readFileSync(new URL(`../../test/support/tls/${name}`, import.meta.url));
const BASE: TlsSettings = { ...PLAIN_TLS, role: 'server', alpn: ['http/1.1'] };

/** Two contexts, and wires that use them. */
class Pair implements TlsOwner<TlsWire> {
  readonly bench: Bench;
  readonly library: TlsLibrary;
  readonly ground: TlsGround;
  readonly server: OpenSslContext;
  readonly client: OpenSslContext;
  choice: CertificateChoice;
  readonly failed: string[] = [];
  secured = 0;
  /** The last one that was secured. */
  accepted: TlsWire | null = null;
  makeServer: () => WireHandler;
  readonly #clients = new Map<TlsWire, WireHandler>();

  constructor(bench: Bench, makeServer: () => WireHandler, server: Partial<TlsSettings> = {}, client: Partial<TlsSettings> = {}) {
    this.bench = bench;
    this.library = new TlsLibrary(bench.memory);
    this.ground = new TlsGround(bench.host);
    this.makeServer = makeServer;
    this.server = new OpenSslContext(this.library, { ...BASE, bundle: bundleOf(file('server.pem'), null), ...server });
    const { server: context } = this;
    this.choice = { needsHello: true, asked: null, choose: () => context };
    this.client = new OpenSslContext(this.library, { ...BASE, role: 'client', ...client });
  }

  listen() {
    return this.bench.serve((lower) => {
      const wire = new TlsWire(this.ground);
      wire.accept(lower, this.choice, this, 1000);
      return wire;
    }).address;
  }

  connect(address: Parameters<Bench['connect']>[0], handler: WireHandler): TlsWire {
    const wire = new TlsWire(this.ground);
    const engine = this.client.open();
    assert.ok(engine);
    this.#clients.set(wire, handler);
    wire.connect(engine, this);
    wire.setLower(this.bench.connect(address, wire));
    return wire;
  }

  onHello(): void {}

  onSettled(): void {}

  onSecured(wire: TlsWire): void {
    this.secured++;
    const client = this.#clients.get(wire);
    if (client === undefined) this.accepted = wire;
    wire.handler = client ?? this.makeServer();
    this.bench.poke();
  }

  onUnsecured(wire: TlsWire, reason: CloseReason): void {
    this.failed.push(`${reason} ${wire.failure} ${wire.engine?.reason ?? ''}`);
    this.bench.poke();
  }

  recycle(): void {}
}

/** Sends back what it gets, in the blocks it got. */
class Returner extends Recorder {
  override onData(wire: Wire, block: number, start: number, end: number): boolean {
    super.onData(wire, block, start, end);
    return !wire.send(block, start, end);
  }
}

for (const name of ALL_HOSTS) {
  onBench(name, 'what is sent through TLS comes back', { blocks: 256 }, async (bench) => {
    const pair = new Pair(bench, () => new Returner(bench));
    const client = new Recorder(bench);
    client.keepText = true;
    const wire = pair.connect(pair.listen(), client);
    await bench.until('the handshakes', () => client.opened === 1 && pair.secured === 2);
    let sent = '';
    for (const length of [1, 100, 16_384, 16_385, 40_000, 60_000, 7]) {
      const text = String.fromCharCode(97 + (length % 26)).repeat(length);
      sent += text;
      sendText(bench, wire, text);
    }
    await bench.until('the answer', () => client.received === sent.length);
    assert.equal(client.text, sent);
    const at = bench.memory.scratch();
    assert.equal(bench.memory.text(at, (wire.engine as TlsEngine).fact(Fact.version, at, at + 100)), 'TLSv1.3');
    assert.equal(bench.memory.text(at, (wire.engine as TlsEngine).fact(Fact.alpn, at, at + 100)), 'http/1.1');
    wire.finish();
    await bench.until('the end', () => client.closes === 1);
    assert.equal(client.ends, 1);
    await bench.until('the engines', () => pair.library.open === 0);
  });

  onBench(name, 'a handshake that fails closes both sides', {}, async (bench) => {
    const authorities = certificatesOf(file('rsa.pem'));
    const pair = new Pair(bench, () => new Recorder(bench), {}, { verify: 'required', authorities });
    const client = new Recorder(bench);
    pair.connect(pair.listen(), client);
    await bench.until('the failures', () => pair.failed.length === 2);
    assert.match(pair.failed.join(), /certificate verify failed/);
    assert.equal(client.opened, 0);
    await bench.until('the engines', () => pair.library.open === 0);
  });

  onBench(name, 'a handshake that never ends is closed', {}, async (bench) => {
    const pair = new Pair(bench, () => new Recorder(bench));
    const client = new Recorder(bench);
    bench.connect(pair.listen(), client);
    await bench.until('the close', () => client.closes + client.ends > 0 && pair.failed.length === 1);
    assert.equal(pair.failed[0], `${Close.end} 26 `);
    await bench.until('the engines', () => pair.library.open === 0);
  });
}

test('a reader that pauses gets everything later, whatever the cuts', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const bench = new Bench('sim', { seed, blocks: 256 });
    /** Pauses after every piece and goes on a little later. */
    class Slow extends Recorder {
      override onData(wire: Wire, block: number, start: number, end: number): boolean {
        wire.pause();
        super.onData(wire, block, start, end);
        const timer = { queued: false, run: () => wire.resume() };
        bench.host.later(timer);
        return false;
      }
    }
    const slow = new Slow(bench);
    const pair = new Pair(bench, () => slow);
    const client = new Recorder(bench);
    const wire = pair.connect(pair.listen(), client);
    await bench.until('the handshake', () => client.opened === 1);
    let length = 0;
    for (let size = 1; size < 60_000; size = size * 3 + seed) {
      sendText(bench, wire, 'x'.repeat(size));
      length += size;
    }
    wire.finish();
    await bench.until('everything', () => slow.received === length && slow.ends === 1 && client.closes === 1);
    await bench.close();
  }
});

test('from a peer who asks for new keys and reads no answer nothing more is read', async () => {
  const update = new ffi.DynamicLibrary(null).getFunction('SSL_key_update', { arguments: ['pointer', 'int32'], return: 'int32' });
  const bench = new Bench('sim', { blocks: 64 });
  const server = new Recorder(bench);
  const pair = new Pair(bench, () => server);
  const client = new Recorder(bench);
  const wire = pair.connect(pair.listen(), client);
  await bench.until('the handshake', () => client.opened === 1 && pair.secured === 2);
  wire.pause();
  let asked = 0;
  // What the kernels hold on the way there is 200 kB, and as much on the way back; an answer has 27 bytes.
  for (; bench.memory.blocks.free > 16 && asked < 40_000; asked++) {
    // SSL_KEY_UPDATE_REQUESTED
    update((wire.engine as OpenSslEngine).ssl, 1);
    sendText(bench, wire, 'x');
    (bench.host as SimHost).settle(8);
  }
  assert.ok(asked > 5000 && asked < 40_000, `${asked}`);
  const heard = server.received;
  (bench.host as SimHost).settle(100);
  assert.ok(server.received === heard && heard < asked, 'it is not read any more');
  assert.ok(64 - bench.memory.blocks.free - wire.unsent < 24, 'few blocks for the answers');
  wire.resume();
  await bench.until('everything', () => server.received === asked);
  wire.destroy(false);
  await bench.until('the close', () => server.closes === 1);
  await bench.close();
});

test('a peer that changes its keys more often than it may is left, either side', async () => {
  const update = new ffi.DynamicLibrary(null).getFunction('SSL_key_update', { arguments: ['pointer', 'int32'], return: 'int32' });
  for (const isOfServer of [false, true]) {
    const bench = new Bench('sim');
    const server = new Recorder(bench);
    const counted = { countsKeyUpdates: true };
    const pair = new Pair(bench, () => server, isOfServer ? {} : counted, isOfServer ? counted : {});
    pair.ground.tuning = { ...DEFAULT_TLS_TUNING, keyUpdatesPerS: 10 };
    const client = new Recorder(bench);
    const wire = pair.connect(pair.listen(), client);
    await bench.until('the handshake', () => client.opened === 1 && pair.secured === 2);
    const [from, to, sender] = isOfServer ? [pair.accepted as TlsWire, client, server] : [wire, server, client];
    const change = async (times: number): Promise<void> => {
      const before = to.received;
      for (let count = 0; count < times; count++) {
        // SSL_KEY_UPDATE_NOT_REQUESTED: nothing is answered.
        update((from.engine as OpenSslEngine).ssl, 0);
        sendText(bench, from, 'x');
      }
      await bench.until('all', () => to.received === before + times || to.closes === 1);
    };
    await change(10);
    assert.equal(to.closes, 0);
    // A second is over: so many more are good.
    bench.host.timers.set(new Timer({ onTimer: () => undefined }), bench.host.now() + 1001);
    (bench.host as SimHost).settle(2000);
    await change(10);
    assert.equal(to.closes, 0);
    await change(1);
    await bench.until('the end', () => to.closes === 1 && sender.closes === 1);
    await bench.close();
  }
});

test('who goes on behind a handshake that has failed is read for so many bytes', async () => {
  const bench = new Bench('sim');
  const pair = new Pair(bench, () => new Recorder(bench));
  const host = bench.host as SimHost;
  const peer = host.dial(pair.listen().port);
  peer.write('GET / HTTP/1.0\r\n\r\n');
  await bench.until('the failure', () => peer.ended);
  const before = bench.host.now();
  let sent = 0;
  for (; pair.failed.length === 0 && sent < 4 << 20; sent += 50_000) {
    peer.write(new Uint8Array(50_000));
    host.settle(5);
  }
  assert.ok(sent > 1 << 20 && sent < 2 << 20, `${sent}`);
  assert.ok(bench.host.now() - before < 1000);
  assert.equal(pair.failed.length, 1);
  await bench.close();
});

test('halves of hellos take three blocks of four at most, and who comes with a whole one is served', async () => {
  const bench = new Bench('sim', { blocks: 40, maxWires: 400 });
  const pair = new Pair(bench, () => new Returner(bench));
  const host = bench.host as SimHost;
  const address = pair.listen();
  for (let count = 0; count < 60; count++) host.dial(address.port).write(Uint8Array.of(22, 3, 1, 2));
  host.settle(50);
  assert.ok(bench.memory.blocks.free >= 9, `${bench.memory.blocks.free} blocks`);
  assert.equal(pair.failed.length, 60 - (40 - bench.memory.blocks.free));
  assert.ok(pair.failed.every((why) => why.includes(' 28 ')));
  // Its hello may be cut here too: then it is told to come again.
  let served = 0;
  for (let turn = 0; turn < 12; turn++) {
    const client = new Recorder(bench);
    const wire = pair.connect(address, client);
    const failed = pair.failed.length;
    await bench.until('the handshake', () => client.opened === 1 || pair.failed.length === failed + 2);
    if (client.opened === 0) continue;
    sendText(bench, wire, 'x');
    await bench.until('the answer', () => client.received === 1);
    wire.destroy(false);
    served++;
  }
  assert.ok(served > 0);
  // The rest is over with its time.
  host.settle(3000);
  await bench.close();
});
