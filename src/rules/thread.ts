/**
 * What a compiled rule may hold on to: the memory, the shared columns and the clock of the data thread that
 * it runs on, and the proxies of that thread by name. Made by build/ once per thread, before its rules are
 * compiled; it must not know hosts.
 */
import type { Memory } from '../base/memory.ts';
import type { ResolversModel, UserlistModel } from '../model/sections.ts';
import type { Crypto } from '../platform/crypto/contract.ts';
import type { Backend, Frontend, LocalReply, Stream } from '../state/records.ts';
import type { Shared } from '../state/shared.ts';
import type { StickTable } from '../state/tracked.ts';
import { NO_LIMITS, type VariableLimits } from '../state/variables.ts';
import { DebugSinks } from './debug-sinks.ts';
import { RuleError } from './error.ts';
import { Writer } from './format/writer.ts';
import type { Jose } from './jose/jose.ts';
import type { PreparedKeys } from './jose/key-files.ts';
import { type PatternSource, ThreadPatterns } from './patterns/store.ts';
import { Sample } from './sample.ts';
import { RawHead } from './value/raw-head.ts';
import { type PasswordHash, Userlist } from './value/userlist.ts';
import { ThreadVariables } from './value/variables.ts';

/** HAProxy's default of tune.stick-counters. */
export const STICK_COUNTERS = 3;

/** The two clocks of a host, in milliseconds. */
export interface Clock {
  /** Monotonic. */
  now(): number;
  /** Since the epoch. */
  wallClock(): number;
}

/** What the process says about itself. */
export interface ProcessFacts {
  /** Of the process that was started, as the log shows it. */
  readonly pid: number;
  readonly hostname: string;
  /** Name of the node in the peers and the log: `node`, or the host name. */
  readonly node: string;
}

/** Finds addresses of names while streams wait. */
export interface NameService {
  /**
   * Asks for the name in [start, end) of the memory. `stream.overrides.lookup` has the answer when the stream is resumed, or at once.
   * @returns false: too many wait already
   */
  ask(stream: Stream, section: string, wanted: 'ipv4' | 'ipv6', start: number, end: number): boolean;
}

/** What rules need now and then, and is loaded when the first asks for it. */
export interface CryptoParts {
  /** The thread's ciphers, digests and keys. @throws Error that says why there are none */
  openCrypto(): Crypto;
  /** Tokens. @throws RuleError */
  openJose(memory: Memory, crypto: Crypto, readLines: (path: string) => readonly string[]): Jose;
}

export interface ThreadParts {
  readonly memory: Memory;
  readonly shared: Shared;
  readonly clock: Clock;
  readonly process: ProcessFacts;
  readonly frontends: ReadonlyMap<string, Frontend>;
  readonly backends: ReadonlyMap<string, Backend>;
  /** Stick tables by the name of their proxy. */
  readonly tables?: ReadonlyMap<string, StickTable>;
  /** tune.stick-counters: how many entries a session or a stream tracks at most. */
  readonly stickCounters?: number;
  /** The lines of a file that a rule names, one character per byte, without the line feeds. At start only. @throws Error if it can't be read */
  readonly readLines: (path: string) => readonly string[];
  /** `http-errors` sections by name: answers by status. */
  readonly errorSections?: ReadonlyMap<string, ReadonlyMap<number, LocalReply>>;
  /** crypt(3); null: there is none here. */
  readonly passwordHash?: PasswordHash | null;
  /** `userlist` sections. */
  readonly userlists?: readonly UserlistModel[];
  /** Only the control thread, which starts nothing, makes the checks that cost time. */
  readonly checksAll?: boolean;
  /** Two random words that no peer knows. */
  readonly secret?: Int32Array;
  /** Pattern files and maps. */
  readonly patterns: PatternSource;
  /** Start of the pseudo-random sequence; tests fix it. */
  readonly seed?: number;
  /** Four random words for identifiers that must be unique; tests fix them by the seed. */
  readonly entropy?: Uint32Array;
  /** A variable of the environment that the configuration sees. */
  readonly environment?: (name: string) => string | undefined;
  /** Addresses of this machine, 4 or 16 bytes each. */
  readonly localAddresses?: readonly Uint8Array[];
  /** `tune.vars.*`. */
  readonly variableLimits?: VariableLimits;
  /** Names of `ring` sections. */
  readonly rings?: readonly string[];
  /** `resolvers` sections. */
  readonly resolvers?: readonly ResolversModel[];
  /** null: names are not asked for here. */
  readonly names?: NameService | null;
  /** Ciphers, signatures and what goes with them; null: there are none here. */
  readonly crypto?: CryptoParts | null;
}

export class Thread {
  readonly memory: Memory;
  readonly bytes: Uint8Array;
  readonly shared: Shared;
  readonly clock: Clock;
  readonly process: ProcessFacts;
  readonly frontends: ReadonlyMap<string, Frontend>;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly tables: ReadonlyMap<string, StickTable>;
  readonly stickCounters: number;
  readonly readLines: (path: string) => readonly string[];
  readonly errorSections: ReadonlyMap<string, ReadonlyMap<number, LocalReply>>;
  readonly passwordHash: PasswordHash | null;
  readonly checksAll: boolean;
  readonly secret: Int32Array;
  readonly #userlists: ReadonlyMap<string, UserlistModel>;
  readonly #openUserlists = new Map<string, Userlist>();
  /** Pattern files and maps that rules name, as this thread sees them. */
  readonly patterns: ThreadPatterns;
  /** Log profiles that rules name (do-log), by number: the logs, which are built behind the rules, know what they say. */
  readonly logProfiles: string[] = [];
  /** Where `debug` writes to: opened with the logs. */
  readonly debugSinks: DebugSinks;
  /** The register of conditions and formats: nobody keeps anything in it across a call. */
  readonly sample: Sample;
  /** For values that are built while a rule runs. */
  readonly out: Writer;
  readonly variables: ThreadVariables;
  readonly entropy: Uint32Array;
  readonly environment: (name: string) => string | undefined;
  readonly localAddresses: readonly Uint8Array[];
  readonly resolvers: ReadonlyMap<string, ResolversModel>;
  readonly names: NameService | null;
  /** When the thread was made, by the host's clock. */
  readonly startedAtMs: number;
  /** Rewrites that found no room. */
  rewriteFailures = 0;
  #random: number;
  #rawHead: RawHead | null = null;
  readonly #cryptoParts: CryptoParts | null;
  #crypto: Crypto | null = null;
  #jose: Jose | null = null;

  constructor(parts: ThreadParts) {
    this.memory = parts.memory;
    this.bytes = parts.memory.bytes;
    this.shared = parts.shared;
    this.clock = parts.clock;
    this.process = parts.process;
    this.frontends = parts.frontends;
    this.backends = parts.backends;
    this.tables = parts.tables ?? new Map();
    this.stickCounters = parts.stickCounters ?? STICK_COUNTERS;
    this.readLines = parts.readLines;
    this.errorSections = parts.errorSections ?? new Map();
    this.passwordHash = parts.passwordHash ?? null;
    this.checksAll = parts.checksAll ?? true;
    this.secret = parts.secret ?? new Int32Array(2);
    this.#userlists = new Map((parts.userlists ?? []).map((list) => [list.name, list]));
    this.patterns = new ThreadPatterns(parts.patterns);
    this.debugSinks = new DebugSinks(parts.rings ?? []);
    this.sample = new Sample(parts.memory);
    this.out = new Writer(parts.memory);
    this.entropy = parts.entropy ?? Uint32Array.of(parts.seed ?? 1, 2, 3, 4);
    this.environment = parts.environment ?? (() => undefined);
    this.localAddresses = parts.localAddresses ?? [];
    this.resolvers = new Map((parts.resolvers ?? []).map((section) => [section.name, section]));
    this.names = parts.names ?? null;
    this.#cryptoParts = parts.crypto ?? null;
    this.startedAtMs = parts.clock.now();
    this.variables = new ThreadVariables(parts.memory, parts.shared, parts.variableLimits ?? NO_LIMITS);
    this.#random = parts.seed ?? (Math.random() * 0x7fffffff) | 1;
  }

  /** Names of `userlist` sections. */
  get userlistNames(): readonly string[] {
    return Array.from(this.#userlists.keys());
  }

  /** A `userlist` section, made when it is first asked for; undefined: there is none of this name. At start. @throws RuleError */
  userlist(name: string): Userlist | undefined {
    const model = this.#userlists.get(name);
    let list = this.#openUserlists.get(name);
    if (list === undefined && model !== undefined) {
      list = new Userlist(this, model);
      this.#openUserlists.set(name, list);
    }
    return list;
  }

  /** For rules of TCP mode that look at HTTP: made when the first is compiled. */
  rawHead(): RawHead {
    this.#rawHead ??= new RawHead(this.memory);
    return this.#rawHead;
  }

  /** Ciphers, digests and keys. At start. @throws RuleError if there are none */
  crypto(): Crypto {
    if (this.#cryptoParts === null) throw new RuleError('there are no ciphers here');
    try {
      this.#crypto ??= this.#cryptoParts.openCrypto();
    } catch (error) {
      throw new RuleError(error instanceof Error ? error.message : String(error));
    }
    return this.#crypto;
  }

  /** What is needed for tokens. At start. @throws RuleError */
  jose(): Jose {
    const crypto = this.crypto();
    this.#jose ??= (this.#cryptoParts as CryptoParts).openJose(this.memory, crypto, this.readLines);
    return this.#jose;
  }

  /** New keys of a certificate that tokens are checked and decrypted with; null: none are. @throws Error that says what is wrong with it */
  prepareKeys(name: string, certificate: Uint8Array, privateKey: Uint8Array | null): PreparedKeys | null {
    return this.#jose?.keys.prepare(name, certificate, privateKey) ?? null;
  }

  /** The next pseudo-random number, 0 to 2^32 - 1 (xorshift: for spreading load, not for secrets). */
  random(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x >>> 0;
  }
}
