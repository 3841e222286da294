/** A wire on top of another: what it has no word in, it asks of the one below. It must not know what is between them. */
import type { SocketAddress } from '../base/address.ts';
import type { TcpFigureValue, Wire, WireOptionValue } from '../platform/contract.ts';

export abstract class LayeredWire {
  protected lower!: Wire;

  get unsent(): number {
    return this.lower.unsent;
  }

  get descriptor(): number {
    return this.lower.descriptor;
  }

  silence(ttl: number): void {
    this.lower.silence(ttl);
  }

  setOption(option: WireOptionValue, value: number): boolean {
    return this.lower.setOption(option, value);
  }

  measure(figure: TcpFigureValue): number {
    return this.lower.measure(figure);
  }

  savedSyn(into: Uint8Array, at: number, most: number): number {
    return this.lower.savedSyn(into, at, most);
  }

  peerAddress(into: SocketAddress): boolean {
    return this.lower.peerAddress(into);
  }

  localAddress(into: SocketAddress): boolean {
    return this.lower.localAddress(into);
  }
}
