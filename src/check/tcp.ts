/** The plain check: the server is up if it accepts a TCP connection. */
import type { CheckType, Probe } from './contract.ts';
import { result, Status } from './status.ts';

const probe: Probe = { request: null, judge: () => result(Status.l4Ok) };

export const tcpCheck: CheckType<null> = {
  name: 'tcp',
  text: 'Connects and closes at once with a reset, so that nothing lingers on either side.',
  examples: ['server s1 192.0.2.1:80 check'],
  make: () => probe,
};
