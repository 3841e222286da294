/** Actions that set for one stream what its proxies have in their settings (HAProxy 3.x configuration 4.3): timeouts, retries, queues. */
import { type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { compileInteger, compileTime, type NumberStep } from '../../rules/value/setting-value.ts';
import type { Words } from '../../rules/words.ts';
import { MOST_CLASS, MOST_OFFSET_MS } from '../../state/priority.ts';
import type { Stream } from '../../state/records.ts';

const GET = 'GET / HTTP/1.1';
const UNCHANGED = 'GET / HTTP/1.1';

type TimeoutSetter = (stream: Stream, ms: number) => void;

/** Who has the timeout in its settings, and where a stream keeps its own. */
const TIMEOUTS: Readonly<Record<string, { readonly side: 'frontend' | 'backend' | 'any'; readonly set: TimeoutSetter }>> = {
  client: {
    side: 'frontend',
    set: (stream, ms) => {
      stream.clientTimeoutMs = ms;
    },
  },
  connect: {
    side: 'backend',
    set: (stream, ms) => {
      stream.overrides.connectTimeoutMs = ms;
    },
  },
  queue: {
    side: 'backend',
    set: (stream, ms) => {
      stream.overrides.queueTimeoutMs = ms;
    },
  },
  server: {
    side: 'backend',
    set: (stream, ms) => {
      stream.serverTimeoutMs = ms;
    },
  },
  tarpit: {
    side: 'any',
    set: (stream, ms) => {
      stream.overrides.tarpitTimeoutMs = ms;
    },
  },
  tunnel: {
    side: 'backend',
    set: (stream, ms) => {
      stream.overrides.tunnelTimeoutMs = ms;
    },
  },
};

function compileSetTimeout(words: Words, context: CompileContext): ActionStep {
  const name = words.choice('a timeout', Object.keys(TIMEOUTS));
  const { side, set } = TIMEOUTS[name] as (typeof TIMEOUTS)[string];
  if (side !== 'any' && context.proxy[side] === null) {
    throw new RuleError(`'${name}' timeout can't be set here: '${context.proxy.name}' has no ${side} capability`, 0, name);
  }
  const time = compileTime(words, context);
  return (stream) => {
    const ms = time(stream);
    if (ms > 0) set(stream, ms);
    return Outcome.next;
  };
}

export const setTimeout = defineAction({
  name: 'set-timeout',
  signature: 'set-timeout { client | connect | queue | server | tarpit | tunnel } { <timeout> | <expr> }',
  ruleSets: ['http-request', 'http-response'],
  doc: 'Sets a timeout for this stream: a time, or the milliseconds that an expression gives. 0 and no value change nothing.',
  examples: [
    { rule: 'http-request set-timeout server 5s', request: GET, head: UNCHANGED },
    { rule: 'http-request set-timeout client int(500)', request: GET, head: UNCHANGED },
  ],
  compile: compileSetTimeout,
});

export const setRetries = defineAction({
  name: 'set-retries',
  signature: 'set-retries { <int> | <expr> }',
  ruleSets: ['tcp-request content', 'http-request'],
  doc: 'How often this stream is tried again at most; 0 to 100, other values change nothing.',
  examples: [{ rule: 'http-request set-retries 5', request: GET, head: UNCHANGED }],
  compile: (words, context) => {
    const count = compileInteger(words, 'a number of retries', 0, 100, context);
    return (stream) => {
      const retries = count(stream);
      if (!(retries >= 0 && retries <= 100)) return Outcome.next;
      stream.overrides.retriesSet = retries;
      // The backend's are known already: fewer may be left by now.
      if (stream.backend !== null) stream.retriesLeft = Math.max(0, retries - stream.retries);
      return Outcome.next;
    };
  },
});

export const disableRetry = defineAction({
  name: 'disable-l7-retry',
  signature: 'disable-l7-retry',
  ruleSets: ['http-request'],
  doc: 'A server that has had this request is not followed by another try; connections that fail still are.',
  examples: [{ rule: 'http-request disable-l7-retry', request: GET, head: UNCHANGED }],
  compile: (words) => {
    words.end();
    return (stream) => {
      stream.overrides.noRetry = true;
      return Outcome.next;
    };
  },
});

function compilePriority(value: NumberStep, most: number, set: TimeoutSetter): ActionStep {
  return (stream) => {
    const number = value(stream);
    if (!Number.isNaN(number)) set(stream, Math.max(-most, Math.min(most, Math.trunc(number))));
    return Outcome.next;
  };
}

export const setPriorityClass = defineAction({
  name: 'set-priority-class',
  signature: 'set-priority-class <expr>',
  ruleSets: ['tcp-request content', 'http-request'],
  doc: 'The class in queues, -2047 to 2047 (values beyond count as these): a lower one is served first.',
  examples: [{ rule: 'http-request set-priority-class int(-10)', request: GET, head: UNCHANGED }],
  compile: (words, context) =>
    compilePriority(compileInteger(words, 'an expression', -MOST_CLASS, MOST_CLASS, context), MOST_CLASS, (stream, value) => {
      stream.overrides.priorityClass = value;
    }),
});

export const setPriorityOffset = defineAction({
  name: 'set-priority-offset',
  signature: 'set-priority-offset <expr>',
  ruleSets: ['tcp-request content', 'http-request'],
  doc: 'Milliseconds, -524287 to 524287, by which the stream counts as queued later than it was, within its class.',
  examples: [{ rule: 'http-request set-priority-offset int(500)', request: GET, head: UNCHANGED }],
  compile: (words, context) =>
    compilePriority(compileInteger(words, 'an expression', -MOST_OFFSET_MS, MOST_OFFSET_MS, context), MOST_OFFSET_MS, (stream, value) => {
      stream.overrides.priorityOffsetMs = value;
    }),
});

export const setNice = defineAction({
  name: 'set-nice',
  signature: 'set-nice <nice>',
  ruleSets: ['tcp-request content', 'tcp-response content', 'http-request', 'http-response'],
  doc: "Accepted without effect: HAProxy's scheduler sorts its tasks by it, here the streams of a thread take turns by their events.",
  examples: [{ rule: 'http-request set-nice 0', request: GET, head: UNCHANGED }],
  compile: (words) => {
    words.integer('a nice value', -1024, 1024);
    words.end();
    return () => Outcome.next;
  },
});
