/**
 * The programs that a test runs on: Hawser on each of its hosts, or whatever
 * HAWSER_TEST_SUBJECTS lists. With `HAWSER_TEST_SUBJECTS=haproxy` the installed HAProxy
 * takes Hawser's place, which shows whether an expectation is right in the first place.
 */
import type { ProxyOptions, Proxy as Running } from './proxy.ts';
import { startHaproxy, startHawser } from './proxy.ts';

/** `uring` and `epoll` are Hawser's hosts. */
export const subjects: readonly string[] = (process.env['HAWSER_TEST_SUBJECTS'] ?? 'uring,epoll').split(',');

/** Is it the installed HAProxy (2.6), where expectations of 3.5 may not hold? */
export function isOld(subject: string): boolean {
  return subject === 'haproxy';
}

export function startSubject(subject: string, options: ProxyOptions): Promise<Running> {
  return subject === 'haproxy' ? startHaproxy(options) : startHawser({ ...options, host: subject });
}
