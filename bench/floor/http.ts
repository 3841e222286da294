/**
 * The floor for HTTP: a relay on io_uring without features, no proxy in TypeScript can cost less. It copies heads, drops
 * `Connection`, adds `X-Forwarded-For`, keeps connections to the server, and closes the client's when asked to. It is no proxy:
 * a head must arrive in one piece, a body must fit its message, and what is wrong ends the program.
 *
 *     node bench/floor/http.ts PORT SERVER-PORT
 */
import * as io from './ring.ts';

const BLOCK = 16384;
const RECEIVE_BLOCKS = 2048;
const CONNECTIONS = 4096;
const ACCEPT = 1;
const RECV = 2;
const SEND = 3;
const CONNECT = 4;
const SHUT = 5;

const COLON = 58;
const LF = 10;
const CR = 13;
const LOWER_C = 99;
const LOWER_K = 107;

class Connection {
  fd = -1;
  readonly index: number;
  /** Where the outgoing message is written. */
  readonly out: number;
  outLength = 0;
  outSent = 0;
  peer: Connection | undefined;
  isServer = false;
  connected = false;
  closeAfter = false;
  /** Operations whose completion is still to come: the descriptor is closed, and the record reused, when none is left. */
  inFlight = 0;
  ended = false;

  constructor(index: number) {
    this.index = index;
    this.out = (RECEIVE_BLOCKS + index) * BLOCK;
  }
}

const arena = new io.Arena((RECEIVE_BLOCKS + CONNECTIONS) * BLOCK);
const buffers = new io.ProvidedBuffers(arena, RECEIVE_BLOCKS, BLOCK);
const bytes = arena.bytes;
const connections: Connection[] = [];
const free: Connection[] = [];
for (let index = 0; index < CONNECTIONS; index++) connections.push(new Connection(index));
for (let index = CONNECTIONS - 1; index >= 0; index--) free.push(connections[index] as Connection);
const idle: Connection[] = [];
const server = io.loopback(Number(process.argv[3]));
const FORWARDED = new TextEncoder().encode('x-forwarded-for: 127.0.0.1\r\n\r\n');
const CLOSE = new TextEncoder().encode('connection: close\r\n\r\n');
const END = new TextEncoder().encode('\r\n');

let headEnd = 0;
let contentLength = 0;
let wantsClose = false;

function open(fd: number, isServer: boolean): Connection {
  const connection = free.pop();
  if (connection === undefined) throw new Error('too many connections');
  connection.fd = fd;
  connection.isServer = isServer;
  connection.connected = !isServer;
  connection.peer = undefined;
  connection.closeAfter = false;
  connection.ended = false;
  return connection;
}

function copy(to: number, from: number, count: number): void {
  if (count < 64) for (let at = 0; at < count; at++) bytes[to + at] = bytes[from + at] as number;
  else bytes.copyWithin(to, from, from + count);
}

/** Copies a head without its end and its connection headers. Returns its length, 0 if it is not all there. */
function copyHead(start: number, end: number, target: number): number {
  let at = start;
  let to = target;
  contentLength = 0;
  wantsClose = false;
  for (;;) {
    const line = at;
    if (bytes[line] === CR) break;
    let colon = -1;
    while (at < end && bytes[at] !== LF) {
      if (bytes[at] === COLON && colon < 0) colon = at;
      at++;
    }
    if (at >= end) return 0;
    at++;
    if (isKept(line, colon, at)) {
      copy(to, line, at - line);
      to += at - line;
    }
    if (at >= end) return 0;
  }
  headEnd = to;
  return at + 2 - start;
}

/** Reads the two headers that matter; false for `Connection` and `Keep-Alive`. */
function isKept(line: number, colon: number, end: number): boolean {
  const first = (bytes[line] as number) | 32;
  const length = colon - line;
  if (length === 14 && first === LOWER_C) {
    for (let at = colon + 1; at < end; at++) {
      const digit = (bytes[at] as number) - 48;
      if (digit >= 0 && digit <= 9) contentLength = contentLength * 10 + digit;
    }
  } else if (length === 10 && (first === LOWER_C || first === LOWER_K)) {
    if (bytes[colon + 2] === LOWER_C) wantsClose = true;
    return false;
  }
  return true;
}

function send(connection: Connection): void {
  const rest = connection.outLength - connection.outSent;
  connection.inFlight++;
  io.send(connection.fd, arena.base + connection.out + connection.outSent, rest, connection.index, SEND);
}

function receive(connection: Connection): void {
  connection.inFlight++;
  io.receiveAlways(connection.fd, connection.index, RECV);
}

function connect(): Connection {
  const fd = io.tcpSocket();
  io.noDelay(fd);
  const connection = open(fd, true);
  connection.inFlight = 1;
  io.connect(fd, server, connection.index, CONNECT);
  return connection;
}

function onRequest(client: Connection, at: number, length: number): void {
  const back = idle.pop() ?? connect();
  const head = copyHead(at, at + length, back.out);
  if (head === 0) throw new Error('a request head came in pieces');
  client.closeAfter = wantsClose;
  bytes.set(FORWARDED, headEnd);
  const end = headEnd + FORWARDED.length;
  copy(end, at + head, length - head);
  back.outLength = end + length - head - back.out;
  back.outSent = 0;
  back.peer = client;
  client.peer = back;
  if (back.connected) send(back);
}

function onResponse(back: Connection, at: number, length: number): void {
  const client = back.peer;
  if (client === undefined) {
    idle.push(back);
    return;
  }
  const head = copyHead(at, at + length, client.out);
  if (head === 0 || contentLength !== length - head) throw new Error('a response came in pieces: bodies are for tcp.ts');
  const tail = client.closeAfter ? CLOSE : END;
  bytes.set(tail, headEnd);
  const end = headEnd + tail.length + length - head;
  copy(headEnd + tail.length, at + head, length - head);
  client.outLength = end - client.out;
  client.outSent = 0;
  send(client);
  client.peer = undefined;
  back.peer = undefined;
  idle.push(back);
}

function onSent(connection: Connection, result: number): void {
  connection.outSent += Math.max(0, result);
  if (result <= 0 || connection.ended) return;
  if (connection.outSent < connection.outLength) send(connection);
  else if (connection.closeAfter) shut(connection);
}

/** Ends both directions, and with them the receive. */
function shut(connection: Connection): void {
  connection.inFlight++;
  io.submit(io.OP_SHUTDOWN, connection.fd, 0, 2, connection.index, SHUT);
}

function onReceived(connection: Connection, result: number, flags: number): void {
  const goesOn = (flags & io.MORE) !== 0;
  if (goesOn) connection.inFlight++;
  if (result > 0) {
    const block = flags >>> 16;
    if (connection.isServer) onResponse(connection, block * BLOCK, result);
    else onRequest(connection, block * BLOCK, result);
    buffers.give(block);
    if (!goesOn) receive(connection);
  } else if (result === io.NO_BUFFERS) receive(connection);
  else end(connection);
}

function end(connection: Connection): void {
  connection.ended = true;
  const { peer } = connection;
  connection.peer = undefined;
  if (peer !== undefined) peer.peer = undefined;
  if (!connection.isServer) return;
  const at = idle.indexOf(connection);
  if (at >= 0) idle.splice(at, 1);
  // Its request gets no answer; the floor knows no errors.
  if (peer !== undefined) shut(peer);
}

function onCompletion(index: number, operation: number, result: number, flags: number): void {
  if (operation === ACCEPT) {
    if (result >= 0) receive(open(result, false));
    return;
  }
  const connection = connections[index] as Connection;
  connection.inFlight--;
  if (operation === RECV) onReceived(connection, result, flags);
  else if (operation === SEND) onSent(connection, result);
  else if (operation === CONNECT) {
    if (result < 0) throw new Error(`connect: error ${-result}`);
    connection.connected = true;
    receive(connection);
    send(connection);
  }
  if (connection.inFlight === 0 && connection.ended) {
    io.closeNow(connection.fd);
    free.push(connection);
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
    onCompletion(words[at] as number, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number);
  }
  words[io.cqHead] = head;
}
