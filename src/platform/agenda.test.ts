/** Turns that last. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agenda } from './agenda.ts';

/** A turn that keeps the processor for so long. */
function turn(agenda: Agenda, lastsMs: number): void {
  agenda.tick();
  while (performance.now() - agenda.now < lastsMs);
  agenda.endTurn();
}

test('long turns are counted, and the longest is known', () => {
  const agenda = new Agenda();
  turn(agenda, 1.2);
  const { turnsOver1Ms, longestTurnUs } = agenda.turnCounters();
  assert.equal(turnsOver1Ms, 1);
  assert.ok((longestTurnUs as number) >= 1200);
  turn(agenda, (longestTurnUs as number) / 1000 + 5);
  const later = agenda.turnCounters();
  assert.equal(later['turnsOver1Ms'], 2);
  assert.ok((later['turnsOver5Ms'] as number) >= 1);
  assert.ok((later['longestTurnUs'] as number) >= (longestTurnUs as number) + 5000);
});
