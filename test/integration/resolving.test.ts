/**
 * Names that are resolved while the proxy runs: do-resolve in requests, servers that follow their names, SRV records (HAProxy
 * configuration manual 4.3 and 5.3). The name server is the test's own.
 */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { addresses, DnsCode, type DnsReply, type DnsServer, DnsType, startDns } from '../support/dns.ts';
import { type HttpOrigin, ok, startHttpOrigin } from '../support/origin.ts';
import { until } from '../support/wait.ts';
import { ask, askOn, configure, eventually, onSubjects, ports } from './rig.ts';

const HOSTS: Readonly<Record<string, string>> = { 'one.test': '127.0.0.2', 'two.test': '127.0.0.3' };

function section(dns: DnsServer, more = ''): string {
  return `resolvers d
  nameserver n1 127.0.0.1:${dns.port}
  timeout resolve 100ms
  timeout retry 150ms
  resolve_retries 2
  hold nx 200ms
  hold refused 200ms
  hold timeout 200ms
  hold other 200ms
  ${more}
`;
}

/** Answers at every loopback address, with the one that was connected to. */
async function startEverywhere(): Promise<HttpOrigin> {
  const origin: HttpOrigin = await startHttpOrigin(
    ({ connection }) => ok(origin.connections[connection]?.socket.localAddress ?? ''),
    0,
    '0.0.0.0',
  );
  return origin;
}

function fromTable({ name, type }: { name: string; type: number }): DnsReply {
  const address = HOSTS[name];
  if (address === undefined) return { code: DnsCode.unknown };
  return { records: type === DnsType.A ? [{ type: 'A', data: address }] : [] };
}

function to(host: string): string {
  return `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
}

const FORWARD = `  http-request do-resolve(txn.ip,d,ipv4) hdr(host),host_only
  http-request deny deny_status 502 unless { var(txn.ip) -m found }
  http-request set-dst var(txn.ip)
  default_backend b
`;

onSubjects('do-resolve, set-dst and a server 0.0.0.0 make a forward proxy', async ({ start, old }) => {
  await using dns = await startDns(fromTable);
  await using origin = await startEverywhere();
  const [port] = await ports(1);
  const rest = `${section(dns)}frontend f\n  bind 127.0.0.1:${port}\n${FORWARD}backend b\n  server s 0.0.0.0:${origin.port}\n`;
  await start(configure({ rest, global: 'nbthread 1' }));
  const client = await connect(port);
  const bodies: string[] = [];
  for (const host of ['one.test', 'two.test', 'ONE.test', 'two.test:80', 'one.test']) {
    bodies.push((await askOn(client, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).body);
  }
  assert.deepEqual(bodies, ['127.0.0.2', '127.0.0.3', '127.0.0.2', '127.0.0.3', '127.0.0.2']);
  client.socket.destroy();
  // hold valid: each was asked for once. HAProxy 2.6 forgets a name that nobody waits for.
  assert.deepEqual(old ? [...new Set(dns.asked)] : dns.asked, ['one.test A', 'two.test A']);
  assert.equal((await ask(port, to('nobody.test'))).status, 502);
  assert.equal((await ask(port, to('not_a_name..'))).status, 502);
});

onSubjects('many requests that wait for one name ask once', async ({ start }) => {
  const gate = Promise.withResolvers<void>();
  await using dns = await startDns(async (question) => {
    await gate.promise;
    return fromTable(question);
  });
  await using origin = await startEverywhere();
  const [port] = await ports(1);
  const rest = `${section(dns, 'timeout retry 5s')}frontend f\n  bind 127.0.0.1:${port}\n${FORWARD}backend b\n  server s 0.0.0.0:${origin.port}\n`;
  await start(configure({ rest }));
  const answers = Promise.all(Array.from({ length: 30 }, () => ask(port, to('one.test'))));
  await until(() => dns.asked.length > 0, 'the question');
  gate.resolve();
  assert.deepEqual(new Set((await answers).map(({ body }) => body)), new Set(['127.0.0.2']));
  assert.deepEqual(dns.asked, ['one.test A']);
});

onSubjects('a name server that is silent costs time, and no more', async ({ start, old }) => {
  await using dns = await startDns(() => null);
  await using origin = await startEverywhere();
  const [port] = await ports(1);
  const rest = `${section(dns)}frontend f\n  bind 127.0.0.1:${port}\n${FORWARD}backend b\n  server s 0.0.0.0:${origin.port}\n`;
  const proxy = await start(configure({ rest }));
  const began = performance.now();
  assert.equal((await ask(port, to('one.test'))).status, 502);
  assert.ok(performance.now() - began >= 290, 'two tries');
  // Who goes away while he waits leaves nothing behind: the rig looks.
  const gone = await connect(port);
  await gone.write(to('gone.test'));
  await until(() => dns.asked.some((question) => question.startsWith('gone.test')), 'the question');
  gone.socket.destroy();
  // And who waits when the proxy stops softly gets his answer.
  const waiting = ask(port, to('last.test'));
  await until(() => dns.asked.some((question) => question.startsWith('last.test')), 'the question');
  if (!old) proxy.program.kill('SIGUSR1');
  assert.equal((await waiting).status, 502);
});

onSubjects('do-resolve waits in tcp-request content, and goes over TCP if an answer is cut', async ({ start }) => {
  await using dns = await startDns((question) => ({ ...fromTable(question), truncated: true }));
  await using origin = await startEverywhere();
  const [port] = await ports(1);
  const rest = `${section(dns, `nameserver n2 tcp@127.0.0.1:${dns.port}`)}listen l
  mode tcp
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 5s
  tcp-request content do-resolve(sess.ip,d,ipv4) str(two.test)
  tcp-request content set-dst var(sess.ip)
  tcp-request content accept if { req.len gt 0 }
  server s 0.0.0.0:${origin.port}
`;
  await start(configure({ rest }));
  assert.equal((await ask(port, to('a'))).body, '127.0.0.3');
  const client = await connect(port);
  await client.write('GET / HT');
  await client.write('TP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await client.readUntil(/127\.0\.0\.3$/);
  client.socket.destroy();
});

onSubjects('a server follows its name', async ({ start }) => {
  await using dns = await startDns(addresses('127.0.0.2'));
  await using origin = await startEverywhere();
  const [port] = await ports(1);
  const rest = `${section(dns)}listen l
  bind 127.0.0.1:${port}
  option httpchk
  default-server resolvers d resolve-prefer ipv4 init-addr none
  server s1 app.test:${origin.port} check inter 50ms
  server s2 app.test:${origin.port}
`;
  const { program } = await start(configure({ rest }));
  const body = async (): Promise<string> => (await ask(port, to('a'))).body;
  const bodies = async (): Promise<string> => [...new Set([await body(), await body(), await body(), await body()])].sort().join(' ');

  await eventually(async () => (await bodies()) === '127.0.0.2', 'the first address');
  await program.until(() => program.stderr.includes('l/s1 changed its IP from (none) to 127.0.0.2 by d/n1.'), 'the line');
  assert.match(program.stderr, /Server l\/s1 \('app\.test'\) is UP\/READY \(resolves again\)\./);
  assert.match(program.stderr, /Server l\/s1 administratively READY thanks to valid DNS answer\./);

  // Two addresses are shared between the two.
  dns.answer = addresses('127.0.0.2', '127.0.0.3');
  await eventually(async () => (await bodies()) === '127.0.0.2 127.0.0.3', 'both addresses');
  dns.answer = addresses('127.0.0.4', '127.0.0.3');
  await eventually(async () => (await bodies()) === '127.0.0.3 127.0.0.4', 'the new address');
  assert.match(program.stderr, /l\/s1 changed its IP from 127\.0\.0\.2 to 127\.0\.0\.4 by d\/n1\./);

  dns.answer = () => ({ code: DnsCode.unknown });
  await program.until(() => /s2 is going DOWN for maintenance \(DNS NX status\)/.test(program.stderr), 'maintenance');
  assert.equal((await ask(port, to('a'))).status, 503);
  dns.answer = addresses('127.0.0.5');
  await eventually(async () => (await bodies()) === '127.0.0.5', 'an address again');
  dns.answer = () => null;
  await program.until(() => /going DOWN for maintenance \(DNS timeout status\)/.test(program.stderr), 'maintenance');
});

onSubjects('a connection that is kept goes on where the server is now', async ({ start, old }) => {
  await using dns = await startDns(addresses('127.0.0.2'));
  await using origin = await startEverywhere();
  const [port] = await ports(1);
  const rest = `${section(dns)}listen l
  bind 127.0.0.1:${port}
  http-reuse always
  server s1 app.test:${origin.port} resolvers d resolve-prefer ipv4 init-addr 127.0.0.9
`;
  const { program } = await start(configure({ rest }));
  await program.until(() => program.stderr.includes('l/s1 changed its IP from 127.0.0.9 to 127.0.0.2'), 'the first address');
  using client = await connect(port);
  const body = async (): Promise<string> => (await askOn(client, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).body;
  await eventually(async () => (await body()) === '127.0.0.2', 'the first address');
  const before = origin.connections.length;
  assert.equal(await body(), '127.0.0.2');
  assert.equal(origin.connections.length, before, 'the server connection is kept');
  dns.answer = addresses('127.0.0.3');
  await program.until(() => program.stderr.includes('l/s1 changed its IP from 127.0.0.2 to 127.0.0.3'), 'the second address');
  // 2.6 keeps it as long as there are requests for it.
  if (!old) await eventually(async () => (await body()) === '127.0.0.3', 'the second address');
});

onSubjects('SRV records give a template names, ports and weights', async ({ start }) => {
  await using one = await startEverywhere();
  await using two = await startEverywhere();
  const service = (...records: string[]): DnsReply => ({ records: records.map((data) => ({ type: 'SRV', data })) });
  const tables: { srv: DnsReply } = { srv: service(`1 256 ${one.port} one.test`, `2 512 ${two.port} two.test`) };
  await using dns = await startDns((question) => (question.type === DnsType.SRV ? tables.srv : fromTable(question)));
  const [port] = await ports(1);
  const rest = `${section(dns)}listen l
  bind 127.0.0.1:${port}
  server-template w 3 _http._tcp.app.test resolvers d init-addr none resolve-prefer ipv4
`;
  const { program } = await start(configure({ rest, global: 'nbthread 1' }));
  const bodies = async (): Promise<string> => {
    const all: string[] = [];
    for (let count = 0; count < 6; count++) all.push((await ask(port, to('a'))).body);
    return all.sort().join(' ');
  };
  await eventually(async () => (await bodies()) === '127.0.0.2 127.0.0.2 127.0.0.3 127.0.0.3 127.0.0.3 127.0.0.3', 'both, by weight');
  tables.srv = service(`1 256 ${two.port} two.test`);
  await program.until(
    () => /w[12] is going DOWN for maintenance \(entry removed from SRV record\)/.test(program.stderr),
    'the end of the first',
  );
  assert.match(await bodies(), /^(?:127\.0\.0\.3 ?){6}$/);
  // Addresses that come along are taken from there.
  tables.srv = {
    ...service(`1 256 ${two.port} two.test`, `1 256 ${one.port} three.test`),
    additional: [{ name: 'three.test', type: 'A', data: '127.0.0.9' }],
  };
  await program.until(() => /changed its IP from \(none\) to 127\.0\.0\.9 by DNS additional record/.test(program.stderr), 'the record');
  await eventually(async () => (await bodies()).includes('127.0.0.9'), 'the new server');
});
