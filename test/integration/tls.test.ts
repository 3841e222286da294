/** TLS with real clients and servers: versions, names, resumption, client certificates, bad files, TLS towards servers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { exchange } from '../support/connection.ts';
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

/** A TLS server that says which name it was asked for, and whether the session was resumed. */
async function startNamedServer(maxVersion: 'TLSv1.2' | 'TLSv1.3') {
  const pem = readFileSync(path('server.pem'));
  const connections: { readonly name: string; readonly resumed: boolean }[] = [];
  const server = createServer({ cert: pem, key: pem, maxVersion }, (asked, response) => {
    const { servername } = asked.socket as TLSSocket & { readonly servername?: string | false };
    response.end(`${servername || '-'}`);
  });
  server.on('secureConnection', (socket: TLSSocket & { readonly servername?: string | false }) => {
    connections.push({ name: socket.servername || '-', resumed: socket.isSessionReused() });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    connections,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

onSubjects('servers are asked for the name of the request, and connections are not shared between names', async ({ start, old }) => {
  await using server = await startNamedServer('TLSv1.3');
  const [port] = await ports(1);
  // 2.6 asks for no name by itself.
  const sni = old ? 'sni req.hdr(host),field(1,:)' : '';
  const line = `server s1 127.0.0.1:${server.port} ssl verify none`;
  await start(
    configure({
      global: 'nbthread 1',
      defaults: 'http-reuse always',
      rest: `frontend f\n  bind 127.0.0.1:${port}
  use_backend fixed if { path /fixed }
  use_backend none if { path /none }
  default_backend auto
backend auto\n  ${line} ${sni}
backend fixed\n  ${line} sni str(fixed.example)
backend none\n  ${line}${old ? '' : ' no-sni-auto'}`,
    }),
  );
  const answer = async (target: string, host: string): Promise<string> =>
    (await exchange(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).split('\r\n\r\n')[1] ?? '';
  const bodyOf = (text: string): string => text.replace(/^[0-9a-f]+\r\n|\r\n.*/gs, '');
  const before = server.connections.length;
  for (const host of ['a.example', 'b.example:8080', 'a.example', 'b.example'])
    assert.equal(bodyOf(await answer('/', host)), host.replace(/:.*/, ''));
  assert.equal(server.connections.length - before, 2, 'a connection per name');
  assert.equal(bodyOf(await answer('/fixed', 'a.example')), 'fixed.example');
  assert.equal(bodyOf(await answer('/none', 'a.example')), '-');
  if (!old) assert.equal(bodyOf(await answer('/', '127.0.0.1')), '-', 'an address is no name');
});

onSubjects('the certificate of a server must have the name it is asked for', async ({ start }) => {
  await using server = await startNamedServer('TLSv1.3');
  const [port] = await ports(1);
  const line = `server s1 127.0.0.1:${server.port} ssl ca-file ${path('ca.pem')}`;
  const backends = {
    right: 'sni str(localhost)',
    wrong: 'sni str(elsewhere.example)',
    host: 'verifyhost localhost no-sni-auto',
    other: 'verifyhost x.example no-sni-auto',
  };
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${port}\n  use_backend %[path,field(2,/)]
${Object.entries(backends)
  .map(([name, words]) => `backend ${name}\n  retries 0\n  ${line} ${words}`)
  .join('\n')}`,
    }),
  );
  const status = async (name: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}/${name}`)).status;
  assert.equal(await status('right'), 200);
  assert.equal(await status('wrong'), 503);
  assert.equal(await status('host'), 200);
  assert.equal(await status('other'), 503);
});

onSubjects('a name that can not be told is verified nevertheless', async ({ start, old }) => {
  await using server = await startNamedServer('TLSv1.3');
  await using server12 = await startNamedServer('TLSv1.2');
  const [port] = await ports(1);
  const line = (at: { port: number }): string =>
    `http-reuse never\n  retries 0\n  server s1 127.0.0.1:${at.port} ssl ca-file ${path('ca.pem')}`;
  const backends = {
    given: `${line(server)} sni req.hdr(x-name)`,
    given12: `${line(server12)} sni req.hdr(x-name)`,
    unverified: `${line(server)} sni req.hdr(x-name) verify none`,
    host: `${line(server)} sni req.hdr(x-name) verifyhost localhost`,
    other: `${line(server)} sni req.hdr(x-name) verifyhost x.example`,
    auto: old ? `${line(server)} sni req.hdr(host),field(1,:)` : line(server),
  };
  const named = Object.entries(backends).map(([name, lines]) => `backend ${name}\n  ${lines}`);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port}\n  use_backend %[path,field(2,/)]\n${named.join('\n')}` }));
  const status = async (backend: string, name: string, host = 'localhost'): Promise<number> => {
    const text = await exchange(port, `GET /${backend} HTTP/1.1\r\nHost: ${host}\r\nX-Name: ${name}\r\nConnection: close\r\n\r\n`);
    return Number(text.slice(9, 12));
  };
  const strange = ['10.0.0.5', '1.2.3', '::1', '[::1]', '[]', '[', 'a:b', 'localhost:1', 'a b', '\u00e9.example'];
  if (!old) strange.push('x'.repeat(256));
  for (const backend of ['given', 'given12']) {
    // The second time there is a session that must not be gone on with.
    for (const name of ['localhost', '', '', ...strange, ...strange]) {
      assert.equal(await status(backend, name), name === 'localhost' || name === '' ? 200 : 503, `${backend} ${name}`);
      // 127.0.0.1 is an address of the certificate: HAProxy looks for it among the names.
      if (!old) assert.equal(await status(backend, '127.0.0.1'), 200, `${backend} after ${name}`);
    }
  }
  if (old) return;
  for (const name of strange) {
    assert.equal(await status('unverified', name), 200, name);
    assert.equal(await status('host', name), 200, name);
    assert.equal(await status('other', name), 503, name);
  }
  for (const [host, expected] of [
    ['127.0.0.1:80', 200],
    ['10.0.0.5', 503],
    ['[::1]:80', 503],
  ] as const)
    assert.equal(await status('auto', '', host), expected, host);
});

onSubjects('sessions with servers are resumed, unless no-ssl-reuse', async ({ start }) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    await using server = await startNamedServer(version);
    const [port] = await ports(1);
    const line = `http-reuse never\n  server s1 127.0.0.1:${server.port} ssl verify none sni str(localhost)`;
    await start(
      configure({
        global: 'nbthread 1',
        rest: `frontend f\n  bind 127.0.0.1:${port}\n  use_backend fresh if { path /fresh }\n  default_backend kept\nbackend kept\n  ${line}\nbackend fresh\n  ${line} no-ssl-reuse`,
      }),
    );
    const ask = (target: string): Promise<string> => exchange(port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    for (const target of ['/', '/', '/', '/fresh', '/fresh']) assert.match(await ask(target), / 200 /);
    const [first, second, , ...fresh] = server.connections.map(({ resumed }) => resumed);
    // A server of TLS 1.3 may take a ticket once only, and give none for a resumed session.
    assert.deepEqual([first, second, ...fresh], [false, true, false, false], version);
  }
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
