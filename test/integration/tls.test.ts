/** TLS with real clients and servers: versions, names, resumption, client certificates, bad files, TLS towards servers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { startSubject } from '../support/subject.ts';
import { configure, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const ca = readFileSync(path('ca.pem'));

/** The answer of a request through TLS, with a connection of its own. */
function get(port: number, options: ConnectionOptions & { readonly path?: string } = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, ca, servername: 'localhost', agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject).end();
  });
}

/** A handshake; the socket, or the error's code. */
function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ...options });
    socket.once('error', reject).once('secureConnect', () => resolve(socket));
  });
}

onSubjects('requests through TLS, of each version', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('hello'));
  const [port] = await ports(1);
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  default_backend b\nbackend b\n  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { status } = await get(port, { minVersion: version, maxVersion: version });
    assert.equal(status, 200, version);
  }
  await assert.rejects(
    get(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    /protocol|version|reset|hang up/i,
  );
  // Who speaks no TLS gets no answer of HTTP.
  const plain = connectPlain(port, '127.0.0.1');
  plain.write('GET / HTTP/1.1\r\n\r\n');
  let text = '';
  plain.on('data', (data) => {
    text += data.toString('latin1');
  });
  await once(plain, 'close');
  assert.ok(!text.includes('HTTP/1.1'), text);
});

onSubjects('the certificate follows the name that is asked for', async ({ start }) => {
  const [port, strict] = await ports(2);
  const certificates = `ssl crt ${path('server.pem')} crt ${path('rsa.pem')}`;
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${port} ${certificates}\n  http-request return status 200\nfrontend g\n  bind 127.0.0.1:${strict} ${certificates} strict-sni\n  http-request return status 200`,
    }),
  );
  const subjectOf = async (at: number, servername: string): Promise<string> => {
    const socket = await handshake(at, { servername, rejectUnauthorized: false });
    const name = String(socket.getPeerCertificate().subject['CN']);
    socket.destroy();
    return name;
  };
  assert.equal(await subjectOf(port, 'localhost'), 'localhost');
  assert.equal(await subjectOf(port, 'RSA.example.org'), 'rsa.example.org');
  assert.equal(await subjectOf(port, 'a.example.com'), 'localhost');
  assert.equal(await subjectOf(port, 'a.b.example.com'), 'localhost', 'the first is the default');
  assert.equal(await subjectOf(strict, 'rsa.example.org'), 'rsa.example.org');
  await assert.rejects(handshake(strict, { servername: 'unknown.example.net' }), /unrecognized|alert|reset|disconnected/i);
});

onSubjects('a session is resumed, at any thread', async ({ start }) => {
  const [port] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  http-request return status 200` }));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', maxVersion });
    const ticket = new Promise<Buffer>((resolve) => first.once('session', resolve));
    first.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const session = await ticket;
    first.destroy();
    for (let turn = 0; turn < 6; turn++) {
      const again = await handshake(port, { maxVersion, session });
      assert.equal(again.isSessionReused(), true, maxVersion);
      again.destroy();
    }
  }
});

onSubjects('clients show certificates', async ({ start }) => {
  const [required, optional] = await ports(2);
  const base = `ssl crt ${path('server.pem')} ca-file ${path('ca.pem')}`;
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${required} ${base} verify required\n  http-request return status 200\nfrontend g\n  bind 127.0.0.1:${optional} ${base} verify optional\n  http-request return status 200`,
    }),
  );
  const client = readFileSync(path('client.pem'));
  assert.equal((await get(required, { cert: client, key: client })).status, 200);
  await assert.rejects(get(required), /certificate required|alert|reset|hang up/i);
  assert.equal((await get(optional)).status, 200);
  // One that nobody known has signed.
  const other = readFileSync(path('stranger.pem'));
  await assert.rejects(get(optional, { cert: other, key: other }), /unknown ca|alert|reset|hang up/i);
});

onSubjects('servers are spoken to through TLS and checked', async ({ start }) => {
  const tls = createServer({ cert: readFileSync(path('server.pem')), key: readFileSync(path('server.pem')) }, (_, response) => {
    response.end('x'.repeat(300_000));
  }).listen(0, '127.0.0.1');
  await once(tls, 'listening');
  const { port: server } = tls.address() as { port: number };
  const [port] = await ports(1);
  await start(
    configure({
      rest: `frontend f
  bind 127.0.0.1:${port}
  use_backend good if { path /good }
  use_backend blind if { path /blind }
  default_backend wrong
backend good
  server s1 127.0.0.1:${server} ssl ca-file ${path('ca.pem')}
backend blind
  server s1 127.0.0.1:${server} ssl verify none
backend wrong
  retries 0
  server s1 127.0.0.1:${server} ssl ca-file ${path('stranger.pem')}`,
    }),
  );
  const answer = async (at: string): Promise<{ status: number; length: number }> => {
    const response = await fetch(`http://127.0.0.1:${port}${at}`);
    return { status: response.status, length: (await response.text()).length };
  };
  assert.deepEqual(await answer('/good'), { status: 200, length: 300_000 });
  assert.deepEqual(await answer('/blind'), { status: 200, length: 300_000 });
  assert.equal((await answer('/wrong')).status, 503);
  tls.closeAllConnections();
  tls.close();
});

onSubjects('files that are no good are named, and nothing starts', async ({ subject }) => {
  const [port] = await ports(1);
  for (const [options, words] of [
    [`crt ${path('ca.pem')}`, 'ca.pem'],
    ['crt /none.pem', '/none.pem'],
    [`crt ${path('server.pem')} ca-file ${path('ca.key')}`, 'ca.key'],
  ]) {
    await assert.rejects(
      startSubject(subject, {
        config: configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl ${options}\n  http-request return status 200` }),
      }),
      (error: Error) => error.message.includes(words as string),
    );
  }
});
