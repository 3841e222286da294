/** TLS with programs of others on both sides: openssl, curl and Chromium as clients, openssl as a server, of each version. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { curl } from '../support/curl.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { needs, peer } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { Program, run } from '../support/program.ts';
import { makeFolder } from '../support/proxy.ts';
import { tlsFile, tlsPath } from '../support/tls-client.ts';
import { isListening } from '../support/wait.ts';
import { configure, onSubjects, ports } from './rig.ts';

const VERSIONS = [
  { flag: 'tls1_2', name: 'TLSv1.2' },
  { flag: 'tls1_3', name: 'TLSv1.3' },
] as const;
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

/** `openssl s_client` with a request: what it prints, and what it got. */
async function client(port: number, ...args: string[]): Promise<string> {
  const all = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile', tlsPath('ca.pem'), '-ign_eof', ...args];
  const { stdout, stderr } = await run({ command: peer('openssl'), args: all, input: GET });
  return stdout + stderr;
}

onSubjects(
  'openssl as a client: versions, refusals, resumed sessions, certificates',
  async ({ start }) => {
    const [port, required] = await ports(2);
    const folder = makeFolder();
    const bind = `ssl crt ${tlsPath('server.pem')} alpn http/1.1`;
    await start(
      configure({
        rest: `frontend f\n  bind 127.0.0.1:${port} ${bind}\n  bind 127.0.0.1:${required} ${bind} verify required ca-file ${tlsPath('ca.pem')}
  http-request return status 200 hdr x-tls "%[ssl_fc_protocol] %[ssl_fc_is_resumed] %[ssl_c_used] %[ssl_fc_alpn]"`,
      }),
    );
    for (const { flag, name } of VERSIONS) {
      const kept = join(folder, flag);
      const first = await client(port, `-${flag}`, '-sess_out', kept, '-alpn', 'http/1.1', '-verify_return_error');
      assert.match(first, new RegExp(`x-tls: ${name} 0 0 http/1.1`));
      assert.match(first, /Verify return code: 0 \(ok\)/);
      assert.match(await client(port, `-${flag}`, '-sess_in', kept), new RegExp(`x-tls: ${name} 1 0`));
      assert.match(await client(required, `-${flag}`, '-cert', tlsPath('client.pem')), new RegExp(`x-tls: ${name} 0 1`));
      assert.match(await client(required, `-${flag}`), /alert (handshake failure|certificate required)/);
    }
    assert.match(await client(port, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0'), /alert protocol version/);
    assert.match(await client(port, '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'), /alert handshake failure/);
  },
  needs('openssl'),
);

onSubjects(
  'curl as a client: versions, many requests on one connection, uploads',
  async ({ start }) => {
    const body = 'x'.repeat(300_000);
    const upload = join(makeFolder(), 'body');
    writeFileSync(upload, body);
    await using origin = await startHttpOrigin((request) => ok(request.head.startsWith('POST') ? String(request.body.length) : body));
    const [port] = await ports(1);
    await start(
      configure({
        rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${tlsPath('server.pem')}\n  default_backend b\nbackend b\n  server s 127.0.0.1:${origin.port}`,
      }),
    );
    const url = `https://localhost:${port}`;
    const common = ['--cacert', tlsPath('ca.pem'), '--resolve', `localhost:${port}:127.0.0.1`, '--http1.1'];
    for (const version of ['1.2', '1.3']) {
      const only = [...common, `--tlsv${version}`, '--tls-max', version];
      const several = await curl(...only, '-w', '<%{num_connects}>', `${url}/a`, `${url}/b`, `${url}/c`);
      assert.equal(several.status, 0, several.stderr);
      assert.deepEqual(several.body.match(/<\d>/g), ['<1>', '<0>', '<0>'], 'one connection');
      const sent = await curl(...only, '-H', 'Expect:', '--data-binary', `@${upload}`, `${url}/post`);
      assert.deepEqual([sent.status, sent.body], [0, '300000'], sent.stderr);
    }
    const plain = await curl(`http://127.0.0.1:${port}/`);
    assert.ok(plain.status === 52 || plain.status === 56, `${plain.status}`);
    assert.equal((await curl('--resolve', `localhost:${port}:127.0.0.1`, `${url}/`)).status, 60, 'an authority that curl does not know');
  },
  needs('curl'),
);

/** `openssl s_server` that answers a page about its connection; gone at the end of the scope. */
async function server(...args: string[]): Promise<{ port: number } & AsyncDisposable> {
  const port = await freePort();
  const pem = tlsPath('server.pem');
  const all = ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', pem, '-key', pem, '-www', ...args];
  const program = new Program({ command: peer('openssl'), args: all });
  await program.until(() => isListening(port), 's_server to listen');
  return { port, [Symbol.asyncDispose]: async () => void (await program.stop()) };
}

onSubjects(
  'openssl as a server: versions, names, certificates that it wants',
  async ({ start, old }) => {
    await using old12 = await server('-tls1_2');
    await using new13 = await server('-tls1_3');
    await using wants = await server('-Verify', '1', '-CAfile', tlsPath('ca.pem'), '-verify_return_error');
    const port = await freePort();
    const line = (at: { port: number }, words: string): string => `server s 127.0.0.1:${at.port} ssl ca-file ${tlsPath('ca.pem')} ${words}`;
    const name = old ? 'sni str(localhost)' : 'sni str(localhost) verifyhost localhost';
    await start(
      configure({
        rest: `frontend f\n  bind 127.0.0.1:${port}\n  use_backend %[path,field(2,/)]
backend v12\n  ${line(old12, name)}\nbackend v13\n  ${line(new13, name)}
backend not12\n  retries 0\n  ${line(old12, `${name} ssl-min-ver TLSv1.3`)}\nbackend not13\n  retries 0\n  ${line(new13, `${name} ssl-max-ver TLSv1.2`)}
backend shown\n  ${line(wants, `${name} crt ${tlsPath('client.pem')}`)}\nbackend unshown\n  retries 0\n  ${line(wants, name)}`,
      }),
    );
    const ask = async (backend: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`http://127.0.0.1:${port}/${backend}`, { headers: { connection: 'close' } });
      return { status: response.status, text: await response.text() };
    };
    assert.match((await ask('v12')).text, /Protocol *: TLSv1\.2/);
    assert.match((await ask('v13')).text, /TLSv1\.3, Cipher is/);
    assert.equal((await ask('not12')).status, 503);
    assert.equal((await ask('not13')).status, 503);
    assert.match((await ask('shown')).text, /Client certificate/);
    // With TLS 1.3 the server says so only after the proxy has gone on.
    assert.match(String((await ask('unshown')).status), /^50[23]$/);
  },
  needs('openssl'),
);

const SCRIPTS = 8;
const BROWSER_LIMIT_MS = 60_000;

onSubjects(
  'Chromium as a client: a page with scripts, over several connections',
  async ({ start }) => {
    const scripts = Array.from({ length: SCRIPTS }, (_, at) => `<script src="/${at}.js?${'p'.repeat(at * 300)}"></script>`).join('');
    await using origin = await startHttpOrigin(({ head }) => {
      const number = /^GET \/(\d+)\.js/.exec(head)?.[1];
      if (number !== undefined)
        return ok(`document.body.append("[got ${number}]") // ${'y'.repeat(70_000)}`, 'Content-Type: text/javascript\r\n');
      return ok(`<!doctype html><title>t</title><body>${scripts}`, 'Content-Type: text/html\r\n');
    });
    const [port] = await ports(1);
    await start(
      configure({
        rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${tlsPath('server.pem')} crt ${tlsPath('rsa.pem')}\n  http-response set-header x-tls %[ssl_fc_protocol]
  default_backend b\nbackend b\n  server s 127.0.0.1:${origin.port}`,
      }),
    );
    const spki = new X509Certificate(tlsFile('server.pem')).publicKey.export({ type: 'spki', format: 'der' });
    const folder = makeFolder();
    const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${folder}/profile`];
    const trust = `--ignore-certificate-errors-spki-list=${createHash('sha256').update(spki).digest('base64')}`;
    const { stdout, stderr } = await run(
      { command: peer('chromium'), args: [...args, trust, '--dump-dom', `https://localhost:${port}/`] },
      BROWSER_LIMIT_MS,
    );
    for (let at = 0; at < SCRIPTS; at++)
      assert.ok(stdout.includes(`[got ${at}]`), `script ${at}\n${stdout.slice(-500)}\n${stderr.slice(-1000)}`);
    rmSync(join(folder, 'profile'), { recursive: true, force: true, maxRetries: 5 });
  },
  { ...needs('chromium'), timeout: BROWSER_LIMIT_MS * 2 },
);
