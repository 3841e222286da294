/** Access by bearer tokens (RFC 6750) from end to end: signature, time, audience; encrypted tokens; what hostile clients send. */
import assert from 'node:assert/strict';
import {
  createCipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { makeCertificate } from '../support/certificates.ts';
import { exchange } from '../support/connection.ts';
import { makeDoor } from '../support/driver.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { onSubjects } from './rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'hawser-bearer-'));
after(() => rmSync(folder, { recursive: true }));
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }) as string;
const rsaFile = join(folder, 'rsa.pem');
const curveFile = join(folder, 'curve.pem');
writeFileSync(rsaFile, pemOf(rsa.publicKey));
writeFileSync(curveFile, pemOf(curve.publicKey));

const encode = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');
const now = Math.floor(Date.now() / 1000);

function claims(changes: object = {}): string {
  return JSON.stringify({ sub: 'ann', aud: 'api', exp: now + 600, ...changes });
}

function signed(algorithm: string, payload: string, key: KeyObject): string {
  const text = `${encode(JSON.stringify({ alg: algorithm, typ: 'JWT' }))}.${encode(payload)}`;
  return `${text}.${encode(sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

function coded(secret: string | Buffer, payload: string): string {
  const text = `${encode('{"alg":"HS256"}')}.${encode(payload)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const RECIPE = [
  'http-request set-var(txn.bearer) http_auth_bearer',
  "http-request set-var(txn.alg) 'var(txn.bearer),jwt_header_query($.alg)'",
  'http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 ES256 }',
  `http-request deny deny_status 401 if { var(txn.alg) -m str RS256 } !{ var(txn.bearer),jwt_verify(txn.alg,${rsaFile}) 1 }`,
  `http-request deny deny_status 401 if { var(txn.alg) -m str ES256 } !{ var(txn.bearer),jwt_verify(txn.alg,${curveFile}) 1 }`,
  "http-request set-var(txn.exp) 'var(txn.bearer),jwt_payload_query($.exp,int)'",
  'http-request set-var(txn.now) date',
  'http-request deny deny_status 401 unless { var(txn.exp),sub(txn.now) gt 0 }',
  "http-request deny deny_status 403 unless { 'var(txn.bearer),jwt_payload_query($.aud)' -m str api }",
  "http-request set-header X-User '%[var(txn.bearer),jwt_payload_query($.sub)]'",
  'http-request del-header Authorization',
];

function configuration(port: number, serverPort: number, rules: readonly string[]): string {
  return [
    'global\n nbthread 2',
    'defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s',
    `frontend web\n bind 127.0.0.1:${port}`,
    ...rules.map((rule) => ` ${rule}`),
    ' default_backend app',
    `backend app\n server s1 127.0.0.1:${serverPort}`,
    '',
  ].join('\n');
}

/** The status, and the whole answer behind it. */
async function get(port: number, headers: string): Promise<{ status: number; answer: string }> {
  const answer = await exchange(port, `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`);
  return { status: Number(answer.slice(9, 12)), answer };
}

const bearer = (token: string): string => `Authorization: Bearer ${token}\r\n`;

onSubjects('only those with a good token get through', async ({ start }) => {
  await using origin = await startHttpOrigin(({ head }) => ok(/x-user: (.*)\r/i.exec(head)?.[1] ?? 'nobody'));
  const port = await freePort();
  await start(configuration(port, origin.port, RECIPE));
  const rs = signed('RS256', claims(), rsa.privateKey);
  const es = signed('ES256', claims({ sub: 'bob' }), curve.privateKey);
  for (const [token, user] of [
    [rs, 'ann'],
    [es, 'bob'],
  ] as const) {
    const { status, answer } = await get(port, bearer(token));
    assert.equal(status, 200);
    assert.ok(answer.endsWith(user), answer);
  }
  assert.ok(origin.requests.every(({ head }) => !/authorization/i.test(head)));
  const refused: readonly (readonly [number, string, string])[] = [
    [401, 'no token', ''],
    [401, 'another scheme', `Authorization: Basic ${encode('ann:secret')}\r\n`],
    [401, 'nonsense', bearer('nonsense')],
    [401, 'expired', bearer(signed('RS256', claims({ exp: now - 5 }), rsa.privateKey))],
    [401, 'without a time', bearer(signed('RS256', '{"sub":"ann","aud":"api"}', rsa.privateKey))],
    [403, 'for somebody else', bearer(signed('RS256', claims({ aud: 'mail' }), rsa.privateKey))],
    [401, 'another key', bearer(signed('ES256', claims(), generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey))],
    [401, 'the key of another algorithm', bearer(signed('RS256', claims(), curve.privateKey))],
    [401, 'claims exchanged', bearer(rs.replace(/\.[^.]+\./, `.${encode(claims({ sub: 'root' }))}.`))],
    [401, 'not signed', bearer(`${encode('{"alg":"none"}')}.${encode(claims())}.`)],
    [401, 'coded with the public key', bearer(coded(pemOf(rsa.publicKey), claims()))],
    [401, 'coded with the name of the key', bearer(coded(rsaFile, claims()))],
    [401, 'cut', bearer(rs.slice(0, -10))],
    [401, 'a header that lies', bearer(`${encode('{"alg":"ES256"}')}${rs.slice(rs.indexOf('.'))}`)],
    [401, 'nested', bearer(`${encode('['.repeat(4000))}.${encode('{}')}.AAAA`)],
  ];
  for (const [expected, what, headers] of refused) assert.equal((await get(port, headers)).status, expected, what);
  assert.equal(origin.requests.length, 2);
});

const someKey = curve.privateKey.export({ format: 'jwk' });

onSubjects('hundreds of hostile tokens leave nothing behind', async ({ start, old }) => {
  await using origin = await startHttpOrigin(() => ok(''));
  const port = await freePort();
  const rules = old
    ? RECIPE
    : [
        ...RECIPE.slice(0, 2),
        'http-request set-var(txn.jwk) req.fhdr(x-jwk)',
        "http-request set-var(txn.text) 'var(txn.bearer),jwt_decrypt_jwk(txn.jwk)'",
        ...RECIPE.slice(2),
      ];
  await start(configuration(port, origin.port, rules));
  const rs = signed('RS256', claims(), rsa.privateKey);
  for (let round = 0; round < 150; round++) {
    const noise = encode(randomBytes(10 + ((round * 37) % 1200)));
    const jwk = JSON.stringify({ ...someKey, kid: round });
    const token = [noise, `${noise}.${noise}.${noise}`, `${rs.slice(0, round * 5)}${noise}`, `${noise.repeat(2)}....`][round % 4] as string;
    const { status } = await get(port, `${bearer(token)}X-Jwk: ${round % 3 === 0 ? noise : jwk}\r\n`);
    assert.ok(status === 401 || status === 400, String(status));
  }
  assert.equal((await get(port, bearer(rs))).status, 200);
});

onSubjects('an encrypted token, and ciphers as rules', async ({ start, old, context }) => {
  if (old) return context.skip('2.6 decrypts no tokens');
  await using origin = await startHttpOrigin(({ head }) => ok(/x-text: (.*)\r/i.exec(head)?.[1] ?? 'nothing'));
  const port = await freePort();
  const key = randomBytes(32);
  await start(
    configuration(port, origin.port, [
      'http-request set-var(txn.bearer) http_auth_bearer',
      `http-request set-header X-Text %[var(txn.bearer),jwt_decrypt_secret(${key.toString('base64')})] if { var(txn.bearer) -m found }`,
      `http-request set-var(txn.sealed) path,aes_gcm_enc(256,MTIzNDU2Nzg5MDEy,${key.toString('base64')},txn.tag)`,
      `http-request set-header X-Back %[var(txn.sealed),aes_gcm_dec(256,MTIzNDU2Nzg5MDEy,${key.toString('base64')},txn.tag)]`,
    ]),
  );
  const head = encode('{"alg":"dir","enc":"A256GCM"}');
  const vector = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, vector).setAAD(Buffer.from(head));
  const text = Buffer.concat([cipher.update('hidden'), cipher.final()]);
  const token = [head, '', encode(vector), encode(text), encode(cipher.getAuthTag())].join('.');
  assert.ok((await get(port, bearer(token))).answer.endsWith('hidden'));
  assert.match(origin.requests[0]?.head ?? '', /x-back: \/\r/i);
  assert.ok(!(await get(port, bearer(`${token.slice(0, -3)}AAA`))).answer.endsWith('hidden'));
});

onSubjects('certificates of a store check and decrypt', async ({ start, old, context }) => {
  if (old) return context.skip('2.6 has no stores');
  await using origin = await startHttpOrigin(({ head }) => ok(/x-text: (.*)\r/i.exec(head)?.[1] ?? 'nothing'));
  const port = await freePort();
  const pem = join(import.meta.dirname, '../support/tls/rsa.pem');
  const rules = [
    'http-request set-var(txn.bearer) http_auth_bearer',
    'http-request set-header X-Text %[var(txn.bearer),jwt_decrypt_cert(@tokens/key)] if { req.hdr(x-how) decrypt }',
    'http-request set-header X-Text %[var(txn.bearer),jwt_verify_cert(RS256,@tokens/key)] if { req.hdr(x-how) verify }',
    'http-request set-var(txn.name) req.hdr(x-name)',
    'http-request set-header X-Text %[var(txn.bearer),jwt_verify_cert(RS256,txn.name)] if { req.hdr(x-how) named }',
    'http-request set-header X-Text %[var(txn.bearer),jwt_verify(RS256,@tokens/other)] if { req.hdr(x-how) other }',
  ];
  const store = `crt-store tokens\n load crt ${pem} alias key jwt on\n load crt ${pem} alias other\n`;
  await start(store + configuration(port, origin.port, rules));
  const key = createPrivateKey(readFileSync(pem));
  const token = signed('RS256', claims(), key);
  const ask = async (how: string, given: string, name = ''): Promise<string> =>
    (await get(port, `${bearer(given)}X-How: ${how}\r\nX-Name: ${name}\r\n`)).answer.split('\r\n\r\n')[1] ?? '';
  assert.equal(await ask('verify', token), '1');
  assert.equal(await ask('other', token), '1');
  assert.equal(await ask('verify', signed('RS256', claims(), rsa.privateKey)), '0');
  assert.equal(await ask('named', token, '@tokens/key'), '1');
  assert.equal(await ask('named', token, '@tokens/other'), '-5', 'its load line does not say jwt on');
  assert.equal(await ask('named', token, pem), '-5');
  const cek = randomBytes(16);
  const head = encode('{"alg":"RSA-OAEP-256","enc":"A128GCM"}');
  const cipher = createCipheriv('aes-128-gcm', cek, Buffer.alloc(12)).setAAD(Buffer.from(head));
  const text = Buffer.concat([cipher.update('for you'), cipher.final()]);
  const hidden = publicEncrypt({ key: createPublicKey(key), oaepHash: 'sha256' }, cek);
  const sealed = [head, encode(hidden), encode(Buffer.alloc(12)), encode(text), encode(cipher.getAuthTag())].join('.');
  assert.equal(await ask('decrypt', sealed), 'for you');
  assert.equal(await ask('decrypt', token), '', 'it is no encrypted token');
});

onSubjects('a certificate of a store is exchanged while tokens come', async ({ start, old, context }) => {
  if (old) return context.skip('2.6 has no stores');
  const port = await freePort();
  const tlsPort = await freePort();
  const [before, next] = [makeCertificate({ names: ['before.test'] }), makeCertificate({ names: ['next.test'] })];
  const path = join(folder, 'exchanged.pem');
  writeFileSync(path, before.pem);
  const door = makeDoor();
  const rules = [
    'http-request set-var(txn.bearer) http_auth_bearer',
    'http-request return status 200 hdr x-verdict %[var(txn.bearer),jwt_verify_cert(ES256,@tokens/key)]',
  ];
  const tls = ` bind 127.0.0.1:${tlsPort} ssl crt ${join(import.meta.dirname, '../support/tls/server.pem')}\n`;
  const config = `crt-store tokens\n load crt ${path} alias key jwt on\n${configuration(port, 1, rules).replace('frontend web\n', `frontend web\n${tls}`)}`;
  await start({ config, ...door.options });
  using driver = await door.open();
  const verdict = async (key: KeyObject): Promise<string> =>
    /x-verdict: (.*)\r/.exec((await get(port, bearer(signed('ES256', claims(), key)))).answer)?.[1] ?? '';
  assert.deepEqual([await verdict(before.key), await verdict(next.key)], ['1', '0']);
  for (let round = 0; round < 20; round++) {
    await driver.done('tls.certificates.set', '@tokens/key', Buffer.from(round % 2 === 0 ? next.pem : before.pem));
    await driver.done('tls.certificates.commit', '@tokens/key');
    const good = round % 2 === 0 ? next : before;
    for (let each = 0; each < 3; each++)
      assert.deepEqual([await verdict(next.key), await verdict(before.key)], good === next ? ['1', '0'] : ['0', '1']);
  }
});
