/** Samples of the request line and the status line (HAProxy 3.x configuration 7.3.6). */

import { SCRATCH_SIZE } from '../../base/memory.ts';
import { copyBytes } from '../../base/words.ts';
import { HeaderId, Method } from '../../http/message.ts';
import { defineFetch, defineFetchName, type FetchStep } from '../../rules/define.ts';
import { pathEndOf, pathStart, queryStart } from '../../rules/edit/target.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';

const GET_QUERY = 'GET /a/b?x=1&y=2 HTTP/1.1\r\nHost: h.test';

export const method = defineFetch({
  name: 'method',
  args: [],
  type: SampleType.method,
  valid: Valid.requestKept,
  derivatives: ['method:meth'],
  doc: 'The method of the request.',
  examples: [
    { call: 'method', out: 'GET' },
    { request: 'BREW /pot HTTP/1.1', call: 'method', out: 'BREW' },
  ],
  compile: () => {
    return (sample, stream) => {
      const { request } = stream;
      // Of what was no request the log knows nothing.
      if (!stream.hasRequestLine) return false;
      if (request.methodEnd > request.methodStart) return sample.setMethod(request.method, request.methodStart, request.methodEnd);
      return request.method !== Method.other && sample.setMethod(request.method, 0, 0);
    };
  },
});

export const path = defineFetch({
  name: 'path',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['path'],
  doc: 'The path of the request target: from the first slash behind scheme and authority up to the question mark.',
  examples: [
    { request: GET_QUERY, call: 'path', out: '/a/b' },
    { request: 'GET http://h.test/c?d HTTP/1.1', call: 'path', out: '/c' },
    { request: 'OPTIONS * HTTP/1.1', call: 'path', out: null },
  ],
  compile: () => {
    return (sample, stream) => {
      const { request } = stream;
      const { bytes } = sample.memory;
      const start = pathStart(bytes, request.targetStart, request.targetEnd);
      return start >= 0 && sample.setText(start, pathEndOf(request, bytes, start));
    };
  },
});

export const pathq = defineFetch({
  name: 'pathq',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The path of the request target with its query.',
  examples: [
    { request: GET_QUERY, call: 'pathq', out: '/a/b?x=1&y=2' },
    { request: 'GET http://h.test/c?d HTTP/1.1', call: 'pathq', out: '/c?d' },
  ],
  compile: () => {
    return (sample, stream) => {
      const { targetStart, targetEnd } = stream.request;
      const start = pathStart(sample.memory.bytes, targetStart, targetEnd);
      return start >= 0 && sample.setText(start, targetEnd);
    };
  },
});

export const query = defineFetch({
  name: 'query',
  args: [{ name: 'options', kind: 'str', oneOf: ['with_qm'], default: null }],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'What stands behind the question mark of the request target; with `with_qm` that mark too.',
  examples: [
    { request: GET_QUERY, call: 'query', out: 'x=1&y=2' },
    { request: GET_QUERY, call: 'query(with_qm)', out: '?x=1&y=2' },
    { call: 'query', out: null },
  ],
  compile: ([options]) => {
    const before = options === null ? 0 : 1;
    return (sample, stream) => {
      const { targetStart, targetEnd } = stream.request;
      const start = queryStart(sample.memory.bytes, targetStart, targetEnd);
      return start >= 0 && sample.setText(start - before, targetEnd);
    };
  },
});

export const url = defineFetch({
  name: 'url',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['url'],
  doc: 'The request target as it is.',
  examples: [{ request: GET_QUERY, call: 'url', out: '/a/b?x=1&y=2' }],
  compile: () => {
    return (sample, stream) => sample.setText(stream.request.targetStart, stream.request.targetEnd);
  },
});

/** Host and path (with `query` to the end of the target), joined in scratch; false without a path. */
function join(sample: Sample, stream: Stream, withQuery: boolean): boolean {
  const { request } = stream;
  const { headers } = request;
  const { memory } = sample;
  const { bytes } = memory;
  const start = pathStart(bytes, request.targetStart, request.targetEnd);
  const row = headers.findId(HeaderId.host, 0);
  if (start < 0 && row < 0) return false;
  const from = memory.scratch();
  let to = from;
  if (row >= 0) {
    if (headers.valueEnd(row) - headers.valueStart(row) > SCRATCH_SIZE) return false;
    to = copyBytes(bytes, headers.valueStart(row), headers.valueEnd(row), to);
  }
  if (start >= 0) {
    const end = withQuery ? request.targetEnd : pathEndOf(request, bytes, start);
    if (to - from + end - start > SCRATCH_SIZE) return false;
    to = copyBytes(bytes, start, end, to);
  }
  return sample.setText(from, to);
}

export const base = defineFetch({
  name: 'base',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['base'],
  doc: 'The Host field and the path, joined: what names the resource without its query.',
  examples: [{ request: GET_QUERY, call: 'base', out: 'h.test/a/b' }],
  compile: () => {
    return (sample, stream) => join(sample, stream, false);
  },
});

export const baseq = defineFetch({
  name: 'baseq',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'As base, with the query.',
  examples: [{ request: GET_QUERY, call: 'baseq', out: 'h.test/a/b?x=1&y=2' }],
  compile: () => {
    return (sample, stream) => join(sample, stream, true);
  },
});

/** The digits of a version: `1.1`, as the peer wrote them. */
function compileVersion(): FetchStep {
  return (sample, stream) => {
    const { versionStart, versionEnd } = stream.request;
    return versionEnd - versionStart > 5 && sample.setText(versionStart + 5, versionEnd);
  };
}

export const reqVer = defineFetch({
  name: 'req.ver',
  args: [],
  type: SampleType.str,
  valid: Valid.requestKept,
  derivatives: ['req_ver:str'],
  doc: 'The HTTP version of the request: 1.0 or 1.1.',
  examples: [{ request: 'GET / HTTP/1.0', call: 'req.ver', out: '1.0' }],
  compile: compileVersion,
});

export const reqVerOld = defineFetchName('req_ver', reqVer, { call: 'req_ver', out: '1.1' });

export const resVer = defineFetch({
  name: 'res.ver',
  args: [],
  type: SampleType.str,
  valid: Valid.responseKept,
  derivatives: ['resp_ver:str'],
  doc: 'The HTTP version of the response: 1.0 or 1.1.',
  examples: [{ response: 'HTTP/1.1 200 OK', call: 'res.ver', out: '1.1' }],
  compile: (_, context) => {
    const old = context.thread.memory.intern('1.0');
    const current = context.thread.memory.intern('1.1');
    return (sample, { response }) => {
      const start = response.version === 10 ? old : current;
      return response.status > 0 && sample.setText(start, start + 3);
    };
  },
});

export const respVer = defineFetchName('resp_ver', resVer, { response: 'HTTP/1.1 200 OK', call: 'resp_ver', out: '1.1' });

export const status = defineFetch({
  name: 'status',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'The status of the response.',
  examples: [{ response: 'HTTP/1.1 404 Not Found', call: 'status', out: 404 }],
  compile: () => {
    return (sample, stream) => stream.response.status > 0 && sample.setInt(stream.response.status);
  },
});

export const txnStatus = defineFetch({
  name: 'txn.status',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'The status that the client gets.',
  examples: [{ response: 'HTTP/1.1 200 OK', call: 'txn.status', out: 200 }],
  compile: () => {
    return (sample, stream) => stream.status > 0 && sample.setInt(stream.status);
  },
});

export const serverStatus = defineFetch({
  name: 'server_status',
  args: [],
  type: SampleType.int,
  valid: Valid.responseKept,
  doc: 'The status that the server gave, before any rule changed it.',
  examples: [{ response: 'HTTP/1.1 204 No', call: 'server_status', out: 204 }],
  compile: () => {
    return (sample, stream) => stream.serverStatus > 0 && sample.setInt(stream.serverStatus);
  },
});

export const httpFirstReq = defineFetch({
  name: 'http_first_req',
  args: [],
  type: SampleType.bool,
  valid: Valid.requestKept,
  doc: 'Whether this is the first request of the connection.',
  examples: [{ call: 'http_first_req', out: true }],
  compile: () => {
    return (sample, stream) => sample.setBool(stream.session.requests <= 1);
  },
});
