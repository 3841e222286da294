/**
 * Stick tables at work: limits of rates and connections, tags, tables shared by threads, entries that expire, and servers
 * that clients stick to. The same answers are expected of HAProxy.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, connect } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { ask, askOn, configure, eventually, field, get, onSubjects, ports, serveSockets } from './rig.ts';

/** The values of a response's `x-…` field, as one text. */
async function told(port: number, path: string, ...fields: string[]): Promise<string> {
  return field((await ask(port, get(path, ...fields))).head, 'x-told') ?? '';
}

onSubjects('a rate lets three requests through and blocks the fourth, and denied ones count', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  stick-table type ip size 100k expire 30s store http_req_rate(10s),http_err_cnt
  http-request track-sc0 src
  http-request set-header x-seen %[sc_http_req_rate(0)]
  http-request deny deny_status 429 hdr x-told %[sc_http_req_rate(0)]/%[sc0_http_err_cnt] if { sc_http_req_rate(0) gt 3 }
  http-request return status 200 hdr x-told %[sc_http_req_rate(0)]/%[sc0_http_err_cnt]`;
  await start(configure({ rest }));
  const seen: string[] = [];
  for (let times = 0; times < 6; times++) {
    const { status, head } = await ask(port, get('/'));
    seen.push(`${status} ${field(head, 'x-told')}`);
  }
  assert.deepEqual(seen, ['200 1/0', '200 2/0', '200 3/0', '429 4/1', '429 5/2', '429 6/3']);
});

onSubjects('every counter of an entry counts what it is for', async ({ start }) => {
  await using origin = await startHttpOrigin(({ head }) => {
    if (head.startsWith('GET /missing')) return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
    if (head.startsWith('GET /broken')) return 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n';
    if (head.startsWith('GET /unknown')) return 'HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n';
    return ok('x'.repeat(head.startsWith('GET /large') ? 3000 : 1));
  });
  const [port] = await ports(1);
  const names = ['conn_cnt', 'conn_cur', 'conn_rate', 'sess_cnt', 'sess_rate', 'http_req_cnt', 'http_req_rate', 'http_err_cnt'];
  names.push('http_err_rate', 'http_fail_cnt', 'http_fail_rate', 'kbytes_out', 'trackers');
  const levels = ['connection', 'content'].map(
    (name) => `backend st_${name}
  stick-table type ip size 1k expire 30s store conn_cnt,conn_cur,conn_rate(10s),sess_cnt,sess_rate(10s),http_req_cnt,http_req_rate(10s) store http_err_cnt,http_err_rate(10s),http_fail_cnt,http_fail_rate(10s),bytes_out_cnt
`,
  );
  const rest = `${levels.join('')}frontend fe
  bind 127.0.0.1:${port}
  tcp-request connection track-sc0 src table st_connection
  http-request track-sc1 src table st_content
  http-request return status 200 hdr x-told "${names.map((name) => `%[sc0_${name}],%[sc1_${name}]`).join(' ')}" if { path /told }
  http-request deny if { path /denied }
  default_backend be
backend be
  server s 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  using client = await connect(port);
  for (const path of ['/', '/missing', '/broken', '/unknown', '/large', '/denied']) {
    const { status } = await askOn(client, get(path));
    assert.ok(status > 0);
    if (path === '/denied') break;
  }
  const { head } = await askOn(client, get('/told'));
  assert.equal(field(head, 'x-told'), '1,7 1,1 1,7 1,0 1,0 7,7 7,7 2,2 2,2 1,1 1,1 3,3 1,1');
});

onSubjects('connections of a client at once are limited', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  stick-table type ip size 1k store conn_cur
  tcp-request connection track-sc0 src
  tcp-request connection reject if { sc0_conn_cur gt 2 }
  http-request return status 200 hdr x-told %[sc_conn_cur(0)]`;
  await start(configure({ rest }));
  const first = await connect(port);
  assert.equal(field((await askOn(first, get('/'))).head, 'x-told'), '1');
  using second = await connect(port);
  assert.equal(field((await askOn(second, get('/'))).head, 'x-told'), '2');
  await assert.rejects(ask(port, get('/')));
  first[Symbol.dispose]();
  await eventually(async () => {
    try {
      return (await ask(port, get('/'))).status === 200;
    } catch {
      return false;
    }
  }, 'room for another connection');
});

onSubjects('a client is tagged by one request and blocked afterwards', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `backend st_src
  stick-table type ip size 1k expire 30s store gpc0,gpc0_rate(10s),gpt0
frontend fe
  bind 127.0.0.1:${port}
  http-request track-sc0 src table st_src
  http-request deny deny_status 429 hdr x-told %[sc_get_gpc0(0)]/%[sc0_gpc0_rate]/%[src_get_gpt0(st_src)] if { sc_get_gpc0(0) gt 1 }
  http-request sc-inc-gpc0(0) if { path /wp-login }
  http-request sc-set-gpt0(0) 7 if { path /wp-login }
  http-request return status 200 hdr x-told %[src,table_gpc0(st_src)]`;
  await start(configure({ rest }));
  assert.equal(await told(port, '/'), '0');
  assert.equal(await told(port, '/wp-login'), '1');
  assert.equal(await told(port, '/'), '1');
  assert.equal(await told(port, '/wp-login'), '2');
  assert.equal(await told(port, '/'), '2/2/7');
});

onSubjects('who asks for what is not there is found out', async ({ start }) => {
  await using origin = await startHttpOrigin(() => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  const [port] = await ports(1);
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  stick-table type ip size 1k expire 30s store http_err_rate(10s)
  http-request track-sc0 src
  http-request deny deny_status 403 if { sc_http_err_rate(0) ge 3 }
  default_backend be
backend be
  server s 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  const statuses: number[] = [];
  for (let times = 0; times < 5; times++) statuses.push((await ask(port, get(`/${times}`))).status);
  assert.deepEqual(statuses, [404, 404, 404, 403, 403]);
});

onSubjects('who is allowed is let in before anything is counted', async ({ start }) => {
  const [port, other] = await ports(2);
  const front = (name: string, at: number, allowed: string): string => `frontend ${name}
  bind 127.0.0.1:${at}
  acl white src ${allowed}
  tcp-request connection accept if white
  tcp-request connection track-sc0 src table st_src
  tcp-request connection reject if { sc0_conn_cnt gt 2 }
  http-request return status 200 hdr x-told %[src_conn_cnt(st_src)]
`;
  const rest = `backend st_src
  stick-table type ip size 1k expire 30s store conn_cnt
${front('white', port, '127.0.0.0/8')}${front('black', other, '10.0.0.0/8')}`;
  await start(configure({ rest }));
  for (let times = 0; times < 4; times++) assert.equal(await told(port, '/'), '0');
  assert.equal(await told(other, '/'), '1');
  assert.equal(await told(other, '/'), '2');
  await assert.rejects(ask(other, get('/')));
  assert.equal(await told(port, '/'), '3');
});

onSubjects('keys are taken from the request, and a missing one tracks nothing', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `backend st_user
  stick-table type string len 8 size 1k expire 30s store http_req_cnt
backend st_number
  stick-table type integer size 1k expire 30s store http_req_cnt
backend st_binary
  stick-table type binary len 4 size 1k expire 30s store http_req_cnt
backend st_ipv6
  stick-table type ipv6 size 1k expire 30s store http_req_cnt
frontend fe
  bind 127.0.0.1:${port}
  http-request track-sc0 req.hdr(x-user) table st_user
  http-request track-sc0 path table st_user if { hdr(x-second) yes }
  http-request track-sc1 req.hdr(x-number) table st_number
  http-request track-sc2 src table st_ipv6
  http-request return status 200 hdr x-told %[sc0_http_req_cnt]/%[sc0_tracked]/%[sc1_http_req_cnt]/%[sc2_http_req_cnt]/%[table_cnt(st_user)]/%[str(ann),in_table(st_user)]/%[str(ann),table_http_req_cnt(st_user)]`;
  await start(configure({ rest }));
  assert.equal(await told(port, '/'), '/0//1/0/0/0');
  assert.equal(await told(port, '/', 'x-user: ann', 'x-number: 7'), '1/1/1/2/1/1/1');
  assert.equal(await told(port, '/', 'x-user: ann', 'x-number: 07'), '2/1/2/3/1/1/2');
  assert.equal(await told(port, '/', 'x-user: bob'), '1/1//4/2/1/2');
  assert.equal(await told(port, '/', 'x-user: bob', 'x-second: yes'), '2/1//5/2/1/2');
  assert.equal(await told(port, '/other', 'x-second: yes'), '1/1//6/3/1/2');
  assert.equal(await told(port, '/', 'x-user: a-long-name'), '1/1//7/4/1/2');
  assert.equal(await told(port, '/', 'x-user: a-long-n'), '2/1//8/4/1/2', 'cut to eight characters');
});

onSubjects('an address of the other family is no key', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `backend st_ip
  stick-table type ip size 1k store http_req_cnt
backend st_ipv6
  stick-table type ipv6 size 1k store http_req_cnt
frontend fe
  bind ::1:${port}
  http-request track-sc0 src table st_ip
  http-request track-sc1 src table st_ipv6
  http-request return status 200 hdr x-told %[sc0_tracked]/%[sc1_tracked]/%[src_http_req_cnt(st_ip)]/%[src_http_req_cnt(st_ipv6)]/%[table_cnt(st_ip)]`;
  await start(configure({ rest }));
  using client = await connect(port, '::1');
  assert.equal(field((await askOn(client, get('/'))).head, 'x-told'), '0/1//1/0');
});

onSubjects('two threads count in one table', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  stick-table type ip size 1k store http_req_cnt,conn_cnt,gpc(3)
  http-request track-sc0 src
  http-request sc-inc-gpc(2,0)
  http-request return status 200 hdr x-told %[sc0_http_req_cnt]/%[sc_get_gpc(2,0)]/%[sc0_conn_cnt]`;
  await start(configure({ global: 'nbthread 2', rest }));
  const clients: Connection[] = [];
  for (let at = 0; at < 16; at++) clients.push(await connect(port));
  const rounds = 25;
  await Promise.all(
    clients.map(async (client) => {
      for (let round = 0; round < rounds; round++) await askOn(client, get('/'));
    }),
  );
  for (const client of clients) client[Symbol.dispose]();
  const total = 16 * rounds + 1;
  assert.equal(await told(port, '/'), `${total}/${total}/${total}`);
});

onSubjects('an entry expires, looking at it does not keep it, tracking does', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  stick-table type string size 1k expire 400ms store http_req_cnt
  http-request track-sc0 url_param(key) if { path /track }
  http-request return status 200 hdr x-told %[url_param(key),table_http_req_cnt(fe)]`;
  await start(configure({ rest }));
  assert.equal(await told(port, '/track?key=a'), '1');
  assert.equal(await told(port, '/track?key=b'), '1');
  const began = performance.now();
  // Looking at it all the time must not help `a`; `b` is kept by being tracked.
  let tracked = 1;
  while (performance.now() - began < 700) {
    tracked++;
    assert.equal(await told(port, '/track?key=b'), String(tracked));
    await told(port, '/look?key=a');
    await sleep(50);
  }
  assert.equal(await told(port, '/look?key=a'), '0');
});

onSubjects('a table that nobody asks empties itself', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `backend st
  stick-table type integer size 1k expire 300ms store http_req_cnt
frontend fe
  bind 127.0.0.1:${port}
  http-request track-sc0 url_param(n) table st
  http-request return status 200 hdr x-told %[table_cnt(st)]`;
  await start(configure({ rest }));
  for (let n = 1; n <= 5; n++) await told(port, `/?n=${n}`);
  await eventually(async () => (await told(port, '/')) === '0', 'all five have expired');
});

onSubjects('a rate slides as HAProxy counts it', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  stick-table type ip size 1k expire 30s store http_req_rate(1s)
  http-request track-sc0 src
  http-request return status 200 hdr x-told %[sc_http_req_rate(0)]`;
  await start(configure({ rest }));
  // The period begins somewhere within the first request.
  const asked = performance.now();
  assert.equal(await told(port, '/'), '1');
  const answered = performance.now();
  for (let times = 2; times <= 6; times++) assert.equal(await told(port, '/'), String(times));
  await sleep(1300 - (performance.now() - answered));
  const before = performance.now();
  const rate = Number(await told(port, '/'));
  const after = performance.now();
  // Of the six requests the part is left that the period still overlaps, 6 × (2 s - passed), and the one that asks. Clocks are read once a turn.
  const slackMs = 15;
  const highest = Math.floor((6 * (2000 - (before - answered) + slackMs)) / 1000) + 1;
  const lowest = Math.floor((6 * (2000 - (after - asked) - slackMs)) / 1000) + 1;
  assert.ok(rate >= lowest && rate <= highest, `${rate} is not from ${lowest} to ${highest}`);
});

async function named(name: string): ReturnType<typeof startHttpOrigin> {
  return await startHttpOrigin(({ head }) => ok(name, head.startsWith('GET /login') ? 'X-Session: session7\r\n' : ''));
}

onSubjects('a client stays with the server that it got first', async ({ start }) => {
  await using one = await named('one');
  await using two = await named('two');
  const [port] = await ports(1);
  const rest = `listen web
  bind 127.0.0.1:${port}
  balance roundrobin
  stick-table type string len 32 size 1k expire 30s
  stick on req.hdr(x-user)
  server one 127.0.0.1:${one.port}
  server two 127.0.0.1:${two.port}`;
  await start(configure({ global: 'nbthread 2', rest }));
  const first = (await ask(port, get('/', 'x-user: ann'))).body;
  const other = (await ask(port, get('/', 'x-user: bob'))).body;
  assert.notEqual(first, other);
  for (let times = 0; times < 3; times++) {
    assert.equal((await ask(port, get('/', 'x-user: ann'))).body, first);
    assert.equal((await ask(port, get('/', 'x-user: bob'))).body, other);
  }
  const free = [(await ask(port, get('/'))).body, (await ask(port, get('/'))).body];
  assert.deepEqual(free.toSorted(), ['one', 'two']);
});

onSubjects('a session sticks by a name that its server gave it, in a table of another proxy', async ({ start }) => {
  await using one = await named('one');
  await using two = await named('two');
  const [port] = await ports(1);
  const rest = `backend st_sessions
  stick-table type string len 32 size 1k expire 30s
frontend fe
  bind 127.0.0.1:${port}
  default_backend app
backend app
  balance roundrobin
  stick store-response res.hdr(x-session) table st_sessions
  stick match req.hdr(x-session) table st_sessions
  server one 127.0.0.1:${one.port}
  server two 127.0.0.1:${two.port}`;
  await start(configure({ rest }));
  const chosen = (await ask(port, get('/login'))).body;
  for (let times = 0; times < 4; times++) assert.equal((await ask(port, get('/', 'X-Session: session7'))).body, chosen);
  const others = [(await ask(port, get('/', 'X-Session: other'))).body, (await ask(port, get('/', 'X-Session: other'))).body];
  assert.deepEqual(others.toSorted(), ['one', 'two']);
});

onSubjects('a client whose server has died goes to another, and stays there', async ({ start }) => {
  await using two = await named('two');
  const [port, dead] = await ports(2);
  const rest = `listen web
  bind 127.0.0.1:${port}
  balance roundrobin
  option redispatch
  retries 1
  stick-table type ip size 1k expire 30s store server_id
  stick on src
  http-response set-header x-told %[src,table_server_id(web)]
  server one 127.0.0.1:${dead}
  server two 127.0.0.1:${two.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  for (let times = 0; times < 3; times++) {
    const { body, head } = await ask(port, get('/'));
    assert.equal(body, 'two');
    assert.equal(field(head, 'x-told'), '2');
  }
});

onSubjects('the cookie counts before the table, and a condition decides what sticks', async ({ start }) => {
  await using one = await named('one');
  await using two = await named('two');
  const [port] = await ports(1);
  const rest = `listen web
  bind 127.0.0.1:${port}
  balance roundrobin
  cookie SRV insert indirect
  stick-table type string size 1k
  stick on req.hdr(x-user) unless { path /free }
  server one 127.0.0.1:${one.port} cookie A
  server two 127.0.0.1:${two.port} cookie B`;
  await start(configure({ rest }));
  assert.equal((await ask(port, get('/', 'x-user: ann', 'Cookie: SRV=A'))).body, 'one');
  assert.equal((await ask(port, get('/', 'x-user: ann'))).body, 'one');
  assert.equal((await ask(port, get('/', 'x-user: ann', 'Cookie: SRV=B'))).body, 'two');
  assert.equal((await ask(port, get('/', 'x-user: ann'))).body, 'two', 'the last server is stored');
  const free = [(await ask(port, get('/free', 'x-user: ann'))).body, (await ask(port, get('/free', 'x-user: ann'))).body];
  assert.deepEqual(free.toSorted(), ['one', 'two']);
});

onSubjects('a TCP connection sticks too', async ({ start }) => {
  await using one = await named('one');
  await using two = await named('two');
  const [port] = await ports(1);
  const rest = `listen web
  mode tcp
  bind 127.0.0.1:${port}
  balance roundrobin
  stick-table type ip size 1k expire 30s
  stick on src
  server one 127.0.0.1:${one.port}
  server two 127.0.0.1:${two.port}`;
  await start(configure({ rest }));
  const first = (await ask(port, get('/'))).body;
  for (let times = 0; times < 3; times++) assert.equal((await ask(port, get('/'))).body, first);
});

onSubjects('a table that is full forgets the oldest', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `backend st
  stick-table type integer size 10 expire 30s store http_req_cnt
frontend fe
  bind 127.0.0.1:${port}
  http-request track-sc0 url_param(n) table st
  http-request return status 200 hdr x-told %[sc0_http_req_cnt]/%[table_cnt(st)]/%[table_avl(st)]/%[int(1),in_table(st)]`;
  await start(configure({ global: 'nbthread 1', rest }));
  for (let n = 1; n <= 10; n++) assert.equal(await told(port, `/?n=${n}`), `1/${n}/${10 - n}/1`);
  assert.equal(await told(port, '/?n=11'), '1/10/0/0');
  assert.equal(await told(port, '/?n=11'), '2/10/0/0');
});

onSubjects('whatever ends a connection or a request, it is counted down', async ({ start }) => {
  await using origin = await serveSockets((socket) => void socket.on('data', () => socket.end()));
  const [port] = await ports(1);
  const rest = `backend st_stream
  stick-table type ip size 1k store conn_cur,conn_cnt
frontend fe
  bind 127.0.0.1:${port}
  timeout client 300ms
  stick-table type ip size 1k store conn_cur,conn_cnt
  tcp-request connection track-sc0 src
  tcp-request connection reject if { sc0_conn_cnt eq 3 }
  http-request track-sc1 src table st_stream
  http-request return status 200 hdr x-told %[sc0_conn_cur]/%[sc1_conn_cur] if { path /told }
  http-request deny if { path /deny }
  http-request reject if { path /reject }
  default_backend be
backend be
  server s 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  const pieces = [
    '',
    'GET / HT',
    'rejected by its number',
    'nonsense\r\n\r\n',
    get('/'),
    get('/deny'),
    get('/reject'),
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz',
    `${get('/deny')}${get('/')}${get('/')}`,
  ];
  for (const reset of [false, true]) {
    for (const piece of pieces) {
      // The one that is rejected may be gone before it is told that it was accepted.
      const client = await connect(port).catch(() => null);
      if (client === null) continue;
      client.socket.on('error', () => undefined);
      client.socket.write(piece);
      await sleep(10);
      if (reset) client.socket.resetAndDestroy();
      else client[Symbol.dispose]();
    }
  }
  await eventually(async () => (await told(port, '/told')) === '1/1', 'only the one that asks');
});

for (const redispatch of [false, true]) {
  onSubjects(
    `a client whose server dies later ${redispatch ? 'moves with option redispatch' : 'stays without option redispatch'}`,
    async ({ start }) => {
      await using two = await named('two');
      const one = await named('one');
      const [port] = await ports(1);
      const rest = `listen web
  bind 127.0.0.1:${port}
  balance roundrobin
  retries 1
  timeout connect 100ms
  ${redispatch ? 'option redispatch' : 'no option redispatch'}
  stick-table type string size 1k
  stick on req.hdr(x-user)
  server one 127.0.0.1:${one.port}
  server two 127.0.0.1:${two.port}`;
      await start(configure({ global: 'nbthread 1', rest }));
      const users = ['ann', 'bob'];
      const bodies = [(await ask(port, get('/', 'x-user: ann'))).body, (await ask(port, get('/', 'x-user: bob'))).body];
      assert.deepEqual(bodies.toSorted(), ['one', 'two']);
      const stranded = users[bodies.indexOf('one')] as string;
      await one.close();
      const { status, body } = await ask(port, get('/', `x-user: ${stranded}`));
      assert.equal(status, redispatch ? 200 : 503);
      if (!redispatch) return;
      assert.equal(body, 'two');
      assert.equal((await ask(port, get('/', `x-user: ${stranded}`))).body, 'two');
    },
  );
}

onSubjects('which statuses are errors and failures can be said', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no http-err-codes');
  await using origin = await startHttpOrigin(({ head }) => `HTTP/1.1 ${head.slice(5, 8)} X\r\nContent-Length: 0\r\n\r\n`);
  const [port] = await ports(1);
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  stick-table type ip size 1k store http_err_cnt,http_fail_cnt
  http-request track-sc0 src
  http-request return status 200 hdr x-told %[sc0_http_err_cnt]/%[sc0_http_fail_cnt] if { path /told }
  default_backend be
backend be
  server s 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'http-err-codes -404 +302\n  http-fail-codes 501', rest }));
  for (const status of [200, 302, 400, 404, 500, 501]) await ask(port, get(`/${status}`));
  assert.equal(await told(port, '/told'), '2/1');
});

onSubjects('rules of the response and of the session track too', async ({ start }) => {
  await using origin = await startHttpOrigin(({ head }) => `HTTP/1.1 ${head.slice(5, 8)} X\r\nContent-Length: 0\r\n\r\n`);
  const [port] = await ports(1);
  const store = 'store conn_cnt,conn_cur,sess_cnt,http_req_cnt,http_err_cnt,http_fail_cnt';
  const tell = (counter: number): string => ['conn_cnt', 'sess_cnt', 'http_req_cnt'].map((name) => `%[sc${counter}_${name}]`).join('/');
  const rest = `backend st_status
  stick-table type integer size 10 ${store}
frontend fe
  bind 127.0.0.1:${port}
  stick-table type ip size 10 ${store}
  tcp-request session track-sc0 src
  http-response track-sc1 status table st_status
  http-response track-sc1 int(999) table st_status
  http-response set-header x-told "${tell(0)} ${tell(1)}/%[sc1_http_err_cnt]/%[sc1_http_fail_cnt] %[int(999),in_table(st_status)]"
  default_backend be
backend be
  server s 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  using client = await connect(port);
  const seen: (string | undefined)[] = [];
  for (const status of [200, 404, 404, 503, 200]) seen.push(field((await askOn(client, get(`/${status}`))).head, 'x-told'));
  assert.deepEqual(seen, ['1/1/1 1/0/1/0/0 0', '1/1/2 1/0/1/1/0 0', '1/1/3 2/0/2/2/0 0', '1/1/4 1/0/1/0/1 0', '1/1/5 2/0/2/0/0 0']);
});

onSubjects('what a connection tracks stays, whatever its requests would track under the same number', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  const names = ['connection', 'session', 'content', 'http', 'response', 'backend'];
  const rest = `backend st
  stick-table type string len 10 size 10 store http_req_cnt
frontend fe
  bind 127.0.0.1:${port}
  tcp-request connection track-sc0 str(connection) table st
  tcp-request session track-sc1 str(session) table st
  tcp-request content track-sc0 str(content) table st
  http-request track-sc1 str(http) table st
  http-response track-sc0 str(response) table st
  http-response set-header x-told "%[sc0_http_req_cnt]/%[sc1_http_req_cnt]/%[sc2_tracked]/%[sc0_tracked(be)] ${names.map((name) => `%[str(${name}),table_http_req_cnt(st)]`).join('/')}"
  default_backend be
backend be
  stick-table type string len 10 size 10
  tcp-request content track-sc1 str(backend) table st
  server s 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  using client = await connect(port);
  for (const times of [1, 2]) {
    const { head } = await askOn(client, get('/'));
    assert.equal(field(head, 'x-told'), `${times}/${times}/0/1 ${times}/${times}/0/0/0/0`);
  }
});

onSubjects('an answer to what is no request counts no bytes', async ({ start }) => {
  const [port, asked] = await ports(2);
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  stick-table type ip size 10 store bytes_out_rate(1m),http_err_cnt,conn_cur
  tcp-request connection track-sc0 src
  http-request return status 200
frontend asked
  bind 127.0.0.1:${asked}
  http-request return status 200 hdr x-told %[src_http_err_cnt(fe)]/%[src_conn_cur(fe)]/%[src_bytes_out_rate(fe),bool]`;
  await start(configure({ global: 'nbthread 1', rest }));
  assert.equal((await ask(port, 'GET / HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n')).status, 400);
  await eventually(async () => (await told(asked, '/')) === '1/0/0', 'one error, no bytes');
  assert.equal((await ask(port, get('/'))).status, 200);
  await eventually(async () => (await told(asked, '/')) === '1/0/1', 'bytes of an answer');
});

onSubjects('what a TCP connection carries is counted when it ends', async ({ start }) => {
  await using echo = await serveSockets((socket) => void socket.on('end', () => socket.end('y'.repeat(3000))).resume());
  const [port, asking] = await ports(2);
  const rest = `backend st
  mode tcp
  stick-table type ip size 10 store conn_cnt,sess_cnt,bytes_in_cnt,bytes_out_cnt,bytes_in_rate(60s),http_req_cnt
frontend tcp
  mode tcp
  bind 127.0.0.1:${port}
  tcp-request content track-sc0 src table st
  default_backend be
backend be
  mode tcp
  server s 127.0.0.1:${echo.port}
frontend fe
  bind 127.0.0.1:${asking}
  http-request return status 200 hdr x-told %[src_conn_cnt(st)]/%[src_sess_cnt(st)]/%[src_kbytes_in(st)]/%[src_kbytes_out(st)]/%[src_bytes_in_rate(st)]/%[src_http_req_cnt(st)]`;
  await start(configure({ rest }));
  const client = await connect(port);
  await client.write('x'.repeat(2500));
  client.socket.end();
  assert.equal((await client.readToEnd()).length, 3000);
  client[Symbol.dispose]();
  await eventually(async () => (await told(asking, '/')) === '1/0/2/2/2500/0', 'the bytes of the connection');
});
