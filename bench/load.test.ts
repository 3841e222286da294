/** Reading wrk's report, and the arithmetic of the comparison. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWrk } from './load.ts';
import type { Sample } from './measure.ts';
import { median, ratios } from './measure.ts';

const REPORT = `Running 1s test @ http://127.0.0.1:18003/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.52ms    0.86ms   9.55ms   73.12%
    Req/Sec    18.25k   681.48    18.80k    80.00%
  Latency Distribution
     50%  662.54us
     75%    1.71ms
     90%    2.01ms
     99%    1.20s
  18157 requests in 1.00s, 3.26MB read
  Socket errors: connect 0, read 14065, write 37, timeout 0
  Non-2xx or 3xx responses: 12
Requests/sec:  18100.92
Transfer/sec:      3.25MB
`;

test('reads counts, units and errors of wrk', () => {
  assert.deepEqual(parseWrk(REPORT), {
    requests: 18157,
    requestsPerS: 18100.92,
    p50Us: 662.54,
    p99Us: 1.2e6,
    errors: 'Socket errors: connect 0, read 14065, write 37, timeout 0; Non-2xx or 3xx responses: 12',
  });
});

test('refuses a report that lacks a figure', () => {
  assert.throws(() => parseWrk(REPORT.replace('50%', '40%')), /lacks/);
});

test('the median of odd, even and no values', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([]), Number.NaN);
});

test('a ratio compares the costs of the same round', () => {
  const result = (...costs: number[]) => ({
    name: '',
    peakBytes: 0,
    requests: 0,
    logLines: 0,
    notes: new Set<string>(),
    samples: costs.map((cost): Sample => ({ requestsPerS: 0, userUs: cost / 2, systemUs: cost / 2, p50Us: 0, p99Us: 0 })),
  });
  assert.deepEqual(ratios(result(8, 30), result(16, 20, 7)), [0.5, 1.5]);
});
