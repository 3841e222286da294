/**
 * Mixed load for minutes, with servers that are killed and come back: nothing may crash, get
 * stuck, or grow. Not part of `npm test`.
 *
 *     node test/soak/soak.ts --minutes 10 [--host uring|epoll|haproxy] [--threads 2]
 *
 * Exits with 1 and says why if anything is wrong. What it prints every 10 s: requests of each
 * kind so far, failures, memory of the proxy.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { connect as connectSocket, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { parseArgs } from 'node:util';
import { freePort } from '../support/ports.ts';
import type { Proxy as Running } from '../support/proxy.ts';
import { startSubject } from '../support/subject.ts';
import { until } from '../support/wait.ts';

const MB = 1024 * 1024;
const STUCK_MS = 30_000;
const REPORT_MS = 10_000;
const WARM_PART = 0.3;
/** Growth after warm-up that is still called flat. */
const FLAT_MB = 32;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    host: { type: 'string', default: 'uring' },
    threads: { type: 'string', default: '2' },
  },
});
const totalMs = Number(values.minutes) * 60_000;

/** Counts per kind; a failure is told once with its reason. */
const done = new Map<string, number>();
const failures = new Map<string, number>();

function count(kind: string): void {
  done.set(kind, (done.get(kind) ?? 0) + 1);
}

function fail(kind: string, why: string): void {
  const key = `${kind}: ${why}`;
  failures.set(key, (failures.get(key) ?? 0) + 1);
}

/** An HTTP server that can die, with all its connections, and come back on its port. */
class Mortal {
  port = 0;
  #server: Server | undefined;
  #death: ReturnType<typeof setTimeout> | undefined;

  async live(): Promise<void> {
    const server = createServer((incoming, response) => {
      const size = Number(/^\/bytes\/(\d+)/.exec(incoming.url ?? '')?.[1] ?? -1);
      if (size >= 0) {
        response.setHeader('Content-Length', size);
        response.end(Buffer.alloc(size, 'x'));
      } else {
        const sum = createHash('sha1');
        incoming.on('data', (bytes: Buffer) => sum.update(bytes));
        incoming.on('end', () => response.end(sum.digest('hex')));
      }
    });
    // Longer than the proxy keeps idle connections, so that a kill is what ends them.
    server.keepAliveTimeout = 60_000;
    this.#server = server;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }

  /** Every so often dead for a moment. */
  haunt(everyMs: number, forMs: number): void {
    this.#death = setTimeout(async () => {
      await this.die();
      await new Promise((resolve) => setTimeout(resolve, forMs));
      await this.live();
      this.haunt(everyMs, forMs);
    }, everyMs);
  }

  async die(): Promise<void> {
    clearTimeout(this.#death);
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  }
}

let stopping = false;

/** Repeats a step until the time is up; a step that takes too long is a connection that got stuck. */
async function loop(kind: string, step: () => Promise<void>): Promise<void> {
  while (!stopping) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('stuck')), STUCK_MS);
    });
    try {
      await Promise.race([step(), late]);
      count(kind);
    } catch (error) {
      fail(kind, (error as NodeJS.ErrnoException).code ?? (error as Error).message);
      // A moment, so that a dead proxy does not make this a hot loop.
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      clearTimeout(timer);
    }
  }
}

interface Ask {
  readonly port: number;
  readonly path: string;
  readonly agent: Agent | false;
  readonly body?: Buffer;
  /** Is given the request and the answer, to pause or to break off. */
  readonly meddle?: (sent: ClientRequest, answer: IncomingMessage) => void;
}

/** The status, the length and the text of a short answer. */
function ask({ port, path, agent, body, meddle }: Ask): Promise<{ status: number; length: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, agent, method: body === undefined ? 'GET' : 'POST' }, (answer) => {
      let [length, text] = [0, ''];
      answer.on('data', (bytes: Buffer) => {
        length += bytes.length;
        if (text.length < 100) text += bytes.toString('latin1', 0, 100);
      });
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, length, text }));
      meddle?.(sent, answer);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

const kept = new Agent({ keepAlive: true, maxSockets: 8 });

/** Each kind of client; several of each run side by side. */
function clients(port: number, tcpPort: number): Readonly<Record<string, [count: number, step: () => Promise<void>]>> {
  const post = Buffer.alloc(100_000, 'y');
  const sum = createHash('sha1').update(post).digest('hex');
  return {
    small: [
      4,
      async () => {
        const { status, length } = await ask({ port, path: '/bytes/200', agent: kept });
        expect(status === 200 && length === 200, `status ${status}, ${length} bytes`);
      },
    ],
    close: [
      1,
      async () => {
        const { status } = await ask({ port, path: '/bytes/1000', agent: false });
        expect(status === 200, `status ${status}`);
      },
    ],
    post: [
      1,
      async () => {
        const { status, text } = await ask({ port, path: '/sum', agent: kept, body: post });
        expect(status === 200 && text === sum, `status ${status}`);
      },
    ],
    download: [
      1,
      async () => {
        const { status, length } = await ask({ port, path: `/bytes/${5 * MB}`, agent: false });
        expect(status === 200 && length === 5 * MB, `status ${status}, ${length} bytes`);
      },
    ],
    slow: [
      2,
      async () => {
        const { length } = await ask({
          port,
          path: `/bytes/${2 * MB}`,
          agent: false,
          meddle: (_, answer) => {
            answer.pause();
            setTimeout(() => answer.resume(), 1500);
          },
        });
        expect(length === 2 * MB, `${length} bytes`);
      },
    ],
    abort: [
      1,
      async () => {
        const answer = await ask({ port, path: `/bytes/${3 * MB}`, agent: false, meddle: (sent) => sent.destroy() }).catch(() => undefined);
        // The page of a 502 is there whole before we can break off.
        expect(answer === undefined || answer.status >= 500, 'an answer although it was broken off');
        await new Promise((resolve) => setTimeout(resolve, 30));
      },
    ],
    tcp: [1, () => echo(tcpPort)],
  };
}

/** 300 kB through the echo server in TCP mode. */
function echo(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(port, '127.0.0.1');
    const total = 300_000;
    let received = 0;
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length;
      if (received === total) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => (received === total ? resolve() : reject(new Error(`${received} of ${total} bytes`))));
    socket.write(Buffer.alloc(total, 'z'));
  });
}

function memoryMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function configuration(port: number, tcpPort: number, servers: readonly Mortal[], tcpServer: TcpServer): string {
  const address = tcpServer.address();
  const echoPort = address !== null && typeof address === 'object' ? address.port : 0;
  const lines = servers.map((server, at) => `  server s${at} 127.0.0.1:${server.port} check inter 500ms fall 1 rise 1\n`).join('');
  return `global
  nbthread ${values.threads}
defaults
  timeout connect 2s
  timeout client 20s
  timeout server 20s
  option redispatch 1
  retries 3
listen web
  mode http
  bind 127.0.0.1:${port}
  balance roundrobin
${lines}listen bytes
  mode tcp
  bind 127.0.0.1:${tcpPort}
  server echo 127.0.0.1:${echoPort}
`;
}

function report(proxy: Running, began: number): void {
  const counts = [...done].map(([kind, times]) => `${kind} ${times}`).join(', ');
  const failed = [...failures.values()].reduce((sum, times) => sum + times, 0);
  process.stdout.write(
    `${((performance.now() - began) / 1000).toFixed(0)} s: ${counts}; ${failed} failed; ${memoryMb(proxy.pid).toFixed(0)} MB\n`,
  );
}

/** What ended badly although no server was dead under it. */
const EXPECTED = /: (status 50[234]|ECONNRESET|aborted|socket hang up|HPE_\w+|\d+ bytes|status 200, \d+ bytes)/;

async function main(): Promise<number> {
  const steady = new Mortal();
  const mortals = [new Mortal(), new Mortal()];
  for (const server of [steady, ...mortals]) await server.live();
  for (const [at, server] of mortals.entries()) server.haunt(7000 + at * 4000, 1500);
  const tcpServer = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  tcpServer.listen(0, '127.0.0.1');
  await once(tcpServer, 'listening');
  const [port, tcpPort] = [await freePort(), await freePort()];
  const config = configuration(port, tcpPort, [steady, ...mortals], tcpServer);
  const proxy = await startSubject(values.host, { config, env: { HAWSER_DEBUG_COUNTERS: '1' } });

  const began = performance.now();
  let warmMb = 0;
  const timer = setInterval(() => report(proxy, began), REPORT_MS);
  setTimeout(() => {
    warmMb = memoryMb(proxy.pid);
  }, totalMs * WARM_PART);
  const loops = Object.entries(clients(port, tcpPort)).flatMap(([kind, [parallel, step]]) =>
    Array.from({ length: parallel }, () => loop(kind, step)),
  );
  const ended = Promise.race([proxy.program.exit, new Promise((resolve) => setTimeout(resolve, totalMs))]);
  await ended;
  stopping = true;
  const crashed = proxy.program.ended;
  clearInterval(timer);
  await Promise.all(loops);
  kept.destroy();
  const endMb = crashed === undefined ? memoryMb(proxy.pid) : 0;
  if (crashed === undefined) report(proxy, began);
  for (const server of [steady, ...mortals]) await server.die();
  tcpServer.close();
  const problems =
    crashed === undefined ? await judge(proxy, warmMb, endMb) : [`it ended: ${JSON.stringify(crashed)}\n${proxy.program.stderr}`];
  for (const [what, times] of failures) process.stdout.write(`  ${times} × ${what}\n`);
  for (const problem of problems) process.stdout.write(`PROBLEM ${problem}\n`);
  process.stdout.write(problems.length === 0 ? 'fine\n' : 'not fine\n');
  return problems.length === 0 ? 0 : 1;
}

/** Memory, what is left in use, and failures that no dead server explains. */
async function judge({ program }: Running, warmMb: number, endMb: number): Promise<string[]> {
  const problems: string[] = [];
  if (endMb > warmMb + FLAT_MB) problems.push(`memory grew from ${warmMb.toFixed(0)} to ${endMb.toFixed(0)} MB`);
  const requests = [...done.values()].reduce((sum, times) => sum + times, 0);
  const failed = [...failures.values()].reduce((sum, times) => sum + times, 0);
  for (const what of failures.keys()) if (!EXPECTED.test(what)) problems.push(what);
  if (failed > requests / 100) problems.push(`${failed} of ${requests} failed`);
  program.kill('SIGUSR1');
  await until(() => program.ended !== undefined, 'the soft stop', STUCK_MS).catch((error: Error) => problems.push(error.message));
  if (program.ended === undefined) program.kill('SIGKILL');
  else if (program.ended.status !== 0) problems.push(`soft stop: ${JSON.stringify(program.ended)}`);
  for (const [, json] of program.stderr.matchAll(/in use: (\{.*\})/g)) {
    const { host, ...counters } = JSON.parse(json as string) as Record<string, number> & { host: { offered?: number } };
    const own = host.offered ?? (counters['blocks'] === 1 ? 1 : 0);
    for (const [name, value] of Object.entries(counters)) {
      const left = Number(value) - (name === 'blocks' ? own : 0);
      if (left !== 0) problems.push(`${name}: ${left} in use at the end`);
    }
  }
  return problems;
}

process.exit(await main());
