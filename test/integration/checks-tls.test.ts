/**
 * Health checks over TLS and behind a PROXY header: what the server sees of them, and what is said of servers that fail (HAProxy
 * configuration manual 5.2 check-ssl, 4.2 http-check connect).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type Made, makeCertificate } from '../support/certificates.ts';
import { type Syslog, startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { configure, onSubjects, ports, text } from './rig.ts';

const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
const good = makeCertificate({ names: ['good.test'] }, authority);
const late = makeCertificate({ names: ['good.test'], notAfter: new Date(Date.now() - 3_600_000) }, authority);
const stranger = makeCertificate({ names: ['good.test'] });

/** The authority's certificate in a file that is gone afterwards. */
function authorityFile(): { readonly path: string; readonly client: string; [Symbol.dispose](): void } {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-check-'));
  const path = join(folder, 'ca.pem');
  const client = join(folder, 'client.pem');
  writeFileSync(path, authority.certificate);
  writeFileSync(client, makeCertificate({ names: ['checker.test'] }, authority).pem);
  return { path, client, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

interface Listener extends AsyncDisposable {
  readonly port: number;
}

async function listen(server: Server): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      if (server.listening) await once(server, 'close');
    },
  };
}

interface Seen {
  readonly name: string | false | null;
  readonly alpn: string | false | null;
  readonly client: string;
  data: string;
}

/** Answers 200 to whatever comes, and tells what it saw. */
async function startTls(made: Made, options: TlsOptions = {}): Promise<Listener & { readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const key = made.key.export({ type: 'pkcs8', format: 'pem' });
  const server = createTlsServer({ key, cert: made.certificate, ...options }, (socket) => {
    const client = socket.getPeerCertificate()?.subject?.CN as string | undefined;
    const it: Seen = { name: socket.servername, alpn: socket.alpnProtocol, client: client ?? '', data: '' };
    seen.push(it);
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      it.data += data.toString('latin1');
      socket.end('HTTP/1.0 200 OK\r\n\r\nready');
    });
  });
  server.on('tlsClientError', () => {});
  return Object.assign(await listen(server), { seen });
}

const startPlain = (answer: (socket: Socket, data: Buffer) => void): Promise<Listener> =>
  listen(createServer({ allowHalfOpen: true }, (socket) => void socket.on('data', (data: Buffer) => answer(socket, data))));

/** The first line of the log about each server's check, without the duration. */
async function resultsOf(syslog: Syslog, names: readonly string[]): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  for (const name of names) {
    const line = text(await syslog.waitFor(new RegExp(`Health check for server \\w+/${name} `), 20_000));
    out[name] = line.replace(/^.*?\/\w+ /, '').replace(/, check duration: \d+ms, status: .*$/, '');
  }
  return out;
}

const QUICK = 'option log-health-checks\n  default-server check inter 300ms fall 1 rise 1';

onSubjects('what is said of servers whose checks speak TLS', async ({ start }) => {
  using ca = authorityFile();
  await using syslog = await startSyslog();
  await using fine = await startTls(good);
  await using old = await startTls(good, { maxVersion: 'TLSv1.2' });
  await using expired = await startTls(late);
  await using unknown = await startTls(stranger);
  await using modern = await startTls(good, { minVersion: 'TLSv1.3' });
  await using plain = await startPlain((socket) => socket.end('HTTP/1.0 400 Bad\r\n\r\n'));
  await using silent = await startPlain(() => {});
  await using closing = await startPlain((socket) => socket.end());
  await using resetting = await startPlain((socket) => socket.resetAndDestroy());
  const [port, nobody] = await ports(2);
  const wanted: Record<string, [line: string, result: string]> = {
    fine: [`127.0.0.1:${fine.port}`, 'succeeded, reason: Layer6 check passed'],
    old: [`127.0.0.1:${old.port}`, 'succeeded, reason: Layer6 check passed'],
    named: [`127.0.0.1:${fine.port} check-sni good.test`, 'succeeded, reason: Layer6 check passed'],
    host: [`127.0.0.1:${fine.port} verifyhost good.test`, 'succeeded, reason: Layer6 check passed'],
    unchecked: [`127.0.0.1:${expired.port} verify none`, 'succeeded, reason: Layer6 check passed'],
    expired: [`127.0.0.1:${expired.port}`, 'failed, reason: Layer6 invalid response, info: "SSL handshake failure"'],
    unknown: [`127.0.0.1:${unknown.port}`, 'failed, reason: Layer6 invalid response, info: "SSL handshake failure"'],
    misnamed: [
      `127.0.0.1:${fine.port} check-sni bad.test`,
      'failed, reason: Layer6 invalid response, info: "Server presented an SSL certificate different from the expected one"',
    ],
    wronghost: [
      `127.0.0.1:${fine.port} verifyhost bad.test`,
      'failed, reason: Layer6 invalid response, info: "Server presented an SSL certificate different from the configured one"',
    ],
    version: [`127.0.0.1:${modern.port} ssl-max-ver TLSv1.2`, 'failed, reason: Layer6 invalid response, info: "SSL handshake failure"'],
    plain: [`127.0.0.1:${plain.port}`, 'failed, reason: Layer6 invalid response, info: "SSL handshake failure"'],
    closing: [`127.0.0.1:${closing.port}`, 'failed, reason: Layer6 invalid response, info: "SSL handshake failure"'],
    resetting: [`127.0.0.1:${resetting.port}`, 'failed, reason: Layer6 invalid response, info: "SSL handshake failure"'],
    silent: [`127.0.0.1:${silent.port}`, 'failed, reason: Layer6 timeout'],
    refused: [`127.0.0.1:${nobody}`, 'failed, reason: Layer4 connection problem, info: "Connection refused"'],
    elsewhere: [`127.0.0.1:${nobody} port ${fine.port}`, 'succeeded, reason: Layer4 check passed'],
    forced: [`127.0.0.1:${nobody} port ${fine.port} check-ssl`, 'succeeded, reason: Layer6 check passed'],
    unforced: [`127.0.0.1:${silent.port} no-check-ssl`, 'succeeded, reason: Layer4 check passed'],
    plaintraffic: [`127.0.0.1:${fine.port} no-ssl check-ssl`, 'succeeded, reason: Layer6 check passed'],
  };
  const servers = Object.entries(wanted).map(([name, [line]]) => `  server ${name} ${line}`);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  ${QUICK} ssl ca-file ${ca.path}\n${servers.join('\n')}`;
  await start(configure({ rest }));
  const results = await resultsOf(syslog, Object.keys(wanted));
  assert.deepEqual(results, Object.fromEntries(Object.entries(wanted).map(([name, [, result]]) => [name, result])));
});

onSubjects('what servers see of HTTP checks over TLS', async ({ start, old }) => {
  using ca = authorityFile();
  await using syslog = await startSyslog();
  const key = { ca: [authority.certificate], requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1', 'x'] };
  const names = ['plain', 'named', 'offered', 'certified', 'automatic', 'unasked'];
  await using open = new AsyncDisposableStack();
  const origins = Object.fromEntries(await Promise.all(names.map(async (name) => [name, open.use(await startTls(good, key))] as const)));
  const line = (name: string): string => `  server ${name} 127.0.0.1:${origins[name]?.port}`;
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  ${QUICK} ssl ca-file ${ca.path}\n  option httpchk GET /up
${line('plain')} sni str(traffic.test)\n${line('named')} check-sni good.test\n${line('offered')} check-alpn x alpn http/1.1\n${line('certified')} crt ${ca.client} alpn http/1.1
backend hosts\n  log 127.0.0.1:${syslog.port} local0\n  ${QUICK} ssl ca-file ${ca.path}\n  option httpchk\n  http-check send meth GET uri /up hdr Host good.test:8443
${line('automatic')}${old ? ' check-sni good.test' : ''}\n${line('unasked')}${old ? '' : ' no-check-sni-auto'}`;
  await start(configure({ rest }));
  const results = await resultsOf(syslog, names);
  for (const name of names) assert.equal(results[name], 'succeeded, reason: Layer7 check passed, code: 200', name);
  const first = (name: string): Seen | undefined => origins[name]?.seen[0];
  const request = 'GET /up HTTP/1.0\r\n\r\n';
  const nothing = { name: false, alpn: false, client: '' };
  assert.deepEqual(first('plain'), { ...nothing, data: request });
  assert.deepEqual(first('named'), { ...nothing, name: 'good.test', data: request });
  assert.deepEqual(first('offered'), { ...nothing, alpn: 'x', data: request });
  assert.deepEqual(first('certified'), { ...nothing, alpn: 'http/1.1', client: 'checker.test', data: request });
  assert.equal(first('automatic')?.name, 'good.test');
  assert.equal(first('unasked')?.name, false);
});

onSubjects('connect lines: TLS, names, ports, PROXY headers of their own', async ({ start }) => {
  using ca = authorityFile();
  await using syslog = await startSyslog();
  await using secure = await startTls(good, { ALPNProtocols: ['x'] });
  const heads: string[] = [];
  await using plain = await startPlain((socket, data) => {
    heads.push(data.toString('latin1').replaceAll(/\b\d{5}\b/g, 'N'));
    socket.end('HTTP/1.0 200 OK\r\n\r\nready');
  });
  const [port, nobody] = await ports(2);
  const log = `log 127.0.0.1:${syslog.port} local0\n  ${QUICK}`;
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  ${log}\n  option httpchk\n  http-check connect port ${secure.port} ssl sni good.test alpn x
  http-check send meth GET uri /one\n  http-check expect status 200\n  http-check connect port ${plain.port} send-proxy
  http-check send meth GET uri /two\n  http-check expect string ready\n  server both 127.0.0.1:${nobody} ca-file ${ca.path}
backend raw\n  ${log}\n  option tcp-check\n  tcp-check connect\n  server raw 127.0.0.1:${secure.port} ssl ca-file ${ca.path}
backend asline\n  ${log}\n  option tcp-check\n  tcp-check connect default\n  server asline 127.0.0.1:${secure.port} ssl ca-file ${ca.path}
backend wrong\n  ${log}\n  option tcp-check\n  tcp-check connect ssl sni bad.test comment who\n  server wrong 127.0.0.1:${secure.port} ca-file ${ca.path}
backend hello\n  ${log}\n  option tcp-check\n  tcp-check connect ssl\n  tcp-check send PING\n  tcp-check expect string ready\n  server hello 127.0.0.1:${secure.port} ca-file ${ca.path}`;
  await start(configure({ rest: rest.replaceAll(/^backend (?!l$).*$/gm, '$&\n  mode tcp') }));
  assert.deepEqual(await resultsOf(syslog, ['both', 'raw', 'asline', 'wrong', 'hello']), {
    both: 'succeeded, reason: Layer7 check passed, code: 200',
    raw: 'succeeded, reason: Layer4 check passed, info: "(tcp-check)"',
    asline: 'succeeded, reason: Layer6 check passed, info: "(tcp-check)"',
    wrong:
      'failed, reason: Layer6 invalid response, info: "Server presented an SSL certificate different from the expected one at step 1 of tcp-check (connect) comment: \'who\'"',
    hello: 'succeeded, reason: Layer7 check passed, code: 0, info: "(tcp-check)"',
  });
  const one = secure.seen.find(({ data }) => data.startsWith('GET'));
  assert.deepEqual(one, { name: 'good.test', alpn: 'x', client: '', data: 'GET /one HTTP/1.0\r\n\r\n' });
  assert.match(heads[0] ?? '', /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 N N\r\n(?:GET \/two HTTP\/1\.0\r\n\r\n)?$/);
});

onSubjects('a PROXY header comes before TLS; a server goes down and comes back', async ({ start }) => {
  using ca = authorityFile();
  await using syslog = await startSyslog();
  let answers = true;
  let seen = '';
  await using behind = await startTls(good);
  const inner = behind.port;
  await using door = await startPlain((socket, data) => {
    if (seen === '') seen = data.toString('latin1').replaceAll(/\b\d{4,5}\b/g, 'N');
    if (!answers) return;
    socket.removeAllListeners('data');
    const onward = new (socket.constructor as typeof Socket)().connect(inner, '127.0.0.1');
    onward.on('error', () => {});
    const start = data[0] === 80 ? data.indexOf('\r\n') + 2 : 0;
    onward.write(data.subarray(start));
    socket.pipe(onward).pipe(socket);
  });
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0\n  timeout check 200ms\n  timeout connect 200ms\n  option httpchk
  default-server check inter 200ms fall 1 rise 1 ssl ca-file ${ca.path} send-proxy\n  server a 127.0.0.1:${door.port}`;
  await start(configure({ rest }));
  await until(() => behind.seen.some(({ data }) => data !== ''), 'a check behind the header');
  assert.match(seen, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 N N\r\n/);
  answers = false;
  assert.match(
    text(await syslog.waitFor(/Server l\/a is DOWN/)),
    /^Server l\/a is DOWN, reason: Layer6 timeout, check duration: \d+ms\. 0 active and 0 backup servers left\./,
  );
  answers = true;
  assert.match(
    text(await syslog.waitFor(/Server l\/a is UP/)),
    /^Server l\/a is UP, reason: Layer7 check passed, code: 200, check duration: \d+ms\. /,
  );
});
