/** A folder for the files of a test, gone when it ends: `using files = folder();`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Folder {
  readonly at: string;
  /** The path of a new file; folders on the way are made. */
  write(name: string, content: string | Uint8Array): string;
  [Symbol.dispose](): void;
}

export function folder(): Folder {
  const at = mkdtempSync(join(tmpdir(), 'hawser-files-'));
  return {
    at,
    write: (name, content) => {
      const path = join(at, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    [Symbol.dispose]: () => rmSync(at, { recursive: true }),
  };
}
