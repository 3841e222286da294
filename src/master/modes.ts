/**
 * What the command line may ask of a process beside serving: to become a daemon, to look like a master, to tell
 * systemd.
 */
import { once } from 'node:events';
import { Family, newAddress } from '../base/address.ts';
import type { CommandLine } from '../config/command/arguments.ts';
import { sendDatagram } from '../platform/notify.ts';

/** Marks the process that `-D` has left behind. */
const DAEMON_MARK = 'HAWSER_DAEMON';

/** True in the process that `-D` or `daemon` wants to leave behind. */
export function isDaemon(): boolean {
  return process.env[DAEMON_MARK] !== undefined;
}

/** Starts this program again in the background and waits until it serves; the exit code of this one. */
export async function daemonize(): Promise<number> {
  const [script = '', ...args] = process.argv.slice(1);
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, [DAEMON_MARK]: '1' },
  });
  const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? 1);
  const ready = once(child, 'message').then(() => 0);
  const code = await Promise.race([ready, ended]);
  child.unref();
  if (child.connected) child.disconnect();
  return code;
}

/** One datagram to the service manager (sd_notify(3)), if there is one. `-Ws` only. */
export function notifyManager(line: CommandLine, text: string): void {
  const path = process.env['NOTIFY_SOCKET'];
  if (line.master !== 'systemd' || path === undefined || path === '') return;
  const address = newAddress();
  address.family = path.startsWith('@') ? Family.abns : Family.unix;
  address.path = path.startsWith('@') ? path.slice(1) : path;
  sendDatagram(address, text);
}
