/**
 * Actions in each of their rule sets, seen from outside: a line of the log, what the client got. What other files show (answers, headers,
 * waits, redirects, captures of requests) is not repeated here. HAProxy 2.6 is asked too where it knows the action in that set.
 */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, configure, get, onSubjects, ports } from './rig.ts';

interface Case {
  readonly rules: readonly string[];
  /** What is logged of it. */
  readonly format: string;
  readonly line: string;
  /** Of the log line; 134 if nothing changed it. */
  readonly priority?: number;
  /** HAProxy 2.6 does not know it. */
  readonly isNew?: boolean;
}

const SETS = ['tcp-request connection', 'tcp-request session', 'tcp-request content', 'http-request'] as const;
const ANSWER_SETS = ['tcp-response content', 'http-response', 'http-after-response'] as const;
const ALL_SETS = [...SETS, ...ANSWER_SETS] as const;

function variables(set: string): Case {
  return {
    rules: [
      `${set} set-var(sess.a) str(one)`,
      `${set} set-var-fmt(sess.b) two%[int(2)]`,
      `${set} set-var(sess.c) str(x)`,
      `${set} unset-var(sess.c)`,
      `${set} set-var(sess.d) int(4) if FALSE`,
    ],
    format: '%[var(sess.a)] %[var(sess.b)] [%[var(sess.c)]] [%[var(sess.d)]]',
    line: 'one two2 [-] [-]',
  };
}

/** TABLE and ARRAYS are the case's own tables. */
const TRACK = ['tcp-request connection track-sc0 src table TABLE', 'tcp-request connection track-sc1 src table ARRAYS'];

function counters(set: string): Case {
  return {
    rules: [
      ...TRACK,
      `${set} sc-inc-gpc0(0)`,
      `${set} sc-inc-gpc1(0)`,
      `${set} sc-set-gpt0(0) 7`,
      `${set} sc-inc-gpc(1,1)`,
      `${set} sc-set-gpt(2,1) 9`,
    ],
    format: '%[sc0_get_gpc0] %[sc0_get_gpc1] %[sc0_get_gpt0] %[sc_get_gpc(1,1)] %[sc_get_gpt(2,1)]',
    line: '1 1 7 1 9',
    isNew: set === 'http-after-response' || set === 'tcp-response content',
  };
}

function added(set: string): Case {
  return { rules: [...TRACK, `${set} sc-add-gpc(1,1) 5`], format: '%[sc_get_gpc(1,1)]', line: '5', isNew: true };
}

function tracked(set: string): Case {
  const rules = [0, 1, 2].map((counter) => `${set} track-sc${counter} src table TABLE`);
  return { rules, format: '%[sc0_conn_cnt] %[sc1_conn_cnt] %[sc2_conn_cnt]', line: '3 3 3', isNew: set === 'http-response' };
}

function level(set: string): Case {
  return { rules: [`${set} set-log-level err`], format: 'level', line: 'level', priority: 131, isNew: set === 'http-after-response' };
}

/** Of packets: that the kernel takes them and traffic goes on. */
function packets(set: string): Case {
  const back = /^(tcp-request content|http-request)$/.test(set) ? [`${set} set-bc-mark 2`, `${set} set-bc-tos 0x10`] : [];
  return {
    rules: [`${set} set-fc-mark 1`, `${set} set-fc-tos 0x10`, `${set} set-mark 1`, `${set} set-tos 0x10`, ...back],
    format: 'packets',
    line: 'packets',
    isNew: true,
  };
}

function addresses(set: string): Case {
  return {
    rules: [
      `${set} set-src ipv4(192.0.2.9)`,
      `${set} set-src-port int(1234)`,
      `${set} set-dst ipv4(192.0.2.8)`,
      `${set} set-dst-port int(80)`,
    ],
    format: '%[src]:%[src_port] %[dst]:%[dst_port]',
    line: '192.0.2.9:1234 192.0.2.8:80',
    isNew: set === 'tcp-request session',
  };
}

const CASES: readonly Case[] = [
  ...ALL_SETS.map(variables),
  ...ALL_SETS.map(counters),
  ...ALL_SETS.map(added),
  ...[...SETS, 'http-response'].map(tracked),
  ...['tcp-request content', 'tcp-response content', 'http-request', 'http-response', 'http-after-response'].map(level),
  ...['tcp-request connection', 'tcp-request session', 'tcp-request content', 'http-request'].map(packets),
  ...SETS.map(addresses),
  ...['tcp-request content', 'http-request'].map((set) => ({
    rules: [`${set} set-priority-class int(-3)`, `${set} set-priority-offset int(40)`],
    format: '%[prio_class] %[prio_offset]',
    line: '-3 40',
  })),
  {
    rules: ['tcp-request content capture src len 20', 'declare capture response len 5', 'http-after-response capture res.hdr(x-up) id 0'],
    format: '%hr %hs',
    line: '{127.0.0.1} {yes}',
  },
  {
    rules: ['http-response strict-mode off', 'http-after-response strict-mode on', 'http-after-response replace-value x-up y(.*) n\\1'],
    format: '%ST',
    line: '200',
  },
  { rules: ['http-request wait-for-handshake', 'http-request set-nice 5', 'http-response set-nice 6'], format: '%ST', line: '200' },
  {
    rules: ['http-request set-timeout server 3s', 'http-request set-timeout tunnel 4s', 'http-request set-var(txn.t) cur_server_timeout'],
    format: '%[var(txn.t)] %[cur_tunnel_timeout]',
    line: '3000 4000',
  },
  {
    rules: ['http-request set-retries int(7)', 'http-request set-var(txn.t) cur_max_retries'],
    format: '%[var(txn.t)]',
    line: '7',
    isNew: true,
  },
];

onSubjects('each action in each of its rule sets', async ({ start, old }) => {
  await using origin = await startHttpOrigin(() => ok('body', 'X-Up: yes\r\nConnection: close\r\n'));
  await using syslog = await startSyslog();
  const cases = CASES.filter(({ isNew }) => !(old && isNew === true));
  const fronts = await ports(cases.length);
  const sections = cases.map(({ rules, format }, at) => {
    const lines = rules.map((rule) => `  ${rule.replace('TABLE', `t${at}`).replace('ARRAYS', `a${at}`)}`);
    return `backend t${at}\n  stick-table type ip size 10 store gpc0,gpc1,gpt0,conn_cnt\nbackend a${at}\n  stick-table type ip size 10 store gpc(3),gpt(3)
listen l${at}\n  bind 127.0.0.1:${fronts[at]}\n  log 127.0.0.1:${syslog.port} format priority local0\n  log-format "l${at} ${format}"\n${lines.join('\n')}\n  server s1 127.0.0.1:${origin.port}`;
  });
  await start(configure({ global: 'nbthread 1', rest: sections.join('\n') }));
  for (const [at, { line, priority = 134, rules }] of cases.entries()) {
    const said = rules.join(' / ');
    assert.equal((await ask(fronts[at] as number, get('/', 'Connection: close'))).status, 200, said);
    const logged = await syslog.waitFor(new RegExp(`>l${at} `)).catch(() => assert.fail(`no line of ${said}: ${syslog.messages.at(-1)}`));
    assert.equal(logged.trimEnd(), `<${priority}>l${at} ${line}`, said);
  }
});

onSubjects('do-log in each rule set, in the order in which they run', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no do-log');
  await using origin = await startHttpOrigin(() => ok('body'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rules = ALL_SETS.map((set) => `  ${set} do-log`).join('\n');
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} format raw local0\n  log-format "%OG %ST"\n${rules}\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  await ask(port, get('/', 'Connection: close'));
  await syslog.waitFor(/txn_close/);
  const origins = syslog.messages.map((line) => line.split(' ')[0]);
  assert.deepEqual(origins, [
    ...['tcp-req-conn', 'tcp-req-sess', 'tcp-req-cont', 'http-req', 'tcp-res-cont', 'http-res', 'http-after-res'],
    'txn_close',
  ]);
});

onSubjects('headers as bytes, in each rule set of HTTP', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no binary headers');
  await using origin = await startHttpOrigin(() => ok('body', 'X-Up: yes\r\nX-Old: 1\r\n'));
  const [port] = await ports(1);
  // x-up: no; x-new: 1 and the empty field that ends them. Lengths stand before names and values.
  const fields = 'bin(04782D7570026E6F05782D6E657701310000)';
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-request set-headers-bin ${fields}\n  http-request add-headers-bin ${fields} prefix p-
  http-response set-headers-bin ${fields}\n  http-after-response add-headers-bin ${fields} prefix p-\n  http-after-response del-headers-bin bin(05782D6F6C6400)
  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  const { head } = await ask(port, get('/', 'Connection: close'));
  assert.match(head, /\r\nx-up: no\r\nx-new: 1\r\np-x-up: no\r\np-x-new: 1\r\n/);
  assert.doesNotMatch(head, /x-old|yes/);
  assert.match(origin.requests[0]?.head ?? '', /x-up: no\r\nx-new: 1\r\np-x-up: no\r\np-x-new: 1/);
});

onSubjects('headers as bytes can not tell another length than the body has', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no binary headers');
  await using origin = await startHttpOrigin(() => ok('body'));
  const [port] = await ports(1);
  // content-length: 1, its name alone, and the same fields of both sides.
  const [one, name] = ['bin(0E636F6E74656E742D6C656E67746801310000)', 'bin(0E636F6E74656E742D6C656E67746800)'];
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-request set-headers-bin ${one} if { path /set }\n  http-request del-headers-bin ${name} if { path /delete }
  http-response add-headers-bin ${one} if { capture.req.uri /set }\n  http-response del-headers-bin ${name} if { capture.req.uri /delete }
  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  for (const path of ['/set', '/delete']) {
    const { head, body } = await ask(port, `POST ${path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc`);
    assert.match(head, /\r\ncontent-length: 4\r\n/i);
    assert.equal(body, 'body');
    const received = origin.requests.at(-1);
    assert.match(received?.head ?? '', /\r\ncontent-length: 3\r\n/i);
    assert.doesNotMatch(received?.head ?? '', /content-length: 1/i);
  }
});

onSubjects('maps and lists that rules of the response change', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no virtual files');
  await using origin = await startHttpOrigin(() => ok('body'));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-request set-var(txn.p) path
  http-response set-header x-map %[str(a),map(virt@m,none)]\n  http-response set-header x-acl yes if { str(a) -m str -f virt@l }
  http-response set-map(virt@m) a %[var(txn.p)] if { var(txn.p) -m beg /set }\n  http-response add-acl(virt@l) a if { var(txn.p) -m beg /set }
  http-after-response del-map(virt@m) a if { var(txn.p) -m str /del }\n  http-response del-acl(virt@l) a if { var(txn.p) -m str /del }
  http-after-response set-map(virt@m) a after if { var(txn.p) -m str /after }
  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  const seen: string[] = [];
  for (const path of ['/', '/set1', '/', '/del', '/', '/after', '/']) {
    const { head } = await ask(port, get(path, 'Connection: close'));
    seen.push(`${/x-map: (.*)\r/.exec(head)?.[1]} ${head.includes('x-acl')}`);
  }
  assert.deepEqual(seen, ['none false', 'none false', '/set1 true', '/set1 true', 'none false', 'none false', 'after false']);
});

onSubjects('ends of connections: accept, silent-drop and close', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('body'));
  const [accepts, drops, content, response] = await ports(4);
  const server = `server s1 127.0.0.1:${origin.port}`;
  const rest = `listen accepts\n  bind 127.0.0.1:${accepts}\n  tcp-request session accept\n  tcp-request session reject\n  ${server}
listen drops\n  bind 127.0.0.1:${drops}\n  tcp-request session silent-drop\n  ${server}
listen content\n  bind 127.0.0.1:${content}\n  tcp-request content silent-drop if { src 127.0.0.1 }\n  ${server}
listen response\n  bind 127.0.0.1:${response}\n  http-response silent-drop\n  ${server}`;
  await start(configure({ rest }));
  assert.equal((await ask(accepts, get('/', 'Connection: close'))).status, 200);
  for (const port of [drops, content, response]) {
    using client = await connect(port);
    await client.write(get('/'));
    await assert.rejects(client.read(1, 200), `nothing comes from ${port}`);
  }
});

onSubjects("statuses of refusals, and an answer in place of the server's", async ({ start, old }) => {
  await using origin = await startHttpOrigin(() => ok('body'));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const statuses = [404, 410, 501];
  const rules = statuses.map((status) => `http-request deny deny_status ${status} if { path /${status} }`).join('\n  ');
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} format raw local0\n  log-format "%HU %ST %tsc"\n  ${rules}
  http-response return status 203\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ global: 'nbthread 1', rest }));
  for (const status of statuses) assert.equal((await ask(port, get(`/${status}`, 'Connection: close'))).status, status);
  assert.equal((await ask(port, get('/', 'Connection: close'))).status, 203);
  // HAProxy 2.6 logs the last one when its server's time is up.
  const lines = await syslog.waitForCount(old ? 3 : 4);
  assert.deepEqual(
    lines.map((line) => line.trim()),
    ['/404 404 PR--', '/410 410 PR--', '/501 501 PR--', '/ 203 LH--'].slice(0, lines.length),
  );
});
