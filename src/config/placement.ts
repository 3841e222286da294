/** What is said about a line in a proxy section that can't use it, in HAProxy's words. It must not know what the lines do. */
import type { Directive } from '../keywords/define.ts';

export interface Misplaced {
  /** false: the line is ignored with a warning. */
  readonly isError: boolean;
  readonly text: string;
}

/** Families that are named by their first word. */
const FIRST_WORD = /^(?:capture|http-check|monitor|stick|tcp-check)(?= )/;
const HINTS: Readonly<Record<string, string>> = {
  fullconn: " Maybe you want 'maxconn' instead ?",
  maxconn: " Maybe you want 'fullconn' instead ?",
};
const LOG_LINES = /^(?:option (?:tcplog|httplog|httpslog)|log-format|log-format-sd|error-log-format)$/;

/** @param kind the section's, one that `directive` does not name @param name the proxy's */
export function misplaced(directive: Directive, kind: string, name: string): Misplaced {
  if (kind !== 'frontend' && kind !== 'backend') return { isError: true, text: `'${directive.name}' not allowed in '${kind}' section.` };
  const word = directive.name;
  const missing = kind === 'frontend' ? 'backend' : 'frontend';
  const because = `because ${kind} '${name}' has no ${missing} capability`;
  if (/^(?:retry-on$|declare capture)/.test(word))
    return { isError: true, text: `'${word.split(' ')[0]}' only available in ${missing} or listen section` };
  if (word.startsWith('tcp-request')) return { isError: true, text: `${word} is not allowed because ${kind} ${name} is not a ${missing}` };
  if (directive.strict) return { isError: true, text: `'${word}' not allowed ${because}.` };
  if (word.startsWith('timeout ')) return { isError: false, text: `'${word}' will be ignored ${because}` };
  if (word.startsWith('rate-limit ')) return { isError: false, text: `${word} will be ignored ${because}` };
  if (LOG_LINES.test(word)) return { isError: false, text: `${kind} '${name}' : '${word}' directive is ignored in ${kind}s.` };
  const called = FIRST_WORD.exec(word)?.[0] ?? word.replace('option ', '');
  return { isError: false, text: `'${called}' ignored ${because}.${HINTS[word] ?? ''}` };
}

/** About rules in a defaults section without name. */
export function needsName({ name }: Directive): string {
  if (name.startsWith('tcp-request')) return `${name} is not allowed in anonymous 'defaults' sections`;
  if (name.startsWith('tcp-response')) return `${name} is only allowed in 'backend' sections or 'defaults' section with a name`;
  return `'${name}' not allowed in anonymous 'defaults' section.`;
}
