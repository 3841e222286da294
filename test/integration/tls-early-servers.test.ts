/**
 * Early data to servers (`allow-0rtt` of `server`, RFC 8446 2.3, RFC 8470): which requests are sent so, what becomes of those that are refused.
 * The server is Hawser itself, which tells what came early.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folder } from '../support/folder.ts';
import { needs } from '../support/peer.ts';
import { sClient } from '../support/s-client.ts';
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
  // Longer than the ticket allows: refused by this side, and sent again.
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
