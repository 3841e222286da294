/** What must hold between exchanges as they were scripted and what both sides and the log saw. */
import assert from 'node:assert/strict';
import { checkRequest, checkResponse, type Exchange, requestLine } from './exchange.ts';
import type { Message } from './messages.ts';
import type { Client, Origin } from './peers.ts';
import type { SimRig } from './rig.ts';

/** Every exchange went through unharmed: each byte, each trailer, each 103, in order, and a line each. */
export function judgeAll(rig: SimRig, clients: readonly Client[], origins: readonly Origin[]): void {
  const place = rig.place();
  for (const { reader, exchanges } of clients) {
    assert.equal(reader.error, '', place);
    assert.equal(reader.messages.length, exchanges.length, `answers: ${reader.messages.map(({ start }) => start)}; ${place}`);
    for (const [index, one] of exchanges.entries()) {
      checkResponse(one, reader.messages[index] as Message, true, place);
      const interims = reader.interims.filter(({ before }) => before === index);
      assert.equal(interims.length, one.interims, `103 before ${requestLine(one)}; ${place}`);
      judgeNormalLine(rig, one);
    }
  }
  const all = clients.flatMap(({ exchanges }) => exchanges);
  assert.equal(rig.lines.length, all.length, place);
  judgeRequests(rig, origins, (one) => !loses(one));
}

/** A server that answers before it has the request, and closes, may not get the rest. */
function loses(one: Exchange): boolean {
  return one.early && (one.serverCloses || one.response.framing === 'close');
}

function judgeNormalLine(rig: SimRig, one: Exchange): void {
  const line = rig.line(requestLine(one));
  assert.equal(line.status, one.status, rig.place());
  assert.equal(line.end, '--', `${JSON.stringify(line)}; ${rig.place()}`);
}

/** What servers received is what clients sent, each request once; whole where `isWhole`, else a part that is right. */
export function judgeRequests(rig: SimRig, origins: readonly Origin[], isWhole: (one: Exchange) => boolean): void {
  const place = rig.place();
  const seen = new Map<number, number>();
  for (const origin of origins) {
    for (const { reader } of origin.connections) {
      assert.equal(reader.error, '', `a server got: ${place}`);
      for (const message of reader.messages) {
        const one = origin.exchanges.get(Number(/ \/x(\d+) /.exec(message.start)?.[1]));
        assert.ok(one !== undefined, `${message.start}; ${place}`);
        checkRequest(one, message, isWhole(one), place);
        seen.set(one.id, (seen.get(one.id) ?? 0) + 1);
      }
    }
  }
  for (const [id, times] of seen) assert.equal(times, 1, `request ${id} was sent ${times} times; ${place}`);
}
