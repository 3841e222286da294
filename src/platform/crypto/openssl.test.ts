/** The cryptographic contract against Node's own way to OpenSSL, with keys made here. It must not know tokens. */
import assert from 'node:assert/strict';
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';
import { test } from 'node:test';
import {
  type Curve,
  type DigestBits,
  EC_NUMBERS,
  type KeyBits,
  Mode,
  Padding,
  type PrivateKey,
  RSA_NUMBERS,
  Signature,
} from './contract.ts';
import { openCrypto } from './openssl.ts';

const crypto = openCrypto();
const { rooms } = crypto;
const ALL_BITS = [128, 192, 256] as const;
const DIGESTS = [256, 384, 512] as const;

function put(room: Uint8Array, bytes: Uint8Array): number {
  room.set(bytes);
  return bytes.length;
}

function taken(size: number): Buffer {
  return Buffer.from(rooms.output.subarray(0, Math.max(0, size)));
}

function fill(key: Uint8Array, vector: Uint8Array, additional: Uint8Array, input: Uint8Array): [number, number, number] {
  put(rooms.key, key);
  return [put(rooms.vector, vector), put(rooms.additional, additional), put(rooms.input, input)];
}

/** Big-endian numbers of a JWK one behind another, as the contract takes them. */
function numbersOf(key: KeyObject, names: readonly string[]): [Uint8Array, Int32Array, Int32Array] {
  const jwk = key.export({ format: 'jwk' }) as Record<string, string>;
  const parts = names.map((name) => Buffer.from(jwk[name] as string, 'base64url'));
  const ends = Int32Array.from(parts, (_, at) => parts.slice(0, at + 1).reduce((sum, part) => sum + part.length, 0));
  const starts = ends.map((end, at) => end - (parts[at] as Buffer).length);
  return [Buffer.concat(parts), starts, ends];
}

test('the first two vectors of the GCM specification: nothing, and a block of zeros', () => {
  const zeros = new Uint8Array(16);
  assert.equal(crypto.encrypt(Mode.gcm, 128, ...fill(zeros, zeros.subarray(0, 12), new Uint8Array(0), new Uint8Array(0))), 0);
  assert.equal(Buffer.from(rooms.tag).toString('hex'), '58e2fccefa7e3061367f1d57a4e7455a');
  assert.equal(crypto.encrypt(Mode.gcm, 128, ...fill(zeros, zeros.subarray(0, 12), new Uint8Array(0), zeros)), 16);
  assert.equal(taken(16).toString('hex'), '0388dace60b6a392f328c2b971b2fe78');
  assert.equal(Buffer.from(rooms.tag).toString('hex'), 'ab6e47d42cec13bdf53a67b21257bddf');
});

function gcmCase(bits: KeyBits, length: number, vectorLength: number, additionalLength: number): void {
  const [key, vector, additional, plain] = [bits / 8, vectorLength, additionalLength, length].map((size) => randomBytes(size)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const oracle = createCipheriv(`aes-${bits}-gcm`, key, vector).setAAD(additional);
  const expected = Buffer.concat([oracle.update(plain), oracle.final()]);
  assert.equal(crypto.encrypt(Mode.gcm, bits, ...fill(key, vector, additional, plain)), length);
  assert.deepEqual(taken(length), expected);
  assert.deepEqual(Buffer.from(rooms.tag), oracle.getAuthTag());
  assert.equal(crypto.decrypt(Mode.gcm, bits, ...fill(key, vector, additional, expected)), length);
  assert.deepEqual(taken(length), plain);
  rooms.tag[length % 16] = (rooms.tag[length % 16] as number) ^ 1;
  assert.equal(crypto.decrypt(Mode.gcm, bits, ...fill(key, vector, additional, expected)), -1);
}

test('GCM agrees with the other way to OpenSSL, and refuses a changed tag', () => {
  for (const bits of ALL_BITS)
    for (const [length, vector, additional] of [
      [0, 12, 0],
      [1, 12, 5],
      [100, 8, 0],
      [16, 128, 300],
      [32768, 12, 32768],
    ] as const)
      gcmCase(bits, length, vector, additional);
});

test('CBC agrees with the other way to OpenSSL, and refuses broken padding', () => {
  for (const bits of ALL_BITS)
    for (const length of [0, 1, 15, 16, 17, 32768]) {
      const [key, vector, plain] = [randomBytes(bits / 8), randomBytes(16), randomBytes(length)];
      const oracle = createCipheriv(`aes-${bits}-cbc`, key, vector);
      const expected = Buffer.concat([oracle.update(plain), oracle.final()]);
      const size = crypto.encrypt(Mode.cbc, bits, ...fill(key, vector, new Uint8Array(0), plain));
      assert.deepEqual(taken(size), expected);
      assert.deepEqual(taken(crypto.decrypt(Mode.cbc, bits, ...fill(key, vector, new Uint8Array(0), expected))), plain);
      assert.equal(crypto.decrypt(Mode.cbc, bits, ...fill(key, vector, new Uint8Array(0), expected.subarray(1))), -1);
    }
  assert.equal(crypto.decrypt(Mode.cbc, 128, ...fill(new Uint8Array(16), new Uint8Array(16), new Uint8Array(0), new Uint8Array(0))), -1);
});

test('wrapped keys are unwrapped (RFC 3394), changed ones are not', () => {
  for (const bits of ALL_BITS) {
    const [key, secret] = [randomBytes(bits / 8), randomBytes(32)];
    const oracle = createCipheriv(`id-aes${bits}-wrap`, key, Buffer.alloc(8, 0xa6));
    const wrapped = Buffer.concat([oracle.update(secret), oracle.final()]);
    assert.deepEqual(taken(crypto.decrypt(Mode.wrap, bits, ...fill(key, new Uint8Array(0), new Uint8Array(0), wrapped))), secret);
    wrapped[3] = (wrapped[3] as number) ^ 1;
    assert.equal(crypto.decrypt(Mode.wrap, bits, ...fill(key, new Uint8Array(0), new Uint8Array(0), wrapped)), -1);
    for (const length of [0, 1, 8, 17])
      assert.equal(crypto.decrypt(Mode.wrap, bits, ...fill(key, new Uint8Array(0), new Uint8Array(0), wrapped.subarray(0, length))), -1);
  }
});

test('the room of the key is wiped by what uses it', () => {
  crypto.encrypt(Mode.gcm, 256, ...fill(randomBytes(32), randomBytes(12), new Uint8Array(0), new Uint8Array(1)));
  assert.ok(rooms.key.subarray(0, 64).every((byte) => byte === 0));
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const CURVES: readonly [Curve, string, DigestBits][] = [
  ['P-256', 'prime256v1', 256],
  ['P-384', 'secp384r1', 384],
  ['P-521', 'secp521r1', 512],
];

function pemOf(key: KeyObject): Uint8Array {
  const type = key.type === 'public' ? 'spki' : 'pkcs8';
  return Buffer.from(key.export({ format: 'pem', type } as never) as unknown as string);
}

function checkSignature(key: KeyObject, pem: Uint8Array, kind: 0 | 1 | 2, bits: DigestBits): void {
  const text = randomBytes(1000);
  const options =
    kind === Signature.ecdsa
      ? { dsaEncoding: 'ieee-p1363' as const }
      : kind === Signature.pss
        ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 }
        : {};
  const made = sign(`sha${bits}`, text, { key, ...options });
  const checker = crypto.publicKey(pem);
  put(rooms.digest, createHash(`sha${bits}`).update(text).digest());
  assert.ok(checker.verify(kind, bits, put(rooms.signature, made)));
  assert.ok(checker.verify(kind, bits, made.length), 'a second time with the same context');
  for (const other of [Signature.rsa, Signature.pss, Signature.ecdsa])
    if (other !== kind) assert.equal(checker.verify(other, bits, made.length), false);
  const otherBits = bits === 256 ? 384 : 256;
  put(rooms.digest, createHash(`sha${otherBits}`).update(text).digest());
  assert.equal(checker.verify(kind, otherBits, made.length), false);
  put(rooms.digest, createHash(`sha${bits}`).update(text).digest());
  for (const length of [0, 1, 2, made.length - 1, made.length - 2]) assert.equal(checker.verify(kind, bits, length), false);
  rooms.signature[5] = (rooms.signature[5] as number) ^ 1;
  assert.equal(checker.verify(kind, bits, made.length), false);
  checker.free();
}

test('signatures of every kind, and what is none', () => {
  for (const bits of DIGESTS)
    for (const kind of [Signature.rsa, Signature.pss]) checkSignature(rsa.privateKey, pemOf(rsa.publicKey), kind, bits);
  for (const [, namedCurve, bits] of CURVES) {
    const pair = generateKeyPairSync('ec', { namedCurve });
    checkSignature(pair.privateKey, pemOf(pair.publicKey), Signature.ecdsa, bits);
  }
  assert.equal(crypto.open, 0);
});

test('a key of another kind is read and verifies nothing', () => {
  const key = crypto.publicKey(pemOf(generateKeyPairSync('ed25519').publicKey));
  assert.equal(key.kind, 'other');
  for (const kind of [Signature.rsa, Signature.pss, Signature.ecdsa]) assert.equal(key.verify(kind, 256, 64), false);
  key.free();
});

test('RSA decrypts with each padding, from a file and from numbers', () => {
  const secret = randomBytes(32);
  const [bytes, starts, ends] = numbersOf(rsa.privateKey, RSA_NUMBERS);
  const keys = [crypto.privateKey(pemOf(rsa.privateKey)), crypto.rsaKey(bytes, starts, ends, 8192)];
  for (const key of keys) {
    assert.ok(key !== null && key.kind === 'rsa' && key.size === 256);
    for (const padding of [Padding.oaep, Padding.oaep256, Padding.pkcs1]) {
      const isOaep = padding !== Padding.pkcs1;
      const options = { key: rsa.publicKey, padding: isOaep ? constants.RSA_PKCS1_OAEP_PADDING : constants.RSA_PKCS1_PADDING };
      const sealed = publicEncrypt({ ...options, ...(isOaep ? { oaepHash: padding === Padding.oaep ? 'sha1' : 'sha256' } : {}) }, secret);
      assert.deepEqual(taken(key.decrypt(padding, put(rooms.signature, sealed))), secret);
      assert.equal(key.decrypt(padding, sealed.length - 1), -1);
      rooms.signature[100] = (rooms.signature[100] as number) ^ 1;
      assert.notDeepEqual(taken(key.decrypt(padding, sealed.length)), secret);
    }
    assert.equal(key.agree(), -1);
    key.free();
  }
  assert.equal(crypto.open, 0);
});

test('keys on curves agree on a secret; a point beside the curve is refused', () => {
  for (const [curve, namedCurve] of CURVES) {
    const own = generateKeyPairSync('ec', { namedCurve });
    const other = generateKeyPairSync('ec', { namedCurve });
    const key = crypto.ecKey(curve, ...numbersOf(own.privateKey, EC_NUMBERS));
    assert.ok(key !== null && key.kind === 'ec');
    const [point] = numbersOf(other.publicKey, ['x', 'y']);
    put(rooms.input, point);
    assert.deepEqual(taken(key.agree()), diffieHellman({ privateKey: own.privateKey, publicKey: other.publicKey }));
    rooms.input[3] = (rooms.input[3] as number) ^ 1;
    assert.equal(key.agree(), -1);
    assert.equal(key.decrypt(Padding.oaep, 256), -1);
    key.free();
  }
  assert.equal(crypto.open, 0);
});

test('numbers that are no key, and keys that are too long', () => {
  const none = new Int32Array(8);
  crypto.rsaKey(new Uint8Array(8), none, none, 8192)?.free();
  assert.equal(
    crypto.ecKey(
      'P-256',
      new Uint8Array(8),
      none,
      none.map(() => 8),
    ),
    null,
  );
  assert.equal(
    crypto.ecKey(
      'P-256',
      new Uint8Array(99),
      none,
      none.map(() => 99),
    ),
    null,
  );
  const long = new Uint8Array(1100).fill(0xff);
  assert.equal(
    crypto.rsaKey(
      long,
      none,
      none.map(() => long.length),
      8192,
    ),
    null,
  );
  assert.equal(
    crypto
      .rsaKey(
        new Uint8Array(9000),
        none,
        none.map(() => 9000),
        8192,
      )
      ?.free(),
    undefined,
  );
  assert.equal(crypto.open, 0);
});

test('made-up keys that would take seconds are none', () => {
  const [bytes, starts, ends] = numbersOf(rsa.privateKey, RSA_NUMBERS);
  const parts = RSA_NUMBERS.map((_, at) => Buffer.from(bytes.subarray(starts[at], ends[at])));
  const long = Buffer.alloc(1024, 0xff);
  const made = (changed: Readonly<Record<number, Buffer>>): PrivateKey | null => {
    const all = parts.map((part, at) => changed[at] ?? part);
    const stops = Int32Array.from(all, (_, at) => all.slice(0, at + 1).reduce((sum, part) => sum + part.length, 0));
    return crypto.rsaKey(
      Buffer.concat(all),
      stops.map((stop, at) => stop - (all[at] as Buffer).length),
      stops,
      8192,
    );
  };
  for (let at = 1; at < 8; at++) {
    assert.equal(made({ [at]: long }), null, String(RSA_NUMBERS[at]));
    if (at > 2) assert.equal(made({ [at]: long, 0: long.subarray(0, 512) }), null, String(RSA_NUMBERS[at]));
  }
  assert.equal(made({ 1: Buffer.alloc(9, 1) }), null);
  assert.equal(crypto.rsaKey(bytes, starts, ends, 2047), null, 'more bits than are wanted');
  const zeros = Buffer.concat([Buffer.alloc(300), parts[1] as Buffer]);
  made({ 1: zeros })?.free();
  for (const value of [Buffer.alloc(0), Buffer.alloc(1), Buffer.of(1), Buffer.of(2), Buffer.alloc(64, 0xff), Buffer.alloc(128)])
    for (let at = 0; at < 8; at++) {
      const key = made({ [at]: value });
      rooms.signature.fill(7);
      for (const padding of [Padding.pkcs1, Padding.oaep]) key?.decrypt(padding, key.size);
      key?.free();
    }
  assert.equal(crypto.open, 0);
});

test('what is wrong with a text is said', () => {
  assert.throws(() => crypto.publicKey(Buffer.from('nothing')), /neither a public key nor a certificate/);
  assert.throws(() => crypto.publicKey(Buffer.alloc(0)), /neither a public key nor a certificate/);
  assert.throws(() => crypto.privateKey(pemOf(rsa.publicKey)), /no private key/);
  const sealed = rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'x' });
  assert.throws(() => crypto.privateKey(Buffer.from(sealed)), /encrypted/);
  assert.equal(crypto.open, 0);
});

test('hostile numbers never crash the process', () => {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  for (let round = 0; round < 300; round++) {
    const bytes = randomBytes(300);
    const starts = new Int32Array(8).map(() => Math.floor(Math.random() * 150));
    const ends = starts.map((start) => start + Math.floor(Math.random() * 140));
    const key = crypto.rsaKey(bytes, starts, ends, 8192);
    key?.decrypt(Padding.oaep, key.size);
    key?.free();
    const curve = crypto.ecKey('P-256', bytes, starts, ends);
    curve?.agree();
    curve?.free();
  }
  assert.equal(crypto.open, 0);
});

test('createDecipheriv reads what is encrypted here', () => {
  const [key, vector] = [randomBytes(32), randomBytes(12)];
  const size = crypto.encrypt(Mode.gcm, 256, ...fill(key, vector, new Uint8Array(0), Buffer.from('text')));
  const oracle = createDecipheriv('aes-256-gcm', key, vector).setAuthTag(rooms.tag);
  assert.equal(Buffer.concat([oracle.update(taken(size)), oracle.final()]).toString(), 'text');
});
