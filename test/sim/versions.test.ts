/**
 * Maps and pattern files are committed while streams are on their way, on two threads: whatever a stream waits for, and wherever its
 * rules look, all that it finds is of one moment, the one at which it began. What it changes itself it finds again.
 */
import assert from 'node:assert/strict';
import { MapControl } from '../../src/control/maps.ts';
import { World } from '../../src/platform/sim/world.ts';
import { PatternStore } from '../../src/rules/patterns/store.ts';
import { KEPT_VERSIONS } from '../../src/rules/patterns/versions.ts';
import { ProcessLive } from '../../src/state/shared.ts';
import { drawExchange, pick } from './exchange.ts';
import { judgeAll } from './judge.ts';
import { Client, Origin } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const FILES: Readonly<Record<string, string>> = {
  'texts.map': 'key v0\n',
  'nets.map': '127.0.0.0/8 n0\n',
  'expressions.map': '^k.y$ r0\n',
  'numbers.map': '1:10 i0\n',
  'even.lst': 'key\n',
  'own.map': '',
};
/** What all sets say at once. */
const SEEN =
  '%[str(key),map(texts.map)].%[str(keys),map_beg(texts.map)].%[ipv4(127.0.0.1),map_ip(nets.map)].%[str(key),map_reg(expressions.map)].%[int(5),map_int(numbers.map)]';

const WAITS = ['http-request wait-for-body time 20s', 'http-request pause 3ms', 'option http-buffer-request'] as const;
const RESPONSE_WAITS = ['http-response pause 4ms', 'http-response wait-for-body time 20s'] as const;

function configFor(dice: World): string {
  return `
defaults
  mode http
  timeout connect 1s
  timeout client 20s
  timeout server 20s
frontend f
  bind :8000
  acl even str(key) -m str -f even.lst
  http-request set-map(own.map) %[path] mine
  http-request set-var(txn.path) path
  http-request set-var-fmt(txn.one) "${SEEN}"
  http-request set-var(txn.even) str(even) if even
  ${pick(dice, WAITS)}
  default_backend b
backend b
  acl even str(key) -m str -f even.lst
  ${pick(dice, WAITS)}
  http-request set-var-fmt(txn.two) "${SEEN}"
  ${pick(dice, RESPONSE_WAITS)}
  http-response set-header x-seen "%[var(txn.one)] %[var(txn.two)] ${SEEN}"
  http-response set-header x-even "%[var(txn.even)]"
  http-response set-header x-even-late even if even
  http-response set-header x-own "%[var(txn.path),map(own.map,lost)]"
  server s1 127.0.0.1:9001 maxconn 1
`;
}

/** All sets of a process, with what they held at each moment. */
class Sets {
  readonly store = new PatternStore((path) => Buffer.from(FILES[path] as string, 'latin1'), true);
  readonly history: string[] = ['v0.v0.n0.r0.i0 even'];
  readonly control: MapControl;
  readonly #numbers = { v: 0, n: 0, r: 0, i: 0, e: 0, o: 0 };

  constructor(rigs: readonly SimRig[]) {
    const tell = (commits: number): void => {
      for (const { shared } of rigs) Atomics.store(shared.live, ProcessLive.patternCommits, commits);
    };
    this.control = new MapControl(this.store, 0, () => undefined, tell);
  }

  commit(which: 'v' | 'n' | 'r' | 'i' | 'e' | 'o'): void {
    const numbers = this.#numbers;
    // More of one set than it keeps would be no promise any more.
    if (numbers[which] === KEPT_VERSIONS) return;
    const number = ++numbers[which];
    const [file, key] = PLACES[which];
    const version = this.control.prepare(file) as number;
    if (key !== '' && (which !== 'e' || number % 2 === 0)) {
      assert.equal(this.control.add(file, key, which === 'e' ? null : `${which}${number}`, version), null);
    }
    assert.equal(this.control.commit(file, version), null);
    const { v, n, r, i, e } = numbers;
    this.history.push(`v${v}.v${v}.n${n}.r${r}.i${i} ${e % 2 === 0 ? 'even' : ''}`);
  }
}

const PLACES = {
  v: ['texts.map', 'key'],
  n: ['nets.map', '127.0.0.0/8'],
  r: ['expressions.map', '^k.y$'],
  i: ['numbers.map', '1:10'],
  e: ['even.lst', 'key'],
  o: ['own.map', ''],
} as const;

function field(client: Client, message: number, name: string): string {
  return client.reader.messages[message]?.fields.find(([one]) => one.toLowerCase() === name)?.[1] ?? '';
}

function judgeVersions(rig: SimRig, client: Client, sets: Sets): void {
  for (const [index, one] of client.exchanges.entries()) {
    const said = field(client, index, 'x-seen');
    const [first, ...later] = said.split(' ');
    assert.deepEqual(later, [first, first], `/x${one.id}: ${said}; ${rig.place()}`);
    const even = field(client, index, 'x-even');
    assert.equal(field(client, index, 'x-even-late'), even, rig.place());
    assert.ok(sets.history.includes(`${first} ${even}`), `at no time: ${first} ${even}; ${rig.place()}`);
    assert.equal(field(client, index, 'x-own'), 'mine', rig.place());
  }
}

function play(seed: number): void {
  const dice = new World(seed * 7919 + 3);
  const rigs: SimRig[] = [];
  const sets = new Sets(rigs);
  const config = configFor(dice);
  for (const index of [0, 1]) rigs.push(new SimRig(config, { seed: seed * 2 + index, patterns: sets.store }));
  const parties = rigs.map((rig, thread) => {
    const origin = new Origin(rig, dice, 9001);
    const clients = Array.from({ length: 1 + dice.random(3) }, (_, number) => {
      const exchanges = Array.from({ length: 1 + dice.random(3) }, (_, at) =>
        drawExchange(dice, thread * 1000 + number * 100 + at, { last: false, early: false }),
      );
      origin.add(exchanges);
      return new Client(rig, dice, 8000, exchanges, { pipelined: dice.chance(3) });
    });
    return { rig, origin, clients };
  });
  const isOver = (): boolean => parties.every(({ rig, clients }) => rig.thread.mux.streams === 0 && clients.every((one) => one.isDone));
  for (let turns = 0; !isOver(); turns++) {
    assert.ok(turns < 100_000, `it does not end; seed ${seed}`);
    pick(dice, rigs).pass(1 + dice.random(3));
    if (dice.chance(3)) sets.commit(pick(dice, ['v', 'n', 'r', 'i', 'e', 'o']));
  }
  for (const { rig, origin, clients } of parties) {
    for (const client of clients) client.close();
    rig.finish();
    judgeAll(rig, clients, [origin]);
    for (const client of clients) judgeVersions(rig, client, sets);
  }
}

eachSeed('commits between and inside rule sets, on two threads', 80, play);
