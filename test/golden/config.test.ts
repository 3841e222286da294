/** The golden configurations (golden.ts says what they may hold) against Hawser and the installed HAProxy. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fragmentDifference } from '../support/fragment.ts';
import { needs, peer } from '../support/peer.ts';
import { expectationsOf, goldenFiles, judge, type Message } from './golden.ts';

const FILES = goldenFiles();
/** HAProxy processes at a time. */
const MOST_PROCESSES = 4;

function difference(wanted: readonly Message[], said: readonly Message[]): string | null {
  if (wanted.length !== said.length) return `wanted ${wanted.length} messages, not ${said.length}`;
  const index = wanted.findIndex((message, at) => !isSaid(message, said[at] as Message));
  return index < 0 ? null : `wanted ${shown(wanted[index] as Message)}`;
}

function isSaid(wanted: Message, said: Message): boolean {
  return wanted.severity === said.severity && wanted.line === said.line && said.words.includes(wanted.words);
}

function shown({ severity, line, words }: Message): string {
  return `${severity} ${line} ${words}`;
}

const judged = new Map<string, boolean>();

test('configurations give what they say', async () => {
  const wrong: string[] = [];
  for (const file of FILES) {
    const wanted = expectationsOf(file);
    const { model, messages, isValid } = await judge(file, wanted);
    judged.set(file, isValid);
    const found = difference(wanted.messages, messages) ?? fragmentDifference(model, wanted.model);
    if (found !== null) wrong.push([`${file}: ${found}, got`, ...messages.map(shown)].join('\n  '));
  }
  assert.deepEqual(wrong, []);
});

test('HAProxy accepts and rejects the same files', needs('haproxy'), async () => {
  const wrong: string[] = [];
  const files = FILES.filter((file) => !expectationsOf(file).differs);
  const worker = async (): Promise<void> => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      const found = await disagreement(file);
      if (found !== null) wrong.push(`${file}: ${found}`);
    }
  };
  await Promise.all(Array.from({ length: MOST_PROCESSES }, worker));
  assert.deepEqual(wrong.sort(), []);
});

/** Where HAProxy says otherwise; null: nowhere. */
async function disagreement(file: string): Promise<string | null> {
  const wanted = expectationsOf(file);
  const { status, stderr } = await haproxy(file, wanted.environment);
  // 2: valid, but nothing to listen on.
  const accepts = status === 0 || status === 2;
  if (judged.get(file) !== accepts) return `HAProxy ${accepts ? 'accepts' : 'rejects'} it: ${stderr}`;
  const missing = wanted.saysSo ? wanted.messages.find(({ words }) => !stderr.includes(words)) : undefined;
  return missing === undefined ? null : `HAProxy does not say '${missing.words}': ${stderr}`;
}

/** `status` null: killed by a signal. */
function haproxy(file: string, environment: Record<string, string>): Promise<{ status: number | null; stderr: string }> {
  const env = { PATH: process.env['PATH'] ?? '', ...environment };
  const { promise, resolve } = Promise.withResolvers<{ status: number | null; stderr: string }>();
  const child = execFile(peer('haproxy'), ['-c', '-f', file], { env, encoding: 'latin1' }, (_error, _stdout, stderr) => {
    resolve({ status: child.exitCode, stderr });
  });
  return promise;
}
