/** Early data (RFC 8446 2.3, RFC 8470): requests before the handshake is done, what servers are told, rules that wait for its end. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Folder, folder } from '../support/folder.ts';
import { needs } from '../support/peer.ts';
import { sClient } from '../support/s-client.ts';
import { configure, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));

interface Seen {
  readonly port: number;
  /** Of each request: path, Early-Data, body. */
  readonly requests: string[];
  [Symbol.dispose](): void;
}

async function origin(): Promise<Seen> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => {
      requests.push(`${request.url} ${request.headers['early-data'] ?? '-'} ${Buffer.concat(body).length}`);
      response.writeHead(request.headers['early-data'] === '1' && request.url === '/once' ? 425 : 200, { 'x-seen': request.url });
      response.end('answer');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** HAProxy 2.6 does not know the word. */
const received = (old: boolean): string => (old ? 'bool(true)' : 'ssl_fc_early_rcvd');

const CLOSE = 'Connection: close\r\n';

/** A first connection, whose session is kept. */
async function firstVisit(port: number, files: Folder): Promise<string> {
  const session = join(files.at, `session-${port}`);
  await sClient(port, ['-tls1_3', '-sess_out', session, '-quiet'], `GET /first HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
  assert.ok(existsSync(session), 'no session to go on with');
  return session;
}

/** Comes back with this request as early data. */
async function comeBack(port: number, files: Folder, session: string, request: string, input = ''): Promise<string> {
  const early = files.write('early', request);
  return await sClient(port, ['-tls1_3', '-sess_in', session, '-early_data', early, '-ign_eof'], input === '' ? '\n' : input);
}

onSubjects(
  'a request in early data is answered, and told to the server',
  async ({ start, old }) => {
    using files = folder();
    using seen = await origin();
    const { port: back, requests } = seen;
    const [port] = await ports(1);
    await start(
      configure({
        rest: `frontend f
  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} allow-0rtt
  http-request wait-for-handshake if { path_beg /wait }
  http-request set-var(txn.early) ssl_fc_has_early
  http-after-response set-header x-early "%[var(txn.early)] %[${received(old)}] %[ssl_fc_is_resumed]"
  default_backend b
backend b
  server s 127.0.0.1:${back}`,
      }),
    );
    const visit = async (path: string, extra = ''): Promise<string> => {
      const session = await firstVisit(port as number, files);
      return await comeBack(port as number, files, session, `GET ${path} HTTP/1.1\r\nHost: a\r\n${CLOSE}${extra}\r\n`);
    };
    const plain = await visit('/plain');
    assert.match(plain, /Early data was accepted/);
    // HAProxy 2.6 looks later, when the handshake may be done.
    assert.match(plain, old ? /x-early: [01] 1 1/ : /x-early: 1 1 1/);
    assert.match(plain, /answer/);
    const told = await visit('/told', 'Early-Data: 1\r\n');
    assert.match(told, /Early data was accepted/);
    const waits = await visit('/wait');
    assert.match(waits, /Early data was accepted/);
    assert.match(waits, /x-early: 0 1 1/);
    assert.match(waits, /answer/);
    const once = await visit('/once');
    assert.match(once, /HTTP\/1\.1 425/);
    assert.deepEqual(
      requests.filter((each) => !each.startsWith('/first')),
      ['/plain 1 0', '/told 1 0', '/wait - 0', '/once 1 0'],
    );
  },
  needs('openssl'),
);

onSubjects(
  'a body in early data, and the rest of it behind the handshake',
  async ({ start }) => {
    using files = folder();
    using seen = await origin();
    const { port: back, requests } = seen;
    const [port] = await ports(1);
    await start(
      configure({
        rest: `frontend f
  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} allow-0rtt
  http-request wait-for-handshake if { path_beg /wait }
  default_backend b
backend b
  server s 127.0.0.1:${back}`,
      }),
    );
    for (const path of ['/now', '/wait']) {
      const session = await firstVisit(port as number, files);
      const head = `POST ${path} HTTP/1.1\r\nHost: a\r\n${CLOSE}Content-Length: 12100\r\n\r\n`;
      const text = await comeBack(port as number, files, session, head + 'x'.repeat(12_000), `${'y'.repeat(99)}\n`);
      assert.match(text, /Early data was accepted/);
      assert.match(text, /HTTP\/1\.1 200/);
    }
    assert.deepEqual(
      requests.filter((each) => !each.startsWith('/first')).map((each) => each.replace(/^\/now [1-]/, '/now *')),
      // A request with a body is looked at in another turn: the handshake may be done by then.
      ['/now * 12100', '/wait - 12100'],
    );
  },
  needs('openssl'),
);

onSubjects(
  'without allow-0rtt early data is refused, and the connection serves',
  async ({ start, old }) => {
    using files = folder();
    const [early, late] = await ports(2);
    const list = files.write('list', `${path('server.pem')} [allow-0rtt] localhost\n`);
    await start(
      configure({
        rest: `frontend f
  bind 127.0.0.1:${early} ssl crt-list ${list}
  bind 127.0.0.1:${late} ssl crt ${path('server.pem')}
  http-request return status 200 hdr x-early "%[ssl_fc_has_early] %[${received(old)}]"`,
      }),
    );
    const session = await firstVisit(early as number, files);
    const request = `GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`;
    assert.match(await comeBack(early as number, files, session, request), /Early data was accepted[\s\S]*x-early: 1 1/);
    const again = await firstVisit(early as number, files);
    const refused = await comeBack(late as number, files, again, request, request);
    assert.match(refused, /Early data was rejected/);
    assert.match(refused, old ? /x-early: 0/ : /x-early: 0 0/);
  },
  needs('openssl'),
);

onSubjects(
  'TCP: early data goes to the server at once',
  async ({ start }) => {
    using files = folder();
    using seen = await origin();
    const { port: back, requests } = seen;
    const [port] = await ports(1);
    await start(
      configure({
        rest: `listen f\n  mode tcp\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} allow-0rtt\n  server s 127.0.0.1:${back}`,
      }),
    );
    const session = await firstVisit(port as number, files);
    const text = await comeBack(port as number, files, session, `GET /tcp HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    assert.match(text, /Early data was accepted/);
    assert.match(text, /answer/);
    assert.deepEqual(requests, ['/first - 0', '/tcp - 0']);
  },
  needs('openssl'),
);

onSubjects(
  'secrets of early data are those of the client',
  async ({ start }) => {
    using files = folder();
    const [port] = await ports(1);
    const secrets = '%[ssl_fc_client_early_traffic_secret] %[ssl_fc_early_exporter_secret] %[ssl_fc_exporter_secret]';
    await start(
      configure({
        global: 'tune.ssl.keylog on',
        rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} allow-0rtt
  http-request wait-for-handshake\n  http-request return status 200 hdr x-secrets "${secrets}"`,
      }),
    );
    const session = await firstVisit(port, files);
    const keys = join(files.at, 'keys');
    const early = files.write('early', `GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    const said = await sClient(port, ['-tls1_3', '-sess_in', session, '-early_data', early, '-keylogfile', keys, '-ign_eof'], '\n');
    assert.match(said, /Early data was accepted/);
    const log = readFileSync(keys, 'latin1');
    const secret = (label: string): string => new RegExp(`^${label} \\w+ (\\w+)$`, 'm').exec(log)?.[1] ?? `no ${label}`;
    const expected = ['CLIENT_EARLY_TRAFFIC_SECRET', 'EARLY_EXPORTER_SECRET', 'EXPORTER_SECRET'].map(secret);
    assert.equal(/x-secrets: (.*?)\r/.exec(said)?.[1], expected.join(' '));
  },
  needs('openssl'),
);
