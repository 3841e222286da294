/** Actions that answer: deny and return, with the words they share (HAProxy 3.x configuration 4.4). */

import { compileReplyWords } from '../../rules/answer/reply-words.ts';
import { type ActionStep, defineAction, Outcome } from '../../rules/define.ts';
import { readsResponse } from '../../rules/place.ts';
import { type Cause, Ended } from '../../state/end.ts';
import type { LocalReply } from '../../state/records.ts';
import { countError } from '../../stick/track.ts';

/** An empty error file is no answer: the connection closes. */
function compileAnswer(reply: LocalReply, cause: Cause): ActionStep {
  return (stream) => {
    stream.cause = cause;
    return reply.fill(stream) ? Outcome.answer : Outcome.drop;
  };
}

const GET = 'GET / HTTP/1.1';
const FORBIDDEN = '<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n';

export const deny = defineAction({
  name: 'deny',
  signature:
    'deny [ { status | deny_status } <code> ] [ content-type <type> ] [ { default-errorfiles | errorfile <file> | errorfiles <name> | file <file> | lf-file <file> | string <str> | lf-string <fmt> } ] [ hdr <name> <fmt> ]*',
  ruleSets: ['http-request', 'http-response'],
  doc: 'Refuses the message: 403 for a request, 502 for a response, unless a status is given. The answer is the error page of the status, but empty if more than `deny_status` is said. Logged as PR.',
  examples: [
    {
      rule: 'http-request deny',
      request: GET,
      head: 'HTTP/1.1 403 Forbidden\ncontent-length: 93\ncache-control: no-cache\ncontent-type: text/html',
      body: FORBIDDEN,
    },
    {
      rule: 'http-request deny deny_status 429 content-type text/plain string "slow down" hdr retry-after 5',
      request: GET,
      head: 'HTTP/1.1 429 Too Many Requests\nretry-after: 5\ncontent-length: 9\ncontent-type: text/plain',
      body: 'slow down',
    },
    { rule: 'http-request deny status 418', request: GET, head: "HTTP/1.1 418 I'm a teapot\ncontent-length: 0", body: '' },
  ],
  compile: (words, context) => {
    const ofServer = readsResponse(context.places);
    const refuse = compileAnswer(compileReplyWords(words, ofServer ? 502 : 403, true, context), Ended.denied);
    if (ofServer) return refuse;
    return (stream) => {
      // Before the answer is written, which may tell the count.
      countError(stream);
      return refuse(stream);
    };
  },
});

export const answer = defineAction({
  name: 'return',
  signature:
    'return [ status <code> ] [ content-type <type> ] [ { default-errorfiles | errorfile <file> | errorfiles <name> | file <file> | lf-file <file> | string <str> | lf-string <fmt> } ] [ hdr <name> <fmt> ]*',
  ruleSets: ['http-request', 'http-response'],
  doc: 'Answers the request here: status 200 unless another is given. Logged as LR.',
  examples: [
    { rule: 'http-request return', request: GET, head: 'HTTP/1.1 200 OK\ncontent-length: 0', body: '' },
    {
      rule: 'http-request return status 200 content-type text/plain lf-string "you are %[src] %% %ci"',
      request: GET,
      head: 'HTTP/1.1 200 OK\ncontent-length: 29\ncontent-type: text/plain',
      body: 'you are 192.0.2.7 % 192.0.2.7',
    },
    {
      rule: 'http-request return status 404 hdr X-Path %[path]',
      request: 'GET /x?y HTTP/1.1',
      head: 'HTTP/1.1 404 Not Found\nx-path: /x\ncontent-length: 0',
      body: '',
    },
    {
      rule: 'http-request return status 503 default-errorfiles',
      request: GET,
      head: 'HTTP/1.1 503 Service Unavailable\ncontent-length: 107\ncache-control: no-cache\ncontent-type: text/html',
    },
  ],
  compile: (words, context) => compileAnswer(compileReplyWords(words, 200, false, context), Ended.local),
});
