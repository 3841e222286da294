/** Several data threads share the connections of one listener. */
import assert from 'node:assert/strict';
import { type Connection, connect } from '../support/connection.ts';
import { askOn, configure, field, get, onSubjects, ports } from './rig.ts';

const CONNECTIONS = 64;
const THREADS = 4;
/** On a busy machine a thread may sleep through a round; one that is left out by the kernel's order sleeps through all. */
const ROUNDS = 8;

/** How many of a round's connections each thread has taken. */
async function shares(port: number): Promise<number[]> {
  const clients: Connection[] = [];
  for (let turn = 0; turn < CONNECTIONS; turn++) clients.push(await connect(port));
  const counts = new Array<number>(THREADS).fill(0);
  for (const client of clients) {
    const thread = Number(field((await askOn(client, get('/'))).head, 'x-thread'));
    counts[thread] = (counts[thread] as number) + 1;
    client[Symbol.dispose]();
  }
  return counts;
}

onSubjects('every thread gets its share of the connections', async ({ start, old }) => {
  const [port] = await ports(1);
  await start(
    configure({
      global: `nbthread ${THREADS}`,
      rest: `frontend f\n  bind 127.0.0.1:${port}\n  http-request return status 200 hdr x-thread %[thread]`,
    }),
  );
  const rounds: number[][] = [];
  const isFair = (counts: readonly number[]): boolean => counts.every((count) => count >= CONNECTIONS / THREADS / 4);
  // HAProxy spreads them by its own measure.
  while (!rounds.some(isFair) && rounds.length < (old ? 1 : ROUNDS)) rounds.push(await shares(port));
  assert.ok(old || rounds.some(isFair), JSON.stringify(rounds));
});
