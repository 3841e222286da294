/**
 * The row of idle connections: clients connect, send one request each, and stay. What the process grew by, divided by their
 * number, is the price of a connection that waits. It must not know who is measured.
 */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../test/support/wait.ts';
import type { Contender, Running } from './contenders.ts';
import { start } from './contenders.ts';
import { runLoad } from './load.ts';
import type { Ground } from './measure.ts';
import { reasonOf } from './measure.ts';
import { residentBytes } from './pinned.ts';

export interface IdleResult {
  readonly name: string;
  /** Growth of resident memory per connection; NaN if it could not be measured. */
  readonly bytesPerConnection: number;
  readonly residentBytes: number;
  readonly note: string;
}

const AT_ONCE = 64;
const ADDRESSES = 8;
const SETTLE_MS = 1500;
const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

export async function measureIdle(contender: Contender, count: number, ground: Ground): Promise<IdleResult> {
  const sockets: Socket[] = [];
  let running: Running | undefined;
  try {
    const maxconn = count + 500;
    running = await start(contender, {
      mode: 'http',
      edge: false,
      tls: null,
      originPort: ground.originPort,
      syslogPort: ground.sink.port,
      maxconn,
    });
    // Code and memory that a first load needs belong to no connection.
    await runLoad(running.port, { path: '/', connections: AT_ONCE, headers: [] }, 1);
    await delay(SETTLE_MS);
    const before = residentBytes(running.program.pid);
    await openAll(running.port, count, sockets);
    await delay(SETTLE_MS);
    const after = residentBytes(running.program.pid);
    const closed = sockets.filter((socket) => socket.readyState !== 'open').length;
    for (const socket of sockets) socket.destroy();
    await running.program.stop();
    const note = closed === 0 ? '' : `${closed} connections were closed`;
    return { name: contender.name, bytesPerConnection: (after - before) / count, residentBytes: after, note };
  } catch (error) {
    running?.program.kill('SIGKILL');
    return { name: contender.name, bytesPerConnection: Number.NaN, residentBytes: Number.NaN, note: reasonOf(error) };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function openAll(port: number, count: number, sockets: Socket[]): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const some: Promise<void>[] = [];
    for (let index = first; index < Math.min(count, first + AT_ONCE); index++) some.push(openOne(port, index, sockets));
    await within(Promise.all(some), `answers to requests ${first} and following`);
  }
}

function openOne(port: number, index: number, sockets: Socket[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (index % ADDRESSES)}` });
    sockets.push(socket);
    socket.on('error', reject);
    socket.once('data', () => resolve());
    socket.write(REQUEST);
  });
}
