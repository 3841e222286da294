/**
 * Where a proxy listens and connects to: UNIX sockets, abstract ones, inherited descriptors, IPv6,
 * ranges of ports, several addresses, source addresses (HAProxy configuration manual 5.1, 11).
 */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Connection, connect, exchange } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { needs, peer } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { HAWSER, makeFolder } from '../support/proxy.ts';
import { startSyslog } from '../support/syslog.ts';
import { isListening } from '../support/wait.ts';
import { ask, configure, get, mask, onSubjects, ports, serveSockets } from './rig.ts';

const REQUEST = get('/', 'Connection: close');

onSubjects('UNIX sockets on both sides, with mode; abstract ones', async ({ start }) => {
  const folder = makeFolder();
  const path = join(folder, 'origin.sock');
  const abstract = `test-${process.pid}-${Date.now()}`;
  await using _byPath = await serveSockets(answer, path);
  await using _byName = await serveSockets(answer, padded(abstract));
  const [viaPath, viaAbstract] = await ports(2);
  const own = `hawser-bind-${process.pid}-${Date.now()}`;
  const config = (home: string): string =>
    configure({
      rest: `listen a\n  bind unix@${home}/fe.sock mode 600\n  bind 127.0.0.1:${viaPath}\n  server s1 unix@${path}
listen b\n  bind ${home}/plain.sock\n  bind abns@${own}\n  bind 127.0.0.1:${viaAbstract}\n  server s1 abns@${abstract}`,
    });
  const proxy = await start({ config });
  for (const target of [`${proxy.folder}/fe.sock`, `${proxy.folder}/plain.sock`, padded(own), viaPath, viaAbstract]) {
    assert.match(await exchange(target, REQUEST), /^HTTP\/1.1 200 [\s\S]*hello$/, String(target));
  }
  assert.equal(statSync(`${proxy.folder}/fe.sock`).mode & 0o777, 0o600);
});

/** HAProxy's `abns@` fills the rest of the address with zeros, and so they belong to the name. */
function padded(name: string): string {
  return `\0${name.padEnd(107, '\0')}`;
}

function answer(socket: Socket): void {
  const connection = new Connection(socket);
  connection
    .readHead()
    .then(() => connection.write(ok('hello')))
    .catch(() => undefined)
    .finally(() => socket.destroySoon());
}

onSubjects('IPv6, both families on one port, several addresses on a line', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('x'));
  await using syslog = await startSyslog();
  const [six, both, first, second] = await ports(4);
  const log = `log 127.0.0.1:${syslog.port} local0\n  log-format '%ci %fi:%fp'`;
  const server = `server s1 127.0.0.1:${origin.port}`;
  const rest = `listen a\n  bind [::1]:${six}\n  ${log}\n  ${server}
listen b\n  bind :::${both} v4v6\n  ${log}\n  ${server}
listen c\n  bind 127.0.0.1:${first},127.0.0.1:${second}\n  ${log}\n  ${server}`;
  await start(configure({ rest }));
  const via = async (port: number, address: string): Promise<void> => {
    using client = await connect(port, address);
    await client.write(REQUEST);
    assert.match(await client.readToEnd(), /^HTTP\/1.1 200 /);
  };
  await via(six, '::1');
  assert.match(await syslog.waitFor(/: ::1 /), new RegExp(`::1 ::1:${six}$`, 'm'));
  await via(both, '::1');
  await via(both, '127.0.0.1');
  await via(first, '127.0.0.1');
  await via(second, '127.0.0.1');
  assert.match((await syslog.waitForCount(5)).join('\n'), new RegExp(`127\\.0\\.0\\.1 127\\.0\\.0\\.1:${second}`));
});

onSubjects('a range of ports, and a server whose port follows', async ({ start }) => {
  // Four neighbours that are free.
  let from = await freePort();
  while (![0, 1, 2].every((step) => !isListening(from + step))) from = await freePort();
  await using origin = await startHttpOrigin(({ head }) => ok(/x-port: (\d+)/i.exec(head)?.[1] ?? ''));
  const rest = `listen l\n  bind 127.0.0.1:${from}-${from + 2}\n  http-request set-header X-Port %[dst_port]\n  server s1 127.0.0.1:${origin.port}`;
  await start({ config: configure({ rest }), ready: [from, from + 1, from + 2] });
  for (const step of [0, 1, 2]) assert.equal((await ask(from + step, get('/'))).body, String(from + step));
});

onSubjects('a server line with a port offset, a source address, send-proxy', async ({ start }) => {
  const heads: string[] = [];
  const addresses: string[] = [];
  await using origin = await serveSockets((socket) => {
    addresses.push(socket.remoteAddress ?? '');
    const connection = new Connection(socket);
    connection
      .readHead()
      .then((head) => {
        heads.push(head);
        return connection.write(ok('x'));
      })
      .catch(() => undefined)
      .finally(() => socket.destroySoon());
  });
  const [offset, source, proxied] = await ports(3);
  const rest = `listen a\n  bind 127.0.0.1:${offset}\n  server s1 127.0.0.1:${origin.port > offset ? '+' : '-'}${Math.abs(origin.port - offset)}
listen b\n  bind 127.0.0.1:${source}\n  source 127.0.0.9\n  server s1 127.0.0.1:${origin.port}
listen c\n  bind 127.0.0.1:${proxied}\n  server s1 127.0.0.1:${origin.port} send-proxy`;
  await start(configure({ rest }));
  for (const port of [offset, source, proxied]) assert.match(await exchange(port, REQUEST), /^HTTP\/1.1 200 /);
  assert.deepEqual(addresses, ['127.0.0.1', '127.0.0.9', '127.0.0.1']);
  assert.match(heads[2] ?? '', new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${proxied}\\r\\nGET /`));
});

onSubjects('accept-proxy: the address in the line is the client', async ({ start }) => {
  await using origin = await startHttpOrigin(({ head }) => ok(/x-forwarded-for: (\S+)/i.exec(head)?.[1] ?? ''));
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port} accept-proxy\n  option forwardfor\n  log 127.0.0.1:${syslog.port} local0\n  option httplog
  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  using client = await connect(port);
  await client.write(`PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n${get('/one')}`);
  assert.equal((await client.readMessage()).body, '192.0.2.7');
  assert.match(mask(await syslog.waitFor(/GET \/one/)), /^192\.0\.2\.7:56324 \[DATE\] l l\/s1 /);
  assert.equal(await exchange(port, 'PROXY NONSENSE\r\n').catch(() => ''), '');
});

onSubjects(
  'fd@N: an inherited socket that listens already',
  async ({ subject }) => {
    await using origin = await startHttpOrigin(() => ok('hello'));
    const folder = makeFolder();
    // Opens a socket as a driver does (blocking, inheritable), writes the configuration, becomes the proxy.
    const code = `
import os, socket, sys
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(10); s.setblocking(True)
os.set_inheritable(s.fileno(), True)
os.environ['fe1'] = str(s.fileno())
print('port', s.getsockname()[1], flush=True)
os.execv(sys.argv[1], sys.argv[1:])`;
    const config = configure({ rest: `listen l\n  bind "fd@\${fe1}"\n  server s1 127.0.0.1:${origin.port}` });
    writeFileSync(join(folder, 'fd.cfg'), config);
    const command = subject === 'haproxy' ? peer('haproxy') : HAWSER;
    const args = ['-c', code, command, '-d', '-f', join(folder, 'fd.cfg')];
    await using program = new Program({ command: peer('python3'), args, env: { HAWSER_HOST: subject } });
    await program.until(() => /port \d+/.test(program.stdout), 'the port');
    const port = Number(/port (\d+)/.exec(program.stdout)?.[1]);
    // At once: the backlog holds the client until the proxy accepts.
    assert.match(await exchange(port, REQUEST), /^HTTP\/1.1 200 [\s\S]*hello$/);
  },
  needs('python3'),
);

onSubjects('maxconn of a frontend and of the process: the others wait in the kernel', async ({ start }) => {
  let inside = 0;
  let most = 0;
  await using origin = await startHttpOrigin(async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 10));
    inside--;
    return ok('x');
  });
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  maxconn 2\n  server s1 127.0.0.1:${origin.port}`;
  await start(configure({ rest }));
  const statuses = await Promise.all(Array.from({ length: 12 }, async () => (await ask(port, REQUEST)).status));
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.ok(most <= 2, `${most} at once`);
});

onSubjects('options of the kernel: segments, deferred accepts, fast open, user timeouts', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('hello'));
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port} mss 1000 defer-accept tfo tcp-ut 20s\n  server s1 127.0.0.1:${origin.port} tcp-ut 20s`;
  await start(configure({ rest }));
  const socket = await connect(port);
  await socket.write(REQUEST);
  assert.match(await socket.readToEnd(), /hello$/);
});

onSubjects('tcp-ss keeps the first packet of clients, which ip and tcp converters take apart', async ({ start, old, context }) => {
  if (old) return context.skip('HAProxy 2.6 has no tcp-ss');
  const [plain, saved] = await ports(2);
  const parts = [
    'ip.ver',
    'ip.src',
    'ip.dst',
    'ip.proto',
    'ip.data,tcp.dst',
    'ip.data,tcp.src',
    'ip.data,tcp.options.sack',
    'ip.data,tcp.flags',
  ];
  const shown = parts.map((part) => `%[var(sess.syn),${part}]`).join(' ');
  const rest = `frontend f
  bind 127.0.0.1:${plain}
  bind 127.0.0.1:${saved} tcp-ss 1
  tcp-request connection set-var(sess.syn) fc_saved_syn
  tcp-request connection set-var(sess.again) fc_saved_syn
  http-request return status 200 content-type text/plain lf-string "${shown} %[var(sess.syn),ip.fp,hex,length] [%[var(sess.again),length]]"`;
  await start(configure({ rest }));
  assert.match(await exchange(plain, REQUEST), /\r\n\r\n {8} \[\]$/);
  const socket = await connect(saved);
  await socket.write(REQUEST);
  const from = socket.socket.localPort;
  const answered = await socket.readToEnd();
  assert.match(answered, new RegExp(`4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 6 ${saved} ${from} 1 2 16 \\[\\]$`));
});
