/** Files of certificates and what stands beside them: what is found, and what is said of what can't be read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder } from '../../test/support/folder.ts';
import { certificateFiles, EXTRA_FILES, type ExtraFile, filesIn, readCertificateFiles, readPemFile } from './pemfile.ts';

const search = (...extras: ExtraFile[]) => ({ extras: new Set(extras), replacesEnding: false });
const ALL = search(...EXTRA_FILES);
const KEY = '-----BEGIN PRIVATE KEY-----\n';

/** What is wrong, or the names of what was found. */
function found(result: ReturnType<typeof readCertificateFiles>): string {
  if ('problem' in result) return result.problem;
  return Object.entries(result)
    .filter(([, bytes]) => bytes !== null)
    .map(([name]) => name)
    .join(' ');
}

test('what stands beside a certificate', () => {
  using files = folder();
  const whole = files.write('whole.pem', `certificate ${KEY}`);
  const plain = files.write('plain.crt', 'certificate');
  for (const ending of ['key', 'ocsp', 'issuer', 'dh']) {
    files.write(`plain.crt.${ending}`, ending);
    files.write(`plain.${ending}`, `${ending} of plain`);
  }
  files.write('plain.crt.sctl', Uint8Array.of(0, 4, 0, 2, 1, 2));
  assert.equal(found(readCertificateFiles(whole, {}, ALL)), 'bytes');
  assert.equal(found(readCertificateFiles(plain, {}, ALL)), 'bytes key ocsp issuer sctl dh');
  assert.equal(found(readCertificateFiles(plain, {}, search('key'))), 'bytes key dh');
  assert.match(
    found(readCertificateFiles(plain, {}, search())),
    /no private key in it, and 'ssl-load-extra-files' looks for no '\.key' file/,
  );
  assert.equal(found(readCertificateFiles(plain, { key: whole, ocsp: whole }, search())), 'bytes key ocsp dh');
  const other = readCertificateFiles(plain, {}, { ...ALL, replacesEnding: true });
  assert.ok(!('problem' in other));
  assert.equal(Buffer.from(other.key ?? []).toString(), 'key of plain');
  assert.match(found(readCertificateFiles(plain, { issuer: '/none' }, ALL)), /unable to load '\/none' : no such file/);
  for (const wrong of [[], [0, 4, 0, 3, 1, 2], [0, 9, 0, 2, 1, 2], [0, 2, 0, 0]]) {
    const list = files.write('wrong.sctl', Uint8Array.from(wrong));
    if (wrong.length > 0) assert.match(found(readCertificateFiles(whole, { sctl: list }, ALL)), /no list of signed certificate timestamps/);
    else assert.equal(found(readCertificateFiles(whole, { sctl: list }, ALL)), 'bytes');
  }
});

test('directories, bundles, and what is no file', () => {
  using files = folder();
  const at = join(files.at, 'certs');
  for (const name of ['b.pem', 'a.pem', 'a.pem.key', 'a.pem.ocsp', '.hidden', 'c.dh']) files.write(`certs/${name}`, name);
  mkdirSync(join(at, 'inner'));
  execFileSync('mkfifo', [join(at, 'pipe'), join(files.at, 'pipe')]);
  assert.deepEqual(certificateFiles(at, ALL), [join(at, 'a.pem'), join(at, 'b.pem')]);
  assert.equal((filesIn(at) as string[]).length, 5);
  symlinkSync('/does/not/exist', join(at, 'z.pem'));
  assert.deepEqual(certificateFiles(at, ALL), [join(at, 'a.pem'), join(at, 'b.pem'), join(at, 'z.pem')]);
  mkdirSync(join(files.at, 'empty'));
  assert.match(
    (certificateFiles(join(files.at, 'empty'), ALL) as { problem: string }).problem,
    /there is no certificate in this directory/,
  );
  for (const kind of ['rsa', 'dsa', 'ecdsa']) files.write(`pair.pem.${kind}`, kind);
  const pair = join(files.at, 'pair.pem');
  assert.deepEqual(certificateFiles(pair, ALL), [`${pair}.ecdsa`, `${pair}.rsa`, `${pair}.dsa`]);
  assert.deepEqual(certificateFiles(pair, search('key')), [pair]);
  // Nobody may wait for a pipe's other end.
  assert.match((readPemFile(join(files.at, 'pipe')) as { problem: string }).problem, /it is no regular file/);
  assert.match((readPemFile(at) as { problem: string }).problem, /it is a directory/);
});

test('what may not be read', { skip: process.seteuid === undefined }, () => {
  using files = folder();
  const secret = files.write('secret.pem', KEY);
  const closed = join(files.at, 'closed');
  const within = files.write('closed/x.pem', KEY);
  chmodSync(files.at, 0o755);
  chmodSync(secret, 0o000);
  chmodSync(closed, 0o000);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    assert.match(found(readCertificateFiles(secret, {}, ALL)), /unable to load '.*secret\.pem' : permission denied/);
    assert.match((certificateFiles(closed, ALL) as { problem: string }).problem, /unable to open directory '.*closed' : permission denied/);
    assert.match(found(readCertificateFiles(within, {}, ALL)), /unable to load '.*x\.pem' : permission denied/);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(closed, 0o755);
  }
});
