/**
 * For kinds of names that are no keyword objects: the piece of configuration that must be taken if the name
 * works. A new kind of value is a line here.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accepts, parserAlerts } from './accepts.ts';

const front = (line: string): string => `frontend f\n mode http\n bind 127.0.0.1:80\n ${line}\n`;
const back = (line: string): string => `backend b\n mode http\n ${line}\n server s 127.0.0.1:80\n`;
const tcpBack = (line: string): string => `backend b\n ${line}\n server s 127.0.0.1:80\n`;
const globally = (line: string): string => `global\n ${line}\n`;

/** The configuration that uses a name. */
type Probe = (name: string) => string;

const BALANCE: Readonly<Record<string, string>> = {
  hdr: 'hdr(host)',
  url_param: 'url_param id',
  hash: 'hash src',
  'rdp-cookie': 'rdp-cookie',
};
const COOKIE: Readonly<Record<string, string>> = {
  domain: 'insert domain example.org',
  attr: 'insert attr SameSite=Strict',
  maxidle: 'insert maxidle 10s',
  maxlife: 'insert maxlife 10s',
  postonly: 'insert postonly',
};
const STICK_ARGS: Readonly<Record<string, string>> = {
  expire: 'expire 30s',
  size: '',
  store: 'store gpc0',
  type: '',
  'brates-factor': 'brates-factor 1',
  peers: 'peers p',
  srvkey: 'srvkey addr',
  'write-to': 'write-to t2',
};
const STICK_DATA: Readonly<Record<string, string>> = { gpc: 'gpc(2)', gpt: 'gpt(2)', gpc_rate: 'gpc_rate(2,10s)' };
const TCP_EXPECT: Readonly<Record<string, string>> = { binary: '4142', rbinary: '4142', 'binary-lf': '4142' };
const HTTP_EXPECT: Readonly<Record<string, string>> = { status: '200', hdr: 'name x value y', fhdr: 'name x value y' };
const REDIRECT: Readonly<Record<string, string>> = {
  'set-cookie': 'set-cookie A=1',
  'clear-cookie': 'clear-cookie A',
  'set-cookie-fmt': 'set-cookie-fmt A=%[src]',
};
const ADDRESS: Readonly<Record<string, string>> = {
  'fd@': 'fd@3',
  'unix@': 'unix@/tmp/x',
  'abns@': 'abns@x',
  'abnsz@': 'abnsz@x',
  'sockpair@': 'sockpair@3',
  'uxst@': 'uxst@/tmp/x',
  'uxdg@': 'uxdg@/tmp/x',
  'dgram+<family>@': 'dgram+ipv4@127.0.0.1:80',
  'quic+<family>@': 'quic+ipv4@127.0.0.1:80',
  'stream+<family>@': 'stream+ipv4@127.0.0.1:80',
};
const COMPRESSION: Readonly<Record<string, string>> = {
  'compression algo': 'gzip',
  'compression type': 'text/html',
  'compression algo-req': 'gzip',
  'compression algo-res': 'gzip',
  'compression direction': 'both',
  'compression minsize-req': '100',
  'compression minsize-res': '100',
  'compression offload': '',
};
const FILTERS: Readonly<Record<string, string>> = {
  'bwlim-in': 'x limit 1k key src table t',
  'bwlim-out': 'x default-limit 1k default-period 1s',
};
const PREDICATES: Readonly<Record<string, string>> = {
  defined: 'HOME',
  feature: 'SSL',
  enabled: 'EPOLL',
  streq: 'a,a',
  strneq: 'a,b',
  strstr: 'ab,a',
  fips_mode: '',
  ssllib_name_startswith: 'OpenSSL',
};
const DIRECTIVES: Readonly<Record<string, string>> = {
  '.if': '.if 1\n.endif',
  '.elif': '.if 1\n.elif 1\n.endif',
  '.else': '.if 1\n.else\n.endif',
  '.endif': '.if 1\n.endif',
};
const SETS: Readonly<Record<string, string>> = {
  'http-check': back('option httpchk\n http-check expect status 200'),
  'tcp-check': tcpBack('option tcp-check\n tcp-check connect'),
  'stick match/on/store-request/store-response': tcpBack('stick-table type ip size 1k\n stick on src'),
  use_backend: `${back('')}${front('use_backend b if TRUE')}`,
  'force-persist/ignore-persist/force-be-switch': back('force-persist if TRUE'),
  'monitor fail': front('monitor-uri /up\n monitor fail if FALSE'),
  'stats http-request': back('stats http-request allow'),
  'use-server': back('use-server s if TRUE'),
  redirect: front('redirect location /x'),
  'quic-initial': front('quic-initial accept'),
  'tcp-response content': tcpBack('tcp-response content accept'),
  'tcp-request connection': front('tcp-request connection accept'),
  'tcp-request session': front('tcp-request session accept'),
  'tcp-request content': front('tcp-request content accept'),
};
const SCOPES: Readonly<Record<string, string>> = {
  res: front('http-response set-var(res.x) int(1)'),
  pres: front('http-response set-var(pres.x) int(1)'),
  check: back('option httpchk\n http-check set-var(check.x) int(1)'),
};
const PRESETS: Readonly<Record<string, string>> = {
  'default (no option)': 'log 127.0.0.1 local0',
  'error log format': 'error-log-format %ci',
};
const FLAGS: Readonly<Record<string, string>> = { '-f': '-f /dev/null', '-M': '-M -f /dev/null', '-m': '-m str a', '-u': '-u 10 a' };

const CERTIFICATE = fileURLToPath(new URL('../../test/support/tls/server.pem', import.meta.url));
const AUTHORITY = fileURLToPath(new URL('../../test/support/tls/ca.pem', import.meta.url));
const LIST_VALUES: Readonly<Record<string, string>> = {
  alpn: 'http/1.1',
  'ca-file': AUTHORITY,
  'ca-verify-file': AUTHORITY,
  ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
  ciphersuites: 'TLS_AES_128_GCM_SHA256',
  'client-sigalgs': 'RSA+SHA256',
  'crl-file': AUTHORITY,
  curves: 'P-256',
  ecdhe: 'prime256v1',
  ktls: 'on',
  npn: 'http/1.1',
  sigalgs: 'RSA+SHA256',
  'ssl-max-ver': 'TLSv1.3',
  'ssl-min-ver': 'TLSv1.2',
  verify: 'none',
};

/** A line of a `crt-list` with the option in brackets: such lines live in files. */
function listProbe(name: string): string {
  const path = join(scratch(), 'probe.list');
  writeFileSync(path, `${CERTIFICATE} [${name} ${LIST_VALUES[name] ?? ''}] example.org\n`);
  return front(`bind 127.0.0.1:81 ssl crt-list ${path}`);
}

const LOAD_VALUES: Readonly<Record<string, string>> = {
  crt: '',
  key: `key ${CERTIFICATE}`,
  issuer: `issuer ${AUTHORITY}`,
  ocsp: `ocsp ${AUTHORITY}`,
  alias: 'alias site',
  'ocsp-update': 'ocsp-update off',
  jwt: 'jwt on',
};

/** A `load` line of a `crt-store` with the part. */
function loadProbe(name: string): string {
  const list = join(scratch(), 'probe.sctl');
  // One timestamp of one byte.
  if (name === 'sctl') writeFileSync(list, Uint8Array.of(0, 3, 0, 1, 0));
  const part = name === 'sctl' ? `sctl ${list}` : (LOAD_VALUES[name] ?? `${name} x`);
  return `crt-store probe\n load crt ${CERTIFICATE} ${part}\n${back('')}`;
}

let folder = '';

/** A folder that goes with the process. */
function scratch(): string {
  if (folder !== '') return folder;
  folder = mkdtempSync(join(tmpdir(), 'compat-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  return folder;
}

export const PROBES: Readonly<Record<string, Probe>> = {
  balance: (name) => tcpBack(`mode ${/^log-|sticky/.test(name) ? 'log' : 'http'}\n balance ${BALANCE[name] ?? name}`),
  'hash-function': (name) => back(`balance source\n hash-type consistent ${name}`),
  'hash-method': (name) => back(`balance source\n hash-type ${name}`),
  'hash-modifier': (name) => back(`balance source\n hash-type consistent sdbm ${name}`),
  'http-reuse': (name) => back(`http-reuse ${name}`),
  'retry-on': (name) => back(`retry-on ${name}`),
  mode: (name) => `backend b\n mode ${name}\n server s 127.0.0.1:80\n`,
  'cookie-opt': (name) => back(`cookie C ${COOKIE[name] ?? (/^(insert|rewrite|prefix)$/.test(name) ? name : `insert ${name}`)}`),
  'redirect-opt': (name) => front(`http-request redirect prefix / ${REDIRECT[name] ?? name}`),
  'uri-normalizer': (name) => front(`http-request normalize-uri ${name}`),
  'stick-table-type': (name) => tcpBack(`stick-table type ${name} size 1k`),
  'stick-table-arg': (name) => tcpBack(`stick-table type ip size 1k ${STICK_ARGS[name] ?? name}`),
  'stick-table-data': (name) =>
    tcpBack(
      `stick-table type ip size 1k store ${STICK_DATA[name] ?? name}${/rate$/.test(name) && STICK_DATA[name] === undefined ? '(10s)' : ''}`,
    ),
  'http-check-expect': (name) => back(`option httpchk\n http-check expect ${name} ${HTTP_EXPECT[name] ?? 'x'}`),
  'tcp-check-expect': (name) => tcpBack(`option tcp-check\n tcp-check expect ${name} ${TCP_EXPECT[name] ?? 'x'}`),
  'log-output-format': (name) => front(`log 127.0.0.1 format ${name} local0`),
  'log-flag': (name) => front(`log 127.0.0.1 local0\n log-format "%{+${name}}o %ci"`),
  'log-preset': (name) => front(`log 127.0.0.1 local0\n ${PRESETS[name] ?? `option ${name}`}`),
  'compression-kw': (name) => back(`${name} ${COMPRESSION[name] ?? ''}`),
  filter: (name) =>
    `${tcpBack('stick-table type ip size 1 store bytes_in_rate(1s)').replace('backend b', 'backend t')}${back(`filter ${name} ${FILTERS[name] ?? ''}`)}`,
  'addr-prefix': (name) => front(`bind ${ADDRESS[name] ?? `${name}${name.includes('6') ? '[::1]' : '127.0.0.1'}:81`}`),
  'size-unit': (name) => globally(`tune.bufsize ${name === 'g' ? 1 : 16}${name}`),
  'time-unit': (name) => front(`timeout client ${name === 'us' ? 5000 : 1}${name}`),
  directive: (name) => `${DIRECTIVES[name] ?? `${name} "x"`}\n${back('')}`,
  predicate: (name) => `.if ${name}(${PREDICATES[name] ?? '1.0'})\n.endif\n${back('')}`,
  pseudovar: (name) => globally(`node "\${${name}}"`),
  'predefined-acl': (name) => front(`http-request deny if ${name}`),
  'acl-flag': (name) => front(`http-request deny if { path ${FLAGS[name] ?? `${name} a`} }`),
  'acl-int-operator': (name) => front(`http-request deny if { dst_port ${name} 80 }`),
  'var-scope': (name) => SCOPES[name] ?? front(`http-request set-var(${name}.x) int(1)`),
  'log-step': (name) => `log-profile p\n on ${name} format %ci\n${back('')}`,
  'map-name-prefix': (name) => front(`http-request set-header x %[src,map_ip(${name}/dev/null)]`),
  'crt-list-opt': listProbe,
  'crt-load-opt': loadProbe,
  ruleset: (name) => SETS[name] ?? front(`${name} set-header a b`),
};

/** A probe that only the parser must take: what follows is no part of the name. */
const PARSER_ONLY = new Set(['pseudovar', 'directive', 'predicate', 'size-unit']);
/** Alerts that mean the name, not what the probe lacks. */
const MESSAGES = new Set(['.alert']);

export function probe(kind: string, name: string): boolean | null {
  const text = PROBES[kind]?.(name);
  if (text === undefined) return null;
  if (kind === 'pseudovar') return !parserAlerts(text).some(({ code }) => code === 'empty-argument');
  if (MESSAGES.has(name)) return parserAlerts(text).every(({ code }) => code === 'message');
  return PARSER_ONLY.has(kind) ? parserAlerts(text).length === 0 : accepts(text);
}
