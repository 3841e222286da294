/**
 * Pattern files and maps of a running proxy: read once for all threads, changed by rules, seen by every thread
 * (HAProxy configuration manual 2.7, 4.3, 7.3.1).
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../support/connection.ts';
import { askMaps, CONTROLLED } from '../support/controlled.ts';
import { makeFolder } from '../support/proxy.ts';
import { ask, configure, eventually, get, onSubjects, ports } from './rig.ts';

onSubjects('rules change a map and a pattern file, and every thread sees it', async ({ start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-maps-'));
  try {
    const map = join(folder, 'm.map');
    const list = join(folder, 'l.lst');
    writeFileSync(map, '# first\n/a alpha\n');
    writeFileSync(list, '\n  /blocked  \n/gone\n');
    const [port] = await ports(1);
    const rest = `frontend fe
  bind 127.0.0.1:${port}
  acl blocked path -f ${list}
  http-request set-map(${map}) %[url_param(k)] %[url_param(v)] if { path /set }
  http-request del-map(${map}) %[url_param(k)] if { path /del }
  http-request add-acl(${list}) %[url_param(k)] if { path /block }
  http-request del-acl(${list}) %[url_param(k)] if { path /allow }
  http-request deny if blocked
  http-request return status 200 content-type text/plain lf-string "%[path,map(${map},none)]"\n`;
    await start(configure({ rest, global: '  nbthread 2' }));
    const go = (path: string): Promise<{ status: number; body: string }> => ask(port, get(path, 'Connection: close'));
    const all = async (path: string): Promise<string[]> => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => go(path)));
      return Array.from(new Set(answers.map(({ status, body }) => (status === 200 ? body : String(status)))));
    };

    assert.deepEqual(await all('/a'), ['alpha']);
    assert.deepEqual(await all('/b'), ['none']);
    await go('/set?k=/b&v=beta');
    assert.deepEqual(await all('/b'), ['beta']);
    await go('/set?k=/a&v=changed');
    assert.deepEqual(await all('/a'), ['changed']);
    await go('/del?k=/a');
    assert.deepEqual(await all('/a'), ['none']);
    assert.deepEqual(await all('/gone'), ['403']);
    await go('/allow?k=/gone');
    assert.deepEqual(await all('/gone'), ['none']);
    await go('/block?k=/b');
    assert.deepEqual(await all('/b'), ['403']);
    // One more than once, so that nothing is there twice.
    await go('/block?k=/b');
    await go('/allow?k=/b');
    assert.deepEqual(await all('/b'), ['beta']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

onSubjects('a map that grows far beyond its file', async ({ start }) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-maps-'));
  try {
    const map = join(folder, 'm.map');
    writeFileSync(map, '');
    const [port] = await ports(1);
    const rest = `frontend fe
  bind 127.0.0.1:${port}
  http-request set-map(${map}) %[path] %[path]%[path] unless { url_param(q) -m found }
  http-request return status 200 content-type text/plain lf-string "%[path,map(${map},none)]"\n`;
    await start(configure({ rest, global: '  nbthread 2' }));
    const long = 'x'.repeat(700);
    for (let n = 0; n < 60; n++) {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => ask(port, get(`/${n}-${at}-${long}`, 'Connection: close'))));
      assert.ok(answers.every(({ status, body }) => status === 200 && body !== 'none'));
    }
    for (const path of [`/0-0-${long}`, `/30-7-${long}`, `/59-19-${long}`]) {
      // What came while the set moved may be unseen for some milliseconds, but is not lost.
      const isThere = async (): Promise<boolean> => (await ask(port, get(`${path}?q=1`, 'Connection: close'))).body === path + path;
      await eventually(isThere, path.slice(0, 10));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

onSubjects('a request that waits while maps are committed goes on with what they were', async ({ start, old }) => {
  if (old) return;
  const folder = makeFolder();
  const door = join(folder, 'door');
  writeFileSync(join(folder, 'm.map'), '/a old\n');
  writeFileSync(join(folder, 'l.lst'), '/a\n');
  const [port] = await ports(1);
  const seen = `%[path,map(${folder}/m.map,none)]`;
  const rest = `frontend fe
  bind 127.0.0.1:${port}
  acl listed path -f ${folder}/l.lst
  http-request set-map(${folder}/m.map) /mine mine if { method POST }
  http-request set-var-fmt(txn.before) "${seen}"
  http-request wait-for-body time 5s if { method POST }
  http-request deny unless listed
  http-request return status 200 content-type text/plain lf-string "%[var(txn.before)] ${seen} %[str(/mine),map(${folder}/m.map,none)]"\n`;
  const node = { command: process.execPath, args: ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', CONTROLLED, '-db'] };
  await start({ ...node, config: configure({ rest, global: 'nbthread 2' }), env: { HAWSER_TEST_DOOR: door }, ready: [door] });
  const commit = async (file: string, ...entries: (readonly [string, string | null])[]): Promise<void> => {
    const version = (await askMaps(door, 'prepare', file)) as number;
    for (const [key, value] of entries) assert.equal(await askMaps(door, 'add', file, key, value, version), null);
    assert.equal(await askMaps(door, 'commit', file, version), null);
  };
  // On both threads, with any luck: each connection is another one's.
  const waiting: Awaited<ReturnType<typeof connect>>[] = [];
  for (let at = 0; at < 6; at++) {
    const client = await connect(port);
    await client.write('POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    // The rules before the wait have run.
    assert.match(await client.readHead(), /^HTTP\/1\.1 100 /);
    waiting.push(client);
  }
  await commit(join(folder, 'm.map'), ['/a', 'new']);
  await commit(join(folder, 'l.lst'));
  assert.equal((await ask(port, get('/a', 'Connection: close'))).status, 403);
  await commit(join(folder, 'l.lst'), ['/a', null]);
  assert.equal((await ask(port, get('/a', 'Connection: close'))).body, 'new new none');
  for (const client of waiting) {
    await client.write('body');
    assert.equal((await client.readMessage()).body, 'old old mine');
    await client.write(get('/a', 'Connection: close'));
    assert.equal((await client.readMessage()).body, 'new new none');
    client.end();
  }
});
