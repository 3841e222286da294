/** The golden configurations (golden.ts says what they may hold) against Hawser and the installed HAProxy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fragmentDifference } from '../support/fragment.ts';
import { eachInParallel, haproxyCheck } from '../support/haproxy-check.ts';
import { needs } from '../support/peer.ts';
import { expectationsOf, goldenFiles, judge, type Message } from './golden.ts';

const FILES = goldenFiles();

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
  await eachInParallel(files, async (file) => {
    const found = await disagreement(file);
    if (found !== null) wrong.push(`${file}: ${found}`);
  });
  assert.deepEqual(wrong.sort(), []);
});

/** Where HAProxy says otherwise; null: nowhere. */
async function disagreement(file: string): Promise<string | null> {
  const { environment, saysSo, messages } = expectationsOf(file);
  const { accepts, stderr } = await haproxyCheck(file, environment);
  if (judged.get(file) !== accepts) return `HAProxy ${accepts ? 'accepts' : 'rejects'} it: ${stderr}`;
  const missing = saysSo ? messages.find(({ words }) => !stderr.includes(words)) : undefined;
  return missing === undefined ? null : `HAProxy does not say '${missing.words}': ${stderr}`;
}
