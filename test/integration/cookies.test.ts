/**
 * Persistence by cookie in every mode: what the client and the server receive, where the request
 * goes, the two letters in the log (HAProxy configuration manual 4.2, cookie).
 */
import assert from 'node:assert/strict';
import type { HttpOrigin } from '../support/origin.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, configure, field, get, httpLine, onSubjects, ports } from './rig.ts';

interface Step {
  /** Cookie fields of the request. */
  readonly send?: readonly string[];
  /** Fields of the server's answer. */
  readonly answer?: string;
  readonly method?: string;
  readonly expect: {
    readonly server?: string;
    /** Every Set-Cookie that the client receives. */
    readonly set?: readonly string[];
    /** The Cookie fields that the server receives. */
    readonly seen?: readonly string[];
    /** Cookie letters of the log line. */
    readonly letters: string;
    readonly cacheControl?: string;
  };
}

const HOT = 'Cache-Control: max-age=60\r\n';

const MODES: Readonly<Record<string, readonly Step[]>> = {
  'cookie S insert': [
    { expect: { set: ['S=a; path=/'], letters: 'NI', server: 'a' } },
    { send: ['S=b'], expect: { server: 'b', set: [], seen: ['S=b'], letters: 'VN' } },
    { send: ['x=1; S=b; y=2'], expect: { server: 'b', set: [], seen: ['x=1; S=b; y=2'], letters: 'VN' } },
    { send: ['S=unknown'], expect: { set: ['S=b; path=/'], letters: 'II', seen: ['S=unknown'] } },
    { send: ['S='], expect: { set: ['S=a; path=/'], letters: 'II' } },
    { answer: 'Set-Cookie: S=own\r\n', expect: { set: ['S=b; path=/'], letters: 'NI' } },
    { send: ['T=b'], expect: { set: ['S=a; path=/'], letters: 'NI', seen: ['T=b'] } },
    { send: ['x=1', 'S=b'], expect: { server: 'b', set: [], seen: ['x=1', 'S=b'], letters: 'VN' } },
  ],
  'cookie S insert indirect nocache': [
    { expect: { set: ['S=a; path=/'], letters: 'NI', cacheControl: '-' } },
    { answer: HOT, expect: { set: ['S=b; path=/'], letters: 'NI', cacheControl: 'max-age=60, private' } },
    { send: ['x=1; S=b; y=2'], expect: { server: 'b', set: [], seen: ['x=1; y=2'], letters: 'VN', cacheControl: '-' } },
    { send: ['S=b'], expect: { server: 'b', set: [], seen: [], letters: 'VN' } },
    { send: ['S=b'], answer: 'Set-Cookie: S=own\r\n', expect: { set: [], letters: 'VD', seen: [] } },
    { send: ['S=b; y=2'], expect: { server: 'b', set: [], seen: ['y=2'], letters: 'VN' } },
  ],
  'cookie S insert indirect preserve': [
    { answer: 'Set-Cookie: S=own; path=/\r\n', expect: { set: ['S=own; path=/'], letters: 'NP' } },
    { send: ['S=b'], expect: { server: 'b', set: [], letters: 'VN' } },
  ],
  'cookie S insert postonly': [{ expect: { set: [], letters: 'NN' } }, { method: 'POST', expect: { set: ['S=b; path=/'], letters: 'NI' } }],
  'cookie S insert domain .a.test domain .b.test httponly secure attr SameSite=Lax': [
    { expect: { set: ['S=a; path=/; domain=.a.test; domain=.b.test; HttpOnly; Secure; SameSite=Lax'], letters: 'NI' } },
  ],
  'cookie S rewrite': [
    { expect: { set: [], letters: 'NN' } },
    { answer: 'Set-Cookie: S=own; path=/x\r\n', expect: { set: ['S=b; path=/x'], letters: 'NR' } },
    { send: ['S=b'], answer: 'Set-Cookie: T=1\r\n', expect: { server: 'b', set: ['T=1'], seen: ['S=b'], letters: 'VN' } },
  ],
  'cookie S prefix': [
    { expect: { set: [], letters: 'NN' } },
    { answer: 'Set-Cookie: S=own; path=/x\r\n', expect: { set: ['S=b~own; path=/x'], letters: 'NR' } },
    { send: ['S=b~own; z=1'], expect: { server: 'b', set: [], seen: ['S=own; z=1'], letters: 'VN' } },
    { send: ['S=own'], expect: { set: [], seen: ['S=own'], letters: 'IN' } },
  ],
};

async function play(step: Step, port: number, origins: Readonly<Record<string, HttpOrigin>>, answers: { fields: string }): Promise<string> {
  answers.fields = step.answer ?? '';
  const before = Object.values(origins).map(({ requests }) => requests.length);
  const cookies = (step.send ?? []).map((value) => `Cookie: ${value}`);
  const request = get('/', 'Connection: close', ...(step.method === 'POST' ? ['Content-Length: 0'] : []), ...cookies);
  const { status, head, body } = await ask(port, request.replace(/^GET/, step.method ?? 'GET'));
  assert.equal(status, 200);
  const { expect } = step;
  const what = JSON.stringify(step);
  if (expect.server !== undefined) assert.equal(body, expect.server, what);
  if (expect.set !== undefined) assert.deepEqual(valuesOf(head, 'set-cookie'), expect.set, what);
  if (expect.cacheControl !== undefined) assert.equal(valuesOf(head, 'cache-control').join(', ') || '-', expect.cacheControl, what);
  const [, origin] = Object.entries(origins).find(([name]) => name === body) as [string, HttpOrigin];
  assert.equal(
    Object.values(origins).reduce((sum, { requests }) => sum + requests.length, 0),
    before.reduce((sum, count) => sum + count, 1),
  );
  if (expect.seen !== undefined) assert.deepEqual(valuesOf(origin.requests.at(-1)?.head ?? '', 'cookie'), expect.seen, what);
  return expect.letters;
}

function valuesOf(head: string, name: string): string[] {
  return [...head.matchAll(new RegExp(`^${name}: (.*)\\r$`, 'gim'))].map(([, value]) => value as string);
}

for (const [line, steps] of Object.entries(MODES)) {
  onSubjects(line, async ({ start }) => {
    const answers = { fields: '' };
    await using a = await startHttpOrigin(() => ok('a', answers.fields));
    await using b = await startHttpOrigin(() => ok('b', answers.fields));
    await using syslog = await startSyslog();
    const [port] = await ports(1);
    const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  balance roundrobin\n  ${line}
  server a 127.0.0.1:${a.port} cookie a\n  server b 127.0.0.1:${b.port} cookie b`;
    // One thread, so that the lines come in order.
    await start(configure({ global: 'nbthread 1', rest }));
    const letters: string[] = [];
    for (const step of steps) letters.push(await play(step, port, { a, b }, answers));
    const lines = (await syslog.waitForCount(steps.length)).map(httpLine);
    assert.deepEqual(
      lines.map(({ termination }) => termination),
      letters.map((pair) => `--${pair}`),
    );
  });
}

onSubjects('a cookie of a server that is down sends elsewhere, with a new cookie', async ({ start }) => {
  await using a = await startHttpOrigin(() => ok('a'));
  await using syslog = await startSyslog();
  const [port, dead] = await ports(2);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog\n  balance roundrobin
  cookie S insert indirect\n  server a 127.0.0.1:${a.port} cookie a\n  server b 127.0.0.1:${dead} cookie b check inter 50ms fall 1`;
  await start(configure({ rest }));
  await syslog.waitFor(/Server l\/b is DOWN/);
  const { head, body } = await ask(port, get('/', 'Cookie: S=b', 'Connection: close'));
  assert.equal(body, 'a');
  assert.equal(field(head, 'set-cookie'), 'S=a; path=/');
  assert.equal(httpLine(await syslog.waitFor(/"GET/)).termination, '--DI');
});

onSubjects('maxidle and maxlife: dates in the value', async ({ start }) => {
  await using a = await startHttpOrigin(() => ok('a'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  option httplog
  cookie S insert indirect maxidle 1h maxlife 8h\n  server a 127.0.0.1:${a.port} cookie a`;
  await start(configure({ global: 'nbthread 1', rest }));
  const first = field((await ask(port, get('/', 'Connection: close'))).head, 'set-cookie') ?? '';
  const [, value, last, begun] = /^S=((?:a)\|([A-Za-z0-9+/]{5})\|([A-Za-z0-9+/]{5})); path=\/$/.exec(first) ?? [];
  assert.ok(value !== undefined, first);
  assert.equal(last, begun);
  // Seconds divided by four, in base 64 of thirty bits.
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const date = [...(last as string)].reduce((sum, digit) => sum * 64 + digits.indexOf(digit), 0) * 4;
  assert.ok(Math.abs(date - Date.now() / 1000) < 10, `${date}`);
  const again = await ask(port, get('/', `Cookie: S=${value}`, 'Connection: close'));
  assert.equal(field(again.head, 'set-cookie'), undefined);
  for (const old of [`BAAAA|${begun}`, `${last}|BAAAA`]) {
    const expired = await ask(port, get('/', `Cookie: S=a|${old}`, 'Connection: close'));
    assert.match(field(expired.head, 'set-cookie') ?? '', /^S=a\|/);
  }
  const letters = (await syslog.waitForCount(4)).map((message) => httpLine(message).termination);
  assert.deepEqual(letters, ['--NI', '--VN', '--EI', '--OI']);
});
