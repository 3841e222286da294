/**
 * The PROXY protocol with real sockets, in both directions: addresses, TLVs, what is no header, pieces, TLS and TCP mode behind it,
 * what servers and checks get, connections that are not shared, HAProxy as the peer on either side.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Connection, connect, exchange } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { needs } from '../support/peer.ts';
import { startHaproxy } from '../support/proxy.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, configure, get, onSubjects, ports, serveSockets } from './rig.ts';

const pem = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const LINE = 'PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n';
/** 192.0.2.7:56324 to 192.0.2.1:443. */
const A4 = '\xc0\0\x02\x07\xc0\0\x02\x01\xdc\x04\x01\xbb';

const short = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const tlv = (type: number, value: string): string => String.fromCharCode(type) + short(value.length) + value;
const binary = (command: number, family: number, body: string): string =>
  SIGNATURE + String.fromCharCode(command, family) + short(body.length) + body;
const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** Says what it knows of the connection; `var(sess.c)` is what connection rules saw. */
const TELL = `  tcp-request connection set-var(sess.c) src
  tcp-request session set-var(sess.s) src
  http-request return status 200 content-type text/plain lf-string "%[var(sess.c)] %[var(sess.s)] %[src]:%[src_port] %[dst]:%[dst_port] %[fc_src] %[fc_rcvd_proxy] %[fc_pp_authority] %[fc_pp_unique_id,hex]"\n`;

const OWN = '127.0.0.1 127.0.0.1 127.0.0.1:OWN 127.0.0.1:PORT 127.0.0.1 1  ';
const GIVEN = '127.0.0.1 192.0.2.7 192.0.2.7:56324 192.0.2.1:443 127.0.0.1 1  ';
const SIX = '127.0.0.1 2001:db8::7 2001:db8::7:1 2001:db8::8:2 127.0.0.1 1  ';
const A6 = `\x20\x01\x0d\xb8${'\0'.repeat(11)}\x07\x20\x01\x0d\xb8${'\0'.repeat(11)}\x08\0\x01\0\x02`;

const GOOD: readonly (readonly [string, string])[] = [
  [LINE, GIVEN],
  ['PROXY TCP6 2001:db8::7 2001:db8::8 1 2\r\n', SIX],
  ['PROXY UNKNOWN\r\n', OWN],
  [binary(0x21, 0x11, A4), GIVEN],
  [binary(0x21, 0x21, A6), SIX],
  [binary(0x20, 0x11, A4), OWN],
  [binary(0x20, 0, ''), OWN],
  [binary(0x21, 0x11, A4 + tlv(2, 'name.test') + tlv(5, '\x01\xff') + tlv(4, 'x'.repeat(4000))), `${GIVEN.slice(0, -1)}name.test 01FF`],
];

onSubjects('headers of both versions: connection rules see the socket, all later ones the client', async ({ start }) => {
  const [port] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} accept-proxy\n${TELL}` }));
  for (const [header, expected] of GOOD) {
    using client = await connect(port);
    await client.write(Buffer.from(header + get('/'), 'latin1'));
    const own = String(client.socket.localPort);
    assert.equal((await client.readMessage()).body, expected.replace('OWN', own).replace('PORT', String(port)), hex(header));
  }
});

const STRANGE = 'Received something which does not look like a PROXY protocol header';
const INVALID = 'Received an invalid PROXY protocol header';
const UNHANDLED = 'Received an unhandled protocol in the PROXY protocol header';
const TRUNCATED = 'Truncated PROXY protocol header received';
const EMPTY = 'Connection closed while waiting for PROXY protocol header';

const BAD: readonly (readonly [string, string])[] = [
  [get('/'), STRANGE],
  [`proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n${get('/')}`, STRANGE],
  [binary(0x11, 0x11, A4), STRANGE],
  ['PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n', UNHANDLED],
  [`PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n${get('/')}`, INVALID],
  ['PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n', INVALID],
  [`PROXY TCP4 ${'1'.repeat(200)}`, TRUNCATED],
  [binary(0x21, 0x31, 'x'.repeat(216)), INVALID],
  [binary(0x22, 0x11, A4), INVALID],
  [binary(0x21, 0x11, A4.slice(1)), INVALID],
  [binary(0x21, 0x11, `${A4}\x02\0\x20ab`), INVALID],
  [binary(0x21, 0x11, A4 + tlv(3, '\0\0\0\0')), INVALID],
  [binary(0x21, 0x11, A4 + tlv(4, 'x'.repeat(40_000))), TRUNCATED],
  ['PROXY TCP4 1.2.', TRUNCATED],
  ['', EMPTY],
];

onSubjects('what is no header ends the connection without an answer, and is logged', async ({ start }) => {
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} accept-proxy\n  log 127.0.0.1:${syslog.port} local0\n${TELL}` }));
  for (const [count, [bytes, words]] of BAD.entries()) {
    using client = await connect(port);
    if (bytes !== '') await client.write(Buffer.from(bytes, 'latin1'));
    if (words === TRUNCATED || words === EMPTY) client.end();
    assert.equal(await client.readToEnd().catch(() => ''), '');
    const lines = await syslog.waitForCount(count + 1);
    assert.ok(lines[count]?.includes(words), `${hex(bytes).slice(0, 80)}: ${lines[count]}`);
    assert.match(lines[count] ?? '', /127\.0\.0\.1:\d+ \[/);
  }
});

onSubjects('a header may come in pieces, and has as much time as a handshake', async ({ start, old }) => {
  if (old) return; // HAProxy wants it in one.
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `frontend f\n  bind 127.0.0.1:${port} accept-proxy\n  timeout client-hs 300ms\n  log 127.0.0.1:${syslog.port} local0\n${TELL}`;
  await start(configure({ rest }));
  for (const header of [LINE, binary(0x21, 0x11, A4)]) {
    using client = await connect(port);
    client.socket.setNoDelay(true);
    for (const char of header) await client.write(Buffer.from(char, 'latin1'));
    await client.write(get('/'));
    assert.equal((await client.readMessage()).body, GIVEN);
  }
  for (const start of ['', 'PROXY TC', SIGNATURE]) {
    using client = await connect(port);
    await client.write(start);
    assert.equal(await client.readToEnd().catch(() => ''), '');
  }
  assert.match(await syslog.waitFor(/Timeout/), /Timeout while waiting for PROXY protocol header/);
});

onSubjects('expect-proxy layer4: for some clients only', async ({ start }) => {
  const [port] = await ports(1);
  const rest = `frontend f\n  bind 127.0.0.1:${port}\n  bind 127.0.0.2:${port}\n  tcp-request connection expect-proxy layer4 if { dst 127.0.0.2 }\n${TELL}`;
  await start(configure({ rest }));
  assert.match((await ask(port, get('/'))).body, /^127\.0\.0\.1 127\.0\.0\.1 .* 0 {2}$/);
  using client = await connect(port, '127.0.0.2');
  await client.write(LINE + get('/'));
  assert.match((await client.readMessage()).body, /^127\.0\.0\.1 192\.0\.2\.7 .* 1 {2}$/);
});

onSubjects('the header comes before TLS; TCP mode gets what came with it', async ({ start }) => {
  const [secured, plain] = await ports(2);
  await using echo = await serveSockets((socket) => void socket.pipe(socket));
  const rest = `frontend f\n  bind 127.0.0.1:${secured} accept-proxy ssl crt ${pem('server.pem')}\n${TELL}
listen t\n  mode tcp\n  bind 127.0.0.1:${plain} accept-proxy\n  tcp-request session reject if { src 192.0.2.9 }\n  server s 127.0.0.1:${echo.port}`;
  await start(configure({ rest }));
  const socket = connectPlain(secured, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(LINE);
  using client = new Connection(connectTls({ socket, ca: readFileSync(pem('ca.pem')), servername: 'localhost' }) as Socket);
  await client.write(get('/'));
  assert.equal((await client.readMessage()).body, GIVEN);
  using tcp = await connect(plain);
  const large = 'x'.repeat(100_000);
  await tcp.write(`${LINE}first ${large}`);
  tcp.end();
  assert.equal(await tcp.readToEnd(), `first ${large}`);
  assert.equal(await exchange(plain, 'PROXY TCP4 192.0.2.9 192.0.2.1 1 2\r\nx').catch(() => ''), '');
});

/** A server of sockets that keeps all that comes before the first request, and answers each. */
function keepHeads(heads: string[]): (socket: Socket) => void {
  return (socket) => {
    const connection = new Connection(socket);
    const serve = async (): Promise<void> => {
      for (;;) {
        heads.push(await connection.readHead());
        await connection.write(ok('x'));
      }
    };
    serve().catch(() => socket.destroySoon());
  };
}

/** Words, the client's address, and the header: as text, or in hexadecimal behind the signature. */
const SENT: readonly (readonly [string, string, string])[] = [
  ['send-proxy', '127.0.0.1', 'PROXY TCP4 127.0.0.1 127.0.0.1 PORTS'],
  ['send-proxy', '::1', 'PROXY TCP6 ::1 ::1 PORTS'],
  ['send-proxy-v2', '127.0.0.1', '2111000c7f0000017f000001PORTS'],
  ['send-proxy-v2', '::1', `21210024${'0'.repeat(31)}1${'0'.repeat(31)}1PORTS`],
  ['send-proxy-v2 proxy-v2-options crc32c,unique-id', '127.0.0.1', `2111001c7f0000017f000001PORTS030004CHECKSUM050006${hex('uid-42')}`],
  ['send-proxy-v2-ssl', '127.0.0.1', '211100147f0000017f000001PORTS2000050000000000'],
];

/** What stands before the request, with names for what differs from run to run. */
function headerOf(got: string, client: number, port: number): string {
  const header = got.slice(0, got.indexOf('GET /'));
  if (header.startsWith('PROXY')) return header.replace(`${client} ${port}\r\n`, 'PORTS');
  assert.ok(header.startsWith(SIGNATURE));
  return hex(header.slice(SIGNATURE.length))
    .replace(hex(short(client) + short(port)), 'PORTS')
    .replace(/030004[0-9a-f]{8}/, '030004CHECKSUM');
}

onSubjects('what a server gets first', async ({ start }) => {
  const heads: string[] = [];
  await using origin = await serveSockets(keepHeads(heads));
  const places = await ports(4).then(async (four) => [...four, ...(await ports(2))]);
  const listens = SENT.map(([words, address], at) => {
    const host = address === '::1' ? '[::1]' : address;
    return `listen l${at}\n  bind ${host}:${places[at]}\n  unique-id-format uid-%[int(42)]\n  server s 127.0.0.1:${origin.port} ${words}\n`;
  });
  await start(configure({ rest: listens.join('') }));
  for (const [at, [words, address, expected]] of SENT.entries()) {
    const place = places[at] as number;
    heads.length = 0;
    using client = await connect(place, address);
    await client.write(get('/'));
    await client.readMessage();
    assert.equal(headerOf(heads.join(''), client.socket.localPort ?? 0, place), expected, words);
  }
});

onSubjects('a connection that was introduced serves its own client only, and no other address', async ({ start, old }) => {
  const heads: string[] = [];
  await using origin = await serveSockets(keepHeads(heads));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  http-reuse always\n  http-request set-src hdr(x-src) if { hdr(x-src) -m found }
  server s 127.0.0.1:${origin.port} send-proxy`;
  await start(configure({ rest }));
  const introductions = (): string[] => heads.filter((head) => head.startsWith('PROXY')).map((head) => head.split(' ')[2] ?? '');
  using one = await connect(port);
  using two = await connect(port);
  for (const client of [one, two, one, two, one]) {
    await client.write(get('/'));
    await client.readMessage();
  }
  assert.deepEqual(introductions(), ['127.0.0.1', '127.0.0.1']);
  // HAProxy 2.6 makes a connection for each.
  if (old) return;
  for (const source of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) {
    await one.write(get('/', `X-Src: ${source}`));
    await one.readMessage();
  }
  assert.deepEqual(introductions().slice(2), ['192.0.2.1', '192.0.2.2']);
  assert.equal(heads.length, 8);
});

onSubjects('checks begin with a header, unless they go elsewhere', async ({ start }) => {
  const got = ['', '', '', ''];
  const collect =
    (at: number) =>
    (socket: Socket): void => {
      socket.on('data', (data) => {
        got[at] = got[at] === '' ? data.toString('latin1') : (got[at] as string);
      });
    };
  await using first = await serveSockets(collect(0));
  await using second = await serveSockets(collect(1));
  await using third = await serveSockets(collect(2));
  await using fourth = await serveSockets(collect(3));
  const [port] = await ports(1);
  const rest = `frontend f\n  bind 127.0.0.1:${port}\n  default_backend b
backend b\n  default-server check inter 100ms
  server s1 127.0.0.1:${first.port} send-proxy
  server s2 127.0.0.1:${second.port} send-proxy-v2 proxy-v2-options crc32c,ssl
  server s3 127.0.0.1:1 port ${third.port} send-proxy-v2 check-send-proxy
  server s4 127.0.0.1:1 port ${fourth.port} check-send-proxy`;
  await start(configure({ rest }));
  const end = Date.now() + 10_000;
  while (got.includes('') && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.match(got[0] ?? '', new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${first.port}\\r\\n$`));
  assert.equal(hex(got[1] ?? ''), `${hex(SIGNATURE)}2000000f030004889da1df2000050000000000`);
  assert.equal(hex(got[2] ?? ''), `${hex(SIGNATURE)}20000000`);
  assert.match(got[3] ?? '', new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${fourth.port}\\r\\n$`));
});

onSubjects(
  'HAProxy on either side',
  async ({ start, old }) => {
    if (old) return;
    await using origin = await startHttpOrigin(({ head }) => ok(/x-chain: (.*)\r/i.exec(head)?.[1] ?? ''));
    const [outer, ours, inner, chained] = await ports(4);
    const options = ['send-proxy', 'send-proxy-v2', 'send-proxy-v2-ssl proxy-v2-options crc32c,unique-id,authority'];
    const choose = (to: number): string => options.map((words, at) => `backend b${at}\n  server s 127.0.0.1:${to} ${words}\n`).join('');
    const haproxy = configure({
      rest: `frontend outer\n  bind 127.0.0.1:${outer}\n  unique-id-format uid-%[int(7)]\n  use_backend b%[path,field(2,/)]\n${choose(ours)}
listen inner\n  bind 127.0.0.1:${inner} accept-proxy\n  http-request set-header X-Chain "%[src]:%[src_port] %[fc_rcvd_proxy]"\n  server s 127.0.0.1:${origin.port}\n`,
    });
    const own = configure({
      rest: `frontend chained\n  bind 127.0.0.1:${chained}\n  bind 127.0.0.1:${ours} accept-proxy\n  unique-id-format uid-%[int(7)]\n  use_backend b%[path,field(2,/)]\n${choose(inner)}`,
    });
    await using _peer = await startHaproxy({ config: haproxy });
    await start(own);
    for (const place of [outer, chained]) {
      for (const at of options.keys()) {
        using client = await connect(place);
        await client.write(get(`/${at}`));
        assert.equal((await client.readMessage()).body, `127.0.0.1:${client.socket.localPort} 1`, `${at} through ${place}`);
      }
    }
  },
  needs('haproxy'),
);

onSubjects('TLVs of a format string, out and in; one that is too long ends the attempt', async ({ start, old }) => {
  if (old) return;
  const [outer, inner] = await ports(2);
  const rest = `listen outer\n  bind 127.0.0.1:${outer}\n  retries 0\n  use-server long if { path /long }
  server s 127.0.0.1:${inner} send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) "for %[path]" set-proxy-v2-tlv-fmt(225) second set-proxy-v2-tlv-fmt(2) own.test
  server long 127.0.0.1:${inner} weight 0 send-proxy-v2 set-proxy-v2-tlv-fmt(0xE2) "%[req.hdr(x-long)]"
frontend inner\n  bind 127.0.0.1:${inner} accept-proxy\n  acl second fc_pp_tlv(0xe1) -m str second
  http-request return status 200 content-type text/plain lf-string "%[fc_pp_tlv(0xE1)] %[fc_pp_tlv(AUTHORITY)] %[fc_pp_tlv(9)]" if second`;
  await start(configure({ rest }));
  assert.equal((await ask(outer, get('/one'))).body, 'for /one own.test ');
  assert.equal((await ask(outer, get('/long', `X-Long: ${'x'.repeat(5000)}`))).status, 503);
});

/** mulberry32. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    const more = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return ((more ^ (more >>> 14)) >>> 0) / 4_294_967_296;
  };
}

onSubjects('hostile beginnings: cut, changed, reset at any byte; others are served, and all comes home', async ({ start }) => {
  await using origin = await serveSockets((socket) => void socket.once('data', () => socket.end(ok('fine'))));
  const [port, raw] = await ports(2);
  const rest = `listen l\n  bind 127.0.0.1:${port} accept-proxy\n  server s 127.0.0.1:${origin.port} send-proxy-v2
listen r\n  mode tcp\n  bind 127.0.0.1:${raw} accept-proxy\n  server s 127.0.0.1:${origin.port} send-proxy`;
  await start(configure({ rest }));
  const random = numbers(40);
  const below = (most: number): number => Math.floor(random() * most);
  const headers = [LINE, binary(0x21, 0x11, A4 + tlv(2, 'name.test')), binary(0x21, 0x21, A6), 'PROXY UNKNOWN\r\n'];
  const attack = async (): Promise<void> => {
    const bytes = Buffer.from((headers[below(headers.length)] as string) + get('/'), 'latin1');
    if (random() < 0.5) bytes[below(60)] = below(256);
    using client = await connect(random() < 0.7 ? port : raw);
    const cut = below(bytes.length);
    await client.write(bytes.subarray(0, cut));
    if (random() < 0.3) client.reset();
    else if (random() < 0.4) client.end();
    else await client.write(bytes.subarray(cut)).catch(() => undefined);
    if (random() < 0.5) await client.readQuiet(5).catch(() => undefined);
  };
  for (let round = 0; round < 12; round++) {
    await Promise.all(Array.from({ length: 8 }, () => attack().catch(() => undefined)));
  }
  assert.match(await exchange(port, `${LINE}${get('/', 'Connection: close')}`), /fine$/);
});
