/**
 * TLS connections that go wrong on purpose: nothing may crash, stall or stay behind. Each test ends with a good handshake, and the rig
 * looks for engines, blocks and connections that are left.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttps, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { makeCertificate, newKey } from '../support/certificates.ts';
import { type Connection, connect as connectRaw } from '../support/connection.ts';
import { makeFolder } from '../support/proxy.ts';
import { helloOf, talk, tlsFile, tlsPath } from '../support/tls-client.ts';
import { until } from '../support/wait.ts';
import { configure, onSubjects, ports } from './rig.ts';

const path = tlsPath;
const ca = tlsFile('ca.pem');

function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ...options });
    socket.once('error', reject).once('secureConnect', () => resolve(socket));
  });
}

/** A request through TLS on a connection of its own. */
async function ask(port: number): Promise<string> {
  const socket = await handshake(port);
  socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

/** Sends bytes and goes; resolves when the connection is closed. */
async function leave(port: number, bytes: Buffer, how: 'end' | 'reset'): Promise<void> {
  const socket = connectPlain(port, '127.0.0.1');
  // Not once(): that rejects at an error, and a reset is no fault here.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined).resume();
  socket.write(bytes, () => {
    if (how === 'end') socket.end();
    else socket.resetAndDestroy();
  });
  await closed;
}

const OWN_ANSWER = 'http-request return status 200';

onSubjects('garbage before the handshake, hellos cut at every byte', async ({ start, old }) => {
  const [one, named] = await ports(2);
  const rest = `frontend f\n  ${old ? 'timeout client 2s' : 'timeout client-hs 2s'}\n  bind 127.0.0.1:${one} ssl crt ${path('server.pem')}
  bind 127.0.0.1:${named} ssl crt ${path('server.pem')} crt ${path('rsa.pem')} strict-sni\n  ${OWN_ANSWER}`;
  await start(configure({ rest }));
  const hello = await helloOf({ servername: 'localhost', ALPNProtocols: ['http/1.1'] });
  const garbage = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0x16]),
    // Records that are too long, of no kind, of no length; a hello that says it is longer than its record.
    Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), randomBytes(70_000)]),
    Buffer.from([0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10]),
    Buffer.from([0x16, 3, 1, 0, 0, 0x16, 3, 1, 0, 0]),
    Buffer.from([0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]),
    Buffer.concat([hello.subarray(0, 5), randomBytes(hello.length - 5)]),
    Buffer.concat([hello, randomBytes(40_000)]),
    Buffer.alloc(200_000, 0x16),
  ];
  for (const port of [one, named] as number[]) {
    for (const bytes of garbage) for (const how of ['end', 'reset'] as const) await leave(port, bytes, how);
    const cuts = Array.from({ length: hello.length }, (_, at) => at).filter((at) => at < 80 || at % 7 === 0);
    for (let at = 0; at < cuts.length; at += 8) {
      await Promise.all(cuts.slice(at, at + 8).map((cut) => leave(port, hello.subarray(0, cut), cut % 2 === 0 ? 'end' : 'reset')));
    }
    assert.match(await ask(port), / 200 /);
  }
});

onSubjects('a hello in single bytes', async ({ start }) => {
  const [port] = await ports(1);
  await start(
    configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} crt ${path('rsa.pem')}\n  ${OWN_ANSWER}` }),
  );
  const hello = await helloOf({ servername: 'localhost' });
  const socket = connectPlain(port as number, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const answer = once(socket, 'data') as Promise<[Buffer]>;
  for (const byte of hello) await new Promise((resolve) => void socket.write(Buffer.from([byte]), resolve));
  const [first] = await answer;
  assert.deepEqual([first[0], first[1]], [0x16, 3], 'the server goes on with its own hello');
  socket.destroy();
  await once(socket, 'close');
});

onSubjects('renegotiation is refused', async ({ start }) => {
  const [port] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  ${OWN_ANSWER}` }));
  const socket = await handshake(port as number, { maxVersion: 'TLSv1.2' });
  const refused = new Promise<boolean>((resolve) => {
    socket.on('error', () => resolve(true)).on('close', () => resolve(true));
    socket.renegotiate({}, (error) => resolve(error !== null));
  });
  assert.equal(await refused, true);
  socket.destroy();
  assert.match(await ask(port as number), / 200 /);
});

onSubjects('a server that cuts its body without a word', async ({ start }) => {
  const pem = readFileSync(path('server.pem'));
  const origin = createHttps({ cert: pem, key: pem }, (asked, response) => {
    response.writeHead(200, { 'content-length': '100000' }).write('x'.repeat(5000), () => asked.socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const [port] = await ports(1);
  const { port: server } = origin.address() as { port: number };
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  http-request return status 200 if { path / }\n  default_backend b
backend b\n  retries 0\n  server s1 127.0.0.1:${server} ssl verify none`,
    }),
  );
  const isWhole = await new Promise<boolean>((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/cut', ca, servername: 'localhost', agent: false }, (response) => {
      response.resume();
      response.on('close', () => resolve(response.complete));
      response.on('error', () => undefined);
    });
    asked.on('error', () => resolve(false)).end();
  });
  assert.equal(isWhole, false);
  assert.match(await ask(port as number), / 200 /);
  origin.closeAllConnections();
  origin.close();
});

onSubjects('who gets no certificate for his name goes on talking', async ({ start }) => {
  const [port] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} strict-sni\n  ${OWN_ANSWER}` }));
  const hello = await helloOf({ servername: 'nobody.test' });
  for (let turn = 0; turn < 20; turn++) {
    using client = await connectRaw(port);
    await client.writePieces([hello.toString('latin1'), 'x', 'y'.repeat(turn * 1000), hello.toString('latin1'), 'z']);
    await client.readToEnd();
    assert.equal(client.received, '\x15\x03\x03\x00\x02\x02\x70');
  }
  assert.match(await ask(port), / 200 /);
});

onSubjects('handshakes that never end are ended: byte by byte, and half-way', async ({ start, old }) => {
  const [one, named] = await ports(2);
  const patience = old ? 'timeout client 400ms' : 'timeout client-hs 400ms';
  await start(
    configure({
      defaults: patience,
      rest: `frontend f\n  bind 127.0.0.1:${one} ssl crt ${path('server.pem')}\n  bind 127.0.0.1:${named} ssl crt ${path('server.pem')} crt ${path('rsa.pem')}\n  ${OWN_ANSWER}`,
    }),
  );
  const hello = await helloOf({ servername: 'localhost' });
  const drip = async (port: number, from: number): Promise<number> => {
    using client = await connectRaw(port);
    const begun = performance.now();
    if (from > 0) await client.write(hello.subarray(0, from));
    const timer = setInterval(() => void client.socket.write(hello.subarray(from, ++from)), 40);
    // HAProxy 2.6 has a timeout of idleness only: who says nothing more is ended by it.
    if (old) clearInterval(timer);
    await client.readToEnd();
    clearInterval(timer);
    return performance.now() - begun;
  };
  const lasted = await Promise.all([one, named].flatMap((port) => [0, 1, 6, 200, hello.length].map((from) => drip(port as number, from))));
  for (const ms of lasted) assert.ok(ms > 300 && ms < 3000, `${ms}`);
  assert.match(await ask(one as number), / 200 /);
});

function residentKb(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

const HALF_OPEN = 2000;
/** What one that is half open may cost (kB): OpenSSL's own records, and of a page of a block those that wait for the name. */
const HALF_OPEN_KB = 60;

onSubjects('thousands of half-open handshakes, and others are served', async ({ start, old, context }) => {
  const [one, named] = await ports(2);
  const proxy = await start(
    configure({
      global: 'nbthread 2\n  maxconn 6000',
      defaults: 'timeout client 20s',
      rest: `frontend f\n  bind 127.0.0.1:${one} ssl crt ${path('server.pem')}\n  bind 127.0.0.1:${named} ssl crt ${path('server.pem')} crt ${path('rsa.pem')}\n  ${OWN_ANSWER}`,
    }),
  );
  const hello = await helloOf({ servername: 'localhost' });
  await Promise.all([one, named].map((port) => ask(port as number)));
  const before = residentKb(proxy.pid);
  const clients: Connection[] = [];
  for (let index = 0; index < HALF_OPEN; index += 50) {
    const some = await Promise.all(Array.from({ length: 50 }, (_, at) => connectRaw((at % 2 === 0 ? one : named) as number)));
    // Nothing, a bit, almost all, all and no answer.
    await Promise.all(some.map((client, at) => client.write(hello.subarray(0, [0, 3, hello.length - 1, hello.length][at % 4]))));
    clients.push(...some);
  }
  for (const port of [one, named]) assert.match(await ask(port as number), / 200 /);
  const grown = (residentKb(proxy.pid) - before) / HALF_OPEN;
  context.diagnostic(`${grown.toFixed(1)} kB each`);
  assert.ok(old || grown < HALF_OPEN_KB, `${grown} kB each`);
  assert.ok(clients.every(({ closed }) => !closed));
  for (const client of clients) client.socket.destroy();
  for (const port of [one, named]) assert.match(await ask(port as number), / 200 /);
});

onSubjects('clients with endless chains of certificates', async ({ start }) => {
  const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
  const key = newKey();
  const good = makeCertificate({ names: ['good.test'] }, authority, key);
  const folder = makeFolder();
  writeFileSync(`${folder}/ca.pem`, authority.certificate);
  const [port] = await ports(1);
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} verify required ca-file ${folder}/ca.pem\n  ${OWN_ANSWER}`,
    }),
  );
  const rest = Array.from({ length: 300 }, (_, at) =>
    makeCertificate({ names: [`${at}.test`.padStart(60, 'x')], isAuthority: true }, authority, key),
  );
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const of = (count: number) => {
      const cert =
        good.certificate +
        rest
          .slice(0, count)
          .map(({ certificate }) => certificate)
          .join('');
      return talk(port, { cert, key: key.export({ type: 'pkcs8', format: 'pem' }) as string, maxVersion });
    };
    assert.match((await of(0)).answer, / 200 /);
    assert.match((await of(50)).answer, / 200 /, 'more than is needed is no fault');
    const { answer, error } = await of(300);
    assert.equal(answer, '');
    // OpenSSL 3.0 and 3.5 have a word each for a chain of more than 100 kB.
    assert.match(error, /^ERR_SSL_SSL\/TLS_ALERT_(ILLEGAL_PARAMETER|BAD_CERTIFICATE)$/);
  }
});

onSubjects('tickets that are garbage, cut or of others', async ({ start }) => {
  const [port] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  ${OWN_ANSWER}` }));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { session } = await talk(port, { maxVersion });
    assert.ok(session !== undefined);
    assert.equal((await talk(port, { maxVersion, session })).resumed, true);
    // The ticket is the longest string of bytes in it, tag [10] (RFC 5077 4).
    const at = session.lastIndexOf(Buffer.from([0xaa, 0x81]));
    assert.ok(at > 0, 'the ticket');
    for (const place of [at + 8, at + 30, at + 50, at + 100, at + 150]) {
      const spoilt = Buffer.from(session);
      for (let index = 0; index < 4; index++) spoilt[place + index] = 0x55 ^ (spoilt[place + index] as number);
      const outcome = await talk(port, { maxVersion, session: spoilt });
      assert.deepEqual([outcome.resumed, outcome.error], [false, ''], `${maxVersion} ${place - at}`);
      assert.match(outcome.answer, / 200 /);
      // The next one on this thread is not disturbed by what went wrong before.
      assert.equal((await talk(port, { maxVersion, session })).resumed, true);
    }
  }
});

onSubjects('a soft stop ends handshakes and idle connections, and waits for those that work', async ({ start, old }) => {
  // HAProxy waits for its timeouts.
  if (old) return;
  const [one, named, proxied] = await ports(3);
  const certs = `ssl crt ${path('server.pem')} crt ${path('rsa.pem')}`;
  const proxy = await start(
    configure({
      defaults: 'timeout client 20s',
      rest: `frontend f\n  bind 127.0.0.1:${one} ssl crt ${path('server.pem')}\n  bind 127.0.0.1:${named} ${certs} strict-sni
  bind 127.0.0.1:${proxied} ${certs} accept-proxy\n  http-request wait-for-body time 2s if { method POST }\n  ${OWN_ANSWER}`,
    }),
  );
  const hello = await helloOf({ servername: 'localhost' });
  const refused = await helloOf({ servername: 'nobody.test' });
  const clients: Connection[] = [];
  for (const port of [one, named, proxied]) {
    for (const says of [hello.subarray(0, 0), hello.subarray(0, 3), hello.subarray(0, -1), hello, refused]) {
      const client = await connectRaw(port);
      if (port === proxied) await client.write('PROXY TCP4 192.0.2.1 192.0.2.2 1000 2000\r\n');
      await client.write(says);
      clients.push(client);
    }
  }
  const sockets: TLSSocket[] = [];
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const says of ['', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'GET / HT']) {
      const socket = await handshake(one, { maxVersion });
      socket.on('error', () => undefined);
      socket.write(says);
      if (says.endsWith('\r\n\r\n')) await once(socket, 'data');
      sockets.push(socket);
    }
  }
  const working = await handshake(one);
  let text = '';
  working.on('data', (data: Buffer) => {
    text += data.toString('latin1');
  });
  working.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
  await until(() => text.includes(' 100 '), 'the request to be at work');
  await until(() => clients.every(({ socket }) => socket.writableLength === 0), 'the kernel to take it all');
  proxy.program.kill('SIGUSR1');
  // Its own farewell may meet a closed socket: that is no fault, if the answer is there.
  const closed = new Promise((resolve) => working.on('error', () => undefined).once('close', resolve));
  for (const client of clients) {
    await client.readToEnd();
    client.socket.destroy();
  }
  working.write('abc');
  await closed;
  assert.match(text, /^HTTP\/1\.1 200 /m);
  for (const socket of sockets) socket.destroy();
  assert.deepEqual(await proxy.program.stop('SIGUSR1', 8000), { status: 0, signal: null });
});
