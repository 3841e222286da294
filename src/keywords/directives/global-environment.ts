/** The environment that later lines and the process see, and where relative paths start (HAProxy configuration manual, 3.1). */
import { defineGlobal } from '../define.ts';

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
  ],
  apply(_global, [name, value], { environment }) {
    environment.set(name, value);
  },
});

export const presetenv = defineGlobal({
  name: 'presetenv',
  args: [
    { name: 'name', kind: 'text' },
    { name: 'value', kind: 'text' },
  ],
  doc: 'Sets a variable of the environment unless it is set.',
  examples: [{ text: 'presetenv PORT 80', gives: {} }],
  apply(_global, [name, value], { environment }) {
    if (!environment.has(name)) environment.set(name, value);
  },
});

export const unsetenv = defineGlobal({
  name: 'unsetenv',
  args: [{ name: 'names', kind: 'rest' }],
  doc: 'Removes variables from the environment.',
  examples: [{ text: 'unsetenv PORT HOST', gives: {} }],
  apply(_global, [names], { environment }) {
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
