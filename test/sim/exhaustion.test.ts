/**
 * Pools that are too small: blocks, notes, wires. Requests are shed, each in a defined way; what gets through is right; and nothing
 * is missing from a pool at the end.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from '../../src/platform/sim/world.ts';
import { drawExchange } from './exchange.ts';
import { judgeShed } from './judge.ts';
import { Client, Origin } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const CONFIG = `
defaults
  mode http
  timeout connect 500ms
  timeout client 3s
  timeout server 2s
  timeout queue 1s
frontend f
  bind :8000
  tcp-request connection set-var(sess.from) src
  http-request set-var(sess.last) path
  http-request set-var-fmt(txn.line) "%[method] %[path] %[req.hdrs]"
  http-request set-var(req.fields) req.hdrs
  http-response set-var(res.fields) res.hdrs
  http-request return status 200 content-type text/plain string here if { path_beg /x9 }
  default_backend b
backend b
  http-reuse always
  server s1 127.0.0.1:9001
  server s2 127.0.0.1:9002 maxconn 2
`;

interface Pools {
  readonly blocks?: number;
  readonly notes?: number;
  readonly maxWires?: number;
}

/** How often something was missing, over all runs. */
const missing = { receives: 0, requests: 0, wires: 0 };

function play(seed: number, pools: Pools): void {
  const rig = new SimRig(CONFIG, { seed, ...pools });
  const dice = new World(seed * 37);
  const origins = [9001, 9002].map((port) => new Origin(rig, dice, port, { pauses: () => dice.random(4) }));
  const clients = Array.from({ length: 2 + dice.random(7) }, (_, number) => {
    const exchanges = Array.from({ length: 1 + dice.random(4) }, (_, index) =>
      drawExchange(dice, number * 10 + index, { last: false, most: dice.chance(4) ? 150_000 : 3000 }),
    );
    for (const origin of origins) origin.add(exchanges);
    return new Client(rig, dice, 8000, exchanges, { pipelined: dice.chance(3), pauses: dice.random(6) });
  });
  rig.until('all are over', () => rig.thread.mux.streams === 0 && rig.host.now() > 50);
  rig.pass(20_000);
  rig.until('all are over', () => rig.thread.mux.streams === 0);
  for (const client of clients) client.close();
  rig.finish();
  judgeShed(rig, clients, origins);
  missing.receives += rig.host.exhausted;
  missing.wires += rig.host.counters()['refused'] ?? 0;
  missing.requests += rig.lines.filter(({ cause }) => cause === 'resources').length;
}

eachSeed('few blocks', 150, (seed) => play(seed, { blocks: 1 + (seed % 12) }));

eachSeed('few notes', 100, (seed) => play(seed, { notes: 1 + (seed % 4) }));

eachSeed('few wires', 100, (seed) => play(seed, { maxWires: 2 + (seed % 8) }));

eachSeed('few of everything', 100, (seed) => play(seed, { blocks: 2 + (seed % 9), notes: 1 + (seed % 5), maxWires: 3 + (seed % 7) }));

test('something did run out', () => {
  for (const [what, times] of Object.entries(missing)) assert.ok(times > 20, `${what}: ${times}`);
});
