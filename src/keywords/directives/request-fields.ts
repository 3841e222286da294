/** Fields that requests get on their way (HAProxy configuration manual, 4.2): Forwarded, the unique identifier, the server's name. */
import type { ForwardedModel } from '../../model/config.ts';
import { type DirectiveContext, defineDirective, type Word } from '../define.ts';

const TOKEN = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;

/** Words without value, and the part that each sets. */
const PARTS: Readonly<Record<string, 'host' | 'by' | 'byPort' | 'for' | 'forPort'>> = {
  host: 'host',
  by: 'by',
  by_port: 'byPort',
  for: 'for',
  for_port: 'forPort',
};
const WORDS = ['proto', ...Object.keys(PARTS), ...Object.keys(PARTS).map((part) => `${part}-expr`)];

export const forwarded = defineDirective({
  name: 'option forwarded',
  sections: 'DLB',
  negatable: true,
  args: [{ name: 'options', kind: 'rest' }],
  doc: 'Adds a Forwarded field (RFC 7239) with the parts that are named, `proto for` if none is: `proto`, `host`, `by`, `by_port`, `for`, `for_port`; a part with `-expr` is computed by the expression behind it.',
  examples: [
    { text: 'option forwarded', gives: { forwarded: { proto: true, host: null, by: null, byPort: null, for: '', forPort: null } } },
    {
      text: 'option forwarded host by by_port for-expr req.hdr(x)',
      gives: { forwarded: { proto: false, host: '', by: '', byPort: '', for: 'req.hdr(x)' } },
    },
    { text: 'option forwarded foo', says: "'option forwarded' does not support 'foo'" },
    { text: 'option forwarded for for-expr src', says: "'for-expr' is given twice" },
    { text: 'option forwarded host-expr', says: "expects an expression behind 'host-expr'" },
    { text: 'no option forwarded', gives: { forwarded: null } },
  ],
  apply(draft, [words], context) {
    draft.forwarded = context.prefix === null ? readForwarded(words, context) : null;
  },
});

function readForwarded(words: readonly Word[], context: DirectiveContext): ForwardedModel | null {
  const parts = { proto: words.length === 0, host: null, by: null, byPort: null, for: words.length === 0 ? '' : null, forPort: null };
  const model: { -readonly [K in keyof ForwardedModel]: ForwardedModel[K] } = { at: context.at, ...parts };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as Word;
    const computed = word.text.endsWith('-expr');
    const part = PARTS[computed ? word.text.slice(0, -5) : word.text];
    if (word.text === 'proto') {
      model.proto = true;
      continue;
    }
    const value = computed ? words[++at]?.text : '';
    if (part === undefined)
      context.error({ text: `'option forwarded' does not support '${word.text}'`, word, allowed: WORDS, near: WORDS });
    else if (model[part] !== null) context.error({ text: `'option forwarded' : '${word.text}' is given twice`, word });
    else if (value === undefined) context.error({ text: `'option forwarded' expects an expression behind '${word.text}'`, word });
    else {
      model[part] = value;
      continue;
    }
    return null;
  }
  return model;
}

export const uniqueIdFormat = defineDirective({
  name: 'unique-id-format',
  sections: 'DFLB',
  args: [{ name: 'format', kind: 'word' }],
  doc: 'The log format of an identifier for each request, for `unique-id-header`, the sample `unique-id` and `%ID`. At most 127 bytes are kept.',
  examples: [
    {
      text: 'unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid',
      gives: { uniqueIdFormat: { text: '%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid' } },
    },
    { text: 'unique-id-format', says: "'unique-id-format' expects" },
  ],
  apply(draft, [word], context) {
    draft.uniqueIdFormat = { text: word.text, at: context.position(word) };
  },
});

export const uniqueIdHeader = defineDirective({
  name: 'unique-id-header',
  sections: 'DFL',
  args: [{ name: 'name', kind: 'word' }],
  doc: 'Adds the unique identifier to requests, as a field of this name.',
  examples: [
    { text: 'unique-id-header X-Unique-ID', gives: { uniqueIdHeader: 'X-Unique-ID' } },
    { text: 'unique-id-header "a b"', says: "'a b' is not the name of a header field" },
  ],
  apply(draft, [word], context) {
    if (isName(word, context)) draft.uniqueIdHeader = word.text;
  },
});

export const httpSendNameHeader = defineDirective({
  name: 'http-send-name-header',
  sections: 'DLB',
  args: [{ name: 'header', kind: 'word' }],
  doc: 'Tells each server its name, in a field of this name that replaces others. It follows the request when that is sent to another server.',
  examples: [
    { text: 'http-send-name-header X-Server', gives: { serverNameHeader: 'X-Server' } },
    { text: 'http-send-name-header', says: "'http-send-name-header' expects" },
    { text: 'http-send-name-header Connection', says: "'Connection' can't be used" },
  ],
  apply(draft, [word], context) {
    if (/^(connection|content-length|transfer-encoding)$/i.test(word.text)) {
      context.error({ text: `'http-send-name-header' : '${word.text}' can't be used`, word });
    } else if (isName(word, context)) draft.serverNameHeader = word.text;
  },
});

function isName(word: Word, context: DirectiveContext): boolean {
  if (TOKEN.test(word.text)) return true;
  context.error({ text: `'${context.keyword}' : '${word.text}' is not the name of a header field`, word });
  return false;
}
