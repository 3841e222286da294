/** Names of servers over time: what is asked for and when, how long answers hold, who gets which address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAddress, parseIp } from '../base/address.ts';
import { HandClock } from '../control/hand-clock.fixture.ts';
import { ControlledBackend, ControlledServer } from '../control/records.ts';
import { ServerControl } from '../control/servers.ts';
import { allocateShared, ServerLive, Shared } from '../state/shared.ts';
import type { AnswerRecord, Question } from './message.ts';
import { type Asked, newCounts, type Reply, Status } from './nameserver.ts';
import { Resolvers } from './resolvers.ts';
import { type ResolvedLine, ResolvedServers } from './servers.ts';
import { newResolvers } from './system.ts';

/** A name server in memory: it keeps its questions, and answers at once, or when it is told to. */
class Oracle implements Asked {
  readonly name = 'ns';
  readonly counts = newCounts();
  readonly asked: string[] = [];
  answer: (question: Question) => Reply | null = () => null;
  #held: (() => void)[] = [];
  holds = false;

  ask(question: Question, done: (reply: Reply) => void): () => void {
    this.asked.push(`${question.name} ${question.type}`);
    const reply = this.answer(question);
    let isOver = reply === null;
    this.#held.push(() => {
      if (!isOver && reply !== null) done(reply);
      isOver = true;
    });
    if (!this.holds) this.release();
    return () => {
      isOver = true;
    };
  }

  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  close(): void {}
}

function failing(status: Reply['status']): Reply {
  return { status, records: [], additional: [] };
}

function addressed(...addresses: string[]): (question: Question) => Reply {
  return ({ name, type }) => {
    const records = addresses
      .filter((address) => (type === 28) === address.includes(':'))
      .map((address): AnswerRecord => ({ kind: 'address', name, address, family: address.includes(':') ? 6 : 4 }));
    return records.length === 0 ? failing(Status.other) : { status: Status.valid, records, additional: [] };
  };
}

function serving(...services: (readonly [weight: number, port: number, target: string])[]): Reply {
  const records = services.map(([weight, port, target]): AnswerRecord => ({ kind: 'service', name: '_s', weight, port, target }));
  return { status: Status.valid, records, additional: [] };
}

interface Options {
  readonly hosts: readonly string[];
  readonly addresses?: readonly string[];
  readonly allowsTwins?: boolean;
  readonly obsolete?: number;
  readonly resolveMs?: number;
}

class World {
  readonly clock = new HandClock();
  readonly oracle = new Oracle();
  readonly lines: string[] = [];
  readonly moved: string[] = [];
  readonly shared = new Shared(allocateShared({ frontends: 0, backends: 1, servers: 4, threads: 1 }), 0);
  readonly control = new ServerControl(this.shared, this.clock, (_, __, text) => this.lines.push(text));
  readonly resolvers: Resolvers;
  readonly servers: ControlledServer[];
  readonly resolved: ResolvedServers;

  constructor({ hosts, addresses = [], allowsTwins = false, obsolete = 0, resolveMs = 1000 }: Options) {
    const model = newResolvers('d', { file: 'test', line: 1, column: 1 });
    model.holdMs.obsolete = obsolete;
    model.resolveMs = resolveMs;
    this.resolvers = new Resolvers({ model, clock: this.clock, families: [4, 6], nameservers: [this.oracle] });
    const backend = new ControlledBackend('b', 0, this.shared);
    this.servers = hosts.map((_, index) => new ControlledServer(`s${index + 1}`, backend, index, this.shared));
    const lines = this.servers.map((server, index): ResolvedLine => {
      const address = newAddress();
      const ip = parseIp(addresses[index] ?? '');
      if (ip !== null) {
        address.family = ip.family;
        address.ip.set(ip.ip);
      }
      address.port = 80;
      this.control.start(server, { weight: 1, maxconn: 0, isDisabled: false, isUnresolved: ip === null });
      const host = hosts[index] as string;
      return {
        server,
        resolvers: this.resolvers,
        host,
        address,
        preference: { family: 4, networks: [], allowsTwins },
        ignoresWeight: false,
      };
    });
    this.resolved = new ResolvedServers(this.control, lines, ({ name }, { ip, port }) => {
      this.moved.push(`${name} ${ip.slice(0, 4).join('.')}:${port}`);
    });
  }

  /** The lines since the last call. */
  said(): string[] {
    return this.lines.splice(0);
  }
}

const GOING = 'sessions active, 0 requeued, 0 remaining in queue.';

test('a name that gets an address, another, and none', () => {
  const world = new World({ hosts: ['web.test'] });
  world.oracle.answer = addressed('10.0.0.1');
  world.resolved.start();
  assert.deepEqual(world.said(), [
    'b/s1 changed its IP from (none) to 10.0.0.1 by d/ns.',
    "Server b/s1 ('web.test') is UP/READY (resolves again).",
    'Server b/s1 administratively READY thanks to valid DNS answer.',
  ]);
  world.clock.advance(2500);
  assert.deepEqual(world.oracle.asked, ['web.test 1', 'web.test 1', 'web.test 1']);
  assert.deepEqual(world.said(), []);
  world.oracle.answer = addressed('10.0.0.2');
  world.clock.advance(1000);
  assert.deepEqual(world.said(), ['b/s1 changed its IP from 10.0.0.1 to 10.0.0.2 by d/ns.']);
  assert.deepEqual(world.moved, ['s1 10.0.0.1:80', 's1 10.0.0.2:80']);
  // hold nx is 30 s from the last good answer on.
  world.oracle.answer = () => failing(Status.nx);
  world.clock.advance(29_000);
  assert.deepEqual(world.said(), []);
  world.clock.advance(2000);
  assert.deepEqual(world.said(), [
    `Server b/s1 is going DOWN for maintenance (DNS NX status). 0 active and 0 backup servers left. 0 ${GOING}`,
    'backend b has no server available!',
  ]);
  world.resolved.stop();
  const asked = world.oracle.asked.length;
  world.clock.advance(10_000);
  assert.equal(world.oracle.asked.length, asked);
});

test('silence is asked again three times, an error in the other family', () => {
  const world = new World({ hosts: ['web.test'], addresses: ['10.0.0.9'] });
  world.resolved.start();
  world.clock.advance(2999);
  assert.deepEqual(world.oracle.asked, ['web.test 1', 'web.test 1', 'web.test 1']);
  world.oracle.answer = () => failing(Status.refused);
  world.clock.advance(1);
  // The next run begins at once: the last one took longer than timeout resolve.
  world.clock.advance(1);
  assert.deepEqual(world.oracle.asked.slice(3), ['web.test 1', 'web.test 28']);
  world.clock.advance(30_000);
  assert.match(world.said()[0] ?? '', /going DOWN for maintenance \(DNS refused status\)/);
  assert.equal(world.oracle.counts.timeout, 3);
});

test('a check that cannot connect asks again, if the last good answer is not fresh', () => {
  const world = new World({ hosts: ['a.test'], resolveMs: 60_000 });
  const server = world.servers[0] as ControlledServer;
  world.oracle.answer = addressed('10.0.0.1');
  world.resolved.start();
  world.resolved.refresh(server);
  world.clock.advance(9999);
  world.resolved.refresh(server);
  assert.equal(world.oracle.asked.length, 1);
  world.clock.advance(1);
  world.oracle.answer = addressed('10.0.0.2');
  world.resolved.refresh(server);
  assert.deepEqual(world.moved, ['s1 10.0.0.1:80', 's1 10.0.0.2:80']);
});

test('addresses are shared: no two servers of a name have the same, unless they may', () => {
  const world = new World({ hosts: ['a.test', 'a.test', 'a.test'] });
  world.oracle.answer = addressed('10.0.0.1', '10.0.0.2');
  world.resolved.start();
  assert.deepEqual(world.moved, ['s1 10.0.0.1:80', 's2 10.0.0.2:80']);
  assert.equal(world.control.isUnresolved(world.servers[2] as ControlledServer), true);
  assert.equal(world.oracle.asked.length, 1, 'one question for all');
  const twins = new World({ hosts: ['a.test', 'a.test', 'a.test'], allowsTwins: true });
  twins.oracle.answer = addressed('10.0.0.1', '10.0.0.2');
  twins.resolved.start();
  assert.deepEqual(twins.moved, ['s1 10.0.0.1:80', 's2 10.0.0.2:80', 's3 10.0.0.1:80']);
});

test('hold obsolete keeps an address that answers have no more', () => {
  const world = new World({ hosts: ['a.test'], obsolete: 5000 });
  world.oracle.answer = addressed('10.0.0.1');
  world.resolved.start();
  world.oracle.answer = addressed('10.0.0.2');
  world.clock.advance(4500);
  assert.deepEqual(world.moved, ['s1 10.0.0.1:80']);
  world.clock.advance(1000);
  assert.deepEqual(world.moved, ['s1 10.0.0.1:80', 's1 10.0.0.2:80']);
});

test('services fill the slots of a template', () => {
  const world = new World({ hosts: ['_s', '_s', '_s'] });
  let services = serving([256, 81, 'one.test'], [1024, 82, 'two.test'], [0, 0, '']);
  const table: Readonly<Record<string, string>> = { 'one.test': '10.0.0.1', 'two.test': '10.0.0.2', 'new.test': '10.0.0.3' };
  world.oracle.answer = (question) => (question.type === 33 ? services : addressed(table[question.name] ?? '')(question));
  world.resolved.start();
  assert.deepEqual(world.moved, ['s1 10.0.0.1:81', 's2 10.0.0.2:82']);
  const weights = (): unknown[] => world.servers.map(({ live }) => world.shared.live[live + ServerLive.userWeight]);
  assert.deepEqual(weights(), [1, 4, 1]);
  world.said();
  services = serving([512, 82, 'two.test'], [256, 83, 'new.test']);
  world.clock.advance(1000);
  assert.deepEqual(weights(), [1, 2, 1]);
  assert.deepEqual(world.moved.slice(2), ['s1 10.0.0.3:83']);
  const [loss, gain] = world.said();
  assert.match(loss ?? '', /^Server b\/s1 is going DOWN for maintenance \(entry removed from SRV record\)/);
  assert.equal(gain, 'b/s1 changed its IP from (none) to 10.0.0.3 by d/ns.');
});

test('what do-resolve asks for is answered from what is known, and is bounded', () => {
  const world = new World({ hosts: [] });
  const { resolvers, oracle, clock } = world;
  const answers: unknown[] = [];
  const ask = (name: string): void => resolvers.lookup(name, 'ipv4', (found) => answers.push(found?.held.map(({ record }) => record)));
  oracle.answer = addressed('10.0.0.1');
  oracle.holds = true;
  for (let count = 0; count < 5; count++) ask('A.test');
  assert.deepEqual([answers.length, oracle.asked], [0, ['a.test 1']]);
  oracle.release();
  assert.equal(answers.length, 5);
  clock.advance(9999);
  ask('a.test.');
  assert.deepEqual([answers.length, oracle.asked.length], [6, 1]);
  clock.advance(1);
  ask('a.test');
  assert.deepEqual([answers.length, oracle.asked.length], [6, 2], 'hold valid is over');
  oracle.release();
  ask('a..test');
  assert.deepEqual(answers.slice(7), [undefined]);
  oracle.holds = false;
  for (let count = 0; count < 10_050; count++) ask(`n${count}.test`);
  assert.equal(resolvers.size, 10_000);
  // With all of them under way there is no room for another.
  oracle.answer = () => null;
  for (let count = 0; count < 10_000; count++) ask(`m${count}.test`);
  const before = answers.length;
  ask('one-more.test');
  assert.deepEqual([resolvers.size, answers.slice(before)], [10_000, [undefined]]);
});
