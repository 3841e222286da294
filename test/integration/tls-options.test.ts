/** Options of `bind … ssl`: errors that are ignored, authorities, lists of certificates, ticket keys, stapling, many certificates. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, createServer, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { makeCertificate, newKey } from '../support/certificates.ts';
import { ocspResponse } from '../support/ocsp.ts';
import { startSubject } from '../support/subject.ts';
import { configure, onSubjects, ports, startRigged, stopSoftly } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const file = (name: string): Buffer => readFileSync(path(name));

/** A folder that is gone afterwards. */
function folder(): { readonly at: string; write(name: string, content: string | Buffer): string; [Symbol.dispose](): void } {
  const at = mkdtempSync(join(tmpdir(), 'hawser-tls-'));
  return {
    at,
    write: (name, content) => {
      writeFileSync(join(at, name), content);
      return join(at, name);
    },
    [Symbol.dispose]: () => rmSync(at, { recursive: true }),
  };
}

function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false, ...options });
    socket.once('error', reject).once('secureConnect', () => resolve(socket));
  });
}

function headersOf(port: number, options: ConnectionOptions): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const all = { host: '127.0.0.1', port, servername: 'localhost', agent: false, rejectUnauthorized: false, ...options };
    const asked = request(all, (response) => void response.resume().on('end', () => resolve(response.headers)));
    asked.on('error', reject).end();
  });
}

const ANSWER = `http-request return status 200 hdr x-verify "%[ssl_c_verify] %[ssl_c_err] %[ssl_c_ca_err] %[ssl_c_used]"`;

onSubjects('errors of client certificates that are ignored are told all the same', async ({ start }) => {
  using files = folder();
  const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
  const late = makeCertificate({ names: ['late.test'], notAfter: new Date(Date.now() - 3_600_000) }, authority);
  const good = makeCertificate({ names: ['good.test'] }, authority);
  const stranger = file('stranger.pem');
  const ca = files.write('ca.pem', authority.certificate);
  const [strict, lenient, all, quiet] = await ports(4);
  const line = (port: number | undefined, words: string): string =>
    `bind 127.0.0.1:${port} ssl crt ${path('server.pem')} verify required ${words}`;
  await start(
    configure({
      rest: `frontend f
  ${line(strict, `ca-file ${ca}`)}
  ${line(lenient, `ca-file ${ca} crt-ignore-err X509_V_ERR_CERT_HAS_EXPIRED`)}
  ${line(all, `ca-file ${ca} crt-ignore-err all ca-ignore-err all no-ca-names`)}
  ${line(quiet, `ca-file ${path('ca.pem')} ca-verify-file ${ca}`)}
  ${ANSWER}`,
    }),
  );
  const of = async (port: number | undefined, pem: string | Buffer): Promise<unknown> =>
    (await headersOf(port as number, { cert: pem, key: pem }))['x-verify'];
  assert.equal(await of(strict, good.pem), '0 0 0 1');
  await assert.rejects(of(strict, late.pem));
  assert.equal(await of(lenient, late.pem), '10 10 0 1');
  await assert.rejects(of(lenient, stranger));
  assert.equal(await of(all, stranger), '18 18 0 1');
  assert.equal(await of(quiet, good.pem), '0 0 0 1');
});

onSubjects('lines of a crt-list have options of their own; one name with two kinds of keys', async ({ start }) => {
  using files = folder();
  const list = files.write(
    'list',
    `${path('server.pem')} [alpn one,two ssl-max-ver TLSv1.2] localhost\n${path('rsa.pem')} rsa.example.org # rest\n`,
  );
  files.write('pair.pem.ecdsa', file('server.pem'));
  files.write('pair.pem.rsa', file('rsa.pem'));
  const [port, pair] = await ports(2);
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt-list ${list} alpn x\n  bind 127.0.0.1:${pair} ssl crt ${join(files.at, 'pair.pem')}\n  http-request return status 200`,
    }),
  );
  const of = async (servername: string): Promise<unknown> => {
    const socket = await handshake(port as number, { servername, ALPNProtocols: ['two', 'x'] });
    const found = [socket.alpnProtocol, socket.getProtocol()];
    socket.destroy();
    return found;
  };
  assert.deepEqual(await of('localhost'), ['two', 'TLSv1.2']);
  assert.deepEqual(await of('rsa.example.org'), ['x', 'TLSv1.3']);
  const socket = await handshake(pair as number, { servername: 'rsa.example.org' });
  assert.equal(socket.getPeerCertificate().subject['CN'], 'rsa.example.org');
  socket.destroy();
});

onSubjects('a stapled response', async ({ start }) => {
  using files = folder();
  const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
  const site = makeCertificate({ names: ['localhost'] }, authority);
  const pem = files.write('site.pem', site.pem + authority.certificate);
  const response = ocspResponse(authority, site);
  files.write('site.pem.ocsp', response);
  const [port] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${pem}\n  http-request return status 200` }));
  for (let turn = 0; turn < 3; turn++) {
    const socket = connect({
      host: '127.0.0.1',
      port: port as number,
      servername: 'localhost',
      ca: authority.certificate,
      requestOCSP: true,
    } as ConnectionOptions);
    const [got] = (await once(socket, 'OCSPResponse')) as [Buffer];
    assert.ok(got?.equals(response));
    socket.destroy();
  }
  (await handshake(port as number)).destroy();
});

/** The session of a first connection; then whether it is gone on with. */
async function ticketOf(port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false, maxVersion });
  const ticket = once(socket, 'session') as Promise<[Buffer]>;
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [session] = await ticket;
  socket.destroy();
  return session;
}

onSubjects('ticket keys are shared by nodes and exchanged one after another', async ({ subject }) => {
  using files = folder();
  for (const size of [48, 80]) {
    const keys = Array.from({ length: 5 }, () => randomBytes(size).toString('base64'));
    const [before, after, other] = [keys.slice(0, 3), keys.slice(1, 4), [keys[4], keys[3], keys[4]]].map((some, at) =>
      files.write(`${size}-${at}`, `${some.join('\n')}\n`),
    );
    const start = async (list: string | undefined): Promise<{ port: number; proxy: Awaited<ReturnType<typeof startRigged>> }> => {
      const [port] = await ports(1);
      const words = `ssl crt ${path('server.pem')} tls-ticket-keys ${list}`;
      const proxy = await startRigged(subject, {
        config: configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ${words}\n  http-request return status 200` }),
      });
      return { port: port as number, proxy };
    };
    const nodes = [await start(before), await start(after), await start(other)] as const;
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const session = await ticketOf(nodes[0].port, maxVersion);
      const found: boolean[] = [];
      for (const { port } of nodes) {
        const socket = await handshake(port, { session, maxVersion });
        found.push(socket.isSessionReused());
        socket.destroy();
      }
      assert.deepEqual(found, [true, true, false], `${size} ${maxVersion}`);
    }
    for (const { proxy } of nodes) await stopSoftly(proxy, subject);
  }
});

const MANY = 1000;

onSubjects('a thousand certificates by name', async ({ start, context }) => {
  using files = folder();
  const key = newKey();
  const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
  for (let index = 0; index < MANY; index++) {
    const names = [`site${index}.test`, `*.sub${index}.test`];
    files.write(`${String(index).padStart(4, '0')}.pem`, makeCertificate({ names }, authority, key).pem);
  }
  const [port] = await ports(1);
  const startedAt = performance.now();
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${files.at} strict-sni\n  http-request return status 200` }));
  context.diagnostic(`started in ${Math.round(performance.now() - startedAt)} ms`);
  for (let turn = 0; turn < 60; turn++) {
    const index = (turn * 397) % MANY;
    const servername = turn % 2 === 0 ? `site${index}.test` : `www.sub${index}.test`;
    const socket = await handshake(port as number, { servername });
    assert.equal(socket.getPeerCertificate().subject['CN'], `site${index}.test`);
    socket.destroy();
  }
  await assert.rejects(handshake(port as number, { servername: 'nobody.test' }));
});

onSubjects('one wrong file among many is named, and nothing starts', async ({ subject }) => {
  using files = folder();
  const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
  const good = makeCertificate({ names: ['good.test'] }, authority);
  const other = makeCertificate({ names: ['other.test'] }, authority);
  files.write('a.pem', good.pem);
  const encrypted = newKey().export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' });
  const key = (pem: string): string => pem.slice(pem.indexOf('-----BEGIN PRIVATE'));
  const cases: readonly (readonly [string, string])[] = [
    ['mismatch.pem', good.certificate + key(other.pem)],
    ['keyless.pem', good.certificate],
    ['encrypted.pem', good.certificate + encrypted],
    ['empty.pem', ''],
    ['garbage.pem', 'this is no certificate\n'],
    ['certless.pem', key(good.pem)],
    ['cut.pem', good.pem.slice(0, good.certificate.length / 2) + key(good.pem)],
  ];
  const [port] = await ports(1);
  for (const [name, content] of cases) {
    const wrong = files.write(name, content);
    await assert.rejects(
      startSubject(subject, {
        config: configure({
          rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${join(files.at, 'a.pem')} crt ${wrong}\n  http-request return status 200`,
        }),
      }),
      (error: Error) => error.message.includes(name),
      name,
    );
  }
});

onSubjects('a server may begin another handshake where it is allowed to', async ({ start, old }) => {
  // The words are of 3.x.
  if (old) return;
  const asked: string[] = [];
  const server = createServer({ key: file('server.pem'), cert: file('server.pem'), maxVersion: 'TLSv1.2' }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const began = socket.renegotiate({ requestCert: false }, (error) => {
        asked.push(error === null ? 'done' : 'refused');
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      });
      if (began === false) asked.push('never');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port: back } = server.address() as AddressInfo;
    const [front, strict] = await ports(2);
    const listen = (port: number | undefined, word: string): string =>
      `listen f${port}\n  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${back} ssl verify none ${word}`;
    await start(configure({ rest: `${listen(front, 'renegotiate')}\n${listen(strict, '')}` }));
    assert.equal((await fetch(`http://127.0.0.1:${front}/`)).status, 200);
    assert.deepEqual(asked, ['done']);
    await fetch(`http://127.0.0.1:${strict}/`);
    assert.notEqual(asked[1], 'done');
  } finally {
    server.close();
  }
});

onSubjects('signatures of client certificates can be chosen', async ({ start, old }) => {
  // The word is of 2.8.
  if (old) return;
  const [port] = await ports(1);
  const words = `verify required ca-file ${path('ca.pem')} client-sigalgs`;
  const [good, bad] = ['ECDSA+SHA256', 'RSA+SHA256'];
  const [other] = await ports(1);
  await start(
    configure({
      rest: `frontend f
  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} ${words} ${good}
  bind 127.0.0.1:${other} ssl crt ${path('server.pem')} ${words} ${bad}
  ${ANSWER}`,
    }),
  );
  const pem = file('client.pem');
  assert.equal((await headersOf(port as number, { cert: pem, key: pem }))['x-verify'], '0 0 0 1');
  await assert.rejects(headersOf(other as number, { cert: pem, key: pem }));
});

onSubjects('a certificate of a list with !* is only the default one', async ({ start }) => {
  using files = folder();
  const list = files.write('list', `${path('rsa.pem')} !*\n${path('server.pem')}\n`);
  const [port] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt-list ${list}\n  http-request return status 200` }));
  const of = async (servername: string): Promise<unknown> => {
    const socket = await handshake(port as number, { servername });
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject['CN'];
  };
  assert.equal(await of('localhost'), 'localhost');
  assert.equal(await of('nobody.test'), 'rsa.example.org');
});
