/**
 * What HAProxy refuses of conditions, converters, maps and pattern files must be refused by us too: each is a rule of its own, since
 * HAProxy stops at the first that is wrong.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { needs, peer } from '../support/peer.ts';
import { run } from '../support/program.ts';
import { HAWSER } from '../support/proxy.ts';

const FILES: Readonly<Record<string, string>> = { list: 'evil.test\n', map: '/a alpha\n', number: '/a 1x\n', regex: '( b\n' };

/** What stands behind `http-request set-header a`: `if …` lines have a value put before them. @NAME is a file. */
const REFUSED: readonly string[] = [
  'b if { path_bag x }',
  'b if { path -m nope x }',
  'b if { src 10.0.0.0/33 }',
  'b if { src 1.2.3.4.5 }',
  'b if { int(5) abc }',
  'b if { path -f @missing }',
  'b if { path -f }',
  'b if { path -m }',
  'b if { path -m reg ( }',
  'b if { path -m bin 123 }',
  'b if { path -m bin xyz }',
  'b if { path -z x }',
  'b if { path -f @list -m beg }',
  'b if { path,nope x }',
  'b if { path,lower(1) x }',
  'b if { path,map(@missing) x }',
  'b if { path,map() x }',
  'b if { path,map x }',
  '%[path,map_int(@map)]',
  '%[path,map_str_int(@map)]',
  '%[path,map_str_int(@number,abc)]',
  '%[path,map_reg(@regex)]',
  '%[path,map_ip(@map)]',
  '%[path,sha2(100)]',
  '%[path,digest(nope)]',
  '%[path,hmac(sha1)]',
  '%[path,regsub(()]',
  '%[path,json(utf9)]',
  '%[path,be2dec(:)]',
  '%[path,be2dec(:,9)]',
  '%[path,field(a,b)]',
  '%[path,field(0,b)]',
  '%[path,add(x)]',
  '%[path,iif(a)]',
  '%[path,add_item]',
  '%[path,strcmp]',
  '%[path,strcmp(x)]',
  '%[path,json_query($.a,float)]',
  '%[path,protobuf(a)]',
  '%[path,protobuf(1,nope)]',
  '%[int(1),http_date(0,h)]',
  '%[path,crc32(a)]',
  '%[src,ipmask(33)]',
  '%[path,url_enc(nope)]',
  '%[path,xxh32(a)]',
  'b if nothere',
  'b if { path',
  'b if path }',
];

/** How many run at once. */
const AT_ONCE = 4;

describe('what is refused', needs('haproxy'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-refused-'));
  after(() => rmSync(folder, { recursive: true }));
  const head = [
    'defaults',
    ' mode http',
    ' timeout client 5s',
    ' timeout server 5s',
    ' timeout connect 5s',
    'frontend web',
    ' bind 127.0.0.1:1',
  ];
  const rules = REFUSED.map((text) => ` http-request set-header a ${text.replace(/@(\w+)/g, (_, name: string) => join(folder, name))}`);

  test('by HAProxy: all of them', async () => {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    const accepted: string[] = [];
    for (let from = 0; from < rules.length; from += AT_ONCE) {
      await Promise.all(
        rules.slice(from, from + AT_ONCE).map(async (rule, at) => {
          const path = join(folder, `rule${from + at}.cfg`);
          writeFileSync(path, [...head, rule, ''].join('\n'));
          const { status } = await run({ command: peer('haproxy'), args: ['-q', '-c', '-f', path] });
          if (status === 0) accepted.push(rule);
        }),
      );
    }
    assert.deepEqual(accepted, []);
  });

  test('by us: all of them, in one run', async () => {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    const sections = rules.flatMap((rule, at) => [`frontend f${at}`, ` bind 127.0.0.1:${at + 1}`, rule]);
    const path = join(folder, 'all.cfg');
    writeFileSync(path, [...head.slice(0, 5), ...sections, ''].join('\n'));
    const { status, stderr } = await run({ command: HAWSER, args: ['-c', '-f', path] });
    assert.equal(status, 1);
    const told = new Set(Array.from(stderr.matchAll(/all\.cfg:(\d+)\]/g), (match) => Number(match[1])));
    const silent = rules.filter((_, at) => !told.has(head.length - 2 + at * 3 + 3));
    assert.deepEqual(silent, []);
  });
});
