/**
 * TLS connections that go wrong on purpose: nothing may crash, stall or stay behind. Each test ends with a good handshake, and the rig
 * looks for engines, blocks and connections that are left. HAWSER_TEST_HANDSHAKES=200000 makes the flood a long one.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttps, request } from 'node:https';
import { connect as connectPlain, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { configure, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const ca = readFileSync(path('ca.pem'));

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
  socket.on('error', () => undefined).resume();
  const closed = once(socket, 'close');
  socket.write(bytes, () => {
    if (how === 'end') socket.end();
    else socket.resetAndDestroy();
  });
  await closed;
}

/** What a client says first. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  let peer: Socket | undefined;
  const server = createServer((socket) => {
    peer = socket;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = connect({ host: '127.0.0.1', port: (server.address() as { port: number }).port, ...options });
  client.on('error', () => undefined);
  await accepted;
  const [hello] = (await once(peer as Socket, 'data')) as [Buffer];
  client.destroy();
  peer?.destroy();
  server.close();
  return hello;
}

const OWN_ANSWER = 'http-request return status 200';

onSubjects('garbage before the handshake, hellos cut at every byte', async ({ start }) => {
  const [one, named] = await ports(2);
  const rest = `frontend f\n  timeout client-hs 2s\n  bind 127.0.0.1:${one} ssl crt ${path('server.pem')}
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

const HANDSHAKES = Number(process.env['HAWSER_TEST_HANDSHAKES'] ?? 900);
const AT_ONCE = 12;
/** What a process may grow by between its first third and its end (kB): caches of OpenSSL and of V8 fill once. */
const MOST_GROWTH_KB = 24 * 1024;

function residentKb(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

onSubjects(
  'floods of handshakes leave nothing behind',
  async ({ start, context }) => {
    const [port] = await ports(1);
    const proxy = await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  ${OWN_ANSWER}` }));
    const flood = async (count: number): Promise<void> => {
      let left = count;
      const one = async (): Promise<void> => {
        while (left-- > 0) {
          const socket = await handshake(port as number, { maxVersion: left % 3 === 0 ? 'TLSv1.2' : 'TLSv1.3' });
          socket.on('error', () => undefined).resume();
          // Some leave with a word, some without, some are still talking.
          if (left % 4 === 0) socket.write('GET / HT');
          if (left % 2 === 0) socket.end();
          else socket.destroy();
          if (!socket.closed) await once(socket, 'close');
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    };
    await flood(HANDSHAKES / 3);
    const before = residentKb(proxy.pid);
    await flood((HANDSHAKES * 2) / 3);
    const grown = residentKb(proxy.pid) - before;
    context.diagnostic(`${HANDSHAKES} handshakes: ${grown} kB more in the last two thirds`);
    assert.ok(grown < MOST_GROWTH_KB, `${grown} kB`);
  },
  { timeout: 30_000 + HANDSHAKES * 20 },
);
