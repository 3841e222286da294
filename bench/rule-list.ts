/**
 * What rules cost per request: conditions by kind, header changes, a list as people write them, and regular
 * expressions beside V8's own on a text that was made for it.
 *
 * node bench/rule-list.ts
 */
import { ExampleWorld, parseRule } from '../src/keywords/examples.ts';
import type { RuleModel } from '../src/model/config.ts';
import { compileRegex } from '../src/rules/regex/regex.ts';
import type { RuleList } from '../src/state/records.ts';

const ROUNDS = 5;
const CALLS = 200_000;
const at = { file: 'bench', line: 1, column: 1 };
const REQUEST =
  'GET /img/cat.png?size=2 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\nX-Forwarded-For: 10.0.0.1, 192.0.2.9\r\nCookie: a=1; b=2';

function rule(text: string): RuleModel {
  const [body, condition] = text.split(' if ') as [string, string?];
  const given = condition === undefined ? null : { unless: false, words: condition.split(' '), at };
  return { ...parseRule(body).model, condition: given };
}

function report(name: string, once: () => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < CALLS; call++) once();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / CALLS);
  }
  process.stdout.write(`${best.toFixed(0).padStart(6)} ns  ${name}\n`);
}

function measure(...texts: string[]): void {
  const world = new ExampleWorld();
  const rules = world.compiler.rules('http-request', texts.map(rule)) as RuleList;
  const stream = world.stream(REQUEST);
  const { request } = stream;
  const cells = request.headers.cells.slice();
  const { rows } = request.headers;
  const { spare } = request;
  report(texts.length === 1 ? (texts[0] as string) : `${texts.length} rules`, () => {
    rules.run(stream);
    if (request.headers.rows === rows) return;
    request.headers.cells.set(cells);
    request.headers.rows = rows;
    request.spare = spare;
  });
}

measure('http-request deny if { path_beg /api }');
measure('http-request deny if { path_end .jpg .gif .css .js .ico .svg }');
measure('http-request deny if { hdr(host) -i evil.test }');
measure('http-request deny if { src 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 }');
measure('http-request deny if { path_reg ^/img/[a-z]+\\.(jpg|gif)$ }');
measure('http-request deny if { sc_http_req_rate(0) gt 1000 }');
measure('http-request deny if { src,table_http_req_rate(web) gt 1000 }');
measure('http-request set-header x-a constant');
measure('http-request set-header x-a %[src]');
measure('http-request set-header x-a %[req.hdr(host),lower]');
measure(
  'http-request deny if { src 10.0.0.0/8 } { path_beg /admin }',
  'http-request set-header X-Forwarded-Proto http',
  'http-request set-header X-Client-IP %[src]',
  'http-request redirect scheme https if { hdr(host) -i secure.test }',
  'http-request del-header X-Secret',
);

const text = '/img/cats/and/dogs/12345.png';
const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
const ours = compileRegex('^/img/(.*)/(\\d+)\\.(png|jpg)$', false);
const theirs = /^\/img\/(.*)\/(\d+)\.(png|jpg)$/;
report('regular expression, ours, bytes', () => void ours.test(bytes, 0, bytes.length));
report('regular expression, V8, a string at hand', () => void theirs.test(text));
