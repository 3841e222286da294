/**
 * A program that is measured: pinned to CPUs, with what the kernel has counted for it. It must not know what the program does.
 *
 * CPU time is that of the whole thread group and its children: of Hawser also the control thread and the kernel's workers for
 * io_uring, of nginx also a master. The kernel's totals are exact, their split into user and system is sampled.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { ProgramOptions } from '../test/support/program.ts';
import { Program } from '../test/support/program.ts';

/** Ticks of /proc/PID/stat: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;
const UTIME = 11;
const STIME = 12;

export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

/** Starts a program on the given CPUs (a list for taskset(1)). taskset becomes the program, so the process id is the program's own. */
export function startPinned(cpus: string, options: ProgramOptions): Program {
  return new Program({ ...options, command: 'taskset', args: ['-c', cpus, options.command, ...(options.args ?? [])] });
}

/** Moves this process, and what it starts from now on, to the given CPUs. */
export function pinThisProcess(cpus: string): void {
  execFileSync('taskset', ['-a', '-p', '-c', cpus, String(process.pid)], { stdio: 'ignore' });
}

/** CPU time that a process and its children have used so far. */
export function cpuTimeOf(pid: number): CpuTime {
  let [userUs, systemUs] = [0, 0];
  for (const each of familyOf(pid)) {
    const stat = readFileSync(`/proc/${each}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    userUs += Number(fields[UTIME]) * TICK_US;
    systemUs += Number(fields[STIME]) * TICK_US;
  }
  return { userUs, systemUs };
}

/** Resident memory of a process and its children in bytes. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** The most that it ever was. */
export function peakBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM');
}

function statusBytes(pid: number, name: string): number {
  let bytes = 0;
  for (const each of familyOf(pid)) {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${each}/status`, 'latin1'));
    bytes += Number(found?.[1] ?? 0) * 1024;
  }
  return bytes;
}

function familyOf(pid: number): number[] {
  const family = [pid];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
    if (children !== '') for (const child of children.split(' ')) family.push(...familyOf(Number(child)));
  }
  return family;
}
