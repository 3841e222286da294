/** Signed tokens: those of RFC 7515 appendix A, and what is none. */
import assert from 'node:assert/strict';
import { createPublicKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { assertNoAllocation } from '../../../tools/alloc.ts';
import { plainMemory } from '../../base/memory.ts';
import { openCrypto } from '../../platform/crypto/openssl.ts';
import { Jose } from './jose.ts';
import { ALGORITHM_NAMES, ALGORITHMS } from './signed.ts';

const memory = plainMemory({ blocks: 2, notes: 1, statics: 1 << 16 });
const base = memory.base(memory.take());
const FILES: Record<string, string> = {};
const jose = new Jose(memory, openCrypto(), (path) => (FILES[path] as string).split('\n'), {});
const { signed, keys } = jose;

function put(text: string, at = base): [number, number] {
  for (let index = 0; index < text.length; index++) memory.bytes[at + index] = text.charCodeAt(index);
  return [at, at + text.length];
}

const CLAIMS = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
const TOKENS = {
  HS256: `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
  RS256: `eyJhbGciOiJSUzI1NiJ9.${CLAIMS}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
  ES256: `eyJhbGciOiJFUzI1NiJ9.${CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  ES512:
    'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn',
} as const;
const SECRET = Buffer.from('AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow', 'base64url');
const KEYS = {
  RS256: {
    kty: 'RSA',
    n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
    e: 'AQAB',
  },
  ES256: { kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' },
  ES512: {
    kty: 'EC',
    crv: 'P-521',
    x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
    y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
  },
} as const;
const secretAt = put(SECRET.toString('latin1'), base + 40_000);

for (const [name, jwk] of Object.entries(KEYS)) {
  FILES[name] = createPublicKey({ key: jwk as never, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string;
  keys.load(name);
}

/** What jwt_verify would say, with the secret or the key of the same name. */
function verify(token: string, algorithm: string, key = algorithm): number {
  const { kind, bits } = ALGORITHMS[ALGORITHM_NAMES.indexOf(algorithm)] as (typeof ALGORITHMS)[number];
  const verdict = signed.open(...put(token));
  if (verdict !== 1) return verdict;
  if (kind < 0) return signed.checkCode(bits, ...secretAt);
  const name = put(key, base + 50_000);
  return signed.checkSignature(kind as 0 | 1 | 2, bits, keys.publicKey(...name) as NonNullable<ReturnType<typeof keys.publicKey>>);
}

test('the tokens of RFC 7515 A.1 to A.4', () => {
  for (const [name, token] of Object.entries(TOKENS)) assert.equal(verify(token, name), 1, name);
});

test('the token of RFC 7515 A.5 has no signature', () => {
  assert.equal(signed.checkNone(...put(`eyJhbGciOiJub25lIn0.${CLAIMS}.`)), 1);
  assert.equal(signed.checkNone(...put(`eyJhbGciOiJub25lIn0.${CLAIMS}`)), 1);
  assert.equal(signed.checkNone(...put(TOKENS.HS256)), 0);
  assert.equal(signed.checkNone(...put('eyJhbGciOiJub25lIn0')), -3);
});

test('a signature is good for its own kind, digest and key only', () => {
  assert.equal(verify(TOKENS.ES256, 'ES256', 'ES512'), 0);
  assert.equal(verify(TOKENS.ES256, 'ES256', 'RS256'), 0);
  assert.equal(verify(TOKENS.RS256, 'RS256', 'ES256'), 0);
  assert.equal(verify(TOKENS.RS256, 'PS256', 'RS256'), 0);
  assert.equal(verify(TOKENS.RS256, 'RS384', 'RS256'), 0);
  assert.equal(verify(TOKENS.HS256, 'HS384'), 0);
});

test('no changed byte is accepted, at no place', () => {
  for (const [name, token] of Object.entries(TOKENS)) {
    for (let at = 0; at < token.length - 1; at += name === 'HS256' ? 1 : 13) {
      if (token[at] === '.') continue;
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      assert.equal(verify(changed, name), 0, `${name} ${at}`);
    }
  }
});

test('cut anywhere it is no token, or wrong', () => {
  for (const [name, token] of Object.entries(TOKENS))
    for (let length = 0; length < token.length; length++) assert.ok(verify(token.slice(0, length), name) <= 0);
});

test('a token that is too long says so', () => {
  assert.equal(signed.open(...put(`a.${'b'.repeat(32768)}.c`)), -4);
  assert.equal(signed.open(...put(`a.b.${'A'.repeat(32000)}`)), 1);
  assert.equal(verify(`a.b.${'A'.repeat(32000)}`, 'RS256'), 0);
  assert.equal(verify(`a.b.${'A'.repeat(32000)}`, 'ES256'), 0);
  assert.equal(verify(`a.b.${'A'.repeat(32000)}`, 'HS256'), 0);
});

test('random bytes are no token', () => {
  for (let round = 0; round < 3000; round++) {
    const noise = randomBytes(1 + (round % 200));
    const text = round % 2 === 0 ? noise.toString('latin1') : noise.toString('base64url').replace(/[A-C]/g, '.');
    for (const name of ['HS256', 'RS256', 'ES256', 'ES512']) assert.ok(verify(text, name) <= 0);
  }
  assert.equal(jose.crypto.open, 3);
});

test('a check of a code allocates nothing', () => {
  const [start, end] = put(TOKENS.HS256);
  assertNoAllocation(
    () => {
      if (signed.open(start, end) !== 1 || signed.checkCode(256, secretAt[0], secretAt[1]) !== 1) throw new Error('not verified');
    },
    'HS256',
    30_000,
  );
});
