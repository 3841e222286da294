/** Log aliases of addresses, proxies, servers and the process (HAProxy 3.x configuration 8.2.6). */
import { Family, type SocketAddress } from '../../base/address.ts';
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { Fact, type FactValue } from '../../platform/tls/contract.ts';
import { type AliasStep, type CompileContext, defineAlias } from '../../rules/define.ts';
import type { TextStyle, Writer } from '../../rules/format/writer.ts';
import { NameTable } from '../../rules/names.ts';
import { Place } from '../../rules/place.ts';
import { writeIpv4, writeIpv6 } from '../../rules/value/bytes.ts';
import type { Session, Stream } from '../../state/records.ts';

const QUOTE = 34;
const TILDE = 126;

/** Bytes of an address in hexadecimal. */
function hexAddress(out: Writer, address: SocketAddress): void {
  const size = address.family === Family.inet ? 4 : 16;
  for (let at = 0; at < size; at++) out.hexByte(address.ip[at] as number);
}

/** An address as text, put together in scratch; `unix` where it is none. */
function writeAddress(out: Writer, address: SocketAddress, style: TextStyle, unix: number): void {
  const { family } = address;
  const isIp = family === Family.inet || family === Family.inet6;
  if (style.hex && isIp) {
    hexAddress(out, address);
    return;
  }
  if (!isIp) {
    out.text(unix, family === Family.none ? unix : unix + 4, style);
    return;
  }
  const at = out.memory.scratch();
  const end = family === Family.inet ? writeIpv4(out.bytes, at, address.ip, 0) : writeIpv6(out.bytes, at, address.ip);
  out.text(at, end, style);
}

function writePort(out: Writer, port: number, style: TextStyle): void {
  if (!style.hex) {
    out.int(port);
    return;
  }
  out.hexByte((port >> 8) & 255);
  out.hexByte(port & 255);
}

function isIp(address: SocketAddress): boolean {
  return address.family === Family.inet || address.family === Family.inet6;
}

export const clientIp = defineAlias({
  name: 'ci',
  kind: 'string',
  httpOnly: false,
  doc: "The client's address.",
  examples: [
    { format: '%ci', out: '192.0.2.7' },
    { format: '%{+X}ci', out: 'C0000207' },
    { format: '%{+Q}ci', out: '"192.0.2.7"' },
  ],
  compile: (style, context) => {
    const unix = context.thread.memory.intern('unix');
    return (out, { session }) => {
      const length = session.sourceTextLength;
      if (style.hex || length === 0) {
        writeAddress(out, session.source, style, unix);
        return;
      }
      if (style.quote) out.byte(QUOTE);
      out.foreign(session.sourceText, length);
      if (style.quote) out.byte(QUOTE);
    };
  },
});

export const clientPort = defineAlias({
  name: 'cp',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: "The client's port.",
  examples: [
    { format: '%cp', out: '40123' },
    { format: '%{+X}cp', out: '9CBB' },
  ],
  compile: (style) => {
    return (out, { session }) => writePort(out, session.source.port, style);
  },
});

/** The destination, asked for only now if nobody needed it before. */
function destinationOf(stream: Stream): Session['destination'] | null {
  const { session } = stream;
  if (!session.hasDestination && stream.front !== null) stream.front.findDestination();
  return session.hasDestination ? session.destination : null;
}

/** The destination is asked for while the connection is open: the log is written later. */
function showsDestination({ places, proxy }: CompileContext): void {
  if ((places & Place.log) !== 0 && proxy.frontend !== null) proxy.frontend.needsDestination = true;
}

export const frontendIp = defineAlias({
  name: 'fi',
  kind: 'string',
  httpOnly: false,
  doc: 'The address that the client connected to.',
  examples: [{ format: '%fi', out: '198.51.100.1' }],
  compile: (style, context) => {
    showsDestination(context);
    const unix = context.thread.memory.intern('unix');
    return (out, stream) => {
      const destination = destinationOf(stream);
      if (destination === null) out.empty(style);
      else writeAddress(out, destination, style, unix);
    };
  },
});

export const frontendPort = defineAlias({
  name: 'fp',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: 'The port that the client connected to.',
  examples: [{ format: '%fp', out: '80' }],
  compile: (style, context) => {
    showsDestination(context);
    return (out, stream) => {
      const destination = destinationOf(stream);
      if (destination === null) out.empty(style);
      else writePort(out, destination.port, style);
    };
  },
});

export const serverIp = defineAlias({
  name: 'si',
  kind: 'string',
  httpOnly: false,
  doc: "The server's address.",
  examples: [{ format: '%si', out: '203.0.113.5' }],
  compile: (style, context) => {
    const unix = context.thread.memory.intern('unix');
    return (out, { server }) => {
      if (server === null) out.empty(style);
      else writeAddress(out, server.address, style, unix);
    };
  },
});

export const serverPort = defineAlias({
  name: 'sp',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: "The server's port.",
  examples: [{ format: '%sp', out: '8080' }],
  compile: (style) => {
    return (out, { server }) => {
      if (server === null || !isIp(server.address)) out.empty(style);
      else writePort(out, server.address.port, style);
    };
  },
});

export const backSourceIp = defineAlias({
  name: 'bi',
  kind: 'string',
  httpOnly: false,
  doc: 'The address from which the server was connected to.',
  examples: [{ format: '%bi', out: '-' }],
  compile: (style, context) => {
    const unix = context.thread.memory.intern('unix');
    if (context.proxy.frontend !== null) context.proxy.frontend.needsBackSource = true;
    return (out, stream) => {
      if (stream.hasBackSource) writeAddress(out, stream.backSource, style, unix);
      else out.empty(style);
    };
  },
});

export const backSourcePort = defineAlias({
  name: 'bp',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: 'The port from which the server was connected to.',
  examples: [{ format: '%bp', out: '-' }],
  compile: (style, context) => {
    if (context.proxy.frontend !== null) context.proxy.frontend.needsBackSource = true;
    return (out, stream) => {
      if (stream.hasBackSource && isIp(stream.backSource)) writePort(out, stream.backSource.port, style);
      else out.empty(style);
    };
  },
});

export const frontendName = defineAlias({
  name: 'f',
  kind: 'string',
  httpOnly: false,
  doc: 'The name of the frontend.',
  examples: [{ format: '%f', out: 'web' }],
  compile: (style, context) => {
    const names = new NameTable(context.thread.memory, context.thread.frontends.values());
    return (out, { frontend }) => out.text(names.start(frontend), names.end(frontend), style);
  },
});

export const frontendTransport = defineAlias({
  name: 'ft',
  kind: 'string',
  httpOnly: false,
  doc: 'The name of the frontend, with ~ behind it if the client came by TLS.',
  examples: [
    { format: '%ft', out: 'web' },
    { format: '%{+Q}ft', out: '"web"' },
  ],
  compile: (style, context) => {
    const names = new NameTable(context.thread.memory, context.thread.frontends.values());
    return (out, { frontend, session }) => {
      if (style.quote) out.byte(QUOTE);
      out.copy(names.start(frontend), names.end(frontend));
      if (session.tls !== null) out.byte(TILDE);
      if (style.quote) out.byte(QUOTE);
    };
  },
});

export const backendName = defineAlias({
  name: 'b',
  kind: 'string',
  httpOnly: false,
  doc: 'The name of the backend; the name of the frontend while none was chosen.',
  examples: [
    { format: '%b', out: 'app' },
    { format: '%{+Q}b', out: '"app"' },
  ],
  compile: (style, context) => {
    const { memory } = context.thread;
    const frontends = new NameTable(memory, context.thread.frontends.values());
    const backends = new NameTable(memory, context.thread.backends.values());
    return (out, { backend, frontend }) => {
      if (backend === null) out.text(frontends.start(frontend), frontends.end(frontend), style);
      else out.text(backends.start(backend), backends.end(backend), style);
    };
  },
});

const NO_SERVER = '<NOSRV>';

export const serverName = defineAlias({
  name: 's',
  kind: 'string',
  httpOnly: false,
  doc: 'The name of the server, or <NOSRV>.',
  examples: [
    { format: '%s', out: 's1' },
    { format: '%{+Q}s', out: '"s1"' },
  ],
  compile: (style, context) => {
    const { memory, backends } = context.thread;
    const names = new NameTable(
      memory,
      Array.from(backends.values()).flatMap((backend) => backend.servers),
    );
    const none = memory.intern(NO_SERVER);
    return (out, { server }) => {
      if (server === null) out.text(none, none + NO_SERVER.length, style);
      else out.text(names.start(server), names.end(server), style);
    };
  },
});

function compileConstant(text: string, style: TextStyle, intern: (text: string) => number): AliasStep {
  const start = intern(text);
  const end = start + text.length;
  return (out) => out.text(start, end, style);
}

export const hostname = defineAlias({
  name: 'H',
  kind: 'string',
  httpOnly: false,
  doc: 'The name of this machine.',
  examples: [{ format: '%H', out: 'test-host' }],
  compile: (style, context) => compileConstant(context.thread.process.hostname, style, (text) => context.thread.memory.intern(text)),
});

export const pid = defineAlias({
  name: 'pid',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: 'The number of the process.',
  examples: [
    { format: '%pid', out: '4711' },
    { format: '%{+X}pid', out: '1267' },
  ],
  compile: (style, context) => {
    const { pid: number } = context.thread.process;
    if (style.hex) return (out) => out.hexInt(number);
    return (out) => out.int(number);
  },
});

/** What is known of TLS on the client's connection; `-` without. */
function compileFact(style: TextStyle, fact: FactValue, { thread: { memory } }: CompileContext): AliasStep {
  return (out, { session }) => {
    const start = memory.scratch();
    const end = session.tls === null ? -1 : session.tls.fact(fact, start, start + SCRATCH_SIZE);
    if (end < 0) out.empty(style);
    else out.text(start, end, style);
  };
}

export const tlsVersion = defineAlias({
  name: 'sslv',
  kind: 'string',
  httpOnly: false,
  doc: 'The TLS version of the client connection.',
  examples: [{ format: '%sslv', out: '-' }],
  compile: (style, context) => compileFact(style, Fact.version, context),
});

export const tlsCipher = defineAlias({
  name: 'sslc',
  kind: 'string',
  httpOnly: false,
  doc: 'The TLS cipher of the client connection.',
  examples: [{ format: '%sslc', out: '-' }],
  compile: (style, context) => compileFact(style, Fact.cipher, context),
});
