/** Samples of the client's connection and of the frontend (HAProxy 3.x configuration 7.3.3). */
import { Family } from '../../base/address.ts';
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { NameTable } from '../../rules/names.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Frontend, Stream } from '../../state/records.ts';
import { FrontendLive } from '../../state/shared.ts';

export const src = defineFetch({
  name: 'src',
  args: [],
  type: SampleType.address,
  valid: Valid.client,
  doc: "The client's address: what the PROXY line said if there was one. None on a UNIX socket.",
  examples: [
    { call: 'src', out: '192.0.2.7' },
    { call: 'src,ipmask(24)', out: '192.0.2.0' },
  ],
  compile: () => {
    return (sample, stream) => {
      const { source } = stream.session;
      return sample.setIp(source.family, source.ip);
    };
  },
});

export const srcPort = defineFetch({
  name: 'src_port',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: "The client's port.",
  examples: [{ call: 'src_port', out: 40123 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.session.source.port) && isIp(stream.session.source.family);
  },
});

export const dst = defineFetch({
  name: 'dst',
  args: [],
  type: SampleType.address,
  valid: Valid.client,
  doc: 'The address that the client connected to.',
  examples: [{ call: 'dst', out: '198.51.100.1' }],
  compile: () => {
    return (sample, stream) => {
      const { session } = stream;
      if (!session.hasDestination) stream.front?.findDestination();
      return session.hasDestination && sample.setIp(session.destination.family, session.destination.ip);
    };
  },
});

export const dstPort = defineFetch({
  name: 'dst_port',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'The port that the client connected to.',
  examples: [{ call: 'dst_port', out: 80 }],
  compile: () => {
    return (sample, stream) => {
      const { session } = stream;
      if (!session.hasDestination) stream.front?.findDestination();
      return session.hasDestination && sample.setInt(session.destination.port) && isIp(session.destination.family);
    };
  },
});

function isIp(family: number): boolean {
  return family === Family.inet || family === Family.inet6;
}

export const feName = defineFetch({
  name: 'fe_name',
  args: [],
  type: SampleType.str,
  valid: Valid.frontend,
  doc: 'The name of the frontend.',
  examples: [{ call: 'fe_name', out: 'web' }],
  compile: (_, context) => {
    const names = new NameTable(context.thread.memory, context.thread.frontends.values());
    return (sample, stream) => sample.setText(names.start(stream.frontend), names.end(stream.frontend));
  },
});

export const feId = defineFetch({
  name: 'fe_id',
  args: [],
  type: SampleType.int,
  valid: Valid.frontend,
  doc: 'The number of the frontend.',
  examples: [{ call: 'fe_id', out: 2 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.frontend.id);
  },
});

function compileFrontendCell(frontend: Frontend | null, cell: number, context: CompileContext): FetchStep {
  const { live } = context.thread.shared;
  return (sample: Parameters<FetchStep>[0], stream: Stream) => {
    const owner = frontend === null ? stream.frontend : frontend;
    return sample.setInt(live[owner.live + cell] as number);
  };
}

export const feConn = defineFetch({
  name: 'fe_conn',
  args: [{ name: 'frontend', kind: 'frontend', default: null }],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Connections on the frontend now, of all threads.',
  examples: [{ call: 'fe_conn', out: 0 }],
  compile: ([frontend], context) => compileFrontendCell(frontend, FrontendLive.current, context),
});
