/**
 * The stick tables of the examples' world. `web` has addresses and every plain type of data, `many` addresses and the arrays, `texts`
 * strings; each counter of 192.0.2.7 stands at 5 and each rate at 4, and counters 0 to 2 track it in `web`.
 */
import type { StickTableModel } from '../model/config.ts';
import type { Stream } from '../state/records.ts';
import { type Counting, MOST_COUNTERS, type StickTable } from '../state/tracked.ts';
import { DATA_INFOS } from '../stick/data.ts';
import { tableLayout } from '../stick/layout.ts';
import { SharedTable } from '../stick/table.ts';
import { countingsOf, track, trackedOf } from '../stick/track.ts';

const CLIENT = [192, 0, 2, 7];
const COUNT = 5;
const RATE = 4;
const TRACKED = 3;

export class ExampleTables {
  readonly byName: ReadonlyMap<string, StickTable>;

  constructor() {
    const plain = DATA_INFOS.filter(({ isArray }) => !isArray).map(({ name }) => name);
    const arrays = DATA_INFOS.filter(({ isArray }) => isArray).map(({ name }) => name);
    this.byName = new Map([table('web', 'ip', plain), table('many', 'ip', arrays), table('texts', 'string', ['gpc0'])]);
    for (const name of ['web', 'many']) fill(this.byName.get(name) as StickTable);
  }

  /** The stream tracks the client. */
  track(stream: Stream): void {
    const web = this.byName.get('web') as StickTable;
    const tracked = trackedOf(stream, MOST_COUNTERS);
    for (let index = 0; index < TRACKED; index++) {
      putClient(web);
      track(tracked, index, web, countingsOf(web)[0] as Counting);
    }
    fill(web);
  }
}

function table(name: string, type: StickTableModel['type'], store: readonly string[]): [string, StickTable] {
  const isArray = (stored: string): boolean => DATA_INFOS.some((info) => info.name === stored && info.isArray);
  const model: StickTableModel = {
    type,
    length: 32,
    size: 10,
    expireMs: 30_000,
    nopurge: false,
    srvkey: 'name',
    bratesFactor: 1,
    store: store.map((stored) => ({ name: stored, elements: isArray(stored) ? 3 : 1, periodMs: stored.endsWith('_rate') ? 10_000 : 0 })),
    at: { file: 'example', line: 1, column: 1 },
  };
  const layout = tableLayout(model);
  const options = { expireMs: model.expireMs, nopurge: false, bytesFactor: 1, inOrder: process.arch === 'x64' };
  return [name, new SharedTable(name, layout, options, new SharedArrayBuffer(layout.bytes), 0, () => 1000)];
}

function putClient(one: StickTable): void {
  for (const [at, byte] of CLIENT.entries()) one.keyRegister[at] = byte;
  one.setKey(CLIENT.length);
}

function fill(one: StickTable): void {
  putClient(one);
  const entry = one.openKey(true);
  for (const { type, shape, isArray } of DATA_INFOS) {
    for (let element = 0; element < (isArray ? 3 : 1); element++) one.set(entry, type, element, shape === 'rate' ? RATE : COUNT);
  }
  one.close();
}
