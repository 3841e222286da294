/**
 * Log formats and exchanges for the comparison of log lines with the installed HAProxy (2.6), and where 3.5 prints
 * something else. A format is a list of fields; each is compared for itself.
 */
import { type Connection, connect } from '../support/connection.ts';

/** `exact`, or the shape that two programs can agree on: digits of dates and ports, numbers from 0 on. */
export type Mask = 'exact' | 'date' | 'number';

export interface FormatCase {
  readonly name: string;
  readonly mode: 'http' | 'tcp';
  /** Fields with `|` between them; or a preset line, compared as a whole. */
  readonly fields: readonly (readonly [field: string, mask: Mask])[] | null;
  /** Before the fields: flags for all. */
  readonly prefix?: string;
  readonly lines?: string;
  /** The form of lines. */
  readonly form?: string;
  /** Tried with the exchanges that are rare, not with the others. */
  readonly isRare?: boolean;
}

const ADDRESSES = ['%ci', '%f', '%ft', '%b', '%s', '%H'];
const PORTS = ['%cp', '%fp', '%sp', '%bp', '%pid', '%rt'];
const OTHER_ADDRESSES = ['%fi', '%si', '%bi'];
const DATES = ['%t', '%T', '%Tl', '%Ts', '%ms'];
const HTTP_DATES = ['%tr', '%trg', '%trl'];
const TIMES = ['%Tc', '%Td', '%Th', '%Tt', '%Tu', '%Tw'];
const HTTP_TIMES = ['%TR', '%Ta', '%Ti', '%Tq', '%Tr'];
const COUNTS = ['%ac', '%fc', '%bc', '%sc', '%rc', '%sq', '%bq'];
const REQUEST = ['%r', '%HM', '%HP', '%HPO', '%HQ', '%HU', '%HV'];
const CAPTURES = ['%hr', '%hs', '%hrl', '%hsl', '%CC', '%CS'];
const ENDS = ['%ST', '%ts', '%tsc'];
const BYTES = ['%B', '%U'];
const SAMPLES = ['%[src]', '%[method]', '%[str("a b")]', '%[str("")]', '%[int(-5)]', '%[bool(true)]'];

function all(fields: readonly string[], mask: Mask = 'exact'): [string, Mask][] {
  return fields.map((field) => [field, mask]);
}

function flagged(flag: string, fields: readonly string[], mask: Mask = 'exact'): [string, Mask][] {
  return fields.map((field) => [field.replace('%', `%{${flag}}`), mask]);
}

const HTTP: [string, Mask][] = [
  ...all([...ADDRESSES, ...OTHER_ADDRESSES, ...COUNTS, ...REQUEST, ...CAPTURES, ...ENDS]),
  ...all([...PORTS, ...TIMES, ...HTTP_TIMES, ...BYTES], 'number'),
  ...all([...DATES, ...HTTP_DATES], 'date'),
];

export const FORMATS: readonly FormatCase[] = [
  { name: 'addresses and names', mode: 'http', fields: all([...ADDRESSES, ...OTHER_ADDRESSES]) },
  { name: 'addresses and names, quoted', mode: 'http', fields: flagged('+Q', [...ADDRESSES, ...OTHER_ADDRESSES]) },
  { name: 'addresses in hexadecimal', mode: 'http', fields: flagged('+X', [...ADDRESSES, ...OTHER_ADDRESSES]) },
  { name: 'ports and numbers', mode: 'http', fields: all(PORTS, 'number') },
  { name: 'ports and numbers in hexadecimal', mode: 'http', fields: flagged('+X', [...PORTS, '%ms', '%Ts'], 'date') },
  { name: 'dates', mode: 'http', fields: all([...DATES, ...HTTP_DATES], 'date') },
  { name: 'dates, quoted', mode: 'http', fields: flagged('+Q', [...DATES, ...HTTP_DATES], 'date') },
  { name: 'times', mode: 'http', fields: all([...TIMES, ...HTTP_TIMES], 'number') },
  { name: 'counts', mode: 'http', fields: all(COUNTS) },
  { name: 'request parts', mode: 'http', fields: all(REQUEST) },
  { name: 'request parts, quoted', mode: 'http', fields: flagged('+Q', REQUEST) },
  { name: 'request parts, escaped', mode: 'http', fields: flagged('+E', REQUEST) },
  { name: 'request parts, escaped and quoted', mode: 'http', fields: flagged('+Q,+E', REQUEST) },
  { name: 'captures', mode: 'http', fields: all(CAPTURES) },
  { name: 'captures, quoted', mode: 'http', fields: flagged('+Q', CAPTURES) },
  { name: 'captures, escaped', mode: 'http', fields: flagged('+E', CAPTURES) },
  { name: 'ends', mode: 'http', fields: all(ENDS) },
  { name: 'ends, quoted', mode: 'http', fields: flagged('+Q', ENDS) },
  { name: 'bytes', mode: 'http', fields: all(BYTES, 'number') },
  { name: 'samples', mode: 'http', fields: all(SAMPLES) },
  { name: 'samples, quoted', mode: 'http', fields: flagged('+Q', SAMPLES) },
  { name: 'samples, escaped', mode: 'http', fields: flagged('+E', ['%[str("x\\y")]', '%[str("a]")]', '%[method]']) },
  { name: 'everything, quoted by %o', mode: 'http', fields: HTTP, prefix: '%{+Q}o' },
  { name: 'everything, in hexadecimal by %o', mode: 'http', fields: HTTP.map(([field]) => [field, 'date']), prefix: '%{+X}o' },
  { name: 'flags taken back', mode: 'http', fields: flagged('-Q', [...REQUEST, '%s']), prefix: '%{+Q,+E}o' },
  { name: 'spaces', mode: 'http', fields: null, lines: "log-format '  a   %hr  %CC b%%  %s%b   %hs  '" },
  { name: 'httplog', mode: 'http', fields: null, lines: 'option httplog' },
  { name: 'httplog clf', mode: 'http', fields: null, lines: 'option httplog clf' },
  { name: 'httpslog', mode: 'http', fields: null, lines: 'option httpslog' },
  { name: 'the default', mode: 'http', fields: null, lines: '' },
  { name: 'logasap', mode: 'http', fields: null, lines: 'option httplog\n  option logasap' },
  { name: 'separate errors', mode: 'http', fields: null, lines: 'option httplog\n  option log-separate-errors', form: 'short' },
  { name: 'error format', mode: 'http', fields: null, lines: "option httplog\n  error-log-format 'E %ci %ST %ts %ft'" },
  {
    name: 'structured data',
    mode: 'http',
    fields: null,
    lines: 'option httplog\n  log-format-sd \'[a@1 uri="%{+E}HU" c="%ST"]\'',
    form: 'rfc5424',
  },
  { name: 'rfc3164', mode: 'http', fields: null, lines: 'log-format %ST', form: 'rfc3164' },
  { name: 'rfc5424', mode: 'http', fields: null, lines: 'log-format %ST', form: 'rfc5424' },
  { name: 'iso', mode: 'http', fields: null, lines: 'log-format %ST', form: 'iso' },
  { name: 'timed', mode: 'http', fields: null, lines: 'log-format %ST', form: 'timed' },
  { name: 'priority', mode: 'http', fields: null, lines: 'log-format %ST', form: 'priority' },
  { name: 'raw', mode: 'http', fields: null, lines: 'log-format %ST', form: 'raw' },
  {
    name: 'rare: names and ends',
    mode: 'http',
    isRare: true,
    fields: all(['%f', '%ft', '%b', '%s', ...ENDS, ...COUNTS, '%HM', '%HU', '%HV', '%CC', '%CS', '%hr', '%hs']),
  },
  { name: 'rare: times', mode: 'http', isRare: true, fields: all([...TIMES, ...HTTP_TIMES, '%B', '%U'], 'number') },
  { name: 'rare: httplog', mode: 'http', isRare: true, fields: null, lines: 'option httplog' },
  { name: 'rare: httplog clf', mode: 'http', isRare: true, fields: null, lines: 'option httplog clf' },
  { name: 'rare: logasap', mode: 'http', isRare: true, fields: null, lines: 'option httplog\n  option logasap' },
  {
    name: 'rare: errors apart',
    mode: 'http',
    isRare: true,
    fields: null,
    lines: 'option httplog\n  option log-separate-errors',
    form: 'short',
  },
  { name: 'tcplog', mode: 'tcp', fields: null, lines: 'option tcplog' },
  { name: 'the default of tcp', mode: 'tcp', fields: null, lines: '' },
  {
    name: 'tcp, addresses and counts',
    mode: 'tcp',
    fields: all([...ADDRESSES, ...OTHER_ADDRESSES, ...COUNTS, '%ts', '%tsc', '%hr', '%hrl']),
  },
  { name: 'tcp, times and dates', mode: 'tcp', fields: [...all(DATES, 'date'), ...all([...TIMES, ...PORTS, ...BYTES], 'number')] },
];

export interface ExchangeCase {
  readonly name: string;
  /** Requests in it: lines, if there is one at the least. */
  readonly lines: number;
  readonly run: (port: number) => Promise<void>;
}

/** A request on a connection of its own; reads the answer, or the end. */
function asking(request: string): ExchangeCase['run'] {
  return async (port) => {
    using client = await connect(port);
    await client.write(request);
    await client.readMessage();
    client.end();
    await client.waitForClose();
  };
}

/** A request whose answer lasts until the connection ends. */
function closing(request: string): ExchangeCase['run'] {
  return async (port) => {
    using client = await connect(port);
    await client.write(request);
    await client.readToEnd();
    client.end();
  };
}

function get(path: string, ...fields: string[]): string {
  return `GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
}

/** Sends a part of a request and goes. */
function leaving(text: string): ExchangeCase['run'] {
  return async (port) => {
    using client: Connection = await connect(port);
    if (text !== '') await client.write(text);
    client.end();
    await client.waitForClose();
  };
}

const HTTP_EXCHANGES: readonly ExchangeCase[] = [
  { name: 'ok', lines: 1, run: asking(get('/ok?a=1&b="2"]', 'X-A: q"u|{o}#\\te', 'X-B: two words')) },
  { name: 'absolute', lines: 1, run: asking(get('http://a.test/ok?a=1', 'Cookie: a=b; SID=a-value-that-is-long; c=d', 'Cookie: SID=2')) },
  { name: 'post', lines: 1, run: asking('POST /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello') },
  { name: 'old version', lines: 1, run: asking('GET /ok HTTP/1.0\r\nX-A: old\r\n\r\n') },
  { name: 'not found', lines: 1, run: asking(get('/missing', 'X-A: \xe9t\xe9')) },
  { name: 'denied', lines: 1, run: asking(get('/denied')) },
  { name: 'redirect', lines: 1, run: asking(get('/redirect')) },
  { name: 'server down', lines: 1, run: asking(get('/down', 'X-A: down')) },
  { name: 'server timeout', lines: 1, run: asking(get('/hang')) },
  { name: 'server closes', lines: 1, run: asking(get('/close')) },
  { name: 'no server', lines: 1, run: asking(get('/none')) },
  { name: 'bad request', lines: 0, run: asking('GET /bad"\x01 HTTP/1.1\r\n\r\n') },
  { name: 'no request', lines: 0, run: leaving('') },
  { name: 'half a request', lines: 0, run: leaving('GET /half HTTP/1.1\r\nHost') },
  { name: 'two on one connection', lines: 2, run: asking(`GET /ok HTTP/1.1\r\nHost: a\r\n\r\n${get('/ok?second')}`) },
];

/** What seldom happens: answers made by rules, retries, cookies, bodies of every kind, servers that fail in the middle. */
const RARE_EXCHANGES: readonly ExchangeCase[] = [
  { name: 'tarpit', lines: 1, run: asking(get('/tarpit')) },
  { name: 'return', lines: 1, run: asking(get('/return', 'X-A: a')) },
  { name: 'auth', lines: 1, run: asking(get('/auth')) },
  { name: 'denied with a cookie', lines: 1, run: asking(get('/denied', 'Cookie: SID=denied')) },
  { name: 'made with a cookie', lines: 1, run: asking(get('/return', 'Cookie: SID=made')) },
  { name: 'reject', lines: 1, run: closing(get('/reject')) },
  { name: 'deny of the response', lines: 1, run: asking(get('/denied-later')) },
  { name: 'return of the response', lines: 1, run: asking(get('/returned-later')) },
  { name: 'head', lines: 1, run: closing('HEAD /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n') },
  { name: 'other method', lines: 1, run: asking('PURGE /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n') },
  { name: 'chunked', lines: 1, run: asking(get('/chunked')) },
  {
    name: 'chunked post',
    lines: 1,
    run: asking('POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
  },
  { name: 'no content', lines: 1, run: closing(get('/empty')) },
  { name: 'not modified', lines: 1, run: closing(get('/cached')) },
  { name: 'server error', lines: 1, run: asking(get('/error')) },
  { name: 'interim', lines: 1, run: closing(get('/interim')) },
  { name: 'until the end', lines: 1, run: closing(get('/until')) },
  { name: 'cut off', lines: 1, run: closing(get('/cut')) },
  { name: 'junk', lines: 1, run: asking(get('/junk')) },
  { name: 'half a head', lines: 1, run: asking(get('/part')) },
  { name: 'retry', lines: 1, run: asking(get('/retry')) },
  { name: 'retry again', lines: 1, run: asking(get('/retry', 'X-A: again')) },
  { name: 'no cookie', lines: 1, run: asking(get('/persist')) },
  { name: 'a valid cookie', lines: 1, run: asking(get('/persist', 'Cookie: SRV=c1')) },
  { name: 'a wrong cookie', lines: 1, run: asking(get('/persist', 'Cookie: SRV=nobody')) },
  { name: "a dead server's cookie", lines: 1, run: asking(get('/persist', 'Cookie: SRV=c2')) },
  { name: 'upgrade', lines: 1, run: closing(get('/upgrade', 'Upgrade: x').replace('Connection: close', 'Connection: Upgrade')) },
  { name: 'connect', lines: 1, run: closing('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n') },
  { name: 'a long target', lines: 1, run: asking(get(`/ok?${'x'.repeat(1500)}`)) },
  {
    name: 'three on one connection',
    lines: 3,
    run: asking(`GET /ok HTTP/1.1\r\nHost: a\r\n\r\nGET /return HTTP/1.1\r\nHost: a\r\n\r\n${get('/denied')}`),
  },
];

const TCP_EXCHANGES: readonly ExchangeCase[] = [
  {
    name: 'echo',
    lines: 1,
    run: async (port) => {
      using client = await connect(port);
      await client.write(get('/ok'));
      await client.readMessage();
      client.end();
      await client.waitForClose();
    },
  },
  {
    name: 'server timeout',
    lines: 1,
    run: async (port) => {
      using client = await connect(port);
      await client.write(get('/hang'));
      await client.readToEnd();
      client.end();
    },
  },
];

/** The exchanges that a format is tried with. */
export function exchangesOf({ mode, isRare }: FormatCase): readonly ExchangeCase[] {
  if (isRare === true) return RARE_EXCHANGES;
  return mode === 'tcp' ? TCP_EXCHANGES : HTTP_EXCHANGES;
}

/** `format name / exchange / field` (each may be `*`): what HAProxy 3.5 prints otherwise, or what no test can fix. */
export interface KnownDifference {
  readonly where: string;
  readonly reason: string;
}
