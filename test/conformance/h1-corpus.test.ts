/**
 * Replays the recorded cases of test/corpus/h1.jsonl (raw HTTP/1 bytes and what HAProxy 3.5 did with them) through
 * parser, framing, body decoder and encoder, whole and cut at every byte. What needs a stream (timeouts, logs,
 * closing) is judged elsewhere.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exchange, type Forwarded, requests } from '../support/h1-replay.ts';

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly profiles: readonly string[];
  readonly steps: readonly Step[];
  readonly resp?: readonly Step[];
  readonly methods?: readonly string[];
  readonly expect: { readonly 'haproxy-3.5-dev': Readonly<Record<string, Expected>> };
}
type Step = readonly [string, string | number, number?];
interface Expected {
  readonly st: readonly (number | string)[];
  readonly fwd: readonly Received[];
  readonly resp: readonly Answer[];
  readonly end: string;
  readonly unstable?: readonly string[];
}
interface Received {
  readonly line?: string;
  readonly h?: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly fr?: string;
  readonly tr?: readonly (readonly [string, string])[];
}
interface Answer {
  readonly status?: number;
  readonly h?: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly fr?: string;
  readonly tr?: readonly (readonly [string, string])[];
  readonly tunnel?: string;
  /** What the recorder could not read as a response. */
  readonly junk?: string;
}

/** Cases whose outcome is not the codec's: why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'target-form/connect-with-content-length': 'HAProxy fails to send it to the server: 502 SH',
  'chunked/truncated-after-data': 'the client closes in the middle',
  'upgrade/101-client-bytes-early': 'the client closes before the answer',
  'resp-faults/100-continue-then-final-without-body-read': 'the script reads a body that never comes',
};

const cases = readFileSync(new URL('../corpus/h1.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Case);

function stream(steps: readonly Step[]): Uint8Array {
  let text = '';
  for (const [kind, value, count] of steps) {
    if (kind === 's' || kind === 'b') text += value as string;
    else if (kind === 'r') text += (value as string).repeat(count as number);
  }
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

function expectation(found: Case, profile: string): Expected | undefined {
  return found.profiles.includes(profile) && !(found.id in ELSEWHERE) ? found.expect['haproxy-3.5-dev'][profile] : undefined;
}

/** Long values are recorded as a length and a digest: their length is compared. */
function shorten(text: string, limit: number, unit: string): string {
  return text.length > limit ? `<${text.length}${unit}` : text;
}

function sorted(fields: readonly (readonly [string, string])[]): string[] {
  const lines = fields.map(([name, value]) => `${name}: ${value.startsWith('<') ? value.split(' ')[0] : shorten(value, 299, '')}`);
  return lines.sort();
}

function body(text: string): string {
  return text.startsWith('<') && / bytes /.test(text) ? (text.split(' ')[0] as string) : text;
}

function sameForwarded(got: Forwarded, expected: Received, id: string): void {
  const line = expected.line as string;
  assert.equal(got.line.length > 299 ? `<${got.line.length}` : got.line, line.startsWith('<') ? line.split(' ')[0] : line, id);
  assert.deepEqual(sorted(got.fields), sorted(expected.h ?? []), id);
  if (expected.fr === 'aborted') return;
  assert.equal(shorten(got.body, 200, ''), body(expected.body ?? ''), id);
  assert.deepEqual(sorted(got.trailers), sorted(expected.tr ?? []), id);
}

for (const profile of ['default', 'lenient']) {
  test(`requests of the corpus, profile ${profile}`, () => {
    let count = 0;
    for (const found of cases) {
      const expected = expectation(found, profile);
      if (found.kind !== 'req' || expected === undefined) continue;
      const got = requests(stream(found.steps), profile === 'lenient', 0);
      const wanted = expected.fwd.filter((entry) => entry.line !== undefined);
      assert.equal(got.forwarded.length, wanted.length, found.id);
      for (const [index, entry] of wanted.entries()) sameForwarded(got.forwarded[index] as Forwarded, entry, found.id);
      const refusal = expected.st.find(
        (status) => (status as number) >= 400 && status !== 408 && wanted.every((entry) => entry.fr !== 'aborted'),
      );
      if (found.steps.length > 0 && !found.steps.every(([kind]) => kind === 'w' || kind === 'x')) {
        if (!found.id.startsWith('timeouts/') && !found.id.includes('no-length')) assert.equal(got.status, refusal ?? 0, found.id);
      }
      count++;
    }
    assert.ok(count > 100);
  });

  test(`responses of the corpus, profile ${profile}`, () => {
    let count = 0;
    for (const found of cases) {
      const expected = expectation(found, profile);
      if (found.kind !== 'resp' || expected === undefined || expected.unstable !== undefined) continue;
      if (!found.resp?.some(([kind]) => kind === 's')) continue;
      const answers = expected.resp;
      const got = exchange(stream(found.steps), stream(found.resp), profile === 'lenient');
      const junk = answers[0]?.junk;
      if (junk !== undefined) {
        assert.ok(junk.startsWith(`${got[0]?.line}\r\n`), found.id);
        count++;
        continue;
      }
      for (const [index, answer] of got.entries()) {
        const wanted = answers[index] as Answer;
        assert.equal(answer.status, wanted.status, found.id);
        if (answer.status === 502) break;
        assert.deepEqual(sorted(answer.fields), sorted((wanted.h ?? []).map(([name, value]) => [name, value])), found.id);
        if (wanted.fr === 'truncated') continue;
        assert.equal(shorten(answer.body, 200, ''), body(wanted.tunnel ?? wanted.body ?? ''), found.id);
        assert.deepEqual(sorted(answer.trailers), sorted(wanted.tr ?? []), found.id);
      }
      count++;
    }
    assert.ok(count > 30);
  });
}

test('requests of the corpus give the same result for every cut', () => {
  for (const found of cases) {
    const bytes = stream(found.steps);
    if (found.kind !== 'req' || bytes.length > 1500) continue;
    for (const lenient of [false, true]) {
      const whole = requests(bytes, lenient, 0);
      for (let cut = 1; cut < bytes.length; cut++) assert.deepEqual(requests(bytes, lenient, cut), whole, `${found.id} cut at ${cut}`);
      assert.deepEqual(requests(bytes, lenient, -1), whole, `${found.id} byte by byte`);
    }
  }
});
