/** Actions that make a message wait (HAProxy 3.x configuration 4.3): for time, for its body. */
import { NEVER } from '../../base/timers.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { readsResponse } from '../../rules/place.ts';
import { compileTime } from '../../rules/value/setting-value.ts';
import type { Words } from '../../rules/words.ts';
import { Wait } from '../../state/settings.ts';

const GET = 'GET / HTTP/1.1';

export const pause = defineAction({
  name: 'pause',
  signature: 'pause { <timeout> | <expr> }',
  ruleSets: ['http-request', 'http-response'],
  doc: 'Makes the message wait: for a time, or for the milliseconds that an expression gives.',
  examples: [
    { rule: 'http-request pause 1ms', request: GET, head: 'GET / HTTP/1.1' },
    { rule: 'http-request pause int(5)', request: GET, head: 'GET / HTTP/1.1' },
  ],
  compile: (words, context) => {
    const time = compileTime(words, context);
    const { clock } = context.thread;
    const wait = readsResponse(context.places) ? Wait.responsePause : Wait.pause;
    return (stream) => {
      const ms = time(stream);
      if (!(ms > 0)) return Outcome.next;
      stream.wait = wait;
      stream.ruleDeadlineMs = clock.now() + ms;
      return Outcome.wait;
    };
  },
});

function compileWaitForBody(words: Words, context: CompileContext): ActionStep {
  words.choice("'time'", ['time']);
  const delayMs = words.time('a time');
  const bytes = words.take('at-least') ? words.size('a size') : 0;
  if (words.take('use-large-buffer')) context.warn("'use-large-buffer': there is one size of buffers, the body is bounded by tune.bufsize");
  words.end(['at-least', 'use-large-buffer']);
  const { clock } = context.thread;
  const isResponse = readsResponse(context.places);
  return (stream) => {
    const message = isResponse ? stream.response : stream.request;
    if (message.complete || (bytes > 0 && message.bodyEnd - message.bodyStart >= bytes)) return Outcome.next;
    stream.wait = isResponse ? Wait.responseBody : Wait.body;
    stream.waitBytes = bytes;
    stream.ruleDeadlineMs = clock.now() + delayMs;
    return Outcome.wait;
  };
}

export const waitForBody = defineAction({
  name: 'wait-for-body',
  signature: 'wait-for-body time <time> [ at-least <bytes> ] [ use-large-buffer ]',
  ruleSets: ['http-request', 'http-response'],
  doc: 'Waits until the body is there, or `at-least` so much of it, or a buffer is full. When the time is up: 408 for a request, 504 for a response.',
  examples: [
    { rule: 'http-request wait-for-body time 1s', request: GET, head: 'GET / HTTP/1.1' },
    { rule: 'http-request wait-for-body time 1s at-least 1k', request: GET, head: 'GET / HTTP/1.1' },
  ],
  compile: compileWaitForBody,
});

export const waitForHandshake = defineAction({
  name: 'wait-for-handshake',
  signature: 'wait-for-handshake',
  ruleSets: ['http-request'],
  doc: 'Waits for the end of the TLS handshake, if the request has come with early data (`allow-0rtt`): until then somebody may only repeat what a client has said before.',
  examples: [{ rule: 'http-request wait-for-handshake', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words) => {
    words.end();
    return (stream) => {
      const { tls } = stream.session;
      if (tls === null || !tls.isEarly) return Outcome.next;
      stream.wait = Wait.handshake;
      stream.ruleDeadlineMs = NEVER;
      return Outcome.again;
    };
  },
});
