/** Keys in JSON: what is one, and how many are kept. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { plainMemory } from '../../base/memory.ts';
import { openCrypto } from '../../platform/crypto/openssl.ts';
import { Jose } from './jose.ts';
import { Jwk, MOST_JWK } from './jwk.ts';

const memory = plainMemory({ blocks: 2, notes: 1, statics: 1 << 16 });
const base = memory.base(memory.take());
const jose = new Jose(memory, openCrypto(), () => [], {});
const { crypto, jwks, jwkReader } = jose;

function put(text: string): [number, number] {
  for (let index = 0; index < text.length; index++) memory.bytes[base + index] = text.charCodeAt(index);
  return [base, base + text.length];
}

function newCurveKey(): Record<string, string> {
  return jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

function jwkOf(key: KeyObject): Record<string, string> {
  return key.export({ format: 'jwk' }) as Record<string, string>;
}

test('a cache of eight frees the key that was used longest ago', () => {
  const texts = Array.from({ length: 12 }, () => JSON.stringify(newCurveKey()));
  for (const text of texts) assert.ok(jwks.find(...put(text))?.key);
  assert.equal(crypto.open, 8);
  const kept = jwks.find(...put(texts[11] as string));
  assert.equal(jwks.find(...put(texts[11] as string)), kept, 'the same record');
  for (const text of texts.slice(0, 3)) jwks.find(...put(text));
  assert.equal(crypto.open, 8);
  jwks.free();
  assert.equal(crypto.open, 0);
});

test('thousands of keys that a peer sends leave eight, good ones and bad ones', () => {
  const good = newCurveKey();
  for (let round = 0; round < 3000; round++) jwks.find(...put(JSON.stringify({ ...good, kid: `k${round}` })));
  assert.equal(crypto.open, 8);
  for (let round = 0; round < 3000; round++) jwks.find(...put(JSON.stringify({ ...good, x: 'A', kid: `k${round}` })));
  assert.equal(crypto.open, 0, 'bad ones take the places of good ones and hold nothing');
  jwks.free();
});

test('what is no key', () => {
  const curve = newCurveKey();
  const rsa = jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey);
  const without = (key: object, name: string): object => Object.fromEntries(Object.entries(key).filter(([each]) => each !== name));
  const bad: object[] = [
    {},
    [],
    { kty: 'oct' },
    { kty: 'oct', k: 5 },
    { kty: 'oct', k: '!' },
    { kty: 'oct', k: 'A' },
    { kty: 'oct', k: randomBytes(65).toString('base64url') },
    { kty: 'OKP', crv: 'X25519', x: 'AA', d: 'AA' },
    { kty: 'ec', ...without(curve, 'kty') },
    { ...curve, crv: 'P-384' },
    { ...curve, crv: 'secp256k1' },
    { ...curve, y: curve['x'] },
    ...['crv', 'x', 'y', 'd'].map((name) => without(curve, name)),
    ...['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) => without(rsa, name)),
    { ...rsa, n: 'A'.repeat(3000) },
    { kty: { kty: 'oct' }, k: 'AAAA' },
  ];
  for (const each of bad) {
    const key = new Jwk();
    assert.equal(jwkReader.read(key, ...put(JSON.stringify(each)), 4096), false, JSON.stringify(each));
    assert.equal(jwks.find(...put(JSON.stringify(each))), null);
  }
  for (const text of ['', '{', '"oct"', `{"kty":"oct","k":"AAAA"`.repeat(3).slice(0, 20), '['.repeat(8000)])
    assert.equal(jwks.find(...put(text)), null);
  assert.equal(crypto.open, 0);
});

test('a text that is too long is none, whatever it holds', () => {
  const text = JSON.stringify({ kty: 'oct', k: 'AAAA', kid: 'x'.repeat(MOST_JWK) });
  assert.equal(jwks.find(...put(text)), null);
  const fits = JSON.stringify({ kty: 'oct', k: 'AAAA', kid: 'x'.repeat(100) });
  assert.equal(jwks.find(...put(fits))?.secretLength, 3);
});

test('members in any order, with others between them', () => {
  const { kty, crv, x, y, d } = newCurveKey();
  const key = new Jwk();
  assert.ok(
    jwkReader.read(
      key,
      ...put(JSON.stringify({ use: 'enc', d, nested: { x: 'wrong', list: [1, { y: 2 }] }, y, x, kid: 'a', crv, kty })),
      4096,
    ),
  );
  assert.equal(key.key?.kind, 'ec');
  key.free();
  assert.equal(crypto.open, 0);
});
