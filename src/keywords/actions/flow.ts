/** Actions that end a rule set or the connection, or say something about the log (HAProxy 3.x configuration 4.4). */
import { addCapture, capture } from '../../rules/capture.ts';
import { type ActionStep, defineAction, Outcome } from '../../rules/define.ts';
import { notSupported } from '../../rules/error.ts';
import { cast, SampleType } from '../../rules/sample.ts';
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

export const captureSample = defineAction({
  name: 'capture',
  signature: 'capture <sample> len <length>',
  ruleSets: ['tcp-request content', 'http-request'],
  doc: 'Keeps a value for the log, in a new slot of `len` bytes.',
  examples: [{ rule: 'http-request capture req.hdr(host) len 20', request: GET, head: 'GET / HTTP/1.1' }],
  compile: (words, context) => {
    const expression = context.expression(words.next('a sample'));
    if (words.peek() === 'id') throw notSupported("'id', with the 'declare capture' it refers to,", words.at);
    words.choice("'len'", ['len']);
    const most = words.integer('a length', 1, 65535);
    words.end();
    const slot = addCapture(context.captures, 'request');
    const source = context.thread;
    const { sample } = source;
    return (stream) => {
      if (!expression.run(sample, stream) || !cast(sample, SampleType.str)) return Outcome.next;
      capture(source, stream, stream.requestCaptures, slot, sample.start, sample.end, most);
      return Outcome.next;
    };
  },
});
