/** set-bandwidth-limit: begins one of the proxy's limits for a stream (HAProxy 3.x configuration 4.3, 9.7). */
import type { BandwidthLimitModel } from '../../model/config.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { compileSizeOf, compileTimeOf, type NumberStep } from '../../rules/value/setting-value.ts';
import type { Words } from '../../rules/words.ts';

const GET = 'GET / HTTP/1.1';

function limitOf(words: Words, context: CompileContext): BandwidthLimitModel {
  const name = words.next('the name of a bandwidth limit');
  const limits = context.proxy.bandwidthLimits ?? [];
  const found = limits.find((limit) => limit.name === name);
  if (found !== undefined) return found;
  const names = limits.map((limit) => limit.name);
  throw new RuleError(`there is no bandwidth limitation '${name}' in '${context.proxy.name}'`, words.at - 1, name, names);
}

function compileLimit(words: Words, context: CompileContext): ActionStep {
  const { toClient, bytes, periodMs, leastBytes } = limitOf(words, context);
  let limit: NumberStep | null = null;
  let period: NumberStep | null = null;
  while (words.left > 0) {
    if (words.choice("'limit' or 'period'", ['limit', 'period']) === 'limit') limit = compileSizeOf(words, context);
    else period = compileTimeOf(words, context);
  }
  return (stream) => {
    const { inLimit, outLimit } = stream.overrides;
    const settings = toClient ? outLimit : inLimit;
    const most = limit === null ? (bytes as number) : limit(stream);
    const ms = period === null ? (periodMs as number) : period(stream);
    // What gives no number leaves the default.
    settings.bytes = most > 0 ? most : (bytes as number);
    settings.periodMs = ms > 0 ? ms : (periodMs as number);
    settings.leastBytes = leastBytes;
    stream.overrides.isLimited = true;
    return Outcome.next;
  };
}

export const setBandwidthLimit = defineAction({
  name: 'set-bandwidth-limit',
  signature: 'set-bandwidth-limit <name> [ limit { <expr> | <size> } ] [ period { <expr> | <time> } ]',
  ruleSets: ['tcp-request content', 'tcp-response content', 'http-request', 'http-response'],
  doc: 'Limits the bandwidth of this stream by a `filter bwlim-in` or `bwlim-out` of the proxy. A direction is limited once, by the last such rule before its data flows.',
  examples: [
    { rule: 'http-request set-bandwidth-limit slow', request: GET, head: 'GET / HTTP/1.1' },
    { rule: 'http-request set-bandwidth-limit slow limit 10k period int(500)', request: GET, head: 'GET / HTTP/1.1' },
  ],
  compile: compileLimit,
});
