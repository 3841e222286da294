/** `ring`: lines that wait for servers which take them over a stream (HAProxy configuration manual, 12.5). */
import type { AddressRecord } from '../../base/address.ts';
import type { RingModel } from '../../model/sections.ts';
import { type DirectiveContext, defineSection, defineSectionKeyword, type Word } from '../define.ts';
import { LOG_FORMATS } from '../log-target.ts';

/** HAProxy's BUFSIZE, its default of both. */
const DEFAULT_SIZE = 16_384;
/** A block of memory less what a line's header may take. */
const MOST_LENGTH = 65_000;

export const ring = defineSection({
  name: 'ring',
  list: 'rings',
  doc: 'Log lines for `log ring@NAME` wait here and go to every server of the ring over a connection of its own, which each data thread keeps. When `size` bytes wait, further lines are dropped and counted.',
  examples: [
    {
      text: 'ring logs\n  format rfc5424\n  maxlen 1200\n  size 32764\n  server s1 127.0.0.1:6514',
      gives: { name: 'logs', format: 'rfc5424', maxlen: 1200, size: 32764, servers: [{ name: 's1', address: { port: 6514 } }] },
    },
    { text: 'ring', says: "'ring' expects <name> as arguments" },
    { text: 'ring logs\n  maxlen 20000\n  server s1 127.0.0.1:514', says: "ring 'logs': 'maxlen' 20000 exceeds its size of 16384" },
  ],
  open: (name, at): RingModel => {
    return {
      name,
      at,
      description: null,
      size: DEFAULT_SIZE,
      format: 'raw',
      maxlen: DEFAULT_SIZE,
      connectMs: null,
      serverMs: null,
      servers: [],
    };
  },
  close(model, context) {
    if (model.maxlen > model.size)
      context.error({ text: `ring '${model.name}': 'maxlen' ${model.maxlen} exceeds its size of ${model.size}` });
  },
});

export const ringDescription = defineSectionKeyword(ring, {
  name: 'description',
  args: [{ name: 'text', kind: 'rest' }],
  doc: 'What the ring is for.',
  examples: [{ text: 'description lines for the archive', gives: { description: 'lines for the archive' } }],
  apply(model, [words]) {
    model.description = words.map((word) => word.text).join(' ');
  },
});

export const ringSize = defineSectionKeyword(ring, {
  name: 'size',
  args: [{ name: 'size', kind: 'size', min: 1024, max: 64 << 20 }],
  doc: 'Bytes of lines that may wait, for each server and data thread: 16384 if not given.',
  examples: [
    { text: 'size 1m', gives: { size: 1 << 20 } },
    { text: 'size 0', says: "'size'" },
  ],
  apply(model, [size]) {
    model.size = size;
  },
});

export const ringFormat = defineSectionKeyword(ring, {
  name: 'format',
  args: [{ name: 'format', kind: 'choice', choices: LOG_FORMATS }],
  doc: 'The form of all lines in the ring, whatever their `log` lines say; `raw` if not given.',
  examples: [
    { text: 'format iso', gives: { format: 'iso' } },
    { text: 'format xml', says: 'allowed:' },
  ],
  apply(model, [format]) {
    model.format = format;
  },
});

export const ringMaxlen = defineSectionKeyword(ring, {
  name: 'maxlen',
  args: [{ name: 'length', kind: 'integer', min: 80, max: MOST_LENGTH }],
  doc: 'Longest line in bytes, its header included; longer ones are cut.',
  examples: [{ text: 'maxlen 1200', gives: { maxlen: 1200 } }],
  apply(model, [length]) {
    model.maxlen = length;
  },
});

export const ringConnectTimeout = defineRingTimeout('timeout connect', 'connectMs', 'How long connecting to a server may take.');
export const ringServerTimeout = defineRingTimeout(
  'timeout server',
  'serverMs',
  'How long a server may take nothing while lines wait for it: then it is connected to again.',
);

function defineRingTimeout(name: string, field: 'connectMs' | 'serverMs', doc: string): ReturnType<typeof defineSectionKeyword> {
  return defineSectionKeyword(ring, {
    name,
    args: [{ name: 'time', kind: 'time' }],
    doc,
    examples: [{ text: `${name} 5s`, gives: { [field]: 5000 } }],
    apply(model, [time]) {
      model[field] = time;
    },
  });
}

export const ringBackingFile = defineSectionKeyword(ring, {
  name: 'backing-file',
  args: [{ name: 'path', kind: 'text' }],
  doc: "Not supported: a ring lies in each data thread's memory, no file shows it.",
  examples: [{ text: 'backing-file /tmp/ring', says: "'backing-file' is not supported by this version" }],
  apply(_, __, context) {
    context.error({ text: "'backing-file' is not supported by this version: use a server that writes files" });
  },
});

export const ringServer = defineSectionKeyword(ring, {
  name: 'server',
  args: [
    { name: 'name', kind: 'word' },
    { name: 'address', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A server that gets every line of the ring over TCP or a UNIX stream socket; connected to again when it is lost. `log-proto octet-count` puts the length before each line, `legacy` a line feed behind it.',
  examples: [
    { text: 'server s1 127.0.0.1:6514 log-proto octet-count', gives: { servers: [{ name: 's1', countsOctets: true }] } },
    { text: 'server s1 127.0.0.1', says: 'a port is needed' },
    { text: 'server s1 127.0.0.1:514 ssl', says: "keyword 'ssl' is not supported by this version for servers of a ring" },
    { text: 'server s1 127.0.0.1:514 log-proto x', says: "allowed: 'legacy', 'octet-count'" },
  ],
  apply(model, [name, address, options], context) {
    const parsed = context.serverAddress(address);
    if (parsed === null) return;
    if (parsed.portKind !== 'fixed') {
      context.error({ text: `'server' : a port is needed in '${address.text}'`, word: address });
      return;
    }
    const countsOctets = readProtocol(options, context);
    if (countsOctets === null) return;
    const at = context.position(name);
    model.servers.push({
      name: name.text,
      text: address.text,
      address: parsed.addresses[0] as AddressRecord,
      host: parsed.host,
      countsOctets,
      at,
    });
  },
});

const PROTOCOLS = ['legacy', 'octet-count'];

/** `log-proto`, the only word that may follow; null: something else did, and that has been said. */
function readProtocol(words: readonly Word[], context: DirectiveContext): boolean | null {
  const [word, value, extra] = words;
  if (word === undefined) return false;
  const wrong = word.text === 'log-proto' ? extra : word;
  if (wrong !== undefined) {
    context.error({
      text: `keyword '${wrong.text}' is not supported by this version for servers of a ring`,
      word: wrong,
      found: wrong.text,
      allowed: ['log-proto'],
    });
    return null;
  }
  if (PROTOCOLS.includes(value?.text ?? '')) return value?.text === 'octet-count';
  context.error({ text: "'log-proto' expects a protocol", word: value ?? word, found: value?.text ?? '', allowed: PROTOCOLS });
  return null;
}
