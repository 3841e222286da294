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

/** What servers received is what clients sent; whole where `isWhole`, else a part that is right. */
export function judgeRequests(rig: SimRig, origins: readonly Origin[], isWhole: (one: Exchange) => boolean, maySendAgain = false): void {
  const place = rig.place();
  const seen = new Map<number, number>();
  for (const origin of origins) {
    for (const { reader } of origin.connections) {
      assert.equal(reader.error, '', `a server got: ${place}`);
      for (const message of reader.messages) {
        const one = origin.exchanges.get(Number(/ \/x(\d+) /.exec(message.start)?.[1]));
        assert.ok(one !== undefined, `${message.start}; ${place}`);
        checkRequest(one, message, isWhole(one), place);
        const times = (seen.get(one.id) ?? 0) + 1;
        seen.set(one.id, times);
        const again = maySendAgain && REPEATABLE.has(one.method) ? 2 : 1;
        assert.ok(times <= again, `${requestLine(one)} was sent ${times} times; ${place}`);
      }
    }
  }
}

/** Methods that may be sent again when a connection that was kept breaks (RFC 9110 9.2.2). */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Letters that tell who broke off, and those that tell neither. */
const BY_CLIENT = /^(--|C[RCHDLQ]|c[RHDL]|PR)$/;
const BY_SERVER = /^(--|S[CHDL]|s[CHD]|PH|PD)$/;

export interface Faults {
  readonly client: boolean;
  readonly server: boolean;
}

/** Somebody broke off: what was told must be right as far as it goes, and everybody must be able to see that it is not all. */
export function judgeBroken(rig: SimRig, clients: readonly Client[], origins: readonly Origin[], faults: Faults): void {
  for (const client of clients) judgeAnswers(rig, client);
  judgeRequests(rig, origins, () => false, true);
  for (const line of rig.lines) {
    const place = `${JSON.stringify(line)}; ${rig.place()}`;
    if (!faults.client) assert.match(line.end, BY_SERVER, place);
    if (!faults.server) assert.match(line.end, BY_CLIENT, place);
  }
}

/** Every answer is the right one or a page of the proxy; one that is cut ends the connection; none is missing without a reason. */
function judgeAnswers(rig: SimRig, { reader, exchanges, peer, hasBroken }: Client): void {
  const place = rig.place();
  assert.equal(reader.error, '', place);
  const { messages } = reader;
  let ends = hasBroken;
  for (const [index, message] of messages.entries()) {
    const one = exchanges[index];
    const last = index === messages.length - 1;
    if (one === undefined || / (400|408|50[234]) (?!Status)/.test(message.start)) {
      assert.ok(message.complete || hasBroken, `a cut page: ${message.start}; ${place}`);
      if (message.fields.some(([name, value]) => name === 'connection' && value === 'close')) ends = true;
      if (one !== undefined && rig.lines.some(({ request }) => request === requestLine(one)))
        assert.ok(message.start.includes(` ${rig.line(requestLine(one)).status} `), place);
      continue;
    }
    checkResponse(one, message, false, place);
    if (message.complete) {
      if (message.framing !== 'close') checkResponse(one, message, true, place);
      assert.equal(rig.line(requestLine(one)).status, one.status, place);
    } else assert.ok(last && (hasBroken || peer.ended || peer.broken), `cut in the middle; ${place}`);
    const says = message.fields.some(([name, value]) => name === 'connection' && value === 'close');
    if (says || !message.complete || message.framing === 'close' || one.closes) ends = true;
    // A server that leaves after an early answer does not get the rest of the request, so the client's connection ends.
    if (one.early) ends = true;
  }
  if (!ends) assert.equal(messages.length, exchanges.length, `no answer, no reason; ${place}; ${JSON.stringify(rig.lines)}`);
}

/** Something ran out: whatever came out is right as far as it goes, and an answer that is not whole ends the connection. */
export function judgeShed(rig: SimRig, clients: readonly Client[], origins: readonly Origin[]): void {
  const place = rig.place();
  for (const { reader, exchanges, peer } of clients) {
    assert.equal(reader.error, '', place);
    for (const [index, message] of reader.messages.entries()) {
      const one = exchanges[index];
      assert.ok(one !== undefined || /^HTTP\/1.1 (400|408|50[0-4]) /.test(message.start), place);
      if (!message.complete) assert.ok(peer.ended || peer.broken, `cut, but open: ${message.start}; ${place}`);
      if (one === undefined || !message.start.endsWith(' Status')) continue;
      checkResponse(one, message, message.complete && message.framing !== 'close', place);
    }
  }
  judgeRequests(rig, origins, () => false, true);
}
