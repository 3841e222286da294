/** One side or both break off at any byte, in any way: closing, resetting, half-closing, falling silent. */
import { World } from '../../src/platform/sim/world.ts';
import { drawExchange, type Exchange, pick } from './exchange.ts';
import { judgeBroken } from './judge.ts';
import { BREAKS, Client, type Fault, Origin, type ServerOptions } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const CONFIG = `
defaults
  mode http
  timeout connect 1s
  timeout client 3s
  timeout server 2s
  OPTIONS
frontend f
  bind :8000
  stick-table type integer size 10 store conn_cur,http_req_rate(1s)
  tcp-request connection track-sc0 int(1)
  http-request track-sc1 path table b
  tcp-request connection set-var(sess.from) src
  http-request set-var(sess.last) path
  http-request set-var-fmt(txn.line) "%[method] %[path] %[req.hdrs]"
  http-request set-var(req.fields) req.hdrs
  http-response set-var(res.fields) res.hdrs
  default_backend b
backend b
  http-reuse REUSE
  stick-table type string size 5 expire 1s store conn_cur,http_err_cnt,bytes_out_rate(1s)
  stick store-request path
  server s1 127.0.0.1:9001
  server s2 127.0.0.1:9002
`;

interface Shape {
  readonly client: boolean;
  readonly server: boolean;
  readonly most?: number;
  readonly options?: string;
}

const WHEN = ['accept', 'request', 'response', 'response', 'response'] as const;

function play(seed: number, shape: Shape): void {
  const dice = new World(seed * 104_729 + 3);
  const reuse = pick(dice, ['never', 'safe', 'aggressive', 'always']);
  const rig = new SimRig(CONFIG.replace('REUSE', reuse).replace('OPTIONS', shape.options ?? ''), { seed });
  const most = shape.most ?? 800;
  const fault: NonNullable<ServerOptions['fault']> = () => {
    if (!shape.server || !dice.chance(2)) return null;
    return { when: pick(dice, WHEN), kind: pick(dice, BREAKS), at: dice.random(dice.chance(3) ? most * 2 : 300) };
  };
  const origins = [9001, 9002].map((port) => new Origin(rig, dice, port, { fault }));
  const clients = Array.from({ length: 1 + dice.random(3) }, (_, number) => {
    const exchanges = draw(dice, number * 100, most);
    for (const origin of origins) origin.add(exchanges);
    const broken: Fault | null =
      shape.client && !dice.chance(4) ? { kind: pick(dice, BREAKS), at: dice.random(dice.chance(2) ? 100 : 1500) } : null;
    return new Client(rig, dice, 8000, exchanges, { pipelined: dice.chance(3), pauses: dice.random(4), fault: broken });
  });
  rig.until('all are over', () => rig.thread.mux.streams === 0 && clients.every(({ isDone, hasBroken }) => isDone || hasBroken));
  rig.pass(dice.random(30));
  rig.until('all are over', () => rig.thread.mux.streams === 0);
  for (const client of clients) client.close();
  rig.finish();
  judgeBroken(rig, clients, origins, shape);
}

function draw(dice: World, from: number, most: number): Exchange[] {
  const count = 1 + dice.random(4);
  return Array.from({ length: count }, (_, index) => {
    const last = index === count - 1;
    const one = drawExchange(dice, from + index, { most, last });
    return last ? one : { ...one, serverCloses: one.serverCloses && !one.early };
  });
}

eachSeed('clients break off', 300, (seed) => play(seed, { client: true, server: false }));

eachSeed('clients break off, no option abortonclose', 100, (seed) =>
  play(seed, { client: true, server: false, options: 'no option abortonclose' }),
);

eachSeed('servers break off', 300, (seed) => play(seed, { client: false, server: true }));

eachSeed('both break off', 200, (seed) => play(seed, { client: true, server: true }));

eachSeed('both break off in large bodies', 40, (seed) => play(seed, { client: true, server: true, most: 200_000 }));
