/**
 * The text of expressions: names, arguments in parentheses, commas between calls, with HAProxy's second
 * quoting (HAProxy 3.x configuration 2.2: inside arguments, quotes and backslashes are resolved once more).
 * Start only. It must not know any fetch or converter.
 */
import { RuleError } from './error.ts';

export interface Call {
  readonly name: string;
  readonly args: readonly string[];
}

export interface ParsedCalls {
  readonly calls: readonly Call[];
  /** Offset of the first character that does not belong to the expression. */
  readonly end: number;
}

/** What a backslash means before these; before any other character it is one of the text, so commas and parentheses need quotes. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
  [' ', ' '],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

const NAME_CHAR = /[-\w.+]/;

/** Reads `name(args),name(args)…` from `from` on, as far as it goes. */
export function parseCalls(text: string, from: number): ParsedCalls {
  const calls: Call[] = [];
  let at = from;
  for (;;) {
    const { call, end } = parseCall(text, at);
    calls.push(call);
    at = end;
    if (text[at] !== ',') return { calls, end: at };
    at++;
  }
}

function parseCall(text: string, from: number): { call: Call; end: number } {
  let at = from;
  while (at < text.length && NAME_CHAR.test(text[at] as string)) at++;
  const name = text.slice(from, at);
  if (name === '') {
    const rest = text.slice(from);
    throw new RuleError(rest === '' ? 'a sample fetch or converter is missing' : `a name is expected at '${rest}'`, -1, rest);
  }
  if (text[at] !== '(') return { call: { name, args: [] }, end: at };
  const { args, end } = parseArgs(text, at + 1, name);
  return { call: { name, args }, end };
}

/** Reads arguments up to the closing parenthesis. `()` has none. */
function parseArgs(text: string, from: number, name: string): { args: string[]; end: number } {
  const args: string[] = [];
  let value = '';
  let quoted = false;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const char = text[at] as string;
    if (quote === "'") {
      if (char === quote) quote = '';
      else value += char;
    } else if (char === '\\' && ESCAPES.has(text[at + 1] ?? '')) value += ESCAPES.get(text[++at] as string) as string;
    else if (quote !== '') {
      if (char === quote) quote = '';
      else value += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      quoted = true;
    } else if (char === ')') {
      if (args.length > 0 || value !== '' || quoted) args.push(value);
      return { args, end: at + 1 };
    } else if (char === ',') {
      args.push(value);
      value = '';
    } else value += char;
  }
  const missing = quote !== '' ? `closing ${quote}` : "closing ')'";
  throw new RuleError(`${missing} is missing in the arguments of '${name}'`, -1, text.slice(from));
}
