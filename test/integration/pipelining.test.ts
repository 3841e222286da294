/** Requests that are sent ahead of the answers (RFC 9112 9.3.2). */
import assert from 'node:assert/strict';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { configure, get, onSubjects, ports } from './rig.ts';

onSubjects('who sends requests ahead and half-closes gets all the answers', async ({ start, old, context }) => {
  // HAProxy 2.6 answers the first only if the end comes with the requests.
  if (old) return context.skip('HAProxy answers all of them most of the time');
  await using origin = await startHttpOrigin(() => ok('served'));
  const [port] = await ports(1);
  await start(
    configure({
      rest: `listen l\n  bind 127.0.0.1:${port}\n  http-request return status 202 if { path /here }\n  server s1 127.0.0.1:${origin.port}`,
    }),
  );
  const post = 'POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
  for (let round = 0; round < 10; round++) {
    using client = await connect(port);
    await client.write(`${get('/a')}${get('/here')}${post}${get('/b')}`);
    client.end();
    const answered = await client.readToEnd();
    assert.deepEqual(
      [...answered.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status),
      ['200', '202', '200', '200'],
    );
  }
  using unfinished = await connect(port);
  await unfinished.write(`${get('/a')}GET /half HTTP/1.1\r\nHost`);
  unfinished.end();
  assert.deepEqual((await unfinished.readToEnd()).match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 400']);
});
