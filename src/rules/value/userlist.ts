/**
 * Users with passwords and groups (HAProxy configuration manual, 12.2). A hash is meant to cost milliseconds, so verdicts on
 * passwords are remembered by a keyed hash of the password; neither it nor anything else of the password is kept in the clear.
 * It must not know where credentials stand in a request.
 */
import type { Memory } from '../../base/memory.ts';
import { halfSipHash, sip } from '../../base/siphash.ts';
import type { UserlistModel } from '../../model/sections.ts';
import { RuleError } from '../error.ts';

/** Verdicts remembered per thread and list: an entry is overwritten by the next password that falls on it. */
const ENTRIES = 512;
const ENTRY_CELLS = 3;
const UNKNOWN = 0;
const RIGHT = 1;
const WRONG = 2;
/** libcrypt takes no longer ones. */
const MOST_PASSWORD = 512;

/** What the hash of a password must equal; null: the form is unknown. See platform/crypt.ts. */
export type PasswordHash = (password: Uint8Array, setting: string) => string | null;

/** What a list needs of its thread. */
export interface UserlistHost {
  readonly memory: Memory;
  /** Two random words that no peer knows. */
  readonly secret: Int32Array;
  /** null: this system has none. */
  readonly passwordHash: PasswordHash | null;
  /** Tries whether every hash is of a known form: that costs milliseconds each. */
  readonly checksAll: boolean;
}

/** The slow part of a list: hashes, and what was found out by them. */
class Verdicts {
  readonly #host: UserlistHost;
  readonly #hash: PasswordHash;
  readonly #cells = new Int32Array(ENTRIES * ENTRY_CELLS);

  constructor(host: UserlistHost, hash: PasswordHash) {
    this.#host = host;
    this.#hash = hash;
  }

  /** Whether the password's hash is `expected`, for user number `user`. */
  test(user: number, expected: string, start: number, end: number): boolean {
    if (end - start > MOST_PASSWORD) return false;
    const cells = this.#cells;
    const cell = this.#find(user, start, end);
    if (cells[cell + 2] === UNKNOWN) {
      // hot-ok: once per password, beside a hash that costs milliseconds
      const password = this.#host.memory.bytes.slice(start, end);
      cells[cell + 2] = this.#hash(password, expected) === expected ? RIGHT : WRONG;
      password.fill(0);
    }
    return cells[cell + 2] === RIGHT;
  }

  /** The cell of this user and password; its verdict is UNKNOWN if it was another's until now. */
  #find(user: number, start: number, end: number): number {
    const { secret, memory } = this.#host;
    const { bytes } = memory;
    const at = memory.scratch();
    for (let shift = 0; shift < 4; shift++) bytes[at + shift] = (user >> (shift * 8)) & 255;
    bytes.copyWithin(at + 4, start, end);
    halfSipHash(bytes, at, at + 4 + end - start, secret);
    const cells = this.#cells;
    const cell = (sip.low & (ENTRIES - 1)) * ENTRY_CELLS;
    if (cells[cell] !== sip.low || cells[cell + 1] !== sip.high) {
      cells[cell] = sip.low;
      cells[cell + 1] = sip.high;
      cells[cell + 2] = UNKNOWN;
    }
    return cell;
  }
}

export class Userlist {
  readonly #bytes: Uint8Array;
  /** Per user: start and length of the name; start and length of the clear password (length -1: none). */
  readonly #users: Int32Array;
  /** The hash of a user's password; null: it is in clear text, or there is none. */
  readonly #hashes: readonly (string | null)[];
  readonly #verdicts: Verdicts | null;
  /** Names of groups in memory: start and length. */
  readonly #groups: Int32Array;
  readonly #members: readonly Int32Array[];
  readonly #names: readonly string[];

  /** At start. @throws RuleError for a hash that can't be checked here */
  constructor(host: UserlistHost, model: UserlistModel) {
    const { memory } = host;
    const { users, groups } = model;
    const clear = (user: UserlistModel['users'][number]): string | null => (user.isHashed ? null : user.password);
    this.#bytes = memory.bytes;
    this.#users = Int32Array.from(
      users.flatMap((user) => [memory.intern(user.name), user.name.length, memory.intern(clear(user) ?? ''), clear(user)?.length ?? -1]),
    );
    this.#hashes = users.map((user) => (user.isHashed ? user.password : null));
    const names = Array.from(new Set([...groups.map(({ name }) => name), ...users.flatMap((user) => user.groups)]));
    this.#names = names;
    this.#groups = Int32Array.from(names.flatMap((name) => [memory.intern(name), name.length]));
    this.#members = users.map((user) => Int32Array.from(user.groups.map((name) => names.indexOf(name))));
    const hash = this.#hashes.some((one) => one !== null) ? hashOf(host, model) : null;
    this.#verdicts = hash === null ? null : new Verdicts(host, hash);
  }

  /** The number of the user with this name and password; -1: there is none. All [start, end) of the thread's memory. */
  check(userStart: number, userEnd: number, passwordStart: number, passwordEnd: number): number {
    const user = this.#find(userStart, userEnd);
    if (user < 0) return -1;
    const hash = this.#hashes[user] as string | null;
    const isRight =
      hash === null ? this.#equals(user, passwordStart, passwordEnd) : this.#verdicts?.test(user, hash, passwordStart, passwordEnd);
    return isRight === true ? user : -1;
  }

  #find(start: number, end: number): number {
    const users = this.#users;
    const length = end - start;
    for (let user = 0; user * 4 < users.length; user++) {
      if (users[user * 4 + 1] === length && this.#difference(users[user * 4] as number, start, length) === 0) return user;
    }
    return -1;
  }

  #equals(user: number, start: number, end: number): boolean {
    const length = this.#users[user * 4 + 3] as number;
    return length === end - start && this.#difference(this.#users[user * 4 + 2] as number, start, length) === 0;
  }

  /** 0 for equal bytes, in a time that does not tell where they differ. */
  #difference(one: number, other: number, length: number): number {
    const bytes = this.#bytes;
    let difference = 0;
    for (let at = 0; at < length; at++) difference |= (bytes[one + at] as number) ^ (bytes[other + at] as number);
    return difference;
  }

  /** At start: is there a group of this name? */
  hasGroup(name: string): boolean {
    return this.#names.includes(name);
  }

  groupCount(user: number): number {
    return (this.#members[user] as Int32Array).length;
  }

  /** Where the name of a user's group number `at` stands. */
  groupStart(user: number, at: number): number {
    return this.#groups[((this.#members[user] as Int32Array)[at] as number) * 2] as number;
  }

  groupEnd(user: number, at: number): number {
    const group = ((this.#members[user] as Int32Array)[at] as number) * 2;
    return (this.#groups[group] as number) + (this.#groups[group + 1] as number);
  }
}

/** @throws RuleError if one of the list's hashes is of no form that is known here */
function hashOf({ passwordHash, checksAll }: UserlistHost, { name, users }: UserlistModel): PasswordHash {
  if (passwordHash === null) throw new RuleError(`userlist '${name}' has encrypted passwords, but there is no libcrypt here to check them`);
  const empty = new Uint8Array(0);
  for (const user of users) {
    if (!user.isHashed || user.password === null || !checksAll) continue;
    if (passwordHash(empty, user.password) !== null) continue;
    throw new RuleError(`userlist '${name}': encrypted password of user '${user.name}' is of no form that crypt(3) knows`);
  }
  return passwordHash;
}
