/** Where log lines go and what is in them (HAProxy configuration manual, 4.2 and 8). */
import type { LogModel, ProxyModel } from '../../model/config.ts';
import { LOG_STEPS } from '../../state/logstep.ts';
import { type Directive, type DirectiveContext, defineDirective, defineGlobal, type ProxyDraft, type Word } from '../define.ts';
import { addLog } from '../log-target.ts';

export const globalLog = defineGlobal({
  name: 'log',
  negatable: true,
  args: [
    { name: 'target', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A log target: `ADDRESS`, `/dev/log`, `tcp@ADDRESS`, `stdout`, `stderr`, `fd@N`, `ring@NAME`, then `len N`, `format F`, `sample RANGES:SIZE`, `profile NAME`, a facility, the least important level that is sent and the most important one that is shown. Proxies use it by `log global`.',
  examples: [
    {
      text: 'log 127.0.0.1 local0',
      gives: { logs: [{ facility: 16, maxLevel: 7, format: 'local', length: 1024, target: { address: { port: 514 } } }] },
    },
    {
      text: 'log stdout format raw local0 info',
      gives: { logs: [{ format: 'raw', maxLevel: 6, target: { kind: 'descriptor', descriptor: 1 } }] },
    },
    { text: 'log 10.0.0.1:5514 len 4096 local1 notice err', gives: { logs: [{ length: 4096, facility: 17, maxLevel: 5, minLevel: 3 }] } },
    { text: 'log /dev/log daemon', gives: { logs: [{ facility: 3, target: { address: { family: 1, path: '/dev/log' } } }] } },
    { text: 'log 127.0.0.1', says: 'expects <address> and <facility>' },
    { text: 'log 127.0.0.1 foo', says: "unknown log facility 'foo'" },
    { text: 'log 127.0.0.1 local0 loud', says: "unknown optional log level 'loud'" },
    {
      text: 'log 127.0.0.1 sample 1,2-5:10 local0',
      gives: {
        logs: [
          {
            sample: {
              ranges: [
                [1, 1],
                [2, 5],
              ],
              size: 10,
            },
          },
        ],
      },
    },
    { text: 'log 127.0.0.1 sample 1:2,3 local0', says: "wrong sample size '2,3' for sample range '1:2,3'" },
    { text: 'log 127.0.0.1 sample 3-7:5 local0', says: 'sample size 5 should be greater or equal to 7' },
    { text: 'log 127.0.0.1 profile short local0', gives: { logs: [{ profile: 'short' }] } },
    { text: 'log ring@r local0', gives: { logs: [{ target: { kind: 'ring', name: 'r' } }] } },
    { text: 'log tcp@10.0.0.1 local0', gives: { logs: [{ target: { kind: 'stream', address: { port: 514 } } }] } },
    { text: 'log backend@b local0', says: "target 'backend@' is not supported by this version" },
    { text: 'log global', says: "'global' is not supported for a global syslog server" },
  ],
  apply(global, [target, options], context) {
    if (context.prefix !== null) removeLogs(global.logs, target, context);
    else if (target.text === 'global' && options.length === 0)
      context.error({ text: "log : 'global' is not supported for a global syslog server", word: target });
    else addLog(global.logs, target, options, context);
  },
});

/** `target` is null on a line of these two words alone. */
function removeLogs(logs: LogModel[], target: Word | null, context: DirectiveContext): void {
  if (target === null) logs.length = 0;
  else context.error({ text: "log : 'no log' does not expect arguments", word: target });
}

export const proxyLog = defineDirective({
  name: 'log',
  sections: 'DFLB',
  negatable: true,
  args: [
    { name: 'target', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A log target of its own, `log global` for those of the global section, `no log` for none.',
  examples: [
    { text: 'log global', gives: { logGlobal: true } },
    { text: 'log global local0', says: "'log global' cannot handle unexpected argument 'local0'" },
    { text: 'log stderr format short daemon', gives: { logs: [{ format: 'short', target: { descriptor: 2 } }] } },
    { text: 'no log', gives: { logs: [], logGlobal: false } },
    { text: 'no log global', says: "log : 'no log' does not expect arguments" },
  ],
  apply(draft, [target, options], context) {
    if (context.prefix !== null) {
      removeLogs(draft.logs, target, context);
      draft.logGlobal = false;
    } else if (target.text === 'global' && options.length > 0) {
      const [extra] = options as readonly [(typeof options)[number]];
      context.error({ text: `'log global' cannot handle unexpected argument '${extra.text}'.`, word: extra });
    } else if (target.text === 'global') draft.logGlobal = true;
    else addLog(draft.logs, target, options, context);
  },
});

export const logTag = defineDirective({
  name: 'log-tag',
  sections: 'DFLB',
  args: [{ name: 'tag', kind: 'text' }],
  doc: 'The tag in log lines of this proxy instead of the global one.',
  examples: [{ text: 'log-tag web', gives: { logTag: 'web' } }],
  apply(draft, [tag]) {
    draft.logTag = tag;
  },
});

export const logFormat = defineFormat('log-format', 'logFormat', 'The log line of a session, as a log format.');
export const errorLogFormat = defineFormat(
  'error-log-format',
  'errorLogFormat',
  'The log line of connections that failed before a session, and of what was no request.',
);
export const logFormatSd = defineFormat(
  'log-format-sd',
  'logFormatSd',
  'The structured data of lines in `format rfc5424`: `[id name="value"]`; flag `+E` escapes values for it.',
);

function defineFormat(name: string, field: 'logFormat' | 'errorLogFormat' | 'logFormatSd', doc: string): Directive {
  return defineDirective({
    name,
    sections: 'DFL',
    args: [{ name: 'format', kind: 'word' }],
    doc,
    examples: [
      { text: `${name} "%ci:%cp [%tr] %ST"`, gives: { [field]: { text: '%ci:%cp [%tr] %ST' } } },
      { text: `${name} %ci %cp`, says: "unexpected argument '%cp'" },
    ],
    apply(draft, [word], context) {
      draft[field] = { text: word.text, at: context.position(word) };
      if (field === 'logFormat') draft.logPreset = null;
    },
  });
}

type Preset = NonNullable<ProxyModel['logPreset']>;

function setPreset(draft: ProxyDraft, preset: Preset): void {
  draft.logPreset = preset;
  draft.logFormat = null;
}

/** `option httpslog` has no variant. */
export const optionHttpslog = defineDirective({
  name: 'option httpslog',
  sections: 'DFL',
  args: [],
  doc: "HAProxy's line for HTTP requests, with what is known of TLS behind it.",
  examples: [
    { text: 'option httpslog', gives: { logPreset: 'httpslog' } },
    { text: 'option httpslog clf', says: "cannot handle unexpected argument 'clf'" },
  ],
  apply(draft) {
    setPreset(draft, 'httpslog');
  },
});

export const logSteps = defineDirective({
  name: 'log-steps',
  sections: 'DFL',
  args: [{ name: 'steps', kind: 'word' }],
  doc: 'When a line is logged: a list of `accept`, `request`, `connect`, `response` and `close`, or `all`. Without it: at the end, `close`. What is logged earlier has the times and counts of that moment.',
  examples: [
    { text: 'log-steps accept,close', gives: { logSteps: ['accept', 'close'] } },
    { text: 'log-steps all', gives: { logSteps: ['accept', 'request', 'connect', 'response', 'close'] } },
    { text: 'log-steps begin', says: "unknown log step 'begin'" },
  ],
  apply(draft, [word], context) {
    const known = [...LOG_STEPS.keys()];
    const steps = word.text === 'all' || word.text === 'any' ? known : word.text.split(',');
    const unknown = steps.find((step) => !LOG_STEPS.has(step));
    if (unknown === undefined) draft.logSteps = steps;
    else
      context.error({ text: `'log-steps' : unknown log step '${unknown}'`, word, found: unknown, allowed: ['all', ...known], near: known });
  },
});

function definePreset(name: 'httplog' | 'tcplog', clf: Preset, doc: string): Directive {
  return defineDirective({
    name: `option ${name}`,
    sections: 'DFL',
    args: [{ name: 'variant', kind: 'word', optional: true }],
    doc,
    examples: [
      { text: `option ${name}`, gives: { logPreset: name } },
      { text: `option ${name} clf`, gives: { logPreset: clf } },
      { text: `option ${name} foo`, says: `keyword '${name}' only supports option 'clf'.` },
    ],
    apply(draft, [variant], context) {
      if (variant === null) setPreset(draft, name);
      else if (variant.text === 'clf') setPreset(draft, clf);
      else context.error({ text: `keyword '${name}' only supports option 'clf'.`, word: variant });
    },
  });
}

export const optionHttplog = definePreset('httplog', 'httpclf', "HAProxy's line for HTTP requests, or the common log format with `clf`.");
export const optionTcplog = definePreset('tcplog', 'tcpclf', "HAProxy's line for TCP connections, or the common log format with `clf`.");
