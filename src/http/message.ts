/**
 * The neutral HTTP message: what every protocol decodes into and encodes from, and
 * what rules read and change. A start line, a table of header fields as offsets into
 * the thread's memory, and the framing of the body. It must not know any protocol's
 * syntax, sockets or streams. Header names are in lower case from the codec on.
 */
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';

/** tune.http.maxhdr: header fields accepted from a peer (HAProxy's default). */
export const MAX_RECEIVED_HEADERS = 101;
/** Rows in a new table: the received fields and what usual rules add. */
const ROWS = 192;
/** Rows in the largest: more fields than that do not fit into a head anyway. Only rules can ask for it, never a peer. */
const ROWS_LIMIT = 1536;
const CELLS = 4;

/** Known field names: a codec sets the number, so that nobody compares these names by bytes. 0: any other name. */
export const HeaderId = {
  other: 0,
  host: 1,
  connection: 2,
  contentLength: 3,
  transferEncoding: 4,
  upgrade: 5,
  te: 6,
  expect: 7,
  cookie: 8,
  setCookie: 9,
  cacheControl: 10,
  expires: 11,
  etag: 12,
  lastModified: 13,
  pragma: 14,
  location: 15,
  contentType: 16,
  xForwardedFor: 17,
  keepAlive: 18,
  proxyConnection: 19,
  secWebSocketKey: 20,
  secWebSocketAccept: 21,
  http2Settings: 22,
  authorization: 23,
  userAgent: 24,
  accept: 25,
  acceptEncoding: 26,
  contentEncoding: 27,
  vary: 28,
  date: 29,
  server: 30,
  referer: 31,
  trailer: 32,
} as const;
export type HeaderIdValue = (typeof HeaderId)[keyof typeof HeaderId];

/** The names behind HeaderId, for token tables, rules and documentation. */
export const HEADER_NAMES: readonly (readonly [string, HeaderIdValue])[] = [
  ['host', 1],
  ['connection', 2],
  ['content-length', 3],
  ['transfer-encoding', 4],
  ['upgrade', 5],
  ['te', 6],
  ['expect', 7],
  ['cookie', 8],
  ['set-cookie', 9],
  ['cache-control', 10],
  ['expires', 11],
  ['etag', 12],
  ['last-modified', 13],
  ['pragma', 14],
  ['location', 15],
  ['content-type', 16],
  ['x-forwarded-for', 17],
  ['keep-alive', 18],
  ['proxy-connection', 19],
  ['sec-websocket-key', 20],
  ['sec-websocket-accept', 21],
  ['http2-settings', 22],
  ['authorization', 23],
  ['user-agent', 24],
  ['accept', 25],
  ['accept-encoding', 26],
  ['content-encoding', 27],
  ['vary', 28],
  ['date', 29],
  ['server', 30],
  ['referer', 31],
  ['trailer', 32],
];

export const Method = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  connect: 6,
  options: 7,
  trace: 8,
  patch: 9,
} as const;
export type MethodValue = (typeof Method)[keyof typeof Method];

/** How the end of a body is told, on the side it came from. */
export const Framing = {
  /** No body. */
  none: 0,
  /** `contentLength` bytes. */
  length: 1,
  chunked: 2,
  /** Until the peer closes (responses only). */
  close: 3,
  /** No HTTP any more: bytes both ways until both sides close (101, CONNECT). */
  tunnel: 4,
} as const;
export type FramingValue = (typeof Framing)[keyof typeof Framing];

/** Rows of (name, value) as offsets into the thread's memory. Removed rows stay as holes until `clear`. */
export class HeaderTable {
  /** Per row: nameStart, nameLength | id << 16 (0: a hole), valueStart, valueEnd. */
  cells = new Int32Array(ROWS * CELLS);
  /** Rows in use, holes included. */
  rows = 0;
  /** A bit for each kind of name (see `kindBit`) that was ever added: a name without its bit is not there. */
  kinds = 0;

  clear(): void {
    this.rows = 0;
    this.kinds = 0;
  }

  /** False when the table is full. The bytes must stay unchanged as long as the message lives. */
  add(id: number, nameStart: number, nameLength: number, valueStart: number, valueEnd: number): boolean {
    const { rows } = this;
    const cell = rows * CELLS;
    if (cell === this.cells.length && !this.#grow()) return false;
    const { cells } = this;
    cells[cell] = nameStart;
    cells[cell + 1] = nameLength | (id << 16);
    cells[cell + 2] = valueStart;
    cells[cell + 3] = valueEnd;
    this.rows = rows + 1;
    this.kinds |= kindBit(id, nameLength);
    return true;
  }

  /** Twice the rows, kept for the next messages of this record. */
  #grow(): boolean {
    const { cells } = this;
    if (cells.length === ROWS_LIMIT * CELLS) return false;
    this.cells = new Int32Array(cells.length * 2); // hot-ok: three times in the life of a record, where rules add that many fields
    this.cells.set(cells);
    return true;
  }

  isHole(row: number): boolean {
    return this.cells[row * CELLS + 1] === 0;
  }

  id(row: number): number {
    return (this.cells[row * CELLS + 1] as number) >>> 16;
  }

  nameStart(row: number): number {
    return this.cells[row * CELLS] as number;
  }

  nameLength(row: number): number {
    return (this.cells[row * CELLS + 1] as number) & 0xffff;
  }

  valueStart(row: number): number {
    return this.cells[row * CELLS + 2] as number;
  }

  valueEnd(row: number): number {
    return this.cells[row * CELLS + 3] as number;
  }

  setValue(row: number, valueStart: number, valueEnd: number): void {
    this.cells[row * CELLS + 2] = valueStart;
    this.cells[row * CELLS + 3] = valueEnd;
  }

  remove(row: number): void {
    this.cells[row * CELLS + 1] = 0;
  }

  /** The first row at or after `from` with this known name; -1: none. */
  findId(id: HeaderIdValue, from: number): number {
    const { cells, rows } = this;
    if ((this.kinds & kindBit(id, 0)) === 0) return -1;
    for (let row = from; row < rows; row++) {
      if ((cells[row * CELLS + 1] as number) >>> 16 === id) return row;
    }
    return -1;
  }

  /** The first row at or after `from` whose name is bytes[nameStart, +nameLength) (lower case); -1: none. */
  find(bytes: Uint8Array, nameStart: number, nameLength: number, from: number): number {
    const { cells, rows } = this;
    for (let row = from; row < rows; row++) {
      const cell = row * CELLS;
      if (((cells[cell + 1] as number) & 0xffff) === nameLength && nameLength > 0) {
        const at = cells[cell] as number;
        let i = 0;
        while (i < nameLength && bytes[at + i] === bytes[nameStart + i]) i++;
        if (i === nameLength) return row;
      }
    }
    return -1;
  }

  /**
   * As `find`, for who knows the name's number: rows of known names all have theirs, so that bytes are compared only where both
   * names have none.
   */
  findName(id: number, bytes: Uint8Array, nameStart: number, nameLength: number, from: number): number {
    const { cells, rows } = this;
    if (id !== 0) return this.findId(id as HeaderIdValue, from);
    if ((this.kinds & kindBit(0, nameLength)) === 0) return -1;
    for (let row = from; row < rows; row++) {
      if (cells[row * CELLS + 1] === nameLength && sameBytes(bytes, cells[row * CELLS] as number, nameStart, nameLength)) return row;
    }
    return -1;
  }

  /** The last row with this name; -1: none. */
  findLastName(id: number, bytes: Uint8Array, nameStart: number, nameLength: number): number {
    const { cells } = this;
    if ((this.kinds & kindBit(id, nameLength)) === 0) return -1;
    const size = nameLength | (id << 16);
    for (let row = this.rows - 1; row >= 0; row--) {
      if (cells[row * CELLS + 1] !== size) continue;
      if (id !== 0 || sameBytes(bytes, cells[row * CELLS] as number, nameStart, nameLength)) return row;
    }
    return -1;
  }

  /** As `removeAll`, for who knows the name's number. */
  removeName(id: number, bytes: Uint8Array, nameStart: number, nameLength: number): void {
    const { cells, rows } = this;
    if ((this.kinds & kindBit(id, nameLength)) === 0) return;
    const size = nameLength | (id << 16);
    for (let row = 0; row < rows; row++) {
      if (cells[row * CELLS + 1] !== size) continue;
      if (id !== 0 || sameBytes(bytes, cells[row * CELLS] as number, nameStart, nameLength)) cells[row * CELLS + 1] = 0;
    }
  }

  /** Removes every row with this name; how many there were. */
  removeAll(bytes: Uint8Array, nameStart: number, nameLength: number): number {
    let count = 0;
    for (let row = this.find(bytes, nameStart, nameLength, 0); row >= 0; row = this.find(bytes, nameStart, nameLength, row + 1)) {
      this.remove(row);
      count++;
    }
    return count;
  }

  /** Removes every row with this known name; how many there were. */
  removeId(id: HeaderIdValue): number {
    let count = 0;
    for (let row = this.findId(id, 0); row >= 0; row = this.findId(id, row + 1)) {
      this.remove(row);
      count++;
    }
    return count;
  }
}

/** Known names by their number, others by their length, in 31 bits. */
function kindBit(id: number, nameLength: number): number {
  return 1 << ((id === 0 ? nameLength : id * 7) & 31);
}

function sameBytes(bytes: Uint8Array, start: number, other: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[start + i] !== bytes[other + i]) return false;
  return true;
}

export class HttpMessage {
  readonly headers = new HeaderTable();
  /** Fields after a chunked body; filled when the body has ended. */
  readonly trailers = new HeaderTable();
  /** The block that holds the head's bytes; NO_BLOCK for a message made here from constants. Owned by the message. */
  block: Block = NO_BLOCK;
  /** Free bytes for rewritten values: [spare, spareEnd) behind what was received in `block`. */
  spare = 0;
  spareEnd = 0;

  /** Request line. `method` is Method.other for names not listed there. */
  method: MethodValue = Method.other;
  methodStart = 0;
  methodEnd = 0;
  /** The request target as it is forwarded. */
  targetStart = 0;
  targetEnd = 0;
  /** Where the target's path ends, once somebody has looked (rules/edit/target.ts); 0: nobody has. */
  pathEnd = 0;
  /** Version the peer spoke: 10 or 11 (anything newer counts as 11), 20 for HTTP/2. */
  version = 11;
  /** Version as written in the start line, for logs: HTTP/1.2 is [versionStart, versionEnd). */
  versionStart = 0;
  versionEnd = 0;

  /** Status line. */
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;

  framing: FramingValue = Framing.none;
  /** Bytes of body announced (framing length). */
  contentLength = 0;
  /** Rules have changed what the framing is told by, fields or a status: see reframe.ts. */
  reframe = false;
  /** Rules have made it a message without a body: what comes of that is not sent. */
  dropsBody = false;
  /** The method that the client sent, once a rule has changed it; else -1. */
  firstMethod: MethodValue | -1 = -1;
  /** The peer's side can carry another message after this one. */
  persistent = true;
  /** A request that asks for, or a response that grants, a protocol change. Upgrade and its token are then forwarded. */
  upgrade = false;
  /** Expect: 100-continue was asked for. */
  expectContinue = false;
  /** The connection this message came on must close after the exchange (CL with TE: RFC 9112 6.3). */
  mustClose = false;
  /** Body data that came with the head or while rules waited, decoded: [bodyStart, bodyEnd) in `block`, or in `bodyBlock`. */
  bodyStart = 0;
  bodyEnd = 0;
  /** The block of the early body if that was put together while rules waited; else NO_BLOCK. Owned by the message. */
  bodyBlock: Block = NO_BLOCK;
  /** The block that held the head when trailers came in one of their own, which is `block` then. Owned by the message. */
  headBlock: Block = NO_BLOCK;
  /** Data behind the early body that found no room in its block: [nextStart, nextEnd); `nextLast`: the message ends with it. */
  nextBlock: Block = NO_BLOCK;
  nextStart = 0;
  nextEnd = 0;
  nextLast = false;
  /** The head has been received and is valid. */
  headDone = false;
  /** The whole message has been received: no more data events follow. */
  complete = false;

  /** Gives all blocks back. */
  giveBlocks(memory: Memory): void {
    memory.give(this.block);
    if (this.bodyBlock !== NO_BLOCK) memory.give(this.bodyBlock);
    if (this.headBlock !== NO_BLOCK) memory.give(this.headBlock);
    if (this.nextBlock !== NO_BLOCK) memory.give(this.nextBlock);
    this.block = this.bodyBlock = this.headBlock = this.nextBlock = NO_BLOCK;
  }

  /** Another target: rules have written it to [start, end). */
  setTarget(start: number, end: number): void {
    this.targetStart = start;
    this.targetEnd = end;
    this.pathEnd = 0;
  }

  reset(): void {
    this.headers.clear();
    this.trailers.clear();
    this.block = NO_BLOCK;
    this.spare = 0;
    this.spareEnd = 0;
    this.method = Method.other;
    this.methodStart = this.methodEnd = this.targetStart = this.targetEnd = this.pathEnd = 0;
    this.version = 11;
    this.versionStart = this.versionEnd = 0;
    this.status = 0;
    this.reasonStart = this.reasonEnd = 0;
    this.framing = Framing.none;
    this.contentLength = 0;
    this.reframe = this.dropsBody = false;
    this.firstMethod = -1;
    this.persistent = true;
    this.upgrade = false;
    this.expectContinue = false;
    this.mustClose = false;
    this.bodyStart = this.bodyEnd = 0;
    this.bodyBlock = this.headBlock = this.nextBlock = NO_BLOCK;
    this.nextLast = false;
    this.complete = this.headDone = false;
  }
}
