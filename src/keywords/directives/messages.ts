/** What is added to messages, captured from them, and answered instead of a server (HAProxy configuration manual, 4.2). */
import type { CaptureModel } from '../../model/config.ts';
import { type Directive, type DirectiveContext, defineDirective, type ProxyDraft, type Word } from '../define.ts';

export const forwardfor = defineDirective({
  name: 'option forwardfor',
  sections: 'DFLB',
  args: [{ name: 'options', kind: 'rest' }],
  doc: "Adds the client's address to requests as `X-Forwarded-For`, or `header NAME`; not for clients of `except NETWORK`, with `if-none` only where none is.",
  examples: [
    { text: 'option forwardfor', gives: { forwardfor: { header: 'X-Forwarded-For', except: null, ifNone: false } } },
    {
      text: 'option forwardfor except 127.0.0.0/8 header X-Client if-none',
      gives: { forwardfor: { header: 'X-Client', except: { bits: 8 }, ifNone: true } },
    },
    { text: 'option forwardfor foo', says: "'option forwardfor' does not support 'foo'" },
    { text: 'option forwardfor except x', says: "'x' is not a network" },
    { text: 'no option forwardfor', says: "negation/default is not supported for option 'forwardfor'" },
  ],
  apply(draft, [words], context) {
    setForwardfor(draft, words, context);
  },
});

function setForwardfor(draft: ProxyDraft, words: readonly Word[], context: DirectiveContext): void {
  let header = 'X-Forwarded-For';
  let except: NonNullable<ProxyDraft['forwardfor']>['except'] = null;
  let ifNone = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as Word;
    const value = words[at + 1];
    if (word.text === 'if-none') ifNone = true;
    else if (word.text !== 'header' && word.text !== 'except') {
      const allowed = ['except', 'header', 'if-none'];
      context.error({ text: `'option forwardfor' does not support '${word.text}'`, word, allowed, near: allowed });
      return;
    } else if (value === undefined) {
      context.error({ text: `'option forwardfor' expects a value behind '${word.text}'`, word });
      return;
    } else if (word.text === 'header') header = (words[++at] as Word).text;
    else {
      except = context.network(words[++at] as Word);
      if (except === null) return;
    }
  }
  draft.forwardfor = { header, except, ifNone };
}

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
