/** Where log lines go and what is in them (HAProxy configuration manual, 4.2 and 8). */
import type { LogModel, ProxyModel } from '../../model/config.ts';
import { type Directive, type DirectiveContext, defineDirective, defineGlobal, type ProxyDraft, type Word } from '../define.ts';

const FACILITIES =
  'kern user mail daemon auth syslog lpr news uucp cron auth2 ftp ntp audit alert cron2 local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );
const LEVELS = 'emerg alert crit err warning notice info debug'.split(' ');
const FORMATS = ['local', 'rfc3164', 'rfc5424', 'priority', 'short', 'timed', 'iso', 'raw'] as const;
const LOCAL0 = FACILITIES.indexOf('local0');

export const globalLog = defineGlobal({
  name: 'log',
  negatable: true,
  args: [
    { name: 'target', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A log target: `ADDRESS`, `/dev/log`, `stdout`, `stderr`, `fd@N`, then `len N`, `format F`, a facility and levels. Proxies use it by `log global`.',
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
    { text: 'log ring@r local0', says: 'is not supported by this version' },
  ],
  apply(global, [target, options], context) {
    if (context.prefix !== null) global.logs.length = 0;
    else addLog(global.logs, target, options, context);
  },
});

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
    { text: 'log stderr format short daemon', gives: { logs: [{ format: 'short', target: { descriptor: 2 } }] } },
    { text: 'no log', gives: { logs: [], logGlobal: false } },
  ],
  apply(draft, [target, options], context) {
    if (context.prefix !== null) {
      draft.logs.length = 0;
      draft.logGlobal = false;
    } else if (target.text === 'global' && options.length === 0) draft.logGlobal = true;
    else addLog(draft.logs, target, options, context);
  },
});

function addLog(logs: LogModel[], target: Word, options: readonly Word[], context: DirectiveContext): void {
  const where = logTarget(target, context);
  if (where === null) return;
  const tail = logOptions(options, context);
  if (tail !== null) logs.push({ target: where, text: target.text, ...tail, at: context.at });
}

function logTarget(word: Word, context: DirectiveContext): LogModel['target'] | null {
  const { text } = word;
  const standard = ['stdout', 'stderr'].indexOf(text);
  const descriptor = standard >= 0 ? String(standard + 1) : /^fd@(\d+)$/.exec(text)?.[1];
  if (descriptor !== undefined) return { kind: 'descriptor', descriptor: Number(descriptor) };
  const prefix = /^(ring|backend)@/.exec(text)?.[1];
  if (prefix !== undefined) {
    context.error({ text: `log : target '${prefix}@' is not supported by this version`, word });
    return null;
  }
  const parsed = context.logAddress(word);
  if (parsed === null) return null;
  return { kind: 'address', address: parsed.addresses[0] as NonNullable<(typeof parsed.addresses)[0]>, host: parsed.host };
}

type LogTail = Pick<LogModel, 'format' | 'facility' | 'maxLevel' | 'minLevel' | 'length'>;

function logOptions(words: readonly Word[], context: DirectiveContext): LogTail | null {
  let length = 1024;
  let format: LogModel['format'] = 'local';
  let at = 0;
  for (; at < words.length; at += 2) {
    const word = words[at] as Word;
    const value = words[at + 1];
    if (word.text === 'len') {
      const given = context.integer(value, 'len', 80, 65535);
      if (given === null) return null;
      length = given;
    } else if (word.text === 'format') {
      const known = FORMATS.find((name) => name === value?.text);
      if (known === undefined) {
        context.error({
          text: `log : 'format' expects a format`,
          word: value ?? word,
          found: value?.text ?? '',
          allowed: FORMATS,
          near: FORMATS,
        });
        return null;
      }
      format = known;
    } else if (word.text === 'sample' || word.text === 'profile') {
      context.error({ text: `log : '${word.text}' is not supported by this version`, word });
      return null;
    } else break;
  }
  const levels = facilityAndLevels(words.slice(at), context);
  return levels === null ? null : { format, length, ...levels };
}

function facilityAndLevels(
  [facilityWord, maxWord, minWord, extra]: readonly Word[],
  context: DirectiveContext,
): Omit<LogTail, 'format' | 'length'> | null {
  if (facilityWord === undefined) {
    context.error({ text: 'log : expects <address> and <facility> or global as arguments' });
    return null;
  }
  const facility = FACILITIES.indexOf(facilityWord.text);
  if (facility < 0) {
    context.error({ text: `log : unknown log facility '${facilityWord.text}'`, word: facilityWord, allowed: FACILITIES, near: FACILITIES });
    return null;
  }
  const maxLevel = maxWord === undefined ? 7 : LEVELS.indexOf(maxWord.text);
  const minLevel = minWord === undefined ? 0 : LEVELS.indexOf(minWord.text);
  const wrong = maxLevel < 0 ? maxWord : minLevel < 0 ? minWord : undefined;
  if (wrong !== undefined) {
    context.error({ text: `log : unknown optional log level '${wrong.text}'`, word: wrong, allowed: LEVELS, near: LEVELS });
    return null;
  }
  if (extra !== undefined) {
    context.error({ text: `log : cannot handle unexpected argument '${extra.text}'.`, word: extra });
    return null;
  }
  return { facility: facility < 0 ? LOCAL0 : facility, maxLevel, minLevel };
}

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
  'The log line of connections that failed before a session.',
);

function defineFormat(name: string, field: 'logFormat' | 'errorLogFormat', doc: string): Directive {
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
