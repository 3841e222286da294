/**
 * Rules that wait, with every kind of exchange: for bodies, for time, for the first bytes of either side; requests that are sent
 * again. First all goes well, then either side breaks off at any moment: nothing may be lost, mixed up or left behind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import { World } from '../../src/platform/sim/world.ts';
import { Count } from '../../src/state/shared.ts';
import { drawExchange, type Exchange, pick } from './exchange.ts';
import { judgeAll, judgeBroken } from './judge.ts';
import { BREAKS, breakOff, Client, drip, type Fault, Origin, readSlowly, type ServerOptions } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const CONFIG = `
resolvers d
  timeout retry 20ms
defaults
  mode http
  timeout connect 1s
  timeout client 20s
  timeout server 20s
frontend f
  bind :8000
  FRONT
  default_backend b
backend b
  http-reuse REUSE
  BACK
  server s1 127.0.0.1:9001
  server s2 127.0.0.1:9002
`;

const FRONT = [
  'option http-buffer-request',
  'http-request wait-for-body time 20s',
  'http-request wait-for-body time 20s at-least 50',
  'http-request pause 3ms',
  'http-request do-resolve(txn.ip,d) str(x.test)',
  'tcp-request inspect-delay 10ms\n  tcp-request content do-resolve(txn.ip,d) str(x.test)\n  tcp-request content accept if { req.len gt 200 }',
  'tcp-request inspect-delay 10ms\n  tcp-request content accept if WAIT_END',
  'http-response pause 4ms',
  'http-response wait-for-body time 20s',
  'http-request set-header x-seen 1',
  'filter bwlim-in up default-limit 3k default-period 5ms\n  http-request set-bandwidth-limit up',
  'filter bwlim-out down default-limit 3k default-period 5ms min-size 10\n  http-response set-bandwidth-limit down',
] as const;
const BACK = [
  'option http-buffer-request',
  'http-request wait-for-body time 20s',
  'http-request pause int(2)',
  'http-request do-resolve(txn.ip,d) str(silent.test)\n  http-request do-resolve(txn.ip,d,ipv4) str(unknown.test)',
  'tcp-request inspect-delay 10ms\n  tcp-request content accept if { req.len gt 200 }',
  'tcp-response inspect-delay 10ms\n  tcp-response content accept if { res.len gt 100 }\n  tcp-response content reject if FALSE',
  'http-response wait-for-body time 20s at-least 30',
  'http-response pause 2ms',
  'http-response set-header x-passed 1',
] as const;

function configFor(dice: World, more = ''): string {
  const first = pick(dice, FRONT);
  const second = pick(dice, FRONT);
  const front = first === second ? first : `${first}\n  ${second}`;
  const back = [pick(dice, BACK), pick(dice, BACK)].join('\n  ');
  const reuse = pick(dice, ['never', 'safe', 'aggressive', 'always']);
  return CONFIG.replace('FRONT', front)
    .replace('BACK', back + more)
    .replace('REUSE', reuse);
}

interface Shape {
  readonly broken: boolean;
  readonly most: number;
  readonly retries?: boolean;
}

const WHEN = ['accept', 'request', 'response', 'response'] as const;

function play(seed: number, shape: Shape): void {
  const dice = new World(seed * 7919 + 11);
  const rig = new SimRig(configFor(dice, shape.retries === true ? '\n  retry-on all-retryable-errors\n  retries 2' : ''), { seed });
  const fault: NonNullable<ServerOptions['fault']> = () => {
    if (!shape.broken || dice.chance(2)) return null;
    return { when: pick(dice, WHEN), kind: pick(dice, BREAKS), at: dice.random(dice.chance(3) ? shape.most * 2 : 300) };
  };
  const origins = [9001, 9002].map((port) => new Origin(rig, dice, port, { fault }));
  const clients = Array.from({ length: 1 + dice.random(3) }, (_, number) => {
    const exchanges = draw(dice, number * 100, shape);
    for (const origin of origins) origin.add(exchanges);
    const broken: Fault | null =
      shape.broken && dice.chance(2) ? { kind: pick(dice, BREAKS), at: dice.random(dice.chance(2) ? 200 : shape.most * 2) } : null;
    return new Client(rig, dice, 8000, exchanges, { pipelined: dice.chance(3), pauses: dice.random(4), fault: broken });
  });
  rig.until('all are over', () => rig.thread.mux.streams === 0 && clients.every(({ isDone, hasBroken }) => isDone || hasBroken));
  rig.pass(dice.random(30));
  rig.until('all are over', () => rig.thread.mux.streams === 0);
  for (const client of clients) client.close();
  rig.finish();
  if (!shape.broken) judgeAll(rig, clients, origins);
  else if (shape.retries !== true) judgeBroken(rig, clients, origins, { client: true, server: true });
}

function draw(dice: World, from: number, { most }: Shape): Exchange[] {
  const count = 1 + dice.random(4);
  return Array.from({ length: count }, (_, index) => {
    const last = index === count - 1;
    // A server that answers early may not get what rules wait for: nothing is early here.
    return drawExchange(dice, from + index, { most, last, early: false });
  });
}

eachSeed('rules wait, all goes well', 250, (seed) => play(seed, { broken: false, most: 800 }));

eachSeed('rules wait, large bodies', 60, (seed) => play(seed, { broken: false, most: 200_000 }));

eachSeed('rules wait, either side breaks off', 400, (seed) => play(seed, { broken: true, most: 800 }));

eachSeed('rules wait, either side breaks off in large bodies', 60, (seed) => play(seed, { broken: true, most: 200_000 }));

eachSeed('requests are sent again, either side breaks off', 250, (seed) => play(seed, { broken: true, most: 800, retries: true }));

const TARPIT = `
frontend f
  mode http
  bind :8000
  timeout client 3s
  timeout tarpit 40ms
  http-request pause 5ms if { path_end 1 }
  http-request tarpit deny_status 429 unless { path_beg /s }
  http-request silent-drop
`;

eachSeed('tarpits, pauses and silent drops, clients break off', 150, (seed) => {
  const dice = new World(seed * 31);
  const rig = new SimRig(TARPIT, { seed });
  const peers = Array.from({ length: 3 }, (_, index) => {
    const peer = rig.host.dial(8000);
    const size = dice.random(100);
    const path = `${pick(dice, ['/t', '/s'])}${dice.random(2)}`;
    const text = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'b'.repeat(size)}GET /t HTTP/1.1\r\n\r\n`;
    const bytes = Buffer.from(dice.chance(2) ? text : text.slice(0, dice.random(text.length)), 'latin1');
    drip(rig, dice, peer, bytes, () => rig.host.world.after(dice.random(60), () => breakOff(peer, pick(dice, BREAKS))));
    return { peer, index };
  });
  rig.pass(4000);
  for (const { peer } of peers) {
    assert.ok(!/HTTP/.test(peer.text) || /^HTTP\/1.1 (429|408|400) /.test(peer.text), peer.text);
    peer.close();
  }
  rig.finish();
});

const TCP = `
resolvers d
listen l
  mode tcp
  bind :8000
  timeout client 3s
  timeout server 3s
  timeout connect 1s
  tcp-request inspect-delay 20ms
  tcp-request content do-resolve(sess.ip,d) str(x.test)
  tcp-request content reject if { req.len gt 5000 }
  tcp-request content accept if { req.len gt 30 }
  tcp-response inspect-delay 15ms
  tcp-response content RULE
  server s1 127.0.0.1:9001
`;

eachSeed('inspected streams of bytes: in order, whole if nobody breaks off', 250, (seed) => {
  const dice = new World(seed * 131);
  const rig = new SimRig(TCP.replace('RULE', pick(dice, ['accept if { res.len gt 40 }', 'accept if WAIT_END', 'accept'])), { seed });
  const said = Buffer.from(Array.from({ length: dice.random(dice.chance(3) ? 4000 : 100) }, (_, at) => 97 + (at % 26)));
  const breaks = dice.chance(2);
  let served: SimPeer | null = null;
  rig.host.answer(9001, (peer) => {
    served = peer;
    let seen = 0;
    peer.onEvent = () => {
      if (peer.received.length > seen) peer.write(Uint8Array.from(peer.received.slice(seen)));
      seen = peer.received.length;
      if (peer.ended) peer.end();
    };
    if (breaks && dice.chance(2)) rig.host.world.after(dice.random(60), () => breakOff(peer, pick(dice, BREAKS)));
  });
  const client = rig.host.dial(8000);
  readSlowly(rig, dice, client, dice.random(3));
  drip(rig, dice, client, said, () => {
    if (!breaks) client.end();
    else rig.host.world.after(dice.random(60), () => breakOff(client, pick(dice, BREAKS)));
  });
  rig.until('it is over', () => rig.lines.length > 0 && rig.thread.mux.streams === 0);
  rig.pass(20);
  client.read();
  const got = client.text;
  assert.ok(said.toString('latin1').startsWith(got), `${got.length} bytes; ${rig.place()}`);
  if (!breaks) assert.equal(got.length, said.length, rig.place());
  client.close();
  (served as SimPeer | null)?.close();
  rig.finish();
});

test('what rules refuse is counted', () => {
  const rig = new SimRig(
    `
frontend f
  mode http
  bind :8000
  timeout client 3s
  timeout tarpit 5ms
  http-request tarpit if { path /tarpit }
  http-request silent-drop if { path /silent }
  http-request return status 200 if { path /return }
  default_backend b
backend b
  mode http
  timeout connect 1s
  timeout server 1s
  http-request deny if { path /deny }
  http-response deny if { status 204 }
  server s1 127.0.0.1:9001
`,
    { seed: 1 },
  );
  rig.host.answer(9001, (peer) => {
    peer.onEvent = () => {
      if (!peer.text.endsWith('\r\n\r\n')) return;
      peer.write(peer.text.includes('/late') ? 'HTTP/1.1 204 OK\r\n\r\n' : 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      peer.received = [];
    };
  });
  for (const path of ['tarpit', 'silent', 'return', 'deny', 'late', 'fine']) {
    const client = rig.host.dial(8000);
    client.write(`GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    rig.until(path, () => rig.lines.some(({ request }) => request === `GET /${path}`));
    client.close();
  }
  const { counts } = rig.shared;
  const [frontend] = rig.state.frontends;
  const [backend] = rig.state.backends;
  const of = (from: number | undefined, cell: number): number => counts[(from as number) + cell] as number;
  assert.deepEqual(
    [of(frontend?.counts, Count.deniedRequests), of(backend?.counts, Count.deniedRequests), of(backend?.counts, Count.deniedResponses)],
    [3, 1, 1],
  );
  rig.finish();
});
