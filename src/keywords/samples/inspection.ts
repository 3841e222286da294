/** What rules that wait for data ask: how much there is, and whether the wait is over (HAProxy 3.x configuration 7.3.5). */
import type { HttpMessage } from '../../http/message.ts';
import { defineFetch } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';

export const waitEnd = defineFetch({
  name: 'wait_end',
  args: [],
  type: SampleType.bool,
  valid: Valid.running,
  doc: 'True once no more data is waited for: the inspect-delay is over, or the message is complete. Unknown before.',
  examples: [{ call: 'wait_end', out: true }],
  compile: () => (sample) => {
    if (sample.final) return sample.setBool(true);
    sample.mayChange = true;
    return false;
  },
});

function measure(sample: Sample, { bodyStart, bodyEnd }: HttpMessage): boolean {
  sample.mayChange = true;
  return sample.setInt(bodyEnd - bodyStart);
}

export const reqLen = defineFetch({
  name: 'req.len',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'Bytes that the client has sent so far, in HTTP mode of the body. More may come.',
  examples: [{ call: 'req.len', out: 0 }],
  compile: () => (sample, stream) => measure(sample, stream.request),
});

export const reqLenOld = defineFetch({
  name: 'req_len',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'The old name of `req.len`.',
  examples: [{ call: 'req_len', out: 0 }],
  compile: () => (sample, stream) => measure(sample, stream.request),
});

export const resLen = defineFetch({
  name: 'res.len',
  args: [],
  type: SampleType.int,
  valid: Valid.response,
  doc: 'Bytes that the server has sent so far, in HTTP mode of the body. More may come.',
  examples: [{ response: 'HTTP/1.1 200 OK', call: 'res.len', out: 0 }],
  compile: () => (sample, stream) => measure(sample, stream.response),
});
