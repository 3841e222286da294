/** Transactions of authorities and of revocation lists, and keys of tickets. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makeCertificate, makeRevocations } from '../../test/support/certificates.ts';
import { bytes, openWorld, type World } from '../../test/support/tls-world.ts';
import { heldNatives } from '../platform/tls/pem.ts';

const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
const other = makeCertificate({ names: ['other.test'], isAuthority: true });
const site = makeCertificate({ names: ['site.test'] }, authority);
const KEYS = [1, 2, 3].map((fill) => Buffer.alloc(48, fill).toString('base64')).join('\n');

function world(): World {
  const files = { 'a.pem': site.pem, 'ca.pem': authority.certificate, 'c.crl': makeRevocations(authority, []), keys: `${KEYS}\n` };
  return openWorld({ files, bind: 'crt $D/a.pem ca-file $D/ca.pem crl-file $D/c.crl verify required tls-ticket-keys $D/keys' });
}

after(() => assert.equal(heldNatives(), 0, 'objects of OpenSSL are left'));

test('authorities are replaced as a whole, or added to', async () => {
  using open = world();
  const { authorities } = open.control;
  const path = `${open.at}/ca.pem`;
  assert.deepEqual(authorities.list(), [{ path, count: 1 }]);
  assert.equal(authorities.show(path, false)?.status, 'Used');
  assert.equal(authorities.set(path, bytes(other.certificate)).text, `transaction created for CA ${path}!`);
  assert.equal(authorities.openCount, 1);
  assert.equal(authorities.add(path, bytes(authority.certificate)).text, `transaction updated for CA ${path}!`);
  assert.equal(authorities.openCount, 2);
  assert.equal(authorities.show(path, true)?.certificates.length, 2);
  assert.equal(authorities.show(path, true)?.path, `*${path}`);
  assert.equal((await authorities.commit(path)).text, `Committing ${path}\nSuccess!`);
  const subjects = authorities.show(path, false)?.certificates.map((fields) => fields.find(([name]) => name === 'Subject')?.[1]);
  assert.deepEqual(subjects, ['/CN=other.test', '/CN=authority.test']);
  assert.ok(open.published[0]?.kind === 'trust' && open.published[0].role === 'authorities');
});

test('revocation lists', async () => {
  using open = world();
  const { revocations } = open.control;
  const path = `${open.at}/c.crl`;
  assert.match(revocations.show(path, false)?.lists[0] ?? '', /No Revoked Certificates/);
  assert.ok(revocations.set(path, bytes(makeRevocations(authority, [site]))).isDone);
  assert.ok((await revocations.commit(path)).isDone);
  assert.match(revocations.show(path, false)?.lists[0] ?? '', /Serial Number: 4/);
  assert.match(revocations.set(path, bytes(authority.certificate)).text, /Invalid payload/);
  assert.equal(open.published.length, 1);
});

test('what is wrong changes nothing', async () => {
  using open = world();
  const { authorities } = open.control;
  const path = `${open.at}/ca.pem`;
  const good = bytes(other.certificate);
  assert.match(authorities.set('none', good).text, /a CA file which is not referenced by the configuration!\nCan't update none!/);
  assert.match(authorities.set(path, bytes('xx')).text, /Invalid payload/);
  assert.match(
    authorities.set(path, bytes(`${other.certificate}-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n`)).text,
    /Invalid/,
  );
  assert.match((await authorities.commit(path)).text, /No ongoing transaction!\nCan't commit/);
  assert.match(authorities.abort(path).text, /No ongoing transaction!/);
  assert.match(authorities.create(path).text, /already exists!/);
  assert.match(authorities.delete(path).text, /in use, can't be deleted!/);
  assert.equal(authorities.create('new.pem').text, "New CA file created 'new.pem'!");
  assert.equal(authorities.show('new.pem', false)?.status, 'Empty');
  assert.ok(authorities.set('new.pem', good).isDone);
  assert.match(authorities.set(path, good).text, /ongoing transaction is about 'new.pem' but you are trying to set/);
  assert.match((await authorities.commit(path)).text, /but you are trying to commit/);
  assert.match(authorities.delete('new.pem').text, /ongoing transaction for the CA file 'new.pem'/);
  assert.ok((await authorities.commit('new.pem')).isDone);
  assert.equal(authorities.show('new.pem', false)?.status, 'Unused');
  assert.equal(authorities.delete('new.pem').text, "CA file 'new.pem' deleted!");
  assert.match(authorities.delete('new.pem').text, /doesn't exist!/);
  authorities.set(path, good);
  open.refusal = 'no';
  assert.match((await authorities.commit(path)).text, /^no\n/);
  assert.equal(authorities.abort(path).text, `Transaction aborted for certificate '${path}'!`);
  assert.deepEqual(open.published, []);
});

test('a new key of tickets takes the place of the oldest', async () => {
  using open = world();
  const { ticketKeys } = open.control;
  const file = `${open.at}/keys`;
  const key = (length: number, fill: number): Uint8Array => bytes(Buffer.alloc(length, fill).toString('base64'));
  assert.equal(ticketKeys.list()[0]?.file, file);
  assert.match((await ticketKeys.set('#1', key(48, 4))).text, /unable to locate/);
  assert.match((await ticketKeys.set('#0', bytes('?'))).text, /invalid base64/);
  assert.match((await ticketKeys.set(file, key(80, 4))).text, /wrong size: 80 bytes, expected 48/);
  assert.equal((await ticketKeys.set('#0', key(48, 4))).text, 'TLS ticket key updated!');
  assert.deepEqual(
    ticketKeys.find(file)?.keys.map((each) => each[0]),
    [2, 3, 4],
  );
  assert.ok(open.published[0]?.kind === 'ticket-keys');
});
