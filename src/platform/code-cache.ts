/**
 * Node's cache of stripped and compiled code, for who was not started by bin/hawser, which sets it before Node starts. The same places
 * in the same order: a folder that belongs to this user and that nobody else can write to, because code is loaded from it. Without
 * such a folder there is no cache, and all goes on. It must not know what is loaded.
 */
import { accessSync, constants, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Modules that are imported from now on come from the cache, in threads and children too. Does nothing if the environment says where it is. */
export function useCodeCache(): void {
  if (process.env['NODE_COMPILE_CACHE'] !== undefined || process.env['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return;
  const folder = codeCacheFolder(process.env);
  if (folder === null) return;
  enableCompileCache(folder);
  process.env['NODE_COMPILE_CACHE'] = folder;
}

/** Where the cache is, made if need be; null: nowhere is safe. */
export function codeCacheFolder(environment: Environment): string | null {
  const { XDG_CACHE_HOME: cacheHome = '', HOME: home = '', USER: user } = environment;
  if (isOwn(cacheHome) && isUsable(join(cacheHome, 'hawser'))) return join(cacheHome, 'hawser');
  if (isOwn(home)) {
    makeFolder(join(home, '.cache'));
    if (isUsable(join(home, '.cache/hawser'))) return join(home, '.cache/hawser');
  }
  return ['/var/cache/hawser', join(tmpdir(), `hawser-${user || 'cache'}`)].find(isUsable) ?? null;
}

/** Under sudo, what lies below HOME may be another user's. */
function isOwn(path: string): boolean {
  return isAbsolute(path) && look(path)?.uid === process.getuid?.();
}

function isUsable(path: string): boolean {
  makeFolder(path);
  const found = look(path);
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0 && isWritable(path);
}

/** Whatever keeps us from looking: it is not to be used. */
function look(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It is there, or can't be; what follows tells.
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
