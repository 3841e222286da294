/**
 * By rank, equal ones first in, first out; linked through its members: a member waits in one queue at most. It knows nothing of what
 * it holds. A member whose rank is not the highest passes those behind it one by one: at most all that wait.
 */
export interface Queued<T extends Queued<T>> {
  queue: Queue<T> | null;
  queueNext: T | null;
  queuePrevious: T | null;
  /** Lower ones come first. Not changed while it waits. */
  queueRank: number;
}

export class Queue<T extends Queued<T>> {
  head: T | null = null;
  tail: T | null = null;
  length = 0;

  push(member: T): void {
    let before = this.tail;
    while (before !== null && before.queueRank > member.queueRank) before = before.queuePrevious;
    const next = before === null ? this.head : before.queueNext;
    member.queue = this;
    member.queuePrevious = before;
    member.queueNext = next;
    if (before === null) this.head = member;
    else before.queueNext = member;
    if (next === null) this.tail = member;
    else next.queuePrevious = member;
    this.length++;
  }

  /** Takes a member out, wherever it stands. */
  remove(member: T): void {
    if (member.queue !== this) return;
    const { queueNext, queuePrevious } = member;
    if (queuePrevious === null) this.head = queueNext;
    else queuePrevious.queueNext = queueNext;
    if (queueNext === null) this.tail = queuePrevious;
    else queueNext.queuePrevious = queuePrevious;
    member.queue = null;
    member.queueNext = member.queuePrevious = null;
    this.length--;
  }
}
