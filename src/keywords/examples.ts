/**
 * Runs the examples of rule keywords through the real parser and compiler: as tests, and for what is made from
 * them (the compatibility table). It has a small world: frontend `web`, backend `app` with server `s1`, a client at
 * 192.0.2.7:40123 who connected to 198.51.100.1:80 and whom counters 0 to 2 track (example-tables.ts).
 */
import { Family, parseIp, type SocketAddress } from '../base/address.ts';
import { type Memory, NOTE_SIZE, plainMemory } from '../base/memory.ts';
import { Framing, type HttpMessage } from '../http/message.ts';
import { headerIdOf, methodOf } from '../http/tokens.ts';
import type { BandwidthLimitModel, RuleModel } from '../model/config.ts';
import { openCrypto } from '../platform/crypto/openssl.ts';
import { newResolvers } from '../resolve/system.ts';
import { Compiler } from '../rules/compiler.ts';
import { UniqueId } from '../rules/format/unique-id.ts';
import { Jose } from '../rules/jose/jose.ts';
import { PatternStore } from '../rules/patterns/store.ts';
import { Place, type Places } from '../rules/place.ts';
import { Registry } from '../rules/registry.ts';
import { cast, type Sample, SampleType } from '../rules/sample.ts';
import { Thread } from '../rules/thread.ts';
import { latin1 } from '../rules/value/bytes.ts';
import { LookupState } from '../state/lookup.ts';
import { Backend, type BackMux, Frontend, Server, Session, Stream } from '../state/records.ts';
import { UNIQUE_ID_ROOM } from '../state/settings.ts';
import { allocateShared, BackendLive, ServerLive, ServerRunning, Shared } from '../state/shared.ts';
import { MOST_COUNTERS } from '../state/tracked.ts';
import { Scope } from '../state/variables.ts';
import { catalogs } from './catalogs.ts';
import { KEY_FILES, KEY_STORE } from './example-keys.ts';
import { ExampleTables } from './example-tables.ts';
import { ExampleTls, exampleKeptHello } from './example-tls.ts';

/** Nov 20 2026, 09:21:15.123 UTC. */
const NOW_MS = 1_795_166_475_123;
const ACCEPTED_MS = Date.UTC(2026, 10, 20, 8, 41, 14, 255);

/** Files that examples name. */
const FILES: Readonly<Record<string, string>> = {
  ...KEY_FILES,
  'hosts.map': '# hosts\n\nwww.example.com  app\n  api.example.com api-v2  \nexample.com apex\n',
  'paths.map': '/ root\n/img images\n/img/cat cats\n.png pictures\nimg parts\n',
  'numbers.map': '1 7\n10:20 8\n15 9\n',
  'networks.map': '10.0.0.0/8 private\n10.1.0.0/16 office\n2001:db8::/32 documentation\n',
  'addresses.map': 'one 192.0.2.1\nsix 2001:db8::6\n/one 192.0.2.2\n10.0.0.0/8 192.0.2.3\n1 192.0.2.4\n',
  'counts.map': 'one 1\n/one 11\none.test 12\n10.0.0.0/8 13\n',
  'expressions.map': '^/img/(.*)\\.png$ /static/\\1.webp\n',
  'blocked.lst': '# blocked\nevil.test\n\n  bad.test\n',
};

/** What a file holds that examples name. @throws Error with `code` ENOENT */
export function readExample(path: string, files: Readonly<Record<string, string>> = {}): Uint8Array {
  const text = files[path] ?? FILES[path];
  if (text === undefined) throw Object.assign(new Error(`no file ${path} here`), { code: 'ENOENT' });
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** `filter bwlim-out slow default-limit 100k default-period 1s`. */
const SLOW: BandwidthLimitModel = {
  name: 'slow',
  toClient: true,
  bytes: 102_400,
  periodMs: 1000,
  leastBytes: 0,
  shared: null,
  at: { file: 'example', line: 1, column: 1 },
};

/** `filter bwlim-out together limit 1m key src table web`. */
const TOGETHER: BandwidthLimitModel = { ...SLOW, name: 'together', bytes: 1 << 20, periodMs: null, shared: { key: 'src', table: 'web' } };

export class ExampleWorld {
  readonly memory = plainMemory({ blocks: 8, notes: 4, statics: 1 << 18 });
  readonly thread: Thread;
  readonly frontend: Frontend;
  readonly backend: Backend;
  readonly registry = new Registry(catalogs);
  readonly compiler: Compiler;
  readonly tables = new ExampleTables();

  /** @param files what further files hold, by path */
  constructor(files: Readonly<Record<string, string>> = {}) {
    const shared = new Shared(allocateShared({ frontends: 1, backends: 1, servers: 1, threads: 1 }), 0);
    this.frontend = new Frontend('web', 0, shared);
    this.frontend.id = 2;
    this.backend = new Backend('app', 0, shared);
    this.backend.id = 3;
    const server = new Server('s1', this.backend, 0, shared);
    server.id = 1;
    setAddress(server.address, '203.0.113.5', 8080);
    this.backend.servers.push(server);
    shared.live[this.backend.live + BackendLive.active] = 1;
    shared.live[server.live + ServerLive.running] = ServerRunning.running;
    server.weight = 10;
    shared.live[server.live + ServerLive.userWeight] = 10;
    shared.live[server.live + ServerLive.weight] = 10 * 256;
    this.thread = new Thread({
      memory: this.memory,
      shared,
      clock: { now: () => 1000, wallClock: () => NOW_MS },
      process: { pid: 4711, hostname: 'test-host', node: 'test-host' },
      frontends: new Map([['web', this.frontend]]),
      backends: new Map([['app', this.backend]]),
      readLines: (path) => latin1(readExample(path, files)).split('\n'),
      patterns: new PatternStore((path) => readExample(path, files), false),
      tables: this.tables.byName,
      stickCounters: MOST_COUNTERS,
      seed: 1,
      environment: (name) => (name === 'REGION' ? 'eu' : undefined),
      resolvers: [newResolvers('dns', { file: 'example', line: 1, column: 1 })],
      names: { ask: (stream, _, __, start, end) => answerExample(stream, this.memory, start, end) },
      crypto: {
        openCrypto,
        openJose: (memory, crypto, readLines) => new Jose(memory, crypto, readLines, { certificates: KEY_STORE }),
      },
      userlists: [
        {
          name: 'people',
          at: { file: 'example', line: 1, column: 1 },
          groups: [],
          users: [
            {
              name: 'ann',
              at: { file: 'example', line: 2, column: 1 },
              password: 'secret:x',
              isHashed: false,
              groups: ['staff'],
            },
          ],
        },
      ],
    });
    this.compiler = this.newCompiler();
    this.frontend.uniqueId = new UniqueId(this.thread, this.compiler.format('%ci:%cp_%rt', 'header', Place.frontendRequest));
  }

  /** Both connections of the stream speak TLS. */
  secure(stream: Stream): Stream {
    const tls = new ExampleTls(this.memory);
    stream.session.tls = tls;
    stream.session.hello = exampleKeptHello();
    stream.serverTls = tls;
    stream.back = { ...NO_CONNECTION, server: stream.server };
    return stream;
  }

  newCompiler(acls: ConstructorParameters<typeof Compiler>[3] = []): Compiler {
    const { frontend, backend } = this;
    return new Compiler(
      this.registry,
      this.thread,
      { name: 'web', http: true, frontend, backend, requestCaptureCount: 0, responseCaptureCount: 0, bandwidthLimits: [SLOW, TOGETHER] },
      acls,
    );
  }

  /** A stream with this request (and response), as the codec leaves them. */
  stream(request = 'GET / HTTP/1.1', response: string | null = null): Stream {
    const { memory } = this;
    const stream = new Stream();
    stream.session = newSession(this.frontend);
    stream.frontend = this.frontend;
    stream.backend = this.backend;
    stream.server = this.backend.servers[0] as Server;
    this.thread.variables.values.begin(stream.session.variables, stream.variables, stream.messageVariables);
    stream.note = memory.notes.take();
    stream.noteEnd = memory.noteBase(stream.note);
    stream.noteLimit = stream.noteEnd + NOTE_SIZE - UNIQUE_ID_ROOM;
    stream.requestCaptures.fill(-1);
    stream.responseCaptures.fill(-1);
    this.tables.track(stream);
    fillMessage(this, stream.request, request, true);
    stream.request.headDone = true;
    fillTimes(stream);
    stream.hasRequestLine = true;
    stream.logMethodStart = stream.request.methodStart;
    stream.logMethodEnd = stream.request.methodEnd;
    stream.logTargetStart = stream.request.targetStart;
    stream.logTargetEnd = stream.request.targetEnd;
    stream.logVersionStart = stream.request.versionStart;
    stream.logVersionEnd = stream.request.versionEnd;
    if (response !== null) {
      fillMessage(this, stream.response, response, false);
      stream.serverStatus = stream.response.status;
      this.thread.variables.values.turn(stream.messageVariables);
    }
    return stream;
  }

  /** A stream of TCP mode on which the client, or the server, has sent these bytes. */
  rawStream(raw: string, isResponse: boolean): Stream {
    const stream = this.stream();
    this.memory.give(stream.request.block);
    stream.request.reset();
    stream.tunnel = true;
    stream.hasRequestLine = false;
    const message = isResponse ? stream.response : stream.request;
    const start = this.memory.dataStart(this.memory.take());
    for (let at = 0; at < raw.length; at++) this.memory.bytes[start + at] = raw.charCodeAt(at);
    message.bodyStart = start;
    message.bodyEnd = start + raw.length;
    return stream;
  }

  /** Evaluates an expression; null: no value. */
  evaluate(call: string, stream: Stream, places: Places): number | string | boolean | null {
    const { sample } = this.thread;
    if (!this.compiler.expression(call, places).run(sample, stream)) return null;
    return this.value(sample);
  }

  value(sample: Sample): number | string | boolean {
    if (sample.type === SampleType.bool) return sample.int !== 0;
    if (sample.type === SampleType.int) return sample.int;
    cast(sample, SampleType.str);
    return this.text(sample.start, sample.end);
  }

  text(start: number, end: number): string {
    return latin1(this.memory.bytes.subarray(start, end));
  }

  /** The start line and the fields of a message, a line each. */
  head(message: HttpMessage, isRequest: boolean): string {
    const { headers } = message;
    const first = isRequest
      ? [
          this.text(message.methodStart, message.methodEnd),
          this.text(message.targetStart, message.targetEnd),
          this.text(message.versionStart, message.versionEnd),
        ]
      : ['HTTP/1.1', String(message.status), this.text(message.reasonStart, message.reasonEnd)];
    const lines = [first.join(' ')];
    for (let row = 0; row < headers.rows; row++) {
      if (headers.isHole(row)) continue;
      const name = this.text(headers.nameStart(row), headers.nameStart(row) + headers.nameLength(row));
      lines.push(`${name}: ${this.text(headers.valueStart(row), headers.valueEnd(row))}`);
    }
    return lines.join('\n');
  }

  /** A fetch's places: on a request, or on a response if the example has one. */
  placesFor(response: string | undefined): Places {
    return response === undefined ? Place.frontendRequest | Place.backendRequest : Place.frontendResponse | Place.backendResponse;
  }
}

const nothing = (): undefined => undefined;
const no = (): boolean => false;
const zero = (): number => 0;

/** A server connection of which only facts are asked. */
const NO_CONNECTION: BackMux = {
  server: null,
  requests: 1,
  sendRequest: no,
  sendData: nothing,
  sendEnd: nothing,
  unsent: zero,
  findSource: nothing,
  measure: () => -1,
  pauseResponse: nothing,
  resumeResponse: nothing,
  release: nothing,
  close: nothing,
};

function setAddress(address: SocketAddress, text: string, port: number): void {
  const parsed = parseIp(text) as NonNullable<ReturnType<typeof parseIp>>;
  address.family = parsed.family;
  address.ip.set(parsed.ip);
  address.port = port;
}

/** Every name but `unknown.test` is 192.0.2.1. */
function answerExample({ overrides: { lookup } }: Stream, { bytes }: Memory, start: number, end: number): boolean {
  if (lookup === null) return false;
  const isKnown = latin1(bytes.subarray(start, end)) !== 'unknown.test';
  lookup.state = LookupState.answered;
  lookup.family = isKnown ? Family.inet : Family.none;
  lookup.ip.set([192, 0, 2, 1]);
  return true;
}

function newSession(frontend: Frontend): Session {
  const session = new Session();
  session.requests = 1;
  session.frontend = frontend;
  session.variables.scope = Scope.session;
  session.listenerId = 1;
  setAddress(session.source, '192.0.2.7', 40123);
  setAddress(session.destination, '198.51.100.1', 80);
  session.hasDestination = true;
  const text = '192.0.2.7';
  for (let at = 0; at < text.length; at++) session.sourceText[at] = text.charCodeAt(at);
  session.sourceTextLength = text.length;
  session.acceptedWallMs = ACCEPTED_MS;
  return session;
}

/** Moments of an exchange: 100 ms idle, 5 for the request, 3 in the queue, 2 to connect, 20 for the head, 10 for the rest. */
function fillTimes(stream: Stream): void {
  stream.startedAtMs = 1000;
  stream.firstByteAtMs = 1100;
  stream.firstByteWallMs = ACCEPTED_MS + 845;
  stream.idleMs = 100;
  stream.requestAtMs = 1105;
  stream.connectAtMs = 1108;
  stream.connectedAtMs = 1110;
  stream.responseAtMs = 1130;
  stream.endedAtMs = 1140;
  stream.bytes.fromClient = 120;
  stream.bytes.fromServer = 58;
  stream.status = 200;
  stream.serial = 9;
  stream.logConnections.set([2, 3, 4, 1]);
}

/** Fills a message from text, without a codec: the layers above proto/ need none for their examples. */
function fillMessage(world: ExampleWorld, message: HttpMessage, text: string, isRequest: boolean): void {
  const { memory } = world;
  const { bytes } = memory;
  const block = memory.take();
  const [headText = '', body = ''] = text.split('\r\n\r\n');
  message.block = block;
  const start = memory.dataStart(block);
  for (let at = 0; at < text.length; at++) bytes[start + at] = text.charCodeAt(at);
  message.spare = start + text.length;
  message.spareEnd = memory.dataEnd(block);
  message.bodyStart = start + text.length - body.length;
  message.bodyEnd = start + text.length;
  const lines = headText.split('\r\n');
  const first = lines[0] as string;
  fillStart(bytes, message, start, first, isRequest);
  let at = start + first.length + 2;
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    for (let i = 0; i < colon; i++) bytes[at + i] = line.toLowerCase().charCodeAt(i);
    const valueStart = at + colon + 1 + (/^[ \t]*/.exec(line.slice(colon + 1))?.[0].length ?? 0);
    const valueEnd = at + line.replace(/[ \t]+$/, '').length;
    message.headers.add(headerIdOf(bytes, at, colon), at, colon, Math.min(valueStart, valueEnd), valueEnd);
    if (line.slice(0, colon).toLowerCase() === 'content-length') {
      message.framing = Framing.length;
      message.contentLength = Number(line.slice(colon + 1));
    }
    at += line.length + 2;
  }
}

function fillStart(bytes: Uint8Array, message: HttpMessage, start: number, line: string, isRequest: boolean): void {
  const [one, two] = line.split(' ') as [string, string];
  const secondStart = start + one.length + 1;
  if (!isRequest) {
    message.status = Number(two);
    message.reasonStart = secondStart + two.length + 1;
    message.reasonEnd = Math.max(message.reasonStart, start + line.length);
    return;
  }
  message.methodStart = start;
  message.methodEnd = start + one.length;
  message.method = methodOf(bytes, start, message.methodEnd);
  message.targetStart = secondStart;
  message.targetEnd = secondStart + two.length;
  message.versionStart = message.targetEnd + 1;
  message.versionEnd = start + line.length;
  message.version = line.endsWith('/1.0') ? 10 : 11;
}

/** Splits `http-request set-header a "b c"` into a rule set and its rule, with quotes as in the configuration. */
export function parseRule(text: string): { readonly set: string; readonly model: RuleModel } {
  const words = Array.from(text.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g), (match) => match[1] ?? (match[2] as string));
  const size = words[0]?.startsWith('tcp-') ? 2 : 1;
  const set = words.slice(0, size).join(' ');
  const rest = set === 'redirect' ? words : words.slice(size);
  const at = { file: 'example', line: 1, column: 1 };
  return { set, model: { action: rest[0] as string, words: rest.slice(1), condition: null, at } };
}
