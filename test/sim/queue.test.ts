/**
 * Full servers, servers that refuse, are unreachable or never answer: who waits, who is tried next, and that every counter and queue is
 * empty at the end whatever clients and servers do meanwhile.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlledServer } from '../../src/control/records.ts';
import { World } from '../../src/platform/sim/world.ts';
import { drawExchange, exchange, pick } from './exchange.ts';
import { judgeAll, judgeBroken } from './judge.ts';
import { BREAKS, Client, Origin, type ServerOptions } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

interface Shape {
  readonly balance: string;
  readonly server: string;
  readonly backend?: string;
  readonly clients: number;
}

/** 9001 and 9002 answer, 9003 refuses, 9004 never answers, 9005 can't be reached. */
function configOf({ balance, server, backend }: Omit<Shape, 'clients'>, ports: readonly number[]): string {
  return `
defaults
  mode http
  timeout connect 300ms
  timeout client 9s
  timeout server 2s
  timeout queue 20s
frontend f
  bind :8000
  default_backend b
backend b
  balance ${balance}
  ${backend ?? ''}
${ports.map((port) => `  server s${port} 127.0.0.1:${port} ${server}`).join('\n')}
`;
}

function startRig(seed: number, shape: Shape, ports: readonly number[]): SimRig {
  const rig = new SimRig(configOf(shape, ports), { seed });
  rig.host.ignore(9004);
  rig.host.cutOff(9005);
  return rig;
}

const BALANCES = ['roundrobin', 'leastconn', 'first', 'static-rr', 'random', 'source', 'uri'];

eachSeed('maxconn: all wait and all are answered', 120, (seed) => {
  const dice = new World(seed * 11);
  const balance = pick(dice, BALANCES);
  const rig = startRig(seed, { balance, server: `maxconn ${1 + dice.random(2)}`, clients: 12 }, [9001, 9002]);
  const origins = [9001, 9002].map((port) => new Origin(rig, dice, port));
  const clients = Array.from({ length: 2 + dice.random(10) }, (_, number) => {
    const exchanges = Array.from({ length: 1 + dice.random(3) }, (_, index) =>
      drawExchange(dice, number * 100 + index, { last: false, early: false }),
    );
    for (const origin of origins) origin.add(exchanges);
    return new Client(rig, dice, 8000, exchanges, { pipelined: dice.chance(3) });
  });
  rig.until('all are answered', () => rig.thread.mux.streams === 0 && clients.every(({ isDone }) => isDone));
  for (const client of clients) client.close();
  rig.finish();
  judgeAll(rig, clients, origins);
});

eachSeed('maxconn, and both sides break off', 200, (seed) => {
  const dice = new World(seed * 13);
  const shape = { balance: pick(dice, BALANCES), server: `maxconn 1 ${dice.chance(2) ? 'maxqueue 2' : ''}`, clients: 10 };
  const rig = startRig(seed, shape, [9001, 9002]);
  const fault: NonNullable<ServerOptions['fault']> = () =>
    dice.chance(3)
      ? { when: pick(dice, ['accept', 'request', 'response'] as const), kind: pick(dice, BREAKS), at: dice.random(300) }
      : null;
  const origins = [9001, 9002].map((port) => new Origin(rig, dice, port, { fault }));
  const clients = Array.from({ length: 2 + dice.random(9) }, (_, number) => {
    const exchanges = Array.from({ length: 1 + dice.random(2) }, (_, index) =>
      drawExchange(dice, number * 100 + index, { last: false, early: false }),
    );
    for (const origin of origins) origin.add(exchanges);
    const broken = dice.chance(3) ? { kind: pick(dice, BREAKS), at: dice.random(400) } : null;
    return new Client(rig, dice, 8000, exchanges, { fault: broken });
  });
  rig.until('all are over', () => rig.thread.mux.streams === 0 && clients.every(({ isDone, hasBroken }) => isDone || hasBroken));
  for (const client of clients) client.close();
  rig.finish();
  judgeBroken(rig, clients, origins, { client: true, server: true });
});

eachSeed('a server of several can be connected to: retries find it', 120, (seed) => {
  const dice = new World(seed * 17);
  const bad = pick(dice, [9003, 9004, 9005]);
  const balance = pick(dice, ['roundrobin', 'leastconn', 'first', 'static-rr', 'random']);
  const rig = startRig(seed, { balance, server: '', clients: 4 }, [bad, 9001]);
  const origin = new Origin(rig, dice, 9001);
  const clients = Array.from({ length: 1 + dice.random(5) }, (_, number) => {
    const exchanges = [
      exchange(number * 10),
      exchange(number * 10 + 1, { method: 'POST', request: { framing: 'chunked', size: 500, trailers: 1 } }),
    ];
    origin.add(exchanges);
    return new Client(rig, dice, 8000, exchanges);
  });
  rig.until('all are answered', () => rig.thread.mux.streams === 0 && clients.every(({ isDone }) => isDone));
  for (const client of clients) client.close();
  rig.finish();
  judgeAll(rig, clients, [origin]);
  assert.ok(rig.lines.every(({ server, end }) => server === 's9001' && end === '--'));
});

eachSeed('nobody can be connected to', 60, (seed) => {
  const dice = new World(seed * 19);
  const shape = { balance: pick(dice, BALANCES), server: 'maxconn 1', backend: `retries ${dice.random(4)}`, clients: 4 };
  const rig = startRig(seed, shape, [9003, 9004, 9005]);
  const clients = Array.from({ length: 1 + dice.random(4) }, (_, number) => new Client(rig, dice, 8000, [exchange(number)]));
  rig.until('all are answered', () => rig.thread.mux.streams === 0 && clients.every(({ isDone }) => isDone));
  for (const client of clients) client.close();
  rig.finish();
  for (const { reader } of clients) assert.match(reader.messages[0]?.start ?? '', /^HTTP\/1.1 503 /, rig.place());
  for (const line of rig.lines) assert.match(line.end, /^[Ss]C$/, rig.place());
});

test('timeout queue: 503 sQ, and nobody is left in a queue', () => {
  for (const balance of ['roundrobin', 'source']) {
    const rig = new SimRig(configOf({ balance, server: 'maxconn 1', backend: 'timeout queue 500ms' }, [9001]), { seed: 3 });
    rig.host.answer(9001, () => {});
    const clients = [1, 2, 3].map((id) => new Client(rig, new World(id), 8000, [exchange(id)]));
    rig.until('all are answered', () => clients.every(({ isDone }) => isDone));
    for (const client of clients) client.close();
    rig.finish();
    assert.deepEqual(rig.lines.map(({ status, end }) => `${status} ${end}`).sort(), ['503 sQ', '503 sQ', '504 sH'], balance);
  }
});

test('maxqueue behind a hash: the one too many is refused at once', () => {
  const rig = new SimRig(configOf({ balance: 'source', server: 'maxconn 1 maxqueue 1' }, [9001, 9002]), { seed: 4 });
  for (const port of [9001, 9002]) rig.host.answer(port, () => {});
  const clients = [1, 2, 3, 4].map((id) => new Client(rig, new World(id), 8000, [exchange(id)]));
  rig.until('the third and the fourth are refused', () => rig.lines.length === 2, 1000);
  assert.deepEqual(
    rig.lines.map(({ status, end }) => `${status} ${end}`),
    ['503 SQ', '503 SQ'],
  );
  for (const client of clients) client.close();
  rig.finish();
});

eachSeed('servers go down, into maintenance, change their maxconn and come back while clients wait', 150, (seed) => {
  const dice = new World(seed * 41);
  const backend = dice.chance(2) ? 'cookie S insert' : `option redispatch ${dice.random(3)}`;
  const rig = startRig(seed, { balance: pick(dice, BALANCES), server: `maxconn ${dice.random(3)}`, backend, clients: 10 }, [9001, 9002]);
  const origins = [9001, 9002].map((port) => new Origin(rig, dice, port));
  const clients = Array.from({ length: 3 + dice.random(9) }, (_, number) => {
    const exchanges = Array.from({ length: 1 + dice.random(3) }, (_, index) =>
      drawExchange(dice, number * 100 + index, { last: false, early: false }),
    );
    for (const origin of origins) origin.add(exchanges);
    return new Client(rig, dice, 8000, exchanges);
  });
  const change = (left: number): void => {
    const server = pick(dice, rig.servers);
    if (left === 0) for (const each of rig.servers) comeBack(rig, each);
    else changeServer(rig, dice, server);
    if (left > 0) rig.host.world.after(dice.random(40), () => change(left - 1));
  };
  change(3 + dice.random(8));
  rig.until('all are answered', () => rig.thread.mux.streams === 0 && clients.every(({ isDone }) => isDone));
  for (const client of clients) client.close();
  rig.finish();
  judgeBroken(rig, clients, origins, { client: false, server: true });
  for (const line of rig.lines) assert.match(line.end, /^(--|SC|sQ|SQ)$/, `${JSON.stringify(line)}; ${rig.place()}`);
});

function changeServer(rig: SimRig, dice: World, server: ControlledServer): void {
  const { control } = rig;
  const what = dice.random(5);
  if (what === 0) control.setDown(server, '');
  else if (what === 1) control.maintain(server);
  else if (what === 2) control.drain(server);
  else if (what === 3) control.setMaxconn(server, dice.random(4));
  else comeBack(rig, server);
}

function comeBack({ control }: SimRig, server: ControlledServer): void {
  control.setUp(server, '');
  control.ready(server);
}
