/**
 * What the control thread and the data threads tell each other. Plain data: it is copied. What must be seen at once
 * by all threads (server state, weights, counters) is in the shared columns instead.
 */
import type { MessagePort } from 'node:worker_threads';
import type { MemoryLayout } from '../base/memory.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { BuildProblem } from '../model/problem.ts';
import type { TlsStep } from '../model/tls-change.ts';
import type { SetBuffers } from '../rules/patterns/patterns.ts';
import type { SharedBuffers } from '../state/shared.ts';
import type { NameQuestion } from './names.ts';

/** A descriptor to accept on. */
export interface OpenDoor {
  readonly descriptor: number;
  readonly frontendIndex: number;
  /** Among the listeners of the plan. */
  readonly listenerIndex: number;
  /** Number of the address in its frontend, and whether its name is the user's. */
  readonly id: number;
  readonly isNamed: boolean;
  /** accept-proxy. */
  readonly acceptsProxy: boolean;
  readonly name: string;
}

/** Where a data thread asks for pattern files: a PatternRequest goes in, a PatternAnswer comes out, then `turn` grows. */
export interface PatternDoor {
  readonly port: MessagePort;
  readonly turn: SharedArrayBuffer;
}
/** The set, or why there is none. */
export type PatternAnswer = SetBuffers | string;

/** Everything a data thread needs to start. */
export interface ThreadOrder {
  readonly index: number;
  readonly host: 'uring' | 'epoll';
  readonly model: ConfigModel;
  readonly shared: SharedBuffers;
  readonly layout: MemoryLayout;
  readonly maxWires: number;
  /** How many data threads there are. */
  readonly threads: number;
  readonly pid: number;
  readonly hostname: string;
  readonly patterns: PatternDoor;
  /** 80 random bytes: a TLS session goes on at any thread. */
  readonly ticketKeys: Uint8Array;
}

export type ToThread =
  /** Everything works: accept. */
  | {
      readonly kind: 'open';
      readonly doors: readonly OpenDoor[] /** Of each thread, by index. */;
      readonly wakeDescriptors: readonly number[];
    }
  /** Soft stop: accept no more, close what is idle, end when the last connection has ended. */
  | { readonly kind: 'stop' }
  /** SIGTTOU, SIGTTIN. */
  | { readonly kind: 'pause'; readonly paused: boolean }
  /** A server may take streams again: look at the queues. */
  | { readonly kind: 'serve' }
  /** A server has moved, as its live columns say: idle connections to where it was are of no use. */
  | { readonly kind: 'moved'; readonly server: number }
  /** Sessions of the server end: it is down, or they are at a backup server while a better one is up. */
  | { readonly kind: 'evict'; readonly server: number; readonly why: 'down' | 'up' }
  /** The answer to `name`: a literal, '' if there is none. */
  | { readonly kind: 'named'; readonly ticket: number; readonly address: string }
  /** A pattern file or map lies in other memory from now on. Answer with `adopted`. */
  | { readonly kind: 'patterns'; readonly set: SetBuffers }
  /** Certificates, authorities or what belongs to them change. Answer with `tls`. */
  | { readonly kind: 'tls'; readonly step: TlsStep }
  /** Answer with `usage`. */
  | { readonly kind: 'usage' };

export type FromThread =
  /** Built: what is wrong with the configuration, if anything. */
  | { readonly kind: 'ready'; readonly wakeDescriptor: number; readonly problems: readonly BuildProblem[] }
  | { readonly kind: 'failed'; readonly text: string }
  /** It accepts on the doors it was given. */
  | { readonly kind: 'opened' }
  /** It sees this version of a set of patterns. */
  | { readonly kind: 'adopted'; readonly name: string; readonly version: number }
  /** A step of a change of TLS is done; what was wrong with it, or null. */
  | { readonly kind: 'tls'; readonly problem: string | null }
  /** It accepts no more: the doors may be closed. */
  | { readonly kind: 'deaf' }
  /** A rule asks for the address of a name. Answer with `named`. */
  | { readonly kind: 'name'; readonly question: NameQuestion }
  /** Log lines that targets did not take, since it was told last. */
  | { readonly kind: 'dropped'; readonly lines: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'usage'; readonly usage: Readonly<Record<string, number>>; readonly host: Readonly<Record<string, number>> };
