/** Transactions of certificates: nothing is published before it is whole, and what is wrong changes nothing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CertificateControl, type CertificateMaterial } from './certificates.ts';

const file = (name: string): Buffer => readFileSync(new URL(`../../test/support/tls/${name}`, import.meta.url));
const server = file('server.pem');
const rsa = file('rsa.pem');
const text = rsa.toString('latin1');
const rsaKey = Buffer.from(/-----BEGIN (?:RSA )?PRIVATE KEY-----.*?-----END (?:RSA )?PRIVATE KEY-----\n/s.exec(text)?.[0] ?? '');
const rsaCertificate = Buffer.from(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n/s.exec(text)?.[0] ?? '');

function open(): { readonly control: CertificateControl; readonly published: CertificateMaterial[] } {
  const published: CertificateMaterial[] = [];
  const known = { path: '/site.pem', bytes: server, key: null, ocsp: null };
  return { control: new CertificateControl([known], (material) => published.push(material)), published };
}

test('a certificate with its key takes the place of another', () => {
  const { control, published } = open();
  assert.equal(control.set('/site.pem', rsa), null);
  assert.equal(published.length, 0);
  assert.match(control.show('/site.pem', false)?.subject ?? '', /CN=localhost/);
  assert.match(control.show('/site.pem', true)?.subject ?? '', /CN=rsa/);
  assert.deepEqual(control.list(), [{ path: '/site.pem', isOpen: true }]);
  assert.equal(control.commit('/site.pem'), null);
  assert.deepEqual(
    published.map(({ path, bytes }) => [path, bytes === rsa]),
    [['/site.pem', true]],
  );
  assert.deepEqual(control.list(), [{ path: '/site.pem', isOpen: false }]);
});

test('certificate and key in two steps; halves are refused and stay open', () => {
  const { control, published } = open();
  control.set('/site.pem', rsaCertificate);
  assert.match(control.commit('/site.pem') ?? '', /can't be read/);
  control.set('/site.pem.key', rsaKey);
  control.set('/site.pem.ocsp', Buffer.from([1]));
  assert.equal(control.commit('/site.pem'), null);
  assert.equal(published.length, 1);
  assert.deepEqual(published[0]?.ocsp, Buffer.from([1]));
});

test('what is wrong changes nothing', () => {
  const { control, published } = open();
  assert.match(control.set('/other.pem', server) ?? '', /no certificate '\/other.pem' is in use/);
  assert.match(control.set('/site.pem', new Uint8Array(2 << 20)) ?? '', /longer than/);
  assert.match(control.commit('/site.pem') ?? '', /no transaction/);
  assert.match(control.abort('/site.pem') ?? '', /no transaction/);
  control.set('/site.pem', Buffer.from('garbage'));
  assert.match(control.commit('/site.pem') ?? '', /no certificate in it/);
  control.set('/site.pem', server);
  control.set('/site.pem.key', rsaKey);
  // The certificate file holds its own key, another one beside it goes first.
  assert.match(control.commit('/site.pem') ?? '', /does not belong/);
  assert.equal(control.abort('/site.pem'), null);
  assert.equal(published.length, 0);
  assert.match(control.show('/site.pem', false)?.subject ?? '', /CN=localhost/);
});
