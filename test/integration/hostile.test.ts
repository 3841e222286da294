/**
 * Peers that mean harm, or do as if: floods, cuts and stalls in every phase. Nothing may be left in use afterwards
 * (the rig looks), and the other side is never blamed for what they did.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from '../support/connection.ts';
import { run } from '../support/program.ts';
import { HAWSER, makeFolder } from '../support/proxy.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, configure, get, httpLine, onSubjects, ports, serveSockets } from './rig.ts';

const SHORT_MS = 200;
const LONG_MS = 600;
const PIPELINED = 3000;
const CHUNKS = 100_000;
const LOCAL = 'http-request return status 200 content-type text/plain string local if { path /local }';
/** More than the buffers of two sockets hold. */
const BIG = Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n'), Buffer.alloc(20_000_000)]);
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A server that answers every request by its path. Requests are told apart by the end of their heads only. */
function serveHostile(): ReturnType<typeof serveSockets> {
  return serveSockets((socket) => {
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const path = /^[A-Z]+ \/(\S*)/.exec(text)?.[1];
        text = text.slice(end + 4);
        if (path !== undefined) answer(socket, path);
      }
    });
    socket.on('end', () => socket.end());
  });
}

function answer(socket: Socket, path: string): void {
  if (path === 'silent') return;
  if (path === 'deaf') socket.pause();
  else if (path === 'big') socket.write(BIG);
  else if (path === 'flood') socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(10_000) + OK);
  else if (path === 'endless') socket.write(`HTTP/1.1 200 OK\r\n${'X: yyyyyyyyyyyyyyyyyyy\r\n'.repeat(10_000)}`);
  else if (path === 'chunks') socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(CHUNKS)}0\r\n\r\n`);
  else if (path === 'pauses') {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhe');
    setTimeout(() => socket.write('ld'), 2 * SHORT_MS);
  } else socket.write(OK);
}

onSubjects('thousands of requests in one write are all answered', async ({ start }) => {
  await using origin = await serveHostile();
  const [port] = await ports(1);
  await start(configure({ rest: `listen l\n  bind 127.0.0.1:${port}\n  ${LOCAL}\n  server s1 127.0.0.1:${origin.port}` }));
  for (const path of ['/local', '/ok']) {
    using client = await connect(port);
    await client.write(get(path).repeat(PIPELINED) + get(path, 'Connection: close'));
    const answers = await client.readToEnd();
    assert.equal(answers.split('HTTP/1.1 200 OK').length - 1, PIPELINED + 1, path);
  }
});

onSubjects('floods of heads, interim answers and chunks are bounded', async ({ start }) => {
  await using origin = await serveHostile();
  const [port] = await ports(1);
  await start(configure({ rest: `listen l\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${origin.port}` }));
  {
    using client = await connect(port);
    await client.write(get('/flood', 'Connection: close'));
    const all = await client.readToEnd();
    assert.equal(all.split('100 Continue').length - 1, 10_000);
    assert.match(all, /\r\n\r\nHTTP\/1\.1 200 OK\r\n.*ok$/s);
  }
  assert.equal((await ask(port, get('/endless'))).status, 502);
  {
    using client = await connect(port);
    await client.write(get('/chunks'));
    const { body } = await client.readMessage();
    assert.equal(body.replace(/[^x]/g, '').length, CHUNKS);
  }
  const bomb = `POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(CHUNKS)}0\r\n\r\n`;
  assert.equal((await ask(port, bomb)).status, 200);
  for (const head of [
    `GET /${'a'.repeat(100_000)}`,
    `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}`,
    `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(20_000)}\r\n`,
  ])
    assert.match(String((await ask(port, head)).status), /^4\d\d$/);
});

onSubjects('resets in every phase leave nothing behind', async ({ start }) => {
  await using origin = await serveHostile();
  const [port] = await ports(1);
  const proxy = await start(
    configure({
      defaults: `timeout http-request ${LONG_MS}ms`,
      rest: `listen l\n  bind 127.0.0.1:${port}\n  ${LOCAL}\n  server s1 127.0.0.1:${origin.port} maxconn 20`,
    }),
  );
  const chunked = 'POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
  const cuts = [
    '',
    'GE',
    get('/ok').slice(0, -2),
    get('/ok'),
    chunked,
    `${chunked}5\r\nhe`,
    get('/silent'),
    get('/big'),
    get('/local').repeat(50),
  ];
  const storm = async (text: string): Promise<void> => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => void socket.on('close', resolve));
    await new Promise((resolve) => void socket.on('connect', resolve));
    await new Promise<void>((resolve) => void socket.write(text, () => resolve()));
    socket.resetAndDestroy();
    await closed;
  };
  for (let round = 0; round < 6; round++) await Promise.all([...cuts, ...cuts].map(storm));
  assert.equal((await ask(port, get('/local'))).status, 200);
  assert.equal(proxy.program.ended, undefined);
});

onSubjects('who waits for the other side is not blamed', async ({ start, old }) => {
  await using origin = await serveHostile();
  await using syslog = await startSyslog();
  const [quick, slow] = await ports(2);
  const server = `server s1 127.0.0.1:${origin.port}`;
  const log = `log 127.0.0.1:${syslog.port} local0\n  option httplog`;
  await start(
    configure({
      defaults: log,
      rest: `listen quick\n  bind 127.0.0.1:${quick}\n  timeout client ${SHORT_MS}ms\n  timeout server ${LONG_MS}ms\n  ${server}
listen slow\n  bind 127.0.0.1:${slow}\n  timeout client ${LONG_MS}ms\n  timeout server ${SHORT_MS}ms\n  ${server}`,
    }),
  );
  // A client that does not read: its own timeout counts, also where the server's is shorter.
  for (const [name, port] of [
    ['quick', quick],
    ['slow', slow],
  ] as const) {
    using client = await connect(port);
    client.socket.pause();
    await client.write(get('/big'));
    const line = httpLine(await syslog.waitFor(new RegExp(` ${name} ${name}/s1 .*/big `)));
    assert.equal(line.termination, 'cD--', name);
  }
  // A server that does not read.
  for (const [name, port] of [
    ['quick', quick],
    ['slow', slow],
  ] as const) {
    using client = await connect(port);
    void client.write('POST /deaf HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n');
    void client.write(BIG);
    const line = httpLine(await syslog.waitFor(new RegExp(` ${name} ${name}/s1 .*/deaf `)));
    assert.equal(line.termination[0], 's', name);
    if (!old) assert.deepEqual([line.status, line.termination], [504, 'sH--'], name);
  }
  // A server that pauses in its body for longer than timeout client: the client owes nothing.
  const { body } = await ask(quick, get('/pauses'));
  assert.equal(body, 'held');
});

onSubjects('hundreds of fields from rules fit', async ({ start }) => {
  await using origin = await serveHostile();
  const [port] = await ports(1);
  const lines = Array.from(
    { length: 250 },
    (_, index) => `  http-request set-header X-${index} v\n  http-response set-header Y-${index} v\n`,
  );
  await start(configure({ rest: `listen l\n  bind 127.0.0.1:${port}\n${lines.join('')}  server s1 127.0.0.1:${origin.port}` }));
  const { status, head } = await ask(port, get('/ok'));
  assert.equal(status, 200);
  assert.match(head, /\r\ny-249: v\r\n/i);
});

onSubjects('a soft stop amid stalled peers ends with their timeouts', async ({ start }) => {
  await using origin = await serveHostile();
  const [port] = await ports(1);
  const proxy = await start({
    config: configure({
      defaults: `timeout client ${LONG_MS}ms\n  timeout server ${LONG_MS}ms`,
      rest: `listen l\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${origin.port}`,
    }),
    env: { HAWSER_DEBUG_COUNTERS: '1' },
  });
  const clients = await Promise.all(Array.from({ length: 30 }, () => connect(port)));
  const texts = ['', 'GET /', get('/silent'), get('/big'), 'POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc', get('/ok')];
  for (const [index, client] of clients.entries()) {
    client.socket.pause();
    await client.write(texts[index % texts.length] as string);
  }
  proxy.program.kill('SIGTTOU');
  proxy.program.kill('SIGTTIN');
  assert.deepEqual(await proxy.program.stop('SIGUSR1', 8000), { status: 0, signal: null });
  for (const client of clients) client.socket.destroy();
  for (const [, counters] of proxy.program.stderr.matchAll(/in use: (\{.*\})/g))
    assert.match(counters as string, /"streams":0,.*"notes":0,"faults":0,"connections":0/);
});

test('texts made to exhaust the reader of configurations end in one message', async () => {
  const folder = makeFolder();
  const texts: Record<string, [string, RegExp]> = {
    doubling: [
      `global\n  setenv A xxxxxxxx\n${'  setenv A "$'.concat('{A}$').concat('{A}"\n').repeat(40)}`,
      /'setenv' : the value of 'A' is longer than 131072 bytes, which no process could be given/,
    ],
    multiplying: [
      `global\n  setenv A ${'x'.repeat(100_000)}\n  log-tag "${'$'.concat('{A}').repeat(200)}"\n`,
      /a word of more than 1048576 bytes/,
    ],
    nested: [`.if ${'('.repeat(20_000)}\n.endif\n`, /more than 100 levels/],
    negated: [`.if ${'!'.repeat(20_000)}1\n.endif\n`, /more than 100 levels/],
  };
  for (const [name, [text, expected]] of Object.entries(texts)) {
    const path = join(folder, `${name}.cfg`);
    writeFileSync(path, text);
    const { status, stderr } = await run({ command: HAWSER, args: ['-c', '-f', path] });
    assert.equal(status, 1, name);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /^ {4}at |node:|Error: /m, name);
  }
});
