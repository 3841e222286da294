/** Gate: rules, conditions, formats and the httplog line allocate nothing per request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrontendLog } from '../log/frontend.ts';
import { LogHeader } from '../log/headers.ts';
import { LogLines } from '../log/lines.ts';
import { presetFormat } from '../log/presets.ts';
import { LogSample } from '../log/sample.ts';
import type { RuleModel } from '../model/config.ts';
import { Place } from '../rules/place.ts';
import type { RuleList, Stream } from '../state/records.ts';
import { Verdict } from '../state/settings.ts';
import { countBytes, countRequest, releaseTracked } from '../stick/track.ts';
import { ExampleWorld, parseRule } from './examples.ts';

const CALLS = 20_000;
const at = { file: 'test', line: 1, column: 1 };
const REQUEST =
  'GET /img/cat.png?size=2 HTTP/1.1\r\nHost: www.example.com\r\nX-Forwarded-For: 10.0.0.1, 192.0.2.9\r\nCookie: a=1; b=2\r\nUser-Agent: x';

/** Signed with the text `secret`: {"alg":"HS256","typ":"JWT"}, {"sub":"ann",…}. */
const TOKEN =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4iLCJleHAiOjE3OTUxNzAwMDAsImF1ZCI6WyJhcGkiLCJ3ZWIiXSwiYWRtIjp0cnVlfQ.twf8w92e4cMYCYE_NolwDOYWbIO4alP4CGeZjoIBMB8';

/** A request that goes through all of them. */
const PASSING: readonly (readonly [string, string | null])[] = [
  ['http-request deny deny_status 429', '{ src 10.0.0.0/8 } { path_beg /api } or { hdr(host) -i evil.test }'],
  ['http-request set-header X-Client "%[src]:%[src_port] %ci %HU"', '{ path_reg ^/img/.*\\.png$ }'],
  ['http-request set-header X-Parts "%[path,field(2,/),upper] %[req.hdr(x-forwarded-for,1)] %[cook(b)] %[date]"', null],
  ['http-request add-header X-N %[req.hdr_cnt(x-forwarded-for),mul(3),add(1)]', null],
  ['http-request replace-header User-Agent (.*) "\\1 via us"', null],
  ['http-request set-var(txn.path) path,lower', null],
  ['http-request set-var-fmt(req.client,ifnotexists) "%[src] %[var(txn.path)]"', null],
  ['http-request set-var(sess.count,ifgt) int(4)', '{ var(txn.path) -m beg /img }'],
  ['http-request set-var(proc.last) src', null],
  ['http-request set-header X-Vars "%[var(req.client)] %[var(proc.last)] %[dump_all_vars(txn)]"', null],
  ['http-request set-var-fmt(txn.hashes) "%[base32] %[url32+src,hex] %[uuid] %[uuid(7)] %[url_ip] %[src_is_local] %[fc_src]"', null],
  ['http-request set-var-fmt(txn.parts) "%[req.hdrs,length] %[req.hdrs_bin,length] %[req.cook_names] %[urlp] %[req.body_param(x)]"', null],
  ['http-request set-var-fmt(txn.loads) "%[fe_req_rate] %[avg_queue(app)] %[connslots(app)] %[srv_weight(app/s1)]"', null],
  [
    'http-request set-var-fmt(txn.times) "%[txn.timer.total] %[req.timer.tq] %[accept_date] %[txn.sess_term_state] %[last_rule_line]"',
    null,
  ],
  [
    'http-request set-var-fmt(txn.acls) "%[acl(METH_GET,!METH_POST)] %[capture.req.uri] %[cur_client_timeout] %[req.len]"',
    '{ req.proto_http }',
  ],
  [
    'http-request set-var-fmt(txn.maps) "%[path,map_beg(paths.map)] %[src,map_ip(networks.map,none)] %[path,map_regm(expressions.map)] %[path,map_end(paths.map)]"',
    '!{ hdr(host) -i -f blocked.lst } { path -m sub /img -i .PNG } { path -m dir img } { src 192.0.2.0/24 2001:db8::/32 }',
  ],
  [
    'http-request set-var-fmt(txn.made) "%[path,sha1,hex] %[path,xxh64] %[path,json] %[date,http_date] %[path,concat(-,txn.path,-),rtrim(-)] %[path,crc32c,add(1)]"',
    '{ path -m reg ^/(?!api) }',
  ],
  [`http-request set-var(txn.user) str(${TOKEN}),jwt_payload_query($.sub)`, `{ str(${TOKEN}),jwt_verify(HS256,secret) 1 }`],
  ['http-request set-var(txn.code) path,hmac(sha512,c2VjcmV0)', '{ var(txn.user) -m str ann }'],
  ['http-request set-map(hosts.map) %[path] same', null],
  ['http-request add-acl(blocked.lst) never.test', null],
  ['http-request set-path /v2%[path]', '{ urlp(size) -m int gt 1 } !{ method POST }'],
  ['http-request del-header x- -m beg', null],
  ['http-request set-log-level notice', '{ req.hdr(host),djb2,mod(2) 0 1 } { nbsrv(app) ge 1 }'],
];

function rule([text, condition]: readonly [string, string | null]): RuleModel {
  const { model } = parseRule(text);
  return { ...model, condition: condition === null ? null : { unless: false, words: condition.split(' '), at } };
}

interface Gate {
  readonly world: ExampleWorld;
  readonly rules: RuleList;
  readonly stream: Stream;
  readonly rewind: () => void;
}

/** The rules, and what brings the request back to how it came. */
function gate(texts: readonly (readonly [string, string | null])[]): Gate {
  const world = new ExampleWorld();
  const rules = world.compiler.rules('http-request', texts.map(rule)) as RuleList;
  const stream = world.stream(REQUEST);
  const { request, response } = stream;
  const cells = request.headers.cells.slice();
  const { rows } = request.headers;
  const { spare, targetStart, targetEnd } = request;
  const { noteEnd } = stream;
  const rewind = (): void => {
    request.headers.cells.set(cells);
    request.headers.rows = rows;
    request.spare = spare;
    request.setTarget(targetStart, targetEnd);
    stream.noteEnd = noteEnd;
    if (response.block >= 0) world.memory.give(response.block);
    response.reset();
  };
  return { world, rules, stream, rewind };
}

/** Bytes per call: the best of several runs, since the engine itself allocates now and then. */
function allocated(once: () => void): number {
  const run = (): number => {
    const before = process.memoryUsage().heapUsed;
    for (let call = 0; call < CALLS; call++) once();
    return Math.abs(process.memoryUsage().heapUsed - before);
  };
  run();
  run();
  return Math.min(run(), run(), run(), run()) / CALLS;
}

test('a list of rules that all are evaluated', () => {
  const { rules, stream, rewind } = gate(PASSING);
  const bytes = allocated(() => {
    if (rules.run(stream) !== Verdict.next) throw new Error('the request of the gate was stopped');
    rewind();
  });
  assert.ok(bytes < 4, `${bytes.toFixed(1)} bytes a request`);
});

for (const text of [
  'http-request redirect prefix https://%[req.hdr(host)] code 301',
  'http-request deny',
  'http-request return status 200 content-type a/b lf-string "%[src] %[path]"',
]) {
  test(text, () => {
    const { rules, stream, rewind } = gate([[text, '{ path_end .png }']]);
    const bytes = allocated(() => {
      if (rules.run(stream) !== Verdict.answer) throw new Error('there was no answer');
      rewind();
    });
    assert.ok(bytes < 4, `${bytes.toFixed(1)} bytes an answer`);
  });
}

test('tracking, counting and asking what has been counted', () => {
  const { rules, stream, rewind } = gate([
    ['http-request track-sc3 req.hdr(host) table texts', null],
    ['http-request track-sc4 src table web', null],
    ['http-request sc-inc-gpc0(3)', '{ sc_http_req_rate(0) gt 3 } { src_conn_cnt(web) gt 1 }'],
    ['http-request sc-set-gpt0(4) path,length', '{ src,table_conn_cur(web) gt 1 } { src,in_table(web) }'],
    ['http-request set-header x-rate "%[sc_get_gpc(1,0,many)] %[sc0_key] %[table_avl(web)]"', null],
  ]);
  const bytes = allocated(() => {
    if (rules.run(stream) !== Verdict.next) throw new Error('the request of the gate was stopped');
    countRequest(stream);
    countBytes(stream, 100, 1000);
    releaseTracked(stream);
    rewind();
  });
  assert.ok(bytes < 4, `${bytes.toFixed(1)} bytes a request`);
});

const CUSTOM = '%ci %cp %f %b %s %ST %B %U %HM %HU %HV %Tt %tsc %[src] %[var(txn.none)] %{+Q}[fe_id] %rt %lc';
const STRUCTURED =
  '%{+json}o %(ip)ci %(port)cp %(front)f %(back)b %(server)s %(status)ST %(bytes)B %(method)HM %(uri)HU %(time)Tt %(end)tsc %(src)[src] %(n:str)rt %(h)hrl %(none)[var(txn.none)]';

/** Of a client with TLS; and why a server's connection has failed. */
const FINGERPRINT =
  '%[ssl_fc_protocol_hello_id],%[ssl_fc_cipherlist_bin(1),be2dec(-,2)],%[ssl_fc_extlist_bin(1),be2dec(-,2)],%[ssl_fc_eclist_bin(1),be2dec(-,2)],' +
  '%[ssl_fc_ecformats_bin,be2dec(-,1)] %[ssl_fc_cipherlist_hex] %[ssl_fc_sigalgs_bin,hex] %[fc_err_str] %[fc_err_name] %[bc_err] %[ssl_bc_err]';

const LINES: readonly (readonly [string, string])[] = [
  ['httplog', presetFormat('httplog', true)],
  ['a format of 18 fields', CUSTOM],
  ['the same in JSON', STRUCTURED],
  ['the same in CBOR', STRUCTURED.replace('+json', '+cbor')],
  ['the fingerprint of a client', FINGERPRINT],
];

for (const [name, text] of LINES) {
  test(`a line of ${name} to two targets`, () => {
    const world = new ExampleWorld();
    const stream = world.secure(world.stream(REQUEST));
    const sender = { dropped: 0, send: () => true, close: () => undefined };
    const target = { kind: 'descriptor', descriptor: 1 } as const;
    const limits = { facility: 16, maxLevel: 7, minLevel: 0, length: 1024, sample: null, profile: null };
    const model = { target, text: 'gate', format: 'rfc5424', ...limits, at } as const;
    const facts = { tag: 'haproxy', pid: 1, hostname: null };
    const format = world.compiler.format(text, 'log', Place.log);
    const one = { model, header: new LogHeader(model.format, model.facility, facts), lines: new LogLines(world.memory), sender };
    const sampled = { ...one, sample: new LogSample({ ranges: [[1, 5]], size: 10 }) };
    const { frontend } = world;
    const { clock, shared } = world.thread;
    const sd = world.compiler.format('[a b="%{+E}HU"]', 'log', Place.log);
    const log = new FrontendLog({
      frontend,
      targets: [one, sampled],
      format,
      errorFormat: null,
      sd,
      live: shared.live,
      clock,
      separatesErrors: true,
    });
    const bytes = allocated(() => log.stream(stream));
    assert.ok(bytes < 4, `${bytes.toFixed(1)} bytes a line`);
  });
}
