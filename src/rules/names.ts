/** Names of proxies and servers in the statics, found by the record's index: so that writing one costs no string. */
import type { Memory } from '../base/memory.ts';

interface Named {
  readonly name: string;
  readonly index: number;
}

export class NameTable {
  /** Start and end by index. */
  readonly ranges: Int32Array;

  /** At start. */
  constructor(memory: Memory, records: Iterable<Named>) {
    const list = Array.from(records);
    this.ranges = new Int32Array(2 * list.reduce((most, { index }) => Math.max(most, index + 1), 0));
    for (const { name, index } of list) {
      const start = memory.intern(name);
      this.ranges[index * 2] = start;
      this.ranges[index * 2 + 1] = start + name.length;
    }
  }

  start(record: Named): number {
    return this.ranges[record.index * 2] as number;
  }

  end(record: Named): number {
    return this.ranges[record.index * 2 + 1] as number;
  }
}
