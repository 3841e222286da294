/** normalize-uri: the request target in one of its equal forms (HAProxy 3.x configuration 4.4; RFC 3986 6.2.2). */
import { type ActionStep, type CompileContext, defineAction, Outcome, type TextFormat } from '../../rules/define.ts';
import { findParameters, findPath, findPathAndQuery, type PartFinder, part } from '../../rules/edit/exchange.ts';
import { Spliced } from '../../rules/edit/fieldtexts.ts';
import {
  decodeUnreserved,
  decodeUnreservedStrictly,
  encodeFragment,
  makeQuerySort,
  mergeSlashes,
  type Normalizer,
  stripDot,
  stripDotdot,
  stripDotdotFull,
  stripFragment,
  upperPercent,
  upperPercentStrictly,
} from '../../rules/edit/normalize.ts';
import { compileFailure, writeValue, written } from '../../rules/edit/rewrite.ts';
import { RuleError } from '../../rules/error.ts';
import type { Writer } from '../../rules/format/writer.ts';
import type { Words } from '../../rules/words.ts';
import { Ended } from '../../state/end.ts';
import type { LocalReply } from '../../state/records.ts';

interface Form {
  readonly find: PartFinder;
  readonly make: () => Normalizer;
  /** `full` or `strict`, and what it asks for. */
  readonly option?: string;
  readonly makeOther?: () => Normalizer;
}

const FORMS: Readonly<Record<string, Form>> = {
  'fragment-encode': { find: findPathAndQuery, make: () => encodeFragment },
  'fragment-strip': { find: findPathAndQuery, make: () => stripFragment },
  'path-merge-slashes': { find: findPath, make: () => mergeSlashes },
  'path-strip-dot': { find: findPath, make: () => stripDot },
  'path-strip-dotdot': { find: findPath, make: () => stripDotdot, option: 'full', makeOther: () => stripDotdotFull },
  'percent-decode-unreserved': {
    find: findPathAndQuery,
    make: () => decodeUnreserved,
    option: 'strict',
    makeOther: () => decodeUnreservedStrictly,
  },
  'percent-to-uppercase': { find: findPathAndQuery, make: () => upperPercent, option: 'strict', makeOther: () => upperPercentStrictly },
  'query-sort-by-name': { find: findParameters, make: makeQuerySort },
};

/** The normalised part of the target, as a text. */
class Normalized implements TextFormat {
  readonly constant = null;
  readonly #normalize: Normalizer;
  isValid = true;

  constructor(normalize: Normalizer) {
    this.#normalize = normalize;
  }

  write(out: Writer): void {
    this.isValid = this.#normalize(out, part.start, part.end);
  }
}

function readForm(words: Words): { readonly find: PartFinder; readonly normalize: Normalizer } {
  const form = FORMS[words.choice('a normalizer', Object.keys(FORMS))] as Form;
  const { option, makeOther } = form;
  const isOther = option !== undefined && words.take(option);
  words.end(option === undefined ? [] : [option]);
  return { find: form.find, normalize: isOther && makeOther !== undefined ? makeOther() : form.make() };
}

function compileNormalize(words: Words, context: CompileContext): ActionStep {
  const { find, normalize } = readForm(words);
  const source = context.thread;
  const text = new Normalized(normalize);
  const spliced = new Spliced(text);
  const fail = compileFailure(context);
  const badRequest = context.errorReply(400) as LocalReply;
  return (stream) => {
    const { request } = stream;
    if (!find(stream, source.bytes)) return Outcome.next;
    spliced.beforeStart = request.targetStart;
    spliced.beforeEnd = part.start;
    spliced.afterStart = part.end;
    spliced.afterEnd = request.targetEnd;
    if (!writeValue(source, stream, request, spliced)) return fail(stream);
    if (!text.isValid) {
      stream.cause = Ended.badRequest;
      return badRequest.fill(stream) ? Outcome.answer : Outcome.drop;
    }
    request.setTarget(written.start, written.end);
    return Outcome.next;
  };
}

const example = (words: string, from: string, to: string): { rule: string; request: string; head: string } => ({
  rule: `http-request normalize-uri ${words}`,
  request: `GET ${from} HTTP/1.1`,
  head: `GET ${to} HTTP/1.1`,
});

export const normalizeUri = defineAction({
  name: 'normalize-uri',
  signature: 'normalize-uri <normalizer>',
  ruleSets: ['http-request'],
  doc: 'Rewrites the request target: fragment-encode, fragment-strip, path-merge-slashes, path-strip-dot, path-strip-dotdot [full], percent-decode-unreserved [strict], percent-to-uppercase [strict], query-sort-by-name. What `strict` finds invalid is answered 400.',
  examples: [
    example('path-merge-slashes', '//a///b/?x//y', '/a/b/?x//y'),
    example('path-strip-dot', '/./a/./b/.', '/a/b/'),
    example('path-strip-dotdot', '/foo//../bar/..', '/foo/'),
    example('path-strip-dotdot', '/bar/../../', '/../'),
    example('path-strip-dotdot full', '/bar/../../', '/'),
    example('percent-decode-unreserved', '/%61dmin%2f?%7e', '/admin%2f?~'),
    example('percent-to-uppercase', '/%6f%zz', '/%6F%zz'),
    example('query-sort-by-name', '/?a=3&b=4&a=1&aa&b=5&a=2', '/?a=3&a=1&a=2&aa&b=4&b=5'),
    example('fragment-encode', '/#a#b', '/%23a%23b'),
    example('fragment-strip', '/a?b#c', '/a?b'),
    {
      rule: 'http-request normalize-uri percent-to-uppercase strict',
      request: 'GET /%zz HTTP/1.1',
      head: 'HTTP/1.1 400 Bad request\ncontent-length: 90\ncache-control: no-cache\ncontent-type: text/html',
    },
  ],
  compile: (words, context) => {
    if (words.left === 0) throw new RuleError('expects a normalizer', -1, null, Object.keys(FORMS));
    return compileNormalize(words, context);
  },
});
