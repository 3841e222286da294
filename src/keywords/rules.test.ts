/** Whole rule lists: order, what ends them, waiting, answers and their blocks, faults in HAProxy's words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_BLOCK, plainMemory } from '../base/memory.ts';
import { Framing } from '../http/message.ts';
import type { AclModel, RuleModel } from '../model/config.ts';
import { PAGE_STATUSES, pageOf } from '../rules/answer/pages.ts';
import { builtinReply, errorFileReply, isSilent, rawErrorPage } from '../rules/answer/reply.ts';
import { RuleError } from '../rules/error.ts';
import { CompiledRules, RuleFault } from '../rules/rulelist.ts';
import { Ended } from '../state/end.ts';
import { Verdict } from '../state/settings.ts';
import { ExampleWorld, parseRule } from './examples.ts';

const at = { file: 'test', line: 7, column: 1 };

/** A rule with its condition: `http-request deny if TRUE`. */
function rule(text: string): RuleModel {
  const [, body, unless, condition] = /^(.*?)(?: (if|unless) (.*))?$/.exec(text) as unknown as [string, string, string?, string?];
  const { model } = parseRule(body);
  const given = condition === undefined ? null : { unless: unless === 'unless', words: condition.split(' '), at };
  return { ...model, condition: given };
}

function compile(world: ExampleWorld, set: string, ...texts: string[]) {
  return world.compiler.rules(set, texts.map(rule));
}

test('an empty list is none', () => {
  assert.equal(compile(new ExampleWorld(), 'http-request'), null);
});

test('rules run in order; a final one ends the list; the next stream begins at the first', () => {
  const world = new ExampleWorld();
  const rules = compile(
    world,
    'http-request',
    'http-request set-header x-a 1 if { path_beg / }',
    'http-request allow if { hdr(x-a) 1 } { path /stop }',
    'http-request set-header x-b 2 unless { hdr(x-a) 2 }',
    'http-request deny if { path /deny }',
  );
  const run = (target: string): string => {
    const stream = world.stream(`GET ${target} HTTP/1.1`);
    const verdict = rules?.run(stream);
    assert.equal(stream.ruleIndex, 0);
    return `${verdict} ${world.head(stream.request, true)}`;
  };
  assert.equal(run('/stop'), `${Verdict.next} GET /stop HTTP/1.1\nx-a: 1`);
  assert.equal(run('/go'), `${Verdict.next} GET /go HTTP/1.1\nx-a: 1\nx-b: 2`);
  assert.equal(run('/deny'), `${Verdict.answer} GET /deny HTTP/1.1\nx-a: 1\nx-b: 2`);
});

test('a rule that waits is not run again', () => {
  const stream = new ExampleWorld().stream();
  const seen: number[] = [];
  const step = (number: number, outcome: number) => () => {
    seen.push(number);
    return outcome as 0;
  };
  const rules = new CompiledRules({
    conditions: [null, null, null],
    actions: [step(1, 0), step(2, Verdict.wait), step(3, 0)],
    origins: [],
  });
  assert.equal(rules.run(stream), Verdict.wait);
  assert.equal(rules.run(stream), Verdict.next);
  assert.deepEqual(seen, [1, 2, 3]);
});

describe('answers', () => {
  test('constant ones own no block, written ones own one, and say why', () => {
    const world = new ExampleWorld();
    const free = world.memory.blocks.free;
    const denied = world.stream();
    assert.equal(compile(world, 'http-request', 'http-request deny')?.run(denied), Verdict.answer);
    assert.equal(denied.cause, Ended.denied);
    assert.equal(denied.isLocalReply, true);
    assert.equal(denied.response.block, NO_BLOCK);
    assert.equal(denied.response.framing, Framing.length);
    assert.equal(denied.response.contentLength, pageOf(403).body.length);
    const moved = world.stream('GET /a HTTP/1.1');
    compile(world, 'http-request', 'http-request redirect prefix /b')?.run(moved);
    assert.equal(moved.cause, Ended.local);
    assert.notEqual(moved.response.block, NO_BLOCK);
    assert.equal(moved.response.contentLength, 0);
    assert.ok(moved.response.complete);
    // Two requests and one answer.
    assert.equal(world.memory.blocks.free, free - 3);
  });

  test('an answer in the place of a response gives its block back', () => {
    const world = new ExampleWorld();
    const stream = world.stream('GET / HTTP/1.1', 'HTTP/1.1 200 OK\r\nServer: me');
    const free = world.memory.blocks.free;
    assert.equal(compile(world, 'http-response', 'http-response return hdr x-was %[res.hdr(server)]')?.run(stream), Verdict.answer);
    assert.equal(world.head(stream.response, false), 'HTTP/1.1 200 OK\nx-was: me\ncontent-length: 0');
    assert.equal(world.memory.blocks.free, free);
    const denied = world.stream('GET / HTTP/1.1', 'HTTP/1.1 200 OK');
    compile(world, 'http-response', 'http-response deny')?.run(denied);
    assert.equal(denied.response.status, 502);
    assert.equal(denied.response.block, NO_BLOCK);
    assert.equal(world.memory.blocks.faults, 0);
  });

  test('without a block, or without room for a value: 500, and who is to blame', () => {
    const world = new ExampleWorld();
    const stream = world.stream();
    while (world.memory.take() !== NO_BLOCK);
    compile(world, 'http-request', 'http-request redirect prefix /b')?.run(stream);
    assert.equal(stream.response.status, 500);
    assert.equal(stream.cause, Ended.internal);
    const full = new ExampleWorld();
    const crowded = full.stream();
    crowded.request.spareEnd = crowded.request.spare + 2;
    crowded.noteLimit = crowded.noteEnd + 2;
    assert.equal(compile(full, 'http-request', 'http-request set-header x-a %[path]/%[src]')?.run(crowded), Verdict.answer);
    assert.equal(crowded.cause, Ended.rewriteFailed);
    assert.equal(full.thread.rewriteFailures, 1);
  });

  test('a value that does not fit the block goes to the note', () => {
    const world = new ExampleWorld();
    const stream = world.stream();
    stream.request.spareEnd = stream.request.spare + 3;
    assert.equal(compile(world, 'http-request', 'http-request set-header x-a 1:%[src]')?.run(stream), Verdict.next);
    assert.equal(world.head(stream.request, true), 'GET / HTTP/1.1\nx-a: 1:192.0.2.7');
  });

  test('204 and 304 have no body', () => {
    const world = new ExampleWorld();
    const stream = world.stream();
    compile(world, 'http-request', 'http-request return status 204')?.run(stream);
    assert.equal(stream.response.framing, Framing.none);
  });
});

test('captures: a new slot, the value cut to its length, kept in the note', () => {
  const world = new ExampleWorld();
  const stream = world.stream('GET / HTTP/1.1\r\nHost: a.very.long.name');
  compile(world, 'http-request', 'http-request capture req.hdr(none) len 4', 'http-request capture req.hdr(host) len 6')?.run(stream);
  assert.equal(world.compiler.captures.request, 2);
  assert.deepEqual(Array.from(stream.requestCaptures.subarray(0, 2)), [-1, -1]);
  assert.equal(world.text(stream.requestCaptures[2] as number, stream.requestCaptures[3] as number), 'a.very');
});

function faultOf(set: string, text: string): RuleFault {
  try {
    compile(new ExampleWorld(), set, text);
  } catch (error) {
    if (error instanceof RuleFault) return error;
    throw error;
  }
  throw new Error(`'${text}' was accepted`);
}

const FAULTS: readonly (readonly [string, string, RegExp, number])[] = [
  [
    'http-request',
    'http-request set-header a',
    /^error detected in proxy 'web' while parsing 'http-request set-header' rule : expects a log-format string\.$/,
    0,
  ],
  ['http-request', 'http-request set-header a%[x] b', /rule : 'a%\[x\]' is not the name of a header field/, 0],
  [
    'http-request',
    'http-request deny if nope',
    /^error detected while parsing an 'http-request deny' condition : no such ACL : 'nope'\.$/,
    0,
  ],
  ['http-request', 'http-request nope', /^'http-request' : unknown action of 'http-request' 'nope'\.$/, -1],
  ['http-request', 'http-request set-var(a) path', /invalid variable name 'a': a name begins with its scope/, -1],
  ['http-request', 'http-request set-var(txn.a,ifnew) path', /'ifnew' is not a condition: expected ifexists/, -1],
  [
    'http-request',
    'http-request set-status 200',
    /'set-status' is no action of 'http-request': it stands in http-response, http-after-response/,
    -1,
  ],
  ['http-request', 'http-request redirect location /x code 200', /'200' is not a redirect code: expected 301, 302/, 3],
  ['http-request', 'http-request deny deny_status 418', /status code '418' not handled by default/, -1],
  ['http-request', 'http-request return string x', /a content type must be defined/, -1],
  ['http-request', 'http-request return errorfile /nowhere', /file '\/nowhere' can't be read/, 1],
  ['http-request', 'http-request return nope', /expects status, content-type.* but got 'nope'/, 0],
  ['http-request', 'http-request allow x', /unexpected word 'x'/, 0],
  ['http-request', 'http-request replace-header a ( b', /regular expression '\(': '\)' is missing/, -1],
  ['http-response', 'http-response redirect prefix /x', /'prefix' needs the request/, 1],
  ['redirect', 'redirect foo', /^error detected in proxy 'web' while parsing redirect rule : expects location.*'foo'/, 0],
  [
    'tcp-request content',
    'tcp-request content reject if nope',
    /^'tcp-request content reject' : error detected in proxy 'web' while parsing 'if' condition : no such ACL/,
    0,
  ],
];

for (const [set, text, message, word] of FAULTS) {
  test(`${text}: refused`, () => {
    const fault = faultOf(set, text);
    assert.match(fault.message, message);
    assert.equal(fault.error.word, word);
  });
}

test('every acl line is checked, and a wrong one is told once', () => {
  const world = new ExampleWorld();
  const acl = (line: string): AclModel => {
    const [name, ...words] = line.split(' ') as [string, ...string[]];
    return { name, words, at };
  };
  const compiler = world.newCompiler([acl('good path_beg /x'), acl('bad path_reg ('), acl('worse nope')]);
  const faults = compiler.checkAcls();
  assert.deepEqual(
    faults.map((fault) => fault.model.at.line),
    [7, 7],
  );
  assert.match(faults[0]?.message as string, /^error detected while parsing ACL 'bad' : regular expression '\('/);
  assert.match(
    faults[1]?.message as string,
    /^error detected while parsing ACL 'worse' : unknown fetch method 'nope' in ACL expression 'nope'/,
  );
  assert.equal(compiler.rules('http-request', [rule('http-request deny if bad or worse or good')])?.run(world.stream()), Verdict.next);
});

describe('pages', () => {
  test('the built-in ones have the bytes that HAProxy sends', () => {
    // content-length is part of what HAProxy was seen to send.
    const lengths: Readonly<Record<number, number>> = {
      200: 58,
      400: 90,
      401: 112,
      403: 93,
      404: 83,
      405: 146,
      407: 112,
      408: 110,
      410: 114,
      413: 106,
    };
    const more: Readonly<Record<number, number>> = {
      422: 116,
      425: 80,
      429: 117,
      431: 105,
      500: 97,
      501: 136,
      502: 107,
      503: 107,
      504: 92,
    };
    for (const [status, length] of Object.entries({ ...lengths, ...more }))
      assert.equal(pageOf(Number(status)).body.length, length, status);
    assert.equal(
      rawErrorPage(400),
      'HTTP/1.1 400 Bad request\r\ncontent-length: 90\r\ncache-control: no-cache\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n' +
        '<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n',
    );
    const memory = plainMemory({ blocks: 1, notes: 1, statics: 16384 });
    for (const status of PAGE_STATUSES) assert.equal(builtinReply(memory, status).status, status);
  });

  const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
  const memory = plainMemory({ blocks: 1, notes: 1, statics: 16384 });

  test('an errorfile is a whole message; what is about the connection is left out, names are lower-cased', () => {
    const reply = errorFileReply(
      memory,
      bytes('HTTP/1.0 503 Sorry\r\nCache-Control: no-cache\r\nConnection: close\r\nX-Y:  z \r\nContent-Length: 3\r\n\r\noh\n'),
    );
    assert.equal(reply.status, 503);
    assert.equal(memory.text(reply.reasonStart, reply.reasonStart + reply.reasonLength), 'Sorry');
    const names: string[] = [];
    for (let row = 0; row < reply.headers.length; row += 5) {
      const [, name, length, value, size] = reply.headers.subarray(row, row + 5) as unknown as [number, number, number, number, number];
      names.push(`${memory.text(name, name + length)}=${memory.text(value, value + size)}`);
    }
    assert.deepEqual(names, ['cache-control=no-cache', 'x-y=z', 'content-length=3']);
    assert.equal(memory.text(reply.bodyStart, reply.bodyStart + reply.bodyLength), 'oh\n');
  });

  test('an empty errorfile means no answer', () => {
    assert.equal(isSilent(errorFileReply(memory, bytes(''))), true);
    assert.equal(isSilent(builtinReply(memory, 503)), false);
  });

  for (const [text, reason] of [
    ['hello', /status line/],
    ['HTTP/1.1 200 OK\r\nA: b', /empty line/],
    ['HTTP/1.1 200 OK\r\nbad line\r\n\r\n', /not a header field/],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc', /announces 5 bytes, the body has 3/],
  ] as const) {
    test(`'${text.slice(0, 30)}' is refused`, () => {
      assert.throws(
        () => errorFileReply(memory, bytes(text)),
        (error: unknown) => error instanceof RuleError && reason.test(error.message),
      );
    });
  }
});
