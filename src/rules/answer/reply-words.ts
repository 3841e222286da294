/**
 * The words that describe an answer, shared by return, deny, tarpit and http-error (HAProxy configuration manual, 4.2
 * http-error and 4.4 return): status, content type, payload, header fields. Start only.
 */
import type { LocalReply } from '../../state/records.ts';
import type { CannedReply } from '../../state/settings.ts';
import type { CompileContext } from '../define.ts';
import { atWord, RuleError } from '../error.ts';
import { latin1 } from '../value/bytes.ts';
import type { Words } from '../words.ts';
import { compileReply, type ReplyField, type ReplyParts } from './dynamic-reply.ts';
import { ConstantReply } from './error-page.ts';
import { PAGE_STATUSES } from './pages.ts';
import { errorFileReply } from './reply.ts';

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
/** tune.bufsize: what an answer may hold at most. */
const MOST_BODY = 16384;

/** What the words behind the action say, as they are read. */
interface Draft {
  status: number;
  hasStatus: boolean;
  /** Nothing but `deny_status` was said: the answer is the error page of the status. */
  isPlain: boolean;
  contentType: string | null;
  payload: ReplyParts['body'];
  payloadWord: string | null;
  errorFile: CannedReply | null;
  /** Of `errorfiles`. */
  section: string | null;
  usesErrorFiles: boolean;
  readonly fields: ReplyField[];
}

/**
 * Reads all words that are left. Words that say nothing but a status give the error page of that status if `plainIsPage`.
 * @throws RuleError
 */
export function compileReplyWords(words: Words, status: number, plainIsPage: boolean, context: CompileContext): LocalReply {
  const draft = readReply(words, status, context);
  if (draft.isPlain && plainIsPage) draft.usesErrorFiles = true;
  return makeReply(draft, context);
}

/** The words of `http-error`; null: the page of the status is the default again. @throws RuleError */
export function compileHttpError(words: Words, context: CompileContext): { readonly status: number; readonly reply: LocalReply | null } {
  const draft = readReply(words, 0, context);
  const { status } = draft;
  if (!draft.hasStatus) throw new RuleError('expects at least a status');
  if (!PAGE_STATUSES.includes(status)) throw unhandled(status, '');
  // A page that a section lacks is the default one, too.
  const isDefault = draft.usesErrorFiles || (draft.section !== null && sectionPage(draft, context) === undefined);
  return { status, reply: isDefault ? null : makeReply(draft, context) };
}

function readReply(words: Words, status: number, context: CompileContext): Draft {
  const draft: Draft = {
    status,
    hasStatus: false,
    isPlain: true,
    contentType: null,
    payload: null,
    payloadWord: null,
    errorFile: null,
    section: null,
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
      if (option === 'status') draft.isPlain = false;
      return;
    case 'content-type':
      draft.contentType = words.next('a content type');
      draft.isPlain = false;
      return;
    case 'default-errorfiles':
      takePayload(words, draft, option);
      draft.usesErrorFiles = true;
      return;
    case 'errorfiles':
      takePayload(words, draft, option);
      draft.section = words.next('the name of an http-errors section');
      checkSection(draft.section, words.at - 1, context);
      return;
    case 'hdr':
      readField(words, draft, context);
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
    default:
      throw new RuleError(
        `expects ${OPTIONS.join(', ')}, or 'if' or 'unless' with a condition, but got '${option}'`,
        words.at - 1,
        option,
        [...OPTIONS, 'if', 'unless'],
      );
  }
}

function takePayload(words: Words, draft: Draft, option: string): void {
  if (draft.payloadWord !== null)
    throw new RuleError(`'${option}' can't be used together with '${draft.payloadWord}'`, words.at - 1, option);
  draft.payloadWord = option;
  draft.isPlain = false;
}

function checkSection(name: string, word: number, { thread }: CompileContext): void {
  if (thread.errorSections.has(name)) return;
  throw new RuleError(`unknown http-errors section '${name}'`, word, name, Array.from(thread.errorSections.keys()));
}

function readPayload(words: Words, draft: Draft, option: string, context: CompileContext): void {
  const value = words.next(option.endsWith('file') ? 'a file name' : 'a text');
  const word = words.at - 1;
  const { memory } = context.thread;
  if (option === 'string') draft.payload = Uint8Array.from(value, (char) => char.charCodeAt(0));
  else if (option === 'lf-string') draft.payload = atWord(word, () => context.format(value, 'text'));
  else {
    const bytes = readFile(value, word, context);
    if (option === 'errorfile') draft.errorFile = atWord(word, () => errorFileReply(memory, bytes));
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

/** Fields that the answer's payload decides. */
const OWN_FIELDS = ['content-length', 'content-type', 'transfer-encoding'];

function readField(words: Words, draft: Draft, context: CompileContext): void {
  const name = words.next('the name of a header field').toLowerCase();
  const text = words.next('the value of a header field');
  if (OWN_FIELDS.includes(name)) context.warn(`header '${name}' is always ignored by an answer`);
  else draft.fields.push({ name, format: atWord(words.at - 1, () => context.format(text, 'header')) });
}

function makeReply(draft: Draft, context: CompileContext): LocalReply {
  const page = pageOf(draft, context);
  if (page !== null) {
    if (draft.fields.length > 0) context.warn("'hdr' is ignored by an answer from an error file");
    return page;
  }
  const body = isEmpty(draft.payload) ? null : draft.payload;
  if (body !== null && (draft.status === 204 || draft.status === 304)) {
    throw new RuleError(`no body expected for ${draft.status} responses`, -1, draft.payloadWord ?? '');
  }
  if (body !== null && draft.contentType === null) {
    throw new RuleError('a content type must be defined when non-empty payload is configured');
  }
  if (body === null && draft.contentType !== null) {
    context.warn(`content-type '${draft.contentType}' is ignored by an answer without a payload`);
  }
  return compileReply(
    { status: draft.status, reason: null, fields: draft.fields, contentType: draft.contentType, lengthFirst: false, body },
    context,
  );
}

function isEmpty(payload: ReplyParts['body']): boolean {
  return payload instanceof Uint8Array ? payload.length === 0 : payload === null || payload.constant === '';
}

/** The whole answer that a file, a section or the proxies give; null: none of them is asked. */
function pageOf(draft: Draft, context: CompileContext): LocalReply | null {
  if (draft.section !== null) {
    const own = sectionPage(draft, context);
    if (own !== undefined) return own;
    // As in HAProxy: no page of another place, but none at all; and only for a status that has one elsewhere.
    if (context.errorReply(draft.status) === null) throw unhandled(draft.status, " by default with 'errorfiles' argument");
    const parts = { status: draft.status, reason: null, fields: [], contentType: null, lengthFirst: false, body: null };
    return compileReply(parts, context);
  }
  if (draft.errorFile !== null) {
    return new ConstantReply(context.thread.memory, draft.errorFile, true, draft.status);
  }
  if (!draft.usesErrorFiles) return null;
  const page = context.errorReply(draft.status);
  if (page === null) throw unhandled(draft.status, ` by default with '${draft.payloadWord ?? 'default-errorfiles'}' argument`);
  return page;
}

/** The page of `errorfiles`; undefined, with a warning: the section has none of this status. */
function sectionPage({ section, status }: Draft, context: CompileContext): LocalReply | undefined {
  const page = context.thread.errorSections.get(section ?? '')?.get(status);
  if (page === undefined) context.warn(`status '${status}' is not declared in http-errors section '${section}'`);
  return page;
}

function unhandled(status: number, rest: string): RuleError {
  return new RuleError(`status code '${status}' not handled${rest}`, -1, String(status), PAGE_STATUSES.map(String));
}
