/** What building finds in a model that parses: which ACLs rules see, and where each problem stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainMemory } from '../base/memory.ts';
import { parseText } from '../config/parse.ts';
import type { BuildProblem } from '../model/problem.ts';
import { PatternStore } from '../rules/patterns/store.ts';
import { allocateShared, Shared } from '../state/shared.ts';
import { buildState } from './build.ts';
import { layoutOf, planOf } from './plan.ts';

function problemsOf(text: string): readonly BuildProblem[] {
  const { model, diagnostics } = parseText(text, 'text', { environment: {}, localPeer: 'peer' });
  assert.deepEqual(diagnostics.filter(({ severity }) => severity === 'alert').length, 0, JSON.stringify(diagnostics));
  const plan = planOf(model);
  const shared = new Shared(allocateShared(layoutOf(plan, 1)), 0);
  const memory = plainMemory({ blocks: 1, notes: 1, statics: 1 << 20 });
  const patterns = new PatternStore(() => new Uint8Array(), false);
  return buildState({ model, plan, shared, host: null, memory, pid: 1, hostname: 'host', patterns }).problems;
}

function said(text: string): string[] {
  return problemsOf(text).map(({ severity, at, text: message }) => `${severity} ${at.line}:${at.column} ${message}`);
}

test('rules of a defaults section see its ACLs, and nobody else does', () => {
  const defaults = 'defaults d\n mode http\n acl a src 10.0.0.1\n http-request deny if a\n';
  assert.deepEqual(said(`${defaults}backend b from d\n`), []);
  assert.deepEqual(said(`${defaults}backend b from d\n acl a path /\n http-request deny if a\n`), []);
  assert.match(said(`${defaults}backend b from d\n http-request deny if a\n`)[0] as string, /no such ACL : 'a'/);
  const open = 'defaults d\n mode http\n http-request deny if a\n';
  assert.match(said(`${open}backend b from d\n acl a path /\n`)[0] as string, /no such ACL : 'a'/);
});

test('every wrong rule of a configuration is told, each at its word', () => {
  const text = `frontend f
 mode http
 bind :1
 timeout client 1s
 acl a pth_beg /x
 http-request deny if { src 1.2.3.4 } nope
 http-request set-heder a b unless other
 redirect locaton /
 use_backend b if TRUE zork
backend b
 mode http
`;
  assert.deepEqual(
    problemsOf(text).map(({ at, text: message }) => `${at.line}:${at.column} ${message.slice(message.indexOf(' : ') + 3).slice(0, 30)}`),
    [
      "5:8 unknown fetch method 'pth_beg'",
      "6:39 no such ACL : 'nope'.",
      "7:15 unknown action of 'http-reques",
      "7:36 no such ACL : 'other'.",
      '8:11 expects location, prefix, sche',
      "9:24 no such ACL : 'zork'.",
    ].map((line) => line.slice(0, line.indexOf(' ') + 31)),
  );
});

test('a name that does not exist comes with a similar one that does', () => {
  const text = `userlist staff
 user ann
http-errors site
 errorfile 503 /dev/null
backend counts
 stick-table type ip size 100
listen l
 mode http
 bind :1
 timeout client 1s
 timeout server 1s
 timeout connect 1s
 server web1 127.0.0.1:1
 use-server web2 if TRUE
 http-request auth unless { http_auth(staf) }
 http-request track-sc0 src table count
 errorfiles sites
 http-request redirect locaton /
`;
  const hints = problemsOf(text).map(({ at, text: message }) => `${at.line} ${/did you mean '(.*)' maybe/.exec(message)?.[1]}`);
  assert.deepEqual(hints.sort(), ['14 web1', '15 staff', '16 counts', '17 site', '18 location']);
});

test('what a defaults section says wrongly is told once, and the number of problems is bounded', () => {
  const defaults = 'defaults d\n mode http\n http-request deny if nope\n';
  assert.equal(problemsOf(`${defaults}backend b from d\nbackend c from d\n`).length, 1);
  assert.equal(problemsOf(`backend b\n mode http\n${' http-request deny if nope\n'.repeat(200)}`).length, 50);
});

test('conditions of force-persist, ignore-persist and use-server are told at their words', () => {
  const lines = ['force-persist if { blah }', 'ignore-persist if { src 1.2.3.4.5 }', 'use-server s if { path,uper x }'];
  const told = said(`backend b\n mode http\n ${lines.join('\n ')}\n server s 127.0.0.1:1\n`).filter((line) => line.startsWith('alert'));
  assert.deepEqual(
    told.map((line) => line.split(' : ')[0]).sort(),
    [
      "alert 3:21 error detected while parsing a 'force-persist' rule",
      "alert 4:26 error detected while parsing a 'ignore-persist' rule",
      'alert 5:20 error detected while parsing switching rule',
    ],
    told.join('\n'),
  );
});

test('a log-profile that only do-log uses is checked where nothing is opened', () => {
  const proxy = 'frontend f\n mode http\n bind :1\n timeout client 1s\n log 127.0.0.1:1 local0\n http-request do-log profile p\n';
  assert.match(said(`${proxy}log-profile p\n on any format "%[path]"\n`)[0] as string, /^alert 8:\d+ sample fetch <path>/);
});

test('a warning about a rule stands at its line', () => {
  const proxy = 'frontend f\n mode http\n bind :1\n timeout client 1s\n';
  const rules =
    ' acl late status 200\n http-response deny if { path /x }\n http-request return status 200 content-type a/b\n http-request deny if late\n';
  assert.deepEqual(
    said(`${proxy}${rules}`).map((line) => line.split(' ', 3).join(' ')),
    ['warning 7:15 content-type', 'warning 8:20 acl', 'warning 6:21 anonymous'],
  );
});

test('what is misplaced or one word too many is told with what is allowed', () => {
  const proxy = 'frontend f\n mode http\n bind :1\n timeout client 1s\n';
  const told = (rule: string): string => said(`${proxy} ${rule}\n`)[0] as string;
  assert.match(
    told('tcp-request connection deny'),
    /'deny' is no action of 'tcp-request connection': it stands in http-request, http-response\.$/,
  );
  assert.match(told('http-request set-header x y z'), /unexpected word 'z': expected 'if' or 'unless' with a condition\.$/);
  assert.match(told('http-request deny iff { path / }'), /'if' or 'unless' with a condition, but got 'iff'; did you mean 'if' maybe \?$/);
  assert.match(told('http-request redirect location / code 200'), /expected 301, 302, 303, 307, 308\.$/);
});

test('a section whose constants need more memory than there is is told, not thrown', () => {
  const rules = Array.from({ length: 3000 }, (_, index) => ` http-request set-header x-${index} ${`v${index}`.repeat(100)}\n`).join('');
  const told = said(`frontend f\n mode http\n bind :1\n timeout client 1s\n${rules}`);
  assert.match(told.join('\n'), /alert 1:\d+ constants of the configuration need more than the \d+ bytes left/);
});
