/** Names of header fields for peers that mind their case (HAProxy configuration manual, 3.1: h1-case-adjust). */
import { type DirectiveContext, defineGlobal, type Word } from '../define.ts';

const TOKEN = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;

/** null: it is right. */
function problemOf(from: string, to: string): string | null {
  if (!TOKEN.test(from)) return `'${from}' is not the name of a header field`;
  return from.toLowerCase() === to.toLowerCase() ? null : `'${to}' is not '${from}' in another case`;
}

export const h1CaseAdjust = defineGlobal({
  name: 'h1-case-adjust',
  args: [
    { name: 'from', kind: 'text' },
    { name: 'to', kind: 'word' },
  ],
  doc: 'How the name of a field is written where `option h1-case-adjust-bogus-client` or `-server` asks for it. Names are in lower case everywhere else.',
  examples: [
    { text: 'h1-case-adjust content-length Content-Length', gives: { caseAdjust: [{ from: 'content-length', to: 'Content-Length' }] } },
    { text: 'h1-case-adjust content-length Content-Type', says: "'Content-Type' is not 'content-length' in another case" },
    { text: 'h1-case-adjust content-length', says: "'h1-case-adjust' expects" },
  ],
  apply(global, [from, to], context) {
    const problem = problemOf(from, to.text);
    if (problem !== null) context.error({ text: `'h1-case-adjust' : ${problem}`, word: to });
    else global.caseAdjust.push({ from, to: to.text });
  },
});

export const h1CaseAdjustFile = defineGlobal({
  name: 'h1-case-adjust-file',
  args: [{ name: 'file', kind: 'word' }],
  doc: 'The same from a file: two names a line; empty lines and those that begin with `#` are skipped.',
  examples: [
    { text: 'h1-case-adjust-file /dev/null', gives: { caseAdjust: [] } },
    { text: 'h1-case-adjust-file /does/not/exist', says: "'/does/not/exist'" },
  ],
  apply(global, [file], context) {
    const lines = context.readLines(file);
    for (const [at, line] of (lines ?? []).entries()) {
      const [from, to, extra] = line.trim().split(/[ \t]+/);
      if (from === undefined || from === '' || from.startsWith('#')) continue;
      const problem = to === undefined || extra !== undefined ? 'expects two names' : problemOf(from, to);
      if (problem === null) global.caseAdjust.push({ from, to: to as string });
      else complain(file, at + 1, problem, context);
    }
  },
});

function complain(file: Word, line: number, problem: string, context: DirectiveContext): void {
  context.error({ text: `'h1-case-adjust-file' : line ${line} of '${file.text}': ${problem}`, word: file });
}
