/**
 * What the sections beside global and the proxies say: one list of plain records for each kind of section, in the
 * order of the files. A new kind is a record type and a list here.
 */
import type { ErrorFileModel } from './config.ts';
import type { Position } from './position.ts';

export interface SectionLists {
  readonly userlists: readonly UserlistModel[];
  readonly httpErrors: readonly HttpErrorsModel[];
}

export type SectionList = keyof SectionLists;

/** Names with passwords, for `http_auth(NAME)` and `stats auth`. Group members are resolved into `users[].groups`. */
export interface UserlistModel {
  readonly name: string;
  readonly at: Position;
  readonly groups: UserGroupModel[];
  readonly users: UserModel[];
}

export interface UserGroupModel {
  readonly name: string;
  readonly at: Position;
  /** As written behind `users`. */
  readonly users: readonly string[];
}

export interface UserModel {
  readonly name: string;
  readonly at: Position;
  /** null: this user never gets in. */
  readonly password: string | null;
  /** `password`: a crypt(3) hash. `insecure-password`: the clear text. */
  readonly isHashed: boolean;
  /** Of both sides: `groups` of the user and `users` of a group. */
  readonly groups: string[];
}

/** Complete answers by status, which proxies take with `errorfiles NAME`. */
export interface HttpErrorsModel {
  readonly name: string;
  readonly at: Position;
  /** One for each status: a later line replaces an earlier one. */
  readonly errorFiles: ErrorFileModel[];
}
