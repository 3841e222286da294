/** Files of certificates: stores, what stands beside them, chains, DHE parameters, timestamps, passphrases, and refusals of bad ones. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { makeCertificate, newKey } from '../support/certificates.ts';
import { folder } from '../support/folder.ts';
import { needs } from '../support/peer.ts';
import { sClient } from '../support/s-client.ts';
import { configure, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const REST = 'http-request return status 200';

function handshake(port: number | undefined, servername: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: port as number, servername, rejectUnauthorized: false, ...options });
    socket.once('error', reject).once('secureConnect', () => resolve(socket));
  });
}

/** The subject that a client gets who asks for a name. */
async function shown(port: number | undefined, servername: string, options: ConnectionOptions = {}): Promise<string> {
  const socket = await handshake(port, servername, options);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject['CN']);
}

/** Subjects of the chain that is really sent. */
async function chainOf(port: number | undefined, servername: string): Promise<string[]> {
  const text = await sClient(port as number, ['-servername', servername, '-showcerts']);
  return Array.from(text.matchAll(/^ *\d+ s:.*?CN ?= ?([^\n,]+)/gm), ([, name]) => name as string);
}

onSubjects('certificates of stores, by name and by path', async ({ start, old }) => {
  if (old) return;
  using files = folder();
  const [one, two, three] = ['one.test', 'two.test', 'three.test'].map((name) => makeCertificate({ names: [name] }));
  for (const made of [one, two, three]) {
    files.write(`certs/${made?.name}.crt`, made?.certificate ?? '');
    files.write(`keys/${made?.name}.key`, made?.key.export({ type: 'pkcs8', format: 'pem' }) ?? '');
  }
  const list = files.write('list', '@web/two.test.crt second.test\n@web/one first.test\n');
  const [direct, listed, used] = await ports(3);
  await start(
    configure({
      global: `crt-base ${files.at}/certs\n  key-base ${files.at}/keys`,
      defaults: `
crt-store web
  crt-base ${files.at}/certs
  key-base ${files.at}/keys
  load crt one.test.crt key one.test.key alias one
  load crt two.test.crt key two.test.key
crt-store
  load crt three.test.crt key three.test.key
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s`,
      rest: `frontend f
  bind 127.0.0.1:${direct} ssl crt @web/one crt @web/two.test.crt crt three.test.crt
  bind 127.0.0.1:${listed} ssl crt-list ${list}
  ${REST}
frontend g
  bind 127.0.0.1:${used} ssl
  ssl-f-use crt @web/one ssl-max-ver TLSv1.2
  ssl-f-use crt ${files.at}/certs/two.test.crt key ${files.at}/keys/two.test.key
  ${REST}`,
    }),
  );
  for (const name of ['one.test', 'two.test', 'three.test']) assert.equal(await shown(direct, name), name);
  assert.equal(await shown(listed, 'first.test'), 'one.test');
  assert.equal(await shown(listed, 'other.test'), 'two.test');
  assert.equal(await shown(used, 'two.test'), 'two.test');
  const socket = await handshake(used, 'one.test');
  assert.equal(socket.getProtocol(), 'TLSv1.2');
  socket.destroy();
});

onSubjects(
  'a chain from the folder of issuers, in order, without its root',
  async ({ start, old }) => {
    // It looks for key identifiers, which certificates of tests have none of.
    if (old) return;
    using files = folder();
    const root = makeCertificate({ names: ['Root'], isAuthority: true });
    const middle = makeCertificate({ names: ['Middle'], isAuthority: true }, root);
    const lower = makeCertificate({ names: ['Lower'], isAuthority: true }, middle);
    const site = makeCertificate({ names: ['site.test'] }, lower);
    files.write('issuers/chain.pem', lower.certificate + middle.certificate + root.certificate);
    const alone = files.write('alone.pem', site.pem);
    const [port] = await ports(1);
    await start(
      configure({
        global: `issuers-chain-path ${files.at}/issuers\n  ssl-skip-self-issued-ca`,
        rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${alone}\n  ${REST}`,
      }),
    );
    assert.deepEqual(await chainOf(port, 'site.test'), ['site.test', 'Lower', 'Middle']);
  },
  needs('openssl'),
);

onSubjects(
  'a file in any order sends its chain in the right one',
  async ({ start, old }) => {
    // HAProxy takes the first certificate of a file for its own.
    if (old) return;
    using files = folder();
    const root = makeCertificate({ names: ['Root'], isAuthority: true });
    const middle = makeCertificate({ names: ['Middle'], isAuthority: true }, root);
    const site = makeCertificate({ names: ['site.test'] }, middle);
    const mixed = files.write('mixed.pem', root.certificate + site.pem + middle.certificate);
    const other = files.write('other.pem', makeCertificate({ names: ['other.test'] }).pem);
    const [port] = await ports(1);
    await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${other} crt ${mixed}\n  ${REST}` }));
    assert.deepEqual(await chainOf(port, 'site.test'), ['site.test', 'Middle', 'Root']);
    assert.equal(await shown(port, 'nobody.test'), 'other.test');
  },
  needs('openssl'),
);

/** A cipher of TLS 1.2 with DHE, or what the client says of its failure. */
const DHE: ConnectionOptions = { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256' };

onSubjects('DHE ciphers need parameters: of the file, of all, or a known group', async ({ start }) => {
  using files = folder();
  const parameters = readFileSync(path('dh2048.pem'), 'latin1');
  const rsa = readFileSync(path('rsa.pem'), 'latin1');
  const all = files.write('dh.pem', parameters);
  const own = files.write('own.pem', rsa + parameters);
  const plain = files.write('plain.pem', rsa);
  const [none, held] = await ports(2);
  const lines = `frontend f\n  bind 127.0.0.1:${none} ssl crt ${plain}\n  bind 127.0.0.1:${held} ssl crt ${own}\n  ${REST}`;
  await start(configure({ rest: lines }));
  await assert.rejects(handshake(none, 'x', DHE));
  const info = async (port: number | undefined): Promise<unknown> => {
    const socket = await handshake(port, 'x', DHE);
    const key: unknown = socket.getEphemeralKeyInfo();
    socket.destroy();
    return `${(key as { type: string }).type} ${(key as { size: number }).size}`;
  };
  assert.equal(await info(held), 'DH 2048');
  const [shared, known] = await ports(2);
  await start(
    configure({ global: `ssl-dh-param-file ${all}`, rest: `frontend f\n  bind 127.0.0.1:${shared} ssl crt ${plain}\n  ${REST}` }),
  );
  assert.equal(await info(shared), 'DH 2048');
  await start(
    configure({ global: 'tune.ssl.default-dh-param 4096', rest: `frontend f\n  bind 127.0.0.1:${known} ssl crt ${plain}\n  ${REST}` }),
  );
  assert.equal(await info(known), 'DH 2048');
});

/** One timestamp of nobody: version 1, a log's name, a time, no extensions, a signature of 8 bytes. */
function timestamps(): Buffer {
  const log = createHash('sha256').update('a log').digest();
  const sct = Buffer.concat([Buffer.of(0), log, Buffer.from('0000018f00000000', 'hex'), Buffer.of(0, 0, 4, 3, 0, 8), Buffer.alloc(8, 1)]);
  const item = Buffer.concat([Buffer.of(0, sct.length), sct]);
  return Buffer.concat([Buffer.of(0, item.length), item]);
}

onSubjects(
  'timestamps of the file beside a certificate are sent to who asks',
  async ({ start, old }) => {
    using files = folder();
    const pem = files.write('site.pem', readFileSync(path('server.pem')));
    files.write('site.pem.sctl', timestamps());
    const logs = files.write('logs', 'enabled_logs = \n');
    const [port] = await ports(1);
    await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${pem}\n  ${REST}` }));
    // HAProxy 2.6 sends them up to TLS 1.2.
    for (const version of old ? ['-tls1_2'] : ['-tls1_3', '-tls1_2']) {
      const text = await sClient(port as number, [version, '-ct', '-ctlogfile', logs, '-CAfile', path('ca.pem')]);
      assert.match(text, /SCTs present \(1\)/, text);
    }
    assert.equal(await shown(port, 'localhost'), 'localhost');
  },
  needs('openssl'),
);

onSubjects('which files are looked for', async ({ start, old }) => {
  if (old) return;
  using files = folder();
  const made = makeCertificate({ names: ['plain.test'] });
  const key = made.key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const crt = files.write('plain.crt', made.certificate);
  files.write('plain.key', key);
  const [port, secret] = await ports(2);
  await start(configure({ global: 'ssl-load-extra-del-ext', rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${crt}\n  ${REST}` }));
  assert.equal(await shown(port, 'plain.test'), 'plain.test');
  const locked = made.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' }) as string;
  const pem = files.write('locked.pem', made.certificate + locked);
  const program = files.write('ask.sh', `#!/bin/sh\n[ "$1" = hint ] && [ "$2" = "${pem}" ] && echo open sesame\n`);
  chmodSync(program, 0o755);
  await start(
    configure({ global: `ssl-passphrase-cmd ${program} hint`, rest: `frontend f\n  bind 127.0.0.1:${secret} ssl crt ${pem}\n  ${REST}` }),
  );
  assert.equal(await shown(secret, 'plain.test'), 'plain.test');
});

onSubjects('bad files are refused by name, and nothing starts', async ({ start, old }) => {
  if (old) return;
  using files = folder();
  const made = makeCertificate({ names: ['bad.test'] });
  const key = made.key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const locked = made.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string;
  const dangling = join(files.at, 'links', 'x.pem');
  files.write('links/good.pem', made.pem);
  symlinkSync('/does/not/exist', dangling);
  files.write('nothing/x.key', key);
  files.write('torn.sctl.pem', made.pem);
  files.write('torn.sctl.pem.sctl', 'no list');
  const wrong: readonly (readonly [crt: string, says: RegExp])[] = [
    [files.write('empty.pem', ''), /unable to load '.*empty\.pem' : the file is empty/],
    [files.write('garbage.pem', 'garbage\n'), /garbage\.pem' : no private key in it, and '.*garbage\.pem\.key' can't be read/],
    [files.write('keyonly.pem', key), /certificate file '.*keyonly\.pem': there is no certificate in it/],
    [files.write('nokey.pem', made.certificate), /unable to load '.*nokey\.pem' : no private key in it/],
    [
      files.write('other.pem', made.certificate + (newKey().export({ type: 'pkcs8', format: 'pem' }) as string)),
      /other\.pem': the private key does not belong/,
    ],
    [files.write('locked.pem', made.certificate + locked), /locked\.pem': the private key is encrypted: .*ssl-passphrase-cmd/],
    [files.write('cut.pem', made.pem.replace(/^[A-Za-z0-9+/]{64}\n/m, '')), /cut\.pem': certificate 1 in it can't be read/],
    [join(files.at, 'torn.sctl.pem'), /torn\.sctl\.pem\.sctl' : it is no list of signed certificate timestamps/],
    [join(files.at, 'links'), /unable to load '.*links\/x\.pem' : no such file/],
    [join(files.at, 'nothing'), /unable to load '.*nothing' : there is no certificate in this directory/],
    [join(files.at, 'missing'), /unable to load '.*missing' : no such file or directory/],
    ['@web/none', /no 'load' line of a 'crt-store' section above makes '@web\/none'/],
  ];
  const [port] = await ports(1);
  for (const [crt, says] of wrong) {
    const config = configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${crt}\n  ${REST}` });
    await assert.rejects(start(config), (error: Error) => {
      assert.match(error.message, says);
      return true;
    });
  }
});

onSubjects('a client certificate of a store is shown to a server', async ({ start, old }) => {
  if (old) return;
  const [front, back] = await ports(2);
  await start(
    configure({
      defaults: `
crt-store own
  load crt ${path('client.pem')} alias me
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s`,
      rest: `frontend f
  bind 127.0.0.1:${front}
  default_backend b
frontend g
  bind 127.0.0.1:${back} ssl crt ${path('server.pem')} verify required ca-file ${path('ca.pem')}
  http-request return status 200 hdr x-who %[ssl_c_s_dn(cn)]
backend b
  server s 127.0.0.1:${back} ssl verify none crt @own/me`,
    }),
  );
  const answer = await fetch(`http://127.0.0.1:${front}/`);
  assert.equal(answer.status, 200);
  assert.notEqual(answer.headers.get('x-who'), '');
});
