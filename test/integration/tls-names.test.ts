/**
 * A client can't choose who judges it: hellos that the program's reader can't read, and second hellos with another name, do not get
 * past `strict-sni` nor past what an entry of a crt-list wants; everybody else is served.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { makeCertificate } from '../support/certificates.ts';
import { connect } from '../support/connection.ts';
import { folder } from '../support/folder.ts';
import { needs } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { makeFolder } from '../support/proxy.ts';
import { sClient } from '../support/s-client.ts';
import { startSyslog } from '../support/syslog.ts';
import { inRecords, oddHello } from '../support/tls/hello.ts';
import { talk, tlsFile, tlsPath } from '../support/tls-client.ts';
import { until } from '../support/wait.ts';
import { mask, onSubjects } from './rig.ts';

/** The alert unrecognized_name in a record in the clear. */
const NO_SUCH_NAME = '15030300020270';
const LONGEST_RECORD = 16_384;
const JUDGED = `ca-file ${tlsPath('ca.pem')} verify required`;

type Line = 'strict' | 'listed';

async function lines(log: number): Promise<{ config: string; ports: Record<Line | 'curve', number> }> {
  const folder = makeFolder();
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const open = write('public.pem', makeCertificate({ names: ['public.example'] }).pem);
  const secure = write('secure.pem', makeCertificate({ names: ['secure.example'] }).pem);
  const list = write('list', `${open}\n${secure} [${JUDGED}]\n`);
  const binds = {
    strict: `crt ${open} crt ${secure} strict-sni`,
    listed: `crt-list ${list} allow-0rtt`,
    curve: `crt-list ${list} curves P-384:P-256`,
  };
  const ports = { strict: await freePort(), listed: await freePort(), curve: await freePort() };
  const frontends = (Object.keys(binds) as (keyof typeof binds)[]).map(
    (name) => `frontend ${name}\n  bind 127.0.0.1:${ports[name]} name x ssl ${binds[name]}
  http-request return status 200 hdr x-s "%[ssl_fc_sni] %[ssl_c_used] %[ssl_fc_is_resumed]"\n`,
  );
  const config = `global\n  nbthread 1\n  log 127.0.0.1:${log} local0\ndefaults\n  mode http\n  log global\n  option httplog
  timeout connect 1s\n  timeout server 1s\n  timeout client 5s\n${frontends.join('')}`;
  return { config, ports };
}

const padded = (name: string): Buffer =>
  inRecords(oddHello({ name, version: 'shared', more: [[21, Buffer.alloc(17_000)]] }), LONGEST_RECORD);
/** TLS 1.2 has no such extension: OpenSSL does not look at it. */
const unreadable = (name: string): Buffer => oddHello({ name, version: 'old', more: [[51, Buffer.alloc(0)]] });
const ordinary = (name: string): Buffer => oddHello({ name, version: 'shared' });

/** Lines, what is said first and then, and whether it is answered. */
const ODD: readonly (readonly [string, Line, (random: Buffer) => readonly Buffer[], boolean])[] = [
  ['a padded hello', 'strict', () => [padded('secure.example')], false],
  ['a padded hello', 'listed', () => [padded('secure.example')], false],
  ['a padded hello without a name', 'strict', () => [padded('')], false],
  ['a padded hello without a name', 'listed', () => [padded('')], true],
  ['an unreadable hello', 'strict', () => [unreadable('nobody.example')], false],
  ['an unreadable hello', 'listed', () => [unreadable('secure.example')], false],
  ['an unreadable hello without a name', 'strict', () => [unreadable('')], false],
  ['an unreadable hello without a name', 'listed', () => [unreadable('')], true],
  ['another name', 'strict', (random) => retried(random, 'public.example', 'nobody.example'), false],
  ['another name', 'listed', (random) => retried(random, 'public.example', 'secure.example'), false],
  ['a longer name', 'listed', (random) => retried(random, 'public.example', 'public.example.org'), false],
  ['a shorter name', 'listed', (random) => retried(random, 'public.example', 'public'), false],
  ['a name at last', 'listed', (random) => retried(random, '', 'secure.example'), false],
  ['no name at last', 'listed', (random) => retried(random, 'public.example', ''), false],
  ['the same name', 'strict', (random) => retried(random, 'public.example', 'public.example'), true],
  ['the same name', 'listed', (random) => retried(random, 'Secure.Example', 'sECURE.eXAMPLE'), true],
  ['no name', 'listed', (random) => retried(random, '', ''), true],
  ['an ordinary hello', 'strict', () => [ordinary('SECURE.example')], true],
  ['an ordinary hello', 'listed', () => [ordinary('SECURE.example')], true],
];

/** Two hellos: the first brings no key, so that the server wants another. */
function retried(random: Buffer, first: string, second: string): readonly Buffer[] {
  return [oddHello({ name: first, version: 'unshared', random }), oddHello({ name: second, version: 'shared', random })];
}

onSubjects('the name that a certificate is chosen by is the name that rules see', async ({ start, old }) => {
  // 2.6 asks OpenSSL for the hello, and takes the second name.
  if (old) return;
  await using log = await startSyslog();
  const { config, ports } = await lines(log.port);
  await start(config);
  for (const [what, line, hellos, isAnswered] of ODD) {
    const lineCount = log.messages.length;
    using client = await connect(ports[line]);
    let seen = 0;
    for (const hello of hellos(randomBytes(32))) {
      seen = client.received.length;
      await client.write(hello);
      await until(() => client.received.length >= seen + 6, `an answer to ${what} ${line}`);
    }
    if (!isAnswered) await client.readToEnd();
    const answer = Buffer.from(client.received.slice(seen), 'latin1');
    if (isAnswered) assert.deepEqual([answer[0], answer[5]], [22, 2], `${what} ${line}`);
    else assert.equal(answer.toString('hex').replace(/^140303000101/, ''), NO_SUCH_NAME, `${what} ${line}`);
    client.end();
    await log.waitForCount(lineCount + 1);
    assert.equal(mask(log.messages.at(-1) as string), `127.0.0.1:PORT [DATE] ${line}/x: SSL handshake failure`, what);
  }
});

onSubjects('ordinary clients of lines with several names are served', async ({ start }) => {
  await using log = await startSyslog();
  const { config, ports } = await lines(log.port);
  await start(config);
  const client = tlsFile('client.pem');
  const said = async (line: keyof typeof ports, options: ConnectionOptions): Promise<string | undefined> =>
    /^x-s: (.*)\r$/m.exec((await talk(ports[line], options)).answer)?.[1];
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const only = { minVersion: version, maxVersion: version };
    const known = { ...only, servername: 'secure.example', cert: client, key: client };
    assert.equal(await said('listed', { ...only, servername: 'public.example' }), 'public.example 0 0');
    assert.equal(await said('listed', { ...only, servername: '' }), ' 0 0');
    assert.equal(await said('listed', known), 'secure.example 1 0');
    assert.equal(await said('listed', { ...only, servername: 'secure.example' }), undefined);
    assert.equal(await said('strict', { ...only, servername: 'SECURE.example' }), 'SECURE.example 0 0');
    // HelloRetryRequest, as the client begins with another curve.
    assert.equal(await said('curve', { ...known, ecdhCurve: 'X25519:P-256:P-384' }), 'secure.example 1 0');
    for (const line of ['listed', 'strict'] as const) {
      const { session } = await talk(ports[line], known);
      const again = await talk(ports[line], { ...known, session: session as Buffer });
      assert.ok(again.resumed && again.answer.includes(' 200 '), `${line} ${version} ${again.error}`);
    }
  }
});

onSubjects(
  'early data comes under the name of its hello',
  async ({ start, old }) => {
    await using log = await startSyslog();
    using files = folder();
    const { config, ports } = await lines(log.port);
    await start(config);
    const session = join(files.at, 'session');
    const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const words = ['-tls1_3', '-servername', 'public.example'];
    await sClient(ports.listed, [...words, '-sess_out', session, '-quiet'], request);
    const told = await sClient(ports.listed, [...words, '-sess_in', session, '-early_data', files.write('early', request), '-ign_eof'], '');
    assert.match(told, /x-s: public\.example 0 1\r\n/);
    if (!old) assert.match(told, /Early data was accepted/);
  },
  needs('openssl'),
);
