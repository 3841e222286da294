/**
 * Many handshakes and many bytes through TLS: neither native nor JavaScript memory may grow with them. HAWSER_TEST_HANDSHAKES=200000
 * and HAWSER_TEST_MEGABYTES=10000 make it a long run; docs/memory.md has its numbers.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect, createServer, type TLSSocket } from 'node:tls';
import type { Proxy as Running } from '../support/proxy.ts';
import { tlsFile, tlsPath } from '../support/tls-client.ts';
import { configure, onSubjects, ports } from './rig.ts';

const HANDSHAKES = Number(process.env['HAWSER_TEST_HANDSHAKES'] ?? 2000);
const MEGABYTES = Number(process.env['HAWSER_TEST_MEGABYTES'] ?? 200);
const AT_ONCE = 12;
const STREAMS = 4;
const MB = 1e6;
/** What a process may grow by behind the first third (kB): caches of OpenSSL and of V8 fill once. */
const MOST_GROWTH_KB = 24 * 1024;
/** What the JavaScript heaps of all threads may, between two looks at any moment of their collections. */
const MOST_HEAP_KB = 16 * 1024;

interface Size {
  readonly residentKb: number;
  /** Of all data threads; 0 of HAProxy. */
  readonly heapKb: number;
}

async function sizeOf({ program, pid }: Running, old: boolean): Promise<Size> {
  const residentKb = Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  if (old) return { residentKb, heapKb: 0 };
  const from = program.stderr.length;
  const heaps = (): string[] => Array.from(program.stderr.slice(from).matchAll(/"heapKb":(\d+)/g), ([, size]) => size as string);
  program.kill('SIGQUIT');
  await program.until(() => heaps().length >= THREADS, 'what is in use');
  return { residentKb, heapKb: heaps().reduce((sum, size) => sum + Number(size), 0) };
}

const THREADS = 2;

/** A third of the work, then the rest: how much more there is afterwards. */
async function measure(proxy: Running, old: boolean, work: (part: number) => Promise<void>): Promise<Size & { readonly told: string }> {
  await work(1 / 3);
  const before = await sizeOf(proxy, old);
  await work(2 / 3);
  const after = await sizeOf(proxy, old);
  const [residentKb, heapKb] = [after.residentKb - before.residentKb, after.heapKb - before.heapKb];
  const told = `resident ${before.residentKb} kB and ${residentKb} more, heaps ${before.heapKb} kB and ${heapKb} more in the last two thirds`;
  return { residentKb, heapKb, told };
}

function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: tlsFile('ca.pem'), servername: 'localhost', ...options });
    socket.once('error', reject).once('secureConnect', () => resolve(socket));
  });
}

onSubjects(
  'floods of handshakes leave nothing behind',
  async ({ start, context, old }) => {
    const [port] = await ports(1);
    const bind = `bind 127.0.0.1:${port} ssl crt ${tlsPath('server.pem')}`;
    const proxy = await start(
      configure({ global: `nbthread ${THREADS}`, rest: `frontend f\n  ${bind}\n  http-request return status 200` }),
    );
    const flood = async (count: number): Promise<void> => {
      let left = count;
      const one = async (): Promise<void> => {
        while (left-- > 0) {
          const turn = left;
          const socket = await handshake(port, { maxVersion: turn % 3 === 0 ? 'TLSv1.2' : 'TLSv1.3' });
          socket.on('error', () => undefined).resume();
          // Some leave with a word, some without, some are still talking.
          if (turn % 4 === 0) socket.write('GET / HT');
          if (turn % 2 === 0) socket.end();
          else socket.destroy();
          if (!socket.closed) await once(socket, 'close');
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    };
    const { residentKb, heapKb, told } = await measure(proxy, old, (part) => flood(HANDSHAKES * part));
    context.diagnostic(`${HANDSHAKES} handshakes: ${told}`);
    assert.ok(residentKb < MOST_GROWTH_KB && heapKb < MOST_HEAP_KB, told);
  },
  { timeout: 30_000 + HANDSHAKES * 20 },
);

const PIECE = Buffer.alloc(256 * 1024, 'p');

/** Writes so many bytes as fast as they are taken; resolves when all are, or the connection is gone. */
function pour(socket: TLSSocket, bytes: number): Promise<void> {
  let left = bytes;
  return new Promise((resolve) => {
    const more = (): void => {
      while (left > 0 && !socket.destroyed) {
        const count = Math.min(left, PIECE.length);
        left -= count;
        if (!socket.write(PIECE.subarray(0, count))) return;
      }
      resolve();
    };
    socket.on('drain', more).on('close', resolve);
    more();
  });
}

/** A server of TLS: GET /N is answered with N bytes, POST with the number of bytes that came. */
async function startServer(): Promise<{ port: number } & AsyncDisposable> {
  const pem = tlsFile('server.pem');
  const server = createServer({ cert: pem, key: pem }, (socket) => {
    socket.on('error', () => undefined);
    let [got, head, length] = [0, '', -1];
    socket.on('data', (data: Buffer) => {
      got += data.length;
      if (length < 0) {
        head += data.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        length = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        const size = Number(/^GET \/(\d+) /.exec(head)?.[1] ?? 0);
        if (size > 0) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`);
          void pour(socket, size).then(() => socket.end());
          return;
        }
      }
      if (got >= length) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
  return { port: (server.address() as { port: number }).port, [Symbol.asyncDispose]: close };
}

/** One transfer through the proxy: the bytes of the answer behind its head. */
async function transfer(port: number, bytes: number, upload: boolean, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<number> {
  const socket = await handshake(port, { maxVersion });
  let [got, head] = [0, 0];
  socket.on('data', (data: Buffer) => {
    if (head === 0) head = data.indexOf('\r\n\r\n') + 4;
    got += data.length;
  });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  const line = upload ? `POST / HTTP/1.1\r\nContent-Length: ${bytes}` : `GET /${bytes} HTTP/1.1`;
  socket.write(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  if (upload) await pour(socket, bytes);
  await closed;
  return got - head;
}

onSubjects(
  'bytes through TLS on both sides leave nothing behind',
  async ({ start, context, old }) => {
    await using server = await startServer();
    const [port] = await ports(1);
    const proxy = await start(
      configure({
        global: `nbthread ${THREADS}`,
        rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${tlsPath('server.pem')}\n  default_backend b
backend b\n  server s 127.0.0.1:${server.port} ssl verify none`,
      }),
    );
    const begun = performance.now();
    const pour = async (part: number): Promise<void> => {
      const each = Math.round((MEGABYTES * MB * part) / STREAMS);
      const some = Array.from({ length: STREAMS }, async (_, at) => {
        const upload = at % 2 === 1;
        assert.equal(await transfer(port, each, upload, at < STREAMS / 2 ? 'TLSv1.2' : 'TLSv1.3'), upload ? 4 : each);
      });
      await Promise.all(some);
    };
    const { residentKb, heapKb, told } = await measure(proxy, old, pour);
    const seconds = (performance.now() - begun) / 1000;
    context.diagnostic(`${MEGABYTES} MB in ${seconds.toFixed(1)} s: ${told}`);
    assert.ok(residentKb < MOST_GROWTH_KB && heapKb < MOST_HEAP_KB, told);
  },
  { timeout: 30_000 + MEGABYTES * 60 },
);
