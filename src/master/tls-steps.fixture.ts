/** A thread that takes steps of changes of TLS, for tests: it says what it was told, and hangs when it is told to. */
import { parentPort } from 'node:worker_threads';
import { TlsChanges } from '../worker/tls-changes.ts';

/** To hang until the cell is set: as a thread that computes, it hears nothing meanwhile. */
export type ToFixture = { readonly hang: Int32Array<SharedArrayBuffer> } | { readonly step: Parameters<TlsChanges['take']>[0] };
export type FromFixture =
  | { readonly kind: 'ready' | 'hangs' }
  | { readonly kind: 'tls'; readonly problem: string | null; readonly did: string };

let did = '';
const say = (message: FromFixture): void => parentPort?.postMessage(message);
const changes = new TlsChanges(null, (change) => {
  if (change.kind === 'unlisted' && change.list === 'bad') throw new Error('bad line');
  const note = (what: string): void => {
    did += what;
  };
  note('+');
  return { apply: () => note('a'), drop: () => note('d') };
});

parentPort?.on('message', (message: ToFixture) => {
  if ('step' in message) {
    did = '';
    const problem = changes.take(message.step);
    say({ kind: 'tls', problem, did });
  } else {
    say({ kind: 'hangs' });
    Atomics.wait(message.hang, 0, 0);
  }
});
say({ kind: 'ready' });
