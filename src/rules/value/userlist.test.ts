/** Users, passwords and what is remembered of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoAllocation } from '../../../tools/alloc.ts';
import { plainMemory } from '../../base/memory.ts';
import type { UserModel } from '../../model/sections.ts';
import { RuleError } from '../error.ts';
import { Userlist, type UserlistHost } from './userlist.ts';

const at = { file: 'x', line: 1, column: 1 };
const memory = plainMemory({ blocks: 1, notes: 1, statics: 65536 });
const user = (name: string, password: string | null, isHashed: boolean, ...groups: string[]): UserModel => ({
  name,
  at,
  password,
  isHashed,
  groups,
});

let calls = 0;
const host: UserlistHost = {
  memory,
  secret: new Int32Array([1, 2]),
  checksAll: false,
  passwordHash: (password, setting) => {
    calls++;
    return setting.startsWith('!') ? null : `hash of ${Buffer.from(password).toString('latin1')}`;
  },
};
const model = {
  name: 'people',
  at,
  groups: [],
  users: [user('ann', 'secret', false, 'staff'), user('bob', 'hash of b', true, 'staff', 'guests'), user('nil', null, false)],
};
const list = new Userlist(host, model);

function check(name: string, password: string, users = list): number {
  const [one, two] = [memory.intern(name), memory.intern(password)];
  return users.check(one, one + name.length, two, two + password.length);
}

test('users come in with their own password only', () => {
  assert.equal(check('ann', 'secret'), 0);
  for (const [name, password] of [
    ['ann', 'secre'],
    ['ann', 'Secret'],
    ['ann', ''],
    ['an', 'secret'],
    ['nil', ''],
    ['', ''],
    ['bob', 'hash of b'],
  ] as const) {
    assert.equal(check(name, password), -1, `${name}:${password}`);
  }
  assert.equal(check('bob', 'b'), 1);
  assert.equal(list.groupCount(1), 2);
  assert.equal(memory.text(list.groupStart(1, 1), list.groupEnd(1, 1)), 'guests');
});

test('a password is hashed once, right or wrong; a long one never', () => {
  const fresh = new Userlist(host, model);
  calls = 0;
  for (let times = 0; times < 5; times++) {
    assert.equal(check('bob', 'b', fresh), 1);
    assert.equal(check('bob', 'c', fresh), -1);
  }
  assert.equal(calls, 2);
  assert.equal(check('bob', 'x'.repeat(513), fresh), -1);
  assert.equal(calls, 2);
});

test('a remembered verdict costs no allocation', () => {
  check('bob', 'b');
  const [name, password] = [memory.intern('bob'), memory.intern('b')];
  assertNoAllocation(() => void list.check(name, name + 3, password, password + 1), 'check');
});

test('hashes that can not be checked are refused at start', () => {
  const odd = { ...model, users: [user('x', '!', true)] };
  assert.throws(() => new Userlist({ ...host, checksAll: true }, odd), RuleError);
  assert.throws(() => new Userlist({ ...host, passwordHash: null }, odd), /no libcrypt/);
  new Userlist({ ...host, passwordHash: null }, { ...model, users: [user('x', 'clear', false)] });
});
