/** `fc_err`, `bc_err` and what TLS says beside them, in the log lines of requests whose connections fail in every way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectPlain, type Server } from 'node:net';
import { connect, createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/ports.ts';
import { startSyslog } from '../support/syslog.ts';
import { ask, configure, get, onSubjects, ports, serveSockets, text } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const file = (name: string): Buffer => readFileSync(path(name));

const ANSWER = 'HTTP/1.0 200 OK\r\n\r\nx';

/** A TLS server that answers whatever it is sent. */
async function serveTls(certificate: string, options: TlsOptions = {}): Promise<{ port: number } & AsyncDisposable> {
  const server: Server = createTlsServer({ cert: file(certificate), key: file(certificate), ...options }, (socket) => {
    socket.on('error', () => undefined).on('data', () => socket.end(ANSWER));
  });
  server.on('tlsClientError', () => undefined).on('connection', (socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { port, [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())) };
}

interface Case {
  readonly name: string;
  readonly server: string;
  /** Termination letters, bc_err, its words, ssl_bc_err, whether there is TLS, and its version: `-` for no value. */
  readonly expected: string;
}

const VERIFIES = `ssl ca-file ${path('ca.pem')}`;
const HANDSHAKE = '34 SSL handshake failure';

onSubjects('why the server connection of a request has failed', async ({ start }) => {
  await using syslog = await startSyslog();
  await using plain = await serveSockets((socket) => void socket.on('data', () => socket.end(ANSWER)));
  await using closer = await serveSockets((socket) => void socket.on('data', () => socket.end()));
  await using resetter = await serveSockets((socket) => void socket.on('data', () => socket.resetAndDestroy()));
  await using mute = await serveSockets((socket) => void socket.resume());
  await using good = await serveTls('server.pem', { maxVersion: 'TLSv1.3' });
  await using strange = await serveTls('stranger.pem');
  const asks = { ca: file('ca.pem'), requestCert: true, rejectUnauthorized: true };
  await using wants = await serveTls('server.pem', asks);
  await using old = await serveTls('server.pem', { maxVersion: 'TLSv1.2' });
  const gone = await freePort();
  const any = 'ssl verify none';
  const cases: readonly Case[] = [
    { name: 'plain', server: `${plain.port}`, expected: '---- 0 Success - 0' },
    { name: 'tls', server: `${good.port} ${any}`, expected: '---- 0 Success 0 1' },
    { name: 'refused', server: `${gone}`, expected: 'SC-- - - - 0' },
    { name: 'refused-tls', server: `${gone} ${any}`, expected: 'SC-- - - - 1' },
    { name: 'no-tls', server: `${plain.port} ${any}`, expected: `SC-- ${HANDSHAKE} A00010B 1` },
    { name: 'closes', server: `${closer.port} ${any}`, expected: `SC-- ${HANDSHAKE} 0 1` },
    { name: 'resets', server: `${resetter.port} ${any}`, expected: `SC-- ${HANDSHAKE} 0 1` },
    { name: 'mute', server: `${mute.port} ${any}`, expected: 'sC-- - - - 1' },
    { name: 'untrusted', server: `${strange.port} ${VERIFIES}`, expected: `SC-- ${HANDSHAKE} A000086 1` },
    {
      name: 'other-name',
      server: `${good.port} ${VERIFIES} sni str(other.test)`,
      expected: 'SC-- 33 Server presented an SSL certificate different from the expected one A000086 1',
    },
    { name: 'wants-certificate', server: `${wants.port} ${any}`, expected: '?H-- 43 SSL fatal error A00045C 1' },
    { name: 'version', server: `${old.port} ${any} ssl-min-ver TLSv1.3`, expected: `SC-- ${HANDSHAKE} A00042E 1` },
    { name: 'no-answer', server: `${closer.port}`, expected: 'SH-- 0 Success - 0' },
    { name: 'no-time', server: `${mute.port}`, expected: 'sH-- 0 Success - 0' },
  ];
  const [port] = await ports(1);
  const backends = cases.map(({ name, server }) => `backend ${name}\n  server s1 127.0.0.1:${server}`);
  await start(
    configure({
      global: 'nbthread 1',
      defaults: 'retries 0\n  timeout connect 300ms\n  timeout server 300ms',
      rest: `frontend fe\n  bind 127.0.0.1:${port}\n  log 127.0.0.1:${syslog.port} local0
  log-format "%b %tsc %[bc_err] %[bc_err_str] %[ssl_bc_err,hex] %[ssl_bc] [%[fc_err] %[fc_err_str] %[ssl_bc_protocol]]"
  use_backend %[path,field(2,/)]\n${backends.join('\n')}`,
    }),
  );
  for (const [index, { name, expected }] of cases.entries()) {
    await ask(port, get(`/${name}`, 'Connection: close'));
    const line = text((await syslog.waitForCount(index + 1))[index] as string);
    const found = line
      .replace(/ \[0 Success .*$/, '')
      .replace(/\b0{6,15}(?=[\dA-F]+ [01]$)/, '')
      // The server says what it wants when the handshake is done on this side: before or behind the request.
      .replace(/ S[CH](?=-- 43)/, ' ?H');
    assert.equal(found, `${name} ${expected}`);
    if (name === 'tls') assert.match(line, /\[0 Success TLSv1\.3\]$/, 'the connection is known when the line is written');
  }
});

onSubjects('TLS of a client that breaks while a request is on its way', async ({ start }) => {
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 1',
      rest: `frontend fe\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  log 127.0.0.1:${syslog.port} local0
  option http-buffer-request\n  log-format "%tsc %[fc_err] %[fc_err_str] %[ssl_fc_err,hex] %[ssl_fc_err_str]"
  http-request return status 200`,
    }),
  );
  const raw = connectPlain(port, '127.0.0.1');
  raw.on('error', () => undefined);
  const socket = connect({ socket: raw, ca: file('ca.pem'), servername: 'localhost' });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
  await new Promise((resolve) => void raw.write(Buffer.from('170303001400112233445566778899aabbccddeeff00112233', 'hex'), resolve));
  if (!raw.closed) await once(raw, 'close');
  const [, line] = await syslog.waitForCount(2);
  assert.match(text(line as string), /^(?:C.|LR)-- 43 SSL fatal error 0+A[\dA-F]{6} error:0A[\dA-F]{6}:SSL routines::\w/);
});
