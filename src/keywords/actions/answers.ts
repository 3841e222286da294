/** Actions that answer: deny and return, with the words they share (HAProxy 3.x configuration 4.4). */
import { latin1 } from '../../rules/bytes.ts';
import { type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { compileReply, fixedReply, type Reply, type ReplyField, type ReplyParts } from '../../rules/dynamic-reply.ts';
import { atWord, notSupported, RuleError } from '../../rules/error.ts';
import { PAGE_STATUSES } from '../../rules/pages.ts';
import { readsResponse } from '../../rules/place.ts';
import { errorFileReply, isSilent } from '../../rules/reply.ts';
import type { Words } from '../../rules/words.ts';
import { type Cause, Ended } from '../../state/end.ts';
import type { CannedReply } from '../../state/settings.ts';

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
  /** Nothing but `deny_status` was said: the answer is the error page of the status. */
  isPlain: boolean;
  contentType: string | null;
  payload: ReplyParts['body'];
  payloadWord: string | null;
  errorFile: CannedReply | null;
  usesErrorFiles: boolean;
  readonly fields: ReplyField[];
}

function readReply(words: Words, status: number, context: CompileContext): Draft {
  const draft: Draft = {
    status,
    isPlain: true,
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
      draft.status = words.integer('a status', 200, 599);
      draft.isPlain = false;
      return;
    case 'deny_status':
      draft.status = words.integer('a status', 200, 599);
      return;
    case 'content-type':
      draft.contentType = words.next('a content type');
      draft.isPlain = false;
      return;
    case 'default-errorfiles':
      takePayload(words, draft, option);
      draft.usesErrorFiles = true;
      return;
    case 'hdr':
      draft.fields.push(readField(words, context));
      draft.isPlain = false;
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
  draft.isPlain = false;
}

function readPayload(words: Words, draft: Draft, option: string, context: CompileContext): void {
  const value = words.next(option.endsWith('file') ? 'a file name' : 'a text');
  const word = words.at - 1;
  if (option === 'string') draft.payload = { constant: value, write: () => undefined };
  else if (option === 'lf-string') draft.payload = atWord(word, () => context.format(value, 'text'));
  else {
    const bytes = readFile(value, word, context);
    if (option === 'errorfile') draft.errorFile = atWord(word, () => errorFileReply(context.thread.memory, bytes));
    else if (option === 'file') draft.payload = bytes;
    else draft.payload = atWord(word, () => context.format(latin1(bytes), 'text'));
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

/** null: no answer, the connection closes. */
function makeReply(draft: Draft, context: CompileContext): Reply | null {
  const page = draft.usesErrorFiles ? errorPage(draft, context) : draft.errorFile;
  if (page !== null) {
    if (draft.fields.length > 0) context.warn("'hdr' is ignored by an answer from an error file");
    return isSilent(page) ? null : fixedReply(context.thread, page);
  }
  const fields = draft.fields.slice();
  if (draft.payload !== null) {
    if (draft.contentType === null) throw new RuleError('a content type must be defined when non-empty payload is configured');
    fields.push({ name: 'content-type', format: context.format(draft.contentType.replaceAll('%', '%%'), 'header') });
  } else if (draft.contentType !== null) {
    context.warn(`content-type '${draft.contentType}' is ignored by an answer without a payload`);
  }
  return compileReply({ status: draft.status, reason: null, fields, body: draft.payload }, context);
}

function errorPage(draft: Draft, context: CompileContext): CannedReply {
  const reply = context.errorReply(draft.status);
  if (reply !== null) return reply;
  const text = `status code '${draft.status}' not handled by default with 'default-errorfiles' argument`;
  throw new RuleError(text, -1, String(draft.status), PAGE_STATUSES.map(String));
}

function compileAnswer(reply: Reply | null, cause: Cause): ActionStep {
  return (stream) => {
    stream.cause = cause;
    if (reply === null) return Outcome.drop;
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
  doc: 'Refuses the message: 403 for a request, 502 for a response, unless a status is given. The answer is the error page of the status, but empty if more than `deny_status` is said. Logged as PR.',
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
    { rule: 'http-request deny status 418', request: GET, head: "HTTP/1.1 418 I'm a teapot", body: '' },
  ],
  compile: (words, context) => {
    const draft = readReply(words, readsResponse(context.places) ? 502 : 403, context);
    if (draft.isPlain) draft.usesErrorFiles = true;
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
