/** Who speaks to a server before the handshake with it is done (RFC 8446 2.3). Shapes only. */
import type { WireHandler } from '../platform/contract.ts';

/** `onOpen` comes before the handshake is done, if that can be: what is sent then is early data, `mostEarly` bytes of the engine at most. */
export interface EarlySpeaker extends WireHandler {
  /** The handshake is done. */
  onSettled(): void;
}
