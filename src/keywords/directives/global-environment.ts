/** The environment that later lines and the process see, and where relative paths start (HAProxy configuration manual, 3.1). */
import { type DirectiveContext, defineGlobal } from '../define.ts';

export const setenv = defineGlobal({
  name: 'setenv',
  args: [
    { name: 'name', kind: 'text' },
    { name: 'value', kind: 'text' },
  ],
  doc: 'Sets a variable of the environment.',
  examples: [
    { text: 'setenv PORT 80', gives: {} },
    { text: 'setenv PORT', says: "'setenv' expects" },
    { text: 'setenv A=B 80', says: "'setenv' failed on variable 'A=B' : Invalid argument." },
  ],
  apply(_global, [name, value], context) {
    if (isVariable(name, value, context)) context.environment.set(name, value);
  },
});

/** The system has no variables whose names hold the sign between names and values. */
function isVariable(name: string, value: string, context: DirectiveContext): boolean {
  if (name.includes('=')) {
    context.error({ text: `'${context.keyword}' failed on variable '${name}' : Invalid argument.` });
    return false;
  }
  if (name.length + value.length < LONGEST) return true;
  context.error({ text: `'${context.keyword}' : the value of '${name}' is longer than ${LONGEST} bytes, which no process could be given` });
  return false;
}

/** Bytes of a variable with its name: Linux starts no process with a longer one (MAX_ARG_STRLEN). */
const LONGEST = 131_072;

export const presetenv = defineGlobal({
  name: 'presetenv',
  args: [
    { name: 'name', kind: 'text' },
    { name: 'value', kind: 'text' },
  ],
  doc: 'Sets a variable of the environment unless it is set.',
  examples: [{ text: 'presetenv PORT 80', gives: {} }],
  apply(_global, [name, value], context) {
    if (isVariable(name, value, context) && !context.environment.has(name)) context.environment.set(name, value);
  },
});

export const unsetenv = defineGlobal({
  name: 'unsetenv',
  args: [
    { name: 'name', kind: 'text' },
    { name: 'names', kind: 'rest' },
  ],
  doc: 'Removes variables from the environment.',
  examples: [
    { text: 'unsetenv PORT HOST', gives: {} },
    { text: 'unsetenv', says: "'unsetenv' expects" },
  ],
  apply(_global, [name, names], { environment }) {
    environment.delete(name);
    for (const { text } of names) environment.delete(text);
  },
});

export const resetenv = defineGlobal({
  name: 'resetenv',
  args: [{ name: 'names', kind: 'rest' }],
  doc: 'Removes all variables from the environment but those named.',
  examples: [{ text: 'resetenv PATH', gives: {} }],
  apply(_global, [names], { environment }) {
    const kept = new Set(names.map((word) => word.text));
    for (const name of [...environment.keys()]) if (!kept.has(name)) environment.delete(name);
  },
});

export const defaultPath = defineGlobal({
  name: 'default-path',
  args: [{ name: 'base', kind: 'rest' }],
  doc: 'Where relative paths start: `current` directory, directory of the `config` file, its `parent`, or `origin PATH`.',
  examples: [
    { text: 'default-path config', gives: {} },
    { text: 'default-path origin /etc/hawser', gives: {} },
    { text: 'default-path foo', says: "'default-path' expects" },
  ],
  apply(_global, [words], context) {
    context.defaultPath(words);
  },
});

export const localpeer = defineGlobal({
  name: 'localpeer',
  args: [{ name: 'name', kind: 'text' }],
  doc: 'Name of this node among peers, and so the variable HAPROXY_LOCALPEER.',
  examples: [
    { text: 'localpeer edge1', gives: {} },
    { text: 'localpeer a b', says: "unexpected argument 'b'" },
  ],
  apply(_global, [name], { environment }) {
    environment.set('HAPROXY_LOCALPEER', name);
  },
});
