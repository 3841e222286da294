/** Samples of both connections as they are on the wire, and of the listening socket (HAProxy 3.x configuration 7.3.3). */
import { Family, isIp, newAddress, type SocketAddress } from '../../base/address.ts';
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { NameTable } from '../../rules/names.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';

/** Fills an address; false: it is not known. */
type AddressStep = (stream: Stream, into: SocketAddress) => boolean;

function copyAddress(from: SocketAddress, into: SocketAddress): boolean {
  into.family = from.family;
  into.port = from.port;
  for (let at = 0; at < 16; at++) into.ip[at] = from.ip[at] as number;
  return true;
}

/** Of the client's socket, whatever a PROXY line or a rule has said; of a closed one what is known. */
const frontSource: AddressStep = ({ session }, into) => session.wire?.peerAddress(into) ?? copyAddress(session.source, into);

const frontDestination: AddressStep = ({ session, front }, into) => {
  if (session.wire !== null) return session.wire.localAddress(into);
  if (!session.hasDestination) front?.findDestination();
  return session.hasDestination && copyAddress(session.destination, into);
};

/** As rules see it. */
const source: AddressStep = ({ session }, into) => copyAddress(session.source, into);

const destination: AddressStep = ({ session, front }, into) => {
  if (!session.hasDestination) front?.findDestination();
  return session.hasDestination && copyAddress(session.destination, into);
};

const backSource: AddressStep = (stream, into) => {
  if (!stream.hasBackSource) stream.back?.findSource(stream);
  return stream.hasBackSource && copyAddress(stream.backSource, into);
};

/** The server's, with the port that was connected to. */
const backDestination: AddressStep = (stream, into) => {
  const { server, connectAtMs } = stream;
  if (server === null || connectAtMs < 0) return false;
  if (!server.addressFromClient || !destination(stream, into) || !isIp(into)) copyAddress(server.address, into);
  into.port = server.portFromClient ? destinationPort(stream) + server.portOffset : server.address.port;
  return true;
};

const scratch = newAddress();

function destinationPort(stream: Stream): number {
  return destination(stream, scratch) ? scratch.port : 0;
}

function compileAddress(find: AddressStep): FetchStep {
  const address = newAddress();
  return (sample, stream) => find(stream, address) && sample.setIp(address.family, address.ip);
}

function compilePort(find: AddressStep): FetchStep {
  const address = newAddress();
  return (sample, stream) => find(stream, address) && isIp(address) && sample.setInt(address.port);
}

/** Whether it is an address of this machine, as its interfaces were at start. */
function compileLocal(find: AddressStep, { thread }: CompileContext): FetchStep {
  const address = newAddress();
  const { localAddresses } = thread;
  return (sample, stream) => {
    if (!find(stream, address) || !isIp(address)) return false;
    return sample.setBool(isLoopback(address) || isListed(address, localAddresses));
  };
}

const LOOPBACK = 127;

function isLoopback({ family, ip }: SocketAddress): boolean {
  if (family === Family.inet) return ip[0] === LOOPBACK;
  for (let at = 0; at < 15; at++) if (ip[at] !== 0) return false;
  return ip[15] === 1;
}

function isListed({ family, ip }: SocketAddress, addresses: readonly Uint8Array[]): boolean {
  const size = family === Family.inet ? 4 : 16;
  for (let at = 0; at < addresses.length; at++) {
    const other = addresses[at] as Uint8Array;
    if (other.length !== size) continue;
    let same = 0;
    while (same < size && other[same] === ip[same]) same++;
    if (same === size) return true;
  }
  return false;
}

export const srcIsLocal = defineFetch({
  name: 'src_is_local',
  args: [],
  type: SampleType.bool,
  valid: Valid.client,
  doc: "Whether the client's address is one of this machine.",
  examples: [{ call: 'src_is_local', out: false }],
  compile: (_, context) => compileLocal(source, context),
});

export const dstIsLocal = defineFetch({
  name: 'dst_is_local',
  args: [],
  type: SampleType.bool,
  valid: Valid.client,
  doc: 'Whether the address that the client connected to is one of this machine: false for transparent proxies.',
  examples: [{ call: 'dst_is_local', out: false }],
  compile: (_, context) => compileLocal(destination, context),
});

export const fcSrc = defineFetch({
  name: 'fc_src',
  args: [],
  type: SampleType.address,
  valid: Valid.client,
  doc: "The address at the other end of the client's connection, whatever a PROXY line or a rule says.",
  examples: [{ call: 'fc_src', out: '192.0.2.7' }],
  compile: () => compileAddress(frontSource),
});

export const fcSrcPort = defineFetch({
  name: 'fc_src_port',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: "The port at the other end of the client's connection.",
  examples: [{ call: 'fc_src_port', out: 40_123 }],
  compile: () => compilePort(frontSource),
});

export const fcSrcIsLocal = defineFetch({
  name: 'fc_src_is_local',
  args: [],
  type: SampleType.bool,
  valid: Valid.client,
  doc: 'Whether fc_src is an address of this machine.',
  examples: [{ call: 'fc_src_is_local', out: false }],
  compile: (_, context) => compileLocal(frontSource, context),
});

export const fcDst = defineFetch({
  name: 'fc_dst',
  args: [],
  type: SampleType.address,
  valid: Valid.client,
  doc: "The address at this end of the client's connection.",
  examples: [{ call: 'fc_dst', out: '198.51.100.1' }],
  compile: () => compileAddress(frontDestination),
});

export const fcDstPort = defineFetch({
  name: 'fc_dst_port',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: "The port at this end of the client's connection.",
  examples: [{ call: 'fc_dst_port', out: 80 }],
  compile: () => compilePort(frontDestination),
});

export const fcDstIsLocal = defineFetch({
  name: 'fc_dst_is_local',
  args: [],
  type: SampleType.bool,
  valid: Valid.client,
  doc: 'Whether fc_dst is an address of this machine.',
  examples: [{ call: 'fc_dst_is_local', out: false }],
  compile: (_, context) => compileLocal(frontDestination, context),
});

const RESPONSE = 'HTTP/1.1 200 OK';

export const bcSrc = defineFetch({
  name: 'bc_src',
  args: [],
  type: SampleType.address,
  valid: Valid.responseKept,
  doc: "The address at this end of the server's connection, while it lasts.",
  examples: [{ response: RESPONSE, call: 'bc_src', out: null }],
  compile: () => compileAddress(backSource),
});

export const bcSrcPort = defineFetch({
  name: 'bc_src_port',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: "The port at this end of the server's connection, while it lasts.",
  examples: [{ response: RESPONSE, call: 'bc_src_port', out: null }],
  compile: () => compilePort(backSource),
});

export const bcDst = defineFetch({
  name: 'bc_dst',
  args: [],
  type: SampleType.address,
  valid: Valid.responseKept,
  doc: 'The address of the server that was connected to.',
  examples: [{ response: RESPONSE, call: 'bc_dst', out: '203.0.113.5' }],
  compile: () => compileAddress(backDestination),
});

export const bcDstPort = defineFetch({
  name: 'bc_dst_port',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'The port of the server that was connected to.',
  examples: [{ response: RESPONSE, call: 'bc_dst_port', out: 8080 }],
  compile: () => compilePort(backDestination),
});

export const bcReused = defineFetch({
  name: 'bc_reused',
  args: [],
  type: SampleType.bool,
  valid: Valid.responseKept,
  doc: "Whether the server's connection had served before.",
  examples: [{ response: RESPONSE, call: 'bc_reused', out: false }],
  compile: () => {
    return (sample, stream) => stream.connectedAtMs >= 0 && sample.setBool(stream.backReused);
  },
});

const HTTP2 = 20;

export const fcHttpMajor = defineFetch({
  name: 'fc_http_major',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'The major version of HTTP on the connection of the client: 1, also in TCP mode, or 2.',
  examples: [{ call: 'fc_http_major', out: 1 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.request.version >= HTTP2 ? 2 : 1);
  },
});

export const bcHttpMajor = defineFetch({
  name: 'bc_http_major',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'The major version of HTTP on the connection of the server: 1, also in TCP mode, or 2.',
  examples: [{ response: RESPONSE, call: 'bc_http_major', out: 1 }],
  compile: () => {
    return (sample, stream) => stream.connectedAtMs >= 0 && sample.setInt(stream.response.version >= HTTP2 ? 2 : 1);
  },
});

export const soId = defineFetch({
  name: 'so_id',
  args: [],
  type: SampleType.int,
  valid: Valid.frontend,
  doc: 'The number of the listening socket in its frontend: `id` of the bind line, or from 1 on.',
  examples: [{ call: 'so_id', out: 1 }],
  compile: () => {
    return (sample, { session }) => sample.setInt(session.listenerId);
  },
});

export const soName = defineFetch({
  name: 'so_name',
  args: [],
  type: SampleType.str,
  valid: Valid.frontend,
  doc: 'The `name` of the bind line. None if it has none.',
  examples: [{ call: 'so_name', out: null }],
  compile: () => {
    return (sample, { session }) => session.listenerIsNamed && setString(sample, session.listenerName);
  },
});

function setString(sample: Sample, text: string): boolean {
  const { memory } = sample;
  const start = memory.scratch();
  for (let at = 0; at < text.length; at++) memory.bytes[start + at] = text.charCodeAt(at);
  return sample.setText(start, start + text.length);
}

export const feDefbe = defineFetch({
  name: 'fe_defbe',
  args: [],
  type: SampleType.str,
  valid: Valid.frontend,
  doc: 'The name of the default backend of the frontend; a `listen` is none of its own.',
  examples: [{ call: 'fe_defbe', out: null }],
  compile: (_, { thread }) => {
    const names = new NameTable(thread.memory, thread.backends.values());
    return (sample, { frontend }) => {
      const { defaultBackend, ownBackend } = frontend;
      return (
        defaultBackend !== null && defaultBackend !== ownBackend && sample.setText(names.start(defaultBackend), names.end(defaultBackend))
      );
    };
  },
});
