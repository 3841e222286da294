/** What is counted of TLS on several threads, read as HAProxy shows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rateTime } from '../state/rates.ts';
import { allocateShared, Shared } from '../state/shared.ts';
import {
  beginTls,
  countClientKey,
  countServerKey,
  countTlsClient,
  countTlsFailure,
  countTlsHandshake,
  endTls,
} from '../state/tls-counts.ts';
import { describeTls, tlsCounts, tlsFigures } from './tls-figures.ts';

const WALL_MS = 1_795_166_475_000;

function threads(): readonly [Shared, Shared] {
  const buffers = allocateShared({ frontends: 1, backends: 1, servers: 1, threads: 2 });
  return [new Shared(buffers, 0), new Shared(buffers, 1)];
}

test('connections, rates and their highest, and how many needed no key', () => {
  const [one, two] = threads();
  const now = rateTime(WALL_MS);
  for (const { live } of [one, two, one, two]) {
    beginTls(live);
    countTlsClient(live, now);
  }
  endTls(two.live);
  countClientKey(one.live, now);
  countServerKey(two.live, now);
  countServerKey(two.live, now);
  const figures = tlsFigures(one, WALL_MS + 10);
  assert.deepEqual([figures.current, figures.total, figures.mostRate], [3, 4, 4]);
  assert.deepEqual([figures.mostClientKeyRate, figures.mostServerKeyRate], [1, 2]);
  assert.deepEqual([figures.rate, figures.clientKeyRate, figures.clientReusePercent], [4, 1, 75]);
  const later = tlsFigures(two, WALL_MS + 60_000);
  assert.deepEqual([later.rate, later.mostRate, later.clientReusePercent], [0, 4, 0]);
});

test('handshakes of all threads, by what they belong to', () => {
  const [one, two] = threads();
  countTlsHandshake(one.counts, one.frontendCounts(0), false);
  countTlsHandshake(two.counts, two.frontendCounts(0), true);
  countTlsFailure(two.counts, two.serverCounts(0));
  assert.deepEqual(tlsCounts(one, one.frontendCounts(0)), { sessions: 1, reuses: 1, failures: 0 });
  const all = describeTls(two, { frontends: ['fe'], backends: ['be'], servers: ['be/s1'] }, WALL_MS) as Record<string, unknown>;
  assert.deepEqual(all['frontends'], { fe: { sessions: 1, reuses: 1, failures: 0 } });
  assert.deepEqual([all['backends'], all['servers']], [{}, { 'be/s1': { sessions: 0, reuses: 0, failures: 1 } }]);
});
