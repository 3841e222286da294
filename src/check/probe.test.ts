/** What is sent, and what is made of answers: as recorded from HAProxy 2.6. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExpectStepModel } from '../model/check.ts';
import { readAnswer } from './answer.ts';
import { type HttpRequest, requestText } from './http.ts';
import { httpExpect, parseStatuses } from './http-expect.ts';

const AT = { file: '', line: 1, column: 1 };

function request(change: Partial<HttpRequest> = {}): string {
  return requestText({ method: 'GET', uri: '/status', version: 'HTTP/1.0', headers: [], body: null, ...change });
}

interface Settings {
  readonly expect: ExpectStepModel | null;
  readonly disableOn404: boolean;
}

function model(change: Partial<Settings> = {}): Settings {
  return { expect: null, disableOn404: false, ...change };
}

function expects(match: ExpectStepModel['match'], pattern: string, negate = false, more: Partial<ExpectStepModel> = {}): Settings {
  return model({ expect: { ...PLAIN, match, pattern, negate, ...more } });
}

const PLAIN: Omit<ExpectStepModel, 'match' | 'pattern' | 'negate'> = {
  kind: 'expect',
  at: AT,
  comment: null,
  header: null,
  minBytes: null,
  okStatus: null,
  errorStatus: null,
  timeoutStatus: null,
  onSuccess: null,
  onError: null,
  statusCode: null,
};

test('the request has what the configuration says and no more', () => {
  assert.equal(request(), 'GET /status HTTP/1.0\r\n\r\n');
  assert.equal(request({ method: 'OPTIONS', uri: '/' }), 'OPTIONS / HTTP/1.0\r\n\r\n');
  assert.equal(request({ method: 'HEAD', version: 'HTTP/1.1' }), 'HEAD /status HTTP/1.1\r\nconnection: close\r\n\r\n');
  const headers = [
    { name: 'Host', value: 'www.a.com' },
    { name: 'X-y', value: 'z' },
  ];
  assert.equal(request({ headers, version: 'HTTP/1.1' }), 'GET /status HTTP/1.1\r\nhost: www.a.com\r\nx-y: z\r\nconnection: close\r\n\r\n');
  assert.equal(request({ headers }), 'GET /status HTTP/1.0\r\nhost: www.a.com\r\nx-y: z\r\n\r\n');
  const post = { method: 'POST', uri: '/p', version: 'HTTP/1.1', headers: [{ name: 'Host', value: 'h' }], body: 'hello' };
  assert.equal(request(post), 'POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello');
  const own = [
    { name: 'Connection', value: 'keep-alive' },
    { name: 'Content-Length', value: '7' },
  ];
  assert.equal(request({ headers: own }), 'GET /status HTTP/1.0\r\n\r\n');
});

/** `L7STS 500 Oops` of this answer, at its end. */
function verdict({ expect, disableOn404 }: Settings, answer: string, isEnded = true, isStopped = false): string {
  const step = httpExpect(expect, 1, '', disableOn404, null);
  const found = step.judge(Buffer.from(answer, 'latin1'), isEnded, isStopped, null);
  if (found === 'more') return 'more';
  const { status, code, info } = found.result;
  return `${status.code} ${code ?? '-'} ${info}`.trimEnd();
}

test('statuses decide unless something else is expected', () => {
  assert.equal(verdict(model(), 'HTTP/1.0 200 OK\r\n\r\nhello'), 'L7OK 200');
  assert.equal(verdict(model(), 'HTTP/1.0 200\r\n\r\n'), 'L7OK 200');
  assert.equal(verdict(model(), 'HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n'), 'L7OK 302');
  assert.equal(verdict(model(), 'HTTP/1.1 500 Internal Oops\r\n\r\nx'), 'L7STS 500 Internal Oops');
  assert.equal(verdict(model(), 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'), 'L7STS 100 Continue');
  assert.equal(verdict(model(), 'HTTP/1.1 600 X\r\n\r\n'), 'L7STS 600 X');
});

test('what is no complete answer is invalid', () => {
  for (const answer of ['SSH-2.0-foo\r\n\r\n', 'hello', '', 'HTTP/1.0 200 OK\r\n', 'HTTP/1.0 2x0 OK\r\n\r\n']) {
    assert.equal(verdict(model(), answer), 'L7RSP -', JSON.stringify(answer));
  }
  assert.equal(verdict(model(), 'HTT', false), 'more');
  assert.equal(verdict(model(), 'SSH', false), 'L7RSP -', 'no need to wait for more');
  assert.equal(verdict(model(), `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`, false), 'L7RSP -', 'a head without end');
});

test('404 stops a server that is up', () => {
  const settings = model({ disableOn404: true });
  assert.equal(verdict(settings, 'HTTP/1.1 404 Not Found\r\n\r\n'), 'L7OKC 404');
  assert.equal(verdict(settings, 'HTTP/1.1 404 Not Found\r\n\r\n', true, true), 'L7STS 404 Not Found');
  assert.equal(verdict(model(), 'HTTP/1.1 404 Not Found\r\n\r\n'), 'L7STS 404 Not Found');
});

test('http-check expect', () => {
  const answer = 'HTTP/1.0 200 OK\r\n\r\nhello world';
  assert.equal(verdict(expects('status', '204,300-310'), answer), 'L7STS 200 OK');
  assert.equal(verdict(expects('status', '200,300-310'), answer), 'L7OK 200');
  assert.equal(verdict(expects('status', '200', true), answer), 'L7STS 200 OK');
  assert.equal(verdict(expects('rstatus', '^2', true), answer), 'L7STS 200 OK');
  assert.equal(verdict(expects('rstatus', '^2[0-9][0-9]$'), answer), 'L7OK 200');
  assert.equal(verdict(expects('string', 'world'), answer), 'L7OK 200');
  assert.equal(verdict(expects('string', 'mars'), answer), 'L7RSP - HTTP content check did not match');
  assert.equal(verdict(expects('string', 'world', true), answer), 'L7RSP - HTTP check matched unwanted content');
  assert.equal(verdict(expects('rstring', 'w.rld'), answer), 'L7OK 200');
  assert.equal(verdict(expects('rstring', 'w.rld', true), answer), 'L7RSP - HTTP check matched unwanted content');
  assert.equal(verdict(expects('rstring', 'm.rs', true), answer), 'L7OK 200');
});

test('content is awaited as long as it can come', () => {
  const wants = expects('string', 'world');
  assert.equal(verdict(wants, 'HTTP/1.0 200 OK\r\n\r\nhello wo', false), 'more');
  assert.equal(verdict(wants, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhel', false), 'L7RSP - HTTP content check did not match');
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2\r\nld\r\n';
  assert.equal(verdict(wants, chunked, false), 'L7OK 200', 'over the border of chunks');
  assert.equal(verdict(expects('string', 'x', true), chunked, false), 'more');
  assert.equal(verdict(expects('string', 'x', true), `${chunked}0\r\n\r\n`, false), 'L7OK 200');
});

test('every cut of an answer ends in the same verdict', () => {
  const whole = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2\r\nld\r\n0\r\n\r\n';
  for (let cut = 0; cut < whole.length; cut++) {
    const early = verdict(expects('string', 'world'), whole.slice(0, cut), false);
    assert.ok(early === 'more' || early === 'L7OK 200', `${cut}: ${early}`);
  }
  assert.equal(typeof readAnswer(Buffer.from(whole), true), 'object');
});

test('lists of statuses', () => {
  assert.deepEqual(parseStatuses('200,300-310'), [
    [200, 200],
    [300, 310],
  ]);
  assert.throws(() => parseStatuses('2xx'), /'2xx' is no status/);
  assert.throws(() => parseStatuses('310-300'), /ends before it begins/);
});

test('a regular expression that explodes on what a server sends ends in time', () => {
  const started = process.cpuUsage().user;
  const found = verdict(expects('rstring', '^(a+)+$'), `HTTP/1.0 200 OK\r\n\r\n${'a'.repeat(60)}b`);
  assert.equal(found, 'L7RSP - HTTP content check did not match');
  assert.ok(process.cpuUsage().user - started < 200_000);
});
