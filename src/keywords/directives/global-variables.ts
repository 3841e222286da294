/** Variables of the process that are set before the first connection (HAProxy 3.x configuration 3.1). */
import { defineGlobal } from '../define.ts';

export const globalSetVar = defineGlobal({
  name: 'set-var',
  args: [
    { name: 'var-name', kind: 'text' },
    { name: 'expr', kind: 'text' },
  ],
  doc: 'Sets a variable of the process (`proc.NAME`) at start, to the value of an expression that needs no connection.',
  examples: [
    { text: 'set-var proc.limit int(5)', gives: { variables: [{ name: 'proc.limit', text: 'int(5)', isFormat: false }] } },
    { text: 'set-var txn.limit int(5)', says: "only variables of scope 'proc' can be set here" },
    { text: 'set-var proc.limit', says: "'set-var' expects" },
  ],
  apply(global, [name, text], context) {
    if (name.startsWith('proc.')) global.variables.push({ name, text, isFormat: false, at: context.at });
    else context.error({ text: `'${name}': only variables of scope 'proc' can be set here`, found: name, allowed: ['proc.NAME'] });
  },
});

export const globalSetVarFmt = defineGlobal({
  name: 'set-var-fmt',
  args: [
    { name: 'var-name', kind: 'text' },
    { name: 'fmt', kind: 'text' },
  ],
  doc: 'Sets a variable of the process (`proc.NAME`) at start, to the text of a log-format string.',
  examples: [
    {
      text: 'set-var-fmt proc.who "%[hostname] %[pid]"',
      gives: { variables: [{ name: 'proc.who', text: '%[hostname] %[pid]', isFormat: true }] },
    },
    { text: 'set-var-fmt sess.who x', says: "only variables of scope 'proc' can be set here" },
  ],
  apply(global, [name, text], context) {
    if (name.startsWith('proc.')) global.variables.push({ name, text, isFormat: true, at: context.at });
    else context.error({ text: `'${name}': only variables of scope 'proc' can be set here`, found: name, allowed: ['proc.NAME'] });
  },
});
