/** Transactions of certificates: nothing is told to threads before it is whole, and what is wrong changes nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makeCertificate } from '../../test/support/certificates.ts';
import { ocspResponse } from '../../test/support/ocsp.ts';
import { bytes, keyPem, openWorld, type World } from '../../test/support/tls-world.ts';
import { heldNatives } from '../platform/tls/pem.ts';

const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
const old = makeCertificate({ names: ['old.test'] }, authority);
const young = makeCertificate({ names: ['young.test', '*.young.test'] }, authority);

function world(): World {
  return openWorld({ files: { 'a.pem': old.pem, 'b.pem': old.pem, list: '$D/b.pem b.test\n' }, bind: 'crt $D/a.pem crt-list $D/list' });
}

after(() => assert.equal(heldNatives(), 0, 'objects of OpenSSL are left'));

function fieldOf(open: World, path: string, ofTransaction: boolean, name: string): string | undefined {
  return open.control.certificates.show(path, ofTransaction)?.fields.find(([each]) => each === name)?.[1];
}

test('a certificate with its key takes the place of another', async () => {
  using open = world();
  const { certificates } = open.control;
  const path = `${open.at}/a.pem`;
  assert.deepEqual(certificates.list(), [path, `${open.at}/b.pem`]);
  assert.equal(certificates.set(path, bytes(young.pem)).text, `Transaction created for certificate ${path}!`);
  assert.equal(certificates.set(path, bytes(young.pem)).text, `Transaction updated for certificate ${path}!`);
  assert.equal(certificates.open, path);
  assert.equal(open.published.length, 0);
  assert.equal(fieldOf(open, path, false, 'Subject'), '/CN=old.test');
  assert.equal(fieldOf(open, path, false, 'Status'), 'Used');
  assert.equal(fieldOf(open, path, true, 'Subject'), '/CN=young.test');
  assert.equal(fieldOf(open, path, true, 'Status'), 'Unused');
  assert.equal(fieldOf(open, path, true, 'Filename'), `*${path}`);
  assert.equal((await certificates.commit(path)).text, `Committing ${path}\nSuccess!`);
  assert.equal(certificates.open, null);
  assert.equal(certificates.show(path, true), null);
  assert.equal(fieldOf(open, path, false, 'Subject Alternative Name'), 'DNS:young.test, DNS:*.young.test');
  assert.equal(fieldOf(open, path, false, 'Algorithm'), 'EC256');
  assert.match(fieldOf(open, path, false, 'SHA1 FingerPrint') ?? '', /^[0-9A-F]{40}$/);
  const [change] = open.published;
  assert.ok(change?.kind === 'certificate');
  assert.equal(change.material.path, path);
  assert.equal(change.ticketKeys.length, 80);
});

test('certificate and key in two steps; halves are refused and stay open', async () => {
  using open = world();
  const { certificates } = open.control;
  const path = `${open.at}/b.pem`;
  certificates.set(path, bytes(young.certificate));
  assert.match((await certificates.commit(path)).text, /must contain at least a certificate and a private key!\nCan't commit/);
  assert.ok(certificates.set(`${path}.key`, bytes(keyPem(old))).isDone);
  assert.match((await certificates.commit(path)).text, /inconsistencies between private key and certificate/);
  assert.ok(certificates.set(`${path}.key`, bytes(keyPem(young))).isDone);
  assert.ok((await certificates.commit(path)).isDone);
  assert.equal(open.published.length, 1);
});

test('a response in a transaction must be about the certificate, whose issuer is known', async () => {
  using open = world();
  const { certificates, responses } = open.control;
  const path = `${open.at}/a.pem`;
  const base64 = (issued: typeof old): Uint8Array => bytes(ocspResponse(authority, issued).toString('base64'));
  certificates.set(path, bytes(young.pem));
  assert.match(certificates.set(`${path}.ocsp`, bytes('!!')).text, /base64/);
  assert.ok(certificates.set(`${path}.ocsp`, base64(young)).isDone);
  assert.match((await certificates.commit(path)).text, /issuer can't be found/);
  assert.match(certificates.set(`${path}.issuer`, bytes('xx')).text, /cannot be read or parsed/);
  assert.ok(certificates.set(`${path}.issuer`, bytes(authority.certificate)).isDone);
  assert.ok(certificates.set(`${path}.ocsp`, base64(old)).isDone);
  assert.match((await certificates.commit(path)).text, /does not match any certificate/);
  assert.ok(certificates.set(`${path}.ocsp`, bytes(Buffer.from('junk').toString('base64'))).isDone);
  assert.match((await certificates.commit(path)).text, /Unable to parse OCSP response/);
  assert.ok(certificates.set(`${path}.ocsp`, base64(young)).isDone);
  assert.ok((await certificates.commit(path)).isDone);
  assert.match(responses.text(path) ?? '', /Cert Status: good/);
  // A new certificate leaves nothing of the old one.
  certificates.set(path, bytes(old.pem));
  assert.ok((await certificates.commit(path)).isDone);
  assert.equal(responses.text(path), null);
});

test('what is wrong changes nothing', async () => {
  using open = world();
  const { certificates } = open.control;
  const [path, other] = [`${open.at}/a.pem`, `${open.at}/b.pem`];
  assert.match(certificates.set('/none.pem', bytes(young.pem)).text, /not referenced by the configuration!\nCan't update \/none.pem!/);
  assert.match(certificates.set(path, new Uint8Array(2 << 20)).text, /allowed: 1048576/);
  assert.match(certificates.set(path, bytes('garbage')).text, /unable to load certificate from file/);
  assert.match(certificates.set(path, bytes(keyPem(young))).text, /unable to load certificate from file/);
  assert.match(certificates.set(`${path}.key`, bytes('garbage')).text, /unable to load private key/);
  assert.match((await certificates.commit(path)).text, /No ongoing transaction!/);
  assert.match(certificates.abort(path).text, /No ongoing transaction!/);
  certificates.set(path, bytes(young.pem));
  assert.match(
    certificates.set(other, bytes(young.pem)).text,
    /ongoing transaction is about '.*a.pem' but you are trying to set '.*b.pem'/,
  );
  assert.match((await certificates.commit(other)).text, /but you are trying to commit/);
  assert.match(certificates.abort(other).text, /but you are trying to abort/);
  open.refusal = 'thread says no';
  assert.match((await certificates.commit(path)).text, /^thread says no\nCan't commit/);
  assert.equal(fieldOf(open, path, false, 'Subject'), '/CN=old.test');
  assert.match(certificates.abort(path).text, /Transaction aborted for certificate/);
  assert.deepEqual(open.published, []);
});

test('one commit at a time', async () => {
  using open = world();
  const { certificates } = open.control;
  const path = `${open.at}/a.pem`;
  certificates.set(path, bytes(young.pem));
  const first = certificates.commit(path);
  assert.match((await certificates.commit(path)).text, /currently locked/);
  assert.match(certificates.set(path, bytes(old.pem)).text, /currently locked/);
  assert.match(certificates.abort(path).text, /currently locked/);
  assert.ok((await first).isDone);
});

test('a new certificate is told to threads when a list names it, and may go when none does', async () => {
  using open = world();
  const { certificates, lists } = open.control;
  const list = `${open.at}/list`;
  assert.equal(certificates.create('new.pem').text, "New empty certificate store 'new.pem'!");
  assert.match(certificates.create('new.pem').text, /already exists!/);
  assert.deepEqual(certificates.show('new.pem', false)?.fields, [
    ['Filename', 'new.pem'],
    ['Status', 'Empty'],
    ['OCSP Response Key', ''],
  ]);
  assert.match((await lists.add(list, 'new.pem')).text, /certificate 'new.pem' is empty!/);
  certificates.set('new.pem', bytes(young.pem));
  assert.match(certificates.delete('new.pem').text, /ongoing transaction/);
  assert.ok((await certificates.commit('new.pem')).isDone);
  assert.deepEqual(open.published, []);
  assert.equal(fieldOf(open, 'new.pem', false, 'Status'), 'Unused');
  assert.ok((await lists.add(list, 'new.pem x.test')).isDone);
  assert.equal(fieldOf(open, 'new.pem', false, 'Status'), 'Used');
  assert.match(certificates.delete('new.pem').text, /in use, can't be deleted!/);
  assert.match(certificates.delete(`${open.at}/a.pem`).text, /in use/);
  assert.ok((await lists.delete(list, 'new.pem', null)).isDone);
  assert.equal(certificates.delete('new.pem').text, "Certificate 'new.pem' deleted!");
  assert.match(certificates.delete('new.pem').text, /doesn't exist!/);
  assert.deepEqual(
    open.published.map(({ kind }) => kind),
    ['listed', 'unlisted'],
  );
});

test('lines of a list', async () => {
  using open = openWorld({
    files: { 'a.pem': old.pem, 'b.pem': young.pem, list: '$D/a.pem\n# no\n$D/b.pem !no.test *.b.test\n\n$D/b.pem c.test\n' },
    bind: 'crt-list $D/list',
  });
  const { lists } = open.control;
  const [list, a, b] = [`${open.at}/list`, `${open.at}/a.pem`, `${open.at}/b.pem`];
  assert.deepEqual(lists.list(), [list]);
  assert.deepEqual(
    lists.show(list)?.map(({ path, line, names }) => [path, line, names]),
    [
      [a, 1, null],
      [b, 3, ['!no.test', '*.b.test']],
      [b, 5, ['c.test']],
    ],
  );
  assert.deepEqual(lists.text(list, true), [`${a}:1`, `${b}:3 !no.test *.b.test`, `${b}:5 c.test`]);
  assert.equal(lists.text(list, false)?.[0], a);
  assert.equal(lists.show('none'), null);
  assert.match((await lists.add('none', a)).text, /crt-list 'none' does not exist!/);
  assert.match((await lists.add(list, 'none.pem')).text, /certificate 'none.pem' does not exist!/);
  assert.match((await lists.delete(list, a, null)).text, /used as default certificate by the following frontends:\n\t- test.cfg:6/);
  assert.match((await lists.delete(list, b, null)).text, /in several entries, please specify a line number preceded by colons \(3, 5\)!/);
  assert.match((await lists.delete(list, b, 9)).text, /the line number is incorrect.*\(3, 5\)!/);
  assert.match((await lists.delete(list, 'none.pem', null)).text, /does not exist!/);
  assert.match((await lists.delete('none', b, null)).text, /crt-list 'none' does not exist!/);
  assert.deepEqual(open.published, []);
  assert.ok((await lists.delete(list, b, 3)).isDone);
  assert.ok((await lists.add(list, `${b} d.test`)).isDone);
  assert.deepEqual(
    lists.show(list)?.map(({ line, names }) => [line, names]),
    [
      [1, null],
      [5, ['c.test']],
      [6, ['d.test']],
    ],
  );
});

test('payloads of any kind are taken or refused, and leave nothing behind', async () => {
  using open = world();
  const { certificates, authorities, responses } = open.control;
  const path = `${open.at}/a.pem`;
  const sound = young.pem + authority.certificate;
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 0x7fff_ffff;
    return seed % below;
  };
  for (let turn = 0; turn < 150; turn++) {
    const bad = bytes(sound);
    for (let hits = random(6); hits >= 0; hits--) bad[random(bad.length)] = random(256);
    const content = bad.slice(0, turn % 3 === 0 ? random(bad.length) : bad.length);
    for (const ending of ['', '.key', '.issuer', '.ocsp', '.sctl']) certificates.set(path + ending, content);
    if (certificates.open !== null) await certificates.commit(path);
    if (certificates.open !== null) certificates.abort(path);
    authorities.set(path, content);
    await responses.set(content);
  }
  assert.ok(certificates.set(path, bytes(sound)).isDone);
  assert.ok((await certificates.commit(path)).isDone);
});
