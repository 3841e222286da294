/**
 * Changes of TLS of a running process put together: what the runtime API asks, and how the data threads follow. Loaded only where a
 * configuration uses TLS.
 */
import { statSync } from 'node:fs';
import { ipText } from '../base/address.ts';
import { readListLine } from '../config/list-line.ts';
import { TlsControl } from '../control/tls-control.ts';
import type { TlsStore } from '../control/tls-store.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { PemModel } from '../model/tls.ts';
import type { TlsChange, TrustRole } from '../model/tls-change.ts';
import { type StepTaker, TlsPublisher } from './tls-changes.ts';

export interface TlsSurroundings {
  /** Gives steps to all data threads. */
  readonly steps: StepTaker;
  /** Called when all data threads follow a change. */
  readonly taken: (change: TlsChange) => void;
  /** Takes lines for the log of the process. */
  readonly log: (text: string) => void;
}

export function controlTls(model: ConfigModel, { steps, taken, log }: TlsSurroundings): TlsControl {
  const publisher = new TlsPublisher(steps, taken, log);
  const { ocspProxy } = model.global;
  const control = new TlsControl({
    model,
    publish: (change) => publisher.publish(change),
    readLine: (store) => (text) => readListLine(text, (path, role) => trustFile(store, path, role)),
    isDirectory,
    log,
    proxy: ocspProxy === null ? null : { host: ipText(ocspProxy), port: ocspProxy.port },
  });
  control.start();
  return control;
}

/** What a file named in a line of a list holds now: the disk is not read while the proxy runs. */
function trustFile(store: TlsStore, path: string, role: TrustRole): PemModel | null {
  const bytes = store.trust[role].get(path)?.bytes ?? null;
  if (bytes === null) return null;
  const at = { file: 'CLI', line: 1, column: 1 };
  const alone = { key: null, ocsp: null, issuer: null, sctl: null, dh: null, settings: null, names: null, list: null, ocspUpdate: null };
  return { path, bytes, ...alone, at };
}

function isDirectory(path: string): boolean {
  return statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false })?.isDirectory() ?? false;
}
