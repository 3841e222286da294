/** ACLs that exist without being declared, and the names of ACL criteria that are made from fetches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Place } from '../rules/place.ts';
import { PREDEFINED_ACLS } from '../rules/predefined.ts';
import type { Stream } from '../state/records.ts';
import { ExampleWorld } from './examples.ts';

const at = { file: 'test', line: 1, column: 1 };
const DESKTOP = '\x03\x00\x00\x2f\x2a\xe0\x00\x00\x00\x00\x00Cookie: MSTS=1\r\n\x01';

/** Messages, and the predefined ACLs that hold for each. */
const HOLDING: readonly (readonly [string, (world: ExampleWorld) => Stream, string])[] = [
  ['GET', (world) => world.stream('GET /x HTTP/1.1'), 'TRUE HTTP HTTP_1.1 HTTP_URL_SLASH METH_GET REQ_CONTENT WAIT_END'],
  ['HEAD of 1.0', (world) => world.stream('HEAD /x HTTP/1.0'), 'TRUE HTTP HTTP_1.0 HTTP_URL_SLASH METH_GET METH_HEAD REQ_CONTENT WAIT_END'],
  [
    'POST with a body, to a proxy, from here',
    (world) => {
      const stream = world.stream('POST http://h/x HTTP/1.1\r\nContent-Length: 1\r\n\r\na');
      stream.session.source.ip.set([127, 0, 0, 1]);
      return stream;
    },
    'TRUE HTTP HTTP_1.1 HTTP_CONTENT HTTP_URL_ABS LOCALHOST METH_POST REQ_CONTENT WAIT_END',
  ],
  ['OPTIONS *', (world) => world.stream('OPTIONS * HTTP/1.1'), 'TRUE HTTP HTTP_1.1 HTTP_URL_STAR METH_OPTIONS REQ_CONTENT WAIT_END'],
  ['HTTP/2', (world) => world.stream('PUT /x HTTP/2.0'), 'TRUE HTTP HTTP_2.0 HTTP_URL_SLASH METH_PUT REQ_CONTENT WAIT_END'],
  ['HTTP/3', (world) => world.stream('DELETE /x HTTP/3.0'), 'TRUE HTTP HTTP_3.0 HTTP_URL_SLASH METH_DELETE REQ_CONTENT WAIT_END'],
  ['TRACE', (world) => world.stream('TRACE /x HTTP/1.1'), 'TRUE HTTP HTTP_1.1 HTTP_URL_SLASH METH_TRACE REQ_CONTENT WAIT_END'],
  ['CONNECT', (world) => world.stream('CONNECT h:1 HTTP/1.1'), 'TRUE HTTP HTTP_1.1 METH_CONNECT REQ_CONTENT WAIT_END'],
  ['remote desktop', (world) => world.rawStream(DESKTOP, false), 'TRUE RDP_COOKIE REQ_CONTENT WAIT_END'],
];

for (const [name, streamOf, holding] of HOLDING) {
  test(`predefined ACLs: ${name}`, () => {
    const world = new ExampleWorld();
    const stream = streamOf(world);
    const holds = (acl: string): boolean =>
      world.compiler.condition({ unless: false, words: [acl], at }, Place.frontendRequest | Place.frontendRequestContent).test(stream);
    assert.deepEqual([...PREDEFINED_ACLS.keys()].filter(holds).sort(), holding.split(' ').sort());
    assert.deepEqual(world.compiler.warnings, []);
  });
}

const FAMILIES = ['base', 'cook', 'hdr', 'path', 'scook', 'shdr', 'url', 'urlp'];
const SUFFIXES = ['', '_beg', '_dir', '_dom', '_end', '_len', '_reg', '_sub'];
const SINGLE = 'method payload payload_lv req.ssl_ver req_rdp_cookie req_rdp_cookie_cnt req_ssl_sni req_ssl_ver req_ver resp_ver'.split(
  ' ',
);

test('every name that is made from a fetch exists, and no other', () => {
  const { registry } = new ExampleWorld();
  const names = [...FAMILIES.flatMap((family) => SUFFIXES.map((suffix) => family + suffix)), ...SINGLE];
  assert.equal(names.length, 74);
  assert.deepEqual(
    names.filter((name) => registry.criterion(name) === undefined),
    [],
  );
  for (const name of ['payload_beg', 'req_ver_sub', 'method_beg', 'query_beg', 'req.hdr_beg'])
    assert.equal(registry.criterion(name), undefined, name);
});

test('a version is written with a dot', () => {
  const world = new ExampleWorld();
  const hello = `\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03${'R'.repeat(32)}\x00\x00\x02\x13\x01\x01\x00\x00\x00`;
  const stream = world.rawStream(hello, false);
  const holds = (...words: string[]): boolean =>
    world.compiler.condition({ unless: false, words: ['{', ...words, '}'], at }, Place.frontendRequestContent).test(stream);
  assert.ok(
    holds('req.ssl_ver', '3.3') &&
      holds('req_ssl_ver', '3.1:3.4') &&
      holds('req.ssl_ver', 'gt', '3.2') &&
      holds('req.ssl_ver', '-m', 'int', '196611'),
  );
  assert.ok(!holds('req.ssl_ver', '3.1') && !holds('req_ssl_ver', '3.4:3.9') && !holds('req.ssl_ver', 'lt', '3'));
});
