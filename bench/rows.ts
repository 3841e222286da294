/** The table of what is measured. It must not know how. */
import type { Load } from './load.ts';

/** The most that Hawser may cost of what the reference costs, and where the number of a row is found. */
export interface LoadRow {
  readonly id: string;
  readonly title: string;
  readonly mode: 'http' | 'tcp';
  readonly load: Load;
  readonly bar: number;
  /** The relay that shows the floor. */
  readonly floor: 'http' | 'tcp';
  /** Also Hawser on epoll, whose bar is EPOLL_BAR. */
  readonly withEpoll?: boolean;
  /** The configuration with thirty rules. */
  readonly edge?: boolean;
  readonly tls?: Tls;
}

/** TLS of a row: the key of the proxy's certificate, and whether its servers are spoken to through TLS too. */
export interface Tls {
  readonly certificate: 'server.pem' | 'rsa.pem';
  readonly toServer: boolean;
  /** Sessions are resumed: wrk does it whenever it may. */
  readonly resumes: boolean;
}

export const EPOLL_BAR = 1.2;
export const IDLE_CONNECTIONS = 10_000;
export const IDLE_BAR_BYTES = 4096;
export const START_BAR_MS = 200;
export const START_RUNS = 10;

/** A head of about 800 bytes, as a browser sends it. wrk adds the request line, and the host is named so that its length is fixed. */
export const BROWSER_HEADERS = [
  'Host: www.shop.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Referer: http://www.shop.example.com/catalogue/garden/tools?sort=price&page=3',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Upgrade-Insecure-Requests: 1',
  'Cache-Control: max-age=0',
  'Cookie: session=7f1c9f0ab27d4a1f9a2e6c1d5b8e3f40; consent=necessary.statistics; basket=3%2C17%2C2048; theme=dark; last_seen=1767225600',
];

const small = (headers: readonly string[]): Load => ({ path: '/', connections: 64, headers });

const ECDSA: Tls = { certificate: 'server.pem', toServer: false, resumes: false };

export const LOAD_ROWS: readonly LoadRow[] = [
  { id: 'small', title: 'Keep-alive, small responses', mode: 'http', load: small([]), bar: 0.9, floor: 'http', withEpoll: true },
  {
    id: 'browser',
    title: 'Keep-alive, request heads of 800 bytes',
    mode: 'http',
    load: small(BROWSER_HEADERS),
    bar: 0.9,
    floor: 'http',
  },
  {
    id: 'edge',
    title: 'Thirty rules of an edge, request heads of 800 bytes',
    mode: 'http',
    load: { path: '/catalogue/garden/tools?sort=price&page=3', connections: 64, headers: BROWSER_HEADERS },
    bar: 0.8,
    floor: 'http',
    edge: true,
  },
  {
    id: 'mixed',
    title: 'The same edge, requests of many lengths',
    mode: 'http',
    load: { path: '/catalogue/garden/tools?sort=price&page=3', connections: 64, headers: BROWSER_HEADERS, spread: 120 },
    bar: 0.9,
    floor: 'http',
    edge: true,
  },
  { id: 'connection', title: 'A connection per request', mode: 'http', load: small(['Connection: close']), bar: 1, floor: 'http' },
  {
    id: '64k',
    title: 'Keep-alive, bodies of 64 kB',
    mode: 'http',
    load: { path: '/64k', connections: 16, headers: [] },
    bar: 0.9,
    floor: 'tcp',
  },
  {
    id: '1m',
    title: 'Keep-alive, bodies of 1 MB',
    mode: 'http',
    load: { path: '/1m', connections: 16, headers: [] },
    bar: 0.9,
    floor: 'tcp',
  },
  {
    id: 'tcp',
    title: 'Mode tcp, 1 MB a request',
    mode: 'tcp',
    load: { path: '/1m', connections: 16, headers: [] },
    bar: 0.9,
    floor: 'tcp',
  },
  {
    id: 'tls',
    title: 'TLS, keep-alive, small responses',
    mode: 'http',
    load: { ...small([]), scheme: 'https' },
    bar: 0.85,
    floor: 'http',
    tls: ECDSA,
  },
  {
    id: 'tls-new',
    title: 'TLS, a full handshake per request, P-256',
    mode: 'http',
    load: { ...small(['Connection: close']), scheme: 'https' },
    bar: 1,
    floor: 'http',
    tls: ECDSA,
  },
  {
    id: 'tls-rsa',
    title: 'TLS, a full handshake per request, RSA-2048',
    mode: 'http',
    load: { ...small(['Connection: close']), scheme: 'https' },
    bar: 1,
    floor: 'http',
    tls: { ...ECDSA, certificate: 'rsa.pem' },
  },
  {
    id: 'tls-resumed',
    title: 'TLS, a resumed session per request',
    mode: 'http',
    load: { ...small(['Connection: close']), scheme: 'https' },
    bar: 1,
    floor: 'http',
    tls: { ...ECDSA, resumes: true },
  },
  {
    id: 'tls-1m',
    title: 'TLS, keep-alive, bodies of 1 MB',
    mode: 'http',
    load: { path: '/1m', connections: 16, headers: [], scheme: 'https' },
    bar: 0.85,
    floor: 'http',
    tls: ECDSA,
  },
  {
    id: 'tls-both',
    title: 'TLS on both sides, keep-alive, bodies of 1 MB',
    mode: 'http',
    load: { path: '/1m', connections: 16, headers: [], scheme: 'https' },
    bar: 0.85,
    floor: 'http',
    tls: { ...ECDSA, toServer: true },
  },
];

export const OTHER_ROWS = ['idle', 'start'];
export const ROW_IDS: readonly string[] = [...LOAD_ROWS.map(({ id }) => id), ...OTHER_ROWS];
