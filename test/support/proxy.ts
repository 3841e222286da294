/**
 * Hawser and HAProxy as programs with a configuration, started the same way, so
 * that one test can put the same question to both.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peer } from './peer.ts';
import type { Exit } from './program.ts';
import { Program } from './program.ts';
import { isListening } from './wait.ts';

export const HAWSER = fileURLToPath(new URL('../../bin/hawser', import.meta.url));
const folders = new Set<string>();

process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export interface ProxyOptions {
  /** Text of the configuration, or made from the proxy's own folder (for UNIX sockets). Every TCP port and UNIX path that its `bind` lines name is waited for. */
  readonly config: string | ((folder: string) => string);
  /** Started in its place. */
  readonly command?: string;
  /** Before `-f FILE`. Default: `-db`, in the foreground. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Hawser only: `uring`, `epoll`. Default: what HAWSER_HOST says, else what the program chooses. */
  readonly host?: string;
  /** Descriptors that the program inherits as 3, 4 …. */
  readonly descriptors?: readonly number[];
  /** More to wait for: ports or UNIX paths. */
  readonly ready?: readonly (number | string)[];
}

export interface Proxy extends AsyncDisposable {
  readonly program: Program;
  readonly pid: number;
  /** Its own folder, short enough for UNIX sockets; removed at the end. */
  readonly folder: string;
  readonly configPath: string;
  /** SIGTERM, once, and the end must be a clean one: status 0 or that very signal. */
  stop(): Promise<Exit>;
}

/** A new folder with a short path, removed when the test process ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'h-'));
  folders.add(folder);
  return folder;
}

/** Starts bin/hawser and waits until it listens. */
export function startHawser(options: ProxyOptions): Promise<Proxy> {
  const env = options.host === undefined ? options.env : { ...options.env, HAWSER_HOST: options.host };
  return startProxy(HAWSER, env === undefined ? options : { ...options, env });
}

/** Starts the installed haproxy and waits until it listens; the test must say `needs('haproxy')`. */
export function startHaproxy(options: ProxyOptions): Promise<Proxy> {
  return startProxy(peer('haproxy'), options);
}

async function startProxy(usual: string, options: ProxyOptions): Promise<Proxy> {
  const { command = usual } = options;
  const folder = makeFolder();
  const configPath = join(folder, 'proxy.cfg');
  const config = typeof options.config === 'string' ? options.config : options.config(folder);
  writeFileSync(configPath, config);
  const { env, descriptors } = options;
  const args = [...(options.args ?? ['-db']), '-f', configPath];
  const program = new Program({ command, args, cwd: folder, ...(env && { env }), ...(descriptors && { descriptors }) });
  const targets = [...boundTargets(config), ...(options.ready ?? [])];
  try {
    await program.until(() => targets.every(isListening), `${command} to listen on ${targets.join(', ')}`);
  } catch (error) {
    program.kill('SIGKILL');
    throw error;
  }
  let stopped: Promise<Exit> | undefined;
  const stop = (): Promise<Exit> => {
    stopped ??= stopCleanly(program);
    return stopped;
  };
  return { program, pid: program.pid, folder, configPath, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** Ports and paths of the `bind` and `stats socket` lines, as far as they are written out. */
function boundTargets(config: string): (number | string)[] {
  const targets: (number | string)[] = [];
  for (const match of config.matchAll(/^[ \t]*(?:bind|stats socket)[ \t]+(\S+)/gm)) {
    for (const address of (match[1] as string).split(',')) {
      const port = /:(\d+)$/.exec(address)?.[1];
      const path = /^(?:unix@)?(\/\S+)$/.exec(address)?.[1];
      if (port !== undefined) targets.push(Number(port));
      else if (path !== undefined) targets.push(path);
    }
  }
  return targets;
}

async function stopCleanly(program: Program): Promise<Exit> {
  const before = program.ended;
  const exit = await program.stop('SIGTERM');
  if (before !== undefined) throw new Error(`ended by itself: ${JSON.stringify(before)}\nstderr:\n${program.stderr}`);
  if (exit.status === 0 || exit.signal === 'SIGTERM') return exit;
  throw new Error(`SIGTERM must end it with status 0 or by that signal, not ${JSON.stringify(exit)}\nstderr:\n${program.stderr}`);
}
