/** The handler of a wire that has none: before the acceptor has chosen one, and after the close. It does nothing. */
import type { WireHandler } from './contract.ts';

export const nobody: WireHandler = {
  onOpen(): void {},
  onData: () => false,
  onSent(): void {},
  onEnd(): void {},
  onClose(): void {},
};
