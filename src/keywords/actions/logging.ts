/** Actions that write log lines (HAProxy 3.x configuration 4.4 do-log). */
import { type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { LogOrigin, type LogOriginValue } from '../../state/logstep.ts';
import { logHere } from '../../stream/logging.ts';

const ORIGINS: ReadonlyMap<string, LogOriginValue> = new Map<string, LogOriginValue>([
  ['tcp-request connection', LogOrigin.connectionRules],
  ['tcp-request session', LogOrigin.sessionRules],
  ['tcp-request content', LogOrigin.requestContentRules],
  ['tcp-response content', LogOrigin.responseContentRules],
  ['http-request', LogOrigin.requestRules],
  ['http-response', LogOrigin.responseRules],
  ['http-after-response', LogOrigin.afterResponseRules],
]);

export const doLog = defineAction({
  name: 'do-log',
  signature: 'do-log [profile <log_profile>]',
  ruleSets: Array.from(ORIGINS.keys()),
  doc: "Writes a line now, with what is known, to the frontend's log targets; `%OG` tells the rule set. `profile` stands for those of the targets. The line at the end is written too.",
  examples: [
    { rule: 'http-request do-log', request: 'GET / HTTP/1.1', head: 'GET / HTTP/1.1' },
    { rule: 'http-request do-log profile p', request: 'GET / HTTP/1.1', head: 'GET / HTTP/1.1' },
  ],
  compile: (words, context) => {
    const isProfiled = words.take('profile');
    const profile = isProfiled ? profileNumber(words.next('a log-profile'), context) : -1;
    words.end();
    const origin = ORIGINS.get(context.ruleSet);
    if (origin === undefined) throw new RuleError(`'do-log' is not for '${context.ruleSet}' rules`);
    const { clock, shared } = context.thread;
    return (stream) => {
      const { frontend } = stream;
      const log = profile < 0 ? frontend.log : (frontend.profileLogs[profile] ?? null);
      if (log !== null) logHere(shared, stream, log, origin, clock.now());
      return Outcome.next;
    };
  },
});

/** Its place in the thread's list of profiles that rules name: the logs are built behind the rules. */
function profileNumber(name: string, { thread: { logProfiles } }: CompileContext): number {
  const known = logProfiles.indexOf(name);
  return known >= 0 ? known : logProfiles.push(name) - 1;
}
