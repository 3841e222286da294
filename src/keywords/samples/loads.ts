/** Samples of how much proxies and servers have to do, of all threads (HAProxy 3.x configuration 7.3.2). */
import { connectionLimit, takesTraffic } from '../../balance/usable.ts';
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import { eventsPerSecond, rateTime } from '../../state/rates.ts';
import type { Backend, Frontend, Server, Stream } from '../../state/records.ts';
import { BackendLive, FrontendLive, ProcessLive, ServerLive, ServerRunning } from '../../state/shared.ts';

/** The backend that is named, else the stream's, else that of the line. */
export function compileBackendOf(named: Backend | null, context: CompileContext): (stream: Stream) => Backend | null {
  const own = context.proxy.backend;
  if (named !== null) return () => named;
  return (stream) => stream.backend ?? own;
}

const BACKEND = [{ name: 'backend', kind: 'backend', default: null }] as const;
const SERVER = [{ name: 'server', kind: 'server' }] as const;
const FRONTEND = [{ name: 'frontend', kind: 'frontend', default: null }] as const;
/** HAProxy's answer where there is no limit. */
const UNLIMITED = -1;

export const avgQueue = defineFetch({
  name: 'avg_queue',
  args: BACKEND,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Streams in the queues of the backend for each server that takes traffic, rounded up; twice the number if there is none.',
  examples: [{ call: 'avg_queue(app)', out: 0 }],
  compile: ([named], context) => {
    const { live } = context.thread.shared;
    const backendOf = compileBackendOf(named, context);
    return (sample, stream) => {
      const backend = backendOf(stream);
      if (backend === null) return false;
      const queued = live[backend.live + BackendLive.queued] as number;
      const active = live[backend.live + BackendLive.active] as number;
      const servers = active > 0 ? active : (live[backend.live + BackendLive.backup] as number);
      return sample.setInt(servers > 0 ? Math.ceil(queued / servers) : queued * 2);
    };
  },
});

export const connslots = defineFetch({
  name: 'connslots',
  args: BACKEND,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Places that are free in the backend: connections and queues of its running servers. -1 if one of them has no limit of either.',
  examples: [{ call: 'connslots(app)', out: -1 }],
  compile: ([named], context) => {
    const { live } = context.thread.shared;
    const backendOf = compileBackendOf(named, context);
    return (sample, stream) => {
      const backend = backendOf(stream);
      return backend !== null && sample.setInt(freeSlots(live, backend));
    };
  },
});

function freeSlots(live: Int32Array, { servers }: Backend): number {
  let free = 0;
  for (let at = 0; at < servers.length; at++) {
    const server = servers[at] as Server;
    if (live[server.live + ServerLive.running] === ServerRunning.stopped) continue;
    const maxconn = live[server.live + ServerLive.maxconn] as number;
    if (maxconn === 0 || server.maxqueue === 0) return UNLIMITED;
    free += maxconn - (live[server.live + ServerLive.current] as number);
    free += server.maxqueue - (live[server.live + ServerLive.queued] as number);
  }
  return free;
}

export const beConnFree = defineFetch({
  name: 'be_conn_free',
  args: BACKEND,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Connections that are free in the backend, on the servers that take traffic now. -1 if one of them has no limit.',
  examples: [{ call: 'be_conn_free(app)', out: -1 }],
  compile: ([named], context) => {
    const { live } = context.thread.shared;
    const backendOf = compileBackendOf(named, context);
    return (sample, stream) => {
      const backend = backendOf(stream);
      return backend !== null && sample.setInt(freeConnections(live, backend));
    };
  },
});

function freeConnections(live: Int32Array, backend: Backend): number {
  const { servers } = backend;
  let free = 0;
  let isFirstBackup = true;
  for (let at = 0; at < servers.length; at++) {
    const server = servers[at] as Server;
    if (!takesTraffic(live, server.live)) continue;
    if (server.isBackup) {
      const isUsed = (live[backend.live + BackendLive.active] as number) === 0 && (isFirstBackup || backend.allBackups);
      isFirstBackup = false;
      if (!isUsed) continue;
    }
    const room = freeOn(live, server);
    if (room < 0) return UNLIMITED;
    free += room;
  }
  return free;
}

function freeOn(live: Int32Array, server: Server): number {
  if ((live[server.live + ServerLive.maxconn] as number) === 0) return UNLIMITED;
  return Math.max(0, connectionLimit(live, server) - (live[server.live + ServerLive.current] as number));
}

export const srvConnFree = defineFetch({
  name: 'srv_conn_free',
  args: SERVER,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Connections that are free on the server; -1 if it has no limit.',
  examples: [{ call: 'srv_conn_free(app/s1)', out: -1 }],
  compile: ([server], context) => {
    const { live } = context.thread.shared;
    return (sample) => sample.setInt(freeOn(live, server));
  },
});

/** Weights are kept in 256ths. */
const WEIGHT_UNIT = 256;

export const srvWeight = defineFetch({
  name: 'srv_weight',
  args: SERVER,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'The weight of the server as it counts now: less while it starts slowly.',
  examples: [{ call: 'srv_weight(app/s1)', out: 10 }],
  compile: ([server], context) => {
    const { live } = context.thread.shared;
    return (sample) => sample.setInt(Math.ceil((live[server.live + ServerLive.weight] as number) / WEIGHT_UNIT));
  },
});

export const srvUweight = defineFetch({
  name: 'srv_uweight',
  args: SERVER,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'The weight of the server that the user has set last.',
  examples: [{ call: 'srv_uweight(app/s1)', out: 10 }],
  compile: ([server], context) => {
    const { live } = context.thread.shared;
    return (sample) => sample.setInt(live[server.live + ServerLive.userWeight] as number);
  },
});

export const srvIweight = defineFetch({
  name: 'srv_iweight',
  args: SERVER,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'The weight of the server in the configuration.',
  examples: [{ call: 'srv_iweight(app/s1)', out: 10 }],
  compile: ([server]) => {
    return (sample) => sample.setInt(server.weight);
  },
});

/** Events a second in these cells. */
function compileRate(cellOf: (stream: Stream) => number, { thread }: CompileContext): FetchStep {
  const { live } = thread.shared;
  const { clock } = thread;
  return (sample, stream) => {
    const cell = cellOf(stream);
    return cell >= 0 && sample.setInt(eventsPerSecond(live, cell, rateTime(clock.wallClock())));
  };
}

function compileFrontendRate(named: Frontend | null, cell: number, context: CompileContext): FetchStep {
  for (const frontend of context.thread.frontends.values()) if (named === null || named === frontend) frontend.countsRates = true;
  return compileRate((stream) => (named ?? stream.frontend).live + cell, context);
}

export const feSessRate = defineFetch({
  name: 'fe_sess_rate',
  args: FRONTEND,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Connections a second on the frontend, over the last second.',
  examples: [{ call: 'fe_sess_rate', out: 0 }],
  compile: ([frontend], context) => compileFrontendRate(frontend, FrontendLive.sessionRate, context),
});

export const feReqRate = defineFetch({
  name: 'fe_req_rate',
  args: FRONTEND,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'HTTP requests a second on the frontend, over the last second.',
  examples: [{ call: 'fe_req_rate(web)', out: 0 }],
  compile: ([frontend], context) => compileFrontendRate(frontend, FrontendLive.requestRate, context),
});

export const beSessRate = defineFetch({
  name: 'be_sess_rate',
  args: BACKEND,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Streams a second in the backend, over the last second.',
  examples: [{ call: 'be_sess_rate(app)', out: 0 }],
  compile: ([named], context) => {
    const backendOf = compileBackendOf(named, context);
    for (const backend of context.thread.backends.values()) if (named === null || named === backend) backend.countsRates = true;
    return compileRate((stream) => {
      const backend = backendOf(stream);
      return backend === null ? -1 : backend.live + BackendLive.sessionRate;
    }, context);
  },
});

export const srvSessRate = defineFetch({
  name: 'srv_sess_rate',
  args: SERVER,
  type: SampleType.int,
  valid: Valid.running,
  doc: 'Streams a second on the server, over the last second.',
  examples: [{ call: 'srv_sess_rate(app/s1)', out: 0 }],
  compile: ([server], context) => {
    server.backend.countsRates = true;
    return compileRate(() => server.live + ServerLive.sessionRate, context);
  },
});

export const actConn = defineFetch({
  name: 'act_conn',
  args: [],
  type: SampleType.int,
  valid: Valid.always,
  doc: 'Connections of clients to the process now.',
  examples: [{ call: 'act_conn', out: 0 }],
  compile: (_, context) => {
    const { live } = context.thread.shared;
    return (sample) => sample.setInt(live[ProcessLive.current] as number);
  },
});

export const stopping = defineFetch({
  name: 'stopping',
  args: [],
  type: SampleType.bool,
  valid: Valid.running,
  doc: 'Whether the process is on its way out: connections are served, none is accepted.',
  examples: [{ call: 'stopping', out: false }],
  compile: (_, context) => {
    const { live } = context.thread.shared;
    return (sample) => sample.setBool(live[ProcessLive.stopping] !== 0);
  },
});

export const dstConn = defineFetch({
  name: 'dst_conn',
  args: [],
  type: SampleType.int,
  valid: Valid.frontend,
  doc: 'Connections on the frontend now: HAProxy counts those of one bind line, here it is those of all of them.',
  examples: [{ call: 'dst_conn', out: 0 }],
  compile: (_, context) => {
    const { live } = context.thread.shared;
    return (sample, stream) => sample.setInt(live[stream.frontend.live + FrontendLive.current] as number);
  },
});
