/** The wheel against a plain list as its oracle, and the cases that a list does not have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEVER, Timer, TimerWheel } from './timers.ts';

/** Milliseconds that a deadline may be met late. */
const LATE_MS = 4;
const DAY_MS = 86_400_000;

class Alarm {
  readonly timer = new Timer(this);
  fired: number[] = [];
  #clock: { now: number };

  constructor(clock: { now: number }) {
    this.#clock = clock;
  }

  onTimer(): void {
    this.fired.push(this.#clock.now);
  }
}

test('a timer fires once, at its deadline or at most a slot later', () => {
  const clock = { now: 1000.5 };
  const wheel = new TimerWheel(clock.now);
  const alarm = new Alarm(clock);
  wheel.set(alarm.timer, 1050.2);
  assert.equal(wheel.count, 1);
  for (; clock.now < 1100; clock.now++) wheel.advance(clock.now);
  assert.equal(alarm.fired.length, 1);
  const at = alarm.fired[0] as number;
  assert.ok(at >= 1050.2 && at <= 1050.2 + LATE_MS, `${at}`);
  assert.equal(alarm.timer.deadline, NEVER);
  assert.equal(wheel.count, 0);
});

test('a deadline that is pushed back is met at its new time only', () => {
  const clock = { now: 0 };
  const wheel = new TimerWheel(0);
  const alarm = new Alarm(clock);
  wheel.set(alarm.timer, 100);
  for (; clock.now < 1000; clock.now += 10) {
    wheel.set(alarm.timer, clock.now + 100);
    wheel.advance(clock.now);
  }
  assert.equal(alarm.fired.length, 0);
  for (; clock.now < 2000; clock.now++) wheel.advance(clock.now);
  assert.equal(alarm.fired.length, 1);
  assert.ok((alarm.fired[0] as number) >= 1090);
});

test('a deadline that is drawn nearer is met at its new time', () => {
  const clock = { now: 0 };
  const wheel = new TimerWheel(0);
  const alarm = new Alarm(clock);
  wheel.set(alarm.timer, 60_000);
  assert.ok(wheel.wait(0) > 1000);
  wheel.set(alarm.timer, 50);
  assert.ok(wheel.wait(0) <= 50 + LATE_MS);
  for (; clock.now < 100; clock.now++) wheel.advance(clock.now);
  assert.equal(alarm.fired.length, 1);
});

test('stopped and dropped timers do not fire', () => {
  const clock = { now: 0 };
  const wheel = new TimerWheel(0);
  const stopped = new Alarm(clock);
  const dropped = new Alarm(clock);
  wheel.set(stopped.timer, 50);
  wheel.set(dropped.timer, 50);
  wheel.stop(stopped.timer);
  wheel.drop(dropped.timer);
  assert.equal(wheel.count, 1);
  for (; clock.now < 200; clock.now++) wheel.advance(clock.now);
  assert.deepEqual([...stopped.fired, ...dropped.fired], []);
  assert.equal(wheel.count, 0);
  wheel.drop(dropped.timer);
  assert.equal(wheel.count, 0);
});

test('deadlines further away than the wheel is long wait their turns', () => {
  const clock = { now: 0 };
  const wheel = new TimerWheel(0);
  const alarm = new Alarm(clock);
  wheel.set(alarm.timer, 100_000);
  for (; clock.now < 110_000; clock.now += 3) wheel.advance(clock.now);
  assert.equal(alarm.fired.length, 1);
  assert.ok((alarm.fired[0] as number) >= 100_000 && (alarm.fired[0] as number) < 100_010);
});

test('one long sleep fires everything that was due', () => {
  const clock = { now: 0 };
  const wheel = new TimerWheel(0);
  const alarms = [10, 5000, 20_000, 50_000].map((deadline) => {
    const alarm = new Alarm(clock);
    wheel.set(alarm.timer, deadline);
    return alarm;
  });
  clock.now = 60_000;
  wheel.advance(clock.now);
  assert.deepEqual(
    alarms.map((alarm) => alarm.fired.length),
    [1, 1, 1, 1],
  );
});

test('a handler may set its own timer, drop others of the same slot and add new ones', () => {
  const clock = { now: 0 };
  const wheel = new TimerWheel(0);
  const bystander = new Alarm(clock);
  const late = new Alarm(clock);
  let rounds = 0;
  const leader = new Timer({
    onTimer(timer): void {
      rounds++;
      wheel.drop(bystander.timer);
      wheel.set(late.timer, clock.now + 1);
      if (rounds < 3) wheel.set(timer, clock.now + 10);
    },
  });
  wheel.set(bystander.timer, 20);
  wheel.set(leader, 20);
  for (; clock.now < 100; clock.now++) wheel.advance(clock.now);
  assert.equal(rounds, 3);
  assert.equal(bystander.fired.length, 0);
  assert.equal(late.fired.length, 3);
  assert.equal(wheel.count, 0);
});

test('a handler that always sets its timer for now does not hold the loop', () => {
  const wheel = new TimerWheel(0);
  let rounds = 0;
  const timer = new Timer({
    onTimer(own): void {
      rounds++;
      wheel.set(own, 0);
    },
  });
  wheel.set(timer, 10);
  wheel.advance(500);
  assert.ok(rounds === 1 || rounds === 2, `${rounds} rounds`);
  const before = rounds;
  wheel.advance(500);
  assert.equal(rounds, before + 1);
  assert.ok(wheel.wait(500) <= LATE_MS);
});

test('it goes on after 25, 100 and 1000 days', () => {
  for (const days of [25, 100, 1000]) {
    const clock = { now: days * DAY_MS };
    const wheel = new TimerWheel(clock.now);
    const alarm = new Alarm(clock);
    const deadline = clock.now + 500;
    wheel.set(alarm.timer, deadline);
    const wait = wheel.wait(clock.now);
    assert.ok(wait > 400 && wait <= 500 + LATE_MS, `${days} days: ${wait} ms`);
    for (; clock.now < deadline + 100; clock.now++) wheel.advance(clock.now);
    assert.equal(alarm.fired.length, 1, `${days} days`);
    assert.ok((alarm.fired[0] as number) >= deadline);
  }
});

test('whatever is done, it agrees with a list, and wait never sleeps past a deadline', () => {
  let state = 12345;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % limit;
  };
  const clock = { now: 0 };
  const wheel = new TimerWheel(0);
  const alarms = Array.from({ length: 50 }, () => new Alarm(clock));
  const due = new Map<Alarm, number>();
  for (let step = 0; step < 20_000; step++) {
    const alarm = alarms[random(alarms.length)] as Alarm;
    const action = random(10);
    if (action < 6) {
      const deadline = clock.now + 1 + random(action === 0 ? 40_000 : 300);
      wheel.set(alarm.timer, deadline);
      due.set(alarm, deadline);
    } else if (action === 6) {
      if (random(2) === 0) wheel.stop(alarm.timer);
      else wheel.drop(alarm.timer);
      due.delete(alarm);
    }
    const earliest = Math.min(...due.values(), Number.POSITIVE_INFINITY);
    const wait = wheel.wait(clock.now);
    assert.ok(wait <= earliest - clock.now + LATE_MS, `waits ${wait} ms, due in ${earliest - clock.now}`);
    clock.now += random(20);
    wheel.advance(clock.now);
    for (const each of alarms) {
      const deadline = due.get(each);
      if (each.fired.length > 0) {
        assert.ok(deadline !== undefined && deadline <= clock.now);
        due.delete(each);
        each.fired = [];
      } else assert.ok(deadline === undefined || deadline > clock.now - LATE_MS, 'it should have fired');
    }
  }
  assert.ok(due.size > 0);
});

test('a slot that waits far ahead costs wait one look, not a search', () => {
  const wheel = new TimerWheel(0);
  const alarm = new Alarm({ now: 0 });
  wheel.set(alarm.timer, 16_000);
  wheel.wait(0);
  const started = performance.now();
  for (let at = 0; at < 100_000; at++) wheel.wait(at / 100);
  // A search of 3,700 slots each time takes a hundred times as long.
  assert.ok(performance.now() - started < 100, `${performance.now() - started} ms`);
});
