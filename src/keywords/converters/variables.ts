/** Converters that keep what passes through them in a variable (HAProxy 3.x configuration 7.3.1). */
import { defineConverter } from '../../rules/define.ts';
import { SampleType } from '../../rules/sample.ts';
import { SET_CONDITIONS, Setter } from '../../rules/value/setting.ts';

const CONDITION = { name: 'cond', kind: 'str', oneOf: SET_CONDITIONS, default: null } as const;

export const setVariable = defineConverter({
  name: 'set-var',
  args: [{ name: 'var', kind: 'str' }, CONDITION, CONDITION, CONDITION, CONDITION],
  from: SampleType.any,
  to: SampleType.any,
  doc: 'Sets a variable to what comes in, if all conditions hold, and passes it on. There is no value if the variable was not set.',
  examples: [
    { value: 'a', call: 'set-var(txn.x)', out: 'a' },
    { value: '', call: 'set-var(txn.x,ifnotempty)', out: null },
  ],
  compile: ([name, ...conditions], context) => {
    const setter = new Setter([name, ...conditions.filter((one) => one !== null)], context.thread);
    return (sample, stream) => setter.set(sample, stream);
  },
});

export const unsetVariable = defineConverter({
  name: 'unset-var',
  args: [{ name: 'var', kind: 'str' }],
  from: SampleType.any,
  to: SampleType.any,
  doc: 'Unsets a variable and passes on what comes in.',
  examples: [{ value: 5, call: 'set-var(txn.x),unset-var(txn.x)', out: 5 }],
  compile: ([name], { thread }) => {
    const { variables } = thread;
    const resolved = variables.resolve(name);
    return (_, stream) => {
      variables.unset(resolved, stream);
      return true;
    };
  },
});
