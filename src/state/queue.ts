/** First in, first out, linked through its members: a member waits in one queue at most. It knows nothing of what it holds. */
export interface Queued<T extends Queued<T>> {
  queue: Queue<T> | null;
  queueNext: T | null;
  queuePrevious: T | null;
}

export class Queue<T extends Queued<T>> {
  head: T | null = null;
  tail: T | null = null;
  length = 0;

  push(member: T): void {
    member.queue = this;
    member.queuePrevious = this.tail;
    member.queueNext = null;
    if (this.tail === null) this.head = member;
    else this.tail.queueNext = member;
    this.tail = member;
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
