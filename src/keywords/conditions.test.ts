/** Conditions and ACLs with the real keywords: how terms combine, what values are tried, what is refused and how it is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclModel } from '../model/config.ts';
import { RuleError } from '../rules/error.ts';
import { Place } from '../rules/place.ts';
import { ExampleWorld } from './examples.ts';

const at = { file: 'test', line: 1, column: 1 };
const REQUEST =
  'GET /img/cat.png?size=2&size=3 HTTP/1.1\r\nHost: www.Example.com\r\nX-Forwarded-For: 10.0.0.1, 192.0.2.9\r\nX-Empty:\r\nCookie: a=1; b=2';

function acl(line: string): AclModel {
  const [name, ...words] = line.split(' ') as [string, ...string[]];
  return { name, words, at };
}

/** Evaluates a condition on the request above. */
function holds(condition: string, acls: readonly string[] = [], unless = false): boolean {
  const world = new ExampleWorld();
  const compiler = world.newCompiler(acls.map(acl));
  const compiled = compiler.condition({ unless, words: condition.split(' '), at }, Place.frontendRequest);
  assert.deepEqual(compiler.warnings, []);
  return compiled.test(world.stream(REQUEST));
}

const CASES: readonly (readonly [string, boolean])[] = [
  ['TRUE', true],
  ['FALSE', false],
  ['!FALSE', true],
  ['! FALSE', true],
  ['!!TRUE', true],
  ['TRUE FALSE', false],
  ['FALSE or TRUE', true],
  ['FALSE OR TRUE', true],
  ['FALSE or', false],
  ['or TRUE || or', true],
  ['FALSE FALSE || TRUE !FALSE', true],
  ['TRUE FALSE or FALSE TRUE', false],
  ['METH_GET', true],
  ['METH_POST', false],
  ['HTTP_1.1', true],
  ['LOCALHOST', false],
  ['{ path_beg /img }', true],
  ['{ path_beg -i /IMG }', true],
  ['{ path_beg /IMG }', false],
  ['{ path_end .png .jpg } TRUE', true],
  ['!{ path_end .jpg }', true],
  ['{ path,lower -m beg /img }', true],
  ['{ path -m len gt 3 }', true],
  ['{ path_len lt 3 }', false],
  ['{ path_reg ^/img/.*\\.(png|jpg)$ }', true],
  ['{ path_dir cat.png }', true],
  ['{ url_sub size=3 }', true],
  ['{ hdr(host) -i www.example.com }', true],
  ['{ hdr(host) www.example.com }', false],
  ['{ hdr_dom(host) -i example }', true],
  ['{ hdr_end(host) -i .com }', true],
  ['{ hdr(x-forwarded-for) 10.0.0.1 }', true],
  ['{ hdr(x-forwarded-for) 192.0.2.9 }', true],
  ['{ req.fhdr(x-forwarded-for) 10.0.0.1 }', false],
  ['{ req.hdr_ip(x-forwarded-for) 10.0.0.0/8 }', true],
  ['{ req.hdr_ip(x-forwarded-for,-1) 10.0.0.0/8 }', false],
  ['{ hdr(x-forwarded-for,1) -m ip 10.0.0.0/8 }', true],
  ['{ hdr_cnt(x-forwarded-for) eq 2 }', true],
  ['{ hdr_cnt(x-forwarded-for) 3:5 }', false],
  ['{ hdr(x-empty) -m found }', true],
  ['{ hdr(x-none) -m found }', false],
  ['!{ hdr(x-none) -m found }', true],
  ['{ hdr(x-none) x }', false],
  ['!{ hdr(x-none) x }', true],
  ['{ cook(b) 2 }', true],
  ['{ urlp(size) 3 }', true],
  ['{ src 192.0.2.0/24 }', true],
  ['{ src 192.0.2.7 }', true],
  ['{ src 10.0.0.0/8 2001:db8::/32 }', false],
  ['{ src_port 40000:41000 }', true],
  ['{ nbsrv(app) ge 1 }', true],
  ['{ method GET }', true],
  ['{ method get }', false],
  ['{ int(0) -m bool }', false],
  ['{ req.hdr(host),lower,length 15 }', true],
];

for (const [condition, expected] of CASES) test(`if ${condition}`, () => assert.equal(holds(condition), expected));

test('unless', () => {
  assert.equal(holds('FALSE', [], true), true);
  assert.equal(holds('TRUE or FALSE', [], true), false);
});

test('the same name declared again adds alternatives; a declared name hides a predefined one', () => {
  const acls = ['ours path_beg /x', 'ours path_beg /img', 'METH_GET always_false'];
  assert.equal(holds('ours', acls), true);
  assert.equal(holds('!ours', acls), false);
  assert.equal(holds('METH_GET', acls), false);
});

function refusal(condition: string, acls: readonly string[] = []): RuleError {
  try {
    holds(condition, acls);
  } catch (error) {
    if (error instanceof RuleError) return error;
    throw error;
  }
  throw new Error(`'${condition}' was accepted`);
}

const REFUSED: readonly (readonly [string, RegExp, number])[] = [
  ['nothere', /no such ACL : 'nothere'/, 0],
  ['TRUE {', /missing closing '}'/, 1],
  ['!', /ends without an ACL/, 0],
  ['or', /ends without an ACL/, 0],
  ['TRUE !', /ends without an ACL/, 1],
  ['! or TRUE', /'or' has no ACL before it/, 1],
  ['{ pth_beg /x }', /unknown fetch method 'pth_beg'/, 1],
  ['{ path_bag /x }', /unknown fetch method 'path_bag'/, 1],
  ['{ path -m nope x }', /unknown matching method 'nope'/, 3],
  ['{ 51d.all(x) gt 1 }', /fetch method '51d.all' is not supported by this version/, 1],
  ['{ src 10.0.0.0/33 }', /mask is 0 to 32/, 2],
  ['{ src www.example.com }', /is a host name: .* not supported/, 2],
  ['{ hdr_cnt(a) eq many }', /'many' is not an integer/, 3],
  ['{ path(a) /x }', /sample fetch 'path' takes no argument, got 1/, 1],
  ['{ path_reg (a)\\2 }', /no group/, 2],
  ['{ path -f /nowhere }', /failed to open pattern file <\/nowhere>/, 3],
  ['{ bin(41) x }', /'-m' and a matching method are needed/, 1],
  ['{ req.hdr(a,b) x }', /'occ' is an integer, not 'b'/, 1],
  ['{ path,uper x }', /unknown converter 'uper'.*'upper'/, 1],
  ['{ path,lower( x }', /closing '\)' is missing/, 1],
];

for (const [condition, reason, word] of REFUSED) {
  test(`if ${condition}: refused`, () => {
    const error = refusal(condition);
    assert.match(error.message, reason);
    assert.equal(error.word, word);
  });
}

test('an error in an acl line names it, at the word that uses it', () => {
  const error = refusal('TRUE bad', ['bad path_bag /x']);
  assert.match(error.message, /^acl 'bad': unknown fetch method 'path_bag'/);
  assert.equal(error.word, 1);
});

test('a fetch that has nothing to read there never matches, with a warning', () => {
  const world = new ExampleWorld();
  const compiler = world.newCompiler([acl('late res.hdr(server) x')]);
  const compiled = compiler.condition({ unless: false, words: ['late'], at }, Place.frontendRequest);
  assert.equal(compiled.test(world.stream()), false);
  assert.match(
    compiler.warnings[0]?.text as string,
    /^acl 'late' will never match because it only involves keywords that are incompatible with 'frontend http-request header rule'/,
  );
});

test('an ACL without pattern never matches, with a warning that -- silences', () => {
  const world = new ExampleWorld();
  const compiler = world.newCompiler();
  const condition = (words: string) => compiler.condition({ unless: false, words: words.split(' '), at }, Place.frontendRequest);
  assert.equal(condition('{ path -- }').test(world.stream()), false);
  assert.deepEqual(compiler.warnings, []);
  assert.equal(condition('{ path }').test(world.stream()), false);
  assert.equal(compiler.warnings.length, 1);
});

test('http_auth_group names groups that exist, and is true for the groups of the user', () => {
  const world = new ExampleWorld();
  const condition = (words: string) => world.newCompiler().condition({ unless: false, words: words.split(' '), at }, Place.frontendRequest);
  // ann:secret:x
  const ann = 'GET / HTTP/1.1\r\nAuthorization: Basic YW5uOnNlY3JldDp4';
  assert.equal(condition('{ http_auth_group(people) staff }').test(world.stream(ann)), true);
  assert.equal(condition('{ http_auth_group(people) staff }').test(world.stream()), false);
  assert.throws(() => condition('{ http_auth_group(people) stuff }'), /invalid group 'stuff'/);
  assert.throws(() => condition('{ http_auth_group(people) }'), /no groups specified/);
  assert.throws(() => condition('{ http_auth_group(nobody) staff }'), /there is no userlist 'nobody'/);
});

test('acl() may not lead back, nor through more than 100', () => {
  const world = new ExampleWorld();
  const compile = (name: string, lines: readonly string[]) =>
    world.newCompiler(lines.map(acl)).condition({ unless: false, words: [name], at }, Place.frontendRequest);
  assert.throws(() => compile('a', ['a acl(b)', 'b acl(!a)']), /'a' depends on itself/);
  const row = Array.from({ length: 120 }, (_, number) => `a${number} acl(a${number + 1})`);
  assert.throws(() => compile('a0', [...row, 'a120 path /']), /more than 100 others/);
  assert.equal(compile('a50', [...row, 'a120 path /']).test(world.stream()), true);
});

// An ACL whose first value matches leaves the others untried: what reads one value next may not wait for them.
for (const expression of ['req.hdr_ip(host)', 'req.hdr_ip(x-forwarded-for,9)', 'res.hdr_ip(x-up,1)']) {
  test(`${expression} behind an ACL that had more values`, () => {
    const world = new ExampleWorld();
    const stream = world.stream(REQUEST, 'HTTP/1.1 200 OK\r\nX-Up: one, two');
    const place = expression.startsWith('res') ? Place.frontendResponse : Place.frontendRequest;
    world.thread.sample.more = true;
    assert.equal(world.compiler.expression(expression, place).run(world.thread.sample, stream), false);
    const words = ['{', expression, '192.0.2.1', '}'];
    world.thread.sample.more = true;
    assert.equal(world.compiler.condition({ unless: false, words, at }, place).test(stream), false);
  });
}
