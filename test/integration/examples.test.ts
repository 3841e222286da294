/**
 * Every configuration in examples/ is started and takes real requests. It runs as a copy in
 * which addresses are replaced: those of `bind` by free ports, those of servers (also names of
 * a container network) by servers of the test. The file itself is checked as it is, with -c.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../support/connection.ts';
import type { HttpOrigin } from '../support/origin.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/program.ts';
import { HAWSER } from '../support/proxy.ts';
import { isListening } from '../support/wait.ts';
import type { Answer } from './rig.ts';
import { ask, askOn, configure, field, get, onSubjects, ports } from './rig.ts';

const FOLDER = fileURLToPath(new URL('../../examples', import.meta.url));
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  // Those of real-world/ have tests of their own, test/real-world.
  .filter((name) => name.endsWith('.cfg') && !name.startsWith('real-world/'))
  .sort();

/** A copy with its own addresses: what stood in the file leads to what stands here. */
class Stage {
  readonly ports = new Map<string, number>();
  readonly servers = new Map<string, HttpOrigin>();
  text = '';

  async build(path: string): Promise<this> {
    const rows = readFileSync(path, 'utf8').split('\n');
    const out: string[] = [];
    for (const row of rows) out.push(await this.#replace(row));
    this.text = out.join('\n');
    return this;
  }

  async #replace(row: string): Promise<string> {
    const bind = /^(\s*bind\s+)(\S*):(\d+)(?:-(\d+))?(.*)$/.exec(row);
    if (bind !== null) {
      const [, start, , first, last, rest] = bind as unknown as string[];
      const count = last === undefined ? 1 : Number(last) - Number(first) + 1;
      const port = await freeRange(count);
      for (let step = 0; step < count; step++) this.ports.set(String(Number(first) + step), port + step);
      return `${start}127.0.0.1:${port}${count > 1 ? `-${port + count - 1}` : ''}${rest}`;
    }
    const server = /^(\s*server\s+)(\S+)(\s+)(\S+):(\d+)(.*)$/.exec(row);
    if (server !== null) {
      const [, start, name, space, , , rest] = server as unknown as string[];
      const origin = await startHttpOrigin(({ head }) => ok(name as string, `X-Seen: ${field(head, 'x-forwarded-for') ?? '-'}\r\n`));
      this.servers.set(name as string, origin);
      return `${start}${name}${space}127.0.0.1:${origin.port}${rest}`;
    }
    // A path of the whole machine.
    return /^\s*stats socket\s/.test(row) ? '' : row;
  }

  port(written: number): number {
    return this.ports.get(String(written)) as number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const origin of this.servers.values()) await origin.close();
  }
}

async function freeRange(count: number): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (Array.from({ length: count }, (_, step) => port + step).every((each) => !isListening(each))) return port;
  }
}

for (const name of files) {
  test(`${name} is valid as it is`, async () => {
    // Names of a container network need not resolve here.
    const { status, stderr } = await run({ command: HAWSER, args: ['-c', '-dr', '-f', join(FOLDER, name)] });
    assert.equal(status, 0, stderr);
    assert.equal(stderr.replaceAll(/^\[WARNING\].*could not resolve address.*\n/gm, ''), '');
  });

  onSubjects(`${name} serves`, async ({ start }) => {
    await using stage = await new Stage().build(join(FOLDER, name));
    const proxy = await start({ config: stage.text, ready: [...stage.ports.values()] });
    assert.ok(stage.ports.size > 0 && stage.servers.size > 0);
    for (const port of stage.ports.values()) {
      using client = await connect(port);
      await client.write(get('/', 'Connection: close'));
      const { head, body } = await client.readMessage();
      assert.match(head, /^HTTP\/1.1 200 OK\r\n/);
      assert.ok(stage.servers.has(body), body);
    }
    await proxy.program.until(() => proxy.program.stdout.split('\n').length > stage.ports.size, 'a log line for each');
  });
}

onSubjects('blog.cfg: what begins with /blog goes to the blog', async ({ start }) => {
  await using stage = await new Stage().build(join(FOLDER, 'blog.cfg'));
  await start(stage.text);
  const to = async (path: string): Promise<string> => (await ask(stage.port(8081), get(path))).body;
  assert.match(await to('/blog/post'), /^blog\d$/);
  assert.deepEqual([await to('/'), await to('/cart')].sort(), ['shop1', 'shop2']);
});

onSubjects('sticky.cfg: the cookie keeps a client, a dead server lets it go', async ({ start }) => {
  await using stage = await new Stage().build(join(FOLDER, 'sticky.cfg'));
  const { program } = await start({ config: stage.text, ready: [...stage.ports.values()] });
  const port = stage.port(60000);
  const first = await ask(port, get('/'));
  assert.equal(field(first.head, 'set-cookie'), `SERVER=${first.body}; path=/`);
  for (let times = 0; times < 3; times++) {
    const again = await ask(stage.port(60001), get('/', `Cookie: SERVER=${first.body}`));
    assert.equal(again.body, first.body);
    assert.equal(field(again.head, 'set-cookie'), undefined);
  }
  await stage.servers.get(first.body)?.close();
  // Until the check has seen it, the cookie holds: the file has no `option redispatch`.
  await program.until(() => program.stdout.includes(`Server web/${first.body} is DOWN`), 'the check');
  const other = await ask(port, get('/', `Cookie: SERVER=${first.body}`));
  assert.equal(other.status, 200);
  assert.notEqual(other.body, first.body);
});

onSubjects('abuse.cfg: a trap closes the door, and so do a hundred requests at once', async ({ start }) => {
  await using stage = await new Stage().build(join(FOLDER, 'abuse.cfg'));
  await start(stage.text);
  const port = stage.port(8088);
  using client = await connect(port);
  const statuses: number[] = [];
  for (let times = 0; times < 102; times++) statuses.push((await askOn(client, get('/'))).status);
  assert.deepEqual(new Set(statuses.slice(0, 100)), new Set([200]));
  assert.deepEqual(statuses.slice(100), [429, 429]);
  assert.equal((await ask(port, get('/.env'))).status, 403);
  assert.equal((await ask(port, get('/'))).status, 403);
});

onSubjects("demo.cfg: turns, the client's address, the way a server sees it", async ({ start }) => {
  await using stage = await new Stage().build(join(FOLDER, 'demo.cfg'));
  await start({ config: stage.text, ready: [...stage.ports.values()] });
  const answers: Answer[] = [];
  for (let times = 0; times < 6; times++) answers.push(await ask(stage.port(8080), get('/')));
  assert.deepEqual(new Set(answers.map(({ body }) => body)), new Set(['app1', 'app2', 'app3']));
  assert.equal(field(answers[0]?.head ?? '', 'x-seen'), '127.0.0.1');
});

onSubjects('a server that is named is found: localhost', async ({ start }) => {
  await using origin = await startHttpOrigin(() => ok('found'));
  const [port] = await ports(1);
  await start(configure({ rest: `listen l\n  bind localhost:${port}\n  server s1 localhost:${origin.port}` }));
  assert.equal((await ask(port, get('/'))).body, 'found');
});
