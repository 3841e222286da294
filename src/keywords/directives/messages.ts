/** What is added to messages, captured from them, and answered instead of a server (HAProxy configuration manual, 4.2). */
import type { CaptureModel } from '../../model/config.ts';
import { type Directive, type DirectiveContext, defineDirective, type ProxyDraft, type Word } from '../define.ts';

/** What `option forwardfor` and `option originalto` have in common. */
function defineAddress(
  name: string,
  field: 'forwardfor' | 'originalto',
  normal: string,
  allowed: readonly string[],
  doc: string,
): Directive {
  return defineDirective({
    name: `option ${name}`,
    sections: 'DFLB',
    args: [{ name: 'options', kind: 'rest' }],
    doc,
    examples: [
      { text: `option ${name}`, gives: { [field]: { header: normal, except: null, ifNone: false } } },
      {
        text: `option ${name} except 127.0.0.0/8 header X-Mine`,
        gives: { [field]: { header: 'X-Mine', except: { bits: 8 }, ifNone: false } },
      },
      { text: `option ${name} foo`, says: `'option ${name}' does not support 'foo'` },
      { text: `option ${name} except x`, says: "'x' is not a network" },
      { text: `no option ${name}`, says: `negation/default is not supported for option '${name}'` },
    ],
    apply(draft, [words], context) {
      draft[field] = readAddress(`option ${name}`, normal, allowed, words, context);
    },
  });
}

function readAddress(
  name: string,
  normal: string,
  allowed: readonly string[],
  words: readonly Word[],
  context: DirectiveContext,
): ProxyDraft['forwardfor'] {
  let header = normal;
  let except: NonNullable<ProxyDraft['forwardfor']>['except'] = null;
  let ifNone = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as Word;
    const value = words[at + 1];
    if (!allowed.includes(word.text)) {
      context.error({ text: `'${name}' does not support '${word.text}'`, word, allowed, near: allowed });
      return null;
    }
    if (word.text === 'if-none') {
      ifNone = true;
      continue;
    }
    if (value === undefined) {
      context.error({ text: `'${name}' expects a value behind '${word.text}'`, word });
      return null;
    }
    at++;
    if (word.text === 'header') header = value.text;
    else {
      except = context.network(value);
      if (except === null) return null;
    }
  }
  return { header, except, ifNone };
}

export const forwardfor = defineAddress(
  'forwardfor',
  'forwardfor',
  'X-Forwarded-For',
  ['except', 'header', 'if-none'],
  "Adds the client's address to requests as `X-Forwarded-For`, or `header NAME`; not for clients of `except NETWORK`, with `if-none` only where none is.",
);

export const originalto = defineAddress(
  'originalto',
  'originalto',
  'X-Original-To',
  ['except', 'header'],
  'Adds the address that the client connected to as `X-Original-To`, or `header NAME`; not for addresses of `except NETWORK`.',
);

function defineCapture(side: 'request' | 'response', field: 'captureRequestHeaders' | 'captureResponseHeaders'): Directive {
  const name = `capture ${side} header`;
  return defineDirective({
    name,
    sections: 'FL',
    args: [
      { name: 'name', kind: 'text' },
      { name: 'len', kind: 'word', optional: true },
      { name: 'length', kind: 'word', optional: true },
    ],
    doc: `Keeps the first bytes of the last ${side} header of that name for the log line.`,
    examples: [
      { text: `${name} Host len 32`, gives: { [field]: [{ name: 'Host', length: 32 }] } },
      { text: `${name} Host`, says: `expects 'header' <header_name> 'len' <len>` },
      { text: `${name} Host len 0`, says: 'must be between 1' },
    ],
    apply(draft, [header, len, length], context) {
      if (len?.text !== 'len' || length === null) {
        context.error({ text: `'capture ${side}' expects 'header' <header_name> 'len' <len>.`, word: len ?? undefined });
        return;
      }
      const most = context.integer(length, 'len', 1, 65535);
      const capture: CaptureModel | null = most === null ? null : { name: header, length: most, at: context.at };
      if (capture !== null) draft[field].push(capture);
    },
  });
}

export const captureRequestHeader = defineCapture('request', 'captureRequestHeaders');
/** HAProxy's longest captured cookie. */
const MOST_COOKIE = 63;

export const captureCookie = defineDirective({
  name: 'capture cookie',
  sections: 'FL',
  args: [
    { name: 'name', kind: 'text' },
    { name: 'len', kind: 'word', optional: true },
    { name: 'length', kind: 'word', optional: true },
  ],
  doc: 'Keeps the first cookie that begins with this name, of the request and of the response, for the log line; `NAME=` for the whole name.',
  examples: [
    { text: 'capture cookie SID= len 20', gives: { captureCookie: { name: 'SID=', length: 20 } } },
    { text: 'capture cookie SID', says: "expects 'cookie' <cookie_name> 'len' <len>" },
    { text: 'capture cookie SID len 0', says: 'must be between 1' },
  ],
  apply(draft, [cookie, len, length], context) {
    if (len?.text !== 'len' || length === null) {
      context.error({ text: "'capture' expects 'cookie' <cookie_name> 'len' <len>.", word: len ?? undefined });
      return;
    }
    const most = context.integer(length, 'len', 1, 65535);
    if (most === null) return;
    if (most > MOST_COOKIE) context.warn(`'capture cookie' : truncating capture length to ${MOST_COOKIE} bytes.`);
    draft.captureCookie = { name: cookie, length: Math.min(most, MOST_COOKIE), at: context.at };
  },
});

export const captureResponseHeader = defineCapture('response', 'captureResponseHeaders');

export const monitorUri = defineDirective({
  name: 'monitor-uri',
  sections: 'DFL',
  args: [{ name: 'uri', kind: 'word' }],
  doc: 'Requests for exactly this URI are answered 200 before any rule and never logged.',
  examples: [
    { text: 'monitor-uri /alive', gives: { monitorUri: { text: '/alive' } } },
    { text: 'monitor-uri', says: "'monitor-uri' expects" },
  ],
  apply(draft, [word], context) {
    draft.monitorUri = { text: word.text, at: context.position(word) };
  },
});

export const monitorFail = defineDirective({
  name: 'monitor fail',
  sections: 'FL',
  args: [{ name: 'condition', kind: 'rest' }],
  doc: 'While the condition holds, requests for the monitor-uri are answered 503.',
  examples: [
    { text: 'monitor fail if { nbsrv lt 1 }', gives: { monitorFails: [{ unless: false, words: ['{', 'nbsrv', 'lt', '1', '}'] }] } },
    { text: 'monitor fail', says: 'expects a condition' },
  ],
  apply(draft, [words], context) {
    const condition = context.condition(words);
    if (condition === null) context.error({ text: "'monitor fail' expects a condition" });
    else if (condition !== undefined) draft.monitorFails.push(condition);
  },
});

/** A slot without a header: `http-request capture … id N` fills it. */
function defineSlot(side: 'request' | 'response', field: 'captureRequestHeaders' | 'captureResponseHeaders'): Directive {
  const name = `declare capture ${side}`;
  return defineDirective({
    name,
    sections: 'FL',
    args: [
      { name: 'len', kind: 'choice', choices: ['len'] },
      { name: 'length', kind: 'integer', min: 1, max: 65535 },
    ],
    doc: `A slot of that many bytes for the log, filled by rules: \`capture SAMPLE id N\` counts the ${side} slots from 0.`,
    examples: [
      { text: `${name} len 32`, gives: { [field]: [{ name: '', length: 32 }] } },
      { text: `${name} size 32`, says: "'size'" },
    ],
    apply(draft, [, length], context) {
      draft[field].push({ name: '', length, at: context.at });
    },
  });
}

export const declareCaptureRequest = defineSlot('request', 'captureRequestHeaders');
export const declareCaptureResponse = defineSlot('response', 'captureResponseHeaders');
