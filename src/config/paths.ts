/** Where relative paths of the configuration start: `default-path` (HAProxy configuration manual, 3.1). */
import { dirname, isAbsolute, join } from 'node:path';

export interface PathBase {
  readonly mode: 'current' | 'config' | 'parent' | 'origin';
  readonly origin: string;
}

/** The path to open for `path`, written in the configuration `file`. */
export function resolvePath(base: PathBase, file: string, path: string): string {
  if (isAbsolute(path)) return path;
  if (base.mode === 'config') return join(dirname(file), path);
  if (base.mode === 'parent') return join(dirname(file), '..', path);
  return base.mode === 'origin' ? join(base.origin, path) : path;
}
