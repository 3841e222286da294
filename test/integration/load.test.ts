/**
 * Big bodies, other people's clients and servers, many connections, clients that break off:
 * nothing is lost, nothing stays.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect } from '../support/connection.ts';
import { curl } from '../support/curl.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { needs, peer } from '../support/peer.ts';
import { Program, run } from '../support/program.ts';
import { makeFolder } from '../support/proxy.ts';
import { isListening, until } from '../support/wait.ts';
import { ask, askOn, configure, get, onSubjects, ports } from './rig.ts';

const MB = 1024 * 1024;
const BIG = 50 * MB;
const PIECE = 64 * 1024;

/** The same noise for everybody: a piece that is repeated, its number in front. */
function* noise(size: number): Generator<Buffer> {
  const piece = Buffer.alloc(PIECE);
  for (let at = 0; at < PIECE; at++) piece[at] = (at * 31 + (at >> 7)) & 255;
  for (let sent = 0; sent < size; sent += PIECE) {
    const next = Buffer.from(piece.subarray(0, Math.min(PIECE, size - sent)));
    next.writeUInt32LE(sent, 0);
    yield next;
  }
}

function sumOf(size: number): string {
  const sum = createHash('sha1');
  for (const piece of noise(size)) sum.update(piece);
  return sum.digest('hex');
}

/** GET /bytes/N sends N bytes (chunked with ?chunked); anything else answers with the sum of the body. */
async function startNodeServer(): Promise<{ port: number } & AsyncDisposable> {
  const server: Server = createServer((incoming, response) => {
    const size = Number(/^\/bytes\/(\d+)/.exec(incoming.url ?? '')?.[1]);
    if (Number.isNaN(size)) {
      const sum = createHash('sha1');
      incoming.on('data', (bytes: Buffer) => sum.update(bytes));
      incoming.on('end', () => response.end(sum.digest('hex')));
      return;
    }
    if (incoming.url?.endsWith('?chunked') !== true) response.setHeader('Content-Length', size);
    pipeline(Readable.from(noise(size)), response).catch(() => undefined);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const close = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((resolve) => void server.close(() => resolve()));
  };
  return { port, [Symbol.asyncDispose]: close };
}

function listenTo(port: number, origin: number, lines = ''): string {
  return configure({
    rest: `listen l\n  bind 127.0.0.1:${port}\n  timeout client 20s\n  timeout server 20s\n  ${lines}\n  server s1 127.0.0.1:${origin}`,
  });
}

/** A request by Node's client; the body's sum or text. */
function ask2(port: number, path: string, body?: Iterable<Buffer>, headers: Record<string, string | number> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', path, method: body === undefined ? 'GET' : 'POST', headers, agent: false },
      (response: IncomingMessage) => {
        const sum = createHash('sha1');
        let text = '';
        response.on('data', (bytes: Buffer) => {
          sum.update(bytes);
          if (text.length < 100) text += bytes.toString('latin1', 0, 100);
        });
        response.on('error', reject);
        response.on('end', () => resolve(path.startsWith('/bytes/') ? sum.digest('hex') : text));
      },
    );
    sent.on('error', reject);
    if (body === undefined) sent.end();
    else pipeline(Readable.from(body), sent).catch(reject);
  });
}

onSubjects('50 MB up and down, counted and chunked', async ({ start }) => {
  await using origin = await startNodeServer();
  const [port] = await ports(1);
  await start(listenTo(port, origin.port));
  const expected = sumOf(BIG);
  assert.equal(await ask2(port, `/bytes/${BIG}`), expected);
  assert.equal(await ask2(port, `/bytes/${BIG}?chunked`), expected);
  assert.equal(await ask2(port, '/up', noise(BIG), { 'Content-Length': BIG }), expected);
  assert.equal(await ask2(port, '/up', noise(BIG)), expected);
});

onSubjects('twenty bodies at once, both ways', async ({ start }) => {
  await using origin = await startNodeServer();
  const [port] = await ports(1);
  await start(listenTo(port, origin.port));
  const size = 3 * MB + 12_345;
  const expected = sumOf(size);
  const sums = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      at % 2 === 0
        ? ask2(port, `/bytes/${size}${at % 4 === 0 ? '?chunked' : ''}`)
        : ask2(port, '/up', noise(size), at % 4 === 1 ? { 'Content-Length': size } : {}),
    ),
  );
  assert.deepEqual(new Set(sums), new Set([expected]));
});

onSubjects(
  'ab, wrk, curl and fetch before a Node server',
  async ({ start }) => {
    await using origin = await startNodeServer();
    const [port] = await ports(1);
    await start(listenTo(port, origin.port, 'http-reuse always'));
    const url = `http://127.0.0.1:${port}`;
    const ab = await run({ command: peer('ab'), args: ['-q', '-k', '-n', '2000', '-c', '20', `${url}/bytes/1000`] });
    assert.match(ab.stdout, /Complete requests: +2000\n/);
    assert.match(ab.stdout, /Failed requests: +0\n/);
    assert.doesNotMatch(ab.stdout, /Non-2xx/);
    const abClose = await run({ command: peer('ab'), args: ['-q', '-n', '500', '-c', '10', `${url}/bytes/1000`] });
    assert.match(abClose.stdout, /Failed requests: +0\n/);
    const wrk = await run({ command: peer('wrk'), args: ['-t1', '-c20', '-d1s', `${url}/bytes/100`] });
    assert.match(wrk.stdout, /requests in /);
    assert.doesNotMatch(wrk.stdout, /Socket errors|Non-2xx/);
    const got = await curl('-H', 'Expect: 100-continue', '-d', 'x'.repeat(5000), `${url}/up`);
    assert.equal(got.status, 0);
    assert.equal(got.body, createHash('sha1').update('x'.repeat(5000)).digest('hex'));
    const fetched = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => (await (await fetch(`${url}/bytes/${100 + at}`)).arrayBuffer()).byteLength),
    );
    assert.deepEqual(
      fetched,
      Array.from({ length: 50 }, (_, at) => 100 + at),
    );
    const uploaded = await fetch(`${url}/up`, { method: 'POST', body: 'hello', headers: { connection: 'close' } });
    assert.equal(await uploaded.text(), createHash('sha1').update('hello').digest('hex'));
  },
  needs('ab', 'wrk', 'curl'),
);

onSubjects(
  'nginx behind it: files, ranges, conditional requests, gzip',
  async ({ start }) => {
    const folder = makeFolder();
    const [port, nginxPort] = await ports(2);
    mkdirSync(join(folder, 'www'));
    writeFileSync(join(folder, 'www/file.txt'), 'line of a file\n'.repeat(10_000));
    const conf = join(folder, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/t;`).join(' ');
    writeFileSync(
      conf,
      `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1; user root; events { worker_connections 256; }
http { access_log off; ${temporary} gzip on; gzip_types text/plain; types { text/plain txt; }
server { listen 127.0.0.1:${nginxPort}; root ${folder}/www; keepalive_requests 50; location /loop { return 302 /file.txt; } } }`,
    );
    await using nginx = new Program({ command: peer('nginx'), args: ['-e', 'stderr', '-p', folder, '-c', conf] });
    await nginx.until(() => isListening(nginxPort), 'nginx');
    await start(listenTo(port, nginxPort, 'http-reuse always'));
    const url = `http://127.0.0.1:${port}`;
    const whole = await curl(`${url}/file.txt`);
    assert.equal(whole.body.length, 150_000);
    const tag = /^etag: (.*)\r$/im.exec(whole.head)?.[1] ?? '';
    assert.match((await curl('-H', `If-None-Match: ${tag}`, `${url}/file.txt`)).head, /^HTTP\/1.1 304 /);
    const part = await curl('-r', '5-9', `${url}/file.txt`);
    assert.match(part.head, /^HTTP\/1.1 206 /);
    assert.equal(part.body, 'of a ');
    assert.equal((await curl('--compressed', `${url}/file.txt`)).body.length, 150_000);
    assert.equal((await curl('-L', `${url}/loop`)).body.length, 150_000);
    assert.match((await curl('-I', `${url}/file.txt`)).head, /content-length: 150000\r/);
    // More than nginx serves on one connection: it closes each after 50.
    using client = await connect(port);
    for (let times = 0; times < 160; times++) assert.equal((await askOn(client, get('/file.txt', 'Range: bytes=0-3'))).body, 'line');
  },
  needs('nginx', 'curl'),
);

onSubjects('two thousand connections at once, two requests each', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 2\n  maxconn 4000',
      rest: `listen l\n  bind 127.0.0.1:${port}\n  timeout client 30s\n  timeout queue 30s\n  backlog 4096\n  http-reuse always\n  server s1 127.0.0.1:${origin.port} maxconn 50`,
    }),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const one = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      sent.on('error', reject);
      sent.end();
    });
  for (let round = 0; round < 2; round++) {
    const statuses = await Promise.all(Array.from({ length: 2000 }, one));
    assert.deepEqual(new Set(statuses), new Set([200]));
  }
  assert.equal(origin.requests.length, 4000);
  agent.destroy();
});

onSubjects('clients that break off in every phase leave nothing behind', async ({ start }) => {
  await using origin = await startRawOrigin(async (connection) => {
    for (;;) {
      const head = await connection.readHead().catch(() => '');
      if (head === '') return;
      if (head.includes('/slow')) await connection.waitForClose().catch(() => undefined);
      else if (head.includes('/endless')) {
        await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        while (connection.socket.writable && !connection.ended) {
          await connection.write(`1000\r\n${'x'.repeat(4096)}\r\n`);
          await new Promise(setImmediate);
        }
        return;
      } else if (head.startsWith('POST')) {
        await connection.read(100_000).catch(() => undefined);
        return;
      } else await connection.write(ok('fine'));
    }
  });
  const [port] = await ports(1);
  await start(
    configure({
      rest: `listen l\n  bind 127.0.0.1:${port}\n  option abortonclose\n  http-reuse always\n  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  const phases: Readonly<Record<string, string>> = {
    nothing: '',
    'half a line': 'GET /ha',
    'half a head': 'GET /half HTTP/1.1\r\nHos',
    'waiting for the answer': get('/slow'),
    'in the answer': get('/endless'),
    'in the body': `POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(5000)}`,
    'in a chunk': 'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\nhalf',
    'pipelined behind a slow one': get('/slow') + get('/1') + get('/2'),
  };
  for (let round = 0; round < 4; round++) {
    await Promise.all(
      Object.entries(phases).map(async ([name, bytes]) => {
        using client = await connect(port);
        if (bytes !== '') await client.write(bytes);
        if (name === 'in the answer') await client.readUntil('xxxx');
        else if (name.startsWith('waiting')) await client.readQuiet(20);
        if (round % 2 === 0) client.reset();
        else client.end();
      }),
    );
    assert.equal((await ask(port, get('/fine'))).body, 'fine');
  }
  await until(
    () => origin.connections.filter(({ received, ended }) => /slow|endless/.test(received) && !ended).length === 0,
    'the ends at the server',
  );
});
