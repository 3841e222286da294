/** early-hint: a 103 answer before the final one (RFC 8297; HAProxy 3.x configuration 4.4). */

import { headerIdOfName } from '../../rules/answer/reply.ts';
import { defineAction, Outcome } from '../../rules/define.ts';
import { compileFailure, writeValue, written } from '../../rules/edit/rewrite.ts';
import { RuleError } from '../../rules/error.ts';

const STATUS = 103;
const REASON = 'Early Hints';

export const earlyHint = defineAction({
  name: 'early-hint',
  signature: 'early-hint <name> <fmt>',
  ruleSets: ['http-request'],
  doc: 'Sends a field to the client in a 103 answer, before the request goes on. Rules that follow each other without a condition make one answer. Clients of HTTP/1.0 get none.',
  examples: [
    {
      rule: 'http-request early-hint Link "</style.css>; rel=preload"',
      request: 'GET / HTTP/1.1',
      head: 'GET / HTTP/1.1',
    },
  ],
  compile: (words, context) => {
    const name = words.next('the name of a header field').toLowerCase();
    if (!/^[-!#$%&'*+.^_`|~0-9a-z]+$/.test(name)) throw new RuleError(`'${name}' is not the name of a header field`, words.at - 1, name);
    const format = context.format(words.next('a log-format string'), 'header');
    words.end();
    const { thread } = context;
    const id = headerIdOfName(name);
    const nameStart = thread.memory.intern(name);
    const reasonStart = thread.memory.intern(REASON);
    const isLast = words.followedBy !== 'early-hint';
    const fail = compileFailure(context);
    return (stream) => {
      const { request, response } = stream;
      if (request.version === 10) return Outcome.next;
      if (!writeValue(thread, stream, request, format)) return fail(stream);
      response.status = STATUS;
      response.reasonStart = reasonStart;
      response.reasonEnd = reasonStart + REASON.length;
      response.headers.add(id, nameStart, name.length, written.start, written.end);
      if (!isLast) return Outcome.next;
      stream.front?.sendInterim(stream);
      response.reset();
      return Outcome.next;
    };
  },
});
