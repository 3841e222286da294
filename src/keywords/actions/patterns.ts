/**
 * Actions that change pattern files and maps while they are in use (HAProxy 3.x configuration 4.3). Every thread sees a change at
 * once. Where a version was committed since the stream began, the stream changes the one that it sees and the one that counts.
 */
import { type ActionStep, type CompileContext, defineAction, Outcome, type TextFormat } from '../../rules/define.ts';
import { atWord, RuleError } from '../../rules/error.ts';
import { Writer } from '../../rules/format/writer.ts';
import { PatternKind } from '../../rules/patterns/pattern-index.ts';
import type { PatternSet } from '../../rules/patterns/patterns.ts';
import { EVERY_COMMIT } from '../../rules/patterns/versions.ts';
import type { Words } from '../../rules/words.ts';

const GET = 'GET /img HTTP/1.1';
const ACL_SETS = ['http-request', 'http-response'] as const;
const MAP_SETS = ['http-request', 'http-response', 'http-after-response'] as const;

/** The set that is named in parentheses. */
function setOf(words: Words, isMap: boolean, context: CompileContext): PatternSet {
  const name = words.argument;
  if (name === null || name === '') throw new RuleError(`the name of ${isMap ? 'a map' : 'a pattern file'} is expected in parentheses`);
  try {
    return context.thread.patterns.open({ name, isMap, kind: PatternKind.exact, fold: false }).set;
  } catch (error) {
    throw new RuleError((error as Error).message, -1, name);
  }
}

function formatOf(words: Words, what: string, context: CompileContext): TextFormat {
  const word = words.at;
  const text = words.next(what);
  return atWord(word, () => context.format(text, 'text'));
}

type Change = (set: PatternSet, out: Writer, key: number, keyEnd: number, valueEnd: number) => void;

/** Writes the key and, if there is one, the value, and hands them over. They lie on the desk: a format may use all of scratch. */
function compileChange(set: PatternSet, key: TextFormat, value: TextFormat | null, change: Change, context: CompileContext): ActionStep {
  const { memory } = context.thread;
  const out = new Writer(memory);
  return (stream) => {
    const start = memory.deskStart;
    out.open(start, memory.deskEnd);
    key.write(out, stream);
    const keyEnd = out.at;
    value?.write(out, stream);
    if (out.overflow) return Outcome.next;
    const { entries } = set;
    entries.see(stream.patternCommits);
    change(set, out, start, keyEnd, out.at);
    if (!entries.isBehind) return Outcome.next;
    entries.see(EVERY_COMMIT);
    change(set, out, start, keyEnd, out.at);
    return Outcome.next;
  };
}

function addKey(set: PatternSet, { bytes }: Writer, key: number, keyEnd: number): void {
  if (set.findKey(bytes, key, keyEnd) < 0) set.add(bytes, key, keyEnd, -1, -1);
}

function deleteKey(set: PatternSet, { bytes }: Writer, key: number, keyEnd: number): void {
  set.delete(bytes, key, keyEnd);
}

function setKey(set: PatternSet, { bytes }: Writer, key: number, keyEnd: number, valueEnd: number): void {
  if (set.findKey(bytes, key, keyEnd) < 0) set.add(bytes, key, keyEnd, keyEnd, valueEnd);
  else set.set(bytes, key, keyEnd, keyEnd, valueEnd);
}

export const addAcl = defineAction({
  name: 'add-acl',
  signature: 'add-acl(<file-name>) <key fmt>',
  ruleSets: ACL_SETS,
  doc: 'Adds a pattern to a pattern file that an ACL uses, if it is not there yet. The file itself is not written.',
  examples: [{ rule: 'http-request add-acl(blocked.lst) %[src]', request: GET, head: GET }],
  compile: (words, context) => {
    const set = setOf(words, false, context);
    const key = formatOf(words, 'a pattern', context);
    words.end();
    return compileChange(set, key, null, addKey, context);
  },
});

export const delAcl = defineAction({
  name: 'del-acl',
  signature: 'del-acl(<file-name>) <key fmt>',
  ruleSets: ACL_SETS,
  doc: 'Deletes a pattern from a pattern file that an ACL uses. The file itself is not written.',
  examples: [{ rule: 'http-request del-acl(blocked.lst) evil.test', request: GET, head: GET }],
  compile: (words, context) => {
    const set = setOf(words, false, context);
    const key = formatOf(words, 'a pattern', context);
    words.end();
    return compileChange(set, key, null, deleteKey, context);
  },
});

export const setMap = defineAction({
  name: 'set-map',
  signature: 'set-map(<map-name>) <key fmt> <value fmt>',
  ruleSets: MAP_SETS,
  doc: 'Sets the value of a key of a map, which is added if it is not there. The file itself is not written.',
  examples: [{ rule: 'http-request set-map(hosts.map) %[path] seen', request: GET, head: GET }],
  compile: (words, context) => {
    const set = setOf(words, true, context);
    const key = formatOf(words, 'a key', context);
    const value = formatOf(words, 'a value', context);
    words.end();
    return compileChange(set, key, value, setKey, context);
  },
});

export const delMap = defineAction({
  name: 'del-map',
  signature: 'del-map(<map-name>) <key fmt>',
  ruleSets: MAP_SETS,
  doc: 'Deletes a key from a map. The file itself is not written.',
  examples: [{ rule: 'http-request del-map(hosts.map) example.com', request: GET, head: GET }],
  compile: (words, context) => {
    const set = setOf(words, true, context);
    const key = formatOf(words, 'a key', context);
    words.end();
    return compileChange(set, key, null, deleteKey, context);
  },
});
