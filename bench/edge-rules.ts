/**
 * What each rule of the busy edge (edge.ts) costs per request, alone and together, without network, codec or log.
 *
 * node bench/edge-rules.ts
 */
import { readFileSync } from 'node:fs';
import { parseIp } from '../src/base/address.ts';
import { plainMemory } from '../src/base/memory.ts';
import { buildState } from '../src/build/build.ts';
import { layoutOf, planOf } from '../src/build/plan.ts';
import { parseText } from '../src/config/parse.ts';
import { beginSession, MuxContext } from '../src/mux/context.ts';
import { createSimHost } from '../src/platform/sim/host.ts';
import { HeadParser } from '../src/proto/h1/head.ts';
import { PatternStore } from '../src/rules/patterns/store.ts';
import { type Frontend, Session, type Stream } from '../src/state/records.ts';
import { allocateShared, Shared } from '../src/state/shared.ts';
import { releaseTracked } from '../src/stick/track.ts';
import { makeFolder } from '../test/support/proxy.ts';
import { edgeSections, writeEdgeFiles } from './edge.ts';
import { BROWSER_HEADERS } from './rows.ts';

const ROUNDS = 5;
const CALLS = 100_000;
const REQUEST = ['GET /catalogue/garden/tools?sort=price&page=3 HTTP/1.1', ...BROWSER_HEADERS].join('\r\n');
const RESPONSE =
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 45';

const folder = makeFolder();
writeEdgeFiles(folder);
process.chdir(folder);

const base = edgeSections(1, 2);
const acls = base.split('\n').filter((line) => line.startsWith('    acl '));
const wanted = /^ {4}(?:http-request|http-response|use_backend) /;
const lines = base.split('\n').filter((line) => wanted.test(line));

/** One frontend per line, behind the whole edge. */
const text = `defaults\n    mode http\n${base}${lines
  .map((line, index) => `frontend one${index}\n${acls.join('\n')}\n${line}\n    default_backend web\n`)
  .join('')}\n`;

const { model, diagnostics } = parseText(text, 'edge', { environment: {} });
const plan = planOf(model);
const shared = new Shared(allocateShared(layoutOf(plan, 1)), 0);
const memory = plainMemory({ blocks: 64, notes: 8, statics: 1 << 20 });
const patterns = new PatternStore((path) => readFileSync(path), false);
const host = createSimHost(1, { memory, maxWires: 8 });
const built = buildState({ model, plan, shared, host, memory, pid: 1, hostname: 'h', patterns });
for (const { severity, text: said } of [...diagnostics, ...built.problems]) if (severity === 'alert') throw new Error(said);

const mux = new MuxContext(host, shared, { bufferSize: 16_384, maxRewrite: 1024, maxHeaders: 101, logTargetBytes: 1024 });
const session = new Session();
const parsers = { request: new HeadParser('request'), response: new HeadParser('response') };
const client = parseIp('127.0.0.1') as NonNullable<ReturnType<typeof parseIp>>;

function begin(frontend: Frontend): Stream {
  const stream = mux.beginStream(session, null as never, frontend);
  if (stream === null) throw new Error('no stream left');
  load(stream, 'request', REQUEST_BYTES);
  return stream;
}

function load(stream: Stream, side: 'request' | 'response', bytes: Uint8Array): void {
  const message = stream[side];
  const block = memory.take();
  const start = memory.dataStart(block);
  memory.bytes.set(bytes, start);
  message.block = block;
  parsers[side].reset();
  parsers[side].parse(message, memory.bytes, start, start + bytes.length);
}

function end(stream: Stream): void {
  releaseTracked(stream);
  mux.endStream(stream);
}

const REQUEST_BYTES = Buffer.from(`${REQUEST}\r\n\r\n`, 'latin1');
const RESPONSE_BYTES = Buffer.from(`${RESPONSE}\r\n\r\n`, 'latin1');

/** Nanoseconds of CPU of one exchange's rules; with `bare` of everything around them. */
function measure(frontend: Frontend, part: 'all' | 'bare' | 'request' | 'response' | 'switch'): number {
  beginSession(session, frontend, host);
  session.source.family = client.family;
  session.source.ip.set(client.ip);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage().user;
    for (let call = 0; call < CALLS; call++) {
      const stream = begin(frontend);
      if (part === 'all' || part === 'request') frontend.requestRules?.run(stream);
      if (part === 'all' || part === 'switch') {
        for (let at = 0; at < frontend.useBackends.length; at++) {
          const use = frontend.useBackends[at];
          if (use !== undefined && (use.condition === null || use.condition.test(stream))) break;
        }
      }
      load(stream, 'response', RESPONSE_BYTES);
      if (part === 'all' || part === 'response') frontend.responseRules?.run(stream);
      end(stream);
    }
    best = Math.min(best, ((process.cpuUsage().user - start) * 1000) / CALLS);
  }
  return best;
}

function say(name: string, ns: number): void {
  process.stdout.write(`${ns.toFixed(0).padStart(6)} ns  ${name}\n`);
}

const edge = built.state.frontendsByName.get('edge') as Frontend;
const only = process.argv[2];
const bare = measure(edge, 'bare');
say('everything around the rules', bare);
say('all rules of the edge', measure(edge, 'all') - bare);
for (const part of ['request', 'response', 'switch'] as const) say(`${part} rules of the edge`, measure(edge, part) - bare);
for (const [index, line] of lines.entries()) {
  if (only !== undefined && !line.includes(only)) continue;
  const frontend = built.state.frontendsByName.get(`one${index}`) as Frontend;
  say(line.trim(), measure(frontend, 'all') - measure(frontend, 'bare'));
}
