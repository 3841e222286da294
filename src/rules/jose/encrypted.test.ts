/** Encrypted tokens: those of RFC 7516 and RFC 7518, every pair of algorithms as Node's cryptography writes them, and broken ones. */
import assert from 'node:assert/strict';
import {
  constants,
  createCipheriv,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { test } from 'node:test';
import { plainMemory } from '../../base/memory.ts';
import { openCrypto } from '../../platform/crypto/openssl.ts';
import { HIDING_NAMES, TEXT_NAMES, USUAL_HIDINGS } from './encryption.ts';
import { Jose } from './jose.ts';
import { Jwk } from './jwk.ts';

const memory = plainMemory({ blocks: 2, notes: 1, statics: 1 << 16 });
const base = memory.base(memory.take());
const nothing = (): never => {
  throw new Error('no files here');
};
const jose = new Jose(memory, openCrypto(), nothing, { hidings: HIDING_NAMES });
const { rooms } = jose.crypto;

/** Puts a text into memory: its offsets. */
function put(text: string, at = base): [number, number] {
  for (let index = 0; index < text.length; index++) memory.bytes[at + index] = text.charCodeAt(index);
  return [at, at + text.length];
}

/** The text of a token for a key in JSON; null: there is none. */
function decrypt(token: string, jwk: object, using: Jose = jose): string | null {
  const key = new Jwk();
  if (!using.jwkReader.read(key, ...put(JSON.stringify(jwk)), 8192)) return null;
  const isOpen = using.encrypted.open(...put(token));
  const size = !isOpen
    ? -1
    : key.key === null
      ? using.encrypted.decryptWithSecret(key.secret, key.secretLength)
      : using.encrypted.decryptWithKey(key.key);
  key.free();
  return size < 0 ? null : Buffer.from(rooms.output.subarray(0, size)).toString('latin1');
}

const RSA_A1 = {
  kty: 'RSA',
  n: 'oahUIoWw0K0usKNuOR6H4wkf4oBUXHTxRvgb48E-BVvxkeDNjbC4he8rUWcJoZmds2h7M70imEVhRU5djINXtqllXI4DFqcI1DgjT9LewND8MW2Krf3Spsk_ZkoFnilakGygTwpZ3uesH-PFABNIUYpOiN15dsQRkgr0vEhxN92i2asbOenSZeyaxziK72UwxrrKoExv6kc5twXTq4h-QChLOln0_mtUZwfsRaMStPs6mS6XrgxnxbWhojf663tuEQueGC-FCMfra36C9knDFGzKsNa7LZK2djYgyD3JR_MB_4NUJW_TqOQtwHYbxevoJArm-L5StowjzGy-_bq6Gw',
  e: 'AQAB',
  d: 'kLdtIj6GbDks_ApCSTYQtelcNttlKiOyPzMrXHeI-yk1F7-kpDxY4-WY5NWV5KntaEeXS1j82E375xxhWMHXyvjYecPT9fpwR_M9gV8n9Hrh2anTpTD93Dt62ypW3yDsJzBnTnrYu1iwWRgBKrEYY46qAZIrA2xAwnm2X7uGR1hghkqDp0Vqj3kbSCz1XyfCs6_LehBwtxHIyh8Ripy40p24moOAbgxVw3rxT_vlt3UVe4WO3JkJOzlpUf-KTVI2Ptgm-dARxTEtE-id-4OJr0h-K-VFs3VSndVTIznSxfyrj8ILL6MG_Uv8YAu7VILSB3lOW085-4qE3DzgrTjgyQ',
  p: '1r52Xk46c-LsfB5P442p7atdPUrxQSy4mti_tZI3Mgf2EuFVbUoDBvaRQ-SWxkbkmoEzL7JXroSBjSrK3YIQgYdMgyAEPTPjXv_hI2_1eTSPVZfzL0lffNn03IXqWF5MDFuoUYE0hzb2vhrlN_rKrbfDIwUbTrjjgieRbwC6Cl0',
  q: 'wLb35x7hmQWZsWJmB_vle87ihgZ19S8lBEROLIsZG4ayZVe9Hi9gDVCOBmUDdaDYVTSNx_8Fyw1YYa9XGrGnDew00J28cRUoeBB_jKI1oma0Orv1T9aXIWxKwd4gvxFImOWr3QRL9KEBRzk2RatUBnmDZJTIAfwTs0g68UZHvtc',
  dp: 'ZK-YwE7diUh0qR1tR7w8WHtolDx3MZ_OTowiFvgfeQ3SiresXjm9gZ5KLhMXvo-uz-KUJWDxS5pFQ_M0evdo1dKiRTjVw_x4NyqyXPM5nULPkcpU827rnpZzAJKpdhWAgqrXGKAECQH0Xt4taznjnd_zVpAmZZq60WPMBMfKcuE',
  dq: 'Dq0gfgJ1DdFGXiLvQEZnuKEN0UUmsJBxkjydc3j4ZYdBiMRAy86x0vHCjywcMlYYg4yoC4YZa9hNVcsjqA3FeiL19rk8g6Qn29Tt0cj8qqyFpz9vNDBUfCAiJVeESOjJDZPYHdHY8v1b-o-Z2X5tvLx-TCekf7oxyeKDUqKWjis',
  qi: 'VIMpMYbPf47dT1w_zDUXfPimsSegnMOA1zTaX7aGk_8urY6R8-ZW1FxU7AlWAyLWybqq6t16VFd7hQd0y6flUK4SlOydB61gwanOsXGOAOv82cHq0E3eL4HrtZkUuKvnPrMnsUUFlfUdybVzxyjz9JF_XyaY14ardLSjf4L_FNY',
};
const TOKEN_A1 =
  'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcSr4qKAq7YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ';
const RSA_A2 = {
  kty: 'RSA',
  n: 'sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw',
  e: 'AQAB',
  d: 'VFCWOqXr8nvZNyaaJLXdnNPXZKRaWCjkU5Q2egQQpTBMwhprMzWzpR8Sxq1OPThh_J6MUD8Z35wky9b8eEO0pwNS8xlh1lOFRRBoNqDIKVOku0aZb-rynq8cxjDTLZQ6Fz7jSjR1Klop-YKaUHc9GsEofQqYruPhzSA-QgajZGPbE_0ZaVDJHfyd7UUBUKunFMScbflYAAOYJqVIVwaYR5zWEEceUjNnTNo_CVSj-VvXLO5VZfCUAVLgW4dpf1SrtZjSt34YLsRarSb127reG_DUwg9Ch-KyvjT1SkHgUWRVGcyly7uvVGRSDwsXypdrNinPA4jlhoNdizK2zF2CWQ',
  p: '9gY2w6I6S6L0juEKsbeDAwpd9WMfgqFoeA9vEyEUuk4kLwBKcoe1x4HG68ik918hdDSE9vDQSccA3xXHOAFOPJ8R9EeIAbTi1VwBYnbTp87X-xcPWlEPkrdoUKW60tgs1aNd_Nnc9LEVVPMS390zbFxt8TN_biaBgelNgbC95sM',
  q: 'uKlCKvKv_ZJMVcdIs5vVSU_6cPtYI1ljWytExV_skstvRSNi9r66jdd9-yBhVfuG4shsp2j7rGnIio901RBeHo6TPKWVVykPu1iYhQXw1jIABfw-MVsN-3bQ76WLdt2SDxsHs7q7zPyUyHXmps7ycZ5c72wGkUwNOjYelmkiNS0',
  dp: 'w0kZbV63cVRvVX6yk3C8cMxo2qCM4Y8nsq1lmMSYhG4EcL6FWbX5h9yuvngs4iLEFk6eALoUS4vIWEwcL4txw9LsWH_zKI-hwoReoP77cOdSL4AVcraHawlkpyd2TWjE5evgbhWtOxnZee3cXJBkAi64Ik6jZxbvk-RR3pEhnCs',
  dq: 'o_8V14SezckO6CNLKs_btPdFiO9_kC1DsuUTd2LAfIIVeMZ7jn1Gus_Ff7B7IVx3p5KuBGOVF8L-qifLb6nQnLysgHDh132NDioZkhH7mI7hPG-PYE_odApKdnqECHWw0J-F0JWnUd6D2B_1TvF9mXA2Qx-iGYn8OVV1Bsmp6qU',
  qi: 'eNho5yRBEBxhGBtQRww9QirZsB66TrfFReG_CcteI1aCneT0ELGhYlRlCtUkTRclIfuEPmNsNDPbLoLqqCVznFbvdB7x-Tl-m0l_eFTj2KiqwGqE9PZB9nNTwMVvH3VRRSLWACvPnSiwP8N5Usy-WRXS-V7TbpxIhvepTfE0NNo',
};
const TOKEN_A2 =
  'eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.UGhIOguC7IuEvf_NPVaXsGMoLOmwvc1GyqlIKOK1nN94nHPoltGRhWhw7Zx0-kFm1NJn8LE9XShH59_i8J0PH5ZZyNfGy2xGdULU7sHNF6Gp2vPLgNZ__deLKxGHZ7PcHALUzoOegEI-8E66jX2E4zyJKx-YxzZIItRzC5hlRirb6Y5Cl_p-ko3YvkkysZIFNPccxRU7qve1WYPxqbb2Yw8kZqa2rMWI5ng8OtvzlV7elprCbuPhcCdZ6XDP0_F8rkXds2vE4X-ncOIM8hAYHHi29NX0mcKiRaD0-D-ljQTP-cFPgwCp6X-nZZd9OHBv-B3oWh2TbqmScqXMR4gp_A.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.9hH0vgRfYgPnAHOd8stkvw';
const SECRET_A3 = { kty: 'oct', k: 'GawgguFyGrWKav7AX4VKUg' };
const TOKEN_A3 =
  'eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ';

test('the tokens of RFC 7516 A.1, A.2 and A.3', () => {
  assert.equal(decrypt(TOKEN_A1, RSA_A1), 'The true sign of intelligence is not knowledge but imagination.');
  assert.equal(decrypt(TOKEN_A2, RSA_A2), 'Live long and prosper.');
  assert.equal(decrypt(TOKEN_A3, SECRET_A3), 'Live long and prosper.');
  assert.equal(decrypt(TOKEN_A1, RSA_A2), null);
  assert.equal(decrypt(TOKEN_A2, RSA_A1), null);
  assert.equal(decrypt(TOKEN_A3, RSA_A1), null);
});

test('RSA1_5 is not accepted unless it is asked for', () => {
  const usual = new Jose(memory, openCrypto(), nothing, {});
  assert.equal(USUAL_HIDINGS.length, HIDING_NAMES.length - 1);
  assert.equal(decrypt(TOKEN_A2, RSA_A2, usual), null);
  assert.notEqual(decrypt(TOKEN_A1, RSA_A1, usual), null);
  const strict = new Jose(memory, openCrypto(), nothing, { hidings: ['dir'], texts: ['A128GCM'] });
  assert.equal(decrypt(TOKEN_A1, RSA_A1, strict), null);
});

const encode = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');

/** Header, text and tag by RFC 7518 5, the key's place left to the caller. */
function seal(header: object, enc: string, cek: Buffer, hidden: Buffer, text: string): string {
  const head = encode(JSON.stringify({ ...header, enc }));
  const bits = Number(enc.slice(1, 4));
  if (enc.endsWith('GCM')) {
    const vector = randomBytes(12);
    const cipher = createCipheriv(`aes-${bits}-gcm` as 'aes-128-gcm', cek, vector).setAAD(Buffer.from(head));
    const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
    return [head, encode(hidden), encode(vector), encode(sealed), encode(cipher.getAuthTag())].join('.');
  }
  const vector = randomBytes(16);
  const cipher = createCipheriv(`aes-${bits}-cbc`, cek.subarray(bits / 8), vector);
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(head.length * 8));
  const code = createHmac(`sha${bits * 2}`, cek.subarray(0, bits / 8)).update(Buffer.concat([Buffer.from(head), vector, sealed, length]));
  return [head, encode(hidden), encode(vector), encode(sealed), encode(code.digest().subarray(0, bits / 8))].join('.');
}

function sizeOf(enc: string): number {
  return enc.endsWith('GCM') ? Number(enc.slice(1, 4)) / 8 : Number(enc.slice(1, 4)) / 4;
}

function wrap(key: Buffer, cek: Buffer): Buffer {
  const cipher = createCipheriv(`id-aes${key.length * 8}-wrap`, key, Buffer.alloc(8, 0xa6));
  return Buffer.concat([cipher.update(cek), cipher.final()]);
}

/** RFC 7518 4.6.2. */
function concatKdf(shared: Buffer, name: string, size: number, apu: string, apv: string): Buffer {
  const number = (value: number): Buffer => Buffer.from([0, 0, value >> 8, value & 255]);
  const other = [name, apu, apv].flatMap((part) => [number(part.length), Buffer.from(part)]);
  const round = (index: number): Buffer =>
    createHash('sha256')
      .update(Buffer.concat([number(index), shared, ...other, number(size * 8)]))
      .digest();
  return Buffer.concat([round(1), round(2)]).subarray(0, size);
}

/** A token of any pair of algorithms, and the key that reads it. */
function make(alg: string, enc: string, text: string, namedCurve = 'prime256v1'): { token: string; jwk: object } {
  const cek = randomBytes(sizeOf(enc));
  if (alg === 'dir') return { token: seal({ alg }, enc, cek, Buffer.alloc(0), text), jwk: { kty: 'oct', k: encode(cek) } };
  if (alg.startsWith('RSA')) {
    const padding = alg === 'RSA1_5' ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_OAEP_PADDING;
    const key = createPublicKey({ key: RSA_A1, format: 'jwk' });
    const hidden = publicEncrypt({ key, padding, oaepHash: alg.endsWith('256') ? 'sha256' : 'sha1' }, cek);
    return { token: seal({ alg }, enc, cek, hidden, text), jwk: RSA_A1 };
  }
  if (alg.startsWith('ECDH')) return makeAgreed(alg, enc, text, namedCurve, cek);
  const key = randomBytes(Number(alg.slice(1, 4)) / 8);
  const jwk = { kty: 'oct', k: encode(key) };
  if (!alg.includes('GCM')) return { token: seal({ alg }, enc, cek, wrap(key, cek), text), jwk };
  const vector = randomBytes(12);
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-128-gcm', key, vector);
  const hidden = Buffer.concat([cipher.update(cek), cipher.final()]);
  return { token: seal({ alg, iv: encode(vector), tag: encode(cipher.getAuthTag()) }, enc, cek, hidden, text), jwk };
}

function makeAgreed(alg: string, enc: string, text: string, namedCurve: string, cek: Buffer): { token: string; jwk: object } {
  const own = generateKeyPairSync('ec', { namedCurve });
  const sender = generateKeyPairSync('ec', { namedCurve });
  const shared = diffieHellman({ privateKey: sender.privateKey, publicKey: own.publicKey });
  const header = { alg, epk: sender.publicKey.export({ format: 'jwk' }), apu: encode('Alice'), apv: encode('Bob') };
  const jwk = own.privateKey.export({ format: 'jwk' }) as object;
  const bits = /A(\d+)KW/.exec(alg)?.[1];
  if (bits === undefined)
    return { token: seal(header, enc, concatKdf(shared, enc, cek.length, 'Alice', 'Bob'), Buffer.alloc(0), text), jwk };
  return { token: seal(header, enc, cek, wrap(concatKdf(shared, alg, Number(bits) / 8, 'Alice', 'Bob'), cek), text), jwk };
}

test('every algorithm for the key with every algorithm for the text', () => {
  for (const alg of HIDING_NAMES)
    for (const enc of TEXT_NAMES) {
      const { token, jwk } = make(alg, enc, `${alg} and ${enc}`);
      assert.equal(decrypt(token, jwk), `${alg} and ${enc}`);
    }
  for (const curve of ['secp384r1', 'secp521r1']) {
    const { token, jwk } = make('ECDH-ES', 'A256CBC-HS512', curve, curve);
    assert.equal(decrypt(token, jwk), curve);
  }
  assert.equal(jose.crypto.open, 0);
});

test('the agreement of RFC 7518 appendix C', () => {
  const alice = {
    kty: 'EC',
    crv: 'P-256',
    x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
    y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
    d: '0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo',
  };
  const bob = {
    kty: 'EC',
    crv: 'P-256',
    x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
    y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck',
    d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw',
  };
  const shared = diffieHellman({
    privateKey: createPrivateKey({ key: alice as never, format: 'jwk' }),
    publicKey: createPublicKey({ key: bob as never, format: 'jwk' }),
  });
  const cek = concatKdf(shared, 'A128GCM', 16, 'Alice', 'Bob');
  assert.equal(encode(cek), 'VqqN6vgjbSBcIijNcacQGg');
  const { d, ...epk } = alice;
  const token = seal({ alg: 'ECDH-ES', epk, apu: 'QWxpY2U', apv: 'Qm9i' }, 'A128GCM', cek, Buffer.alloc(0), 'agreed');
  assert.equal(decrypt(token, bob), 'agreed');
  assert.ok(d.length > 0);
});

test('texts of every length, up to what a token may have', () => {
  for (const enc of TEXT_NAMES)
    for (const length of [0, 1, 15, 16, 17, 4000, 23000]) {
      const { token, jwk } = make('dir', enc, 'x'.repeat(length));
      assert.equal(decrypt(token, jwk)?.length, length);
    }
  const { token, jwk } = make('dir', 'A128GCM', 'x'.repeat(25000));
  assert.equal(decrypt(token, jwk), null);
});

/** Each of the five parts changed, cut, empty or exchanged, and the whole cut anywhere. */
function* brokenForms(token: string): Generator<string> {
  const parts = token.split('.');
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] as string;
    const put = (text: string): string => parts.with(at, text).join('.');
    if (part !== '') {
      yield put('');
      yield put(part.slice(0, -1));
      yield put(part.slice(0, -4));
      const middle = part.length >> 1;
      yield put(part.slice(0, middle) + (part[middle] === 'A' ? 'B' : 'A') + part.slice(middle + 1));
      yield put(`${part.slice(0, -1)}!`);
    }
    yield put(`${part}AAAA`);
    yield put('A'.repeat(20000));
  }
  for (let length = 0; length < token.length; length += 7) yield token.slice(0, length);
  yield `${token}.`;
  yield `${token}.x`;
}

test('broken tokens have no text', () => {
  for (const alg of HIDING_NAMES)
    for (const enc of ['A128CBC-HS256', 'A256GCM']) {
      const { token, jwk } = make(alg, enc, 'text');
      assert.equal(decrypt(token, jwk), 'text');
      for (const each of brokenForms(token)) assert.equal(decrypt(each, jwk), null, `${alg} ${enc} ${each}`);
    }
  assert.equal(jose.crypto.open, 0);
});

test('headers that lie', () => {
  const { token, jwk } = make('dir', 'A128GCM', 'text');
  const rest = token.slice(token.indexOf('.'));
  const headers = [
    '',
    '{}',
    '[]',
    'null',
    '{"alg":"dir"}',
    '{"enc":"A128GCM"}',
    '{"alg":"none","enc":"A128GCM"}',
    '{"alg":"DIR","enc":"A128GCM"}',
    '{"alg":["dir"],"enc":"A128GCM"}',
    '{"alg":{"dir":1},"enc":"A128GCM"}',
    '{"alg":"dir","enc":null}',
    '{"alg":"A128KW","enc":"A128GCM"}',
    '{"alg":"A128GCMKW","enc":"A128GCM"}',
    '{"alg":"RSA-OAEP","enc":"A128GCM"}',
    '{"alg":"ECDH-ES","enc":"A128GCM"}',
    '{"alg":"dir","enc":"A256GCM"}',
    '{"alg":"dir","enc":"A128CBC-HS256"}',
    `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
    '['.repeat(20000),
    `{"alg":"${'d'.repeat(20000)}"}`,
    '{"alg":"dir","enc":"A128GCM',
    '{"alg":"dir\\u0000","enc":"A128GCM"}',
  ];
  for (const header of headers) assert.equal(decrypt(encode(header) + rest, jwk), null, header.slice(0, 60));
});

test('points beside the curve, of another curve and of the wrong size', () => {
  const other = createECDH('secp384r1');
  other.generateKeys();
  const bad: readonly object[] = [
    {},
    { kty: 'EC' },
    { kty: 'EC', crv: 'P-256' },
    { kty: 'EC', crv: 'P-256', x: encode(randomBytes(32)), y: encode(randomBytes(32)) },
    { kty: 'EC', crv: 'P-256', x: encode(new Uint8Array(32)), y: encode(new Uint8Array(32)) },
    { kty: 'EC', crv: 'P-256', x: encode(new Uint8Array(31)), y: encode(new Uint8Array(32)) },
    { kty: 'EC', crv: 'P-384', x: encode(other.getPublicKey().subarray(1, 49)), y: encode(other.getPublicKey().subarray(49)) },
    { kty: 'EC', crv: 'P-256', x: encode(randomBytes(15000)), y: encode(randomBytes(32)) },
    { kty: 'OKP', crv: 'X25519', x: encode(randomBytes(32)) },
  ];
  const { jwk } = make('ECDH-ES', 'A128GCM', 'text');
  for (const epk of bad) {
    const token = seal({ alg: 'ECDH-ES', epk }, 'A128GCM', randomBytes(16), Buffer.alloc(0), 'text');
    assert.equal(decrypt(token, jwk), null);
  }
  assert.equal(jose.crypto.open, 0);
});

test('parties that do not fit', () => {
  const { token, jwk } = make('ECDH-ES', 'A128GCM', 'text');
  const header = JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()) as Record<string, unknown>;
  for (const apu of ['!', 'A', encode(randomBytes(14000)), 5]) {
    const changed = encode(JSON.stringify({ ...header, apu }));
    assert.equal(decrypt(changed + token.slice(token.indexOf('.')), jwk), null);
  }
});

test('random bytes are no token and no key', () => {
  for (let round = 0; round < 2000; round++) {
    const noise = randomBytes(1 + (round % 300));
    const text = round % 2 === 0 ? noise.toString('latin1') : noise.toString('base64url').replace(/_/g, '.');
    assert.equal(decrypt(text, SECRET_A3), null);
    const key = new Jwk();
    assert.equal(jose.jwkReader.read(key, ...put(text), 8192), false);
    key.free();
  }
});
