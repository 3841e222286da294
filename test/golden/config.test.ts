/**
 * Configurations with what they must give. A file of `config/` begins with its expectations:
 *
 *     #: alert|warning|notice LINE WORDS   a message that holds these words; line 0: about the whole
 *     #: model JSON                        a part of the model; arrays must have the same length
 *     #: haproxy differs REASON            HAProxy 2.6 judges otherwise, and why
 *
 * Messages that no line expects fail the test. The installed HAProxy must accept and reject the same files.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diagnosticText, hasErrors } from '../../src/config/diagnostic.ts';
import { type ParseResult, parseFiles } from '../../src/config/parse.ts';
import { fragmentDifference } from '../support/fragment.ts';
import { needs, peer } from '../support/peer.ts';

const FOLDER = join(import.meta.dirname, 'config');
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.cfg'))
  .map((name) => join(FOLDER, name));

interface Expectation {
  readonly messages: { readonly severity: string; readonly line: number; readonly words: string }[];
  model: unknown;
  differs: boolean;
}

function expectations(file: string): Expectation {
  const wanted: Expectation = { messages: [], model: {}, differs: false };
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    if (!line.startsWith('#: ')) break;
    const [, kind, rest] = /^#: (\w+) (.*)$/.exec(line) as unknown as [string, string, string];
    if (kind === 'model') wanted.model = JSON.parse(rest);
    else if (kind === 'haproxy') wanted.differs = true;
    else {
      const space = rest.indexOf(' ');
      wanted.messages.push({ severity: kind, line: Number(rest.slice(0, space)), words: rest.slice(space + 1) });
    }
  }
  return wanted;
}

function parse(file: string): ParseResult {
  return parseFiles([file], { environment: {}, localPeer: 'peer' });
}

test('configurations give what they say', () => {
  for (const file of FILES) {
    const wanted = expectations(file);
    const { model, diagnostics } = parse(file);
    const shown = diagnostics.map((diagnostic) => `${diagnostic.severity} ${diagnostic.position?.line ?? 0} ${diagnosticText(diagnostic)}`);
    assert.equal(shown.length, wanted.messages.length, `${file}:\n${shown.join('\n')}`);
    wanted.messages.forEach(({ severity, line, words }, index) => {
      const message = shown[index] as string;
      assert.ok(
        message.startsWith(`${severity} ${line} `) && message.includes(words),
        `${file}: wanted ${severity} ${line} ${words}, got ${message}`,
      );
    });
    assert.equal(fragmentDifference(model, wanted.model), null, file);
  }
});

test('HAProxy accepts and rejects the same files', needs('haproxy'), () => {
  const environment = { PATH: process.env['PATH'] ?? '' };
  const wrong: string[] = [];
  for (const file of FILES) {
    if (expectations(file).differs) continue;
    const { status, stderr } = spawnSync(peer('haproxy'), ['-c', '-f', file], { env: environment, encoding: 'latin1' });
    // 2: valid, but nothing to listen on.
    const accepts = status === 0 || status === 2;
    if (!hasErrors(parse(file).diagnostics) !== accepts) wrong.push(`${file}: ${stderr}`);
  }
  assert.deepEqual(wrong, []);
});
