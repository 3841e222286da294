/**
 * Secrets of TLS 1.3 connections, for who must decrypt what was recorded (`tune.ssl.keylog`): OpenSSL tells them as lines of a key log
 * while a handshake runs. Nothing is kept unless the configuration asks for it.
 */
import { Fact, type FactValue } from './contract.ts';
import * as lib from './library.ts';

/** Labels of the key log that NSS has made up and all use. TLS before 1.3 has only CLIENT_RANDOM, which other samples tell. */
const FACTS: ReadonlyMap<string, FactValue> = new Map<string, FactValue>([
  ['CLIENT_EARLY_TRAFFIC_SECRET', Fact.clientEarlySecret],
  ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', Fact.clientHandshakeSecret],
  ['SERVER_HANDSHAKE_TRAFFIC_SECRET', Fact.serverHandshakeSecret],
  ['CLIENT_TRAFFIC_SECRET_0', Fact.clientSecret],
  ['SERVER_TRAFFIC_SECRET_0', Fact.serverSecret],
  ['EXPORTER_SECRET', Fact.exporterSecret],
  ['EARLY_EXPORTER_SECRET', Fact.earlyExporterSecret],
]);

/** The secret of a line, as text, among the texts of its connection by Fact. */
export function keepSecret(texts: (Uint8Array | null)[], line: string): void {
  const fact = FACTS.get(line.slice(0, line.indexOf(' ')));
  if (fact === undefined) return;
  while (texts.length <= fact) texts.push(null);
  texts[fact] = Uint8Array.from(line.slice(line.lastIndexOf(' ') + 1), (char) => char.charCodeAt(0)); // hot-ok: where tune.ssl.keylog is on
}

/** A thread's library. */
interface Library {
  readonly number: number;
  /** Whose handshake runs. */
  readonly current: { readonly ssl: bigint; keepSecret(line: string): void } | null;
}

const callbacks = new Map<number, bigint>();

/** Has the connections of a context keep their secrets. One callback per library and thread: they are never released. */
export function keepSecrets(library: Library, context: bigint): void {
  const made =
    callbacks.get(library.number) ??
    lib.keyLogCallback((ssl, line) => {
      const { current } = library;
      if (current !== null && current.ssl === ssl) current.keepSecret(line);
    });
  callbacks.set(library.number, made);
  lib.contextKeyLog(context, made);
}
