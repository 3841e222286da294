/** Certificates that are made for the names clients ask for (`generate-certificates`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect, type DetailedPeerCertificate } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { makeCertificate } from '../support/certificates.ts';
import { folder } from '../support/folder.ts';
import { configure, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const REST = 'http-request return status 200';
const AUTHORITY = readFileSync(path('ca.pem'), 'utf8') + readFileSync(path('ca.key'), 'utf8');

/** What a client that trusts only the authority of these tests gets. */
function shown(port: number | undefined, servername: string, options: ConnectionOptions = {}): Promise<DetailedPeerCertificate> {
  return new Promise((resolve, reject) => {
    const ca = readFileSync(path('ca.pem'));
    const socket = connect({ host: '127.0.0.1', port: port as number, servername, ca, ...options });
    socket.once('error', reject).once('secureConnect', () => {
      const found = socket.getPeerCertificate(true);
      socket.destroy();
      resolve(found);
    });
  });
}

onSubjects('a certificate for each name, signed by the authority', async ({ start, old }) => {
  using files = folder();
  const sign = files.write('sign.pem', AUTHORITY);
  const [port, rsa] = await ports(2);
  const words = `generate-certificates ca-sign-file ${sign}`;
  await start(
    configure({
      global: 'nbthread 1',
      rest: `frontend f
  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} ${words}
  bind 127.0.0.1:${rsa} ssl crt ${path('rsa.pem')} ${words}
  ${REST}`,
    }),
  );
  // HAProxy 2.6 keeps what it makes for all lines alike.
  for (const [at, maxVersion, name] of [
    [port, 'TLSv1.3', 'made.test'],
    [rsa, 'TLSv1.2', 'rsa.made.test'],
  ] as const) {
    const made = await shown(at, `www.${name}`.replace('m', 'M'), { maxVersion });
    assert.equal(made.subjectaltname, `DNS:www.${name}`);
    assert.equal([made.subject['CN']].flat().at(-1), `www.${name}`);
    assert.equal(made.issuer['CN'], 'Test authority');
    assert.equal((await shown(at, `www.${name}`, { maxVersion })).serialNumber, made.serialNumber);
    assert.notEqual((await shown(at, `other.${name}`, { maxVersion })).serialNumber, made.serialNumber);
  }
  // Names that there is a certificate for, and clients that ask for none, get the one of the line.
  const own = await shown(port, 'localhost');
  assert.equal(own.subject['CN'], 'localhost');
  assert.equal((await shown(port, '', { rejectUnauthorized: false })).fingerprint, own.fingerprint);
  // No name becomes more than a name. HAProxy ends such connections.
  if (old) return;
  const bad = await shown(port, 'a,DNS:b.test', { rejectUnauthorized: false });
  assert.notEqual(bad.subjectaltname, 'DNS:a, DNS:b.test');
});

onSubjects('only the latest used are kept; an authority with a passphrase, below another', async ({ start, old }) => {
  using files = folder();
  const root = makeCertificate({ names: ['Root'], isAuthority: true });
  const lower = makeCertificate({ names: ['Lower'], isAuthority: true }, root);
  const key = lower.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' }) as string;
  const sign = files.write('sign.pem', lower.certificate + root.certificate + key);
  const [port] = await ports(1);
  // HAProxy would ask at the terminal.
  if (old) return;
  const words = `generate-certificates ca-sign-file ${sign} ca-sign-pass "open sesame" strict-sni`;
  await start(
    configure({
      global: 'nbthread 1\n  tune.ssl.ssl-ctx-cache-size 2',
      rest: `frontend f\n  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} ${words}\n  ${REST}`,
    }),
  );
  const serial = async (name: string): Promise<string> => {
    const made = await shown(port, name, { ca: root.certificate });
    assert.equal(made.issuerCertificate.subject['CN'], 'Lower');
    return made.serialNumber;
  };
  const [one, two] = [await serial('one.test'), await serial('two.test')];
  assert.equal(await serial('one.test'), one);
  await serial('three.test');
  assert.equal(await serial('one.test'), one);
  assert.notEqual(await serial('two.test'), two);
  await assert.rejects(shown(port, 'no_*/name', { rejectUnauthorized: false }), /unrecognized.name|alert/i);
});

onSubjects('what is missing is said', async ({ start }) => {
  using files = folder();
  const [port] = await ports(1);
  const line = (words: string): string =>
    configure({ rest: `frontend f\n  bind 127.0.0.1:${port} ssl ${words} generate-certificates\n  ${REST}` });
  const sign = files.write('sign.pem', AUTHORITY);
  await assert.rejects(start(line(`crt ${path('server.pem')}`)), /ca-sign-file|no CA certificate File/);
  await assert.rejects(start(line(`crt ${path('server.pem')} ca-sign-file ${path('ca.pem')}`)), /ca\.pem/);
  await assert.rejects(start(line(`ca-sign-file ${sign}`)), /crt/);
});
