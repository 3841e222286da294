/** Samples of what became of an exchange: retries, queues, bytes, its number and its end (HAProxy 3.x configuration 7.3.2, 7.3.3). */
import { defineFetch, defineFetchName } from '../../rules/define.ts';
import { writeTermination } from '../../rules/ending.ts';
import { Writer } from '../../rules/format/writer.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import { shownLetter } from '../../stream/cookie.ts';

const RESPONSE = 'HTTP/1.1 200 OK';

export const txnConnRetries = defineFetch({
  name: 'txn.conn_retries',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'How often connecting to a server was tried again.',
  examples: [{ response: RESPONSE, call: 'txn.conn_retries', out: 0 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.retries);
  },
});

export const txnRedispatched = defineFetch({
  name: 'txn.redispatched',
  args: [],
  type: SampleType.bool,
  valid: Valid.responseKept,
  doc: 'Whether it went to another server than the one chosen first.',
  examples: [{ response: RESPONSE, call: 'txn.redispatched', out: false }],
  compile: () => {
    return (sample, stream) => sample.setBool(stream.redispatched);
  },
});

const STATE_BYTES = 4;

export const txnSessTermState = defineFetch({
  name: 'txn.sess_term_state',
  args: [],
  type: SampleType.str,
  valid: Valid.running,
  doc: 'How the stream ended, as in the log: two letters, four in HTTP mode.',
  examples: [{ call: 'txn.sess_term_state', out: '----' }],
  compile: (_, context) => {
    const out = new Writer(context.thread.memory);
    return (sample, stream) => {
      const start = out.memory.scratch();
      out.open(start, start + STATE_BYTES);
      writeTermination(out, stream);
      if (stream.frontend.http) {
        out.byte(shownLetter(stream, stream.clientCookie));
        out.byte(shownLetter(stream, stream.serverCookie));
      }
      return sample.setText(start, out.at);
    };
  },
});

export const txnId32 = defineFetch({
  name: 'txn.id32',
  args: [],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'The number of the stream in the process, 32 bits.',
  examples: [{ call: 'txn.id32', out: 9 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.serial >>> 0);
  },
});

export const prioClass = defineFetch({
  name: 'prio_class',
  args: [],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'The class of the stream in queues; see set-priority-class.',
  examples: [{ call: 'prio_class', out: 0 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.overrides.priorityClass);
  },
});

export const prioOffset = defineFetch({
  name: 'prio_offset',
  args: [],
  type: SampleType.int,
  valid: Valid.running,
  doc: 'The offset of the stream in queues, milliseconds; see set-priority-offset.',
  examples: [{ call: 'prio_offset', out: 0 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.overrides.priorityOffsetMs);
  },
});

export const bcBeQueue = defineFetch({
  name: 'bc_be_queue',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'How many streams were served before this one while it waited in the queue of the backend (%bq).',
  examples: [{ response: RESPONSE, call: 'bc_be_queue', out: 0 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.backendQueuePosition);
  },
});

export const bcSrvQueue = defineFetch({
  name: 'bc_srv_queue',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'How many streams were served before this one while it waited in the queue of the server (%sq).',
  examples: [{ response: RESPONSE, call: 'bc_srv_queue', out: 0 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.serverQueuePosition);
  },
});

export const reqBytesIn = defineFetch({
  name: 'req.bytes_in',
  args: [],
  type: SampleType.int,
  valid: Valid.requestKept,
  doc: 'Bytes received from the client so far (%U).',
  examples: [{ call: 'req.bytes_in', out: 120 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.bytes.fromClient);
  },
});

export const bytesIn = defineFetchName('bytes_in', reqBytesIn, { call: 'bytes_in', out: 120 });

export const resBytesIn = defineFetch({
  name: 'res.bytes_in',
  args: [],
  type: SampleType.int,
  valid: Valid.exchange,
  doc: 'Bytes received from the server so far (%B).',
  examples: [{ response: RESPONSE, call: 'res.bytes_in', out: 58 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.bytes.fromServer);
  },
});

export const bytesOut = defineFetchName('bytes_out', resBytesIn, { response: RESPONSE, call: 'bytes_out', out: 58 });

export const reqBytesOut = defineFetch({
  name: 'req.bytes_out',
  args: [],
  type: SampleType.int,
  valid: Valid.requestKept,
  doc: 'Bytes sent to servers so far, a request that was sent again among them.',
  examples: [{ call: 'req.bytes_out', out: 0 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.bytes.toServer);
  },
});

export const resBytesOut = defineFetch({
  name: 'res.bytes_out',
  args: [],
  type: SampleType.int,
  valid: Valid.exchange,
  doc: 'Bytes sent to the client so far, also of answers that were made here.',
  examples: [{ response: RESPONSE, call: 'res.bytes_out', out: 0 }],
  compile: () => {
    return (sample, stream) => sample.setInt(stream.bytes.toClient);
  },
});
