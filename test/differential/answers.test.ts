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
import { startSyslog } from '../support/syslog.ts';
import { type AnswerCase, FILES, CASES as FIRST, GET, SECTIONS } from './answers.ts';
import { MADE } from './answers-made.ts';

const AT_ONCE = 8;
const CASES: readonly AnswerCase[] = [...FIRST, ...MADE.map((entry) => ({ request: GET, ...entry }))];

function configuration(folder: string, ports: readonly number[], serverPort: number, logPort: number): string {
  const head = `global
  expose-experimental-directives
  h1-case-adjust content-length Content-Length
  h1-case-adjust host HOST
  h1-case-adjust x-one X-One
  h1-case-adjust x-up x-UP
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  log 127.0.0.1:${logPort} format raw local0
  log-format "%f %ts %ST %s"
${SECTIONS}`;
  const server = `server s1 127.0.0.1:${serverPort}`;
  const proxies = CASES.map(({ rules, backend }, at) => {
    const bind = `  bind 127.0.0.1:${ports[at]}\n  ${rules}\n`;
    if (backend === undefined) return `listen c${at}\n${bind}  ${server}\n`;
    const lines = backend.includes('NONE') ? backend.replace('NONE', '') : `${backend}\n  ${server}`;
    return `frontend c${at}\n${bind}  default_backend b${at}\nbackend b${at}\n  ${lines}\n`.replaceAll('BACKEND', `b${at}`);
  });
  return `${head}${proxies.join('')}`.replaceAll('FOLDER', folder);
}

function bytesOf({ request = '', answer }: AnswerCase, at: number): string {
  const body = /Content-Length: (\d+)/i.exec(request)?.[1] ?? '0';
  const [line, ...fields] = request.split('\r\n');
  return `${[line, ...(fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: h.test']), ...fields, ...(answer === undefined ? [] : [`X-Case: ${at}`]), 'Connection: close'].join('\r\n')}\r\n\r\n${'x'.repeat(Number(body))}`;
}

const REFUSED = `HTTP/1.1 502 Bad Gateway\r\ncontent-length: 107\r\ncache-control: no-cache\r\ncontent-type: text/html\r\nconnection: close\r\n\r
<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n`;

/** What 3.5 does differently: 502 where 2.6 refuses a cacheable cookie with the page of 200, no Cache-Control on redirects, names in lower case for requests that can't be parsed. */
function modern(text: string, at: number): string {
  if (CASES[at]?.rules === 'option checkcache' && text.includes('Service ready'))
    return `${REFUSED}\n${text.split('\n').at(-1)?.replace('200', '502')}`;
  if (/^HTTP\/1.1 30[12378] .*\r\ncontent-length: 0\r\n(set-cookie: .*\r\n)?location: /.test(text))
    return text.replace('cache-control: no-cache\r\n', '');
  return text.startsWith('HTTP/1.1 400 ') ? text.replace(/^[A-Z][-A-Za-z]+:/gm, (name) => name.toLowerCase()) : text;
}

/** What the client reads for each case, and the log line if there is one. */
async function play(subject: string): Promise<string[]> {
  await using syslog = await startSyslog();
  const folder = makeFolder();
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  await using origin = await startHttpOrigin((request) =>
    ok(
      request.head,
      `X-Up: one\r\nX-Up: two, three\r\nServer: test\r\n${CASES[Number(/^x-case: (\d+)/im.exec(request.head)?.[1])]?.answer ?? ''}`,
    ),
  );
  const ports: number[] = [];
  while (ports.length < CASES.length) ports.push(await freePort());
  await using _proxy = await startSubject(subject, { config: configuration(folder, ports, origin.port, syslog.port) });
  const seen: string[] = [];
  for (let from = 0; from < CASES.length; from += AT_ONCE) {
    const group = CASES.slice(from, from + AT_ONCE);
    seen.push(...(await Promise.all(group.map((entry, at) => exchange(ports[from + at] as number, bytesOf(entry, from + at))))));
  }
  await syslog.waitForCount(CASES.filter(({ rules }) => !rules.startsWith('monitor-uri') || rules.endsWith('monitor-uri /a/b')).length);
  for (const message of syslog.messages) {
    const [, at, line] = /^c(\d+) (.*)$/.exec(message.trim()) ?? [];
    seen[Number(at)] += `\n${line}`;
  }
  return seen;
}

describe('answers of HAProxy and Hawser', needs('haproxy'), () => {
  let expected: string[] = [];
  before(async () => {
    expected = (await play('haproxy')).map(modern);
  });

  for (const subject of subjects.filter((name) => name !== 'haproxy')) {
    test(subject, async () => {
      const seen = await play(subject);
      const shown = ({ request, rules }: AnswerCase, at: number): string =>
        `${JSON.stringify(request)} ${rules}\n- ${JSON.stringify(expected[at])}\n+ ${JSON.stringify(seen[at])}`;
      const wrong = CASES.flatMap((entry, at) => (seen[at] === expected[at] ? [] : [shown(entry, at)]));
      assert.equal(wrong.join('\n'), '', `${wrong.length} of ${CASES.length} differ:\n${wrong.join('\n')}`);
    });
  }
});
