/**
 * Whole exchanges through one proxy: kept-alive and pipelined requests, bodies in both
 * framings and both directions, interim answers, messages without a body, tunnels.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, exchange } from '../support/connection.ts';
import type { HttpOrigin, Origin, RawRequest } from '../support/origin.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import type { Proxy as Running } from '../support/proxy.ts';
import { subjects } from '../support/subject.ts';
import { until } from '../support/wait.ts';
import { askOn, configure, field, get, ports, startRigged, stopSoftly } from './rig.ts';

const HEAD_100 = 'HTTP/1.1 100 Continue\r\n\r\n';

/** Of RFC 6455 1.3; both are checked by the proxy. */
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';

/** What the server answers, by the path of the request. */
const ANSWERS: Readonly<Record<string, string>> = {
  '/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n',
  '/hints': `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok('final')}`,
  '/204': 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n',
  '/304': 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
};

function respond({ head, body }: RawRequest): string {
  const [method, target] = head.split(' ') as [string, string];
  if (method === 'HEAD') return 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n';
  return ANSWERS[target] ?? ok(`${target} ${body}`);
}

for (const subject of subjects) {
  describe(`messages (${subject})`, () => {
    let origin: HttpOrigin;
    /** Follows a script of its own per test. */
    let raw: Origin;
    let script: Parameters<typeof startRawOrigin>[0] = async () => undefined;
    let proxy: Running;
    let [port, rawPort] = [0, 0];

    before(async () => {
      origin = await startHttpOrigin(respond);
      raw = await startRawOrigin((connection, index) => script(connection, index));
      [port, rawPort] = await ports(2);
      const rest = `frontend fe\n  bind 127.0.0.1:${port}\n  default_backend be\nbackend be\n  server s1 127.0.0.1:${origin.port}
listen raw\n  bind 127.0.0.1:${rawPort}\n  http-reuse never\n  server s1 127.0.0.1:${raw.port}`;
      proxy = await startRigged(subject, { config: configure({ rest }) });
    });
    after(async () => {
      await origin.close();
      await raw.close();
      await stopSoftly(proxy, subject);
    });

    test('three requests on one connection, one connection to the server', async () => {
      using client = await connect(port);
      const first = origin.requests.length;
      for (const path of ['/1', '/2', '/3']) assert.equal((await askOn(client, get(path))).body, `${path} `);
      const used = origin.requests.slice(first).map(({ connection }) => connection);
      assert.equal(new Set(used).size, 1);
    });

    test('forty pipelined requests are answered in order', async () => {
      const paths = Array.from({ length: 40 }, (_, at) => `/p${at}`);
      using client = await connect(port);
      await client.write(paths.map((path) => get(path)).join(''));
      for (const path of paths) assert.equal((await client.readMessage()).body, `${path} `);
    });

    test('pipelined requests with bodies in both framings', async () => {
      using client = await connect(port);
      await client.write(
        'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\noneGET /b HTTP/1.1\r\nHost: a\r\n\r\n' +
          `POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n${get('/d')}`,
      );
      const bodies = [await client.readMessage(), await client.readMessage(), await client.readMessage(), await client.readMessage()];
      assert.deepEqual(
        bodies.map(({ body }) => body.split(' ')[0]),
        ['/a', '/b', '/c', '/d'],
      );
      assert.equal(bodies[0]?.body, '/a one');
      assert.match(bodies[2]?.body ?? '', /3\r\ntwo\r\n0\r\n\r\n/);
    });

    test('chunks and trailers reach the server and come back', async () => {
      using client = await connect(port);
      await client.write('POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5;ext=1\r\nhello\r\n');
      await client.write('0\r\nX-T: v\r\n\r\n');
      assert.match((await client.readMessage()).body, /hello\r\n0\r\nx-t: v\r\n\r\n$/);
      await client.write(get('/chunked'));
      const { head, body } = await client.readMessage();
      assert.equal(field(head, 'transfer-encoding'), 'chunked');
      assert.match(body, /^(?:b\r\nhello world|5\r\nhello\r\n6\r\n world)\r\n0\r\nx-sum: 11\r\n\r\n$/i);
    });

    test('Expect: 100-continue waits for the server', async () => {
      script = async (connection) => {
        assert.equal(field(await connection.readHead(), 'expect'), '100-continue');
        await connection.write(HEAD_100);
        await connection.write(ok(`got ${await connection.read(5)}`));
      };
      using client = await connect(rawPort);
      await client.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
      assert.equal(await client.readHead(), HEAD_100);
      await client.write('hello');
      assert.equal((await client.readMessage()).body, 'got hello');
    });

    test('Expect: 100-continue that the server refuses', async () => {
      script = async (connection) => {
        await connection.readHead();
        await connection.write('HTTP/1.1 417 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      };
      using client = await connect(rawPort);
      await client.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
      assert.match(await client.readHead(), /^HTTP\/1.1 417 No\r\n/);
    });

    test('interim answers pass before the final one', async () => {
      using client = await connect(port);
      await client.write(get('/hints'));
      assert.match(await client.readHead(), /^HTTP\/1.1 103 Early Hints\r\nlink: <\/a>\r\n/);
      assert.match(await client.readHead(), /^HTTP\/1.1 102 /);
      assert.equal((await client.readMessage()).body, 'final');
    });

    test('HEAD, 204 and 304 have no body, and the connection goes on', async () => {
      using client = await connect(port);
      await client.write(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${get('/204')}${get('/304')}${get('/last')}`);
      assert.equal(field(await client.readHead(), 'content-length'), '1234');
      assert.match(await client.readHead(), /^HTTP\/1.1 204 No Content\r\nx-a: b\r\n\r\n$/);
      assert.match(await client.readHead(), /^HTTP\/1.1 304 Not Modified\r\netag: "x"\r\n\r\n$/);
      assert.equal((await client.readMessage()).body, '/last ');
    });

    test('a WebSocket tunnel carries bytes both ways until either side ends', async () => {
      script = async (connection) => {
        await connection.readHead();
        await connection.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${ACCEPT}\r\n`);
        connection.socket.on('data', (bytes) => connection.socket.write(bytes));
        await connection.write('welcome ');
        await until(() => connection.ended, 'the end of the client');
        await connection.write(' bye');
      };
      using client = await connect(rawPort);
      await client.write(get('/chat', 'Connection: Upgrade', 'Upgrade: websocket', KEY, 'Sec-WebSocket-Version: 13'));
      assert.match(await client.readHead(), /^HTTP\/1.1 101 Switching Protocols\r\n/);
      assert.equal(await client.read(8), 'welcome ');
      const frame = '\x81\x05\x00\xff\r\n\r\n'.repeat(20_000);
      await client.write(frame);
      assert.equal(await client.read(frame.length), frame);
      client.end();
      assert.equal(await client.readToEnd(), ' bye');
    });

    test('CONNECT becomes a tunnel', async () => {
      script = async (connection) => {
        await connection.readHead();
        await connection.write('HTTP/1.1 200 OK\r\n\r\n');
        await connection.write(`echo ${await connection.read(4)}`);
      };
      using client = await connect(rawPort);
      await client.write('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\nping');
      assert.match(await client.readHead(), /^HTTP\/1.1 200 OK\r\n/);
      assert.equal(await client.readToEnd(), 'echo ping');
    });

    test("a body that ends with the connection ends the client's connection", async () => {
      script = async (connection) => {
        await connection.readHead();
        await connection.write('HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhello');
      };
      const answer = await exchange(rawPort, get('/'));
      assert.match(answer, /^HTTP\/1.1 200 OK\r\nx-a: b\r\n(?:connection: close\r\n)?\r\nhello$/);
    });

    test('HTTP/1.0 closes unless the client wants to keep the connection', async () => {
      const closed = await exchange(port, 'GET /1.0 HTTP/1.0\r\nHost: a\r\n\r\n');
      assert.match(closed, /^HTTP\/1.1 200 OK\r\n[\s\S]*connection: close\r\n\r\n\/1.0 $/);
      using client = await connect(port);
      const kept = await askOn(client, 'GET /kept HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
      assert.equal(field(kept.head, 'connection'), 'keep-alive');
      assert.equal((await askOn(client, get('/again'))).body, '/again ');
    });

    test('an answer that comes before the body was sent', async () => {
      script = async (connection) => {
        await connection.readHead();
        await connection.write('HTTP/1.1 413 Too Big\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        await until(() => connection.ended, 'the end of the client');
      };
      using client = await connect(rawPort);
      await client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegin');
      assert.match(await client.readHead(), /^HTTP\/1.1 413 Too Big\r\n/);
    });

    test('a request byte by byte', async () => {
      using client = await connect(port);
      await client.writePieces([...get('/slow')]);
      assert.equal((await client.readMessage()).body, '/slow ');
    });

    test("Connection: close of the server is the server's alone", async () => {
      script = async (connection) => {
        await connection.readHead();
        await connection.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
      };
      using client = await connect(rawPort);
      for (const path of ['/1', '/2']) {
        const { head, body } = await askOn(client, get(path));
        assert.equal(body, 'ok');
        assert.equal(field(head, 'connection'), undefined);
      }
    });
  });
}
