/**
 * The floor for bytes: a TCP relay on io_uring without features. A block passes from the receive to the send, one in flight each
 * way. It must know no protocol.
 *
 *     node bench/floor/tcp.ts PORT SERVER-PORT
 */
import * as io from './ring.ts';

const BLOCK = 65536;
const BLOCKS = 512;
const ACCEPT = 1;
const RECV = 2;
const CONNECT = 3;
const SEND = 4;
const SHUT = 5;

/** One side of a relayed connection, with the block that travels from it to its peer. */
class End {
  readonly fd: number;
  readonly index: number;
  peer: End;
  block = -1;
  sent = 0;
  length = 0;
  finished = false;
  /** The peer has been told that this direction is over. */
  shut = false;

  constructor(fd: number, peer: End | undefined) {
    this.fd = fd;
    this.index = freeIndexes.pop() ?? ends.length;
    this.peer = peer ?? this;
    ends[this.index] = this;
  }
}

const freeIndexes: number[] = [];
const ends: End[] = [];
const arena = new io.Arena(BLOCK * BLOCKS);
const free: number[] = [];
for (let block = BLOCKS - 1; block >= 0; block--) free.push(block);
const server = io.loopback(Number(process.argv[3]));

function receive(end: End): void {
  if (end.block < 0) {
    const block = free.pop();
    if (block === undefined) throw new Error('no block left');
    end.block = block;
  }
  io.submit(io.OP_RECV, end.fd, arena.base + end.block * BLOCK, BLOCK, end.index, RECV);
}

function send(end: End): void {
  io.send(end.peer.fd, arena.base + end.block * BLOCK + end.sent, end.length - end.sent, end.index, SEND);
}

function onAccepted(fd: number): void {
  if (fd < 0) return;
  const target = io.tcpSocket();
  io.noDelay(target);
  const client = new End(fd, undefined);
  client.peer = new End(target, client);
  io.connect(target, server, client.peer.index, CONNECT);
}

/** This direction is over: says so to the peer, and closes both once the other direction is over too. */
function finish(end: End): void {
  if (end.finished) return;
  end.finished = true;
  free.push(end.block);
  end.block = -1;
  io.submit(io.OP_SHUTDOWN, end.peer.fd, 0, 1, end.index, SHUT);
}

function onShut(end: End): void {
  end.shut = true;
  if (!end.peer.shut) return;
  io.closeNow(end.fd);
  io.closeNow(end.peer.fd);
  freeIndexes.push(end.index, end.peer.index);
}

function onCompletion(index: number, operation: number, result: number): void {
  if (operation === ACCEPT) {
    onAccepted(result);
    return;
  }
  const end = ends[index] as End;
  switch (operation) {
    case CONNECT:
      if (result < 0) throw new Error(`connect: error ${-result}`);
      receive(end);
      receive(end.peer);
      return;
    case RECV:
      if (result <= 0) {
        finish(end);
        return;
      }
      end.sent = 0;
      end.length = result;
      send(end);
      return;
    case SEND:
      end.sent += result;
      if (result <= 0) finish(end);
      else if (end.sent < end.length) send(end);
      else receive(end);
      return;
    case SHUT:
      onShut(end);
      return;
  }
}

io.acceptAlways(Number(process.argv[2]), ACCEPT);
for (;;) {
  io.flush(1);
  const { words } = io;
  let head = words[io.cqHead] as number;
  const tail = Atomics.load(words, io.cqTail);
  while (head !== tail) {
    const at = io.cqes + ((head & io.cqMask) << 2);
    head = (head + 1) | 0;
    onCompletion(words[at] as number, words[at + 1] as number, words[at + 2] as number);
  }
  words[io.cqHead] = head;
}
