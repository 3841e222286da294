/**
 * Runs cases through one proxy: a number of lanes, each with a server, a log receiver and
 * one frontend per profile of its own, so that cases run side by side and nothing is mixed up.
 */
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';
import { Back } from './back.ts';
import type { Case, Observed } from './cases.ts';
import { playClient } from './client.ts';
import { hash, readResponses } from './messages.ts';

/** Short, because "idle" cases wait for them. */
const TIMEOUTS = { keepAlive: 400, request: 600, client: 700, server: 500, tunnel: 700 };
const SERVER_END_LIMIT_MS = 800;
/** Log datagrams come a moment after the client's connection has ended. */
const LOG_DELAY_MS = 40;
const LONGEST_LINE = 300;

export interface Lane {
  readonly back: Back;
  readonly log: LogSink;
  readonly ports: ReadonlyMap<string, number>;
}

/** What one run is about: a profile of the configuration and a case. */
export interface Job<T extends Case = Case> {
  readonly profile: string;
  readonly case: T;
}

class LogSink {
  readonly socket: Socket = createSocket('udp4');
  lines: string[] = [];

  async listen(): Promise<void> {
    this.socket.on('message', (bytes) => {
      const text = bytes.toString('latin1').replace(/\n+$/, '');
      const line = text.slice(text.indexOf('|') + 1);
      this.lines.push(line.length > LONGEST_LINE ? `${line.slice(0, 60)}...<${line.length} ${hash(line)}>` : line);
    });
    await new Promise<void>((resolve) => void this.socket.bind(0, '127.0.0.1', resolve));
  }

  take(): string[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }
}

export async function openLanes(count: number, profiles: readonly string[]): Promise<Lane[]> {
  const lanes: Lane[] = [];
  for (let at = 0; at < count; at++) {
    const back = new Back();
    const log = new LogSink();
    await Promise.all([back.listen(), log.listen()]);
    const ports = new Map<string, number>();
    for (const profile of profiles) ports.set(profile, await freePort());
    lanes.push({ back, log, ports });
  }
  return lanes;
}

export async function closeLanes(lanes: readonly Lane[]): Promise<void> {
  for (const { back, log } of lanes) {
    await back.close();
    log.socket.close();
  }
}

export interface Options {
  /** Lines for the frontend and the backend of each profile. */
  readonly frontend?: (profile: string) => string;
  readonly backend?: (profile: string) => string;
  /** Lines for `global`. */
  readonly global?: string;
}

/** One frontend and backend per lane and profile. */
export function configure(lanes: readonly Lane[], options: Options): string {
  const parts = lanes.flatMap(({ back, log, ports }, lane) =>
    [...ports].map(
      ([profile, port]) => `
frontend f_${profile}_${lane}
    bind 127.0.0.1:${port}
    log 127.0.0.1:${log.socket.address().port} format raw local0
    log-format "|%ST %ts %{+Q}HM %{+Q}HU %HV"
${options.frontend?.(profile) ?? ''}
    default_backend b_${profile}_${lane}
backend b_${profile}_${lane}
${options.backend?.(profile) ?? ''}
    server s 127.0.0.1:${back.port}
`,
    ),
  );
  return `global
    nbthread 2
${options.global ?? ''}
defaults
    mode http
    timeout connect 500ms
    timeout client ${TIMEOUTS.client}ms
    timeout server ${TIMEOUTS.server}ms
    timeout http-request ${TIMEOUTS.request}ms
    timeout http-keep-alive ${TIMEOUTS.keepAlive}ms
    timeout tunnel ${TIMEOUTS.tunnel}ms
    retries 1
    option http-keep-alive
    http-reuse never
${parts.join('')}`;
}

/** Runs every job, as many side by side as there are lanes; results in the order of the jobs. */
export async function sweep(lanes: readonly Lane[], jobs: readonly Job[]): Promise<Observed[]> {
  const results: Observed[] = [];
  const queue = [...jobs.entries()];
  const work = async (lane: Lane): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await runJob(lane, next[1]);
  };
  await Promise.all(lanes.map(work));
  return results;
}

async function runJob({ back, log, ports }: Lane, { profile, case: played }: Job): Promise<Observed> {
  back.begin(played);
  log.take();
  try {
    const { received, end } = await playClient(ports.get(profile) as number, played.steps);
    const deadline = performance.now() + SERVER_END_LIMIT_MS;
    while (back.open > 0 && performance.now() < deadline) await pause(5);
    await pause(LOG_DELAY_MS);
    const resp = readResponses(received, played.methods ?? []);
    const st = resp.map(({ status }) => status ?? 'junk');
    return { st, resp, fwd: back.finish(), end, log: log.take() };
  } catch (error) {
    return { st: [`error: ${(error as Error).message}`], resp: [], fwd: [], end: 'error', log: [] };
  }
}
