/**
 * Early data to servers (`allow-0rtt` of `server`, RFC 8446 2.3, RFC 8470): which requests are sent so, what becomes of those that are refused.
 * The server is Hawser itself, which tells what came early.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folder } from '../support/folder.ts';
import { needs, peer } from '../support/peer.ts';
import { sClient } from '../support/s-client.ts';
import { until } from '../support/wait.ts';
import { ask, configure, field, onSubjects, ports } from './rig.ts';

const CERTIFICATE = fileURLToPath(new URL('../support/tls/server.pem', import.meta.url));

/** What the server sees: method, path, whether it came early, whether the session went on, bytes of the body. */
const SEEN = '%[method] %[path] %[ssl_fc_early_rcvd] %[ssl_fc_is_resumed] %[req.body_size]';

const origin = (name: string, port: number | undefined, words: string, rules = ''): string =>
  `frontend ${name}\n  bind 127.0.0.1:${port} ssl crt ${CERTIFICATE} ${words}\n${rules}  http-request return status 200 hdr x-seen "${SEEN}"\n`;

const relay = (name: string, port: number | undefined, back: number | undefined, words: string, more = ''): string =>
  `listen ${name}\n  bind 127.0.0.1:${port}\n${more}  server s 127.0.0.1:${back} ssl verify none ${words}\n`;

/** One request on a connection of its own; the status, and what the server has seen. */
async function seen(port: number | undefined, method: string, path: string, body = ''): Promise<string> {
  const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
  const answer = await ask(port as number, head + body);
  return `${answer.status} ${field(answer.head, 'x-seen') ?? '-'}`;
}

onSubjects('with retry-on 0rtt-rejected safe requests go early, once a ticket', async ({ start, old }) => {
  if (old) return;
  const [back, front, plain] = await ports(3);
  const rest = [
    origin('o', back, 'allow-0rtt'),
    relay('f', front, back, 'allow-0rtt', '  retry-on conn-failure 0rtt-rejected\n'),
    relay('p', plain, back, 'allow-0rtt'),
  ];
  await start(configure({ global: 'nbthread 1', rest: rest.join('') }));
  assert.equal(await seen(front, 'GET', '/first'), '200 GET /first 0 0 0');
  assert.equal(await seen(front, 'GET', '/next'), '200 GET /next 1 1 0');
  assert.equal(await seen(front, 'HEAD', '/head'), '200 HEAD /head 1 1 0');
  assert.equal(await seen(front, 'POST', '/post', 'body'), '200 POST /post 0 1 4');
  assert.equal(await seen(front, 'GET', '/body', 'x'.repeat(5000)), '200 GET /body 1 1 5000');
  // Longer than the ticket allows: it waits for the handshake.
  assert.equal(await seen(front, 'GET', '/long', 'x'.repeat(14_100)), '200 GET /long 0 1 14100');
  assert.equal(await seen(plain, 'GET', '/one'), '200 GET /one 0 0 0');
  assert.equal(await seen(plain, 'GET', '/two'), '200 GET /two 0 1 0');
});

onSubjects('what the server refuses is sent again, once', async ({ start, old }) => {
  if (old) return;
  using files = folder();
  const [one, other, pair, front, plain, tooEarly, relayed] = await ports(7);
  const keys = (byte: number): string =>
    files.write(
      `keys${byte}`,
      `${Array.from({ length: 3 }, (_, index) => Buffer.alloc(48, byte + index).toString('base64')).join('\n')}\n`,
    );
  const retries = '  retry-on conn-failure 0rtt-rejected\n';
  const rest = [
    origin('one', one, `allow-0rtt tls-ticket-keys ${keys(1)}`),
    origin('other', other, `allow-0rtt tls-ticket-keys ${keys(11)}`),
    // Connections go to the one and the other in turn: each throws away what came with a ticket of the other.
    `frontend pair\n  mode tcp\n  bind 127.0.0.1:${pair}\n  stick-table type integer size 10 expire 1m store conn_cnt
  tcp-request connection track-sc0 int(1)\n  use_backend b if { sc_conn_cnt(0),mod(2) eq 0 }\n  default_backend a
backend a\n  mode tcp\n  server a 127.0.0.1:${one}\nbackend b\n  mode tcp\n  server b 127.0.0.1:${other}\n`,
    relay('f', front, pair, 'allow-0rtt', retries),
    origin('e', tooEarly, 'allow-0rtt', '  http-request return status 425 if { ssl_fc_early_rcvd }\n'),
    relay('r', relayed, tooEarly, 'allow-0rtt', retries),
    relay('p', plain, tooEarly, '', retries),
  ];
  await start(configure({ global: 'nbthread 1', rest: rest.join('') }));
  assert.equal(await seen(front, 'GET', '/first'), '200 GET /first 0 0 0');
  // To the other, which refuses it; then to the one.
  assert.match(await seen(front, 'GET', '/next'), /^200 GET \/next 0 [01] 0$/);
  assert.match(await seen(front, 'GET', '/again', 'body'), /^200 GET \/again 0 [01] 4$/);
  // A server that says 425 to a client that knows nothing of it has its request again, behind the handshake.
  assert.equal(await seen(relayed, 'GET', '/first'), '200 GET /first 0 0 0');
  assert.match(await seen(relayed, 'GET', '/next'), /^200 GET \/next 0 [01] 0$/);
  assert.equal(await seen(plain, 'GET', '/first'), '200 GET /first 0 0 0');
  assert.equal(await seen(plain, 'GET', '/next'), '200 GET /next 0 1 0');
});

onSubjects(
  'what came as early data goes on as such; what the server refuses is answered with 425',
  async ({ start, old }) => {
    if (old) return;
    using files = folder();
    const [back, other, pair, good, bad] = await ports(5);
    const server = (port: number | undefined): string => `  server s 127.0.0.1:${port} ssl verify none allow-0rtt\n`;
    const front = (name: string, port: number | undefined, to: number | undefined): string =>
      `listen ${name}\n  bind 127.0.0.1:${port} ssl crt ${CERTIFICATE} allow-0rtt\n${server(to)}`;
    const keys = files.write(
      'keys',
      `${Array.from({ length: 3 }, (_, index) => Buffer.alloc(48, index + 1).toString('base64')).join('\n')}\n`,
    );
    const rest = [
      origin('o', back, 'allow-0rtt'),
      origin('p', other, `allow-0rtt tls-ticket-keys ${keys}`),
      `frontend pair\n  mode tcp\n  bind 127.0.0.1:${pair}\n  stick-table type integer size 10 expire 1m store conn_cnt
  tcp-request connection track-sc0 int(1)\n  use_backend b if { sc_conn_cnt(0),mod(2) eq 0 }\n  default_backend a
backend a\n  mode tcp\n  server a 127.0.0.1:${back}\nbackend b\n  mode tcp\n  server b 127.0.0.1:${other}\n`,
      front('good', good, back),
      front('bad', bad, pair),
    ];
    await start(configure({ global: 'nbthread 1', rest: rest.join('') }));
    const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    const visit = async (port: number | undefined): Promise<string> => {
      const session = join(files.at, `session-${port}`);
      assert.match(await sClient(port as number, ['-tls1_3', '-sess_out', session, '-quiet'], request('/first')), /GET \/first 0 0 0/);
      const early = files.write('early', request('/early'));
      return await sClient(port as number, ['-tls1_3', '-sess_in', session, '-early_data', early, '-ign_eof']);
    };
    assert.match(await visit(good), /Early data was accepted[\s\S]*HTTP\/1\.1 200[\s\S]*x-seen: GET \/early 1 1 0/);
    assert.match(await visit(bad), /Early data was accepted[\s\S]*HTTP\/1\.1 425/);
  },
  needs('openssl'),
);

onSubjects(
  'requests that waited for the handshake, or came behind it, are not sent early',
  async ({ start, old }) => {
    if (old) return;
    using files = folder();
    const [back, waits, behind] = await ports(3);
    const front = (name: string, port: number | undefined, rules: string): string =>
      `listen ${name}\n  bind 127.0.0.1:${port} ssl crt ${CERTIFICATE} allow-0rtt\n${rules}  server s 127.0.0.1:${back} ssl verify none allow-0rtt\n`;
    const rest = [
      origin('o', back, 'allow-0rtt'),
      front('w', waits, '  http-request wait-for-handshake\n'),
      front('b', behind, '  http-response set-header x-had %[ssl_fc_early_rcvd]\n'),
    ];
    await start(configure({ global: 'nbthread 1', rest: rest.join('') }));
    const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody`;
    const visit = async (port: number | undefined, early: string, late: string): Promise<string> => {
      const session = join(files.at, `session-${port}`);
      await sClient(port as number, ['-tls1_3', '-sess_out', session, '-quiet'], post('/first'));
      const words = ['-tls1_3', '-sess_in', session, '-early_data', files.write('early', early), '-ign_eof'];
      return await sClient(port as number, words, late);
    };
    assert.match(await visit(waits, post('/waits'), '\n'), /Early data was accepted[\s\S]*x-seen: POST \/waits 0 1 4/);
    assert.match(await visit(behind, '\r\n', post('/late')), /Early data was accepted[\s\S]*x-seen: POST \/late 0 1 4[\s\S]*x-had: 1/);
    // What is early still goes on as such, whatever its method.
    assert.match(await visit(behind, post('/early'), '\n'), /Early data was accepted[\s\S]*x-seen: POST \/early [01] 1 4/);
  },
  needs('openssl'),
);

onSubjects(
  'what is longer than a server takes early waits for the handshake',
  async ({ start, old }) => {
    if (old) return;
    using files = folder();
    const [back, front, plain] = await ports(3);
    const args = ['s_server', '-accept', `127.0.0.1:${back}`, '-cert', CERTIFICATE, '-key', CERTIFICATE, '-tls1_3'];
    const server = spawn(peer('openssl'), [...args, '-early_data', '-max_early_data', '40'], { stdio: ['pipe', 'pipe', 'ignore'] });
    let shown = '';
    server.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      shown += text;
      // It says what it is given, and shows what it has read.
      if (text.includes('GET / HTTP')) server.stdin.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    try {
      await until(() => shown.includes('ACCEPT'), 's_server to listen');
      const more = '  option httpclose\n';
      const rest = [
        `listen f\n  bind 127.0.0.1:${front} ssl crt ${CERTIFICATE} allow-0rtt\n${more}  server s 127.0.0.1:${back} ssl verify none allow-0rtt\n`,
        relay('p', plain, back, 'allow-0rtt', `${more}  retry-on conn-failure 0rtt-rejected\n`),
      ];
      await start(configure({ global: 'nbthread 1', rest: rest.join('') }));
      const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
      const session = join(files.at, 'session');
      assert.match(await sClient(front as number, ['-tls1_3', '-sess_out', session, '-quiet'], request), /HTTP\/1\.. 200/);
      const words = ['-tls1_3', '-sess_in', session, '-early_data', files.write('early', request), '-ign_eof'];
      assert.match(await sClient(front as number, words), /Early data was accepted[\s\S]*HTTP\/1\.. 200/);
      for (let count = 0; count < 2; count++) assert.equal((await ask(plain as number, request)).status, 200);
      assert.match(shown, /Reused, TLSv1\.3|No early data received/);
      assert.doesNotMatch(shown, /Early data received/);
    } finally {
      server.kill('SIGKILL');
    }
  },
  needs('openssl'),
);

onSubjects(
  'a handshake that fails behind an early request is a connection that failed',
  async ({ start, old }) => {
    if (old) return;
    using files = folder();
    const [back, pair, front, once] = await ports(4);
    const listen = (name: string, port: number | undefined, retries: string): string =>
      `listen ${name}\n  bind 127.0.0.1:${port} ssl crt ${CERTIFICATE} allow-0rtt\n${retries}  server s 127.0.0.1:${pair} ssl verify none allow-0rtt\n`;
    const rest = [
      origin('o', back, 'allow-0rtt'),
      // Every second connection ends behind the hello.
      `frontend pair\n  mode tcp\n  bind 127.0.0.1:${pair}\n  stick-table type integer size 10 expire 1m store conn_cnt
  tcp-request connection track-sc0 int(1)\n  tcp-request inspect-delay 5s\n  tcp-request content reject if { req.len gt 0 } { sc_conn_cnt(0),mod(2) eq 0 }
  default_backend a\nbackend a\n  mode tcp\n  server a 127.0.0.1:${back}\n`,
      listen('f', front, '  retry-on conn-failure\n'),
      listen('r', once, '  retries 0\n'),
    ];
    await start(configure({ global: 'nbthread 1', rest: rest.join('') }));
    const request = (method: string): string => `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    const visit = async (port: number | undefined, method: string): Promise<string> => {
      const session = join(files.at, `session-${port}`);
      assert.match(await sClient(port as number, ['-tls1_3', '-sess_out', session, '-quiet'], request('GET')), /x-seen: GET \/ 0/);
      const early = files.write('early', request(method));
      return await sClient(port as number, ['-tls1_3', '-sess_in', session, '-early_data', early, '-ign_eof']);
    };
    assert.match(await visit(once, 'GET'), /Early data was accepted[\s\S]*HTTP\/1\.1 503/);
    assert.match(await visit(once, 'POST'), /Early data was accepted[\s\S]*HTTP\/1\.1 425/);
    assert.match(await visit(front, 'GET'), /Early data was accepted[\s\S]*x-seen: GET \/ 0/);
  },
  needs('openssl'),
);
