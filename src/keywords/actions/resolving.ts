/** do-resolve: the address of a name, asked for while the request waits (HAProxy 3.x configuration 4.3 and 5.3). */
import { Family } from '../../base/address.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { cast, type Sample, SampleType } from '../../rules/sample.ts';
import type { NameService } from '../../rules/thread.ts';
import { Setter } from '../../rules/value/setting.ts';
import type { Words } from '../../rules/words.ts';
import { Lookup, LookupState } from '../../state/lookup.ts';
import type { Stream } from '../../state/records.ts';
import { Wait } from '../../state/settings.ts';

const USAGE = "expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'; options are 'ipv4' and 'ipv6'";
const GET = 'GET / HTTP/1.1\r\nHost: web.test:80';
const HEAD = 'GET / HTTP/1.1\nhost: web.test:80';
/** What the control thread may be late beyond its own limits, before the stream goes on without an answer. */
const LATE_MS = 2000;

/** The section, if it exists, and how long it may take: all tries of both families. */
function sectionOf(name: string, context: CompileContext): { readonly name: string; readonly limitMs: number } {
  const section = context.thread.resolvers.get(name);
  if (section === undefined)
    throw new RuleError(`can't find resolvers section '${name}' for do-resolve action`, -1, name, [...context.thread.resolvers.keys()]);
  return { name, limitMs: 2 * Math.max(1, section.retries) * section.retryMs + LATE_MS };
}

function readOptions(words: Words): { readonly variable: string; readonly section: string; readonly wanted: 'ipv4' | 'ipv6' } {
  const [variable, section, family, extra] = (words.argument ?? '').split(',').map((part) => part.trim());
  const isGood = family === undefined || family === '' || family === 'ipv4' || family === 'ipv6';
  if (!variable || section === undefined || !isGood || extra !== undefined) throw new RuleError(USAGE);
  return { variable, section, wanted: family === 'ipv4' ? 'ipv4' : 'ipv6' };
}

function compileDoResolve(words: Words, context: CompileContext): ActionStep {
  const { variable, section: name, wanted } = readOptions(words);
  if (words.left === 0) throw new RuleError(USAGE);
  const expression = context.expression(words.next('a sample expression'));
  words.end();
  const section = sectionOf(name, context);
  const setter = new Setter([variable], context.thread);
  const { sample, clock, names } = context.thread;
  return (stream) => {
    // hot-ok: once per record that ever asks, which are pooled
    stream.overrides.lookup ??= new Lookup();
    const { lookup } = stream.overrides;
    if (lookup.state === LookupState.none && !ask(stream, lookup)) return Outcome.next;
    // Asked for just now, and answered at a later turn.
    if (lookup.state === LookupState.asked && stream.wait === Wait.name) return Outcome.again;
    // Nobody has answered in time, if it is still the question.
    const isAnswered = lookup.state === LookupState.answered;
    lookup.state = LookupState.none;
    if (isAnswered && takeAddress(sample, lookup)) setter.set(sample, stream);
    return Outcome.next;
  };

  function ask(stream: Stream, lookup: Lookup): boolean {
    if (names === null || !expression.run(sample, stream) || !cast(sample, SampleType.str)) return false;
    return begin(names, section.name, wanted, sample, stream, lookup, clock.now() + section.limitMs);
  }
}

/** False: too many wait already. */
function begin(
  names: NameService,
  section: string,
  wanted: 'ipv4' | 'ipv6',
  sample: Sample,
  stream: Stream,
  lookup: Lookup,
  deadlineMs: number,
): boolean {
  lookup.state = LookupState.asked;
  if (!names.ask(stream, section, wanted, sample.start, sample.end)) {
    lookup.state = LookupState.none;
    return false;
  }
  // A service may know it already.
  if (lookup.state !== LookupState.asked) return true;
  lookup.keptDeadlineMs = stream.ruleDeadlineMs;
  stream.wait = Wait.name;
  stream.ruleDeadlineMs = deadlineMs;
  return true;
}

function takeAddress(sample: Sample, { family, ip }: Lookup): boolean {
  return family !== Family.none && sample.setIp(family, ip);
}

export const doResolve = defineAction({
  name: 'do-resolve',
  signature: 'do-resolve(<var>,<resolvers>[,ipv4|ipv6]) <expr>',
  ruleSets: ['tcp-request content', 'http-request'],
  doc: 'Asks the name servers of a `resolvers` section for the address of the name that the expression gives, and sets the variable to it. The request waits meanwhile. If there is no address, or no answer in time (all tries of both families), the variable is not set. Without an option ipv6 is asked for first. `set-dst var(…)` and a server 0.0.0.0 then make a forward proxy: deny addresses that clients must not reach.',
  examples: [
    {
      rule: 'http-request do-resolve(txn.ip,dns,ipv4) req.hdr(host),host_only',
      request: GET,
      head: HEAD,
      gives: ['var(txn.ip)', '192.0.2.1'],
    },
    { rule: 'http-request do-resolve(txn.ip,dns) str(unknown.test)', request: GET, head: HEAD, gives: ['var(txn.ip)', null] },
    { rule: 'http-request do-resolve(txn.ip,dns) req.hdr(none)', request: GET, head: HEAD, gives: ['var(txn.ip)', null] },
  ],
  compile: compileDoResolve,
});
