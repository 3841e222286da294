/**
 * Sessions that go on: by ticket and by the shared store, at any thread, on other lines, with client certificates; and where they must
 * not. A session of a line that judges clients otherwise does not go on: 2.6 lets those of its store in.
 */
import assert from 'node:assert/strict';
import type { ConnectionOptions } from 'node:tls';
import { freePort } from '../support/ports.ts';
import { type Outcome, talk, tlsFile, tlsPath } from '../support/tls-client.ts';
import { configure, onSubjects, ports } from './rig.ts';

const CERT = `ssl crt ${tlsPath('server.pem')}`;
const JUDGES = `verify required ca-file ${tlsPath('ca.pem')}`;
/** Lines by name: t with tickets, n without, j with client certificates. */
const BINDS = {
  t: CERT,
  n: `${CERT} no-tls-tickets`,
  n2: `${CERT} no-tls-tickets`,
  n3: `${CERT} crt ${tlsPath('rsa.pem')} no-tls-tickets`,
  tj: `${CERT} ${JUDGES}`,
  nj: `${CERT} no-tls-tickets ${JUDGES}`,
  nj2: `${CERT} no-tls-tickets ${JUDGES}`,
} as const;
type Name = keyof typeof BINDS;

const client = tlsFile('client.pem');
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

async function lines(): Promise<{ ports: Record<Name, number>; rest: string }> {
  const ports = {} as Record<Name, number>;
  for (const name of Object.keys(BINDS) as Name[]) ports[name] = await freePort();
  const rest = (Object.keys(BINDS) as Name[]).map(
    (name) => `frontend ${name}\n  bind 127.0.0.1:${ports[name]} ${BINDS[name]}
  http-request return status 200 hdr x-s "%[ssl_fc_is_resumed] %[ssl_c_used] %[ssl_c_s_dn(CN)]"`,
  );
  return { ports, rest: rest.join('\n') };
}

const said = ({ answer, error }: Outcome): string => /^x-s: (.*)\r$/m.exec(answer)?.[1] ?? error;

/** From a line to a line, with TLS 1.2 and 1.3: what the second is told of the client. */
const TRIPS: readonly (readonly [Name, Name, string, string])[] = [
  ['t', 't', '1 0 ', '1 0 '],
  ['n', 'n', '1 0 ', '1 0 '],
  ['n', 'n2', '1 0 ', '1 0 '],
  ['n', 'n3', '1 0 ', '1 0 '],
  // With TLS 1.3 the line takes it for a ticket that it does not know.
  ['n', 't', '1 0 ', '0 0 '],
  ['tj', 'tj', '1 1 Test client', '1 1 Test client'],
  ['nj', 'nj', '1 1 Test client', '1 1 Test client'],
  ['nj', 'nj2', '1 1 Test client', '1 1 Test client'],
];

/** Where a certificate is wanted that this client, who got its session without one, has never shown; and the other way round. */
const BARRED: readonly (readonly [Name, Name])[] = [
  ['t', 'tj'],
  ['n', 'nj'],
];

onSubjects('sessions go on at any thread and on other lines', async ({ start, old }) => {
  const { ports, rest } = await lines();
  await start(configure({ global: 'nbthread 2', rest }));
  for (const [index, version] of VERSIONS.entries()) {
    const only: ConnectionOptions = { maxVersion: version, minVersion: version };
    const begin = (name: Name): Promise<Outcome> => talk(ports[name], name.includes('j') ? { ...only, cert: client, key: client } : only);
    for (const [from, to, ...expected] of TRIPS) {
      const { session } = await begin(from);
      assert.ok(session !== undefined, `${from} ${version}`);
      for (let turn = 0; turn < 4; turn++)
        assert.equal(said(await talk(ports[to], { ...only, session })), expected[index], `${from} ${to} ${version}`);
    }
    for (const [from, to] of BARRED) {
      const outcome = await talk(ports[to], { ...only, session: (await begin(from)).session as Buffer });
      if (!old) assert.match(said(outcome), /ALERT_(HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED)$/, `${from} ${to} ${version}`);
      const back = await talk(ports[from], { ...only, session: (await begin(to)).session as Buffer });
      if (!old) assert.equal(said(back), '0 0 ', `${to} ${from} ${version}`);
    }
  }
});

onSubjects('a session does not carry a client whose errors were ignored to a line that ignores others', async ({ start, old }) => {
  const [lax, errors, authorities, strict] = await ports(4);
  const words = ['crt-ignore-err all ca-ignore-err all', 'crt-ignore-err all', 'ca-ignore-err all', ''];
  const rest = [lax, errors, authorities, strict].map(
    (port, at) => `frontend f${at}\n  bind 127.0.0.1:${port} ${CERT} ${JUDGES} ${words[at]}
  http-request return status 200 hdr x-s "%[ssl_fc_is_resumed] %[ssl_c_used]"`,
  );
  await start(configure({ rest: rest.join('\n') }));
  const stranger = tlsFile('stranger.pem');
  for (const version of VERSIONS) {
    const options: ConnectionOptions = { maxVersion: version, minVersion: version, cert: stranger, key: stranger };
    const first = await talk(lax as number, options);
    assert.equal(said(first), '0 1', version);
    const resume = (port: number | undefined): Promise<Outcome> => talk(port as number, { ...options, session: first.session as Buffer });
    assert.equal(said(await resume(lax)), '1 1', version);
    if (old) continue;
    assert.equal(said(await resume(errors)), '0 1', version);
    for (const port of [authorities, strict]) assert.match(said(await resume(port)), /ALERT_/, version);
  }
});

onSubjects('sessions are not kept where there is no room for any, and the oldest go', async ({ start }) => {
  for (const [size, keeps] of [
    [0, []],
    [20, [false, true]],
  ] as const) {
    const { ports, rest } = await lines();
    await start(configure({ global: `nbthread 2\n  tune.ssl.cachesize ${size}`, rest }));
    for (const maxVersion of VERSIONS) {
      const sessions: (Buffer | undefined)[] = [];
      for (let turn = 0; turn < 60; turn++) sessions.push((await talk(ports.n, { maxVersion })).session);
      const found: boolean[] = [];
      for (const session of keeps.length === 0 ? sessions.slice(-1) : [sessions[0], sessions.at(-1)])
        found.push((await talk(ports.n, { maxVersion, ...(session && { session }) })).resumed);
      assert.deepEqual(found, keeps.length === 0 ? [false] : keeps, `${size} ${maxVersion}`);
    }
    // Tickets need no room.
    const { session } = await talk(ports.t);
    assert.equal((await talk(ports.t, { session: session as Buffer })).resumed, true);
  }
});

onSubjects('a session ends when its time is over', async ({ start, old }) => {
  // 2.6 does not know tune.ssl.lifetime in seconds below its cache's own.
  if (old) return;
  const { ports, rest } = await lines();
  await start(configure({ global: 'nbthread 1\n  tune.ssl.lifetime 1', rest }));
  for (const name of ['t', 'n'] as const) {
    const { session } = await talk(ports[name], { maxVersion: 'TLSv1.2' });
    const options: ConnectionOptions = { maxVersion: 'TLSv1.2', session: session as Buffer };
    const begun = Date.now();
    let resumed = true;
    while (resumed && Date.now() - begun < 5000) {
      ({ resumed } = await talk(ports[name], options));
      if (resumed) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(resumed, false, name);
  }
});
