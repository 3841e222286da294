/**
 * Body data that is held back while rules wait: it is put together behind what came with the head, in one block, so that rules
 * find it in one piece; what finds no room there waits in the block it came in. It knows blocks and messages, not who waits.
 */
import { type Block, type Memory, NO_BLOCK } from '../base/memory.ts';
import type { HttpMessage } from '../http/message.ts';

/** Takes the data over. `last`: the message ends with it. False: no block is left, and it was given back. */
export function holdData(memory: Memory, message: HttpMessage, block: Block, start: number, end: number, last: boolean): boolean {
  if (message.nextBlock !== NO_BLOCK) {
    // A reader that was told to stop delivers no second one.
    memory.give(block);
    return false;
  }
  const whole = last && message.trailers.rows > 0 ? -1 : append(memory, message, start, end);
  if (whole > 0) {
    if (last) message.complete = true;
    memory.give(block);
    return true;
  }
  if (whole === 0) {
    memory.give(block);
    return false;
  }
  message.nextBlock = block;
  message.nextStart = start;
  message.nextEnd = end;
  message.nextLast = last;
  return true;
}

/** 1: copied behind the early body; -1: no room there; 0: no block left. */
function append(memory: Memory, message: HttpMessage, start: number, end: number): number {
  if (message.bodyBlock === NO_BLOCK && !ownBody(memory, message)) return 0;
  if (end - start > memory.dataEnd(message.bodyBlock) - message.bodyEnd) return -1;
  memory.bytes.copyWithin(message.bodyEnd, start, end);
  message.bodyEnd += end - start;
  return 1;
}

/** Moves the early body to a block of its own: behind it, where it lies, may be what rules have written. */
function ownBody(memory: Memory, message: HttpMessage): boolean {
  const block = memory.take();
  if (block === NO_BLOCK) return false;
  const at = memory.dataStart(block);
  memory.bytes.copyWithin(at, message.bodyStart, message.bodyEnd);
  message.bodyEnd = at + message.bodyEnd - message.bodyStart;
  message.bodyStart = at;
  message.bodyBlock = block;
  return true;
}

/** Bytes of body that are there. */
export function heldBytes(message: HttpMessage): number {
  return message.bodyEnd - message.bodyStart + (message.nextBlock === NO_BLOCK ? 0 : message.nextEnd - message.nextStart);
}

/** Nothing more of the message can come, or no more can be held. */
export function isHeldWhole(message: HttpMessage, limit: number): boolean {
  return message.complete || message.nextBlock !== NO_BLOCK || message.bodyEnd - message.bodyStart >= limit;
}
