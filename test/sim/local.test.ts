/** Answers that are made here: redirects, returns, denials, by the hundred in one block; bodies that nobody reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from '../../src/platform/sim/world.ts';
import { pick } from './exchange.ts';
import { MessageReader } from './messages.ts';
import { drip, readSlowly } from './peers.ts';
import { SimRig } from './rig.ts';
import { eachSeed } from './seeds.ts';

const CONFIG = `
defaults
  mode http
  timeout connect 1s
  timeout client 3s
  timeout server 3s
frontend f
  bind :8000
  http-request return status 200 content-type text/plain string hello if { path /return }
  http-request return status 200 content-type text/plain lf-string "%[path]%[path]" if { path_beg /format }
  http-request redirect location /elsewhere if { path /redirect }
  http-request deny if { path /deny }
  default_backend b
backend b
  server s1 127.0.0.1:9001
`;

const PATHS = ['/return', '/format', '/redirect', '/deny', '/nobody'] as const;
const STATUS = { '/return': 200, '/format': 200, '/redirect': 302, '/deny': 403, '/nobody': 503 } as const;
const BODY: Record<string, string> = { '/return': 'hello', '/format': '/format/format', '/redirect': '' };
/** HAProxy keeps the connection after these. */
const KEEPS = new Set<string>(['/return', '/format', '/redirect', '/deny']);

function request(method: string, path: string, fields = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: sim.test\r\n${fields}\r\n`;
}

function judge(rig: SimRig, reader: MessageReader, asked: readonly (readonly [string, string])[]): void {
  assert.equal(reader.error, '', rig.place());
  for (const [index, message] of reader.messages.entries()) {
    const [method, path] = asked[index] as [string, keyof typeof STATUS];
    assert.match(message.start, new RegExp(`^HTTP/1.1 ${STATUS[path]} `), `answer ${index} to ${method} ${path}; ${rig.place()}`);
    assert.ok(message.complete, `answer ${index} to ${method} ${path}; ${rig.place()}`);
    const body = Buffer.from(message.body).toString('latin1');
    if (method === 'HEAD') assert.equal(body, '', rig.place());
    else if (path in BODY) assert.equal(body, BODY[path], rig.place());
  }
}

test('thousands of pipelined answers in one block: no recursion, none is lost', () => {
  for (const path of ['/return', '/redirect', '/format']) {
    const rig = new SimRig(CONFIG, { seed: 5 });
    const asked = Array.from({ length: 1200 }, () => ['GET', path] as const);
    const client = rig.host.dial(8000);
    const reader = new MessageReader(client.received, () => 'GET');
    client.onEvent = () => reader.advance();
    client.write(asked.map(([method, at]) => request(method, at)).join(''));
    rig.until('all are answered', () => reader.messages.length === asked.length);
    client.close();
    rig.finish();
    judge(rig, reader, asked);
    assert.equal(rig.lines.length, asked.length);
  }
});

eachSeed('answers made here, pipelined, with and without bodies', 150, (seed) => {
  const rig = new SimRig(CONFIG, { seed });
  const dice = new World(seed * 17);
  const asked = Array.from({ length: 1 + dice.random(30) }, () => [pick(dice, ['GET', 'HEAD', 'POST']), pick(dice, PATHS)] as const);
  const client = rig.host.dial(8000);
  const reader = new MessageReader(client.received, (index) => asked[index]?.[0] ?? 'GET');
  client.onEvent = () => reader.advance();
  readSlowly(rig, dice, client, dice.random(4));
  const text = asked.map(([method, path]) => {
    if (method !== 'POST') return request(method, path);
    const size = dice.random(dice.chance(8) ? 100_000 : 100);
    return dice.chance(2)
      ? `${request('POST', path, `Content-Length: ${size}\r\n`)}${'b'.repeat(size)}`
      : `${request('POST', path, 'Transfer-Encoding: chunked\r\n')}${size > 0 ? `${size.toString(16)}\r\n${'c'.repeat(size)}\r\n` : ''}0\r\nX-T: 1\r\n\r\n`;
  });
  let isSent = false;
  drip(rig, dice, client, Buffer.from(text.join(''), 'latin1'), () => {
    isSent = true;
  });
  const isOver = (): boolean =>
    client.ended || client.broken || (isSent && reader.messages.length === asked.length && reader.current === null);
  rig.until('all are answered', isOver);
  client.close();
  rig.finish();
  judge(rig, reader, asked);
  // A body that came late may end the connection, a page of the proxy too; before that nothing is missing.
  const last = reader.messages.at(-1);
  const isLastClosing = last?.fields.some(([name, value]) => name === 'connection' && value === 'close') === true;
  assert.ok(isLastClosing || reader.messages.length === asked.length, `${reader.messages.length} of ${asked.length}; ${rig.place()}`);
  for (const [index, { fields }] of reader.messages.entries()) {
    const [method, path] = asked[index] as readonly [string, string];
    const closes = fields.some(([name, value]) => name === 'connection' && value === 'close');
    if (closes) assert.ok(method === 'POST' || !KEEPS.has(path), `${method} ${path} ends the connection; ${rig.place()}`);
  }
});
