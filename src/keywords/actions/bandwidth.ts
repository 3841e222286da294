/** set-bandwidth-limit: begins one of the proxy's limits for a stream (HAProxy 3.x configuration 4.3, 9.7). */
import type { BandwidthLimitModel } from '../../model/config.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { compileSizeOf, compileTimeOf, type NumberStep } from '../../rules/value/setting-value.ts';
import type { Words } from '../../rules/words.ts';
import { SharedLimits } from '../../state/shared-limits.ts';
import { putKey } from '../../stick/key.ts';
import { sharedTable } from '../../stick/limit-table.ts';
import { joinLimit } from '../../stick/shares.ts';

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
  const limit = limitOf(words, context);
  return limit.shared === null ? compileOwn(limit, words, context) : compileShared(limit, limit.shared.key, words, context);
}

/** A limit of each stream. */
function compileOwn({ toClient, bytes, periodMs, leastBytes }: BandwidthLimitModel, words: Words, context: CompileContext): ActionStep {
  let limit: NumberStep | null = null;
  let period: NumberStep | null = null;
  while (words.left > 0) {
    if (words.choice("'limit' or 'period'", ['limit', 'period']) === 'limit') limit = compileSizeOf(words, context);
    else period = compileTimeOf(words, context);
  }
  return (stream) => {
    const { inLimit, outLimit } = stream.overrides;
    const settings = toClient ? outLimit : inLimit;
    const most = limit === null ? bytes : limit(stream);
    const ms = period === null ? (periodMs as number) : period(stream);
    // What gives no number leaves the default.
    settings.bytes = most > 0 ? most : bytes;
    settings.periodMs = ms > 0 ? ms : (periodMs as number);
    settings.leastBytes = leastBytes;
    stream.overrides.isLimited = true;
    return Outcome.next;
  };
}

/** A limit of all streams with one key: what has passed is counted in its table. */
function compileShared(limit: BandwidthLimitModel, key: string, words: Words, context: CompileContext): ActionStep {
  if (words.left > 0)
    throw new RuleError(`a limit that is shared takes no '${words.next('')}': its filter line and its table say all`, words.at - 1);
  const expression = context.expression(key);
  const table = sharedTable(limit, expression.type, context.proxy.name, context.thread.tables);
  const { sample } = context.thread;
  return (stream) => {
    const { inLimit, outLimit } = stream.overrides;
    const settings = limit.toClient ? outLimit : inLimit;
    // A key without value limits nothing.
    if (!expression.run(sample, stream) || !putKey(table, sample)) return Outcome.next;
    // hot-ok: once per record, which is pooled
    if (settings.shared === null) settings.shared = new SharedLimits();
    joinLimit(settings.shared, limit, table);
    stream.overrides.isLimited = true;
    return Outcome.next;
  };
}

export const setBandwidthLimit = defineAction({
  name: 'set-bandwidth-limit',
  signature: 'set-bandwidth-limit <name> [ limit { <expr> | <size> } ] [ period { <expr> | <time> } ]',
  ruleSets: ['tcp-request content', 'tcp-response content', 'http-request', 'http-response'],
  doc: 'Limits the bandwidth of this stream by a `filter bwlim-in` or `bwlim-out` of the proxy, from then on; again with other numbers changes them. The first period lets all of its bytes pass at once. A limit with a `key` is shared by all streams of all threads that have the same key, in equal parts, and takes no numbers here; it and one of the stream itself hold at the same time.',
  examples: [
    { rule: 'http-request set-bandwidth-limit slow', request: GET, head: 'GET / HTTP/1.1' },
    { rule: 'http-request set-bandwidth-limit slow limit 10k period int(500)', request: GET, head: 'GET / HTTP/1.1' },
    { rule: 'http-request set-bandwidth-limit together', request: GET, head: 'GET / HTTP/1.1', gives: ['src,table_trackers(web)', 5] },
  ],
  compile: compileLimit,
});
