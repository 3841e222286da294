/**
 * Scenario scripts for varnishtest, which drives a proxy as HAProxy's own tests do: inherited
 * descriptors, scripted servers and clients, log receivers. HAProxy runs them too, which shows
 * that the scripts are right.
 *
 *     HAPROXY_PROGRAM=bin/hawser varnishtest -v test/vtc/keepalive.vtc
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needs, peer } from '../support/peer.ts';
import { run } from '../support/program.ts';
import { HAWSER } from '../support/proxy.ts';
import { subjects } from '../support/subject.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const LIMIT_MS = 30_000;

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.vtc'))) {
  for (const subject of new Set(['haproxy', ...subjects])) {
    test(`${name} (${subject})`, needs('varnishtest', ...(subject === 'haproxy' ? ['haproxy'] : [])), async () => {
      const program = subject === 'haproxy' ? peer('haproxy') : HAWSER;
      const { status, stdout, stderr } = await run(
        {
          command: peer('varnishtest'),
          args: ['-t', '20', `${FOLDER}${name}`],
          // The folder of the sockets must have a short name.
          env: { HAPROXY_PROGRAM: program, HAWSER_HOST: subject === 'haproxy' ? undefined : subject, TMPDIR: '/tmp' },
        },
        LIMIT_MS,
      );
      assert.equal(status, 0, stdout + stderr);
    });
  }
}
