/**
 * Who gets which request: exact shares and orders of the algorithms, and the same choice as
 * HAProxy's where a key is hashed (HAProxy configuration manual 4.2, balance).
 */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import type { HttpOrigin } from '../support/origin.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { needs } from '../support/peer.ts';
import { startHaproxy } from '../support/proxy.ts';
import { until } from '../support/wait.ts';
import { ask, askOn, configure, get, onSubjects, ports } from './rig.ts';

class Farm {
  readonly origins: HttpOrigin[] = [];
  async open(count: number): Promise<this> {
    for (let at = 1; at <= count; at++) this.origins.push(await startHttpOrigin(() => ok(`s${at}`)));
    return this;
  }
  /** Server lines, each with its options. */
  lines(...options: string[]): string {
    return this.origins.map(({ port }, at) => `  server s${at + 1} 127.0.0.1:${port} ${options[at] ?? ''}`).join('\n');
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const origin of this.origins) await origin.close();
  }
}

async function sequence(port: number, count: number): Promise<string> {
  const names: string[] = [];
  for (let at = 0; at < count; at++) names.push((await ask(port, get('/', 'Connection: close'))).body);
  return names.join(' ');
}

function shares(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

onSubjects("roundrobin: weights 3, 1, 2 in HAProxy's order", async ({ start }) => {
  await using farm = await new Farm().open(3);
  const [port] = await ports(1);
  const rest = `listen l\n  bind 127.0.0.1:${port}\n  balance roundrobin\n${farm.lines('weight 3', 'weight 1', 'weight 2')}`;
  await start(configure({ global: 'nbthread 1', rest }));
  const round = 's1 s3 s1 s2 s1 s3';
  assert.equal(await sequence(port, 12), `${round} ${round}`);
});

for (const threads of [1, 2]) {
  onSubjects(`roundrobin: exact shares with ${threads} thread(s) and parallel clients`, async ({ start }) => {
    await using farm = await new Farm().open(3);
    const [port] = await ports(1);
    const rest = `listen l\n  bind 127.0.0.1:${port}\n  balance roundrobin\n${farm.lines('weight 5', 'weight 3', 'weight 2')}`;
    await start(configure({ global: `nbthread ${threads}`, rest }));
    const names: string[] = [];
    const clients = Array.from({ length: 20 }, async () => {
      using client = await connect(port);
      for (let times = 0; times < 10; times++) names.push((await askOn(client, get('/'))).body);
    });
    await Promise.all(clients);
    assert.deepEqual(shares(names), { s1: 100, s2: 60, s3: 40 });
  });
}

onSubjects('static-rr: exact shares', async ({ start }) => {
  await using farm = await new Farm().open(2);
  const [port] = await ports(1);
  await start(configure({ rest: `listen l\n  bind 127.0.0.1:${port}\n  balance static-rr\n${farm.lines('weight 1', 'weight 4')}` }));
  assert.deepEqual(shares((await sequence(port, 50)).split(' ')), { s1: 10, s2: 40 });
});

onSubjects('leastconn goes where the fewest are, first fills in order', async ({ start }) => {
  const held: (() => void)[] = [];
  const hold = async (name: string): Promise<string> => {
    await new Promise<void>((resolve) => held.push(resolve));
    return ok(name);
  };
  await using a = await startHttpOrigin(() => hold('s1'));
  await using b = await startHttpOrigin(() => hold('s2'));
  const [least, first] = await ports(2);
  const servers = (options: string): string => `  server s1 127.0.0.1:${a.port} ${options}\n  server s2 127.0.0.1:${b.port} ${options}`;
  const rest = `listen least\n  bind 127.0.0.1:${least}\n  balance leastconn\n${servers('')}
listen first\n  bind 127.0.0.1:${first}\n  balance first\n${servers('maxconn 2')}`;
  await start(configure({ rest }));
  const ask4 = async (port: number): Promise<string[]> => {
    const answers: Promise<{ body: string }>[] = [];
    for (let count = 1; count <= 4; count++) {
      answers.push(ask(port, get('/', 'Connection: close')));
      await until(() => held.length === count, `${count} requests at the servers`);
    }
    for (const release of held.splice(0)) release();
    return (await Promise.all(answers)).map(({ body }) => body);
  };
  assert.deepEqual(shares(await ask4(least)), { s1: 2, s2: 2 });
  assert.deepEqual(await ask4(first), ['s1', 's1', 's2', 's2']);
});

onSubjects('random reaches every server, source always the same', async ({ start }) => {
  await using farm = await new Farm().open(3);
  const [random, source] = await ports(2);
  const rest = `listen a\n  bind 127.0.0.1:${random}\n  balance random\n${farm.lines()}
listen b\n  bind 127.0.0.1:${source}\n  balance source\n${farm.lines()}`;
  await start(configure({ rest }));
  const drawn = shares((await sequence(random, 120)).split(' '));
  for (const name of ['s1', 's2', 's3']) assert.ok((drawn[name] ?? 0) >= 15, JSON.stringify(drawn));
  assert.equal(Object.keys(shares((await sequence(source, 10)).split(' '))).length, 1);
});

/** Lines of the backend; requests differ in path, query and header. */
const HASHES: Readonly<Record<string, readonly string[]>> = {
  source: ['', 'hash-type consistent', 'hash-type map-based djb2', 'hash-type consistent wt6 avalanche'],
  uri: ['', 'hash-type consistent', 'hash-type map-based djb2', 'hash-type map-based crc32 avalanche', 'hash-type consistent wt6'],
  'uri whole': [''],
  'uri len 6': [''],
  'uri depth 2': [''],
  'hdr(X-Key)': ['', 'hash-type consistent djb2 avalanche'],
  'url_param k': ['', 'hash-type consistent'],
};

type Start = (config: string) => Promise<unknown>;

/** The choice of a proxy for a series of requests, per hash-type. */
async function choices(algorithm: string, types: readonly string[], farm: Farm, start: Start): Promise<string[]> {
  const listen = await ports(types.length);
  const servers = farm.lines('weight 10', 'weight 20', 'weight 30', 'weight 7');
  const rest = types
    .map((type, at) => `listen l${at}\n  bind 127.0.0.1:${listen[at]}\n  balance ${algorithm}\n  ${type}\n${servers}`)
    .join('\n');
  await start(configure({ global: 'nbthread 1', rest }));
  return await Promise.all(
    listen.map(async (port) => {
      using client = await connect(port);
      const names: string[] = [];
      for (let at = 0; at < 24; at++) {
        names.push((await askOn(client, get(`/dir${at % 5}/file${at}/x?k=${at * 7}&z=${at}`, `X-Key: key-${at}`))).body);
      }
      return names.join(' ');
    }),
  );
}

for (const [algorithm, types] of Object.entries(HASHES)) {
  onSubjects(
    `balance ${algorithm}: the same servers as with HAProxy`,
    async ({ start }) => {
      await using farm = await new Farm().open(4);
      const seen = await choices(algorithm, types, farm, start);
      await using stack = new AsyncDisposableStack();
      const expected = await choices(algorithm, types, farm, async (config) => stack.use(await startHaproxy({ config })));
      const table = (rows: readonly string[]): Record<string, string> =>
        Object.fromEntries(types.map((type, at) => [type, rows[at] as string]));
      assert.deepEqual(table(seen), table(expected));
    },
    needs('haproxy'),
  );
}
