/** The same rules and requests to the installed HAProxy and to Hawser: what the client reads must agree byte by byte. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { exchange } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { needs } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { makeFolder } from '../support/proxy.ts';
import { startSubject, subjects } from '../support/subject.ts';
import { type AnswerCase, CASES, FILES, SECTIONS } from './answers.ts';

const AT_ONCE = 8;

function configuration(folder: string, ports: readonly number[], serverPort: number): string {
  const head = `global
  expose-experimental-directives
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
${SECTIONS}`;
  const proxies = CASES.map(
    ({ rules }, at) => `listen c${at}\n  bind 127.0.0.1:${ports[at]}\n  ${rules}\n  server s1 127.0.0.1:${serverPort}\n`,
  );
  return `${head}${proxies.join('')}`.replaceAll('FOLDER', folder);
}

function bytesOf({ request = '' }: AnswerCase): string {
  const body = /Content-Length: (\d+)/i.exec(request)?.[1] ?? '0';
  const [line, ...fields] = request.split('\r\n');
  return `${[line, 'Host: h.test', ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n${'x'.repeat(Number(body))}`;
}

/** What the client reads for each case. */
async function play(subject: string): Promise<string[]> {
  const folder = makeFolder();
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  await using origin = await startHttpOrigin((request) => ok(request.head, 'X-Up: one\r\nX-Up: two, three\r\nServer: test\r\n'));
  const ports: number[] = [];
  while (ports.length < CASES.length) ports.push(await freePort());
  await using _proxy = await startSubject(subject, { config: configuration(folder, ports, origin.port) });
  const seen: string[] = [];
  for (let from = 0; from < CASES.length; from += AT_ONCE) {
    const group = CASES.slice(from, from + AT_ONCE);
    seen.push(...(await Promise.all(group.map((entry, at) => exchange(ports[from + at] as number, bytesOf(entry))))));
  }
  return seen;
}

describe('answers of HAProxy and Hawser', needs('haproxy'), () => {
  let expected: string[] = [];
  before(async () => {
    expected = await play('haproxy');
  });

  for (const subject of subjects.filter((name) => name !== 'haproxy')) {
    test(subject, async () => {
      const seen = await play(subject);
      const wrong = CASES.flatMap((entry, at) => (seen[at] === expected[at] ? [] : [{ ...entry, expected: expected[at], seen: seen[at] }]));
      assert.deepEqual(wrong, [], `${wrong.length} of ${CASES.length} differ`);
    });
  }
});
