/** The threads of flood.ts. */
import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { type FloodOptions, type FloodResult, floodAddress, type Job, type ProbeOptions, type ProbeResult } from './flood.ts';

/** Requests in one write of a kept connection. */
const BATCH = 50;
/** Local addresses, so that ports do not run out. */
const LOCAL_ADDRESSES = 200;
const HEAD_END = '\r\n\r\n';

class Tally {
  readonly statuses: Record<number, number> = {};
  readonly least: number[] = [];
  readonly most: number[] = [];
  unanswered = 0;

  /** The head of an answer without a body. */
  answer(head: string): void {
    const status = Number(head.slice(9, 12));
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    const told = status === 200 ? /^x-told: ([\d/]+)\r$/m.exec(head)?.[1] : undefined;
    if (told === undefined) return;
    for (const [at, text] of told.split('/').entries()) {
      this.least[at] = Math.min(this.least[at] ?? Number.POSITIVE_INFINITY, Number(text));
      this.most[at] = Math.max(this.most[at] ?? Number.NEGATIVE_INFINITY, Number(text));
    }
  }
}

/** Hands out numbers of requests: the next `most` from `from` on. */
class Supply {
  readonly #count: number;
  #next = 0;

  constructor(count: number) {
    this.#count = count;
  }

  take(most: number): { readonly from: number; readonly to: number } {
    const from = this.#next;
    this.#next = Math.min(this.#count, from + most);
    return { from, to: this.#next };
  }
}

async function flood(options: FloodOptions): Promise<FloodResult> {
  const tally = new Tally();
  const supply = new Supply(options.count);
  const lane = options.form === 'proxied' ? proxiedLane : keptLane;
  const began = performance.now();
  await Promise.all(Array.from({ length: options.connections }, () => lane(options, tally, supply)));
  const { statuses, unanswered, least, most } = tally;
  return { statuses, unanswered, least, most, tookMs: performance.now() - began };
}

function addressOf({ first = 0, single = false }: FloodOptions, index: number): string {
  return floodAddress(single ? first : first + index);
}

async function proxiedLane(options: FloodOptions, tally: Tally, supply: Supply): Promise<void> {
  for (let part = supply.take(1); part.to > part.from; part = supply.take(1)) await proxied(options, tally, part.from);
}

/** A connection for one request. Every other one is reset when it has its answer. */
function proxied(options: FloodOptions, tally: Tally, index: number): Promise<void> {
  const localAddress = `127.0.1.${1 + (index % LOCAL_ADDRESSES)}`;
  const socket = connect({ port: options.port, host: '127.0.0.1', localAddress, noDelay: true });
  socket.write(`PROXY TCP4 ${addressOf(options, index)} 127.0.0.1 1000 ${options.port}\r\n`);
  socket.write(`GET ${options.path ?? '/'} HTTP/1.1\r\nHost: a.test${HEAD_END}`);
  let text = '';
  let answered = false;
  return new Promise((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (answered || !text.includes(HEAD_END)) return;
      answered = true;
      tally.answer(text);
      if (index % 2 === 0) socket.resetAndDestroy();
      else socket.end();
    });
    socket.on('end', () => socket.destroy());
    // The end of a connection is its answer too.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!answered) tally.unanswered++;
      resolve();
    });
  });
}

/** One connection, a batch of requests after the other. */
async function keptLane(options: FloodOptions, tally: Tally, supply: Supply): Promise<void> {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
  for (let part = supply.take(BATCH); part.to > part.from; part = supply.take(BATCH)) {
    const { from, to } = part;
    let text = '';
    for (let at = from; at < to; at++) {
      text += `GET ${options.path ?? '/'} HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: ${addressOf(options, at)}${HEAD_END}`;
    }
    socket.write(text);
    const missing = await answers(socket, tally, to - from);
    tally.unanswered += missing;
    if (missing > 0) break;
  }
  socket.destroy();
}

/** Takes so many; how many did not come before the end. */
function answers(socket: Socket, tally: Tally, count: number): Promise<number> {
  let text = '';
  let missing = count;
  return new Promise((resolve) => {
    const end = (): void => {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      resolve(missing);
    };
    socket.on('data', (bytes: Buffer) => {
      const heads = (text + bytes.toString('latin1')).split(HEAD_END);
      text = heads.pop() as string;
      for (const head of heads) tally.answer(`${head}\r\n`);
      missing -= heads.length;
      if (missing === 0) end();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}

async function probe({ port, greeting = '', request, everyMs }: ProbeOptions): Promise<ProbeResult> {
  const tally = new Tally();
  const waitedMs: number[] = [];
  let stopped = false;
  parentPort?.once('message', () => {
    stopped = true;
  });
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write(greeting);
  while (!stopped) {
    const asked = performance.now();
    socket.write(request);
    if ((await answers(socket, tally, 1)) !== 0) break;
    waitedMs.push(performance.now() - asked);
    if (waitedMs.length === 1) parentPort?.postMessage({ begun: true });
    await new Promise((resolve) => void setTimeout(resolve, everyMs));
  }
  socket.destroy();
  return { statuses: tally.statuses, waitedMs: waitedMs.sort((one, other) => one - other) };
}

const job = workerData as Job;
const result = await (job.kind === 'flood' ? flood(job.options) : probe(job.options));
parentPort?.postMessage({ result });
parentPort?.close();
