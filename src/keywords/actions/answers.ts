/** Actions that answer: deny and return, with the words they share (HAProxy 3.x configuration 4.4). */
import { type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { compileReply, fixedReply, type Reply, type ReplyField, type ReplyParts } from '../../rules/dynamic-reply.ts';
import { atWord, notSupported, RuleError } from '../../rules/error.ts';
import { PAGE_STATUSES } from '../../rules/pages.ts';
import { readsResponse } from '../../rules/place.ts';
import { errorFileReply } from '../../rules/reply.ts';
import type { Words } from '../../rules/words.ts';
import { type Cause, Ended } from '../../state/end.ts';

const OPTIONS = [
  'status',
  'content-type',
  'default-errorfiles',
  'errorfile',
  'errorfiles',
  'file',
  'lf-file',
  'string',
  'lf-string',
  'hdr',
] as const;
const MOST_BODY = 16384;

/** What the words behind the action say, as they are read. */
interface Draft {
  status: number;
  hasStatus: boolean;
  contentType: string | null;
  payload: ReplyParts['body'];
  payloadWord: string | null;
  errorFile: Reply | null;
  usesErrorFiles: boolean;
  readonly fields: ReplyField[];
}

function readReply(words: Words, status: number, context: CompileContext): Draft {
  const draft: Draft = {
    status,
    hasStatus: false,
    contentType: null,
    payload: null,
    payloadWord: null,
    errorFile: null,
    usesErrorFiles: false,
    fields: [],
  };
  while (words.left > 0) readOption(words, draft, context);
  return draft;
}

function readOption(words: Words, draft: Draft, context: CompileContext): void {
  const option = words.next('an option');
  switch (option) {
    case 'status':
    case 'deny_status':
      draft.status = words.integer('a status', 200, 599);
      draft.hasStatus = true;
      return;
    case 'content-type':
      draft.contentType = words.next('a content type');
      return;
    case 'default-errorfiles':
      takePayload(words, draft, option);
      draft.usesErrorFiles = true;
      return;
    case 'hdr':
      draft.fields.push(readField(words, context));
      return;
    case 'errorfile':
    case 'file':
    case 'string':
    case 'lf-string':
    case 'lf-file':
      takePayload(words, draft, option);
      readPayload(words, draft, option, context);
      return;
    case 'errorfiles':
      throw notSupported("'errorfiles'", words.at - 1);
    default:
      throw new RuleError(`expects ${OPTIONS.join(', ')} but got '${option}'`, words.at - 1, option, OPTIONS);
  }
}

function takePayload(words: Words, draft: Draft, option: string): void {
  if (draft.payloadWord !== null)
    throw new RuleError(`'${option}' can't be used together with '${draft.payloadWord}'`, words.at - 1, option);
  draft.payloadWord = option;
}

function readPayload(words: Words, draft: Draft, option: string, context: CompileContext): void {
  const value = words.next(option.endsWith('file') ? 'a file name' : 'a text');
  const word = words.at - 1;
  if (option === 'string') draft.payload = { constant: value, write: () => undefined };
  else if (option === 'lf-string') draft.payload = atWord(word, () => context.format(value, 'text'));
  else {
    const bytes = readFile(value, word, context);
    if (option === 'errorfile')
      draft.errorFile = fixedReply(
        context.thread,
        atWord(word, () => errorFileReply(context.thread.memory, bytes)),
      );
    else if (option === 'file') draft.payload = bytes;
    else draft.payload = atWord(word, () => context.format(String.fromCharCode(...bytes), 'text'));
  }
}

function readFile(path: string, word: number, context: CompileContext): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(context.thread.readLines(path).join('\n'), (char) => char.charCodeAt(0));
  } catch (error) {
    throw new RuleError(`file '${path}' can't be read: ${(error as Error).message}`, word, path);
  }
  if (bytes.length > MOST_BODY)
    throw new RuleError(`file '${path}' has ${bytes.length} bytes, at most ${MOST_BODY} are allowed`, word, path);
  return bytes;
}

function readField(words: Words, context: CompileContext): ReplyField {
  const name = words.next('the name of a header field').toLowerCase();
  const text = words.next('the value of a header field');
  return { name, format: atWord(words.at - 1, () => context.format(text, 'header')) };
}

function makeReply(draft: Draft, context: CompileContext): Reply {
  if (draft.errorFile !== null) return draft.errorFile;
  if (draft.usesErrorFiles) return errorPage(draft, context);
  const fields = draft.fields.slice();
  if (draft.payload !== null) {
    if (draft.contentType === null && draft.payloadWord !== null) {
      throw new RuleError(`'${draft.payloadWord}' needs a 'content-type'`, -1, draft.payloadWord);
    }
    fields.push({ name: 'content-type', format: context.format((draft.contentType ?? '').replaceAll('%', '%%'), 'header') });
  }
  return compileReply({ status: draft.status, reason: null, fields, body: draft.payload }, context);
}

function errorPage(draft: Draft, context: CompileContext): Reply {
  const reply = context.errorReply(draft.status);
  if (reply === null) {
    throw new RuleError(
      `status ${draft.status} has no error page, neither built in nor by 'errorfile'`,
      -1,
      String(draft.status),
      PAGE_STATUSES.map(String),
    );
  }
  return fixedReply(context.thread, reply);
}

function compileAnswer(reply: Reply, cause: Cause): ActionStep {
  return (stream) => {
    stream.cause = cause;
    reply.fill(stream);
    return Outcome.answer;
  };
}

const GET = 'GET / HTTP/1.1';
const FORBIDDEN = '<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n';

export const deny = defineAction({
  name: 'deny',
  signature:
    'deny [ { status | deny_status } <code> ] [ content-type <type> ] [ { default-errorfiles | errorfile <file> | string <str> … } ] [ hdr <name> <fmt> ]*',
  ruleSets: ['http-request', 'http-response'],
  doc: 'Refuses the message: 403 for a request, 502 for a response, unless a status is given. Logged as PR.',
  examples: [
    {
      rule: 'http-request deny',
      request: GET,
      head: 'HTTP/1.1 403 Forbidden\ncache-control: no-cache\ncontent-type: text/html',
      body: FORBIDDEN,
    },
    {
      rule: 'http-request deny deny_status 429 content-type text/plain string "slow down" hdr retry-after 5',
      request: GET,
      head: 'HTTP/1.1 429 Too Many Requests\nretry-after: 5\ncontent-type: text/plain',
      body: 'slow down',
    },
  ],
  compile: (words, context) => {
    const draft = readReply(words, readsResponse(context.places) ? 502 : 403, context);
    if (draft.payloadWord === null && draft.fields.length === 0) draft.usesErrorFiles = true;
    return compileAnswer(makeReply(draft, context), Ended.denied);
  },
});

export const answer = defineAction({
  name: 'return',
  signature:
    'return [ status <code> ] [ content-type <type> ] [ { default-errorfiles | errorfile <file> | file <file> | string <str> | lf-string <fmt> … } ] [ hdr <name> <fmt> ]*',
  ruleSets: ['http-request', 'http-response'],
  doc: 'Answers the request here: status 200 unless another is given. Logged as LR.',
  examples: [
    { rule: 'http-request return', request: GET, head: 'HTTP/1.1 200 OK', body: '' },
    {
      rule: 'http-request return status 200 content-type text/plain lf-string "you are %[src] %% %ci"',
      request: GET,
      head: 'HTTP/1.1 200 OK\ncontent-type: text/plain',
      body: 'you are 192.0.2.7 % 192.0.2.7',
    },
    {
      rule: 'http-request return status 404 hdr X-Path %[path]',
      request: 'GET /x?y HTTP/1.1',
      head: 'HTTP/1.1 404 Not Found\nx-path: /x',
      body: '',
    },
    {
      rule: 'http-request return status 503 default-errorfiles',
      request: GET,
      head: 'HTTP/1.1 503 Service Unavailable\ncache-control: no-cache\ncontent-type: text/html',
    },
  ],
  compile: (words, context) => compileAnswer(makeReply(readReply(words, 200, context), context), Ended.local),
});
