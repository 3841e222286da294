/**
 * Whether this kernel, under this process's restrictions, has the io_uring that the host needs. Tried, not guessed from a
 * version: containers forbid it, and distributions bring operations to old kernels. It must not know the host.
 */
import { plainMemory } from '../../base/memory.ts';
import { ENOBUFS, errnoName, errnoText } from '../errno.ts';
import { area, close, errno, socketpair, write } from '../ffi.ts';
import { BUFFER_GROUP, BufferRing } from './buffers.ts';
import { openRing, type Ring } from './ring.ts';

const REGISTER_PROBE = 8;
const PROBED_OPERATIONS = 64;
const OP_SUPPORTED = 1;
/** What the host uses, by number: see linux/io_uring.h. */
const NEEDED: Readonly<Record<number, string>> = {
  6: 'POLL_ADD',
  9: 'SENDMSG',
  11: 'TIMEOUT',
  12: 'TIMEOUT_REMOVE',
  13: 'ACCEPT',
  14: 'ASYNC_CANCEL',
  16: 'CONNECT',
  19: 'CLOSE',
  22: 'READ',
  23: 'WRITE',
  26: 'SEND',
  27: 'RECV',
};

const RECEIVE_MANY = 27 | (0x20 << 8) | (2 << 16);
const F_BUFFER = 1;
const F_MORE = 2;
const AF_UNIX = 1;
const SOCK_STREAM = 1;

/** Null if it works, else why not, in words. */
export function probeUring(): string | null {
  const ring = openRing();
  if (typeof ring === 'number') return `io_uring_setup: ${errnoText(ring)} (${errnoName(ring)})`;
  const missing = missingOperation(ring);
  if (missing !== null) {
    ring.close();
    return missing;
  }
  return probeReceive(ring);
}

function missingOperation(ring: Ring): string | null {
  const answer = area(16 + PROBED_OPERATIONS * 8);
  if (ring.register(REGISTER_PROBE, answer.pointer, PROBED_OPERATIONS) < 0) return refusal('io_uring_register(PROBE)');
  for (const [number, name] of Object.entries(NEEDED)) {
    if (((answer.bytes[16 + Number(number) * 8 + 2] as number) & OP_SUPPORTED) === 0)
      return `the kernel's io_uring lacks the operation ${name}`;
  }
  return null;
}

/** Receives once from a socket pair as the host does: many completions from one request, into offered buffers. */
function probeReceive(ring: Ring): string | null {
  const memory = plainMemory({ blocks: 4, notes: 0, statics: 0 });
  const buffers = new BufferRing(memory);
  const pair = area(8);
  const registered = buffers.register(ring) >= 0;
  let reason = registered ? null : refusal('io_uring_register(PBUF_RING)');
  if (reason === null && socketpair(AF_UNIX, SOCK_STREAM, 0, pair.pointer) < 0) reason = refusal('socketpair');
  if (reason === null) {
    buffers.refill();
    reason = receiveOnce(ring, pair.words[0] as number, pair.words[1] as number);
    close(pair.words[0] as number);
    close(pair.words[1] as number);
  }
  ring.close();
  buffers.close();
  return reason;
}

function receiveOnce(ring: Ring, reader: number, writer: number): string | null {
  write(writer, area(4).pointer, 1);
  const at = ring.entry(RECEIVE_MANY, reader, 0, 0, 0, 0, 0);
  ring.entries[at + 10] = BUFFER_GROUP;
  try {
    ring.enter(1);
  } catch (error) {
    return (error as Error).message;
  }
  const result = ring.words[ring.completions + 2] as number;
  const flags = ring.words[ring.completions + 3] as number;
  if (result === 1 && (flags & F_BUFFER) !== 0 && (flags & F_MORE) !== 0) return null;
  return `the kernel's io_uring has no multishot receive (${errnoName(result < 0 ? -result : ENOBUFS)})`;
}

function refusal(step: string): string {
  const code = errno();
  return `${step}: ${errnoText(code)} (${errnoName(code)})`;
}
