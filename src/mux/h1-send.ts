/**
 * Putting HTTP/1 messages on a wire: a head in front of the body that came with it, chunk framing
 * around data, all in the blocks the data already lies in. Shared by the front and the back mux.
 * It must not know streams.
 */
import { BLOCK_SIZE, type Block, type Memory, NO_BLOCK, SCRATCH_SIZE } from '../base/memory.ts';
import { Framing, type HttpMessage } from '../http/message.ts';
import type { Wire } from '../platform/contract.ts';
import { chunkHeaderLength, encodeTrailers, writeChunkEnd, writeChunkHeader } from '../proto/h1/encode.ts';

/** Bytes that were handed to wires and not asked for yet. */
const sent = { bytes: 0 };

/** How many bytes the calls since the last one have handed to a wire, framing included. */
export function takeSent(): number {
  const { bytes } = sent;
  sent.bytes = 0;
  return bytes;
}

/** Gives the block back at once when the wire has taken everything. */
function sendBlock(memory: Memory, wire: Wire, block: Block, start: number, end: number): void {
  sent.bytes += end - start;
  if (wire.send(block, start, end)) memory.give(block);
}

const LAST_CHUNK = '0\r\n\r\n';

/** Makes the constants that are sent: at start. */
export function prepareSending(memory: Memory): void {
  memory.intern(LAST_CHUNK);
}

/** Sends bytes that don't change (constants). */
function sendStatic(wire: Wire, start: number, end: number): void {
  sent.bytes += end - start;
  wire.send(NO_BLOCK, start, end);
}

/**
 * Sends [start, end) of `block` framed for `message`; `last` adds the end of a chunked body. The block is handed over.
 * The HEADROOM and TAILROOM of a block hold the chunk header and its end; long trailers go in a block of their own.
 * False: no block is left for those, the message has no end.
 */
export function sendBody(
  memory: Memory,
  wire: Wire,
  message: HttpMessage,
  block: Block,
  start: number,
  end: number,
  last: boolean,
): boolean {
  if (message.dropsBody) {
    memory.give(block);
    return true;
  }
  if (message.framing !== Framing.chunked) {
    sendBlock(memory, wire, block, start, end);
    return true;
  }
  const { bytes } = memory;
  const from = writeChunkHeader(bytes, start, end - start);
  const to = writeChunkEnd(bytes, end);
  const all = last ? writeTrailers(memory, message, to, memory.end(block)) : to;
  sendBlock(memory, wire, block, from, all < 0 ? to : all);
  return all >= 0 || sendBodyEnd(memory, wire, message);
}

/** Sends the end of a body whose data has all been sent. False: no block left for the trailers. */
export function sendBodyEnd(memory: Memory, wire: Wire, message: HttpMessage): boolean {
  if (message.framing !== Framing.chunked) return true;
  if (message.trailers.rows === 0) {
    const constant = memory.intern(LAST_CHUNK);
    sendStatic(wire, constant, constant + LAST_CHUNK.length);
    return true;
  }
  const block = memory.take();
  if (block === NO_BLOCK) return false;
  const start = memory.base(block);
  const end = writeTrailers(memory, message, start, start + BLOCK_SIZE);
  if (end < 0) {
    memory.give(block);
    return false;
  }
  sendBlock(memory, wire, block, start, end);
  return true;
}

/**
 * Sends a head that was encoded at [headStart, headEnd) on the desk, in front of the early body of `message`, and takes over
 * message.block. One send where it can be one. False: no block left, nothing was sent.
 */
export function sendHeadInPlace(memory: Memory, wire: Wire, message: HttpMessage, headStart: number, headEnd: number): boolean {
  const { bytes } = memory;
  const { bodyStart, bodyEnd } = message;
  if (message.bodyBlock !== NO_BLOCK) swapBlocks(memory, message);
  const { block } = message;
  if (block === NO_BLOCK) return sendHeadWithStatic(memory, wire, message, headStart, headEnd);
  message.block = NO_BLOCK;
  const headLength = headEnd - headStart;
  const size = bodyEnd - bodyStart;
  if (size === 0) return sendEmpty(memory, wire, message, block, headStart, headEnd);
  const chunked = message.framing === Framing.chunked;
  const prefix = headLength + (chunked ? chunkHeaderLength(size) : 0);
  const at = bodyStart - prefix;
  if (at >= memory.base(block)) {
    bytes.copyWithin(at, headStart, headEnd);
    return sendFramed(memory, wire, message, block, at);
  }
  const first = memory.take();
  if (first === NO_BLOCK) {
    memory.give(block);
    return false;
  }
  const start = memory.base(first);
  bytes.copyWithin(start, headStart, headEnd);
  sendBlock(memory, wire, first, start, start + headLength);
  sendBody(memory, wire, message, block, bodyStart, bodyEnd, message.complete);
  return true;
}

/** The early body lies in a block of its own, and the head's is not needed any more: its trailers, if any, lie in the headBlock. */
function swapBlocks(memory: Memory, message: HttpMessage): void {
  if (message.headBlock === NO_BLOCK) message.headBlock = message.block;
  else memory.give(message.block);
  message.block = message.bodyBlock;
  message.bodyBlock = NO_BLOCK;
}

/** A block with nothing but trailers is the message's if it has none aside: rules may wait before they are sent. True: it is. */
export function keepTrailers(message: HttpMessage, block: Block): boolean {
  if (message.trailers.rows === 0 || message.headBlock !== NO_BLOCK) return false;
  message.headBlock = block;
  return true;
}

/** A head without early body in a block, with the end of an empty chunked body. False: no room for it, nothing was sent. */
function sendEmpty(memory: Memory, wire: Wire, message: HttpMessage, block: Block, headStart: number, headEnd: number): boolean {
  const at = memory.base(block);
  const to = at + headEnd - headStart;
  const ends = message.framing === Framing.chunked && message.complete;
  // The end goes first: trailers may lie where the head is written to.
  const end = ends ? writeTrailers(memory, message, to, memory.end(block)) : to;
  if (end < 0) {
    memory.give(block);
    return false;
  }
  memory.copy(headStart, headEnd, at);
  sendBlock(memory, wire, block, at, end);
  return true;
}

/** The early body with a head already in front of it, from `at` on. False: no block left, nothing was sent. */
function sendFramed(memory: Memory, wire: Wire, message: HttpMessage, block: Block, at: number): boolean {
  const { bodyStart, bodyEnd } = message;
  if (message.framing !== Framing.chunked) {
    sendBlock(memory, wire, block, at, bodyEnd);
    return true;
  }
  const { bytes } = memory;
  writeChunkHeader(bytes, bodyStart, bodyEnd - bodyStart);
  const to = writeChunkEnd(bytes, bodyEnd);
  const all = message.complete ? writeTrailers(memory, message, to, memory.end(block)) : to;
  if (all < 0 && memory.blocks.free === 0) {
    memory.give(block);
    return false;
  }
  sendBlock(memory, wire, block, at, all < 0 ? to : all);
  return all >= 0 || sendBodyEnd(memory, wire, message);
}

/** A message made here: head into a fresh block, the body from constants behind it or in a send of its own. */
function sendHeadWithStatic(memory: Memory, wire: Wire, message: HttpMessage, headStart: number, headEnd: number): boolean {
  const block = memory.take();
  if (block === NO_BLOCK) return false;
  const { bytes } = memory;
  const { bodyStart, bodyEnd } = message;
  const start = memory.base(block);
  bytes.copyWithin(start, headStart, headEnd);
  const end = start + headEnd - headStart;
  const size = bodyEnd - bodyStart;
  if (end + size <= memory.end(block)) {
    bytes.copyWithin(end, bodyStart, bodyEnd);
    sendBlock(memory, wire, block, start, end + size);
    return true;
  }
  sendBlock(memory, wire, block, start, end);
  sendStatic(wire, bodyStart, bodyEnd);
  return true;
}

/**
 * Copies a head from the desk and the early body of `message` to fresh blocks and sends them: the message stays whole, for a
 * retry. False: no block left; the message was not, or not wholly, sent.
 */
export function sendHeadCopy(memory: Memory, wire: Wire, message: HttpMessage, headStart: number, headEnd: number): boolean {
  const block = memory.take();
  if (block === NO_BLOCK) return false;
  if (message.bodyEnd === message.bodyStart) return sendEmpty(memory, wire, message, block, headStart, headEnd);
  const start = memory.base(block);
  memory.copy(headStart, headEnd, start);
  const at = start + headEnd - headStart;
  return copyBody(memory, wire, message, block, start, at);
}

/** Room for a chunk header, its end and short trailers around copied data. */
const FRAME_ROOM = 2048;

function copyBody(memory: Memory, wire: Wire, message: HttpMessage, block: Block, start: number, at: number): boolean {
  const { bytes } = memory;
  const { bodyStart, bodyEnd } = message;
  const size = bodyEnd - bodyStart;
  const chunked = message.framing === Framing.chunked;
  const dataAt = at + (chunked ? chunkHeaderLength(size) : 0);
  if (dataAt + size + FRAME_ROOM <= memory.end(block)) {
    bytes.copyWithin(dataAt, bodyStart, bodyEnd);
    return sendCopied(memory, wire, message, block, start, dataAt, dataAt + size);
  }
  const second = memory.take();
  if (second === NO_BLOCK) {
    memory.give(block);
    return false;
  }
  const to = memory.dataStart(second);
  bytes.copyWithin(to, bodyStart, bodyEnd);
  sendBlock(memory, wire, block, start, at);
  return sendBody(memory, wire, message, second, to, to + size, message.complete);
}

function sendCopied(
  memory: Memory,
  wire: Wire,
  message: HttpMessage,
  block: Block,
  start: number,
  dataAt: number,
  dataEnd: number,
): boolean {
  if (message.framing !== Framing.chunked) {
    sendBlock(memory, wire, block, start, dataEnd);
    return true;
  }
  const { bytes } = memory;
  writeChunkHeader(bytes, dataAt, dataEnd - dataAt);
  const to = writeChunkEnd(bytes, dataEnd);
  const all = message.complete ? writeTrailers(memory, message, to, memory.end(block)) : to;
  sendBlock(memory, wire, block, start, all < 0 ? to : all);
  return all >= 0 || sendBodyEnd(memory, wire, message);
}

/** The last chunk and trailers at `at`. Trailers are encoded aside first: their bytes may lie where they are written to. */
function writeTrailers(memory: Memory, message: HttpMessage, at: number, limit: number): number {
  if (message.trailers.rows === 0) return encodeTrailers(message, memory.bytes, at, limit);
  const aside = memory.scratch();
  const end = encodeTrailers(message, memory.bytes, aside, aside + SCRATCH_SIZE);
  if (end < 0 || at + end - aside > limit) return -1;
  memory.bytes.copyWithin(at, aside, end);
  return at + end - aside;
}
