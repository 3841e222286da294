/** A configuration with TLS in a folder of its own, and the control of it, for tests: what threads would be told is kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseText } from '../../src/config/parse.ts';
import type { HandClock } from '../../src/control/hand-clock.fixture.ts';
import type { AskOcsp } from '../../src/control/ocsp-client.ts';
import { TlsControl } from '../../src/control/tls-control.ts';
import type { TlsChange } from '../../src/model/tls-change.ts';
import type { Made } from './certificates.ts';

export interface World extends Disposable {
  readonly at: string;
  readonly control: TlsControl;
  readonly published: TlsChange[];
  readonly logged: string[];
  /** What the next change is refused with; null: it is made. */
  refusal: string | null;
}

export interface Wanted {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly global?: string;
  /** Behind `bind :0 ssl`, `$D` is the folder. */
  readonly bind: string;
  readonly clock?: HandClock;
  readonly now?: () => number;
  readonly ask?: AskOcsp;
}

export function openWorld({ files, global = '', bind, ...more }: Wanted): World {
  const at = mkdtempSync(join(tmpdir(), 'hawser-tls-'));
  const inFolder = (text: string): string => text.replaceAll('$D', at);
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(at, name), typeof content === 'string' ? inFolder(content) : content);
  const text = `global\n  ${global}\ndefaults\n  mode http\nfrontend f\n  bind :1 ssl ${inFolder(bind)}\n`;
  const { model, diagnostics } = parseText(text, 'test.cfg');
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'alert').map((each) => each.text),
    [],
  );
  const published: TlsChange[] = [];
  const logged: string[] = [];
  const world = { at, published, logged, refusal: null as string | null };
  const publish = async (change: TlsChange): Promise<string | null> => {
    if (world.refusal === null) published.push(change);
    return world.refusal;
  };
  const readLine = () => (line: string) => {
    const [file = '', ...names] = line.split(' ');
    return { file, names: names.length === 0 ? null : names, options: [], settings: null, ocspUpdate: null };
  };
  const parts = { model, publish, readLine, isDirectory: () => false, log: (line: string) => void logged.push(line), proxy: null };
  const control = new TlsControl({ ...parts, ...more });
  return Object.assign(world, {
    control,
    [Symbol.dispose]: () => {
      control.stop();
      rmSync(at, { recursive: true });
    },
  });
}

/** Bytes of a text. */
export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** The private key of a certificate, as PEM. */
export function keyPem({ key }: Made): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
