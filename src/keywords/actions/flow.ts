/** Actions that end a rule set or the connection, or say something about the log (HAProxy 3.x configuration 4.4). */
import { type ActionStep, defineAction, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Ended } from '../../state/end.ts';

const GET = 'GET / HTTP/1.1';
const ALL_HTTP = ['http-request', 'http-response', 'http-after-response'] as const;

/** Ends this rule set; the request goes on. */
function compileStop(): ActionStep {
  return () => Outcome.stop;
}

export const allow = defineAction({
  name: 'allow',
  signature: 'allow',
  ruleSets: ALL_HTTP,
  doc: 'Ends the evaluation of this rule set; the message goes on. The rules of the backend still run.',
  examples: [{ rule: 'http-request allow', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words) => {
    words.end();
    return compileStop();
  },
});

export const accept = defineAction({
  name: 'accept',
  signature: 'accept',
  ruleSets: ['tcp-request connection', 'tcp-request session', 'tcp-request content', 'tcp-response content'],
  doc: 'Ends the evaluation of this rule set; the connection goes on.',
  examples: [{ rule: 'tcp-request content accept', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words) => {
    words.end();
    return compileStop();
  },
});

export const reject = defineAction({
  name: 'reject',
  signature: 'reject',
  ruleSets: ['tcp-request connection', 'tcp-request session', 'tcp-request content', 'tcp-response content', 'http-request'],
  doc: 'Closes the connection without an answer.',
  examples: [{ rule: 'tcp-request content reject', request: GET, head: '' }],
  compile: (words) => {
    words.end();
    return (stream) => {
      stream.cause = Ended.denied;
      return Outcome.drop;
    };
  },
});

export const expectProxy = defineAction({
  name: 'expect-proxy',
  signature: 'expect-proxy layer4',
  ruleSets: ['tcp-request connection'],
  doc: 'The connection begins with a PROXY header, as with `accept-proxy` of a bind line: for some clients only.',
  examples: [{ rule: 'tcp-request connection expect-proxy layer4', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words) => {
    words.choice("'layer4'", ['layer4']);
    words.end();
    return (stream) => {
      stream.session.introduction.isExpected = true;
      return Outcome.next;
    };
  },
});

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'silent'] as const;

export const setLogLevel = defineAction({
  name: 'set-log-level',
  signature: 'set-log-level <level>',
  ruleSets: ['tcp-request content', 'tcp-response content', ...ALL_HTTP],
  doc: 'The syslog level of the log line of this stream; `silent` drops the line.',
  examples: [{ rule: 'http-request set-log-level silent', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words) => {
    const level = LEVELS.indexOf(words.choice('a log level', LEVELS) as (typeof LEVELS)[number]);
    words.end();
    return (stream) => {
      stream.logLevel = level;
      return Outcome.next;
    };
  },
});

export const strictMode = defineAction({
  name: 'strict-mode',
  signature: 'strict-mode { on | off }',
  ruleSets: ALL_HTTP,
  doc: 'With `off`, rules behind it in this rule set whose new text finds no room are skipped; else, and at the start of every rule set, that is an internal error.',
  examples: [{ rule: 'http-request strict-mode off', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words) => {
    const skips = words.choice("'on' or 'off'", ['on', 'off']) === 'off';
    words.end();
    return (stream) => {
      stream.skipsRewrites = skips;
      return Outcome.next;
    };
  },
});

export const switchMode = defineAction({
  name: 'switch-mode',
  signature: 'switch-mode http [ proto <name> ]',
  ruleSets: ['tcp-request content'],
  doc: 'What came on this connection of a TCP frontend is HTTP: it is read as requests from here on, HTTP rules of the frontend run, and an HTTP backend has to be chosen. Ends the evaluation of this rule set.',
  examples: [{ rule: 'tcp-request content switch-mode http', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words, context) => {
    words.choice('a mode', ['http']);
    if (words.take('proto')) words.choice('a protocol', ['h1']);
    words.end(['proto']);
    if (context.proxy.frontend === null) throw new RuleError("'switch-mode' needs a frontend");
    return (stream) => {
      stream.overrides.switchesMode = stream.tunnel;
      return Outcome.stop;
    };
  },
});
