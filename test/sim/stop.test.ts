/** A soft stop at any time: what has begun is finished, what is idle is closed, and then there is nothing left. */
import assert from 'node:assert/strict';
import { World } from '../../src/platform/sim/world.ts';
import { ProcessLive } from '../../src/state/shared.ts';
import { drawExchange } from './exchange.ts';
import { judgeBroken } from './judge.ts';
import { Client, Origin } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const CONFIG = `
defaults
  mode http
  timeout connect 1s
  timeout client 4s
  timeout server 4s
frontend f
  bind :8000
  default_backend b
backend b
  http-reuse always
  server s1 127.0.0.1:9001 maxconn 2
`;

eachSeed('a soft stop in the middle of everything', 200, (seed) => {
  const rig = new SimRig(CONFIG, { seed });
  const dice = new World(seed * 29);
  const origin = new Origin(rig, dice, 9001);
  const clients = Array.from({ length: 1 + dice.random(5) }, (_, number) => {
    const exchanges = Array.from({ length: 1 + dice.random(4) }, (_, index) =>
      drawExchange(dice, number * 100 + index, { last: false, early: false }),
    );
    origin.add(exchanges);
    return new Client(rig, dice, 8000, exchanges, { pipelined: dice.chance(2), pauses: dice.random(3) });
  });
  rig.pass(dice.random(dice.chance(2) ? 20 : 100));
  let isEmpty = false;
  const { thread } = rig;
  thread.listeners.onEmpty = () => {
    isEmpty = true;
  };
  Atomics.store(rig.shared.live, ProcessLive.stopping, 1);
  thread.listeners.stop();
  rig.until('the last connection has ended', () => isEmpty, 6000);
  // What was sent arrives.
  rig.pass(100);
  for (const client of clients) {
    client.close();
    // Nobody accepted these.
    if (client.peer.received.length === 0) assert.equal(client.reader.messages.length, 0);
  }
  rig.finish();
  // Who was in an exchange got the whole of it.
  for (const { reader } of clients)
    assert.ok(
      reader.messages.every(({ complete }) => complete),
      rig.place(),
    );
  const served = clients.filter(({ peer }) => peer.received.length > 0);
  judgeStopped(rig, served, origin);
});

/** A connection may end between two exchanges, but for that all is as it should be. */
function judgeStopped(rig: SimRig, clients: readonly Client[], origin: Origin): void {
  const shortened = clients.map((client) => ({ ...asked(client), exchanges: client.exchanges.slice(0, client.reader.messages.length) }));
  judgeBroken(rig, shortened as unknown as readonly Client[], [origin], { client: false, server: false });
}

function asked({ reader, peer, hasBroken }: Client): Pick<Client, 'reader' | 'peer' | 'hasBroken'> {
  return { reader, peer, hasBroken };
}
