/** Keys by name: files, certificates of stores, and certificates that are exchanged while they are in use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainMemory } from '../../base/memory.ts';
import { KEY_FILES, KEY_STORE } from '../../keywords/example-keys.ts';
import type { Crypto } from '../../platform/crypto/contract.ts';
import { openCrypto } from '../../platform/crypto/openssl.ts';
import { KeyFiles, type StoredCertificate } from './key-files.ts';

const crypto = openCrypto();
const memory = plainMemory({ blocks: 2, notes: 1, statics: 1 << 16 });
const base = memory.base(memory.take());

function open(certificates: readonly StoredCertificate[] = KEY_STORE, from: Crypto = crypto): KeyFiles {
  const readLines = (path: string): readonly string[] => {
    const text = KEY_FILES[path];
    if (text === undefined) throw new Error('ENOENT');
    return text.split('\n');
  };
  return new KeyFiles({ memory, crypto: from, readLines, certificates });
}

function place(name: string): [number, number] {
  for (let at = 0; at < name.length; at++) memory.bytes[base + at] = name.charCodeAt(at);
  return [base, base + name.length];
}

const [curve, rsa] = KEY_STORE as [StoredCertificate, StoredCertificate];

test('a file is read once, and found by its whole name', () => {
  const keys = open();
  const before = crypto.open;
  keys.load('es256.pem');
  keys.load('es256.pem');
  assert.equal(crypto.open, before + 1);
  assert.equal(keys.publicKey(...place('es256.pem'))?.kind, 'ec');
  for (const name of ['', 'es256', 'es256.pem2', 'ES256.pem', 'xs256.pem']) assert.equal(keys.publicKey(...place(name)), null, name);
});

test('what is wrong with a name is said', () => {
  const keys = open();
  assert.throws(() => keys.load('nowhere.pem'), /key file 'nowhere.pem' can't be used: ENOENT/);
  assert.throws(() => keys.demandCertificate('@tokens/none'), /no certificate '@tokens\/none'/);
  assert.throws(() => keys.demandCertificate('@tokens/other'), /needs 'jwt on'/);
  assert.equal(keys.exists('es256.pem'), true);
  assert.equal(keys.exists('@tokens/other'), true);
  assert.equal(keys.exists('secret'), false);
});

test('certificates of stores: only those for tokens have keys', () => {
  const keys = open();
  keys.openCertificates();
  assert.equal(keys.certificateKey(...place('@tokens/curve'))?.kind, 'ec');
  assert.equal(keys.privateKey(...place('@tokens/curve')), null);
  assert.equal(keys.privateKey(...place('@tokens/rsa'))?.kind, 'rsa');
  assert.equal(keys.certificateKey(...place('@tokens/other')), null);
});

test('a certificate is exchanged, or not, and no key is left over', () => {
  const keys = open();
  keys.openCertificates();
  keys.load('@tokens/rsa');
  keys.load('es256.pem');
  const before = crypto.open;
  keys.prepare('@tokens/rsa', curve.certificate, null)?.drop();
  assert.equal(crypto.open, before);
  assert.equal(keys.publicKey(...place('@tokens/rsa'))?.kind, 'rsa');
  keys.prepare('@tokens/rsa', curve.certificate, null)?.apply();
  assert.equal(keys.publicKey(...place('@tokens/rsa'))?.kind, 'ec');
  assert.equal(keys.certificateKey(...place('@tokens/rsa'))?.kind, 'ec');
  assert.equal(keys.privateKey(...place('@tokens/rsa')), null);
  assert.equal(crypto.open, before - 1, 'the private key is gone');
  keys.prepare('@tokens/rsa', rsa.certificate, rsa.privateKey)?.apply();
  assert.equal(keys.privateKey(...place('@tokens/rsa'))?.kind, 'rsa');
  assert.equal(crypto.open, before);
});

test('what nobody uses is not prepared, and what is broken changes nothing', () => {
  const keys = open();
  keys.openCertificates();
  keys.load('es256.pem');
  const before = crypto.open;
  assert.equal(keys.prepare('@tokens/other', rsa.certificate, null), null);
  assert.equal(keys.prepare('es256.pem', rsa.certificate, null), null, 'a file that a rule names is no certificate of a store');
  assert.throws(() => keys.prepare('@tokens/rsa', Buffer.from('nothing'), rsa.privateKey), /neither a public key nor a certificate/);
  assert.equal(crypto.open, before);
  assert.equal(keys.privateKey(...place('@tokens/rsa'))?.kind, 'rsa');
});

test('what goes wrong in the middle of a change leaves no key over', () => {
  let mayMake = Number.POSITIVE_INFINITY;
  const scarce = {
    ...crypto,
    publicKey: (pem: Uint8Array) => {
      if (mayMake-- === 0) throw new Error('out of memory');
      return crypto.publicKey(pem);
    },
    privateKey: (pem: Uint8Array) => crypto.privateKey(pem),
  } as Crypto;
  const keys = open(KEY_STORE, scarce);
  keys.openCertificates();
  keys.load('@tokens/rsa');
  const before = crypto.open;
  mayMake = 1;
  assert.throws(() => keys.prepare('@tokens/rsa', rsa.certificate, rsa.privateKey), /out of memory/);
  assert.equal(crypto.open, before);
});

test('a key may come behind a long text', () => {
  const long = Buffer.concat([Buffer.from('a chain of certificates\n'.repeat(10_000)), rsa.privateKey as Uint8Array]);
  const keys = open([{ ...rsa, privateKey: long }]);
  keys.openCertificates();
  assert.equal(keys.privateKey(...place('@tokens/rsa'))?.kind, 'rsa');
});
