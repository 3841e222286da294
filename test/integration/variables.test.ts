/** Variables from rule to rule, from request to request, and in the log. */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, askOn, configure, field, get, onSubjects, ports, text } from './rig.ts';

onSubjects('variables of all scopes, over two requests of a connection and two connections', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('', 'X-Server: yes\r\n'));
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 1\n  set-var proc.limit int(2)\n  set-var-fmt proc.who "%[str(me)]-%[int(1)]"',
      rest: `frontend web
  bind 127.0.0.1:${port}
  tcp-request connection set-var(sess.port) dst_port
  http-request set-var(txn.before) var(sess.path)
  http-request set-var(sess.path) path
  http-request set-var(req.seen) str(request)
  http-request set-var(proc.count) var(proc.count,0),add(1)
  http-request deny deny_status 429 if { var(proc.count) -m int gt 3 } { var(proc.limit) -m int 2 }
  http-request set-var-fmt(txn.line) "%[method] %[path] from %[src]"
  http-response set-var(res.server) res.hdr(x-server)
  http-response set-header before "[%[var(txn.before)]]"
  http-response set-header seen "[%[var(req.seen)]]"
  http-response set-header line "%[var(txn.line)]"
  http-response set-header server-var "%[var(res.server),upper]"
  http-response set-header count "%[var(proc.count)] %[var(proc.who)]"
  http-response set-header port-ok yes if { var(sess.port) -m int ${port} }
  default_backend app
backend app
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  using client = await connect(port);
  const heads = [(await askOn(client, get('/one'))).head, (await askOn(client, get('/two'))).head];
  assert.deepEqual(
    heads.map((head) => field(head, 'before')),
    ['[]', '[/one]'],
  );
  assert.deepEqual(
    heads.map((head) => field(head, 'seen')),
    ['[]', '[]'],
  );
  assert.deepEqual(
    heads.map((head) => field(head, 'line')),
    ['GET /one from 127.0.0.1', 'GET /two from 127.0.0.1'],
  );
  assert.deepEqual(
    heads.map((head) => field(head, 'server-var')),
    ['YES', 'YES'],
  );
  assert.deepEqual(
    heads.map((head) => field(head, 'count')),
    ['1 me-1', '2 me-1'],
  );
  assert.deepEqual(
    heads.map((head) => field(head, 'port-ok')),
    ['yes', 'yes'],
  );
  const third = await ask(port, get('/three'));
  assert.equal(field(third.head, 'before'), '[]');
  assert.equal((await ask(port, get('/four'))).status, 429);
});

onSubjects('conditions of set-var, and unset-var', async ({ start }) => {
  const [port] = await ports(1);
  const rules = [
    'set-var(txn.a,ifexists) int(1)',
    'set-var(txn.b,ifnotexists) int(2)',
    'set-var(txn.b,ifnotexists) int(3)',
    'set-var(txn.c) str(x)',
    'unset-var(txn.c)',
    'set-var(txn.c,ifset) str(y)',
    'set-var(txn.d) str(x)',
    'unset-var(txn.d)',
    'set-var(txn.d,ifexists) str(z)',
    'set-var(txn.e,ifempty) str(x)',
    'set-var(txn.f,ifnotempty) str(x)',
    'set-var(txn.g) int(5)',
    'set-var(txn.g,ifgt) int(3)',
    'set-var(txn.h) int(5)',
    'set-var(txn.h,iflt) int(3)',
    'set-var(txn.i) str(5)',
    'set-var(txn.i,iflt) int(3)',
    'set-var(txn.j,ifgt) int(3)',
    'set-var(proc.k,ifexists,ifnotset) str(k)',
    'set-var(txn.l) int(0)',
    'set-var(txn.l,ifempty) int(1)',
    'set-var(txn.m) str(keeps)',
    'set-var(txn.m) req.hdr(none)',
    'set-var(txn.n) src,set-var(txn.o),ipmask(8),set-var(txn.p,ifnotset)',
  ];
  const names = 'abcdefghijlmnop'.split('');
  await start(
    configure({
      rest: `frontend web
  bind 127.0.0.1:${port}
  ${rules.map((rule) => `http-request ${rule}`).join('\n  ')}
  http-request return status 200 content-type text/plain lf-string "${names.map((name) => `${name}=%[var(txn.${name})]`).join(' ')} k=%[var(proc.k)]"`,
    }),
  );
  const expected = 'a= b=2 c= d= e= f=x g=3 h=5 i=3 j=3 l=0 m=keeps n=127.0.0.0 o=127.0.0.1 p=127.0.0.0 k=k';
  assert.equal((await ask(port, get('/'))).body, expected);
});

onSubjects('a variable of the transaction reaches the log, one of the request does not', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok(''));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(
    configure({
      rest: `frontend web
  bind 127.0.0.1:${port}
  log 127.0.0.1:${syslog.port} local0
  log-format "t=%[var(txn.ua)] r=%[var(req.ua)] s=%[var(res.code)] d=%[var(txn.none,-none-)]"
  http-request set-var(txn.ua) req.fhdr(user-agent)
  http-request set-var(req.ua) req.fhdr(user-agent)
  http-response set-var(res.code) status
  default_backend app
backend app
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  await ask(port, get('/', 'User-Agent: x, y'));
  const line = await syslog.waitFor(/t=/);
  assert.equal(text(line), 't=x, y r=- s=200 d=-none-');
});

onSubjects('past a limit a variable is not set', async ({ start, old }) => {
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 1\n  tune.vars.reqres-max-size 300\n  tune.vars.txn-max-size 400',
      rest: `frontend web
  bind 127.0.0.1:${port}
  http-request set-var(req.a) req.hdr(x-a)
  http-request set-var(txn.b) req.hdr(x-a)
  http-request return status 200 content-type text/plain lf-string "%[var(req.a),length] %[var(txn.b),length]"`,
    }),
  );
  assert.equal((await ask(port, get('/', `X-A: ${'x'.repeat(50)}`))).body, '50 50');
  // HAProxy 2.6 keeps a name whose value makes no sense.
  if (old) return;
  assert.equal((await ask(port, get('/', `X-A: ${'x'.repeat(290)}`))).body, ' 290');
  assert.equal((await ask(port, get('/', `X-A: ${'x'.repeat(390)}`))).body, ' ');
});

onSubjects('what passes set-var is a value only if it was kept', async ({ start }) => {
  const [port] = await ports(1);
  const calls = ['str(x),set-var(txn.a,ifexists)', 'str(x),set-var(txn.b,ifnotset)', 'str(y),set-var(txn.b,ifnotset)'];
  calls.push('int(3),set-var(txn.n,ifgt)', 'int(3),set-var(txn.n,iflt)', 'str(x),set-var(res.early)', 'str(x),unset-var(txn.none)');
  calls.push('req.hdr(x-a),set-var(req.long),length');
  const rest = `frontend web
  bind 127.0.0.1:${port}
  http-request set-var(txn.n) int(12)
  http-request return status 200 content-type text/plain lf-string "${calls.map((call) => `%[${call}]`).join('|')}"`;
  await start(configure({ global: 'nbthread 1\n  tune.vars.reqres-max-size 300', rest }));
  assert.equal((await ask(port, get('/', `X-A: ${'x'.repeat(390)}`))).body, '|x||3|||x|');
});

onSubjects('two threads share the variables of the process', async ({ start }) => {
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 2',
      rest: `frontend web
  bind 127.0.0.1:${port}
  http-request set-var(proc.flag) path if { path /on /off }
  http-request return status 200 content-type text/plain lf-string "%[var(proc.flag)]"`,
    }),
  );
  for (const path of ['/on', '/off']) {
    await ask(port, get(path));
    for (let at = 0; at < 8; at++) assert.equal((await ask(port, get('/read'))).body, path);
  }
});
