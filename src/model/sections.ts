/**
 * What the sections beside global and the proxies say: one list of plain records for each kind of section, in the
 * order of the files. A new kind is a record type and a list here.
 */
import type { AddressRecord } from '../base/address.ts';
import type { ErrorFileModel, LogModel, TextModel } from './config.ts';
import type { Position } from './position.ts';
import type { PemFiles } from './tls.ts';

export interface SectionLists {
  readonly userlists: readonly UserlistModel[];
  readonly httpErrors: readonly HttpErrorsModel[];
  readonly rings: readonly RingModel[];
  readonly logProfiles: readonly LogProfileModel[];
  readonly resolvers: readonly ResolversModel[];
  readonly certificateStores: readonly CertificateStoreModel[];
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

/** A buffer of log lines with servers that all get a copy. */
export interface RingModel {
  readonly name: string;
  readonly at: Position;
  description: string | null;
  /** Bytes of lines that may wait for a server, per data thread. */
  size: number;
  format: LogModel['format'];
  /** Longest line in bytes. */
  maxlen: number;
  connectMs: number | null;
  serverMs: number | null;
  readonly servers: RingServerModel[];
}

export interface RingServerModel {
  readonly name: string;
  readonly text: string;
  /** family none until a name is resolved. */
  readonly address: AddressRecord;
  readonly host: string | null;
  /** `log-proto octet-count`: each line has its length before it (RFC 6587 3.4.1). */
  readonly countsOctets: boolean;
  readonly at: Position;
}

/** What targets with `profile NAME` print instead of the proxy's formats. */
export interface LogProfileModel {
  readonly name: string;
  readonly at: Position;
  logTag: string | null;
  /** One for each step: a later line replaces an earlier one. */
  readonly steps: LogProfileStepModel[];
}

export interface LogProfileStepModel {
  /** `accept`, `close`, `http-req` …, or `any` for all steps without a line. */
  readonly step: string;
  readonly isDropped: boolean;
  readonly format: TextModel | null;
  readonly sd: TextModel | null;
  readonly at: Position;
}

/** Name servers, and what is made of their answers (HAProxy configuration manual, 5.3.2). */
export interface ResolversModel {
  readonly name: string;
  readonly at: Position;
  readonly nameservers: NameserverModel[];
  /** Pause between two questions for the same name, and how long an answer is waited for. */
  resolveMs: number;
  retryMs: number;
  /** How often a question is sent before it is given up; 0 is 1. */
  retries: number;
  /** Bytes that an answer over UDP may have. */
  payloadSize: number;
  readonly holdMs: HoldsModel;
}

/** Milliseconds: how old the last good answer may be while another one comes. `valid`: how long it serves do-resolve. */
export interface HoldsModel {
  nx: number;
  refused: number;
  timeout: number;
  other: number;
  valid: number;
  /** How long an address is kept that answers no longer have. */
  obsolete: number;
}

export interface NameserverModel {
  readonly name: string;
  readonly address: AddressRecord;
  /** `tcp@`: asked over TCP only. */
  readonly isStream: boolean;
  readonly at: Position;
}

/** `crt-store`: certificates that lines name by `@store/name` (HAProxy 3.x configuration 12.7). */
export interface CertificateStoreModel {
  /** '': its certificates are named by their paths. */
  readonly name: string;
  readonly at: Position;
  /** Where relative names start; null: as the global section says. */
  crtBase: string | null;
  keyBase: string | null;
  readonly certificates: StoredCertificateModel[];
}

export interface StoredCertificateModel extends PemFiles {
  /** What lines call it: `@store/name`, or the path. */
  readonly name: string;
  readonly path: string;
  readonly ocspUpdate: boolean | null;
  /** `jwt on`: signatures of tokens may be judged with it. */
  readonly jwt: boolean;
  readonly at: Position;
}
