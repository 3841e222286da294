/** Actions that set and unset variables (HAProxy 3.x configuration 2.8 and 4.3). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Setter } from '../../rules/value/setting.ts';
import type { Words } from '../../rules/words.ts';

const RULE_SETS = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
  'http-request',
  'http-response',
  'http-after-response',
] as const;
const GET = 'GET /a HTTP/1.1';

function argumentOf(words: Words): string[] {
  if (words.argument === null) throw new RuleError("a variable in parentheses is expected, as 'set-var(txn.name)'");
  return words.argument.split(',');
}

function setterOf(words: Words, context: CompileContext): Setter {
  return new Setter(argumentOf(words), context.thread);
}

export const setVar = defineAction({
  name: 'set-var',
  signature: 'set-var(<var-name>[,<cond>...]) <expr>',
  ruleSets: RULE_SETS,
  doc: 'Sets a variable to the value of an expression, if all conditions hold. Without a value it stays as it is.',
  examples: [
    { rule: 'http-request set-var(txn.p) path', request: GET, head: GET, gives: ['var(txn.p)', '/a'] },
    { rule: 'http-request set-var(txn.p) req.hdr(none)', request: GET, head: GET, gives: ['var(txn.p)', null] },
    { rule: 'http-request set-var(sess.n,ifexists) int(3)', request: GET, head: GET, gives: ['var(sess.n)', null] },
    { rule: 'http-request set-var(proc.n,ifexists,ifnotset) int(3)', request: GET, head: GET, gives: ['var(proc.n)', 3] },
    { rule: 'tcp-request content set-var(sess.ip) src', request: GET, head: GET, gives: ['var(sess.ip)', '192.0.2.7'] },
  ],
  compile: (words, context) => {
    const setter = setterOf(words, context);
    const expression = context.expression(words.next('a sample expression'));
    words.end();
    const { sample } = context.thread;
    return (stream) => {
      if (expression.run(sample, stream)) setter.set(sample, stream);
      return Outcome.next;
    };
  },
});

export const setVarFmt = defineAction({
  name: 'set-var-fmt',
  signature: 'set-var-fmt(<var-name>[,<cond>...]) <fmt>',
  ruleSets: RULE_SETS,
  doc: 'Sets a variable to the text of a log-format string, if all conditions hold.',
  examples: [
    { rule: 'http-request set-var-fmt(txn.c) %[src]:%[src_port]', request: GET, head: GET, gives: ['var(txn.c)', '192.0.2.7:40123'] },
    { rule: 'http-request set-var-fmt(txn.c,ifnotempty) %[req.hdr(none)]', request: GET, head: GET, gives: ['var(txn.c)', null] },
  ],
  compile: (words, context) => {
    const setter = setterOf(words, context);
    const format = context.format(words.next('a log-format string'), 'raw');
    words.end();
    const { memory, sample, out } = context.thread;
    return (stream) => {
      const start = memory.scratch();
      out.open(start, start + SCRATCH_SIZE);
      format.write(out, stream);
      if (out.overflow) return Outcome.next;
      sample.setText(start, out.at);
      setter.set(sample, stream);
      return Outcome.next;
    };
  },
});

export const unsetVar = defineAction({
  name: 'unset-var',
  signature: 'unset-var(<var-name>)',
  ruleSets: RULE_SETS,
  doc: 'Unsets a variable.',
  examples: [{ rule: 'http-request unset-var(txn.p)', request: GET, head: GET, gives: ['var(txn.p)', null] }],
  compile: (words, context) => {
    const { variables } = context.thread;
    const [name, ...more] = argumentOf(words);
    if (more.length > 0) throw new RuleError(`'unset-var' takes no condition, got '${more.join(',')}'`);
    const resolved = variables.resolve(name ?? '');
    words.end();
    return (stream) => {
      variables.unset(resolved, stream);
      return Outcome.next;
    };
  },
});
