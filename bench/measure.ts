/**
 * Measures a row: all contenders run, and take the load in turns, round after round, so that what the machine does beside it hits
 * all of them alike. It must not know who they are.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { within } from '../test/support/wait.ts';
import type { Contender, Running } from './contenders.ts';
import { certificatePath, start } from './contenders.ts';
import type { Load } from './load.ts';
import { runLoad } from './load.ts';
import { cpuTimeOf, peakBytes } from './pinned.ts';
import type { LoadRow } from './rows.ts';
import type { SyslogSink } from './syslog.ts';

export interface Pace {
  readonly rounds: number;
  /** Per contender and round. */
  readonly seconds: number;
  readonly warmSeconds: number;
}

/** What the measured stand on. */
export interface Ground {
  readonly originPort: number;
  /** The same server through TLS. */
  readonly tlsOriginPort: number;
  readonly sink: SyslogSink;
}

/** One round of one contender; times are per request. */
export interface Sample {
  readonly requestsPerS: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export interface Result {
  readonly name: string;
  readonly samples: Sample[];
  /** Peak of the resident memory. */
  peakBytes: number;
  requests: number;
  logLines: number;
  /** What went wrong, once each. */
  readonly notes: Set<string>;
}

const MAXCONN = 4096;
/** Datagrams may be lost, but a contender that sends few saves their cost. */
const LEAST_LOGGED = 0.99;

export async function measureLoadRow(row: LoadRow, contenders: readonly Contender[], pace: Pace, ground: Ground): Promise<Result[]> {
  const results = contenders.map(({ name }): Result => ({ name, samples: [], peakBytes: 0, requests: 0, logLines: 0, notes: new Set() }));
  const running: (Running | undefined)[] = [];
  for (const [index, contender] of contenders.entries()) {
    running.push(await startAndWarm(contender, row, pace, ground, results[index] as Result));
  }
  for (let round = 0; round < pace.rounds; round++) {
    for (const [index, each] of running.entries()) {
      const result = results[index] as Result;
      if (each !== undefined && result.samples.length === round) await sampleInto(result, each, row, pace, ground);
    }
  }
  for (const [index, each] of running.entries()) if (each !== undefined) await finish(each, row, results[index] as Result);
  return results;
}

async function startAndWarm(contender: Contender, row: LoadRow, pace: Pace, ground: Ground, result: Result): Promise<Running | undefined> {
  let running: Running | undefined;
  try {
    const { mode, load, edge = false } = row;
    const tls = row.tls === undefined ? null : { ...row.tls, certificate: certificatePath(row.tls.certificate) };
    const originPort = tls?.toServer ? ground.tlsOriginPort : ground.originPort;
    running = await start(contender, { mode, edge, tls, originPort, syslogPort: ground.sink.port, maxconn: MAXCONN });
    await checkAnswer(running.port, load);
    await runLoad(running.port, load, pace.warmSeconds);
    return running;
  } catch (error) {
    running?.program.kill('SIGKILL');
    result.notes.add(`not measured: ${reasonOf(error)}`);
    return undefined;
  }
}

async function sampleInto(result: Result, running: Running, row: LoadRow, pace: Pace, ground: Ground): Promise<void> {
  try {
    const logged = ground.sink.received;
    const before = cpuTimeOf(running.program.pid);
    const load = await runLoad(running.port, row.load, pace.seconds);
    const after = cpuTimeOf(running.program.pid);
    ground.sink.drain();
    if (load.errors !== '') result.notes.add(load.errors);
    result.requests += load.requests;
    result.logLines += ground.sink.received - logged;
    const { requestsPerS, p50Us, p99Us } = load;
    const userUs = (after.userUs - before.userUs) / load.requests;
    const systemUs = (after.systemUs - before.systemUs) / load.requests;
    result.samples.push({ requestsPerS, userUs, systemUs, p50Us, p99Us });
  } catch (error) {
    result.notes.add(`stopped after ${result.samples.length} rounds: ${reasonOf(error)}`);
  }
}

async function finish(running: Running, row: LoadRow, result: Result): Promise<void> {
  const { requests, logLines } = result;
  const logs = row.mode === 'http' && !running.name.startsWith('bare');
  if (logs && logLines < requests * LEAST_LOGGED) result.notes.add(`only ${logLines} log lines for ${requests} requests`);
  try {
    result.peakBytes = peakBytes(running.program.pid);
    await running.program.stop();
  } catch (error) {
    result.notes.add(reasonOf(error));
  }
}

/** One request must be answered with 200 before anything is measured. */
async function checkAnswer(port: number, load: Load): Promise<void> {
  const socket: Socket =
    load.scheme === 'https' ? connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }) : connect(port, '127.0.0.1');
  const answer = new Promise<string>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed without an answer')));
    socket.on('data', (data) => resolve(data.toString('latin1')));
    socket.write(`GET ${load.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
  try {
    const text = await within(answer, 'the answer to a first request');
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(`the first request was answered with ${text.split('\r\n')[0]}`);
  } finally {
    socket.destroy();
  }
}

/** What went wrong in one line: of what a program wrote, the line that names the error. */
export function reasonOf(error: unknown): string {
  const [first = '', ...lines] = (error as Error).message.split('\n');
  const telling = lines.find((line) => /^\s*(?:\[ALERT\]|\w*Error\b)/.test(line));
  return telling === undefined ? first : `${first}: ${telling.trim()}`;
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length - 1 - half], sorted[half]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The cost of each round, divided by that of the reference in the same round. */
export function ratios(result: Result, reference: Result): number[] {
  const cost = ({ userUs, systemUs }: Sample): number => userUs + systemUs;
  const rounds = Math.min(result.samples.length, reference.samples.length);
  return result.samples.slice(0, rounds).map((sample, round) => cost(sample) / cost(reference.samples[round] as Sample));
}
