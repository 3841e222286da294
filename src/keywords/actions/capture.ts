/** capture: values kept for the log (HAProxy 3.x configuration 4.4, 4.2 declare capture). */
import { addCapture, capture } from '../../rules/capture.ts';
import { type ActionStep, type CompileContext, defineAction, type Expression, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { readsResponse } from '../../rules/place.ts';
import { cast, SampleType } from '../../rules/sample.ts';
import type { Words } from '../../rules/words.ts';

const GET = 'GET / HTTP/1.1';

/** A slot of its own, in the frontend that the rule stands in. */
function compileOwn(words: Words, expression: Expression, context: CompileContext): ActionStep {
  const { frontend, name } = context.proxy;
  if (frontend === null) throw new RuleError(`proxy '${name}' has no frontend capability, 'id' names a slot of the frontend`, words.at - 1);
  const most = words.integer('a length', 1, 65535);
  words.end();
  const slot = addCapture(context.captures, 'request');
  frontend.requestCaptureLengths[slot] = most;
  return compileSlot(expression, slot, false, context);
}

/** A slot of whichever frontend the request came by; one that has no such slot keeps nothing. */
function compileSlot(expression: Expression, slot: number, isResponse: boolean, context: CompileContext): ActionStep {
  const source = context.thread;
  const { sample } = source;
  return (stream) => {
    const { frontend } = stream;
    const lengths = isResponse ? frontend.responseCaptureLengths : frontend.requestCaptureLengths;
    if (slot >= lengths.length || !expression.run(sample, stream) || !cast(sample, SampleType.str)) return Outcome.next;
    const slots = isResponse ? stream.responseCaptures : stream.requestCaptures;
    capture(source, stream, slots, slot, sample.start, sample.end, lengths[slot] as number);
    return Outcome.next;
  };
}

function compileNamed(words: Words, expression: Expression, isResponse: boolean, context: CompileContext): ActionStep {
  const slot = words.integer('the number of a slot', 0, 65535);
  const { frontend } = context.proxy;
  const lengths = isResponse ? frontend?.responseCaptureLengths : frontend?.requestCaptureLengths;
  if (lengths !== undefined && slot >= lengths.length) {
    const text = `unable to find capture id '${slot}' referenced by the rule: ${lengths.length} are declared`;
    throw new RuleError(text, words.at - 1, String(slot));
  }
  words.end();
  return compileSlot(expression, slot, isResponse, context);
}

export const captureSample = defineAction({
  name: 'capture',
  signature: 'capture <sample> [ len <length> | id <id> ]',
  ruleSets: ['tcp-request content', 'http-request', 'http-response', 'http-after-response'],
  doc: 'Keeps a value for the log: in a new slot of `len` bytes (requests only), or in slot `id`, which a `declare capture` or `capture … header` line has made.',
  examples: [
    { rule: 'http-request capture req.hdr(host) len 20', request: GET, head: 'GET / HTTP/1.1' },
    { rule: 'tcp-request content capture src len 40', request: GET, head: 'GET / HTTP/1.1' },
  ],
  compile: (words, context) => {
    const expression = context.expression(words.next('a sample'));
    const isResponse = readsResponse(context.places);
    const kinds = isResponse ? ['id'] : ['len', 'id'];
    const kind = words.choice(kinds.join(' or '), kinds);
    return kind === 'id' ? compileNamed(words, expression, isResponse, context) : compileOwn(words, expression, context);
  },
});
