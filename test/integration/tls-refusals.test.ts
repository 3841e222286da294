/**
 * What TLS refuses, and how: the alert that the peer gets and the line that is logged, for every refusal that a configuration can ask
 * for. HAProxy 2.6 gives the same answers (HAWSER_TEST_SUBJECTS=haproxy).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions, createServer, type Server, type TlsOptions } from 'node:tls';
import { makeCertificate, makeRevocations, newKey } from '../support/certificates.ts';
import { type Connection, connect } from '../support/connection.ts';
import { startRawOrigin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { makeFolder } from '../support/proxy.ts';
import { startSyslog } from '../support/syslog.ts';
import { helloOf, talk, tlsPath } from '../support/tls-client.ts';
import { httpLine, mask, onSubjects } from './rig.ts';

/** Everything that client certificates can be: signed by `ca.pem` of the folder, or not. */
function makeFiles() {
  const folder = makeFolder();
  const key = newKey();
  const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
  const other = makeCertificate({ names: ['other.test'], isAuthority: true });
  const day = 86_400_000;
  const made = {
    good: makeCertificate({ names: ['good.test'] }, authority, key),
    expired: makeCertificate({ names: ['expired.test'], notAfter: new Date(Date.now() - day / 24) }, authority, key),
    early: makeCertificate({ names: ['early.test'], notBefore: new Date(Date.now() + day) }, authority, key),
    revoked: makeCertificate({ names: ['revoked.test'] }, authority, key),
    foreign: makeCertificate({ names: ['foreign.test'] }, other, key),
    // Says that it is signed by the authority, and is not.
    forged: makeCertificate({ names: ['forged.test'] }, { ...other, name: authority.name }, key),
    own: makeCertificate({ names: ['own.test'] }, null, key),
  };
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  return {
    made,
    ca: write('ca.pem', authority.certificate),
    crl: write('crl.pem', makeRevocations(authority, [made.revoked])),
    oldCrl: write('old.pem', makeRevocations(authority, [], new Date(Date.now() - day / 24))),
    write,
  };
}

const files = makeFiles();
const CERT = `ssl crt ${tlsPath('server.pem')}`;
const REQUIRED = `${CERT} ca-file ${files.ca} verify required`;
const OPTIONAL = `${CERT} ca-file ${files.ca} verify optional`;

/** Words of a bind line by the frontend's name. */
const BINDS = {
  plain: CERT,
  strict: `${CERT} strict-sni`,
  old: `${CERT} ssl-max-ver TLSv1.2`,
  new: `${CERT} ssl-min-ver TLSv1.3`,
  alpn: `${CERT} alpn foo`,
  rsa: `ssl crt ${tlsPath('rsa.pem')}`,
  cipher: `${CERT} ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES256-GCM-SHA384`,
  suite: `${CERT} ssl-min-ver TLSv1.3 ciphersuites TLS_AES_256_GCM_SHA384`,
  curve: `${CERT} curves P-384`,
  required: REQUIRED,
  optional: OPTIONAL,
  revoked: `${REQUIRED} crl-file ${files.crl}`,
  oldlist: `${REQUIRED} crl-file ${files.oldCrl}`,
  lenient: `${REQUIRED} crl-file ${files.crl} crt-ignore-err all ca-ignore-err all`,
  leniently: `${OPTIONAL} crt-ignore-err 10,23`,
} as const;

const FAILED = 'SSL handshake failure';
const UNTRUSTED = 'SSL client certificate not trusted';
const ALERT = {
  protocol: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  handshake: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  name: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
  required: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  authority: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  expired: 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED',
  revoked: 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED',
  bad: 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
  decrypt: 'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR',
} as const;

interface Refusal {
  readonly of: keyof typeof BINDS;
  readonly options: ConnectionOptions;
  readonly error: string;
  readonly line: string;
}

function shown(name: keyof typeof files.made | null, version: 'TLSv1.2' | 'TLSv1.3'): ConnectionOptions {
  const pem = name === null ? undefined : files.made[name].pem;
  return { minVersion: version, maxVersion: version, ...(pem !== undefined && { cert: pem, key: pem }) };
}

/** The same of each version. */
function certificate(of: keyof typeof BINDS, name: keyof typeof files.made, error: string, line = UNTRUSTED): Refusal[] {
  return (['TLSv1.2', 'TLSv1.3'] as const).map((version) => ({ of, options: shown(name, version), error, line }));
}

const REFUSALS: readonly Refusal[] = [
  {
    of: 'plain',
    options: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    error: ALERT.protocol,
    line: FAILED,
  },
  { of: 'old', options: { minVersion: 'TLSv1.3' }, error: ALERT.protocol, line: FAILED },
  { of: 'new', options: { maxVersion: 'TLSv1.2' }, error: ALERT.protocol, line: FAILED },
  { of: 'strict', options: { servername: 'nobody.test' }, error: ALERT.name, line: FAILED },
  { of: 'strict', options: { servername: 'nobody.test', maxVersion: 'TLSv1.2' }, error: ALERT.name, line: FAILED },
  { of: 'strict', options: { servername: '' }, error: ALERT.name, line: FAILED },
  { of: 'cipher', options: { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }, error: ALERT.handshake, line: FAILED },
  { of: 'rsa', options: { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }, error: ALERT.handshake, line: FAILED },
  { of: 'suite', options: { ciphers: 'TLS_AES_128_GCM_SHA256' }, error: ALERT.handshake, line: FAILED },
  { of: 'curve', options: { ecdhCurve: 'P-256' }, error: ALERT.handshake, line: FAILED },
  { of: 'required', options: shown(null, 'TLSv1.2'), error: ALERT.handshake, line: FAILED },
  { of: 'required', options: shown(null, 'TLSv1.3'), error: ALERT.required, line: FAILED },
  ...certificate('required', 'expired', ALERT.expired),
  ...certificate('required', 'early', ALERT.bad),
  ...certificate('required', 'foreign', ALERT.authority),
  ...certificate('required', 'forged', ALERT.decrypt),
  ...certificate('required', 'own', ALERT.authority),
  ...certificate('optional', 'expired', ALERT.expired),
  ...certificate('optional', 'foreign', ALERT.authority),
  ...certificate('revoked', 'revoked', ALERT.revoked),
  ...certificate('oldlist', 'good', ALERT.expired),
  ...certificate('leniently', 'foreign', ALERT.authority),
];

/** Who is let in, with %[ssl_c_used] %[ssl_c_verify] %[ssl_c_err] %[ssl_c_ca_err]. */
const WELCOMES: readonly (readonly [keyof typeof BINDS, keyof typeof files.made | null, string])[] = [
  ['plain', 'good', '0 0 0 0'],
  ['required', 'good', '1 0 0 0'],
  ['optional', null, '0 0 0 0'],
  ['optional', 'good', '1 0 0 0'],
  ['revoked', 'good', '1 0 0 0'],
  ['lenient', 'revoked', '1 23 23 0'],
  ['lenient', 'expired', '1 10 10 0'],
  ['leniently', 'expired', '1 10 10 0'],
  // The first error and the last: there is no list of what he has revoked himself.
  ['lenient', 'own', '1 3 18 0'],
  ['leniently', null, '0 0 0 0'],
];

async function frontends(log: number, old: boolean): Promise<{ config: string; ports: Record<keyof typeof BINDS, number> }> {
  const places = {} as Record<keyof typeof BINDS, number>;
  for (const name of Object.keys(BINDS) as (keyof typeof BINDS)[]) places[name] = await freePort();
  const sections = (Object.keys(BINDS) as (keyof typeof BINDS)[]).map(
    (name) => `frontend ${name}\n  bind 127.0.0.1:${places[name]} ${BINDS[name]} name x
  http-request return status 200 hdr x-c "%[ssl_c_used] %[ssl_c_verify] %[ssl_c_err] %[ssl_c_ca_err]"`,
  );
  const patience = old ? 'timeout client 1s' : 'timeout client 5s\n  timeout client-hs 1s';
  const config = `global\n  nbthread 1\n  log 127.0.0.1:${log} local0\ndefaults\n  mode http\n  log global\n  option httplog
  timeout connect 1s\n  timeout server 1s\n  ${patience}\n${sections.join('\n')}\n`;
  return { config, ports: places };
}

onSubjects('clients that are refused get the right alert, and a line is logged', async ({ start, old }) => {
  await using log = await startSyslog();
  const { config, ports } = await frontends(log.port, old);
  await start(config);
  const begun = log.messages.length;
  const expected: string[] = [];
  for (const { of, options, error, line } of REFUSALS) {
    const outcome = await talk(ports[of], options);
    assert.equal(outcome.error, error, `${of} ${JSON.stringify(options).slice(0, 60)}`);
    assert.equal(outcome.answer, '');
    expected.push(`127.0.0.1:PORT [DATE] ${of}/x: ${line}`);
    await log.waitForCount(begun + expected.length);
    assert.equal(mask(log.messages.at(-1) as string), expected.at(-1));
  }
});

onSubjects('clients that are let in', async ({ start, old }) => {
  await using log = await startSyslog();
  const { config, ports } = await frontends(log.port, old);
  await start(config);
  for (const [of, name, expected] of WELCOMES) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const outcome = await talk(ports[of], shown(name, version));
      assert.equal(/^x-c: (.*)\r$/m.exec(outcome.answer)?.[1], expected, `${of} ${name} ${version} ${outcome.error}`);
      assert.equal(outcome.protocol, version);
    }
  }
  // Protocols that nobody offers are no reason to refuse (RFC 7301 allows it, HAProxy does so).
  for (const [offered, chosen] of [
    ['bar', ''],
    ['foo', 'foo'],
  ] as const) {
    const outcome = await talk(ports.alpn, { ALPNProtocols: ['x', offered] });
    assert.equal(outcome.alpn, chosen);
    assert.match(outcome.answer, / 200 /);
  }
});

const RECORD = [0x16, 3, 1];
/** What is no handshake: bytes, then what comes back in hex, and whether the client waits, ends or resets. */
const STRANGERS: readonly (readonly [string, Uint8Array, 'wait' | 'end' | 'reset', string, string])[] = [
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'wait', '', FAILED],
  ['HTTP that ends', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'end', '', FAILED],
  ['a proxy request', Buffer.from('CONNECT x:443 HTTP/1.1\r\n\r\n'), 'wait', '', FAILED],
  ['nothing', Buffer.alloc(0), 'end', '', 'Connection closed during SSL handshake'],
  ['nothing, and a reset', Buffer.alloc(0), 'reset', '', FAILED],
  ['nothing, ever', Buffer.alloc(0), 'wait', '', 'Timeout during SSL handshake'],
  ['three bytes', Uint8Array.from(RECORD), 'end', '', 'Connection closed during SSL handshake'],
  ['three bytes, and no more', Uint8Array.from(RECORD), 'wait', '', 'Timeout during SSL handshake'],
  ['three bytes, and a reset', Uint8Array.from(RECORD), 'reset', '', FAILED],
  ['a record too long', Buffer.concat([Uint8Array.from([...RECORD, 0xff, 0xff]), Buffer.alloc(300)]), 'wait', '15030300020216', FAILED],
  [
    'a hello of nonsense',
    Buffer.concat([Uint8Array.from([...RECORD, 0, 200, 1, 0, 0, 196]), Buffer.alloc(196, 7)]),
    'wait',
    '15030300020232',
    FAILED,
  ],
  ['a fatal alert', Uint8Array.from([21, 3, 1, 0, 2, 2, 40]), 'wait', '1503010002020a', FAILED],
  ['a warning', Uint8Array.from([21, 3, 1, 0, 2, 1, 90]), 'wait', '1503010002020a', FAILED],
  ['data', Uint8Array.from([23, 3, 3, 0, 2, 2, 40]), 'wait', '1503030002020a', FAILED],
  ['SSL 2', Uint8Array.from([0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, ...Buffer.alloc(60)]), 'wait', '15030300020246', FAILED],
];

onSubjects('strangers get the right alert, or none, and a line is logged', async ({ start, old }) => {
  await using log = await startSyslog();
  const { config, ports } = await frontends(log.port, old);
  await start(config);
  let lines = log.messages.length;
  for (const at of ['plain', 'strict'] as const) {
    for (const [what, bytes, how, answer, line] of STRANGERS) {
      // HAProxy reads names in hellos of this form too.
      if (what === 'SSL 2' && at === 'strict') continue;
      using client = await connect(ports[at]);
      if (bytes.length > 0) await client.write(bytes);
      if (how === 'end') client.end();
      else if (how === 'reset') client.reset();
      else await client.readToEnd();
      client.end();
      await log.waitForCount(++lines);
      await client.waitForClose();
      assert.equal(Buffer.from(client.received, 'latin1').toString('hex'), answer, what);
      assert.equal(mask(log.messages.at(-1) as string), `127.0.0.1:PORT [DATE] ${at}/x: ${line}`, what);
    }
  }
});

/** How a client leaves when it has the server's answer; TLS 1.2 waits for its keys, 1.3 for its last message. */
const LEAVERS: readonly (readonly [string, (client: Connection) => unknown, string])[] = [
  ['ends', (client) => client.end(), FAILED],
  ['resets', (client) => client.reset(), FAILED],
  ['refuses the certificate', (client) => client.write(Uint8Array.from([21, 3, 3, 0, 2, 2, 48])), FAILED],
  ['says nonsense', (client) => client.write('GET / HTTP/1.1\r\n\r\n'), FAILED],
  ['says nothing more', () => undefined, 'Timeout during SSL handshake'],
];

onSubjects('clients that leave in the middle of a handshake', async ({ start, old }) => {
  await using log = await startSyslog();
  const { config, ports } = await frontends(log.port, old);
  await start(config);
  let lines = log.messages.length;
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const hello = await helloOf({ servername: 'localhost', maxVersion });
    for (const [what, leave, line] of LEAVERS) {
      using client = await connect(ports.plain);
      await client.write(hello);
      await client.read(5);
      leave(client);
      await log.waitForCount(++lines);
      assert.equal(mask(log.messages.at(-1) as string), `127.0.0.1:PORT [DATE] plain/x: ${line}`, `${what} ${maxVersion}`);
    }
  }
});

/** Servers, what the proxy wants of them, the alert they get from it ('' if none), the status that the client gets. */
const SERVERS: readonly (readonly [string, TlsOptions, string, string, number])[] = [
  ['good', served('good'), `ca-file ${files.ca} verify required`, '', 200],
  ['expired', served('expired'), `ca-file ${files.ca} verify required`, ALERT.expired, 503],
  ['ignored', served('expired'), 'verify none', '', 200],
  ['foreign', served('foreign'), `ca-file ${files.ca} verify required`, ALERT.authority, 503],
  ['revoked', served('revoked'), `ca-file ${files.ca} crl-file ${files.crl} verify required`, ALERT.revoked, 503],
  ['name', served('good'), `ca-file ${files.ca} verify required verifyhost x.test`, ALERT.bad, 503],
  ['old', { ...served('good'), maxVersion: 'TLSv1.2' }, 'verify none ssl-min-ver TLSv1.3', 'ERR_SSL_UNSUPPORTED_PROTOCOL', 503],
  ['new', { ...served('good'), minVersion: 'TLSv1.3' }, 'verify none ssl-max-ver TLSv1.2', 'ERR_SSL_UNSUPPORTED_PROTOCOL', 503],
  [
    'cipher',
    { ...served('good'), maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    'verify none ciphers ECDHE-ECDSA-AES256-GCM-SHA384',
    'ERR_SSL_NO_SHARED_CIPHER',
    503,
  ],
];

const portOf = (server: Server | undefined): number => (server?.address() as { port: number } | undefined)?.port ?? 0;

function served(name: keyof typeof files.made): TlsOptions {
  const { pem } = files.made[name];
  return { cert: pem, key: pem };
}

onSubjects('servers that are refused get the right alert, and a line is logged', async ({ start, old }) => {
  await using log = await startSyslog();
  const port = await freePort();
  const errors: Record<string, string> = {};
  const servers = SERVERS.map(([name, options]) => {
    const tell = (error: NodeJS.ErrnoException): void => {
      errors[name] ??= String(error.code);
    };
    const server = createServer(options, (socket) => {
      socket.on('error', tell);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
    });
    server.on('tlsClientError', tell);
    return server.listen(0, '127.0.0.1');
  });
  try {
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const backends = SERVERS.map(
      ([name, , words], at) =>
        `backend ${name}\n  retries 0\n  server s 127.0.0.1:${portOf(servers[at])} ssl ${words}${old ? '' : ' no-sni-auto'}`,
    );
    await start(`global\n  nbthread 1\n  log 127.0.0.1:${log.port} local0\ndefaults\n  mode http\n  log global\n  option httplog
  timeout connect 1s\n  timeout server 2s\n  timeout client 2s
frontend f\n  bind 127.0.0.1:${port}\n  use_backend %[path,field(2,/)]\n${backends.join('\n')}\n`);
    for (const [name, , , alert, status] of SERVERS) {
      const response = await fetch(`http://127.0.0.1:${port}/${name}`, { headers: { connection: 'close' } });
      await response.arrayBuffer();
      assert.equal(response.status, status, name);
      const line = httpLine(await log.waitFor(new RegExp(`GET /${name} `)));
      assert.equal(line.termination, status === 200 ? '----' : 'SC--', name);
      // HAProxy 2.6 says internal_error of a wrong name.
      if (!old || name !== 'name') assert.equal(errors[name] ?? '', alert, name);
    }
  } finally {
    for (const server of servers) server.close();
  }
});

const HALF_HELLO = '\x16\x03\x03\x00\x4a\x02\x00\x00\x46\x03\x03';
/** The first bytes of a hello have come. */
const asked = (connection: Connection): Promise<string> => connection.read(5);
const waitForEnd = async (connection: Connection): Promise<void> => void (await connection.readToEnd());

/** What is no server of TLS: what it does, the letters of the line, and whether an attempt takes the whole timeout. */
const STRANGE_SERVERS: Readonly<Record<string, readonly [(connection: Connection) => Promise<void>, string, boolean]>> = {
  silent: [waitForEnd, 'sC--', true],
  closes: [async () => {}, 'SC--', false],
  resets: [async (connection) => connection.reset(), 'SC--', false],
  leaves: [async (connection) => void (await asked(connection)), 'SC--', false],
  breaks: [(connection) => asked(connection).then(() => connection.reset()), 'SC--', false],
  http: [(connection) => asked(connection).then(() => connection.write('HTTP/1.1 400 Bad Request\r\n\r\n')), 'SC--', false],
  ssh: [(connection) => connection.write('SSH-2.0-x\r\n').then(() => waitForEnd(connection)), 'SC--', false],
  half: [(connection) => connection.write(HALF_HELLO).then(() => waitForEnd(connection)), 'sC--', true],
  halfway: [(connection) => asked(connection).then(() => connection.write(HALF_HELLO)), 'SC--', false],
  alert: [(connection) => asked(connection).then(() => connection.write('\x15\x03\x03\x00\x02\x02\x28')), 'SC--', false],
  flood: [
    async (connection) => {
      await asked(connection);
      for (let turn = 0; turn < 2000 && !connection.ended; turn++) {
        await connection.write(Buffer.alloc(65_536, 0x16));
        await new Promise(setImmediate);
      }
    },
    'SC--',
    false,
  ],
};

onSubjects('servers that are none of TLS are left at once, or when the time is over', async ({ start }) => {
  await using log = await startSyslog();
  const port = await freePort();
  const all = Object.entries(STRANGE_SERVERS);
  const origins = await Promise.all(all.map(([, [script]]) => startRawOrigin((connection) => script(connection).catch(() => undefined))));
  const backends = all.map(([name], at) => {
    const server = `server s 127.0.0.1:${origins[at]?.port} ssl verify none`;
    return `backend ${name}\n  retries 0\n  ${server}\nbackend ${name}-again\n  retries 2\n  timeout connect 600ms\n  ${server}`;
  });
  // The first longer than a broken connection lingers.
  await start(`global\n  nbthread 1\n  log 127.0.0.1:${log.port} local0\ndefaults\n  mode http\n  log global\n  option httplog
  timeout connect 1500ms\n  timeout server 2s\n  timeout client 5s
frontend f\n  bind 127.0.0.1:${port}\n  use_backend %[path,field(2,/)]\n${backends.join('\n')}\n`);
  const ask = async (name: string): Promise<ReturnType<typeof httpLine>> => {
    await (await fetch(`http://127.0.0.1:${port}/${name}`, { headers: { connection: 'close' } })).arrayBuffer();
    return httpLine(await log.waitFor(new RegExp(`GET /${name} `)));
  };
  const look = async ([name, [, letters, waits]]: (typeof all)[number]): Promise<void> => {
    const once = await ask(name);
    assert.deepEqual([once.status, once.termination], [503, letters], name);
    const took = once.times.at(-1) as number;
    assert.ok(waits ? took >= 1450 : took < 1400, `${name}: ${took} ms`);
    const again = await ask(`${name}-again`);
    assert.deepEqual([again.status, again.termination, again.retries], [503, letters, '2'], name);
    // A pause of 600 ms stands between attempts that fail at once, none behind a timeout.
    const sum = again.times.at(-1) as number;
    assert.ok(sum >= (waits ? 1750 : 1150) && sum < 2800, `${name}: ${sum} ms`);
  };
  await Promise.all(all.map(look));
  for (const origin of origins) await origin.close();
});
