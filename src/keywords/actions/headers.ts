/** Actions that change header fields (HAProxy 3.x configuration 4.4). */
import { HeaderId, type HttpMessage } from '../../http/message.ts';
import { headerIdOfName } from '../../rules/answer/reply.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { withAuthority } from '../../rules/edit/exchange.ts';
import { ReplacedItems, Replacement } from '../../rules/edit/fieldtexts.ts';
import { compileFailure, writeValue, written } from '../../rules/edit/rewrite.ts';
import { RuleError } from '../../rules/error.ts';
import { readsResponse } from '../../rules/place.ts';
import type { Words } from '../../rules/words.ts';
import type { Stream } from '../../state/records.ts';

/** No HeaderId. */
const ANY = -1;
const RULE_SETS = ['http-request', 'http-response', 'http-after-response'] as const;

interface Field {
  readonly id: number;
  readonly start: number;
  readonly length: number;
}

function fieldOf(words: Words, context: CompileContext): Field {
  const name = words.next('the name of a header field');
  if (!/^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/.test(name)) throw new RuleError(`'${name}' is not the name of a header field`, words.at - 1, name);
  const lower = name.toLowerCase();
  return { id: headerIdOfName(lower), start: context.thread.memory.intern(lower), length: lower.length };
}

function compileMessage(context: CompileContext): (stream: Stream) => HttpMessage {
  return readsResponse(context.places) ? responseOf : requestOf;
}

function requestOf(stream: Stream): HttpMessage {
  return stream.request;
}

function responseOf(stream: Stream): HttpMessage {
  return stream.response;
}

/** A change of fields that tell how long the body is: the message says so, see http/reframe.ts. With ANY it may be any field. */
function withFraming(step: ActionStep, id: number, context: CompileContext): ActionStep {
  if (id !== HeaderId.contentLength && id !== HeaderId.transferEncoding && id !== ANY) return step;
  const messageOf = compileMessage(context);
  return (stream) => {
    messageOf(stream).reframe = true;
    return step(stream);
  };
}

/** Adds the field; with `replaces` all others of its name are removed, after the value was made. */
function compileAdd(words: Words, replaces: boolean, context: CompileContext): ActionStep {
  const field = fieldOf(words, context);
  const format = context.format(words.next('a log-format string'), 'header');
  words.end();
  const messageOf = compileMessage(context);
  const fail = compileFailure(context);
  const source = context.thread;
  const constant = format.constant === null ? -1 : source.memory.intern(format.constant);
  const constantEnd = constant + (format.constant ?? '').length;
  const step: ActionStep = (stream) => {
    const message = messageOf(stream);
    let start = constant;
    let end = constantEnd;
    if (constant < 0) {
      if (!writeValue(source, stream, message, format)) return fail(stream);
      start = written.start;
      end = written.end;
    }
    if (replaces) message.headers.removeName(field.id, source.bytes, field.start, field.length);
    return message.headers.add(field.id, field.start, field.length, start, end) ? Outcome.next : fail(stream);
  };
  return isHost(field, context) ? withAuthority(step, context) : withFraming(step, field.id, context);
}

/** A change of the Host field of requests, which an absolute target follows. */
function isHost(field: Field, context: CompileContext): boolean {
  return field.id === HeaderId.host && !readsResponse(context.places);
}

export const setHeader = defineAction({
  name: 'set-header',
  signature: 'set-header <name> <fmt>',
  ruleSets: RULE_SETS,
  doc: 'Removes all header fields of this name and appends one. The value is made before they are removed.',
  examples: [
    {
      rule: 'http-request set-header X-Old %[req.hdr(x-old)]-new',
      request: 'GET / HTTP/1.1\r\nX-Old: 1\r\nHost: a',
      head: 'GET / HTTP/1.1\nhost: a\nx-old: 1-new',
    },
    { rule: 'http-request set-header x-miss %[req.hdr(none)]', request: 'GET / HTTP/1.1', head: 'GET / HTTP/1.1\nx-miss: ' },
    { rule: 'http-response set-header x-b c', response: 'HTTP/1.1 200 OK', head: 'HTTP/1.1 200 OK\nx-b: c' },
  ],
  compile: (words, context) => compileAdd(words, true, context),
});

export const addHeader = defineAction({
  name: 'add-header',
  signature: 'add-header <name> <fmt>',
  ruleSets: RULE_SETS,
  doc: 'Appends a header field; others of its name stay.',
  examples: [
    {
      rule: 'http-request add-header X-Client %[src]:%[src_port]',
      request: 'GET / HTTP/1.1\r\nX-Client: a',
      head: 'GET / HTTP/1.1\nx-client: a\nx-client: 192.0.2.7:40123',
    },
  ],
  compile: (words, context) => compileAdd(words, false, context),
});

const METHODS = ['str', 'beg', 'end', 'sub', 'reg'] as const;

export const delHeader = defineAction({
  name: 'del-header',
  signature: 'del-header <name> [ -m <meth> ]',
  ruleSets: RULE_SETS,
  doc: 'Removes all header fields of this name, or whose name matches by str, beg, end, sub or reg.',
  examples: [
    { rule: 'http-request del-header X-A', request: 'GET / HTTP/1.1\r\nx-a: 1\r\nx-b: 2\r\nX-A: 3', head: 'GET / HTTP/1.1\nx-b: 2' },
    { rule: 'http-request del-header x- -m beg', request: 'GET / HTTP/1.1\r\nx-a: 1\r\nhost: b', head: 'GET / HTTP/1.1\nhost: b' },
    { rule: 'http-request del-header -id$ -m reg', request: 'GET / HTTP/1.1\r\nx-id: 1\r\nid: 2', head: 'GET / HTTP/1.1\nid: 2' },
  ],
  compile: (words, context) => {
    const name = words.next('the name of a header field');
    const method = words.take('-m') ? words.choice('a matching method', METHODS) : 'str';
    words.end(['-m']);
    const messageOf = compileMessage(context);
    const source = context.thread;
    if (method !== 'str') return withFraming(compileDelete(name, method, context), ANY, context);
    const lower = name.toLowerCase();
    const start = source.memory.intern(lower);
    const { length } = lower;
    const id = headerIdOfName(lower);
    const step: ActionStep = (stream) => {
      messageOf(stream).headers.removeName(id, source.bytes, start, length);
      return Outcome.next;
    };
    return withFraming(step, id, context);
  },
});

/** Names are in lower case, and so is the pattern's text; a regular expression ignores case instead. */
function compileDelete(text: string, method: string, context: CompileContext): ActionStep {
  const pattern = method === 'reg' ? text : text.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const anchors: Record<string, [string, string]> = { beg: ['^', ''], end: ['', '$'] };
  const [before, after] = anchors[method] ?? ['', ''];
  const regex = context.regex(`${before}${pattern}${after}`, method === 'reg');
  const messageOf = compileMessage(context);
  const { bytes } = context.thread;
  return (stream) => {
    const { headers } = messageOf(stream);
    for (let row = 0; row < headers.rows; row++) {
      if (headers.isHole(row)) continue;
      const start = headers.nameStart(row);
      if (regex.test(bytes, start, start + headers.nameLength(row))) headers.remove(row);
    }
    return Outcome.next;
  };
}

/** Replaces the value of each field of a name where it matches: as a whole, or item by item. */
function compileReplace(words: Words, byItem: boolean, context: CompileContext): ActionStep {
  const field = fieldOf(words, context);
  const regex = context.regex(words.next('a regular expression'), false);
  const format = context.format(words.next('a log-format string'), 'header');
  words.end();
  const source = context.thread;
  const replacement = new Replacement(source, regex, format);
  const items = new ReplacedItems(source, replacement);
  const messageOf = compileMessage(context);
  const fail = compileFailure(context);
  const step: ActionStep = (stream) => {
    const message = messageOf(stream);
    const { headers } = message;
    const { bytes } = source;
    replacement.prepare(stream);
    for (
      let row = headers.findName(field.id, bytes, field.start, field.length, 0);
      row >= 0;
      row = headers.findName(field.id, bytes, field.start, field.length, row + 1)
    ) {
      const start = headers.valueStart(row);
      const end = headers.valueEnd(row);
      if (!(byItem ? items.aim(start, end) : replacement.matches(start, end))) continue;
      if (!writeValue(source, stream, message, byItem ? items : replacement)) return fail(stream);
      headers.setValue(row, written.start, written.end);
    }
    return Outcome.next;
  };
  return isHost(field, context) ? withAuthority(step, context) : withFraming(step, field.id, context);
}

export const replaceHeader = defineAction({
  name: 'replace-header',
  signature: 'replace-header <name> <match-regex> <replace-fmt>',
  ruleSets: RULE_SETS,
  doc: 'Where the value of a field of this name matches, all of it becomes the text; \\1 to \\9 are the groups.',
  examples: [
    {
      rule: 'http-request replace-header Cookie foo=([^;]*);(.*) foo=\\1;ip=%[src];\\2',
      request: 'GET / HTTP/1.1\r\nCookie: foo=foobar; expires=Tue',
      head: 'GET / HTTP/1.1\ncookie: foo=foobar;ip=192.0.2.7; expires=Tue',
    },
  ],
  compile: (words, context) => compileReplace(words, false, context),
});

export const replaceValue = defineAction({
  name: 'replace-value',
  signature: 'replace-value <name> <match-regex> <replace-fmt>',
  ruleSets: RULE_SETS,
  doc: 'As replace-header, for each comma-separated value by itself. Blanks around a value that is replaced go.',
  examples: [
    {
      rule: 'http-request replace-value X-Forwarded-For ^192\\.168\\.(.*)$ 172.16.\\1',
      request: 'GET / HTTP/1.1\r\nX-Forwarded-For: 192.168.10.1, 192.168.13.24, 10.0.0.37',
      head: 'GET / HTTP/1.1\nx-forwarded-for: 172.16.10.1,172.16.13.24, 10.0.0.37',
    },
  ],
  compile: (words, context) => compileReplace(words, true, context),
});
