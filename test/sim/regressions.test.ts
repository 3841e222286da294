/** One test for each fault that a seed found, as small as it can be, and for corners that dice hardly meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimPeer } from '../../src/platform/sim/peer.ts';
import { SimRig } from './rig.ts';

interface Setting {
  readonly global?: string;
  readonly rules?: string;
  readonly backend?: string;
}

function config({ global, rules, backend }: Setting): string {
  return `
global
  ${global ?? ''}
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend f
  bind :8000
  ${rules ?? ''}
  default_backend b
backend b
  ${backend ?? ''}
  server s1 127.0.0.1:9001
`;
}

interface Played {
  readonly rig: SimRig;
  readonly client: SimPeer;
  readonly servers: readonly SimPeer[];
}

const SEEDS = 8;

/** A client, a server that answers with `answer` when it has got a head (and what `isReady` says), then an orderly end. */
function play(setting: Setting, script: (played: Played) => void): void {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const rig = new SimRig(config(setting), { seed });
    const servers: SimPeer[] = [];
    rig.host.answer(9001, (peer) => servers.push(peer));
    const client = rig.host.dial(8000);
    script({ rig, client, servers });
    client.close();
    rig.finish();
  }
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: sim.test\r\n\r\n`;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Waits until the text of a peer's bytes ends so. */
function awaitEnd(rig: SimRig, peer: () => SimPeer | undefined, end: string): void {
  rig.until(`…${end}`, () => peer()?.text.endsWith(end) === true, 20_000);
}

test('a pipelined head that is cut in two is read on', () => {
  play({}, ({ rig, client, servers }) => {
    client.write(`${get('/1')}GET /2 HT`);
    awaitEnd(rig, () => servers[0], '\r\n\r\n');
    client.write('TP/1.1\r\nHost: sim.test\r\n\r\n');
    servers[0]?.write(OK);
    awaitEnd(rig, () => client, 'ok');
    rig.until('the second', () => servers.some(({ text }) => text.includes('/2 ')), 1000);
  });
});

test('a body that comes before the server is connected is kept whole', () => {
  play({ backend: 'balance roundrobin' }, ({ rig, client, servers }) => {
    const body = 'abcdefgh'.repeat(16_000);
    client.write(`POST /p HTTP/1.1\r\nHost: sim.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    rig.until('the body', () => servers[0]?.text.endsWith(`\r\n\r\n${body}`) === true);
    servers[0]?.write(OK);
    awaitEnd(rig, () => client, 'ok');
  });
});

test('a request whose body was sent in pieces is not sent again without it', () => {
  play({ backend: 'http-reuse always' }, ({ rig, client, servers }) => {
    client.write(get('/1'));
    awaitEnd(rig, () => servers[0], '\r\n\r\n');
    servers[0]?.write(OK);
    awaitEnd(rig, () => client, 'ok');
    client.write('PUT /2 HTTP/1.1\r\nHost: sim.test\r\nTransfer-Encoding: chunked\r\n\r\n');
    awaitEnd(rig, () => servers[0], 'chunked\r\n\r\n');
    client.write('3\r\nabc\r\n0\r\n\r\n');
    awaitEnd(rig, () => servers[0], '0\r\n\r\n');
    servers[0]?.close();
    rig.until('the answer', () => client.text.includes('HTTP/1.1 502 '), 1000);
    assert.equal(servers.length, 1);
  });
});

test('what follows a refused request is not taken for another', () => {
  play({ rules: 'default_backend b' }, ({ rig, client, servers }) => {
    client.reading = false;
    client.write('GET http://other.test/1 HTTP/1.1\r\nHost: sim.test\r\n\r\n');
    rig.pass(20);
    client.write(get('/2'));
    rig.pass(20);
    client.read();
    rig.until('the end', () => client.ended, 3000);
    assert.equal(servers.length, 0);
    assert.match(client.text, /^HTTP\/1.1 400 /);
    assert.equal(rig.lines.length, 1);
  });
});

test('a head that fills a block is refused, whatever tune.bufsize says', () => {
  for (const size of [40_000, 65_000, 120_000, 250_000]) {
    play({ global: 'tune.bufsize 200000' }, ({ rig, client, servers }) => {
      client.write(`GET /long HTTP/1.1\r\nHost: sim.test\r\nX-Long: ${'x'.repeat(size)}\r\n\r\n`);
      rig.until('an answer', () => client.text.startsWith('HTTP/1.1 ') || servers[0]?.text.endsWith('\r\n\r\n') === true, 2000);
      servers[0]?.write(OK);
      rig.until('the answer', () => client.text.includes('\r\n\r\n'), 2000);
      assert.match(client.text, size < 62_000 ? /^HTTP\/1.1 (200|431) / : /^HTTP\/1.1 431 /);
    });
  }
});

test('trailers as long as a buffer pass, longer ones are refused', () => {
  for (const [size, isAllowed] of [
    [9000, true],
    [40_000, false],
  ] as const) {
    play({}, ({ rig, client, servers }) => {
      client.write(get('/t'));
      awaitEnd(rig, () => servers[0], '\r\n\r\n');
      servers[0]?.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: ${'t'.repeat(size)}\r\n\r\n`);
      rig.until('the end', () => client.text.endsWith('t\r\n\r\n') || client.ended || client.text.includes(' 502 '), 3000);
      assert.equal(client.text.endsWith('t\r\n\r\n'), isAllowed);
    });
  }
});

test('trailers that a longer head would overwrite', () => {
  const rules = Array.from({ length: 8 }, (_, at) => `http-response set-header X-${at} ${'h'.repeat(300)}`).join('\n  ');
  play({ rules }, ({ rig, client, servers }) => {
    client.write(get('/t'));
    awaitEnd(rig, () => servers[0], '\r\n\r\n');
    servers[0]?.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: right\r\nX-U: too\r\n\r\n');
    awaitEnd(rig, () => client, '\r\n0\r\nx-t: right\r\nx-u: too\r\n\r\n');
  });
});

test('a client that leaves in its body after an early answer ends the exchange at once', () => {
  play({}, ({ rig, client, servers }) => {
    client.write('POST /p HTTP/1.1\r\nHost: sim.test\r\nContent-Length: 100\r\n\r\nabc');
    awaitEnd(rig, () => servers[0], 'abc');
    servers[0]?.write(OK);
    awaitEnd(rig, () => client, 'ok');
    client.end();
    rig.until('the end', () => rig.lines.length === 1, 200);
    assert.equal(`${rig.lines[0]?.status} ${rig.lines[0]?.end}`, '200 CD');
  });
});

test('a server that resets a tunnel ends it', () => {
  play({}, ({ rig, client, servers }) => {
    client.write('GET /u HTTP/1.1\r\nHost: sim.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    awaitEnd(rig, () => servers[0], '\r\n\r\n');
    servers[0]?.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    rig.until('the tunnel', () => client.text.includes(' 101 '), 100);
    servers[0]?.reset();
    rig.until('the end', () => client.ended || client.broken, 200);
    assert.equal(rig.lines[0]?.end, 'SD');
  });
});

test('the end of a handshake is no answer to who waits for a name', () => {
  const rules = 'http-request do-resolve(txn.ip,d) str(x.test)\n  http-request return status 200 hdr x-ip %[var(txn.ip)]';
  play({ global: '\nresolvers d\n', rules }, ({ rig, client }) => {
    const { mux } = rig.thread;
    const begin = mux.beginStream.bind(mux);
    mux.beginStream = (...given) => {
      const stream = begin(...given);
      // Early data had brought the request; the name is asked for by then, and mostly not answered.
      if (stream !== null) rig.host.world.after(1, () => mux.events.onSettled(stream));
      return stream;
    };
    client.write(get('/'));
    awaitEnd(rig, () => client, '\r\n\r\n');
    assert.match(client.text, /^HTTP\/1\.1 200 .*x-ip: 192\.0\.2\.1\r\n/s);
  });
});
