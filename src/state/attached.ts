/**
 * What stands behind frontends and backends: rules, answers, the choice of a server, logs. Shapes only, of the records that they work
 * on: streams `S`, sessions `C`, servers `V`; records.ts names them for its own.
 */
import type { VerdictValue } from './settings.ts';

/** An answer that is made here. */
export interface LocalReply<S> {
  /** A whole message from an error file: also for requests that can't be parsed, as with HAProxy. */
  readonly isWhole: boolean;
  /** Makes stream.response the answer. False: an empty error file, the connection is to be closed without one. */
  fill(stream: S): boolean;
}

export interface RuleList<S> {
  /** Runs rules from index `stream.ruleIndex` on. Sets stream.cause when it ends the stream. */
  run(stream: S): VerdictValue;
}

/** Rules that may wait for data: run from the start whenever more has come, as long as their verdict is wait. */
export interface ContentRules<S> extends RuleList<S> {
  /** `final`: no more data is waited for. */
  inspect(stream: S, final: boolean): VerdictValue;
}

export interface ProxyLineSender<S> {
  /** Writes the header of the stream's connection to [start, limit) of the memory; its end, -1: it is too long. */
  write(stream: S, start: number, limit: number): number;
}

export interface ServerPicker<S, V> {
  /** The same stream always gets the same server: a retry stays with it, unless option redispatch says otherwise. */
  readonly isDeterministic?: boolean;
  /** A usable server for this stream other than `avoid` if there is a choice; null: none. */
  pick(stream: S, avoid: V | null): V | null;
}

/** The `stick` lines of a backend, compiled (stick/rules.ts). */
export interface StickRules<S, V> {
  /** `stick match`: the server stored for this request, if it may be used; null: none. Notes what is to be stored. */
  match(stream: S): V | null;
  /** `stick store-…`: stores the stream's server, when its response begins. */
  store(stream: S): void;
}

export interface LogRenderer<S, C> {
  /** Renders the stream's line for its `logOrigin` and hands it to the targets. */
  stream(stream: S): void;
  /** The line of a connection that came to nothing before it had a stream, with HAProxy's words for why. */
  connection(session: C, text: string): void;
}
