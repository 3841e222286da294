/**
 * Who is compared, and how each is started with a configuration. It must not know what is measured.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPeer } from '../test/support/peer.ts';
import { freePort } from '../test/support/ports.ts';
import type { Program, ProgramOptions } from '../test/support/program.ts';
import { makeFolder } from '../test/support/proxy.ts';
import { isListening } from '../test/support/wait.ts';
import type { Setup } from './configs.ts';
import { haproxyConfig, nginxConfig, originConfig } from './configs.ts';
import { writeEdgeFiles } from './edge.ts';
import { startPinned } from './pinned.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The proxy's CPU, and that of everything else. */
export const PROXY_CPU = '0';
export const LOAD_CPU = '1';

export interface Contender {
  readonly name: string;
  readonly version: string;
  /** The command that serves the setup from files in `folder`. */
  readonly command: (setup: Setup, folder: string) => ProgramOptions;
}

export interface Running {
  readonly name: string;
  readonly program: Program;
  readonly port: number;
}

/** Starts a contender on the proxy's CPU, or others, and waits until it listens. */
export async function start(contender: Contender, setup: Omit<Setup, 'port'>, cpus: string = PROXY_CPU): Promise<Running> {
  const port = await freePort();
  const program = startPinned(cpus, contender.command({ ...setup, port }, makeFolder()));
  await program.until(() => isListening(port), `${contender.name} to listen`);
  return { name: contender.name, program, port };
}

/** Hawser from a working tree. `host` is what HAWSER_HOST says. */
export function hawser(name: string, root: string = ROOT, host?: string): Contender | undefined {
  if (!existsSync(join(root, 'src/main.ts'))) return undefined;
  const command = join(root, 'bin/hawser');
  return {
    name,
    version: firstLine(command, ['-v']),
    command: (setup, folder) => ({
      command,
      args: ['-f', writtenConfig(folder, 'hawser.cfg', setup), '-db'],
      cwd: folder,
      env: { HAWSER_HOST: host },
    }),
  };
}

export function haproxy(): Contender | undefined {
  const command = findPeer('haproxy');
  if (command === undefined) return undefined;
  return {
    name: 'HAProxy',
    version: firstLine(command, ['-v']),
    command: (setup, folder) => ({ command, args: ['-f', writtenConfig(folder, 'haproxy.cfg', setup), '-db'], cwd: folder }),
  };
}

export function nginx(): Contender | undefined {
  const command = findPeer('nginx');
  if (command === undefined) return undefined;
  return {
    name: 'nginx',
    version: firstLine(command, ['-v']),
    command: (setup, folder) => nginxCommand(command, folder, nginxConfig(setup, folder)),
  };
}

/** The relay without features: for HTTP with small bodies, or for bytes. */
export function floor(kind: 'http' | 'tcp'): Contender {
  return {
    name: `bare relay (${kind.toUpperCase()})`,
    version: `bench/floor/${kind}.ts on Node ${process.version}`,
    command: (setup) => ({
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', join(ROOT, `bench/floor/${kind}.ts`), String(setup.port), String(setup.originPort)],
    }),
  };
}

/** A certificate with its key, of those that the tests use. */
export function certificatePath(name: string): string {
  return join(ROOT, 'test/support/tls', name);
}

/** The server behind all of them, with files of 64 kB and 1 MB. */
export async function startOrigin(): Promise<Running & { readonly tlsPort: number }> {
  const command = findPeer('nginx');
  if (command === undefined) throw new Error('nginx is not installed: it is the server behind the proxies');
  const [port, tlsPort, folder] = [await freePort(), await freePort(), makeFolder()];
  writeFileSync(join(folder, '64k'), Buffer.alloc(64 * 1024, 'h'));
  writeFileSync(join(folder, '1m'), Buffer.alloc(1024 * 1024, 'h'));
  const program = startPinned(LOAD_CPU, nginxCommand(command, folder, originConfig(port, tlsPort, certificatePath('server.pem'), folder)));
  await program.until(() => isListening(port), 'the server to listen');
  return { name: 'server', program, port, tlsPort };
}

function nginxCommand(command: string, folder: string, config: string): ProgramOptions {
  return { command, args: ['-e', 'stderr', '-p', folder, '-c', written(folder, 'nginx.conf', config)], cwd: folder };
}

function writtenConfig(folder: string, name: string, setup: Setup): string {
  if (setup.edge) writeEdgeFiles(folder);
  return written(folder, name, haproxyConfig(setup));
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What a program says of its version; nginx says it on standard error. */
export function firstLine(command: string, args: readonly string[]): string {
  const text = execFileSync('/bin/sh', ['-c', '"$0" "$@" 2>&1 || true', command, ...args], { encoding: 'utf8' });
  return (text.split('\n')[0] as string).trim();
}
