/**
 * Where OpenSSL takes its algorithms from: providers and the properties that choose among them. They are of the whole process, Node's own
 * cryptography included. It must not know configurations.
 */
import * as lib from './library.ts';

const NULL = 0n;
/** Loaded by this thread: the process counts them, and loads each once. */
const loaded = new Set<string>();

/** @param path where modules are looked for; null: as before. @throws Error if there is no such provider */
export function loadProvider(name: string, path: string | null): void {
  if (loaded.has(name)) return;
  lib.errClear();
  if (path !== null) lib.providerPath(NULL, path);
  if (lib.providerLoad(NULL, name) === NULL) throw new Error(`OpenSSL has no provider '${name}': ${lib.takeError()}`);
  loaded.add(name);
}

/** @throws Error if the query can't be read */
export function chooseProperties(query: string): void {
  lib.errClear();
  if (lib.defaultProperties(NULL, query) !== 1) throw new Error(`'${query}' is no query of properties: ${lib.takeError()}`);
}
