/**
 * Samples of the streams that the two connections carry (HAProxy 3.x configuration 7.3.3, 7.3.4). With HTTP/1 and TCP a connection
 * carries one at a time, numbers them by its requests, and has no codes to reset one by.
 */
import { defineFetch, type Fetch, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import { Ended } from '../../state/end.ts';
import type { Stream } from '../../state/records.ts';

const RESPONSE = 'HTTP/1.1 200 OK';

/** One, while there is a connection that has begun. */
const frontOne: FetchStep = (sample, { session }) => sample.setInt(session.requests > 0 ? 1 : 0);
const backOne: FetchStep = (sample, stream) => hasServer(stream) && sample.setInt(1);
const none: FetchStep = (sample) => sample.setInt(0);
const backNone: FetchStep = (sample, stream) => hasServer(stream) && sample.setInt(0);
const never: FetchStep = () => false;

function hasServer({ back, connectedAtMs }: Stream): boolean {
  return back !== null || connectedAtMs >= 0;
}

function defineFront(name: string, valid: string, doc: string, step: FetchStep, out: number | null): Fetch {
  return defineFetch({ name, args: [], type: SampleType.int, valid, doc, examples: [{ call: name, out }], compile: () => step });
}

function defineBack(name: string, doc: string, step: FetchStep, out: number | null): Fetch {
  const examples: Fetch['examples'] = [{ response: RESPONSE, call: name, out }];
  return defineFetch({ name, args: [], type: SampleType.int, valid: Valid.responseKept, doc, examples, compile: () => step });
}

export const fcNbStreams = defineFront(
  'fc_nb_streams',
  Valid.client,
  'Streams on the connection of the client now: one at a time.',
  frontOne,
  1,
);
export const bcNbStreams = defineBack('bc_nb_streams', 'Streams on the connection of the server now: one at a time.', backOne, 1);
export const fcStreamsLimit = defineFront(
  'fc_settings_streams_limit',
  Valid.session,
  'Streams that the connection of the client may carry at once: 1.',
  frontOne,
  1,
);
export const bcStreamsLimit = defineBack(
  'bc_settings_streams_limit',
  'Streams that the connection of the server may carry at once: 1.',
  backOne,
  1,
);
export const fcGlitches = defineFront('fc_glitches', Valid.client, "Glitches in the client's protocol: HTTP/1 and TCP have none.", none, 0);
export const bcGlitches = defineBack('bc_glitches', "Glitches in the server's protocol: HTTP/1 and TCP have none.", backNone, 0);

export const fsId = defineFront(
  'fs.id',
  Valid.session,
  'The number of the stream on the connection of the client, from 1 on.',
  (sample, { session }) => sample.setInt(session.requests),
  1,
);
export const bsId = defineBack(
  'bs.id',
  'The number of the stream on the connection of the server, from 1 on. None without such a connection.',
  (sample, stream) => stream.back !== null && sample.setInt(Math.max(1, stream.back.requests)),
  null,
);

export const fsResetCode = defineFront(
  'fs.rst_code',
  Valid.session,
  'The code that the client has reset the stream with: HTTP/1 has none.',
  never,
  null,
);
export const bsResetCode = defineBack('bs.rst_code', 'The code that the server has reset the stream with: HTTP/1 has none.', never, null);

export const fsAborted = defineFetch({
  name: 'fs.aborted',
  args: [],
  type: SampleType.bool,
  valid: Valid.session,
  doc: 'Whether the client has broken the stream off.',
  examples: [{ call: 'fs.aborted', out: false }],
  compile: () => {
    return (sample, { cause, clientGone }) => sample.setBool(clientGone || cause === Ended.clientAbort);
  },
});

export const bsAborted = defineFetch({
  name: 'bs.aborted',
  args: [],
  type: SampleType.bool,
  valid: Valid.responseKept,
  doc: 'Whether the server has broken the stream off.',
  examples: [{ response: RESPONSE, call: 'bs.aborted', out: false }],
  compile: () => {
    return (sample, stream) => hasServer(stream) && sample.setBool(stream.cause === Ended.serverAbort);
  },
});
