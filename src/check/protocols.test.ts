/** Answers of protocols' servers: every cut of a good one, and whatever else may come, is judged without a throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckType } from '../model/check.ts';
import { protocolSteps } from './protocols.ts';
import type { ExpectStep, Verdict } from './steps.ts';

/** The last answer that is waited for. */
function last(type: CheckType, words: readonly string[] = []): ExpectStep {
  return protocolSteps(type, words).findLast((step) => step.kind === 'expect') as ExpectStep;
}

function verdict(step: ExpectStep, bytes: Uint8Array, isEnded: boolean): string {
  const found: Verdict = step.judge(bytes, isEnded, false, null);
  return found === 'more' ? found : `${found.result.status.code} ${found.result.info}`;
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const packet = (sequence: number, body: string): string => `${String.fromCharCode(body.length)}\0\0${String.fromCharCode(sequence)}${body}`;
const MYSQL = packet(0, '\x0a8.0.30\0\x01\0\0\0abcdefgh\0') + packet(2, '\0\0\0\x02\0\0\0');

const ANSWERS: readonly (readonly [type: CheckType, words: readonly string[], answer: string, said: string])[] = [
  ['smtp', [], '221-one\r\n221 two\r\n', 'L7OK one'],
  ['redis', [], 'noise\r\n+PONG\r\n', 'L7OK Redis server is ok'],
  ['mysql', ['me', 'post-41'], MYSQL, 'L7OK 8.0.30'],
  ['pgsql', ['me'], 'R\0\0\0\x0c\0\0\0\x05abcd', 'L7OK PostgreSQL server is ok'],
  ['ldap', [], '0\x84\0\0\0\x10\x02\x01\x01\x61\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0', 'L7OK Success'],
  ['ssl-hello', [], '\x16\x03\x03\0\x4a\x02', 'L6OK '],
];

test('every cut of a good answer is awaited, or good', () => {
  for (const [type, words, answer, said] of ANSWERS) {
    const step = last(type, words);
    for (let cut = 0; cut < answer.length; cut++) {
      const early = verdict(step, bytes(answer.slice(0, cut)), false);
      assert.ok(early === 'more' || early === said, `${type} ${cut}: ${early}`);
      assert.notEqual(verdict(step, bytes(answer.slice(0, cut)), true), 'more');
    }
    assert.equal(verdict(step, bytes(answer), false), said, type);
  }
});

test('any bytes are judged', () => {
  let seed = 1;
  const next = (limit: number): number => {
    seed = (seed * 48_271) % 0x7fff_ffff;
    return seed % limit;
  };
  for (const [type, words, answer] of ANSWERS) {
    const step = last(type, words);
    for (let turn = 0; turn < 400; turn++) {
      const given = turn % 2 === 0 ? Buffer.alloc(next(60), 0) : bytes(answer);
      for (let change = 0; change < 1 + next(4); change++) if (given.length > 0) given[next(given.length)] = next(256);
      verdict(step, given, false);
      assert.notEqual(verdict(step, given, true), 'more');
    }
  }
});
