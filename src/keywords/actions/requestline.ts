/** Actions that change the request line and the status line (HAProxy 3.x configuration 4.4). */

import { Method } from '../../http/message.ts';
import { reasonOf } from '../../http/reasons.ts';
import { clientMethod } from '../../http/reframe.ts';
import { isToken, methodOf } from '../../http/tokens.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome, type TextFormat } from '../../rules/define.ts';
import {
  compileExchange,
  findPath,
  findPathAndQuery,
  findPathAndQueryOrTarget,
  findPathOrTarget,
  findQuery,
  findTarget,
  type PartFinder,
} from '../../rules/edit/exchange.ts';
import { Replacement } from '../../rules/edit/fieldtexts.ts';
import { compileFailure, writeValue, written } from '../../rules/edit/rewrite.ts';
import type { Words } from '../../rules/words.ts';

const REQUEST = ['http-request'] as const;
const GET = 'GET /a/b?x=1 HTTP/1.1';
/** Answered when a rewrite fails. */
const FAILED = 'HTTP/1.1 500 Internal Server Error\ncontent-length: 97\ncache-control: no-cache\ncontent-type: text/html';

function compileSet(find: PartFinder, words: Words, context: CompileContext): ActionStep {
  const format = context.format(words.next('a log-format string'), 'header');
  words.end();
  return compileExchange(find, format, null, context);
}

function compileReplace(find: PartFinder, words: Words, context: CompileContext): ActionStep {
  const regex = context.regex(words.next('a regular expression'), false);
  const format = context.format(words.next('a log-format string'), 'header');
  words.end();
  const replacement = new Replacement(context.thread, regex, format);
  return compileExchange(find, replacement, replacement, context);
}

export const setPath = defineAction({
  name: 'set-path',
  signature: 'set-path <fmt>',
  ruleSets: REQUEST,
  doc: 'Replaces the path of the request target; scheme, authority and query stay.',
  examples: [
    { rule: 'http-request set-path /v2%[path]', request: GET, head: 'GET /v2/a/b?x=1 HTTP/1.1' },
    { rule: 'http-request set-path /c', request: 'GET http://h/a HTTP/1.1', head: 'GET http://h/c HTTP/1.1' },
  ],
  compile: (words, context) => compileSet(findPathOrTarget, words, context),
});

export const setPathq = defineAction({
  name: 'set-pathq',
  signature: 'set-pathq <fmt>',
  ruleSets: REQUEST,
  doc: 'Replaces the path and the query of the request target.',
  examples: [{ rule: 'http-request set-pathq /c?d', request: GET, head: 'GET /c?d HTTP/1.1' }],
  compile: (words, context) => compileSet(findPathAndQueryOrTarget, words, context),
});

export const setUri = defineAction({
  name: 'set-uri',
  signature: 'set-uri <fmt>',
  ruleSets: REQUEST,
  doc: 'Replaces the whole request target.',
  examples: [{ rule: 'http-request set-uri http://h%[url]', request: GET, head: 'GET http://h/a/b?x=1 HTTP/1.1' }],
  compile: (words, context) => compileSet(findTarget, words, context),
});

const QUESTION = 63;

export const setQuery = defineAction({
  name: 'set-query',
  signature: 'set-query <fmt>',
  ruleSets: REQUEST,
  doc: 'Replaces the query of the request target, or adds one. An empty text removes it.',
  examples: [
    { rule: 'http-request set-query y=2', request: GET, head: 'GET /a/b?y=2 HTTP/1.1' },
    { rule: 'http-request set-query %[req.hdr(none)]', request: GET, head: 'GET /a/b HTTP/1.1' },
    { rule: 'http-request set-query a', request: 'GET /p HTTP/1.1', head: 'GET /p?a HTTP/1.1' },
  ],
  compile: (words, context) => {
    const format = context.format(words.next('a log-format string'), 'header');
    words.end();
    return compileExchange(findQuery, markedQuery(format), null, context);
  },
});

/** A question mark before the text, unless that is empty. */
function markedQuery(format: TextFormat): TextFormat {
  return {
    constant: null,
    write(out, stream) {
      const { at } = out;
      out.byte(QUESTION);
      format.write(out, stream);
      if (out.at === at + 1) out.at = at;
    },
  };
}

export const replacePath = defineAction({
  name: 'replace-path',
  signature: 'replace-path <match-regex> <replace-fmt>',
  ruleSets: REQUEST,
  doc: 'If the pattern is found in the path, the path becomes the text; \\1 to \\9 are the groups.',
  examples: [{ rule: 'http-request replace-path (.*) /foo\\1', request: GET, head: 'GET /foo/a/b?x=1 HTTP/1.1' }],
  compile: (words, context) => compileReplace(findPath, words, context),
});

export const replacePathq = defineAction({
  name: 'replace-pathq',
  signature: 'replace-pathq <match-regex> <replace-fmt>',
  ruleSets: REQUEST,
  doc: 'As replace-path, for the path and the query.',
  examples: [{ rule: 'http-request replace-pathq ([^?]*)(\\?(.*))? \\1/foo\\2', request: GET, head: 'GET /a/b/foo?x=1 HTTP/1.1' }],
  compile: (words, context) => compileReplace(findPathAndQuery, words, context),
});

export const replaceUri = defineAction({
  name: 'replace-uri',
  signature: 'replace-uri <match-regex> <replace-fmt>',
  ruleSets: REQUEST,
  doc: 'As replace-path, for the whole request target.',
  examples: [{ rule: 'http-request replace-uri ^/a(.*) /z\\1', request: GET, head: 'GET /z/b?x=1 HTTP/1.1' }],
  compile: (words, context) => compileReplace(findTarget, words, context),
});

export const setMethod = defineAction({
  name: 'set-method',
  signature: 'set-method <fmt>',
  ruleSets: REQUEST,
  doc: 'Replaces the method of the request. What is no method, and CONNECT for a request that is none, is a failed rewrite.',
  examples: [
    { rule: 'http-request set-method POST', request: GET, head: 'POST /a/b?x=1 HTTP/1.1' },
    { rule: 'http-request set-method "%[req.hdr(x-m)]"', request: `${GET}\r\nX-M: CONNECT`, head: FAILED },
    { rule: 'http-request set-method "%[req.hdr(x-m)]"', request: `${GET}\r\nX-M: GET /b HTTP/1.1`, head: FAILED },
  ],
  compile: (words, context) => {
    const format = context.format(words.next('a log-format string'), 'header');
    words.end();
    const source = context.thread;
    const fail = compileFailure(context);
    return (stream) => {
      const { request } = stream;
      if (!writeValue(source, stream, request, format) || !isToken(source.bytes, written.start, written.end)) return fail(stream);
      const method = methodOf(source.bytes, written.start, written.end);
      // The server would make a tunnel of what the client goes on to send as requests.
      if (method === Method.connect && clientMethod(request) !== Method.connect) return fail(stream);
      request.methodStart = written.start;
      request.methodEnd = written.end;
      if (request.firstMethod < 0) request.firstMethod = request.method;
      request.method = method;
      return Outcome.next;
    };
  },
});

export const setStatus = defineAction({
  name: 'set-status',
  signature: 'set-status <status> [reason <str>]',
  ruleSets: ['http-response', 'http-after-response'],
  doc: 'Replaces the status of the response, and its reason phrase by the given or the usual one.',
  examples: [
    { rule: 'http-response set-status 431', response: 'HTTP/1.1 200 OK', head: 'HTTP/1.1 431 Request Header Fields Too Large' },
    { rule: 'http-response set-status 503 reason "Slow Down"', response: 'HTTP/1.1 200 OK', head: 'HTTP/1.1 503 Slow Down' },
  ],
  compile: (words, context) => {
    const status = words.integer('a status', 100, 999);
    const reason = words.take('reason') ? words.next('a reason phrase') : reasonOf(status);
    words.end(['reason']);
    const start = context.thread.memory.intern(reason);
    const end = start + reason.length;
    return (stream) => {
      const { response } = stream;
      response.status = stream.status = status;
      response.reframe = true;
      // A client waits for another answer behind one of these.
      if (status < 200) response.mustClose = true;
      response.reasonStart = start;
      response.reasonEnd = end;
      return Outcome.next;
    };
  },
});
