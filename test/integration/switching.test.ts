/** Who serves a request: use_backend, use-server, what overrules persistence (HAProxy configuration manual, 4.2). */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, configure, eventually, get, httpLine, onSubjects, ports, serveSockets } from './rig.ts';

onSubjects(
  'use_backend with a name of the request: unknown ones go to the default, disabled ones are passed over',
  async ({ start, old }) => {
    const [port] = await ports(1);
    const backend = (name: string, more = ''): string =>
      `backend ${name}\n  ${more}\n  http-request return status 200 content-type text/plain string ${name}\n`;
    await start(
      configure({
        rest: `frontend f
  bind 127.0.0.1:${port}
  use_backend be_%[hdr(x-name),lower] if { hdr(x-name) -m found }
  use_backend fixed if { path /fixed }
  use_backend off if { path /off }
  use_backend after if { path /off }
  default_backend other
backend tcp_one\n  mode tcp
${backend('be_a')}${backend('be_bc')}${backend('fixed')}${backend('after')}${backend('other')}${backend('off', 'disabled')}`,
      }),
    );
    const cases: readonly (readonly [string, string, string | null])[] = [
      ['/', 'other', null],
      ['/', 'be_a', 'A'],
      ['/', 'be_bc', 'bC'],
      ['/fixed', 'other', 'nobody'],
      ['/fixed', 'fixed', null],
      ['/', 'other', ''],
    ];
    for (const [path, body, name] of cases) {
      const fields = name === null ? [] : [`X-Name: ${name}`];
      assert.equal((await ask(port, get(path, ...fields))).body, body, `${path} ${name}`);
    }
    if (!old) assert.equal((await ask(port, get('/off'))).body, 'after');
  },
);

onSubjects('use-server: before cookies, a server that is down is passed over', async ({ start }) => {
  await using one = await startHttpOrigin(() => ok('one'));
  await using two = await startHttpOrigin(() => ok('two'));
  await using syslog = await startSyslog();
  const [port, dead] = await ports(2);
  await start(
    configure({
      defaults: `log 127.0.0.1:${syslog.port} local0\n  option httplog`,
      rest: `listen l
  bind 127.0.0.1:${port}
  cookie SRV insert indirect
  balance first
  use-server down if { path_beg /down }
  use-server two if { path_beg /two }
  use-server two unless { path_beg / }
  server one 127.0.0.1:${one.port} cookie c1
  server two 127.0.0.1:${two.port} cookie c2
  server down 127.0.0.1:${dead} cookie c3 check inter 50ms fall 1`,
    }),
  );
  assert.equal((await ask(port, get('/one'))).body, 'one');
  const chosen = await ask(port, get('/two', 'Cookie: SRV=c1'));
  assert.equal(chosen.body, 'two');
  assert.match(httpLine(await syslog.waitFor(/GET \/two /)).termination, /^--U/);
  await eventually(async () => (await ask(port, get('/down/two'))).status === 200, 'the check');
  assert.equal((await ask(port, get('/down'))).body, 'one');
});

onSubjects('force-persist and ignore-persist', async ({ start }) => {
  await using one = await startHttpOrigin(() => ok('one'));
  await using two = await startHttpOrigin(() => ok('two'));
  await using syslog = await startSyslog();
  const [port, dead] = await ports(2);
  await start(
    configure({
      defaults: `timeout connect 300ms\n  retries 0\n  log 127.0.0.1:${syslog.port} local0\n  option httplog`,
      rest: `listen l
  bind 127.0.0.1:${port}
  cookie SRV insert indirect
  balance first
  ignore-persist if { path /ignored }
  force-persist if { path_beg /forced }
  server one 127.0.0.1:${one.port} cookie c1
  server two 127.0.0.1:${two.port} cookie c2
  server down 127.0.0.1:${dead} cookie c3 check inter 50ms fall 1`,
    }),
  );
  assert.equal((await ask(port, get('/', 'Cookie: SRV=c2'))).body, 'two');
  assert.equal((await ask(port, get('/ignored', 'Cookie: SRV=c2'))).body, 'one');
  assert.match(httpLine(await syslog.waitFor(/GET \/ignored /)).termination, /^--UN/);
  await eventually(async () => (await ask(port, get('/', 'Cookie: SRV=c3'))).body === 'one', 'the check');
  assert.equal((await ask(port, get('/forced', 'Cookie: SRV=c3'))).status, 503);
});

onSubjects('balance hash and url_param check_post: the same value, the same server', async ({ start, old }) => {
  await using one = await startHttpOrigin(() => ok('one'));
  await using two = await startHttpOrigin(() => ok('two'));
  const [hash, posts] = await ports(2);
  const servers = `server one 127.0.0.1:${one.port}\n  server two 127.0.0.1:${two.port}`;
  await start(
    configure({
      rest: `listen hash
  bind 127.0.0.1:${hash}
  balance ${old ? 'hdr(x-key)' : 'hash req.hdr(x-key),lower'}
  ${servers}
listen posts
  bind 127.0.0.1:${posts}
  balance url_param user check_post
  ${servers}`,
    }),
  );
  const found = new Set<string>();
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const { body } = await ask(hash, get('/', `X-Key: ${key}`));
    found.add(body);
    for (let times = 0; times < 3; times++)
      assert.equal((await ask(hash, get('/', `X-Key: ${old ? key : key.toUpperCase()}`))).body, body, key);
    const query = await ask(posts, get(`/?user=${key}`));
    const form = `x=1&user=${key}&y=2`;
    using client = await connect(posts);
    await client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${form.length}\r\nConnection: close\r\n\r\n`);
    await client.write(form);
    assert.equal((await client.readMessage()).body, query.body, form);
  }
  assert.equal(found.size, 2);
});

onSubjects('marks and types of service: a connection with its own serves nobody else', async ({ start, old }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  const rules = old
    ? 'http-request set-tos 0x10'
    : 'http-request set-fc-tos 0x10\n  http-request set-bc-tos int(32) if { path /own }\n  http-request set-fc-mark 7\n  tcp-request connection set-tos 8';
  await start(
    configure({
      global: 'nbthread 1',
      rest: `listen l\n  bind 127.0.0.1:${port}\n  http-reuse always\n  ${rules}\n  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  for (const path of ['/', '/own', '/', '/own', '/']) assert.equal((await ask(port, get(path))).body, 'x');
  if (!old) assert.equal(origin.connections.length, 3, 'one that is shared, two of their own');
});

/** A connection request of a terminal client with a cookie (MS-RDPBCGR 2.2.1.1). */
function rdpRequest(cookie: string): string {
  const text = `Cookie: ${cookie}\r\n`;
  const length = 11 + text.length;
  return `\x03\x00\x00${String.fromCharCode(length)}${String.fromCharCode(length - 5)}\xe0\x00\x00\x00\x00\x00${text}`;
}

onSubjects('RDP cookies: one names its server, others are hashed', async ({ start }) => {
  const serve = (name: string) =>
    serveSockets((socket) => {
      socket.once('data', () => socket.end(name));
    });
  await using one = await serve('one');
  await using two = await serve('two');
  const [persists, hashes] = await ports(2);
  const common = `mode tcp
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.rdp_cookie(mstshash) -m found } or { req.rdp_cookie(msts) -m found }
  server one 127.0.0.1:${one.port}
  server two 127.0.0.1:${two.port}`;
  await start(
    configure({
      rest: `listen persists\n  bind 127.0.0.1:${persists}\n  balance first\n  persist rdp-cookie\n  ${common}
listen hashes\n  bind 127.0.0.1:${hashes}\n  balance rdp-cookie\n  ${common}`,
    }),
  );
  const said = async (port: number, cookie: string): Promise<string> => {
    using client = await connect(port);
    await client.write(Uint8Array.from(rdpRequest(cookie), (sign) => sign.charCodeAt(0)));
    return await client.readToEnd();
  };
  const exchanged = (port: number): number => ((port & 255) << 8) | (port >> 8);
  assert.equal(await said(persists, `msts=16777343.${exchanged(two.port)}.0000`), 'two');
  assert.equal(await said(persists, `msts=16777343.${exchanged(one.port)}.0000`), 'one');
  assert.equal(await said(persists, 'msts=16777343.1.0000'), 'one', 'nobody is there: the first');
  const seen = new Set<string>();
  for (const user of ['anna', 'bert', 'carl', 'dora', 'emil', 'fred']) {
    const first = await said(hashes, `mstshash=${user}`);
    seen.add(first);
    assert.equal(await said(hashes, `mstshash=${user}`), first, user);
  }
  assert.equal(seen.size, 2);
});
