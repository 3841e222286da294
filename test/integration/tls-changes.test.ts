/**
 * Certificates, authorities, revocations and lists changed while several threads serve (HAProxy management manual, "set ssl cert" and its
 * kin): no connection fails, and when a change is done, all threads follow it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Made, makeCertificate, makeRevocations } from '../support/certificates.ts';
import { type Driver, makeDoor } from '../support/driver.ts';
import { ask, configure, eventually, get, onSubjects, ports, type Rig, serveSockets } from './rig.ts';

const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
const stranger = makeCertificate({ names: ['stranger.test'], isAuthority: true });
const one = makeCertificate({ names: ['one.test'] }, authority);
const two = makeCertificate({ names: ['two.test'] }, authority);
const bytes = (text: string): Uint8Array => Buffer.from(text);

interface Folder extends Disposable {
  readonly at: string;
  write(name: string, content: string): string;
}

function folder(): Folder {
  const at = mkdtempSync(join(tmpdir(), 'hawser-tls-'));
  const write = (name: string, content: string): string => {
    writeFileSync(join(at, name), content);
    return join(at, name);
  };
  return { at, write, [Symbol.dispose]: () => rmSync(at, { recursive: true }) };
}

/** Starts a proxy with three threads and a door; `bind` stands behind the address. */
async function begin({ start }: Rig, bind: string): Promise<{ port: number; driver: Driver }> {
  const [port] = await ports(1);
  const door = makeDoor();
  const rest = `frontend f\n  bind 127.0.0.1:${port} ssl ${bind}\n  http-request return status 200 hdr x-resumed %[ssl_fc_is_resumed]\n`;
  await start({ config: configure({ global: 'nbthread 3', defaults: 'timeout client 60s', rest }), ...door.options });
  return { port, driver: await door.open() };
}

interface Visit {
  /** Common name of the server's certificate. */
  readonly name: string;
  readonly isResumed: boolean;
  /** To go on with. */
  readonly session: Buffer | null;
}

/** One connection with one request. Rejects if the handshake or the request fails. */
async function visit(port: number, options: ConnectionOptions = {}): Promise<Visit> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'one.test', rejectUnauthorized: false, ...options });
  let session: Buffer | null = null;
  socket.on('session', (each: Buffer) => {
    session = each;
  });
  try {
    await once(socket, 'secureConnect');
    const name = String(socket.getPeerCertificate().subject?.CN);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const text = await answerOf(socket);
    assert.match(text, /^HTTP\/1.1 200 /, `no answer but ${JSON.stringify(text)}`);
    return { name, isResumed: /x-resumed: 1/.test(text), session };
  } finally {
    socket.destroy();
  }
}

async function answerOf(socket: TLSSocket): Promise<string> {
  let text = '';
  for await (const part of socket as AsyncIterable<Buffer>) text += part.toString('latin1');
  return text;
}

/** A connection that stays open. */
async function openTo(port: number): Promise<Disposable & { ask(): Promise<void> }> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'one.test', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const ask = async (): Promise<void> => {
    const answered = once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(String(await answered), /^HTTP\/1.1 200 /);
  };
  await ask();
  return { ask, [Symbol.dispose]: () => void socket.destroy() };
}

async function isRefused(port: number, options: ConnectionOptions = {}): Promise<boolean> {
  return visit(port, options).then(
    () => false,
    () => true,
  );
}

interface Load extends Disposable {
  end(): Promise<{ readonly visits: number; readonly failures: readonly string[] }>;
}

/** Clients that come again and again until it is ended, which gives how often they came and what has failed. */
function load(clients: number, go: () => Promise<unknown>): Load {
  let isOn = true;
  let visits = 0;
  const failures: string[] = [];
  const client = async (): Promise<void> => {
    while (isOn) {
      await go().then(
        () => visits++,
        (error: Error) => failures.push(error.message),
      );
    }
  };
  const all = Array.from({ length: clients }, client);
  const stop = (): void => {
    isOn = false;
  };
  const end = async (): Promise<{ visits: number; failures: string[] }> => {
    stop();
    await Promise.all(all);
    return { visits, failures };
  };
  return { end, [Symbol.dispose]: stop };
}

/** Contexts and objects of OpenSSL of each thread. */
async function held(driver: Driver): Promise<readonly (readonly [number, number])[]> {
  const usages = await driver.call<{ host: { contexts: number; natives: number } }[]>('usage');
  return usages.map(({ host }) => [host.contexts, host.natives] as const);
}

const TIME = { timeout: 90_000 };
const SWAPS = 50;

onSubjects(
  'a certificate is swapped fifty times while clients come: none fails, and each new one sees the new certificate',
  async (rig) => {
    using files = folder();
    const path = files.write('site.pem', one.pem);
    const { port, driver } = await begin(rig, `crt ${path}`);
    using _ = driver;
    const before = await held(driver);
    const names = new Set<string>();
    using clients = load(4, async () => names.add((await visit(port)).name));
    using early = await openTo(port);
    let { session } = await visit(port);
    for (let turn = 1; turn <= SWAPS; turn++) {
      const next = turn % 2 === 1 ? two : one;
      await driver.done('tls.certificates.set', path, bytes(next.pem));
      await driver.done('tls.certificates.commit', path);
      // Not even a session of before leads to the old one.
      const seen = await visit(port, session === null ? {} : { session });
      assert.equal(seen.name, next.name, `after swap ${turn}`);
      session = seen.session;
    }
    const { visits, failures } = await clients.end();
    assert.deepEqual(failures, []);
    assert.ok(visits > SWAPS / 5, `only ${visits} visits`);
    await early.ask();
    assert.deepEqual([...names].sort(), [one.name, two.name]);
    assert.deepEqual(await held(driver), before, 'objects of OpenSSL are left');
  },
  TIME,
);

onSubjects(
  'lines of a list come and go while clients come',
  async (rig) => {
    using files = folder();
    const [a, b] = [files.write('one.pem', one.pem), files.write('two.pem', two.pem)];
    const ca = files.write('ca.pem', authority.certificate);
    const list = files.write('list', `${a}\n${b} x.test\n`);
    const { port, driver } = await begin(rig, `crt-list ${list} strict-sni`);
    using _ = driver;
    const before = await held(driver);
    using clients = load(4, () => visit(port));
    for (let turn = 0; turn < 4; turn++) {
      assert.ok(await isRefused(port, { servername: 'new.test' }));
      await driver.done('tls.lists.add', list, `${b} new.test`);
      await driver.done('tls.lists.add', list, `${b} [alpn x,y] *.wild.test !no.wild.test`);
      assert.equal((await visit(port, { servername: 'new.test' })).name, two.name);
      assert.equal((await visit(port, { servername: 'yes.wild.test', ALPNProtocols: ['y'] })).name, two.name);
      assert.ok(await isRefused(port, { servername: 'no.wild.test' }));
      const lines = await driver.call<{ line: number }[]>('tls.lists.show', list);
      assert.deepEqual(
        lines.map(({ line }) => line),
        [1, 2, 3, 4],
      );
      await driver.done('tls.lists.delete', list, b, 4);
      await driver.done('tls.lists.delete', list, b, 3);
    }
    assert.match(await driver.refused('tls.lists.add', list, `${b} [nonsense] q.test`), /nonsense/);
    assert.match(await driver.refused('tls.lists.add', list, `${b} [ca-file ${ca}] q.test`), /is not known/);
    assert.match(await driver.refused('tls.lists.add', list, `${b} [ciphers nonsense] q.test`), /ciphers 'nonsense'/);
    assert.equal((await visit(port, { servername: 'x.test' })).name, two.name);
    const { visits, failures } = await clients.end();
    assert.deepEqual(failures, []);
    assert.ok(visits > 0);
    // What clients have asked for is made into contexts by each thread by and by.
    const after = await held(driver);
    for (const [index, [contexts, natives]] of after.entries()) {
      assert.ok(contexts <= (before[index]?.[0] as number) + 1);
      assert.equal(natives, before[index]?.[1]);
    }
  },
  TIME,
);

function credentials({ pem }: Made): ConnectionOptions {
  return { cert: pem, key: pem };
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  onSubjects(
    `a client certificate is revoked, and its authority changed, while others come (${maxVersion})`,
    async (rig) => {
      using files = folder();
      const [good, bad, foreign] = [
        makeCertificate({ names: ['good.test'] }, authority),
        makeCertificate({ names: ['bad.test'] }, authority),
        makeCertificate({ names: ['foreign.test'] }, stranger),
      ];
      const ca = files.write('ca.pem', authority.certificate);
      const crl = files.write('c.crl', makeRevocations(authority, []));
      const keys = files.write('keys', [1, 2, 3].map((fill) => Buffer.alloc(80, fill).toString('base64')).join('\n'));
      const words = `crt ${files.write('site.pem', one.pem)} verify required ca-file ${ca} crl-file ${crl} tls-ticket-keys ${keys}`;
      const { port, driver } = await begin(rig, words);
      using _ = driver;
      const before = await held(driver);
      const go = (made: Made, session: Buffer | null = null): Promise<Visit> =>
        visit(port, { ...credentials(made), maxVersion, ...(session === null ? {} : { session }) });
      using clients = load(3, () => go(good));
      for (let turn = 0; turn < 3; turn++) {
        const { session } = await go(bad);
        assert.ok((await go(bad, session)).isResumed);
        await driver.done('tls.revocations.set', crl, bytes(makeRevocations(authority, [bad])));
        await driver.done('tls.revocations.commit', crl);
        await assert.rejects(go(bad));
        await assert.rejects(go(bad, session));
        await driver.done('tls.revocations.set', crl, bytes(makeRevocations(authority, [])));
        await driver.done('tls.revocations.commit', crl);
        await go(bad);
      }
      const { visits, failures } = await clients.end();
      assert.deepEqual(failures, []);
      assert.ok(visits > 0);
      assert.ok(await isRefused(port, { ...credentials(foreign), maxVersion }));
      await driver.done('tls.authorities.set', ca, bytes(stranger.certificate));
      await driver.done('tls.revocations.set', crl, bytes(makeRevocations(stranger, [])));
      await driver.done('tls.authorities.commit', ca);
      await driver.done('tls.revocations.commit', crl);
      await go(foreign);
      assert.ok(await isRefused(port, { ...credentials(good), maxVersion }));
      assert.deepEqual(
        await held(driver),
        before.map(([contexts, natives]) => [contexts, natives]),
        'objects of OpenSSL are left',
      );
    },
    TIME,
  );
}

onSubjects('keys of tickets change in all threads', async (rig) => {
  using files = folder();
  const key = (fill: number): string => Buffer.alloc(48, fill).toString('base64');
  const keys = files.write('keys', `${key(1)}\n${key(2)}\n${key(3)}\n`);
  const { port, driver } = await begin(rig, `crt ${files.write('site.pem', one.pem)} tls-ticket-keys ${keys}`);
  using _ = driver;
  const { session } = await visit(port, { maxVersion: 'TLSv1.2' });
  assert.ok(session !== null);
  const again = async (): Promise<boolean> => (await visit(port, { maxVersion: 'TLSv1.2', session })).isResumed;
  // The second encrypts; each new key pushes it one place towards the end.
  for (const [fill, isResumed] of [
    [4, true],
    [5, false],
  ] as const) {
    await driver.done('tls.ticketKeys.set', '#0', bytes(key(fill)));
    for (let turn = 0; turn < 6; turn++) assert.equal(await again(), isResumed, `key ${fill}`);
  }
});

onSubjects(
  'what a server is shown, and who may have signed its certificate',
  async ({ start }) => {
    using files = folder();
    const clients = [1, 2].map((number) => makeCertificate({ names: [`client${number}.test`] }, authority));
    const [first, second] = clients as [Made, Made];
    const ca = files.write('ca.pem', authority.certificate);
    const crt = files.write('client.pem', first.pem);
    const origin = createServer({ cert: one.pem, key: one.pem, ca: authority.certificate, requestCert: true }, (request, response) => {
      response.end(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN));
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    const [port] = await ports(1);
    const door = makeDoor();
    const server = `server s 127.0.0.1:${(origin.address() as AddressInfo).port} ssl verify required ca-file ${ca} crt ${crt} sni str(one.test)`;
    const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-reuse never\n  retries 0\n  ${server}\n`;
    await start({ config: configure({ global: 'nbthread 2', rest }), ...door.options });
    using driver = await door.open();
    const seen = async (): Promise<string> => {
      const { status, body } = await ask(port, get('/', 'Connection: close'));
      return status === 200 ? body : String(status);
    };
    const before = await held(driver);
    try {
      for (let turn = 0; turn < 3; turn++) {
        for (const client of [first, second]) {
          await driver.done('tls.certificates.set', crt, bytes(client.pem));
          await driver.done('tls.certificates.commit', crt);
          for (let visits = 0; visits < 4; visits++) assert.equal(await seen(), client.name);
        }
        for (const [trusted, told] of [
          [stranger, '503'],
          [authority, second.name],
        ] as const) {
          await driver.done('tls.authorities.set', ca, bytes(trusted.certificate));
          await driver.done('tls.authorities.commit', ca);
          for (let visits = 0; visits < 4; visits++) assert.equal(await seen(), told);
        }
      }
      assert.deepEqual(await held(driver), before, 'objects of OpenSSL are left');
    } finally {
      origin.closeAllConnections();
      await new Promise((resolve) => void origin.close(resolve));
    }
  },
  TIME,
);

onSubjects(
  'checks of servers follow too',
  async ({ start }) => {
    using files = folder();
    const ca = files.write('ca.pem', authority.certificate);
    const checked = createServer({ cert: one.pem, key: one.pem }, (_, response) => void response.end());
    checked.listen(0, '127.0.0.1');
    await once(checked, 'listening');
    await using origin = await serveSockets((socket) => {
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
    });
    const [port] = await ports(1);
    const door = makeDoor();
    const check = `check inter 50ms rise 1 fall 1 port ${(checked.address() as AddressInfo).port} check-ssl verify required ca-file ${ca}`;
    const rest = `listen l\n  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${origin.port} ${check}\n`;
    await start({ config: configure({ rest }), ...door.options });
    using driver = await door.open();
    try {
      for (const [trusted, told] of [
        [stranger, 503],
        [authority, 200],
      ] as const) {
        await driver.done('tls.authorities.set', ca, bytes(trusted.certificate));
        await driver.done('tls.authorities.commit', ca);
        await eventually(async () => (await ask(port, get('/', 'Connection: close'))).status === told, `status ${told}`);
      }
    } finally {
      checked.closeAllConnections();
      await new Promise((resolve) => void checked.close(resolve));
    }
  },
  TIME,
);
