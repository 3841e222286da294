/**
 * A receiver of log datagrams that costs next to nothing: every few milliseconds it empties the socket with calls that copy one
 * byte of each. It must not look at what it receives, it counts.
 */
import { addressOf, bind, close, getsockname, recv, setsockopt, socket } from '../src/platform/ffi.ts';

const DATAGRAM = 2 | 0o2000000 | 0o4000;
const POLL_MS = 2;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const BUFFER_BYTES = 8 << 20;
const INET = 2;

export class SyslogSink {
  readonly port: number;
  received = 0;
  readonly #fd: number;
  readonly #timer: NodeJS.Timeout;
  readonly #bytes = new Uint8Array(128);

  constructor() {
    this.#fd = socket(INET, DATAGRAM, 0);
    const size = new Int32Array(32).fill(BUFFER_BYTES);
    // Only root may have more than the system's limit.
    if (setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, addressOf(size), 4) < 0) {
      setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUF, addressOf(size), 4);
    }
    const address = new DataView(new ArrayBuffer(128));
    address.setUint16(0, INET, true);
    address.setUint32(4, 0x7f000001);
    if (bind(this.#fd, addressOf(address.buffer), 16) < 0) throw new Error('cannot bind a UDP socket to 127.0.0.1');
    const length = new Int32Array(32).fill(16);
    getsockname(this.#fd, addressOf(address.buffer), addressOf(length));
    this.port = address.getUint16(2);
    this.#timer = setInterval(() => this.drain(), POLL_MS);
  }

  /** Takes all that has come. */
  drain(): void {
    const at = addressOf(this.#bytes);
    while (recv(this.#fd, at, 1, 0) >= 0) this.received++;
  }

  close(): void {
    clearInterval(this.#timer);
    close(this.#fd);
  }
}
