/** Whole exchanges through the simulator: nothing goes wrong but the timing, and every byte must come through. */
import assert from 'node:assert/strict';
import { World } from '../../src/platform/sim/world.ts';
import { drawExchange, type Exchange } from './exchange.ts';
import { judgeAll } from './judge.ts';
import { Client, Origin } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const CONFIG = `
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend f
  bind :8000
  default_backend b
backend b
  http-reuse REUSE
  server s1 127.0.0.1:9001
  server s2 127.0.0.1:9002
`;

/** Blocks that one exchange may have on their way: two each way and one being received each way, the request's, what waits for it. */
const MOST_BLOCKS = 8;

interface Shape {
  readonly reuse?: string;
  readonly clients: number;
  readonly exchanges: number;
  readonly most: number;
  readonly pipelined: boolean;
  readonly early?: boolean;
  readonly pauses?: number;
}

function play(seed: number, shape: Shape): void {
  const rig = new SimRig(CONFIG.replace('REUSE', shape.reuse ?? 'safe'), { seed });
  const dice = new World(seed * 7919 + 1);
  const origins = [9001, 9002].map((port) => new Origin(rig, dice, port, { pauses: () => dice.random(shape.pauses ?? 1) }));
  const clients = Array.from({ length: 1 + dice.random(shape.clients) }, (_, number) => {
    const count = 1 + dice.random(shape.exchanges);
    const exchanges = Array.from({ length: count }, (_, index) => draw(dice, number * 100 + index, shape, index === count - 1));
    for (const origin of origins) origin.add(exchanges);
    return new Client(rig, dice, 8000, exchanges, { pipelined: shape.pipelined, pauses: dice.random(shape.pauses ?? 1) });
  });
  rig.until('all are answered', () => rig.thread.mux.streams === 0 && clients.every(({ isDone }) => isDone));
  for (const client of clients) client.close();
  rig.finish();
  assert.ok(rig.mostBlocks <= MOST_BLOCKS * clients.length, `${rig.mostBlocks} blocks on their way; ${rig.place()}`);
  judgeAll(rig, clients, origins);
}

/** An early answer on a server connection that ends would cut the request off: only the last of a connection may be so. */
function draw(dice: World, id: number, { most, early }: Shape, last: boolean): Exchange {
  const one = drawExchange(dice, id, { most, last, early: early ?? false });
  return last ? one : { ...one, serverCloses: one.serverCloses && !one.early };
}

eachSeed('one request after the other', 150, (seed) => play(seed, { clients: 3, exchanges: 6, most: 3000, pipelined: false }));

eachSeed('pipelined requests', 150, (seed) => play(seed, { clients: 2, exchanges: 8, most: 2000, pipelined: true }));

eachSeed('early answers', 150, (seed) => play(seed, { clients: 2, exchanges: 4, most: 5000, pipelined: false, early: true }));

eachSeed('large bodies', 25, (seed) => play(seed, { clients: 2, exchanges: 3, most: 300_000, pipelined: false, pauses: 12 }));

for (const reuse of ['never', 'aggressive', 'always']) {
  eachSeed(`http-reuse ${reuse}`, 60, (seed) => play(seed, { reuse, clients: 3, exchanges: 5, most: 1000, pipelined: seed % 2 === 0 }));
}
