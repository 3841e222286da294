/** One datagram to a UNIX socket, synchronously: what systemd's notification wants. It must not know what it says. */
import type { SocketAddress } from '../base/address.ts';
import { area, close, send } from './ffi.ts';
import { datagramSocket, SOCK_NONBLOCK } from './sockets.ts';

const MSG_NOSIGNAL = 0x4000;

/** False: nobody listens there, or it is too long (4 kB). */
export function sendDatagram(address: SocketAddress, text: string): boolean {
  const bytes = Buffer.from(text);
  if (bytes.length > 4096) return false;
  const descriptor = datagramSocket(address, SOCK_NONBLOCK);
  if (descriptor < 0) return false;
  const room = area(4096);
  room.bytes.set(bytes);
  const sent = send(descriptor, room.pointer, bytes.length, MSG_NOSIGNAL);
  close(descriptor);
  return sent === bytes.length;
}
