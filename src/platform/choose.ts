/**
 * Which host runs here, and why: io_uring where the kernel lets us, else epoll. Printed by `-dH` and in the log. It must
 * not load a host: main.ts and worker/ do.
 */
import { probeUring } from './uring/probe.ts';

export interface HostChoice {
  readonly name: 'uring' | 'epoll';
  /** In words: `io_uring works`, `HAWSER_HOST`, or what io_uring lacks. */
  readonly reason: string;
}

/**
 * @param forced what the command line or HAWSER_HOST asks for; `uring` is not obeyed where it cannot run
 */
export function chooseHost(forced: 'uring' | 'epoll' | undefined): HostChoice {
  const asked = forced ?? process.env['HAWSER_HOST'];
  if (asked === 'epoll') return { name: 'epoll', reason: forced === undefined ? 'asked for by HAWSER_HOST' : 'asked for' };
  const refusal = probeUring();
  if (refusal === null) return { name: 'uring', reason: 'io_uring works' };
  return { name: 'epoll', reason: refusal };
}
