/** Converters that look something up by the name in the sample: frontends, backends, servers (HAProxy 3.x configuration 7.3.1). */
import { type CompileContext, defineConverter } from '../../rules/define.ts';
import { PatternKind } from '../../rules/patterns/pattern-index.ts';
import { inlinePatterns } from '../../rules/patterns/store.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import type { Backend, Server, Stream } from '../../state/records.ts';
import { BackendLive, ServerAdmin, ServerLive, ServerRunning } from '../../state/shared.ts';

const MAINTENANCE = ServerAdmin.maintenance | ServerAdmin.maintenanceInherited | ServerAdmin.maintenanceDns;
const SLASH = 47;

export const feExists = defineConverter({
  name: 'fe_exists',
  args: [],
  from: SampleType.str,
  to: SampleType.bool,
  doc: 'Whether there is a frontend of this name.',
  examples: [
    { value: 'web', call: 'fe_exists', out: true },
    { value: 'app', call: 'fe_exists', out: false },
  ],
  compile: (_, context) => {
    const index = inlinePatterns(Array.from(context.thread.frontends.keys()), PatternKind.exact, false);
    return (sample) => sample.setBool(index.find(sample) >= 0);
  },
});

export const nbsrvOf = defineConverter({
  name: 'nbsrv',
  args: [],
  from: SampleType.str,
  to: SampleType.int,
  doc: 'How many servers of the backend of this name can take traffic; no value if there is none.',
  examples: [
    { value: 'app', call: 'nbsrv', out: 1 },
    { value: 'nothing', call: 'nbsrv', out: null },
  ],
  compile: (_, context) => {
    const { live } = context.thread.shared;
    const names = Array.from(context.thread.backends.keys());
    const backends = Array.from(context.thread.backends.values());
    const index = inlinePatterns(names, PatternKind.exact, false);
    return (sample) => {
      const found = index.find(sample);
      if (found < 0) return false;
      const cells = (backends[found] as Backend).live;
      const active = live[cells + BackendLive.active] as number;
      return sample.setInt(active > 0 ? active : (live[cells + BackendLive.backup] as number));
    };
  },
});

/** Finds a server by `backend/server`, or by its name in the backend that serves the stream. */
class ServerNames {
  readonly #servers: readonly Server[];
  readonly #index;

  constructor({ thread }: CompileContext) {
    this.#servers = Array.from(thread.backends.values()).flatMap((backend) => backend.servers);
    const names = this.#servers.map((server) => `${server.backend.name}/${server.name}`);
    this.#index = inlinePatterns(names, PatternKind.exact, false);
  }

  find(sample: Sample, stream: Stream): Server | null {
    const { memory, start, end } = sample;
    let slash = start;
    while (slash < end && memory.bytes[slash] !== SLASH) slash++;
    if (slash === end) {
      const { backend } = stream;
      if (backend === null || end - start > 1024) return null;
      const at = memory.scratch();
      let to = at;
      for (let i = 0; i < backend.name.length; i++) memory.bytes[to++] = backend.name.charCodeAt(i);
      memory.bytes[to++] = SLASH;
      for (let from = start; from < end; from++) memory.bytes[to++] = memory.bytes[from] as number;
      sample.setText(at, to);
    }
    const found = this.#index.find(sample);
    return found < 0 ? null : (this.#servers[found] as Server);
  }
}

export const srvIsUpOf = defineConverter({
  name: 'srv_is_up',
  args: [],
  from: SampleType.str,
  to: SampleType.bool,
  doc: 'Whether the server of this name (`backend/server`, or one of the backend that serves the stream) is up; no value if there is none.',
  examples: [
    { value: 'app/s1', call: 'srv_is_up', out: true },
    { value: 's1', call: 'srv_is_up', out: true },
    { value: 'app/s9', call: 'srv_is_up', out: null },
  ],
  compile: (_, context) => {
    const { live } = context.thread.shared;
    const names = new ServerNames(context);
    return (sample, stream) => {
      const server = names.find(sample, stream);
      if (server === null) return false;
      const admin = live[server.live + ServerLive.admin] as number;
      return sample.setBool((admin & MAINTENANCE) === 0 && live[server.live + ServerLive.running] !== ServerRunning.stopped);
    };
  },
});

export const srvQueueOf = defineConverter({
  name: 'srv_queue',
  args: [],
  from: SampleType.str,
  to: SampleType.int,
  doc: 'How many streams wait for the server of this name (`backend/server`, or one of the backend that serves the stream).',
  examples: [
    { value: 'app/s1', call: 'srv_queue', out: 0 },
    { value: 's9', call: 'srv_queue', out: null },
  ],
  compile: (_, context) => {
    const { live } = context.thread.shared;
    const names = new ServerNames(context);
    return (sample, stream) => {
      const server = names.find(sample, stream);
      return server !== null && sample.setInt(live[server.live + ServerLive.queued] as number);
    };
  },
});
