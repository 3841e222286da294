/**
 * Server connections that end while they are idle, or just as a request is on its way: what may be sent again is sent again, once;
 * what may not is answered with 502; nobody gets the answer of another.
 */
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import { World } from '../../src/platform/sim/world.ts';
import { type Exchange, exchange, pick } from './exchange.ts';
import { judgeBroken } from './judge.ts';
import { breakOff, Client, Origin } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const CONFIG = `
defaults
  mode http
  timeout connect 1s
  timeout client 3s
  timeout server 2s
frontend f
  bind :8000
  default_backend b
backend b
  http-reuse REUSE
  server s1 127.0.0.1:9001
`;

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'];

function draw(dice: World, id: number): Exchange {
  const method = pick(dice, METHODS);
  const hasBody = method === 'PUT' || method === 'POST';
  const framing = pick(dice, ['length', 'chunked'] as const);
  return exchange(id, {
    method,
    ...(hasBody ? { request: { framing, size: 1 + dice.random(900), trailers: framing === 'chunked' ? 1 : 0 } } : {}),
  });
}

/** Breaks each server connection some time after it has answered something. */
function breakLater(rig: SimRig, dice: World, peer: SimPeer): void {
  const { onEvent } = peer;
  let isArmed = false;
  peer.onEvent = () => {
    onEvent?.();
    if (isArmed || peer.received.length === 0) return;
    isArmed = true;
    rig.host.world.after(dice.random(120), () => breakOff(peer, pick(dice, ['close', 'reset', 'end'] as const)));
  };
}

for (const reuse of ['never', 'safe', 'aggressive', 'always']) {
  eachSeed(`http-reuse ${reuse}: server connections end at any time`, 80, (seed) => {
    const rig = new SimRig(CONFIG.replace('REUSE', reuse), { seed });
    const dice = new World(seed * 23);
    const origin = new Origin(rig, dice, 9001);
    const watch = (): void => {
      for (const { peer } of origin.connections.slice(seen)) breakLater(rig, dice, peer);
      seen = origin.connections.length;
    };
    let seen = 0;
    const clients = Array.from({ length: 1 + dice.random(4) }, (_, number) => {
      const exchanges = Array.from({ length: 2 + dice.random(6) }, (_, index) => draw(dice, number * 100 + index));
      origin.add(exchanges);
      return new Client(rig, dice, 8000, exchanges);
    });
    rig.until('all are answered', () => {
      watch();
      return rig.thread.mux.streams === 0 && clients.every(({ isDone }) => isDone);
    });
    for (const client of clients) client.close();
    rig.finish();
    judgeBroken(rig, clients, [origin], { client: false, server: true });
  });
}
