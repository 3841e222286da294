/** Samples of timeouts in milliseconds, 0 for none: as the proxies have them, or as they are for this stream (HAProxy 3.x configuration 7.3.3). */
import { defineFetch, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';
import type { Timeouts } from '../../state/settings.ts';

type Name = 'clientMs' | 'serverMs' | 'connectMs' | 'queueMs' | 'tunnelMs' | 'tarpitMs';

function compileFrontend(name: Name): FetchStep {
  return (sample, stream) => sample.setInt(stream.frontend.timeouts[name]);
}

function compileBackend(name: Name): FetchStep {
  return (sample, { backend }) => backend !== null && sample.setInt(backend.timeouts[name]);
}

/** The stream's own if a rule has set one or it is known already, else the proxy's. */
function compileCurrent(own: (stream: Stream) => number, proxy: (stream: Stream) => Timeouts | null, name: Name): FetchStep {
  return (sample, stream) => {
    const set = own(stream);
    if (set >= 0) return sample.setInt(set);
    const timeouts = proxy(stream);
    return timeouts !== null && sample.setInt(timeouts[name]);
  };
}

const ofFrontend = (stream: Stream): Timeouts => stream.frontend.timeouts;
const ofBackend = (stream: Stream): Timeouts | null => stream.backend?.timeouts ?? null;

export const feClientTimeout = defineFetch({
  name: 'fe_client_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.frontend,
  doc: 'timeout client of the frontend.',
  examples: [{ call: 'fe_client_timeout', out: 0 }],
  compile: () => compileFrontend('clientMs'),
});

export const feTarpitTimeout = defineFetch({
  name: 'fe_tarpit_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.frontend,
  doc: 'timeout tarpit of the frontend.',
  examples: [{ call: 'fe_tarpit_timeout', out: 0 }],
  compile: () => compileFrontend('tarpitMs'),
});

export const beConnectTimeout = defineFetch({
  name: 'be_connect_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'timeout connect of the backend.',
  examples: [{ call: 'be_connect_timeout', out: 0 }],
  compile: () => compileBackend('connectMs'),
});

export const beQueueTimeout = defineFetch({
  name: 'be_queue_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'timeout queue of the backend.',
  examples: [{ call: 'be_queue_timeout', out: 0 }],
  compile: () => compileBackend('queueMs'),
});

export const beServerTimeout = defineFetch({
  name: 'be_server_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'timeout server of the backend.',
  examples: [{ call: 'be_server_timeout', out: 0 }],
  compile: () => compileBackend('serverMs'),
});

export const beTarpitTimeout = defineFetch({
  name: 'be_tarpit_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'timeout tarpit of the backend.',
  examples: [{ call: 'be_tarpit_timeout', out: 0 }],
  compile: () => compileBackend('tarpitMs'),
});

export const beTunnelTimeout = defineFetch({
  name: 'be_tunnel_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'timeout tunnel of the backend.',
  examples: [{ call: 'be_tunnel_timeout', out: 0 }],
  compile: () => compileBackend('tunnelMs'),
});

export const beMaxRetries = defineFetch({
  name: 'be_max_retries',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'retries of the backend.',
  examples: [{ call: 'be_max_retries', out: 3 }],
  compile: () => {
    return (sample, { backend }) => backend !== null && sample.setInt(backend.retries);
  },
});

export const curClientTimeout = defineFetch({
  name: 'cur_client_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.frontend,
  doc: 'The timeout of the client as it is for this stream.',
  examples: [{ call: 'cur_client_timeout', out: 0 }],
  compile: () => compileCurrent((stream) => stream.clientTimeoutMs, ofFrontend, 'clientMs'),
});

export const curTarpitTimeout = defineFetch({
  name: 'cur_tarpit_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'The time of a tarpit as it is for this stream.',
  examples: [{ call: 'cur_tarpit_timeout', out: 0 }],
  compile: () => compileCurrent((stream) => stream.overrides.tarpitTimeoutMs, ofFrontend, 'tarpitMs'),
});

export const curServerTimeout = defineFetch({
  name: 'cur_server_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'The timeout of the server as it is for this stream.',
  examples: [{ call: 'cur_server_timeout', out: 0 }],
  compile: () => compileCurrent((stream) => stream.serverTimeoutMs, ofBackend, 'serverMs'),
});

export const curTunnelTimeout = defineFetch({
  name: 'cur_tunnel_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'The timeout of a tunnel as it is for this stream.',
  examples: [{ call: 'cur_tunnel_timeout', out: 0 }],
  compile: () => compileCurrent((stream) => stream.overrides.tunnelTimeoutMs, ofBackend, 'tunnelMs'),
});

export const curConnectTimeout = defineFetch({
  name: 'cur_connect_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'The timeout of connecting as it is for this stream.',
  examples: [{ call: 'cur_connect_timeout', out: 0 }],
  compile: () => compileCurrent((stream) => stream.overrides.connectTimeoutMs, ofBackend, 'connectMs'),
});

export const curQueueTimeout = defineFetch({
  name: 'cur_queue_timeout',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'The timeout of the queue as it is for this stream.',
  examples: [{ call: 'cur_queue_timeout', out: 0 }],
  compile: () => compileCurrent((stream) => stream.overrides.queueTimeoutMs, ofBackend, 'queueMs'),
});

export const curMaxRetries = defineFetch({
  name: 'cur_max_retries',
  args: [],
  type: SampleType.int,
  valid: Valid.backend,
  doc: 'How often this stream may try again.',
  examples: [{ call: 'cur_max_retries', out: 3 }],
  compile: () => {
    return (sample, { backend, overrides }) => {
      if (overrides.retriesSet >= 0) return sample.setInt(overrides.retriesSet);
      return backend !== null && sample.setInt(backend.retries);
    };
  },
});
