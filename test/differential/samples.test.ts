/** Fetches, casts, missing values and conditions over messages of many shapes, on which HAProxy 2.6 and we must agree. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { ExampleWorld } from '../../src/keywords/examples.ts';
import { needs, peer } from '../support/peer.ts';
import { type Answers, askHaproxy, askOurselves } from './evaluation.ts';
import { DIFFERENCES, LATER, SHAPES } from './samples.ts';

for (const shape of SHAPES) {
  describe(shape.name, needs('haproxy'), () => {
    let theirs: Answers;
    let ours: Answers;
    before(async () => {
      theirs = await askHaproxy(shape);
      ours = askOurselves(shape);
    });
    for (const [at, text] of shape.expressions.entries()) {
      test(text, () => {
        const differs = DIFFERENCES[`${shape.name}: ${text}`] !== undefined;
        if (differs) assert.notDeepEqual(ours.values[at], theirs.values[at]);
        else assert.deepEqual(ours.values[at], theirs.values[at]);
      });
    }
    for (const [at, condition] of shape.conditions.entries()) {
      test(`if ${condition}`, () => assert.equal(ours.verdicts[at], theirs.verdicts[at]));
    }
  });
}

describe('what 2.6 does not know', needs('haproxy'), () => {
  let told = '';
  before(async () => {
    const acls = LATER.map((text, at) => ` acl a${at} ${text} -m found\n`).join('');
    const folder = await mkdtemp(join(tmpdir(), 'later-'));
    const path = join(folder, 'proxy.cfg');
    await writeFile(path, `listen l\n mode http\n bind 127.0.0.1:1\n${acls}`);
    told = spawnSync(peer('haproxy'), ['-c', '-f', path], { encoding: 'utf8' }).stderr;
    await rm(folder, { recursive: true });
  });
  const LINES_BEFORE = 3;
  for (const [at, text] of LATER.entries()) {
    test(text, () => {
      assert.match(told, new RegExp(`ALERT.*proxy\\.cfg:${LINES_BEFORE + at + 1}\\]`));
      const world = new ExampleWorld();
      const stream = world.stream('POST /?X=1 HTTP/1.1\r\n\r\nK=2', 'HTTP/1.1 200 OK');
      assert.ok(world.compiler.expression(text, -1).run(world.thread.sample, stream));
    });
  }
});

test('every difference is of a case that is there', () => {
  const cases = new Set(SHAPES.flatMap(({ name, expressions }) => expressions.map((text) => `${name}: ${text}`)));
  assert.deepEqual(
    Object.keys(DIFFERENCES).filter((key) => !cases.has(key)),
    [],
  );
});
