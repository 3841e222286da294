/** HTTP words in rules of TCP mode: they read what came so far, and leave it as it is. */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { startRawOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { configure, onSubjects, ports } from './rig.ts';

function lines(port: number, logAt: number, servers: readonly number[]): string {
  return configure({
    rest: `frontend f
  mode tcp
  log 127.0.0.1:${logAt} local0
  log-format "%b %ts m=%[var(txn.m)] p=%[var(txn.p)] h=%[var(txn.h)] c=%[var(txn.c)]"
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 600ms
  tcp-request content reject if { path_beg /secret }
  tcp-request content accept if { req.hdr(x-early) -m found } !{ method POST }
  tcp-request content set-var(txn.m) method
  tcp-request content set-var(txn.p) path
  tcp-request content set-var(txn.h) req.hdr(x-a,1),lower
  tcp-request content set-var(txn.c) req.cook(k)
  use_backend posts if METH_POST
  use_backend a if { hdr_dom(host) a.test }
  default_backend others
backend posts
  mode tcp
  server s 127.0.0.1:${servers[0]}
backend a
  mode tcp
  server s 127.0.0.1:${servers[0]}
backend others
  mode tcp
  server s 127.0.0.1:${servers[0]}`,
  });
}

const REQUEST = 'GET /p/q?r=1 HTTP/1.1\r\nHost: www.a.test\r\nX-A: One, Two\r\nCookie: k=v\r\n\r\nbody';

onSubjects('rules of TCP mode read HTTP in the bytes, which pass as they are', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readUntil(/body|not HTTP|END/);
    await connection.write('done');
    connection.end();
  });
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(lines(port, syslog.port, [origin.port]));
  let sent = 0;
  const send = async (...pieces: string[]): Promise<string> => {
    using client = await connect(port);
    await client.writePieces(pieces);
    const answer = await client.readToEnd();
    client.end();
    sent++;
    await until(() => syslog.messages.length === sent, 'its line');
    return answer;
  };
  assert.equal(await send(REQUEST), 'done');
  assert.equal(await send(...(REQUEST.match(/[\s\S]{1,24}/g) as string[])), 'done');
  assert.equal(await send('GET /secret HTTP/1.1\r\n', 'Host: a\r\n\r\n'), '');
  assert.equal(await send('POST /x HTTP/1.1\r\nX-Early: 1\r\nHost: h\r\n\r\nbody'), 'done');
  assert.equal(await send('\x16\x03 not HTTP\r\n\r\n'), 'done');
  // Never a whole head: the inspect-delay is waited for.
  const began = Date.now();
  assert.equal(await send('GET /secret HTTP/1.1\r\nHost: END'), 'done');
  assert.ok(Date.now() - began >= 500);
  const none = 'm=- p=- h=- c=-';
  const logged = syslog.messages.map((row) => row.replace(/^[\s\S]*?: /, '').trim());
  assert.deepEqual(logged, [
    'a -- m=GET p=/p/q h=one c=v',
    'a -- m=GET p=/p/q h=one c=v',
    `f PR ${none}`,
    'posts -- m=POST p=/x h=- c=-',
    `others -- ${none}`,
    `others -- ${none}`,
  ]);
  assert.equal(origin.connections[0]?.received, REQUEST);
  assert.equal(origin.connections[1]?.received, REQUEST);
});

onSubjects('HTTP rules of a TCP frontend are not run on its bytes', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    await connection.readUntil('body');
    connection.end();
  });
  const [port] = await ports(1);
  await start(
    configure({
      rest: `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  http-request deny\n  server s 127.0.0.1:${origin.port}`,
    }),
  );
  using client = await connect(port);
  await client.write('GET / HTTP/1.1\r\n\r\nbody');
  assert.equal(await client.readToEnd(), '');
  assert.match(origin.connections[0]?.received ?? '', /body/);
});
