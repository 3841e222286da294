/** Samples of the backend and the server (HAProxy 3.x configuration 7.3.2 and 7.3.3). */
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { NameTable } from '../../rules/names.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Backend, Server } from '../../state/records.ts';
import { BackendLive, ServerLive, ServerRunning } from '../../state/shared.ts';

export const beName = defineFetch({
  name: 'be_name',
  args: [],
  type: SampleType.str,
  valid: Valid.backend,
  doc: 'The name of the backend; of the frontend as long as none is chosen.',
  examples: [{ call: 'be_name', out: 'app' }],
  compile: (_, context) => {
    const { memory, backends, frontends } = context.thread;
    const names = new NameTable(memory, backends.values());
    const others = new NameTable(memory, frontends.values());
    return (sample, { backend, frontend }) => {
      if (backend === null) return sample.setText(others.start(frontend), others.end(frontend));
      return sample.setText(names.start(backend), names.end(backend));
    };
  },
});

export const beId = defineFetch({
  name: 'be_id',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'The number of the backend; of the frontend as long as none is chosen.',
  examples: [{ call: 'be_id', out: 3 }],
  compile: () => {
    return (sample, stream) => sample.setInt((stream.backend ?? stream.frontend).id);
  },
});

export const srvName = defineFetch({
  name: 'srv_name',
  args: [],
  type: SampleType.str,
  valid: Valid.server,
  doc: 'The name of the server.',
  examples: [{ call: 'srv_name', response: 'HTTP/1.1 200 OK', out: 's1' }],
  compile: (_, context) => {
    const { memory, backends } = context.thread;
    const names = new NameTable(
      memory,
      Array.from(backends.values()).flatMap((backend) => backend.servers),
    );
    return (sample, stream) => {
      const { server } = stream;
      return server !== null && sample.setText(names.start(server), names.end(server));
    };
  },
});

export const srvId = defineFetch({
  name: 'srv_id',
  args: [],
  type: SampleType.int,
  valid: Valid.server,
  doc: 'The number of the server.',
  examples: [{ call: 'srv_id', response: 'HTTP/1.1 200 OK', out: 1 }],
  compile: () => {
    return (sample, stream) => stream.server !== null && sample.setInt(stream.server.id);
  },
});

/** A cell of a backend's live row: the named one's, or that of the backend the stream is in. */
function compileBackendCell(named: Backend | null, cell: number, context: CompileContext): FetchStep {
  const { live } = context.thread.shared;
  const own = named === null ? context.proxy.backend : named;
  return (sample, stream) => {
    const backend = stream.backend === null || named !== null ? own : stream.backend;
    return backend !== null && sample.setInt(live[backend.live + cell] as number);
  };
}

export const nbsrv = defineFetch({
  name: 'nbsrv',
  args: [{ name: 'backend', kind: 'backend', default: null }],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'How many servers of the backend can take traffic: the backup ones only if no other can.',
  examples: [{ call: 'nbsrv(app)', out: 1 }],
  compile: ([named], context) => {
    const { live } = context.thread.shared;
    const own = named === null ? context.proxy.backend : named;
    return (sample, stream) => {
      const backend = stream.backend === null || named !== null ? own : stream.backend;
      if (backend === null) return false;
      const active = live[backend.live + BackendLive.active] as number;
      return sample.setInt(active > 0 ? active : (live[backend.live + BackendLive.backup] as number));
    };
  },
});

export const beConn = defineFetch({
  name: 'be_conn',
  args: [{ name: 'backend', kind: 'backend', default: null }],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Streams in the backend now, of all threads.',
  examples: [{ call: 'be_conn(app)', out: 0 }],
  compile: ([backend], context) => compileBackendCell(backend, BackendLive.current, context),
});

export const queue = defineFetch({
  name: 'queue',
  args: [{ name: 'backend', kind: 'backend', default: null }],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Streams that wait for a server of the backend, of all threads.',
  examples: [{ call: 'queue(app)', out: 0 }],
  compile: ([backend], context) => compileBackendCell(backend, BackendLive.queued, context),
});

function compileServerCell(server: Server, cell: number, context: CompileContext): FetchStep {
  const { live } = context.thread.shared;
  const at = server.live + cell;
  return (sample) => sample.setInt(live[at] as number);
}

export const srvConn = defineFetch({
  name: 'srv_conn',
  args: [{ name: 'server', kind: 'server' }],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Streams on the server now, of all threads.',
  examples: [{ call: 'srv_conn(app/s1)', out: 0 }],
  compile: ([server], context) => compileServerCell(server, ServerLive.current, context),
});

export const srvQueue = defineFetch({
  name: 'srv_queue',
  args: [{ name: 'server', kind: 'server' }],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Streams that wait for this very server, of all threads.',
  examples: [{ call: 'srv_queue(app/s1)', out: 0 }],
  compile: ([server], context) => compileServerCell(server, ServerLive.queued, context),
});

export const srvIsUp = defineFetch({
  name: 'srv_is_up',
  args: [{ name: 'server', kind: 'server' }],
  type: SampleType.bool,
  valid: Valid.running,
  doc: 'Whether the server is up and not in maintenance.',
  examples: [{ call: 'srv_is_up(app/s1)', out: true }],
  compile: ([server], context) => {
    const { live } = context.thread.shared;
    const at = server.live;
    return (sample) => {
      const admin = live[at + ServerLive.admin] as number;
      const running = live[at + ServerLive.running] as number;
      return sample.setBool((admin & MAINTENANCE) === 0 && running !== ServerRunning.stopped);
    };
  },
});

/** Bits of ServerAdmin that mean maintenance. */
const MAINTENANCE = 1 | 4 | 16;
