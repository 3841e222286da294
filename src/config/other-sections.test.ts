/** Sections beside global and the proxies: order, duplicates, names, what is refused as a whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ParseResult, parseText } from './parse.ts';
import { diagnosticText } from './report/diagnostic.ts';

function parse(text: string): ParseResult {
  return parseText(text, 'text', { environment: {}, localPeer: 'peer' });
}

function said({ diagnostics }: ParseResult): string[] {
  return diagnostics.map((diagnostic) => `${diagnostic.severity} ${diagnostic.position?.line} ${diagnosticText(diagnostic)}`);
}

test('a section may stand anywhere, and another one ends it', () => {
  const { model, diagnostics } = parse(
    'userlist a\n  user x\nglobal\n  maxconn 10\nuserlist b\n  user y\nbackend c\n  retries 2\nuserlist d\n  user z\n',
  );
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(
    model.userlists.map(({ name, at, users }) => [name, at.line, users[0]?.name]),
    [
      ['a', 1, 'x'],
      ['b', 5, 'y'],
      ['d', 9, 'z'],
    ],
  );
  assert.equal(model.proxies[0]?.retries, 2);
  assert.deepEqual(model.httpErrors, []);
});

test('what only the whole section can tell is said at its first line', () => {
  const result = parse('userlist a\n  user x groups g\nbackend c\n  foo\nuserlist b\n  group h users y\n');
  assert.deepEqual(said(result), [
    "alert 1 userlist 'a': no such group 'g' specified in user 'x'",
    "alert 4 unknown keyword 'foo' in 'backend' section",
    "alert 5 userlist 'b': no such user 'y' specified in group 'h'",
  ]);
  assert.equal(result.diagnostics[0]?.line, 'userlist a');
});

test('a second section of the same name is refused, or ignored with its lines', () => {
  const result = parse('userlist a\n  user x\nuserlist a\n  user y\nhttp-errors a\nhttp-errors a\n');
  assert.deepEqual(said(result), [
    "warning 3 ignoring duplicated userlist 'a', lines and all (already declared at text:1).",
    "alert 6 http-errors section 'a' already exists (declared at text:5).",
  ]);
  assert.deepEqual(
    result.model.userlists.map(({ users }) => users.map(({ name }) => name)),
    [['x']],
  );
});

test('names are judged', () => {
  assert.deepEqual(said(parse('userlist\nuserlist a/b\nuserlist a b\n')), [
    "alert 1 'userlist' expects <name> as arguments.",
    "alert 2 character '/' is not permitted in 'userlist' name 'a/b'.",
    "alert 3 'userlist' cannot handle unexpected argument 'b'.",
  ]);
});

test('keywords of a section are told from unknown ones and from those of other sections', () => {
  assert.deepEqual(said(parse('userlist a\n  usr x\n  errorfile 503 /dev/null\n  no user x\n')), [
    "alert 2 unknown keyword 'usr' in 'userlist' section; did you mean 'user' maybe ?",
    "alert 3 unknown keyword 'errorfile' in 'userlist' section",
    'alert 4 negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.',
  ]);
});

test('a section of an absent part is one error, its lines none', () => {
  assert.deepEqual(said(parse('namespace_list\n  namespace a\n  namespace b\nbackend c\n  foo\n')), [
    "alert 1 section 'namespace_list' is not supported by this version",
    "alert 5 unknown keyword 'foo' in 'backend' section",
  ]);
});
