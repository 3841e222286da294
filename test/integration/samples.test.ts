/** Samples that need real connections: addresses, listeners, loads, rates, bytes, raw payloads and TLS hellos. */
import assert from 'node:assert/strict';
import { connect as connectTls } from 'node:tls';
import { connect, exchange } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, configure, field, get, onSubjects, ports, serveSockets, text } from './rig.ts';

onSubjects('connections, listeners and loads, as rules of both directions see them', async ({ start, old }) => {
  await using origin = await startHttpOrigin(() => ok('', 'X-A: 1\r\n'));
  const [port, other] = await ports(2);
  const request = [
    ['so', '%[so_id] %[so_name]'],
    ['src', '%[src] %[fc_src] %[src_is_local] %[fc_src_is_local]'],
    ['dst', '%[dst_port] %[fc_dst] %[fc_dst_port] %[dst_is_local]'],
    ['fe', '%[fe_name] %[fe_id] %[fe_conn] %[fe_defbe] %[fe_client_timeout] %[dst_conn]'],
    ['load', '%[nbsrv(app)] %[connslots(app)] %[be_conn_free(app)] %[avg_queue(app)] %[srv_conn_free(app/s1)]'],
    ['weights', '%[srv_weight(app/s1)] %[srv_uweight(app/s1)] %[srv_iweight(app/s1)] %[srv_is_up(app/s1)]'],
    ['rates', '%[fe_sess_rate] %[fe_req_rate] %[be_sess_rate(app)]'],
    ['process', '%[nbproc] %[proc] %[stopping] %[env(SAMPLES_TEST)] %[uuid,length]'],
    ['tcp', '%[fc_rtt(us),bool] %[fc_lost] %[fc_unacked]'],
    ['acl', '%[req.proto_http] %[wait_end] %[fc_http_major] %[http_first_req]'],
  ];
  const response = [
    [
      'streams',
      '%[fc_nb_streams] %[bc_nb_streams] %[fc_settings_streams_limit] %[fs.id] %[bs.id] %[fs.aborted] %[bs.aborted] %[fc_glitches] %[bc_glitches]',
    ],
    ['bc', '%[bc_dst] %[bc_src] %[bc_http_major] %[srv_name] %[srv_id] %[be_name] %[be_id]'],
    ['be', '%[be_server_timeout] %[be_tunnel_timeout] %[be_conn(app)] %[srv_conn(app/s1)] %[srv_sess_rate(app/s1)]'],
    ['status', '%[status] %[capture.res.ver] %[capture.req.uri]'],
  ];
  await start(
    configure({
      global: 'nbthread 1\n  setenv SAMPLES_TEST here',
      rest: `frontend web
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${other} name second id 7
  ${request.map(([name, format]) => `http-request set-var-fmt(txn.${name}) "${format}"`).join('\n  ')}
  ${request.map(([name]) => `http-response set-header ${name} "%[var(txn.${name})]"`).join('\n  ')}
  ${response.map(([name, format]) => `http-response set-header ${name} "${format}"`).join('\n  ')}
  default_backend app
backend app
  server s1 127.0.0.1:${origin.port} weight 20 maxconn 50 maxqueue 7`,
    }),
  );
  const { head } = await ask(port, get('/x?y=1'));
  assert.equal(field(head, 'so'), '1');
  assert.equal(field(head, 'src'), '127.0.0.1 127.0.0.1 1 1');
  assert.equal(field(head, 'dst'), `${port} 127.0.0.1 ${port} 1`);
  assert.equal(field(head, 'fe'), `web ${old ? 1 : 2} 1 app 5000 1`);
  assert.equal(field(head, 'load'), '1 57 50 0 50');
  assert.equal(field(head, 'weights'), '20 20 20 1');
  assert.equal(field(head, 'rates'), '1 1 0');
  assert.equal(field(head, 'process'), '1 1 0 here 36');
  assert.equal(field(head, 'acl'), '1 1 1 1');
  assert.match(field(head, 'tcp') ?? '', /^1 0 \d+$/);
  assert.equal(field(head, 'bc'), `127.0.0.1 127.0.0.1 1 s1 1 app ${old ? 2 : 3}`);
  assert.equal(field(head, 'be'), '5000 0 1 1 1');
  assert.equal(field(head, 'status'), '200 HTTP/1.1 /x?y=1');
  const second = (await ask(other, get('/'))).head;
  assert.equal(field(second, 'so'), '7 second');
  // The first request counts in proportion if its second is over.
  assert.match(field(second, 'rates') ?? '', /^[12] [12] [01]$/);
});

onSubjects('the rule that ended a list, and how the stream ended, in the log', async ({ start, old }) => {
  // All of these came after 2.6.
  if (old) return;
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(
    configure({
      rest: `frontend web
  bind 127.0.0.1:${port}
  log 127.0.0.1:${syslog.port} local0
  log-format "%[last_rule_line] %[last_rule_file,regsub(.*/,)] %[txn.sess_term_state] %[txn.status] %[req.bytes_in] %[txn.conn_retries] %[act_conn] %[acl(METH_GET,!METH_POST)] %[last_entity,regsub(.*/,)] %[waiting_entity]"
  http-request set-header x y
  http-request deny if { path /no }
  http-request return status 200`,
    }),
  );
  const line = 14;
  await ask(port, get('/no'));
  assert.match(
    text(await syslog.waitFor(/PR--/)),
    new RegExp(`^${line} proxy.cfg PR-- 403 ${get('/no').length} 0 1 1 proxy.cfg:${line} -$`),
  );
  await ask(port, get('/yes'));
  assert.match(
    text(await syslog.waitFor(/LR--/)),
    new RegExp(`^${line + 1} proxy.cfg LR-- 200 ${get('/yes').length} 0 1 1 proxy.cfg:${line + 1} -$`),
  );
});

onSubjects('bytes received from and sent to both sides, as they are on the wire', async ({ start, old }) => {
  // All of these came after 2.6.
  if (old) return;
  await using syslog = await startSyslog();
  const received: number[] = [];
  await using origin = await serveSockets((socket) => {
    let bytes = '';
    socket.on('data', (data) => {
      bytes += data.toString('latin1');
      if (bytes.startsWith('POST') ? bytes.endsWith('0\r\n\r\n') : bytes.endsWith('\r\n\r\n')) {
        received.push(bytes.length);
        socket.end(ANSWER);
      }
    });
  });
  const [port] = await ports(1);
  const shown = [
    'fc_nb_streams',
    'bc_nb_streams',
    'fc_settings_streams_limit',
    'fs.id',
    'bs.id',
    'fs.aborted',
    'bs.aborted',
    'fc_glitches',
    'bc_glitches',
  ];
  const streams = `http-response set-header x-streams "${shown.map((name) => `%[${name}]`).join(' ')}"`;
  const log = `log 127.0.0.1:${syslog.port} local0\n  log-format "%[req.bytes_in] %[req.bytes_out] %[res.bytes_in] %[res.bytes_out] %[bytes_in] %[bytes_out]"`;
  await start(
    configure({
      rest: `frontend web\n  bind 127.0.0.1:${port}\n  ${log}\n  http-request return status 204 if { path /here }\n  default_backend b
backend b\n  ${streams}\n  http-request set-header x-long ${'a'.repeat(300)}\n  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  const chunked =
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n';
  let count = 0;
  for (const request of [get('/', 'Connection: close'), chunked, get('/here', 'Connection: close')]) {
    const answered = await exchange(port, request);
    const [fromClient, toServer, fromServer, toClient, again, more] = text((await syslog.waitForCount(++count)).at(-1) as string)
      .split(' ')
      .map(Number);
    const isLocal = request.includes('/here');
    assert.deepEqual([fromClient, again], [request.length, request.length]);
    assert.deepEqual([fromServer, more], isLocal ? [0, 0] : [ANSWER.length, ANSWER.length]);
    assert.equal(toServer, isLocal ? 0 : received.at(-1));
    assert.equal(toClient, answered.length);
    if (!isLocal) assert.match(answered, /x-streams: 1 1 1 1 1 0 0 0 0\r\n/);
  }
});

const ANSWER = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n';

onSubjects('a server is chosen by the name in a TLS hello that passes through, whatever its cuts', async ({ start }) => {
  const [port] = await ports(1);
  const answer = (name: string) =>
    serveSockets((socket) => {
      socket.once('data', () => socket.end(name));
    });
  await using shop = await answer('shop');
  await using rest = await answer('rest');
  await start(
    configure({
      rest: `frontend tls
  mode tcp
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_hello_type 1 }
  tcp-request content reject
  use_backend shop if { req.ssl_sni -i shop.example.com } { req.ssl_ver 3.3 } { req.ssl_alpn h2 }
  default_backend rest
backend shop
  mode tcp
  server s 127.0.0.1:${shop.port}
backend rest
  mode tcp
  server s 127.0.0.1:${rest.port}`,
    }),
  );
  for (const [servername, expected] of [
    ['shop.example.com', 'shop'],
    ['other.example.com', 'rest'],
  ] as const) {
    const bytes = await helloOf(servername);
    using client = await connect(port);
    await client.write(bytes.subarray(0, 3));
    await client.write(bytes.subarray(3, 60));
    await client.write(bytes.subarray(60));
    assert.equal((await client.readToEnd()).toString(), expected);
  }
  using stranger = await connect(port);
  await stranger.write('GET / HTTP/1.1\r\n\r\n');
  assert.equal((await stranger.readToEnd()).toString(), '');
});

/** What a TLS client sends first. */
async function helloOf(servername: string): Promise<Buffer> {
  let taken: (bytes: Buffer) => void = () => undefined;
  const first = new Promise<Buffer>((resolve) => {
    taken = resolve;
  });
  await using server = await serveSockets((socket) => socket.once('data', taken));
  const client = connectTls({ host: '127.0.0.1', port: server.port, servername, ALPNProtocols: ['h2', 'http/1.1'] });
  client.on('error', () => undefined);
  const bytes = await first;
  client.destroy();
  return bytes;
}

onSubjects('raw payloads decide once they are there', async ({ start }) => {
  await using origin = await serveSockets((socket) => {
    socket.once('data', (bytes) => socket.end(`got ${bytes.length}`));
  });
  const [port] = await ports(1);
  await start(
    configure({
      rest: `listen raw
  mode tcp
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 5s
  tcp-request content reject if { req.payload(0,3) -m str BAD }
  tcp-request content reject if { req.payload_lv(3,1) -m bin 6e6f }
  tcp-request content accept if { req.len ge 8 }
  tcp-request content reject if WAIT_END
  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  const exchanged = async (...parts: string[]): Promise<string> => {
    using client = await connect(port);
    for (const part of parts) await client.write(part);
    return (await client.readToEnd()).toString();
  };
  assert.equal(await exchanged('BAD!'), '');
  assert.equal(await exchanged('abc\x02', 'no---'), '');
  assert.equal(await exchanged('abc\x02', 'yes', '---'), 'got 10');
});

onSubjects('a posted form, once its body is waited for', async ({ start }) => {
  const [port] = await ports(1);
  await start(
    configure({
      rest: `frontend web
  bind 127.0.0.1:${port}
  option http-buffer-request
  http-request return status 200 content-type text/plain lf-string "%[req.body_param(user)]|%[req.body_len]|%[req.body_size]|%[req.body]"`,
    }),
  );
  using client = await connect(port);
  await client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nid=1&us');
  await client.write('er=anna&z=%41');
  assert.equal((await client.readMessage()).body, 'anna|20|20|id=1&user=anna&z=%41');
});
