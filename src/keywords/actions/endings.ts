/** Actions that end an exchange in an unusual way (HAProxy 3.x configuration 4.3): late, silently, or from the server's side. */

import { compileReplyWords } from '../../rules/answer/reply-words.ts';
import { defineAction, Outcome } from '../../rules/define.ts';
import { Ended } from '../../state/end.ts';
import { Wait } from '../../state/settings.ts';
import { countError } from '../../stick/track.ts';

const GET = 'GET / HTTP/1.1';

export const tarpit = defineAction({
  name: 'tarpit',
  signature:
    'tarpit [ { status | deny_status } <code> ] [ content-type <type> ] [ { default-errorfiles | errorfile <file> | errorfiles <name> | file <file> | lf-file <file> | string <str> | lf-string <fmt> } ] [ hdr <name> <fmt> ]*',
  ruleSets: ['http-request'],
  doc: 'Keeps the client waiting for `timeout tarpit`, then refuses the request: 500 unless a status is given. Logged as PT.',
  examples: [{ rule: 'http-request tarpit deny_status 429', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words, context) => {
    const reply = compileReplyWords(words, 500, true, context);
    const { clock } = context.thread;
    return (stream) => {
      if (stream.cause !== Ended.tarpitted) {
        stream.cause = Ended.tarpitted;
        countError(stream);
        stream.wait = Wait.tarpit;
        stream.ruleDeadlineMs = clock.now() + stream.overrides.tarpitTimeoutMs;
        return Outcome.again;
      }
      // The time spent here stands where the time in the queue does.
      stream.connectAtMs = clock.now();
      return reply.fill(stream) ? Outcome.answer : Outcome.drop;
    };
  },
});

export const silentDrop = defineAction({
  name: 'silent-drop',
  signature: 'silent-drop [ rst-ttl <ttl> ]',
  ruleSets: [
    'tcp-request connection',
    'tcp-request session',
    'tcp-request content',
    'tcp-response content',
    'http-request',
    'http-response',
  ],
  doc: 'Forgets the connection without telling the client. Without CAP_NET_ADMIN, and with `rst-ttl`, a reset is sent that lives for so many hops (1).',
  examples: [
    { rule: 'http-request silent-drop', request: GET, head: '' },
    { rule: 'http-request silent-drop rst-ttl 3', request: GET, head: '' },
  ],
  compile: (words) => {
    const ttl = words.take('rst-ttl') ? words.integer('a number of hops', 1, 255) : 0;
    words.end(['rst-ttl']);
    return (stream) => {
      stream.cause = Ended.denied;
      stream.overrides.dropTtl = ttl;
      return Outcome.vanish;
    };
  },
});

export const close = defineAction({
  name: 'close',
  signature: 'close',
  ruleSets: ['tcp-response content'],
  doc: 'Closes the connection to the server; what it has sent still goes to the client.',
  examples: [{ rule: 'tcp-response content close', response: 'HTTP/1.1 200 OK', head: '' }],
  compile: (words) => {
    words.end();
    return () => Outcome.close;
  },
});
