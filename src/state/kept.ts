/** The addresses of a connection while rules of a request have others in their place (set-src, set-dst). Fields only. */
import { newAddress, type SocketAddress } from '../base/address.ts';

export class KeptAddresses {
  readonly source: SocketAddress = newAddress();
  readonly destination: SocketAddress = newAddress();
  /** Whether the destination was known. */
  hasDestination = false;
  /** They hold what the session had. */
  hasSource = false;
  keepsDestination = false;
}
