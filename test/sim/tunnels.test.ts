/**
 * Bytes without messages: 101, CONNECT and TCP mode. Both directions at once, half-closes in any order, slow readers, early bytes;
 * all must arrive, in order, and no more blocks may be on their way than flow control allows.
 */
import assert from 'node:assert/strict';
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import { World } from '../../src/platform/sim/world.ts';
import { pick } from './exchange.ts';
import { BREAKS, breakOff, drip, readSlowly } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const CONFIG = `
defaults
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend f
  mode http
  bind :8000
  default_backend b
backend b
  mode http
  no option abortonclose
  server s1 127.0.0.1:9001
frontend t
  mode tcp
  bind :8001
  default_backend c
backend c
  mode tcp
  server s1 127.0.0.1:9001
`;

const UPGRADE = 'GET /u HTTP/1.1\r\nHost: sim.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const CONNECT = 'CONNECT sim.test:80 HTTP/1.1\r\nHost: sim.test:80\r\n\r\n';
const CONNECTED = 'HTTP/1.1 200 Connected\r\n\r\n';

/** Blocks that one stream may have on their way: two each way, what came with the heads, one that is being received each way. */
const MOST_BLOCKS = 2 * (2 + 1 + 1);

interface Kind {
  readonly name: string;
  readonly port: number;
  /** What the client says first; the tunnel's bytes may follow at once. */
  readonly request: string;
  readonly response: string;
}

const KINDS: readonly Kind[] = [
  { name: '101', port: 8000, request: UPGRADE, response: SWITCH },
  { name: 'CONNECT', port: 8000, request: CONNECT, response: CONNECTED },
  { name: 'TCP mode', port: 8001, request: '', response: '' },
];

function bytes(dice: World, most: number, first: number): Uint8Array {
  const size = dice.chance(5) ? 0 : 1 + dice.random(dice.chance(3) ? most : 500);
  return Uint8Array.from({ length: size }, (_, at) => first + ((at + (at >> 8)) % 26));
}

function concat(text: string, data: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(text, 'latin1'), data]));
}

/** The text that a peer got behind the empty line of a head, if there is one. */
function tail(peer: SimPeer, hasHead: boolean): string {
  const text = Buffer.from(peer.received).toString('latin1');
  if (!hasHead) return text;
  const end = text.indexOf('\r\n\r\n');
  return end < 0 ? '' : text.slice(end + 4);
}

function play(seed: number, { port, request, response }: Kind, most: number): void {
  const rig = new SimRig(CONFIG, { seed });
  const dice = new World(seed * 31 + 7);
  const up = bytes(dice, most, 97);
  const down = bytes(dice, most, 65);
  const servers: SimPeer[] = [];
  // Who has said all half-closes; perhaps the server only once the client has.
  const polite = dice.chance(2);
  rig.host.answer(9001, (peer) => {
    servers.push(peer);
    readSlowly(rig, dice, peer, dice.random(6));
    let answered = false;
    let spoken = false;
    peer.onEvent = () => {
      if (!answered && (request === '' || peer.text.includes('\r\n\r\n'))) {
        answered = true;
        drip(rig, dice, peer, concat(response, down), () => {
          spoken = true;
          if (!polite || peer.ended) peer.end();
        });
      }
      if (spoken && peer.ended) peer.end();
    };
  });
  const client = rig.host.dial(port);
  readSlowly(rig, dice, client, dice.random(6));
  // In HTTP a half-close before the answer is the client's end.
  const early = dice.chance(2) ? up.length : 0;
  let isBegun = false;
  let isSent = false;
  client.onEvent = () => {
    if (!isBegun || isSent || (response !== '' && !client.text.includes('\r\n\r\n'))) return;
    isSent = true;
    drip(rig, dice, client, up.subarray(early), () => client.end());
  };
  drip(rig, dice, client, concat(request, up.subarray(0, early)), () => {
    isBegun = true;
    client.onEvent?.();
  });
  rig.until('both have heard all', () => client.ended && servers[0]?.ended === true);
  assert.ok(rig.mostBlocks <= MOST_BLOCKS, `${rig.mostBlocks} blocks on their way; ${rig.place()}`);
  rig.finish();
  assert.equal(tail(servers[0] as SimPeer, request !== ''), Buffer.from(up).toString('latin1'), rig.place());
  assert.equal(tail(client, response !== ''), Buffer.from(down).toString('latin1'), rig.place());
  assert.deepEqual(
    rig.lines.map(({ end }) => end),
    ['--'],
    `${JSON.stringify(rig.lines)} ${rig.place()}`,
  );
}

for (const kind of KINDS) {
  eachSeed(`${kind.name}: all arrives`, 100, (seed) => play(seed, kind, 5000));
  eachSeed(`${kind.name}: large amounts, slow readers, few blocks`, 20, (seed) => play(seed, kind, 700_000));
}

/** Either side may break off at any byte: what arrived is the beginning of what was sent, and both learn of it. */
function playBroken(seed: number, { port, request, response }: Kind): void {
  const rig = new SimRig(CONFIG, { seed });
  const dice = new World(seed * 43);
  const up = bytes(dice, 20_000, 97);
  const down = bytes(dice, 20_000, 65);
  const servers: SimPeer[] = [];
  rig.host.answer(9001, (peer) => {
    servers.push(peer);
    let answered = false;
    peer.onEvent = () => {
      if (answered || (request !== '' && !peer.text.includes('\r\n\r\n'))) return;
      answered = true;
      const all = concat(response, down);
      drip(rig, dice, peer, all.subarray(0, dice.random(all.length + 1)), () => breakOff(peer, pick(dice, BREAKS)));
    };
  });
  const client = rig.host.dial(port);
  readSlowly(rig, dice, client, dice.random(6));
  const all = concat(request, up);
  drip(rig, dice, client, all.subarray(0, dice.chance(3) ? dice.random(all.length + 1) : all.length), () =>
    breakOff(client, pick(dice, BREAKS)),
  );
  rig.until('the end', () => rig.thread.mux.streams === 0 && rig.host.now() > 100);
  rig.finish();
  const sent = Buffer.from(up).toString('latin1');
  for (const peer of servers)
    if (request === '' || peer.text.includes('\r\n\r\n')) assert.ok(sent.startsWith(tail(peer, request !== '')), rig.place());
  if (response === '' || client.text.startsWith(response.slice(0, 12))) {
    assert.ok(
      Buffer.from(down)
        .toString('latin1')
        .startsWith(tail(client, response !== '')),
      rig.place(),
    );
  }
}

for (const kind of KINDS) eachSeed(`${kind.name}: broken off`, kind.name === 'CONNECT' ? 320 : 80, (seed) => playBroken(seed, kind));
