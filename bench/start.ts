/**
 * The row of the start: from the command until a first request is answered, and the memory that is resident then. The compile
 * cache is warm: the first start is not counted. It must not know who is measured.
 */
import { connect } from 'node:net';
import { freePort } from '../test/support/ports.ts';
import { makeFolder } from '../test/support/proxy.ts';
import type { Contender } from './contenders.ts';
import { LOAD_CPU, PROXY_CPU } from './contenders.ts';
import type { Ground } from './measure.ts';
import { median, reasonOf } from './measure.ts';
import { residentBytes, startPinned } from './pinned.ts';

export interface StartResult {
  readonly name: string;
  readonly startMs: number;
  readonly residentBytes: number;
  readonly note: string;
}

const RETRY_MS = 1;
const LIMIT_MS = 10_000;

export async function measureStart(contender: Contender, runs: number, ground: Ground): Promise<StartResult> {
  const times: number[] = [];
  const sizes: number[] = [];
  let note = '';
  try {
    for (let run = 0; run <= runs; run++) {
      const { startMs, bytes } = await startOnce(contender, ground);
      if (run === 0) continue;
      times.push(startMs);
      sizes.push(bytes);
    }
  } catch (error) {
    note = reasonOf(error);
  }
  return { name: contender.name, startMs: median(times), residentBytes: median(sizes), note };
}

async function startOnce(contender: Contender, ground: Ground): Promise<{ startMs: number; bytes: number }> {
  const port = await freePort();
  const setup = {
    mode: 'http' as const,
    edge: false,
    tls: null,
    port,
    originPort: ground.originPort,
    syslogPort: ground.sink.port,
    maxconn: 4096,
  };
  const command = contender.command(setup, makeFolder());
  const began = performance.now();
  const program = startPinned(`${PROXY_CPU},${LOAD_CPU}`, command);
  try {
    while (!(await isAnswered(port))) {
      if (program.ended !== undefined) throw new Error(`${contender.name} ended at start\n${program.stderr}`);
      if (performance.now() - began > LIMIT_MS) throw new Error(`${contender.name} gave no answer in ${LIMIT_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    const startMs = performance.now() - began;
    const bytes = residentBytes(program.pid);
    await program.stop();
    return { startMs, bytes };
  } catch (error) {
    program.kill('SIGKILL');
    throw error;
  }
}

function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.once('data', (data) => {
      resolve(data.toString('latin1').startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  });
}
