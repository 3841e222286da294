/** What rules learn of the hello of a client whose TLS ends here: fingerprints of real clients, reserved values, the bound of what is kept. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { fileURLToPath } from 'node:url';
import { curl } from '../support/curl.ts';
import { needs } from '../support/peer.ts';
import { run } from '../support/program.ts';
import { startSyslog } from '../support/syslog.ts';
import { startTap, type Tap } from '../support/tap.ts';
import { greasedHello, inRecords, ja3Text, md5, plainValues, readHello } from '../support/tls/hello.ts';
import { configure, field, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));

/** As HAProxy's manual puts JA3 together. */
const JA3 =
  '%[ssl_fc_protocol_hello_id],%[ssl_fc_cipherlist_bin(1),be2dec(-,2)],%[ssl_fc_extlist_bin(1),be2dec(-,2)],' +
  '%[ssl_fc_eclist_bin(1),be2dec(-,2)],%[ssl_fc_ecformats_bin,be2dec(-,1)]';

/** What JA4 needs besides: HAProxy has it since 3.2. */
const JA4 = ' hdr x-sigalgs "%[ssl_fc_sigalgs_bin(1),hex]" hdr x-versions "%[ssl_fc_supported_versions_bin(1),hex]"';

function configuration(port: number, old: boolean): string {
  return configure({
    global: 'tune.ssl.capture-buffer-size 4096',
    rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  http-request set-header x-ja3 "${JA3}"
  http-request return status 200 hdr x-ja3 %[req.fhdr(x-ja3)] hdr x-hash %[req.fhdr(x-ja3),digest(md5),hex]${old ? '' : JA4}`,
  });
}

type Client = (port: number) => Promise<string>;

/** Each gives the head of the answer. */
const CLIENTS: Readonly<Record<string, Client>> = {
  openssl: async (port) => {
    const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-ign_eof'];
    return (await run({ command: 'openssl', args, input: 'GET / HTTP/1.0\r\n\r\n' })).stdout;
  },
  'openssl with TLS 1.2 alone': async (port) => {
    const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', '-noservername', '-ign_eof'];
    return (await run({ command: 'openssl', args, input: 'GET / HTTP/1.0\r\n\r\n' })).stdout;
  },
  curl: async (port) => (await curl('--insecure', `https://127.0.0.1:${port}/`)).head,
  node: (port) =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, ca: readFileSync(path('ca.pem')), servername: 'localhost', agent: false };
      const asked = request(options, (response) => {
        response.resume();
        const fields = Object.entries(response.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
        response.on('end', () => resolve(`\r\n${fields.join('')}`));
      });
      asked.on('error', reject).end();
    }),
};

/** The last hello that went through a tap. */
function lastHello({ passed }: Tap): ReturnType<typeof readHello> {
  return readHello(Buffer.concat(passed.at(-1)?.sent ?? []));
}

onSubjects(
  'the fingerprint JA3 of real clients, as HAProxy puts it together',
  async ({ start, old }) => {
    const [port] = await ports(1);
    await start(configuration(port, old));
    await using tap = await startTap(port);
    const seen = new Set<string>();
    for (const [name, ask] of Object.entries(CLIENTS)) {
      const head = await ask(tap.port);
      const hello = lastHello(tap);
      const expected = ja3Text(hello);
      assert.equal(field(head, 'x-ja3'), expected, name);
      assert.equal(field(head, 'x-hash'), md5(expected), name);
      seen.add(expected);
      if (old) continue;
      assert.equal(field(head, 'x-sigalgs'), plainValues(hello, 13, 2), name);
      assert.equal(field(head, 'x-versions') ?? '', plainValues(hello, 43, 1), name);
    }
    assert.ok(seen.size > 1, 'different clients have different fingerprints');
  },
  needs('openssl', 'curl'),
);

const CALLS = {
  ssl_fc_protocol_hello_id: '771',
  ssl_fc_cipherlist_hex: '0A0A13011302C02BFAFB00FF',
  'ssl_fc_cipherlist_hex(0)': '0A0A13011302C02BFAFB00FF',
  'ssl_fc_cipherlist_hex(1)': '13011302C02BFAFB00FF',
  ssl_fc_cipherlist_str:
    'UNKNOWN(0a0a),TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,ECDHE-ECDSA-AES128-GCM-SHA256,UNKNOWN(fafb),TLS_EMPTY_RENEGOTIATION_INFO_SCSV',
  'ssl_fc_cipherlist_str(1)':
    'TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,ECDHE-ECDSA-AES128-GCM-SHA256,UNKNOWN(fafb),TLS_EMPTY_RENEGOTIATION_INFO_SCSV',
  ssl_fc_cipherlist_xxh: '-6251826910875510267',
  'ssl_fc_extlist_bin,hex': '2A2A0000000A000B000D002B00331A1A',
  'ssl_fc_extlist_bin(1),hex': '0000000A000B000D002B0033',
  'ssl_fc_eclist_bin,hex': '3A3A001D0017',
  'ssl_fc_eclist_bin(1),hex': '001D0017',
  'ssl_fc_ecformats_bin,hex': '0001',
} as const;

/** HAProxy has these since 3.2. */
const NEW_CALLS = {
  'ssl_fc_supported_versions_bin,hex': '4A4A03040303',
  'ssl_fc_supported_versions_bin(1),hex': '03040303',
  'ssl_fc_sigalgs_bin,hex': '040308040401',
} as const;

/** Parts in a room of so many bytes: what stands in front takes it first. */
const SMALL: readonly (readonly [size: number, changes: Readonly<Record<string, string>>])[] = [
  [
    5,
    {
      ssl_fc_protocol_hello_id: '771',
      ssl_fc_cipherlist_hex: '0A0A130113',
      'ssl_fc_cipherlist_hex(1)': '130113',
      ssl_fc_cipherlist_str: 'UNKNOWN(0a0a),TLS_AES_128_GCM_SHA256',
      ssl_fc_cipherlist_xxh: '-6251826910875510267',
      'ssl_fc_extlist_bin,length': '0',
      'ssl_fc_ecformats_bin,length': '0',
    },
  ],
  [13, { 'ssl_fc_extlist_bin,length': '0', ssl_fc_cipherlist_hex: '0A0A13011302C02BFAFB00FF' }],
  [20, { 'ssl_fc_extlist_bin,hex': '2A2A0000000A000B', 'ssl_fc_extlist_bin(1),hex': '0000000A000B', 'ssl_fc_eclist_bin,length': '0' }],
  [31, { 'ssl_fc_eclist_bin,hex': '3A3A00', 'ssl_fc_eclist_bin(1),hex': '00', 'ssl_fc_ecformats_bin,length': '0' }],
  [0, { ssl_fc_protocol_hello_id: '-', ssl_fc_cipherlist_hex: '-', ssl_fc_cipherlist_xxh: '-', ssl_fc_ecformats_bin: '-' }],
];

/** Sends a hello and leaves. */
function leave(port: number, hello: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectPlain(port, '127.0.0.1', () => socket.end(hello));
    socket
      .resume()
      .on('error', reject)
      .on('close', () => resolve());
  });
}

onSubjects('reserved values, names and the bound of what is kept of a hello', async ({ start, old }) => {
  await using syslog = await startSyslog();
  const cases = [[256, old ? CALLS : { ...CALLS, ...NEW_CALLS }] as const, ...SMALL];
  const calls = [...new Set(cases.flatMap(([, expected]) => Object.keys(expected)))];
  let count = 0;
  for (const [size, expected] of cases) {
    const [port] = await ports(1);
    await start(
      configure({
        global: `nbthread 1\n  tune.ssl.capture-buffer-size ${size}`,
        rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')}\n  log 127.0.0.1:${syslog.port} local0
  error-log-format "${calls.map((call) => `%[${call}]`).join('|')}"\n  http-request return status 200`,
      }),
    );
    await leave(port, greasedHello());
    const line = (await syslog.waitForCount(++count)).at(-1) as string;
    const values = line
      .replace(/^.*?\]: /, '')
      .trim()
      .split('|');
    const found = Object.keys(expected).map((call) => [call, values[calls.indexOf(call)]]);
    assert.deepEqual(Object.fromEntries(found), expected, `${size} bytes`);
  }
});

onSubjects('a hello in several records is seen as any other', async ({ start }) => {
  await using syslog = await startSyslog();
  const [port] = await ports(1);
  await start(
    configure({
      global: 'nbthread 1\n  tune.ssl.capture-buffer-size 256',
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('rsa.pem')} crt ${path('server.pem')}\n  log 127.0.0.1:${syslog.port} local0
  error-log-format "%[ssl_fc_cipherlist_hex(1)] %[ssl_fc_sni] %[ssl_f_key_alg]"\n  http-request return status 200`,
    }),
  );
  for (const [index, size] of [1000, 100, 7].entries()) {
    await leave(port, inRecords(greasedHello(), size));
    const line = (await syslog.waitForCount(index + 1)).at(-1) as string;
    assert.match(line.trim(), /: 13011302C02BFAFB00FF localhost id-ecPublicKey$/, `${size} bytes a record`);
  }
});
