/**
 * The same exchanges through the installed HAProxy (2.6) and Hawser, logged in each format of loglines-cases.ts: the
 * lines agree field by field, except for dates, ports, process numbers and times, and for what is listed with reasons.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Connection } from '../support/connection.ts';
import { ok, startHttpOrigin, startRawOrigin } from '../support/origin.ts';
import { needs } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { startSubject, subjects } from '../support/subject.ts';
import { startSyslog } from '../support/syslog.ts';
import { type ExchangeCase, exchangesOf, FORMATS, type FormatCase, type Mask } from './loglines-cases.ts';
import { DIFFERENCES } from './loglines-differences.ts';

/** Lines of each format by exchange. */
type Lines = Map<string, string[]>;

const SEPARATOR = '\x7f|';

function configFor(
  formats: readonly (FormatCase & { port: number })[],
  syslog: number,
  origin: number,
  closed: number,
  raw: number,
): string {
  const frontends = formats.map((format, at) => {
    const lines = format.fields === null ? (format.lines ?? '') : `log-format '${textOf(format)}'`;
    const rules =
      format.mode === 'tcp'
        ? ''
        : `capture cookie SID= len 12
  capture request header X-A len 20
  capture request header X-B len 20
  capture response header X-C len 20
  http-request deny if { path /denied }
  http-request redirect location /else if { path /redirect }
  use_backend down if { path /down }
  use_backend none if { path /none }
  http-request tarpit if { path /tarpit }
  http-request return status 202 content-type text/plain string made if { path /return }
  http-request auth realm r if { path /auth }
  http-request reject if { path /reject }
  http-request set-var(txn.p) path
  http-response deny if { var(txn.p) -m str /denied-later }
  http-response return status 203 if { var(txn.p) -m str /returned-later }
  use_backend retry if { path /retry }
  use_backend persist if { path /persist }
  use_backend raw if { path /interim /until /cut /junk /part /upgrade } or METH_CONNECT`;
    return `frontend fe${at}
  mode ${format.mode}
  bind 127.0.0.1:${format.port}
  log 127.0.0.1:${syslog} len 4096 format ${format.form ?? 'local'} local0
  ${lines}
  ${rules}
  default_backend be-${format.mode}`;
  });
  return `global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 120ms
  timeout tarpit 60ms
  retries 0
${frontends.join('\n')}
backend be-http
  server s1 127.0.0.1:${origin}
backend be-tcp
  mode tcp
  server s1 127.0.0.1:${origin}
backend down
  server s2 127.0.0.1:${closed}
backend none
${rareBackends(origin, closed, raw)}`;
}

/** Where rare exchanges go. */
function rareBackends(origin: number, closed: number, raw: number): string {
  return `backend retry
  balance roundrobin
  retries 1
  option redispatch
  server d1 127.0.0.1:${closed}
  server s1 127.0.0.1:${origin}
backend persist
  balance roundrobin
  cookie SRV insert indirect
  retries 1
  option redispatch
  server s1 127.0.0.1:${origin} cookie c1
  server d1 127.0.0.1:${closed} cookie c2 backup
backend raw
  server s1 127.0.0.1:${raw}
`;
}

function textOf({ fields, prefix }: FormatCase): string {
  return `${prefix ?? ''}${(fields ?? []).map(([field]) => field).join('|')}`;
}

/** Answers that no framing bounds, by path. */
const RAW: Readonly<Record<string, string>> = {
  '/interim': 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  '/until': 'HTTP/1.1 200 OK\r\nX-C: until\r\n\r\nhello',
  '/cut': 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello',
  '/junk': 'what is this\r\n\r\n',
  '/part': 'HTTP/1.1 20',
  '/upgrade': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello',
};

async function serveRaw(connection: Connection): Promise<void> {
  const head = await connection.readHead();
  await connection.write(RAW[head.split(' ')[1] as string] ?? 'HTTP/1.1 200 OK\r\n\r\nhello');
  connection.end();
}

async function record(subject: string): Promise<Lines> {
  await using origin = await startHttpOrigin(({ head }) => {
    if (head.includes('/chunked')) return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
    if (head.includes('/empty')) return 'HTTP/1.1 204 No Content\r\n\r\n';
    if (head.includes('/cached')) return 'HTTP/1.1 304 Not Modified\r\nX-C: c\r\n\r\n';
    if (head.includes('/error')) return 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n';
    if (head.startsWith('HEAD')) return 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
    if (head.includes('/missing')) return 'HTTP/1.1 404 Not Found\r\nX-C: no\r\nContent-Length: 0\r\n\r\n';
    if (head.includes('/hang')) return new Promise<string>(() => undefined);
    return head.includes('/close') ? null : ok('hello', 'X-C: an"swer\r\nSet-Cookie: SID=new; path=/\r\n');
  });
  await using raw = await startRawOrigin(serveRaw);
  await using syslog = await startSyslog();
  const closed = await freePort();
  const formats: (FormatCase & { port: number })[] = [];
  for (const format of FORMATS) formats.push({ ...format, port: await freePort() });
  await using _proxy = await startSubject(subject, { config: configFor(formats, syslog.port, origin.port, closed, raw.port) });
  const lines: Lines = new Map();
  for (const format of formats) {
    for (const exchange of exchangesOf(format)) {
      lines.set(`${format.name} / ${exchange.name}`, await linesOf(format, exchange, syslog));
    }
  }
  return lines;
}

async function linesOf(
  format: FormatCase & { port: number },
  exchange: ExchangeCase,
  syslog: { messages: readonly string[]; waitForCount(count: number): Promise<readonly string[]> },
): Promise<string[]> {
  const before = syslog.messages.length;
  await exchange.run(format.port);
  // `Connect from …` is logged when a stream begins: not if there is no request.
  if (format.lines === '' && exchange.lines === 0) return [];
  const count = before + Math.max(1, exchange.lines);
  const all = await syslog.waitForCount(count).catch((error: Error) => {
    throw new Error(`${format.name} / ${exchange.name}: ${error.message}`);
  });
  return all.slice(before, count);
}

/** What two programs can agree on. */
function masked(text: string, mask: Mask): string {
  const plain = text.replace(/\bfe\d+\b/g, 'fe');
  if (mask === 'exact') return plain;
  if (mask === 'number') return plain.replace(/(?<!-)\b\d+/g, 'N');
  return plain.replace(/[0-9A-F]+/g, '9').replace(/\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b/g, 'Mon');
}

/** A whole line: dates, ports, times and process numbers. */
function maskedLine(line: string): string {
  return (
    line
      .replace(/\b\w{3} [ \d]\d \d\d:\d\d:\d\d /, 'DATE ')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d/, 'DATE')
      .replace(/\[\d\d\/\w{3}\/\d{4}:[\d:.]+(?: [+-]\d{4})?\]/g, '[DATE]')
      .replace(/(haproxy)(\[| )\d+/, '$1$2PID')
      .replace(/\bfe\d+\b/g, 'fe')
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replace(/(?<= )\+?-?\d+(?:\/\+?-?\d+){2,4}(?= )/, (times) => times.replace(/(?<!-)\b\d+/g, 'T'))
      // Bytes: 2.6 counts its own form of a message.
      .replace(/(?<=[ "])(\d{3}|-1) \+?\d+(?= (?:[^ "]+ [^ "]+ .{4} |"" ""))/, '$1 BYTES')
      .replace(
        /("" "") \d+ \d{3} (.*?)((?: -?\d+){5}) /,
        (_, before, names, times) => `${before} CP MS ${names}${times.replace(/(?<!-)\b\d+/g, 'T')} `,
      )
  );
}

interface Difference {
  readonly where: string;
  readonly old: string;
  readonly seen: string;
}

function compare(format: FormatCase, exchange: string, old: readonly string[], seen: readonly string[]): Difference[] {
  const found: Difference[] = [];
  for (const [at, line] of old.entries()) {
    const other = seen[at] ?? '';
    if (format.fields === null) {
      const [left, right] = [maskedLine(line), maskedLine(other)];
      if (left !== right) found.push({ where: `${format.name} / ${exchange} / line`, old: left, seen: right });
      continue;
    }
    const [lefts, rights] = [fieldsOf(line), fieldsOf(other)];
    for (const [index, [field, mask]] of format.fields.entries()) {
      const [left, right] = [masked(lefts[index] ?? '', mask), masked(rights[index] ?? '', mask)];
      if (left !== right) found.push({ where: `${format.name} / ${exchange} / ${field}`, old: left, seen: right });
    }
  }
  return found;
}

/** The values of a line; captures have bars of their own between braces. */
function fieldsOf(line: string): string[] {
  const text = line.replace(/^<\d+>[^:]*:\d\d:\d\d [^:]*: /, '').replace(/\n$/, '');
  return text
    .replace(/\{[^}]*\}/g, (braces) => braces.replaceAll('|', SEPARATOR))
    .split(/(?<!\x7f)\|/)
    .map((value) => value.replaceAll(SEPARATOR, '|'));
}

function isKnown({ where }: Difference): boolean {
  const parts = where.split(' / ');
  return DIFFERENCES.some(({ where: pattern }) =>
    pattern.split(' / ').every((part, at) => part === '*' || part.split(',').includes(parts[at] as string)),
  );
}

describe('log lines as HAProxy prints them', needs('haproxy'), () => {
  let old: Promise<Lines> | null = null;
  for (const subject of subjects.filter((name) => name !== 'haproxy')) {
    test(subject, async () => {
      old ??= record('haproxy');
      const expected = await old;
      const seen = await record(subject);
      const differences = FORMATS.flatMap((format) =>
        exchangesOf(format).flatMap(({ name }) => {
          const key = `${format.name} / ${name}`;
          return compare(format, name, expected.get(key) ?? [], seen.get(key) ?? []);
        }),
      );
      const unknown = differences.filter((one) => !isKnown(one));
      const told = unknown.map((one) => `${one.where}\n  2.6:    ${one.old}\n  Hawser: ${one.seen}`);
      assert.ok(unknown.length === 0, told.join('\n'));
    });
  }
});
