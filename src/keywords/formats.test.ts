/** Log-format strings with the real aliases: text, flags, escaping, the exact preset lines, what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetFormat } from '../log/presets.ts';
import type { FormatKind } from '../rules/define.ts';
import { RuleError } from '../rules/error.ts';
import { UniqueId } from '../rules/format/unique-id.ts';
import { Place } from '../rules/place.ts';
import { Ended } from '../state/end.ts';
import { Phase } from '../state/phase.ts';
import type { Stream } from '../state/records.ts';
import { catalogs } from './catalogs.ts';
import { ExampleWorld } from './examples.ts';

process.env['TZ'] = 'UTC';

function render(
  format: string,
  kind: FormatKind,
  change: (stream: Stream, world: ExampleWorld) => void = () => undefined,
  request?: string,
): string {
  const world = new ExampleWorld();
  const stream = world.stream(request);
  change(stream, world);
  const places = kind === 'log' ? Place.log : Place.frontendRequest;
  return put(world, stream, format, kind, places);
}

function put(world: ExampleWorld, stream: Stream, format: string, kind: FormatKind, places: number): string {
  const out = world.thread.out;
  out.open(world.memory.deskStart, world.memory.deskStart + 4096);
  world.compiler.format(format, kind, places).write(out, stream);
  return world.text(world.memory.deskStart, out.at);
}

test('text, %%, spaces: merged in logs and identifiers, kept elsewhere', () => {
  assert.equal(render('  a   b %% ', 'log'), 'a b % ');
  assert.equal(render('%{+X}o %ci:%cp', 'id'), 'C0000207:9CBB');
  assert.equal(render('a  b', 'id'), 'a b');
  assert.equal(render('  a   b %% ', 'header'), '  a   b % ');
  assert.equal(render('x %hr %hs y', 'log'), 'x y');
  assert.equal(render('x  %{-M}[var(txn.none)]  y', 'log'), 'x  y');
  assert.equal(render('a%{+Q}b', 'log').replace(/^a/, ''), '"app"');
});

test('flags: %{+Q}o for all, %{-Q} against it, +E, +X', () => {
  assert.equal(render('%{+Q}o %s %{-Q}s %f', 'log'), '"s1" s1 "web"');
  assert.equal(render('%{+X}ci:%{+X}cp', 'log'), 'C0000207:9CBB');
  assert.equal(render('%{+E}[str("a\\"]\\\\")]', 'header'), 'a\\"\\]\\\\');
  assert.equal(render('%{+Q,+E}[str("a]")]', 'log'), '"a\\]"');
  // HAProxy escapes what goes into messages, and then quotes aliases only.
  assert.equal(render('%{+Q,+E}[str("a]")] %{+Q}s%{+Q}[req.hdr(none)]', 'header'), 'a\\] "s1"');
  assert.equal(render('%(name)ci %(x)[src]', 'log'), '192.0.2.7 192.0.2.7');
});

test('an empty value is - in logs, "" with +Q, nothing elsewhere', () => {
  assert.equal(render('%[str("")] %{+Q}[str("")] %CC', 'log'), '- "" -');
  assert.equal(render('[%[str("")]%[req.hdr(x-none)]]', 'header'), '[]');
});

test('expressions: casts to text, brackets in arguments', () => {
  assert.equal(render('%[int(5),mul(3)] %[src,ipmask(16)] %[bool(true)] %[method]', 'header'), '15 192.0.0.0 1 GET');
  assert.equal(render('%[str("]")]', 'header'), ']');
});

test('what a line or a field may not contain is escaped', () => {
  const value = 'x%01%09%22%5d%7f%80%23%7b%7c';
  const request = `GET /h?a=${value}" HTTP/1.1\r\nHost: a`;
  assert.equal(
    render('%[url_param(a),url_dec]', 'header', () => undefined, request.replace('" HTTP', ' HTTP')),
    'x%01\t"]%7F\x80#{|',
  );
  assert.equal(
    render('%r|%HQ', 'log', () => undefined, request),
    `GET /h?a=${value}#22 HTTP/1.1|?a=${value}#22`,
  );
});

test('captures: braces when declared, | between, escaped; as a list with quotes', () => {
  const declare = (stream: Stream, world: ExampleWorld): void => {
    world.frontend.requestCaptureLengths.push(9, 9, 9);
    const at = world.memory.intern('{a|"b#}');
    stream.requestCaptures.set([at, at + 7, -1, -1, at + 1, at + 2]);
  };
  assert.equal(render('%hr', 'log', declare), '{#7Ba#7C#22b#23#7D||a}');
  assert.equal(render('%{+Q}hrl', 'log', declare), '"#7Ba#7C#22b#23#7D" "" "a"');
  const unparsed = (stream: Stream, world: ExampleWorld): void => {
    declare(stream, world);
    stream.hasRequestLine = stream.request.headDone = false;
  };
  assert.equal(render('x %hr y', 'log', unparsed), 'x y');
});

const LINE = 'GET /rr/ HTTP/1.1';

test('httplog', () => {
  const text = presetFormat('httplog', true) as string;
  const client = '192.0.2.7:40123 [20/Nov/2026:08:41:15.100] web';
  assert.equal(
    render(text, 'log', () => undefined, LINE),
    `${client} app/s1 5/3/2/20/40 200 58 - - ---- 1/2/3/4/0 0/0 "GET /rr/ HTTP/1.1"`,
  );
  const asap = (stream: Stream): void => {
    stream.frontend.logAsap = true;
  };
  assert.equal(render(text, 'log', asap, LINE), `${client} app/s1 5/3/2/20/+40 200 +58 - - ---- 1/2/3/4/0 0/0 "GET /rr/ HTTP/1.1"`);
});

test('httplog of a bad request', () => {
  const bad = (stream: Stream): void => {
    stream.hasRequestLine = stream.request.headDone = false;
    stream.cause = Ended.badRequest;
    stream.endPhase = Phase.request;
    stream.backend = null;
    stream.server = null;
    stream.requestAtMs = stream.connectAtMs = stream.connectedAtMs = stream.responseAtMs = -1;
    stream.endedAtMs = stream.firstByteAtMs;
    stream.status = 400;
    stream.isLocalReply = true;
    stream.logConnections.set([1, 0, 0, 1]);
  };
  const line = '192.0.2.7:40123 [20/Nov/2026:08:41:15.100] web web/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"';
  assert.equal(render(presetFormat('httplog', true) as string, 'log', bad), line);
});

test('httplog of a redirect', () => {
  const redirected = (stream: Stream): void => {
    stream.cause = Ended.local;
    stream.endPhase = Phase.request;
    stream.server = null;
    stream.connectAtMs = stream.connectedAtMs = stream.responseAtMs = -1;
    stream.requestAtMs = stream.firstByteAtMs;
    stream.endedAtMs = stream.firstByteAtMs + 1;
    stream.status = 302;
    stream.isLocalReply = true;
  };
  const line = '192.0.2.7:40123 [20/Nov/2026:08:41:15.100] web app/<NOSRV> 0/-1/-1/-1/1 302 0 - - LR-- 1/2/3/4/0 0/0 "GET / HTTP/1.1"';
  assert.equal(render(presetFormat('httplog', true) as string, 'log', redirected), line);
});

test('tcplog, clf, default', () => {
  const tcp = (stream: Stream): void => {
    stream.frontend.http = false;
    stream.tunnel = true;
    stream.firstByteAtMs = -1;
    stream.redispatched = true;
    stream.retries = 2;
    stream.cause = Ended.connectTimeout;
    stream.endPhase = Phase.connect;
  };
  assert.equal(
    render(presetFormat('tcplog', false) as string, 'log', tcp),
    '192.0.2.7:40123 [20/Nov/2026:08:41:14.255] web app/s1 108/2/140 58 sC 1/2/3/4/+2 0/0',
  );
  assert.equal(
    render(presetFormat('httpclf', true) as string, 'log', () => undefined, LINE),
    '192.0.2.7 - - [20/Nov/2026:08:41:15 +0000] "GET /rr/ HTTP/1.1" 200 58 "" "" 40123 255 "web" "app" "s1" 5 3 2 20 40 ---- 1 2 3 4 0 0 0 "" "" ',
  );
  assert.equal(
    render(presetFormat('tcpclf', false) as string, 'log'),
    '192.0.2.7 - - [20/Nov/2026:08:41:14 +0000] "TCP " 000 58 "" "" 40123 255 "web" "app" "s1" 0 3 2 140 120 ---- 1 2 3 4 0 0 0 "" "" ',
  );
  assert.equal(render(presetFormat('default', true) as string, 'log'), 'Connect from 192.0.2.7:40123 to 198.51.100.1:80 (web/HTTP)');
});

test('the second termination letter, by phase', () => {
  const letters = ['R', 'T', 'Q', 'C', 'H', 'D', 'L', '-'];
  for (const phase of Object.values(Phase)) {
    const ended = (stream: Stream): void => {
      stream.cause = Ended.clientAbort;
      stream.endPhase = phase;
    };
    assert.equal(render('%ts', 'log', ended), `C${letters[phase]}`);
  }
});

/** Some name of HAProxy's that has no object yet. */
const UNSUPPORTED = catalogs.known.fetches.split('|').find((name) => catalogs.samples.every((fetch) => fetch.name !== name));

const REFUSED: readonly (readonly [string, FormatKind, RegExp])[] = [
  ['%nope', 'log', /no such format alias 'nope'\. .*'%%'/],
  [`%[${UNSUPPORTED}]`, 'log', /fetch method '\S+' is not supported by this version/],
  ['50%', 'log', /truncated line at '%'/],
  ['% x', 'log', /'%%' writes a single '%'/],
  ['%{+Z}ci', 'log', /'\+Z' is not a flag/],
  ['%{+json}o', 'header', /values can be encoded in logs and bodies, not in header fields/],
  ['%{+Qci', 'log', /'}' is missing/],
  ['%[src', 'log', /']' is missing/],
  ['%[nope]', 'log', /failed to parse sample expression <nope\]> : unknown fetch method 'nope'/],
  ['%[req.hdr(a)]', 'log', /may not be reliably used here because it needs 'HTTP request headers' which is not available here/],
  ['%[res.hdr(a)]', 'header', /needs 'HTTP response headers' which is not available here/],
];

for (const [format, kind, reason] of REFUSED) {
  test(`'${format}' is refused`, () => {
    assert.throws(
      () => render(format, kind),
      (error: unknown) => error instanceof RuleError && reason.test(error.message),
    );
  });
}

test('random bytes: a log line never holds a control character, a field value neither', () => {
  let seed = 99;
  const world = new ExampleWorld();
  const { out, memory, bytes } = world.thread;
  const quiet = { quote: false, backslash: false, hex: false, dash: false, encoding: 0, binary: false } as const;
  for (let round = 0; round < 300; round++) {
    const start = memory.scratch();
    for (let i = 0; i < 64; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      bytes[start + i] = seed >> 16;
    }
    for (const how of [1, 2, 3, 4] as const) {
      out.open(memory.deskStart, memory.deskStart + 300);
      out.text(start, start + 64, { ...quiet, escape: how });
      const text = world.text(memory.deskStart, out.at);
      const controls = Array.from(text).filter((char) => char < ' ' || char === '\x7f');
      assert.ok(
        controls.every((char) => how === 3 && char === '\t'),
        JSON.stringify(text),
      );
      if (how === 3 || how === 4) continue;
      // Escaping is reversible.
      const back = text.replace(/#([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      assert.equal(back, world.text(start, start + 64));
    }
  }
});

const JSON_FORMAT =
  'gone %{+json}o %(ip)ci %(port)cp %(port_text:str)cp %(flag:bool)cp %ST %(hex){+X}cp %(ms)ms %(rc)rc %(cookie)CC %(hr)hr %(hrl)hrl %(req)r %(n)[int(-7)] %(b)[bool(true)] %(s)[str("a\\"\\\\b")]';

test('+json for all: one object of what has a name', () => {
  const change = (stream: Stream): void => {
    stream.redispatched = true;
  };
  assert.equal(
    render(JSON_FORMAT, 'log', change, 'GET /"\\x HTTP/1.1'),
    '{"ip": "192.0.2.7", "port": 40123, "port_text": "40123", "flag": true, "hex": "9CBB", "ms": 255, "rc": 0, "cookie": "", "hr": null, ' +
      '"hrl": null, "req": "GET /#22\\\\x HTTP/1.1", "n": -7, "b": true, "s": "a\\"\\\\b"}',
  );
  JSON.parse(render(JSON_FORMAT, 'log', change, 'GET /"\\x HTTP/1.1'));
});

test('+json for one value, types, what has no value, control characters', () => {
  assert.equal(render('%{+json}[str("a b")] %{+json}[int(5)] %{+Q,+json}s', 'log'), '"a b" 5 "s1"');
  assert.equal(render('%(x:sint){+json}[str(12)] %(x:str){+json}[int(5)] %(x:bool){+json}[int(5)]', 'log'), '12 "5" true');
  assert.equal(render('%{+json}o %(x)[str("")]', 'log'), '{"x": ""}');
  assert.equal(render('%{+json}[str("a%01"),url_dec]', 'log'), '"a\\u0001"');
  assert.equal(render('%{+json}o', 'log'), '{}');
  // The last of several does not count if the first did not ask for it.
  assert.equal(render('%{+Q}o %(x){+json}s %s', 'log'), '"s1" "s1"');
  assert.equal(render('%{+json}o %(x)ci', 'text'), '{"x": "192.0.2.7"}');
});

test('+cbor: a map in hexadecimal digits, or raw with +bin', () => {
  const format = '%{+cbor}o %(a)[int(10)] %(b)[int(-500)] %(c)s %(d)[bool(false)] %(e)[int(70000)] %(f)hr %(g)[str("61"),base64]';
  assert.equal(render(format, 'log'), 'BF61610A61623901F361636273316164F461651A000111706166F66167644E6A453DFF');
  assert.equal(render('%{+cbor,+bin}o %(a)[int(10)] %(b)s', 'log'), '\xbfaa\x0aabbs1\xff');
  assert.equal(render('%{+cbor}o %(a)[str("61"),base64,b64dec]', 'log'), 'BF6161423631FF');
});

test('captures as an array', () => {
  const format = '%{+json}o %(l)hrl %(h)hr';
  const world = new ExampleWorld();
  const stream = world.stream('GET /a"b HTTP/1.1');
  world.frontend.requestCaptureLengths.push(9, 9);
  stream.requestCaptures[0] = stream.logTargetStart;
  stream.requestCaptures[1] = stream.logTargetEnd;
  assert.equal(put(world, stream, format, 'log', Place.log), '{"l": ["/a#22b", ""], "h": "{/a#22b|}"}');
});

test('names, types and flags that are wrong', () => {
  const refused = (format: string, said: RegExp, kind: FormatKind = 'log'): void => {
    assert.throws(() => render(format, kind), said);
  };
  refused('%(a b)ci', /invalid character in custom name near ' '/);
  refused('%(a:ip)ci', /unexpected output type 'ip', supported are: str, sint, bool/);
  refused('%{+Z}ci', /'\+Z' is not a flag/);
  refused('100% sure', /unexpected alias name/);
  refused('end%', /truncated line/);
  refused('%{+json}o', /not in header fields/, 'header');
  assert.equal(render('a%,b', 'log'), 'a,b');
});

test('binary samples: escaped as other text and up to a zero byte, or as they are with +bin', () => {
  assert.equal(render('%[str("AQIA/w=="),b64dec]', 'log'), '#01#02');
  assert.equal(render('%{+bin}o%[str("AAEC"),b64dec]', 'log'), '\0\x01\x02');
});

test('a unique-id-format that asks for the identifier itself finds none', () => {
  const ask = (stream: Stream, world: ExampleWorld): void => {
    world.frontend.uniqueId = new UniqueId(world.thread, world.compiler.format('<%[unique-id]%ID>', 'header', Place.frontendRequest));
    stream.uniqueIdEnd = 0;
  };
  assert.equal(render('%[unique-id] %ID', 'header', ask), '<> <>');
});
