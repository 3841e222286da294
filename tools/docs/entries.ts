/** One entry of the reference for each kind of keyword object. It must not know the order of the pages. */
import type { BindOption, Directive, Example, Section, ServerOption } from '../../src/keywords/define.ts';
import type { Action, Alias, Converter, Fetch, Matcher } from '../../src/rules/define.ts';
import { Valid } from '../../src/rules/place.ts';
import { TYPE_NAMES } from '../../src/rules/sample.ts';
import { argumentNotes, callSignature, lineSignature, ruleArgumentNotes } from './signature.ts';

export interface Entry {
  readonly name: string;
  readonly text: string;
}

function entry(name: string, signature: string, facts: readonly string[], doc: string, examples: string): Entry {
  const lines = [`### ${escaped(name)}`, '', '```text', signature, '```', '', doc, ''];
  if (facts.length > 0) lines.push(...facts.map((fact) => `- ${fact}`), '');
  if (examples !== '') lines.push(examples, '');
  return { name, text: lines.join('\n') };
}

/** Names such as `%B` and `set-var(…)` stand as they are; what Markdown would eat is escaped. */
function escaped(name: string): string {
  return name.replace(/[*_<>|[\]]/g, '\\$&');
}

const LETTERS: Readonly<Record<string, string>> = { D: 'defaults', F: 'frontend', L: 'listen', B: 'backend' };

/** What is accepted without doing anything, and why. */
function effectNotes({ noEffect }: { readonly noEffect?: string | undefined }): string[] {
  return noEffect === undefined ? [] : [`**no effect here**: ${noEffect}`];
}

/** @param known HAProxy's signature: it says more where our arguments end in "the rest" */
export function directiveEntry(directive: Directive, known: string): Entry {
  const { name, args, negatable, doc, examples, sections, namedOnly, scope } = directive;
  const facts = [...argumentNotes(args), ...effectNotes(directive)];
  if (scope === 'proxy') {
    const where = [...'DFLB'].filter((letter) => sections.includes(letter)).map((letter) => LETTERS[letter]);
    facts.unshift(`valid in ${where.join(', ')}${namedOnly ? ' (defaults only if they have a name)' : ''}`);
  }
  const isOpen = known !== '' && args.some(({ kind }) => kind === 'rest');
  if (isOpen) facts.push("the signature is HAProxy's");
  return entry(name, isOpen ? known : lineSignature(name, args, negatable), facts, doc, lineExamples(examples));
}

export function sectionEntry({ name, doc, named, examples }: Section): Entry {
  const signature = named === 'no' ? name : named === 'yes' ? `${name} <name>` : `${name} [ <name> ]`;
  return entry(`section ${name}`, signature, [], doc, lineExamples(examples));
}

export function optionEntry(option: BindOption | ServerOption): Entry {
  const facts = [...argumentNotes(option.args), ...effectNotes(option)];
  if ('single' in option && option.single) facts.push('not on `default-server` lines');
  return entry(option.name, lineSignature(option.name, option.args, false), facts, option.doc, lineExamples(option.examples));
}

function lineExamples(examples: readonly Example[]): string {
  const good = examples.filter(({ says }) => says === undefined).map(({ text }) => text);
  const bad = examples
    .filter(({ says }) => says !== undefined)
    .map(({ text, says }) => `${plain(text.replace(/\n\s*/g, ' ↵ '))} says: ${plain(says ?? '')}`);
  const parts: string[] = [];
  if (good.length > 0) parts.push(fence('haproxy', good.join('\n')));
  if (bad.length > 0) parts.push(bad.map((line) => `- ${line}`).join('\n'));
  return parts.join('\n\n');
}

/** Text of a message inside a sentence. */
function plain(text: string): string {
  return `\`${text.replaceAll('`', "'").trim()}\``;
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

const PLACE_TEXTS: ReadonlyMap<string, string> = new Map([
  [Valid.always, 'everywhere'],
  [Valid.running, 'everywhere but in the configuration parser'],
  [Valid.client, 'wherever there is a client connection, and in checks'],
  [Valid.frontend, 'wherever there is a client connection'],
  [Valid.backend, 'once the backend is chosen'],
  [Valid.server, 'once the server is chosen'],
  [Valid.request, 'while the request is there'],
  [Valid.requestKept, 'from the request to the log'],
  [Valid.message, 'while the request or the response is there'],
  [Valid.response, 'while the response is there'],
  [Valid.responseKept, 'from the response to the log'],
]);

export function fetchEntry({ name, args, type, valid, doc, derivatives, examples }: Fetch): Entry {
  const facts = [
    `gives: ${TYPE_NAMES[type]}`,
    `valid ${PLACE_TEXTS.get(valid) ?? `in the places \`${valid}\``}`,
    ...ruleArgumentNotes(args),
  ];
  if (derivatives.length > 0) facts.push(`ACL keywords: ${derivatives.map((one) => `\`${one}\`, \`${one}_beg\` …`).join(', ')}`);
  const lines = examples.map(({ call, request, response, out }) => {
    const on = [request, response].filter((text) => text !== undefined).map((text) => ` on \`${oneLine(text)}\``);
    return `- \`${call}\`${on.join(' and ')} gives ${value(out)}`;
  });
  return entry(name, callSignature(name, args), facts, doc, lines.join('\n'));
}

export function converterEntry({ name, args, from, to, doc, examples }: Converter): Entry {
  const facts = [`${TYPE_NAMES[from]} → ${to === 0 ? 'the same' : TYPE_NAMES[to]}`, ...ruleArgumentNotes(args)];
  const lines = examples.map(({ value: input, call, out }) => `- ${value(input)} through \`${call}\` gives ${value(out)}`);
  return entry(name, callSignature(name, args), facts, doc, lines.join('\n'));
}

export function matcherEntry({ name, expects, kind, doc, examples }: Matcher): Entry {
  const lines = examples.map(({ value: input, patterns, ignoreCase, out }) => {
    const flag = ignoreCase === true ? '-i ' : '';
    return `- ${value(input)} with \`${[`${flag}-m ${name}`, ...patterns].join(' ')}\`: ${out ? 'matches' : 'does not match'}`;
  });
  return entry(
    name,
    kind !== null ? `-m ${name} <pattern> …` : `-m ${name}`,
    [`the sample is taken as: ${TYPE_NAMES[expects]}`],
    doc,
    lines.join('\n'),
  );
}

export function actionEntry({ name, signature, ruleSets, doc, examples }: Action): Entry {
  const facts = [`in: ${ruleSets.map((set) => `\`${set}\``).join(', ')}`];
  return entry(name, signature, facts, doc, fence('haproxy', examples.map(({ rule }) => rule).join('\n')));
}

export function aliasEntry({ name, kind, httpOnly, doc, examples }: Alias): Entry {
  const facts = [`a ${kind}${httpOnly ? ', in HTTP mode only' : ''}`];
  const lines = examples.map(({ format, out }) => `- \`${format}\` gives \`${out}\``);
  return entry(`%${name}`, `%${name}`, facts, doc, lines.join('\n'));
}

function value(out: number | string | boolean | null): string {
  if (out === null) return 'no value';
  return typeof out === 'string' ? `\`"${oneLine(out)}"\`` : `\`${out}\``;
}

/** Control characters as escapes, and no character that ends a code span. */
function oneLine(text: string): string {
  return text
    .replaceAll('\r\n', '\\r\\n')
    .replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replaceAll('`', "'");
}
