/** What docs/migrating-from-haproxy.md says of HAProxy 2.x: it takes these configurations, and Hawser, which speaks 3.5, refuses them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseText } from '../../src/config/parse.ts';
import { diagnosticText } from '../../src/config/report/diagnostic.ts';
import { needs, peer } from '../support/peer.ts';

const folder = mkdtempSync(join(tmpdir(), 'migration-'));
after(() => rmSync(folder, { recursive: true }));

const DEFAULTS = 'defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n';
const FRONTEND = 'frontend f\n  bind 127.0.0.1:18998\n';

/** Configuration, and what Hawser says of it. */
const CHANGED: readonly (readonly [text: string, says: RegExp])[] = [
  [`${FRONTEND}backend f\n  server s 127.0.0.1:1\n`, /backend 'f' has the same name as frontend 'f'/],
  [`global\n  master-worker\n${FRONTEND}`, /'master-worker' .* '-W'/],
  [`global\n  master-worker\nprogram p\n  command true\n${FRONTEND}`, /section 'program' is not supported anymore/],
  [`${FRONTEND}backend b\n  dispatch 127.0.0.1:1\n`, /'dispatch' .* use a 'server' line/],
  [`${FRONTEND}backend b\n  option transparent\n`, /'option transparent' .* since HAProxy 3\.5/],
  [`${FRONTEND}backend b\n  transparent\n`, /'transparent' .* since HAProxy 3\.5/],
];

/** What HAProxy reads as far as it can, in 2.6 and mostly still: Hawser takes no part of a word. */
const STRICTER: readonly (readonly [text: string, says: RegExp])[] = [
  [`global\n  tune.maxrewrite 1kb\n${FRONTEND}`, /'tune.maxrewrite' expects an integer argument/],
  [`global\n  setenv A 1 2\n${FRONTEND}`, /'setenv' cannot handle unexpected argument '2'/],
  [`${FRONTEND}  maxconn 5.5\n`, /'maxconn' expects an integer argument/],
  [`${FRONTEND}backend b\n  retries -1\n`, /must be between 0 and 1000/],
  [`${FRONTEND}backend b\n  balance roundrobin x\n`, /'balance roundrobin' takes no argument/],
  [`${FRONTEND}backend b\n  server s 127.0.0.1:1 check port 0\n`, /must be between 1 and 65535/],
  [`${FRONTEND}  http-request deny if\n`, /no condition behind 'if'/],
];

test('Hawser refuses them and says what to do', () => {
  for (const [text, says] of [...CHANGED, ...STRICTER]) {
    const { diagnostics } = parseText(DEFAULTS + text, 'x', { environment: {}, localPeer: 'peer' });
    const alerts = diagnostics.filter(({ severity }) => severity === 'alert').map(diagnosticText);
    assert.ok(
      alerts.some((alert) => says.test(alert)),
      `${text}\n${alerts.join('\n')}`,
    );
  }
});

test('HAProxy 2.6 takes them', needs('haproxy'), (context) => {
  const version = spawnSync(peer('haproxy'), ['-v'], { encoding: 'utf8' }).stdout;
  if (!/version 2\./.test(version)) return context.skip(`not a 2.x: ${version}`);
  for (const [text] of [...CHANGED, ...STRICTER]) {
    const path = join(folder, 'x.cfg');
    writeFileSync(path, DEFAULTS + text);
    const { status, stderr } = spawnSync(peer('haproxy'), ['-c', '-f', path], { encoding: 'utf8' });
    assert.ok(status === 0 || status === 2, `${text}\n${stderr}`);
  }
});
