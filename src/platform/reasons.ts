/** Error numbers of the kernel to the contract's reasons. It must not know which host met them. */
import { Close, type CloseReason } from './contract.ts';
import { EAGAIN, ECONNREFUSED, ECONNRESET, EMFILE, ENFILE, ENOBUFS, ENOMEM } from './errno.ts';

/** Why `connect` (or the socket made for it) failed. */
export function connectFailure(code: number): CloseReason {
  switch (code) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EAGAIN: // a UNIX socket whose backlog is full
      return Close.refused;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return Close.resources;
    default:
      return Close.unreachable;
  }
}

/** Whether `accept` should be tried again at once, since only that one connection failed. */
export function acceptRetries(code: number): boolean {
  return code === 103 || code === 4 || code === EAGAIN || code === 125 || code === 71;
}
