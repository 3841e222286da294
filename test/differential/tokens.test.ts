/**
 * Converters of tokens and ciphers on which HAProxy 2.6 and we must agree: HAProxy answers each request with the values, we evaluate
 * the same expressions in the small world of the examples. Tokens are made here, right ones and broken ones.
 */
import assert from 'node:assert/strict';
import { constants, createCipheriv, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ExampleWorld } from '../../src/keywords/examples.ts';
import { Place } from '../../src/rules/place.ts';
import { exchange } from '../support/connection.ts';
import { needs } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { startHaproxy } from '../support/proxy.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const longCurve = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
const folder = mkdtempSync(join(tmpdir(), 'hawser-tokens-'));
const FILES: Readonly<Record<string, KeyObject>> = { rsa: rsa.publicKey, curve: curve.publicKey, long: longCurve.publicKey };
const pathOf = (name: string): string => join(folder, `${name}.pem`);
const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }) as string;

const encode = (value: string | Buffer): string => Buffer.from(value).toString('base64url');
const CLAIMS = '{"sub":"ann","exp":12345678901,"n":-7,"deep":{"a":[1,2,{"b":"c"}]},"t":true}';

function message(algorithm: string, claims = CLAIMS): string {
  return `${encode(`{"typ":"JWT","alg":"${algorithm}"}`)}.${encode(claims)}`;
}

function hmacToken(bits: number, secret: string | Buffer): string {
  const text = message(`HS${bits}`);
  return `${text}.${createHmac(`sha${bits}`, secret).update(text).digest('base64url')}`;
}

function signedToken(name: string, bits: number, key: KeyObject): string {
  const text = message(`${name}${bits}`);
  const padding = name === 'PS' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 } : {};
  return `${text}.${encode(sign(`sha${bits}`, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363', ...padding }))}`;
}

const GOOD: readonly (readonly [string, string])[] = [
  ...[256, 384, 512].map((bits) => [hmacToken(bits, 'secret'), `HS${bits}`] as const),
  ...[256, 384, 512].map((bits) => [signedToken('RS', bits, rsa.privateKey), `RS${bits}`] as const),
  [signedToken('ES', 256, curve.privateKey), 'ES256'],
  [signedToken('ES', 384, curve.privateKey), 'ES384'],
  [signedToken('ES', 512, longCurve.privateKey), 'ES512'],
];

/** Each way in which a token can be broken that does not depend on the algorithm. */
function broken(token: string): string[] {
  const [header, claims, signature] = token.split('.') as [string, string, string];
  return [
    header,
    `${header}.`,
    `${header}.${claims}`,
    `${header}.${claims}.`,
    `${token}.`,
    `${token}.x`,
    `${token}.x.y`,
    `.${claims}.${signature}`,
    `${header}..${signature}`,
    '..',
    '.',
    `${header}.${claims}.${signature}=`,
    `${header}.${claims}.${signature}==`,
    `${header}.${claims}.=`,
    `${header}.${claims}.==`,
    `${header}==.${claims}==.${signature}`,
    `${header}=.${claims}=.${signature}`,
    `${header}.${claims}.${signature}A`,
    `${header}.${claims}.${signature}AA`,
    `${header}.${claims}.${signature}AAAA`,
    `${header}.${claims}.${signature.slice(0, -1)}`,
    `${header}.${claims}.${signature.slice(0, -4)}`,
    `${header}.${claims}.A${signature.slice(1)}`,
    `${header}.${claims}.${signature.slice(0, 5)}+${signature.slice(6)}`,
    `${header}.${claims}.${signature.slice(0, 5)}!${signature.slice(6)}`,
    `${header}.${claims}.A`,
    `${header}.${claims}.AA`,
    `${header}.${claims}.AAA`,
    `${header}.${encode('{"sub":"eve"}')}.${signature}`,
    `${header}.${encode('not json')}.${signature}`,
    `${header}.${encode('{"sub":"an')}.${signature}`,
    `${header}.${encode('['.repeat(500))}.${signature}`,
    `${header}.!${claims}.${signature}`,
    `${token.slice(0, 20)} ${token.slice(20)}`,
    'x'.repeat(5000),
    `${'y'.repeat(3000)}.${'z'.repeat(3000)}.${'A'.repeat(3000)}`,
  ];
}

const ALGORITHMS = ['HS256', 'HS384', 'RS256', 'ES256', 'rs256', 'RS', 'RS2567', 'XX256', 'NONE', 'non', 'H'];

/** Token and algorithm of each request. */
const REQUESTS: readonly (readonly [string, string])[] = [
  ...GOOD,
  ...GOOD.flatMap(([token]) => ALGORITHMS.map((algorithm) => [token, algorithm] as const)),
  // HAProxy decodes padding to bytes, of which there must be an even number in ECDSA: no token that somebody sends.
  ...GOOD.slice(0, 7).flatMap(([token, algorithm]) =>
    broken(token)
      .filter((each) => algorithm !== 'ES256' || !each.endsWith('='))
      .map((each) => [each, algorithm] as const),
  ),
  [hmacToken(256, ''), 'HS256'],
  [hmacToken(256, pemOf(rsa.publicKey)), 'HS256'],
  [hmacToken(256, pemOf(rsa.publicKey)), 'RS256'],
];

const sealed = createCipheriv('aes-128-gcm', Buffer.from('0123456789abcdef'), Buffer.from('123456789012'));
const SEALED = Buffer.concat([sealed.update('hidden text'), sealed.final()]).toString('base64');
const TAG = sealed.getAuthTag().toString('base64');
const KEY = 'MDEyMzQ1Njc4OWFiY2RlZg==';

const EXPRESSIONS: readonly string[] = [
  ...['rsa', 'curve', 'long'].map((name) => `req.hdr(x-token),jwt_verify(txn.alg,${pathOf(name)})`),
  'req.hdr(x-token),jwt_verify(txn.alg,secret)',
  'req.hdr(x-token),jwt_verify(txn.alg,txn.key)',
  'req.hdr(x-token),jwt_verify(txn.alg,txn.secret)',
  'req.hdr(x-token),jwt_verify(txn.alg,txn.nothing)',
  'req.hdr(x-token),jwt_verify(txn.nothing,secret)',
  'req.hdr(x-token),jwt_verify(HS256,secret)',
  `req.hdr(x-token),jwt_verify(RS256,${pathOf('rsa')})`,
  "req.hdr(x-token),jwt_header_query('$.alg')",
  "req.hdr(x-token),jwt_header_query('$.typ')",
  "req.hdr(x-token),jwt_header_query('$.none')",
  "req.hdr(x-token),jwt_payload_query('$.sub')",
  "req.hdr(x-token),jwt_payload_query('$.exp')",
  "req.hdr(x-token),jwt_payload_query('$.exp','int')",
  "req.hdr(x-token),jwt_payload_query('$.n','int'),add(1)",
  "req.hdr(x-token),jwt_payload_query('$.t')",
  "req.hdr(x-token),jwt_payload_query('$.deep.a[1]')",
  "req.hdr(x-token),jwt_payload_query('$.deep.a[2].b')",
  "req.hdr(x-token),jwt_payload_query('$.deep.a[5]')",
  `str(${SEALED}),b64dec,aes_gcm_dec(128,MTIzNDU2Nzg5MDEy,${KEY},${TAG})`,
  `str(${SEALED}),b64dec,aes_gcm_dec(128,MTIzNDU2Nzg5MDEz,${KEY},${TAG})`,
  `str(${SEALED}),b64dec,aes_gcm_dec(128,MTIzNDU2Nzg5MDEy,txn.aes,${TAG})`,
  `str(${SEALED}),b64dec,aes_gcm_dec(128,MTIzNDU2Nzg5MDEy,txn.nothing,${TAG})`,
  `str(x),aes_gcm_dec(128,MTIzNDU2Nzg5MDEy,${KEY},${TAG})`,
  'req.hdr(x-token),digest(sha256),hex',
  'req.hdr(x-token),hmac(sha512,c2VjcmV0),hex',
];

const VARIABLES = ['txn.alg req.hdr(x-alg)', `txn.key str(${pathOf('rsa')})`, 'txn.secret str(secret)', `txn.aes str(${KEY})`];
const quoted = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

function configuration(port: number, expressions: readonly string[]): string {
  return [
    'global\n tune.bufsize 65536',
    'defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s',
    `frontend web\n bind 127.0.0.1:${port}`,
    ...VARIABLES.map((each) => ` http-request set-var(${each.replace(' ', ') ')}`),
    ...expressions.map((each, at) => ` http-request set-var-fmt(txn.e${at}) ${quoted(`[%[${each}]]`)}`),
    ` http-request return status 200 content-type text/plain lf-string ${quoted(expressions.map((_, at) => `%[var(txn.e${at})]`).join('~'))}`,
    '',
  ].join('\n');
}

/** What HAProxy answers to each request, on one connection. */
async function ask(requests: readonly (readonly [string, string])[], expressions: readonly string[]): Promise<string[][]> {
  const port = await freePort();
  await using _proxy = await startHaproxy({ config: configuration(port, expressions) });
  const answers: string[][] = [];
  for (const [token, algorithm] of requests) {
    const answer = await exchange(
      port,
      `GET / HTTP/1.1\r\nHost: x\r\nX-Token: ${token}\r\nX-Alg: ${algorithm}\r\nConnection: close\r\n\r\n`,
    );
    answers.push((answer.split('\r\n\r\n')[1] ?? '').split('~'));
  }
  return answers;
}

/** Where 3.x or we are otherwise, and why. The last is what we give. */
const OTHERWISE: readonly (readonly [
  token: string,
  algorithm: string,
  expression: string,
  theirs: string,
  ours: string,
  reason: string,
])[] = [
  [signedToken('PS', 256, rsa.privateKey), 'PS256', `jwt_verify(txn.alg,${pathOf('rsa')})`, '-2', '1', '3.x verifies RSASSA-PSS'],
  [signedToken('PS', 512, rsa.privateKey), 'PS256', `jwt_verify(txn.alg,${pathOf('rsa')})`, '-2', '0', '3.x verifies RSASSA-PSS'],
  [
    `${message('none')}.`,
    'none',
    `jwt_verify(txn.alg,${pathOf('rsa')})`,
    '1',
    '0',
    'who sends a token must not choose that it is not signed',
  ],
  [`${message('none')}.`, 'none', 'jwt_verify(none,-)', '1', '1', 'who writes the configuration may'],
  [`${message('none')}.x`, 'none', 'jwt_verify(none,-)', '0', '0', 'there is a signature'],
  [hmacToken(256, pathOf('rsa')), 'HS256', `jwt_verify(txn.alg,${pathOf('rsa')})`, '1', '0', 'the name of a key file is no secret'],
  [GOOD[0]?.[0] as string, 'HS256', 'jwt_payload_query,length', '', '76', 'without a path it is the whole part, as the manual says'],
];

describe('tokens and ciphers, by HAProxy and by us', needs('haproxy'), () => {
  for (const [name, key] of Object.entries(FILES)) writeFileSync(pathOf(name), pemOf(key));
  const world = new ExampleWorld(Object.fromEntries(Object.entries(FILES).map(([name, key]) => [pathOf(name), pemOf(key)])));
  let theirs: string[][] = [];
  let ours: string[][] = [];
  before(async () => {
    theirs = await ask(REQUESTS, EXPRESSIONS);
    ours = answersOf(world, REQUESTS, EXPRESSIONS);
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [at, expression] of EXPRESSIONS.entries()) {
    test(expression.replaceAll(folder, ''), () => {
      for (const [index, [token, algorithm]] of REQUESTS.entries())
        assert.equal(ours[index]?.[at], theirs[index]?.[at], `${algorithm} ${token}`);
    });
  }

  test('where we are otherwise on purpose', async () => {
    const requests = OTHERWISE.map(([token, algorithm]) => [token, algorithm] as const);
    const expressions = OTHERWISE.map(([, , expression]) => `req.hdr(x-token),${expression}`);
    const theirAnswers = await ask(requests, expressions);
    const ourAnswers = answersOf(world, requests, expressions);
    for (const [at, [, , expression, expected, wanted, reason]] of OTHERWISE.entries()) {
      assert.equal(theirAnswers[at]?.[at], `[${expected}]`, `HAProxy, ${expression}: ${reason}`);
      assert.equal(ourAnswers[at]?.[at], `[${wanted}]`, `${expression}: ${reason}`);
    }
  });
});

/** What we answer to each request. */
function answersOf(world: ExampleWorld, requests: readonly (readonly [string, string])[], expressions: readonly string[]): string[][] {
  const { out, memory, variables } = world.thread;
  const compiler = world.newCompiler();
  const formats = expressions.map((each) => compiler.format(`[%[${each}]]`, 'header', Place.frontendRequest));
  return requests.map(([token, algorithm]) => {
    const stream = world.stream(`GET / HTTP/1.1\r\nHost: x\r\nX-Token: ${token}\r\nX-Alg: ${algorithm}`);
    for (const line of VARIABLES) {
      const [name, value] = line.split(' ') as [string, string];
      world.evaluate(`${value},set-var(${name})`, stream, Place.frontendRequest);
    }
    const values = formats.map((format) => {
      out.open(memory.deskStart, memory.deskEnd);
      format.write(out, stream);
      return world.text(memory.deskStart, out.at);
    });
    variables.values.release(stream.variables);
    memory.give(stream.request.block);
    memory.notes.give(stream.note);
    return values;
  });
}
