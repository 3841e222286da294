/**
 * The codes of everything that is said about a configuration: stable names for tools, with what each means and what to do.
 * `docs/errors.md` is made from this table, and a test keeps it equal to what the sources use.
 */
import type { Severity } from './severity.ts';

interface CodeText {
  /** How it is said; several if it depends. */
  readonly severities: readonly Severity[];
  readonly meaning: string;
  /** What to do about it. */
  readonly advice: string;
}

const ALERT: readonly Severity[] = ['alert'];
const WARNING: readonly Severity[] = ['warning'];

export const CODES = {
  // Files and words
  unreadable: {
    severities: ALERT,
    meaning: 'A file or directory of `-f` cannot be opened.',
    advice: 'Check the path and its permissions; of a directory only `*.cfg` files are read.',
  },
  'missing-line-feed': {
    severities: ALERT,
    meaning: 'The last line has no line feed: the file may have been cut off.',
    advice: 'End the file with a line feed.',
  },
  'zero-byte': { severities: ALERT, meaning: 'A line holds a zero byte: this is no text file.', advice: 'Write the file anew as text.' },
  'bad-word': {
    severities: ALERT,
    meaning: 'A word cannot be read: an open quote, a broken `\\x` sequence, a variable without end.',
    advice: 'Close the quote, or write `\\` before the character that is meant as it stands.',
  },
  'empty-argument': {
    severities: ALERT,
    meaning: 'A word is empty, mostly because a variable is not set. HAProxy would end the line there.',
    advice: 'Set the variable, give it a default (`"${NAME-value}"`), or remove the word.',
  },
  'too-many-errors': {
    severities: ALERT,
    meaning: 'So many lines are wrong that the rest is not read.',
    advice: 'Mend the first ones: the others often follow from them.',
  },
  // Conditional blocks and messages
  'bad-condition': {
    severities: ALERT,
    meaning: 'The condition of `.if` or `.elif` cannot be read. Nothing behind it is.',
    advice: 'Use the predicates of chapter 2.4: `defined()`, `streq()`, `feature()`, `version_atleast()` …',
  },
  'lone-branch': {
    severities: ALERT,
    meaning: '`.elif`, `.else` or `.endif` without its `.if`, or behind `.else`.',
    advice: 'Add or remove the line that has no partner.',
  },
  'open-block': { severities: ALERT, meaning: 'A file ends inside `.if`.', advice: 'Add `.endif`; blocks do not go across files.' },
  message: {
    severities: ['alert', 'warning', 'notice', 'diag'],
    meaning: 'The configuration itself says this, by `.alert`, `.warning`, `.notice` or `.diag`.',
    advice: 'Ask who wrote the line.',
  },
  // Sections
  'out-of-section': {
    severities: ALERT,
    meaning: 'A line stands before the first section of its file.',
    advice: 'Begin each file with a section: `global`, `defaults`, `frontend` …',
  },
  'bad-name': {
    severities: ALERT,
    meaning: 'A name is missing or holds a character that names may not have.',
    advice: 'Use letters, digits, `.`, `_`, `:` and `-`.',
  },
  'duplicate-name': {
    severities: ['alert', 'warning'],
    meaning: 'Two things of a kind have the same name.',
    advice: 'Rename one: logs, statistics and the runtime API know them by name.',
  },
  'duplicate-id': { severities: ALERT, meaning: 'Two proxies have the same `id`.', advice: 'Change one, or leave ids out.' },
  'unknown-defaults': {
    severities: ALERT,
    meaning: '`from` names a defaults section that does not exist above.',
    advice: 'Defaults sections must stand before who takes them.',
  },
  'shared-rules': {
    severities: ALERT,
    meaning: 'A defaults section with rules is shared by a frontend and a backend.',
    advice: 'Make two defaults sections.',
  },
  'defaults-twice': {
    severities: WARNING,
    meaning: 'A defaults section with a name is used by name and, as the last one above, without.',
    advice: 'Use `from` everywhere, or leave the name out.',
  },
  // Keywords
  'unknown-keyword': {
    severities: ALERT,
    meaning: 'No such keyword in this kind of section.',
    advice: 'Look at the name that is proposed.',
  },
  unsupported: {
    severities: ALERT,
    meaning:
      'HAProxy 3.5 has this keyword, section or value; this version of Hawser has not. It is refused because a line that does nothing would be worse.',
    advice: 'See [compatibility](compatibility.md); remove the word if you can do without.',
  },
  removed: {
    severities: ALERT,
    meaning: 'Older versions of HAProxy had this keyword or section.',
    advice: 'The message names what takes its place.',
  },
  'wrong-section': {
    severities: ALERT,
    meaning: 'The keyword exists, but not in this kind of section.',
    advice: 'Move it; the [reference](reference/README.md) says where it is valid.',
  },
  'anonymous-defaults': {
    severities: ALERT,
    meaning: 'Rules and ACLs may stand in defaults sections with a name only.',
    advice: 'Give the section a name, and take it with `from`.',
  },
  'no-negation': {
    severities: ALERT,
    meaning: '`no` or `default` stands before a keyword that does not take it.',
    advice: 'Leave the line out instead.',
  },
  ignored: {
    severities: WARNING,
    meaning: 'The keyword means nothing in this kind of proxy.',
    advice: 'Remove it, or move it to the other half.',
  },
  'rule-order': {
    severities: WARNING,
    meaning: 'A rule stands behind one that is evaluated after it whatever the order of lines.',
    advice: 'Write rules in the order in which they run.',
  },
  unreachable: {
    severities: ['warning', 'diag'],
    meaning: 'A rule stands behind one that ends the list without a condition: it never runs.',
    advice: 'Remove it, move it up, or give the rule above a condition.',
  },
  unused: {
    severities: ['diag'],
    meaning: 'An ACL, a backend or a switching rule that nothing uses, or an ACL that hides a predefined one. Said with `-dD` only.',
    advice: 'Remove it, or use it.',
  },
  'no-effect': {
    severities: ['diag'],
    meaning: 'A keyword of HAProxy that is read and changes nothing here: what it tunes does not exist. Said with `-dD` only.',
    advice: 'Nothing has to be done; the [reference](reference/README.md) says why for each.',
  },
  repeated: {
    severities: ['warning', 'notice'],
    meaning:
      'A section says the same setting twice. In proxies the last line wins; of the settings of the global section that are told, the first.',
    advice: 'Remove one of the lines.',
  },
  'bad-argument': {
    severities: ALERT,
    meaning: 'An argument is missing, too much, of the wrong form or out of bounds.',
    advice: 'The message names what was found and what is allowed.',
  },
  'bad-tls': {
    severities: ['alert', 'warning'],
    meaning:
      'A certificate, key or list of a line with `ssl` cannot be used; the message says which file, and the reason of the TLS library.',
    advice: 'Check the file with `openssl x509` or `openssl pkey`; a certificate needs its unencrypted private key.',
  },
  suspicious: {
    severities: WARNING,
    meaning: 'The line is legal and probably not what is meant.',
    advice: 'Read the message; `-dW` makes every warning fatal.',
  },
  // The whole configuration
  'unknown-backend': {
    severities: ALERT,
    meaning: '`default_backend` or `use_backend` names a backend that does not exist.',
    advice: 'Mend the name.',
  },
  mode: {
    severities: ['alert', 'warning'],
    meaning: 'Something needs HTTP mode and the proxy has not, or two proxies that work together differ.',
    advice: 'Set the same `mode` on both, or remove what needs HTTP.',
  },
  'missing-timeouts': {
    severities: WARNING,
    meaning: 'A timeout is not set, and so infinite.',
    advice: 'Set `timeout client`, `connect` and `server` in a defaults section.',
  },
  'no-bind': { severities: WARNING, meaning: 'A frontend listens nowhere.', advice: 'Add `bind`, or make it a backend.' },
  'no-log': { severities: WARNING, meaning: 'A log format without a log target.', advice: 'Add `log`, or `log global`.' },
  'unused-check': {
    severities: WARNING,
    meaning: 'There are lines of a kind of health check that no option asks for.',
    advice: 'Add the `option` that the message names, or remove the lines.',
  },
  'bad-track': {
    severities: ALERT,
    meaning: 'A server cannot follow what its `track` names: that is not there, has no checks, or follows in a circle.',
    advice: 'Name a server with `check`, in the same backend or as `backend/server`, and leave out `check` where `track` is.',
  },
  'check-port': {
    severities: ALERT,
    meaning: 'A server is checked, but no port is known for it.',
    advice: 'Give the address a port, or the check one (`port 80`).',
  },
  'unknown-resolvers': {
    severities: ALERT,
    meaning: 'A server names a `resolvers` section that does not exist.',
    advice: 'Mend the name, or write the section.',
  },
  unresolved: {
    severities: ['alert', 'warning'],
    meaning: 'A host name cannot be resolved at start.',
    advice: 'Mend the name, add `init-addr none`, or start with `-dr`.',
  },
  // Rules
  'bad-rule': {
    severities: ALERT,
    meaning: 'A rule, condition, ACL, expression or log format cannot be compiled.',
    advice: 'The message says what is wrong with which part.',
  },
  'unknown-name': {
    severities: ALERT,
    meaning: 'A rule uses a fetch, converter, action, matching method, alias or ACL that does not exist.',
    advice: 'Look at the name that is proposed; ACLs must be declared in the same proxy.',
  },
  'bad-value': {
    severities: ALERT,
    meaning: 'A value is too large for what it is for.',
    advice: 'The message names the bound.',
  },
} as const satisfies Readonly<Record<string, CodeText>>;

export type DiagnosticCode = keyof typeof CODES;

/** Names of HAProxy's that are not here say so in one of two ways, whoever says it; one that is there but lacks its parentheses in a third. */
export function codeOf(text: string, otherwise: DiagnosticCode): DiagnosticCode {
  if (text.includes('not supported by this version')) return 'unsupported';
  if (text.includes('expects its argument in parentheses')) return 'bad-argument';
  return text.includes('not supported anymore') ? 'removed' : otherwise;
}
