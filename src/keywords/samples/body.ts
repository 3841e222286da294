/**
 * Samples of bodies: what has been received of them when the rule runs. `option http-buffer-request` and `wait-for-body` make
 * rules wait for more (HAProxy 3.x configuration 7.3.6).
 */
import { Framing, type HttpMessage } from '../../http/message.ts';
import { defineFetch, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';

type MessageOf = (stream: Stream) => HttpMessage;

const requestOf: MessageOf = (stream) => stream.request;
const responseOf: MessageOf = (stream) => stream.response;

function compileBody(messageOf: MessageOf): FetchStep {
  return (sample, stream) => {
    const { bodyStart, bodyEnd } = messageOf(stream);
    return sample.setBinary(bodyStart, bodyEnd);
  };
}

function compileLength(messageOf: MessageOf): FetchStep {
  return (sample, stream) => {
    const { bodyStart, bodyEnd } = messageOf(stream);
    return sample.setInt(bodyEnd - bodyStart);
  };
}

/** What is announced, or what has come if nothing is. */
function compileSize(messageOf: MessageOf): FetchStep {
  return (sample, stream) => {
    const { framing, contentLength, bodyStart, bodyEnd } = messageOf(stream);
    return sample.setInt(framing === Framing.length ? contentLength : bodyEnd - bodyStart);
  };
}

const POST = 'POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwxyz';

export const reqBody = defineFetch({
  name: 'req.body',
  args: [],
  type: SampleType.bin,
  valid: Valid.request,
  doc: 'What has come of the body of the request.',
  examples: [
    { request: POST, call: 'req.body', out: 'abc' },
    { call: 'req.body', out: '' },
  ],
  compile: () => compileBody(requestOf),
});

export const resBody = defineFetch({
  name: 'res.body',
  args: [],
  type: SampleType.bin,
  valid: Valid.response,
  doc: 'What has come of the body of the response.',
  examples: [{ response: ANSWER, call: 'res.body', out: 'wxyz' }],
  compile: () => compileBody(responseOf),
});

export const reqBodyLen = defineFetch({
  name: 'req.body_len',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'How many bytes have come of the body of the request.',
  examples: [{ request: POST, call: 'req.body_len', out: 3 }],
  compile: () => compileLength(requestOf),
});

export const resBodyLen = defineFetch({
  name: 'res.body_len',
  args: [],
  type: SampleType.int,
  valid: Valid.response,
  doc: 'How many bytes have come of the body of the response.',
  examples: [{ response: ANSWER, call: 'res.body_len', out: 4 }],
  compile: () => compileLength(responseOf),
});

export const reqBodySize = defineFetch({
  name: 'req.body_size',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'The announced length of the body of the request; of one without, how many bytes have come.',
  examples: [
    { request: 'POST / HTTP/1.1\r\nContent-Length: 300\r\n\r\nabc', call: 'req.body_size', out: 300 },
    { call: 'req.body_size', out: 0 },
  ],
  compile: () => compileSize(requestOf),
});

export const resBodySize = defineFetch({
  name: 'res.body_size',
  args: [],
  type: SampleType.int,
  valid: Valid.response,
  doc: 'The announced length of the body of the response; of one without, how many bytes have come.',
  examples: [{ response: ANSWER, call: 'res.body_size', out: 4 }],
  compile: () => compileSize(responseOf),
});
