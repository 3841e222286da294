/** OCSP responses that are fetched while the proxy runs (HAProxy 3.x configuration 5.1 `ocsp-update`): from good servers and from bad ones. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { type Made, makeCertificate } from '../support/certificates.ts';
import { makeDoor } from '../support/driver.ts';
import { ocspResponse, sendResponse, startResponder } from '../support/ocsp.ts';
import { needs } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { startSyslog } from '../support/syslog.ts';
import { isListening } from '../support/wait.ts';
import { configure, onSubjects, ports } from './rig.ts';

const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
const stranger = makeCertificate({ names: ['stranger.test'], isAuthority: true });

interface Folder extends Disposable {
  readonly at: string;
  write(name: string, content: string): string;
}

function folder(): Folder {
  const at = mkdtempSync(join(tmpdir(), 'hawser-ocsp-'));
  const write = (name: string, content: string): string => {
    writeFileSync(join(at, name), content);
    return join(at, name);
  };
  return { at, write, [Symbol.dispose]: () => rmSync(at, { recursive: true }) };
}

/** What is stapled to a handshake; null: nothing. */
async function stapled(port: number, servername: string): Promise<Buffer | null> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername,
    ca: authority.certificate,
    rejectUnauthorized: false,
    requestOCSP: true,
  } as ConnectionOptions);
  let response: Buffer | null = null;
  socket.on('OCSPResponse', (each: Buffer | null) => {
    response = each;
  });
  await once(socket, 'secureConnect');
  socket.destroy();
  return response;
}

/** A site whose certificate names a server at the port, as HAProxy's files have it. */
function siteOf(name: string, port: number, path = ''): Made {
  return makeCertificate({ names: [name], responder: `http://127.0.0.1:${port}${path}` }, authority);
}

function listen(port: number | undefined, words: string): string {
  return `frontend f\n  bind 127.0.0.1:${port} ssl ${words}\n  http-request return status 200\n`;
}

onSubjects('a response is fetched at the start and shown by all threads', async ({ start, old }) => {
  // HAProxy 2.6 has no updates.
  if (old) return;
  using files = folder();
  let response: Buffer = Buffer.alloc(0);
  await using responder = await startResponder((_, answer) => sendResponse(answer, response));
  const site = siteOf('site.test', responder.port);
  response = ocspResponse(authority, site);
  const path = files.write('site.pem', site.pem + authority.certificate);
  const list = files.write('list', `${path} [ocsp-update on]\n`);
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(configure({ global: `nbthread 3\n  log 127.0.0.1:${syslog.port} local0`, rest: listen(port, `crt-list ${list}`) }));
  const line = await syslog.waitFor(/<OCSP-UPDATE>/);
  assert.match(line, new RegExp(`<133>.* <OCSP-UPDATE> ${path} 1 "Update successful" 0 1`));
  for (let turn = 0; turn < 8; turn++) assert.ok((await stapled(port, 'site.test'))?.equals(response));
  // RFC 6960 A.1: short requests are in the URL.
  assert.match(responder.seen[0] ?? '', /^GET \/M[\w%]+ 127.0.0.1:\d+$/);
  assert.equal(responder.seen.length, 1);
});

onSubjects('requests through an HTTP proxy, and once by hand', async ({ start, old }) => {
  if (old) return;
  using files = folder();
  let response: Buffer = Buffer.alloc(0);
  await using proxy = await startResponder((_, answer) => sendResponse(answer, response));
  const site = makeCertificate({ names: ['site.test'], responder: 'http://ocsp.invalid/x' }, authority);
  response = ocspResponse(authority, site, { state: 'revoked' });
  const path = files.write('site.pem', site.pem);
  files.write('site.pem.issuer', authority.certificate);
  const [port] = await ports(1);
  const door = makeDoor();
  const global = `nbthread 2\n  ocsp-update.httpproxy 127.0.0.1:${proxy.port}`;
  await start({ config: configure({ global, rest: listen(port, `crt ${path}`) }), ...door.options });
  using driver = await door.open();
  assert.equal(await stapled(port, 'site.test'), null);
  await driver.done('tls.updates.update', path);
  while (!(await stapled(port, 'site.test'))?.equals(response)) assert.ok(proxy.seen.length < 2);
  assert.match(proxy.seen[0] ?? '', /^GET http:\/\/ocsp.invalid\/x\/M[\w%]+ ocsp.invalid$/);
  assert.match(await driver.refused('tls.updates.update', '/none.pem'), /Unknown certificate!/);
  const given = ocspResponse(authority, site, { untilS: 900 });
  await driver.done('tls.responses.set', Buffer.from(given.toString('base64')));
  for (let turn = 0; turn < 6; turn++) assert.ok((await stapled(port, 'site.test'))?.equals(given));
});

const HOSTILE: Readonly<Record<string, (response: ServerResponse, about: Made) => void>> = {
  garbage: (response) => sendResponse(response, Buffer.from('<html>no</html>')),
  empty: (response) => sendResponse(response, Buffer.alloc(0)),
  huge: (response) => {
    response.writeHead(200, { 'content-type': 'application/ocsp-response' });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x30)));
    };
    response.on('drain', more);
    more();
  },
  cut: (response, about) => {
    const bytes = ocspResponse(authority, about);
    response.writeHead(200, { 'content-type': 'application/ocsp-response', 'content-length': `${bytes.length}` });
    response.write(bytes.subarray(0, 50), () => response.destroy());
  },
  expired: (response, about) => sendResponse(response, ocspResponse(authority, about, { fromS: -9000, untilS: -4000 })),
  serial: (response) => sendResponse(response, ocspResponse(authority, stranger)),
  forged: (response, about) => sendResponse(response, ocspResponse(authority, about, { by: stranger, with: stranger })),
  moved: (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  typed: (response, about) => response.writeHead(200, { 'content-type': 'text/html' }).end(ocspResponse(authority, about)),
  head: (response) => response.socket?.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`),
  slow: () => undefined,
};

const TOLD: Readonly<Record<string, RegExp>> = {
  garbage: / 4 "OCSP response check failure \(Unable to parse/,
  empty: / 4 "OCSP response check failure \(Unable to parse/,
  huge: / 2 "HTTP error" 1 0/,
  cut: / 2 "HTTP error" 1 0/,
  expired: / 4 .*no longer valid/,
  serial: / 4 .*does not match any certificate/,
  forged: / 4 .*verification failed/,
  moved: / 2 "HTTP error" 1 0/,
  typed: / 3 "Missing "ocsp-response" header" 1 0/,
  head: / 2 "HTTP error" 1 0/,
  slow: / 2 "HTTP error" 1 0/,
};

onSubjects(
  'hostile servers are survived: nothing is shown, handshakes go on',
  async ({ start, old }) => {
    if (old) return;
    using files = folder();
    const sites = new Map<string, Made>();
    await using responder = await startResponder((request, response) => {
      const name = /^\/(\w+)/.exec(request.url ?? '')?.[1] ?? '';
      HOSTILE[name]?.(response, sites.get(name) as Made);
    });
    const lines = Object.keys(HOSTILE).map((name) => {
      const site = siteOf(`${name}.test`, responder.port, `/${name}`);
      sites.set(name, site);
      return files.write(`${name}.pem`, site.pem + authority.certificate);
    });
    const list = files.write('list', `${lines.join('\n')}\n`);
    await using syslog = await startSyslog();
    const [port] = await ports(1);
    const global = `nbthread 2\n  log 127.0.0.1:${syslog.port} local0\n  ocsp-update.mode on`;
    const proxy = await start(configure({ global, rest: listen(port, `crt-list ${list}`) }));
    for (const [name, told] of Object.entries(TOLD)) {
      const line = await syslog.waitFor(new RegExp(`<OCSP-UPDATE> .*/${name}.pem`), 25_000);
      assert.match(line, told);
      assert.equal(await stapled(port, `${name}.test`), null);
    }
    assert.equal(proxy.program.ended, undefined);
  },
  { timeout: 60_000 },
);

onSubjects(
  "OpenSSL's own OCSP server",
  async ({ start, old }) => {
    if (old) return;
    using files = folder();
    const place = await freePort();
    const [good, revoked] = [siteOf('good.test', place), siteOf('revoked.test', place)];
    const row = (made: Made, state: string): string =>
      `${state}\t361231235959Z\t${state === 'R' ? '260101000000Z' : ''}\t${(0x4000_0000 + made.serial).toString(16).toUpperCase()}\tunknown\t/CN=${made.name}\n`;
    const index = files.write('index.txt', row(good, 'V') + row(revoked, 'R'));
    const ca = files.write('ca.pem', authority.pem);
    const args = ['ocsp', '-index', index, '-port', `${place}`, '-rsigner', ca, '-CA', ca, '-nmin', '60', '-ignore_err'];
    await using server = new Program({ command: 'openssl', args });
    await server.until(() => isListening(place), 'the OCSP server');
    const paths = [good, revoked].map((made) => files.write(`${made.name}.pem`, made.pem + authority.certificate));
    const list = files.write('list', paths.map((path) => `${path} [ocsp-update on]\n`).join(''));
    await using syslog = await startSyslog();
    const [port] = await ports(1);
    const door = makeDoor();
    const global = `nbthread 2\n  log 127.0.0.1:${syslog.port} local0`;
    await start({ config: configure({ global, rest: listen(port, `crt-list ${list}`) }), ...door.options });
    using driver = await door.open();
    for (const [path, name, state] of [
      [paths[0], 'good.test', 'good'],
      [paths[1], 'revoked.test', 'revoked'],
    ] as const) {
      assert.match(await syslog.waitFor(new RegExp(`<OCSP-UPDATE> ${path}`)), / 1 "Update successful" 0 1/);
      assert.ok((await stapled(port, name)) !== null);
      assert.match(await driver.call<string>('tls.responses.text', path), new RegExp(`Cert Status: ${state}`));
    }
  },
  { ...needs('openssl') },
);
