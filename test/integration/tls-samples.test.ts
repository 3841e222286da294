/** What rules and logs learn of TLS: facts of the connection, client certificates, handshakes that failed and why. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { startSyslog } from '../support/syslog.ts';
import { configure, mask, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const file = (name: string): Buffer => readFileSync(path(name));

/** Headers of an answer, over a connection of its own. */
function headersOf(port: number, options: ConnectionOptions): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, ca: file('ca.pem'), servername: 'localhost', agent: false, ...options },
      (response) => {
        response.resume().on('end', () => resolve(response.headers));
      },
    );
    asked.on('error', reject).end();
  });
}

/** What HAProxy says of the same connection with the same certificate, but where it is noted. */
const EXPECTED: Readonly<Record<string, string>> = {
  ssl_fc: '1',
  ssl_fc_has_crt: '1',
  ssl_fc_has_sni: '1',
  ssl_fc_sni: 'localhost',
  ssl_fc_alpn: 'http/1.1',
  ssl_fc_protocol: 'TLSv1.3',
  ssl_fc_cipher: 'TLS_AES_256_GCM_SHA384',
  ssl_fc_alg_keysize: '256',
  ssl_fc_use_keysize: '256',
  ssl_fc_is_resumed: '0',
  ssl_fc_err: '0',
  fc_err_str: 'Success',
  ssl_c_used: '1',
  ssl_c_verify: '0',
  ssl_c_err: '0',
  ssl_c_s_dn: '/C=FR/ST=\xc3\x8ele/L=Paris/O=Acme, "Inc"/OU=One/serialNumber=12/OU=Two/CN= John #1;/emailAddress=j@x.example',
  'ssl_c_s_dn(OU,-1)': 'Two',
  'ssl_c_s_dn(,0,rfc2253)':
    'emailAddress=j@x.example,CN=\\ John #1\\;,OU=Two+serialNumber=12,OU=One,O=Acme\\, \\"Inc\\",L=Paris,ST=\\C3\\8Ele,C=FR',
  'ssl_c_i_dn(CN)': 'Test authority',
  'ssl_c_serial,hex': 'C0FFEE1234',
  ssl_c_version: '3',
  ssl_c_key_alg: 'rsaEncryption',
  ssl_c_sig_alg: 'ecdsa-with-SHA256',
  ssl_f_key_alg: 'id-ecPublicKey',
  ssl_f_s_dn: '/O=Hawser tests/CN=localhost',
};

/** HAProxy 2.6 does not know these. */
const NEWER: Readonly<Record<string, string>> = {
  ssl_c_policies: '1.2.3.4,2.5.29.32.0',
  'ssl_c_policies(2.5.29.32.0)': '2.5.29.32.0',
  'ssl_c_policies(1.2.3)': '',
};

onSubjects('facts of a connection and of its certificates', async ({ start, old }) => {
  const [port] = await ports(1);
  const expected = old ? EXPECTED : { ...EXPECTED, ...NEWER };
  const rules = Object.keys(expected).map((call, at) => `http-after-response set-header x${at} %[${call}]`);
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} ca-file ${path('ca.pem')} verify optional alpn http/1.1
  http-request return status 200\n  ${rules.join('\n  ')}`,
    }),
  );
  const options = { ALPNProtocols: ['http/1.1'], ciphers: 'TLS_AES_256_GCM_SHA384:HIGH' };
  const headers = await headersOf(port, { ...options, cert: file('rich.pem'), key: file('rich.pem') });
  // Surrounding blanks of a value are not the header's.
  assert.deepEqual(
    Object.keys(expected).map((_, at) => headers[`x${at}`] ?? ''),
    Object.values(expected).map((value) => value.trim()),
  );
  const none = await headersOf(port, options);
  const at = (call: string): string => `x${Object.keys(expected).indexOf(call)}`;
  assert.equal(none[at('ssl_c_used')], '0');
  assert.equal(none[at('ssl_c_verify')], '0');
  assert.equal(none[at('ssl_fc_has_crt')], '0');
  assert.ok(!none[at('ssl_c_s_dn')]);
});

onSubjects('the authority by which a client was verified', async ({ start, old, context }) => {
  if (old) return context.skip('since HAProxy 2.8');
  const [port] = await ports(1);
  const calls = ['ssl_c_r_dn', 'ssl_c_r_dn(CN)', 'ssl_c_r_dn(,0,rfc2253)', 'ssl_fc_is_resumed', 'fc_err_name', 'ssl_fc_has_early'];
  const rules = calls.map((call, at) => `http-after-response set-header x${at} "[%[${call}]]"`);
  await start(
    configure({
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} ca-file ${path('ca.pem')} verify optional
  http-request return status 200\n  ${rules.join('\n  ')}`,
    }),
  );
  const values = async (options: ConnectionOptions): Promise<unknown[]> => {
    const headers = await headersOf(port, options);
    return calls.map((_, at) => headers[`x${at}`]);
  };
  const shown = await values({ cert: file('client.pem'), key: file('client.pem') });
  const { subject } = new X509Certificate(file('ca.pem'));
  const parts = subject.split('\n');
  const name = subject.replace(/^[\s\S]*CN=/, '');
  assert.deepEqual(shown, [`[/${parts.join('/')}]`, `[${name}]`, `[${[...parts].reverse().join(',')}]`, '[0]', '[NONE]', '[0]']);
  assert.deepEqual(await values({}), ['[]', '[]', '[]', '[0]', '[NONE]', '[0]']);
});

/** Sends bytes, leaves as told, and waits for the end. */
async function leave(port: number, bytes: string, how: 'end' | 'stay'): Promise<void> {
  const socket = connectPlain(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  if (bytes !== '') await new Promise((resolve) => void socket.write(Buffer.from(bytes, 'latin1'), resolve));
  if (how === 'end') socket.end();
  if (!socket.closed) await once(socket, 'close');
}

/** A handshake that must fail. */
function fail(port: number, options: ConnectionOptions): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca: file('ca.pem'), servername: 'localhost', ...options });
    socket.on('error', () => resolve()).on('close', () => resolve());
    // TLS 1.3: the client is done before the server has judged its certificate.
    socket.on('secureConnect', () => socket.resume());
  });
}

const HELLO_START = '\x16\x03\x01\x02\x00\x01';

onSubjects('handshakes that fail are logged with their reason', async ({ start, old }) => {
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const limit = old ? 'timeout client 300ms' : 'timeout client-hs 300ms';
  const rest = `frontend fe\n  bind 127.0.0.1:${port} name door ssl crt ${path('server.pem')} ca-file ${path('ca.pem')} verify required
  ${limit}\n  option httplog\n  log 127.0.0.1:${syslog.port} local0\n  http-request return status 200`;
  await start(configure({ global: 'nbthread 1', rest }));
  const stranger = file('stranger.pem');
  const cases: readonly (readonly [string, () => Promise<void>])[] = [
    ['SSL handshake failure', () => leave(port, 'GET / HTTP/1.1\r\n\r\n', 'stay')],
    ['Connection closed during SSL handshake', () => leave(port, '', 'end')],
    ['Connection closed during SSL handshake', () => leave(port, HELLO_START, 'end')],
    ['Timeout during SSL handshake', () => leave(port, '', 'stay')],
    ['Timeout during SSL handshake', () => leave(port, HELLO_START, 'stay')],
    ['SSL handshake failure', () => fail(port, {})],
    ['SSL handshake failure', () => fail(port, { maxVersion: 'TLSv1.2' })],
    ['SSL client certificate not trusted', () => fail(port, { cert: stranger, key: stranger })],
    ['SSL handshake failure', () => fail(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })],
  ];
  for (const [index, [words, act]] of cases.entries()) {
    await act();
    const lines = await syslog.waitForCount(index + 1);
    assert.equal(mask(lines[index] as string), `127.0.0.1:PORT [DATE] fe/door: ${words}`, `case ${index}`);
  }
});

onSubjects('error-log-format shows why; dontlognull leaves those out who said nothing', async ({ start, old }) => {
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  const rest = `frontend fe\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} ca-file ${path('ca.pem')} verify required
  option dontlognull\n  log 127.0.0.1:${syslog.port} local0\n  http-request return status 200
  error-log-format "%ft %[fc_err]${old ? '' : ' %[fc_err_name]'} %[fc_err_str] %[ssl_fc_err,hex] %[ssl_fc_err_str] %[ssl_c_err] %[ssl_c_ca_err] %[ssl_fc_sni]"`;
  await start(configure({ global: 'nbthread 1', rest }));
  await leave(port, '', 'end');
  await leave(port, HELLO_START, 'end');
  const stranger = file('stranger.pem');
  await leave(port, 'GET / HTTP/1.1\r\n\r\n', 'stay');
  await syslog.waitForCount(1);
  await fail(port, {});
  await syslog.waitForCount(2);
  await fail(port, { cert: stranger, key: stranger });
  const lines = (await syslog.waitForCount(3)).map((line) => line.replace(/^.*?: /, '').trim());
  const name = (word: string): string => (old ? '' : ` ${word}`);
  assert.deepEqual(lines.slice(1), [
    `fe~ 34${name('SSL_HANDSHAKE')} SSL handshake failure 000000000A0000C7 error:0A0000C7:SSL routines::peer did not return a certificate 0 0 localhost`,
    `fe~ 31${name('SSL_CRT_FAIL')} SSL client certificate not trusted 000000000A000086 error:0A000086:SSL routines::certificate verify failed 18 0 localhost`,
  ]);
  assert.equal(
    lines[0],
    `fe~ 34${name('SSL_HANDSHAKE')} SSL handshake failure 000000000A00009C error:0A00009C:SSL routines::http request 0 0 -`,
  );
});
