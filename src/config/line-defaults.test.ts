/** What the global section says for `bind` and `server` lines: TLS, folders of certificates, UNIX sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ParseResult, parseText } from './parse.ts';
import { diagnosticText } from './report/diagnostic.ts';

function parse(text: string): ParseResult {
  return parseText(text, 'text', { environment: {}, localPeer: 'peer' });
}

function alerts({ diagnostics }: ParseResult): string[] {
  return diagnostics
    .filter(({ severity }) => severity === 'alert')
    .map((diagnostic) => `${diagnostic.position?.line}:${diagnostic.position?.column} ${diagnosticText(diagnostic)}`);
}

test('TLS defaults hold for lines that say nothing else', () => {
  const result = parse(`global
  ssl-default-bind-ciphers A:B
  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
  ssl-default-server-ciphersuites C
  ssl-server-verify none
  ssl-default-server-options ssl-max-ver TLSv1.2
frontend f
  bind :1
  bind :2 ciphers C ssl-min-ver TLSv1.2
defaults d
  default-server ciphersuites D
backend b
  server s 127.0.0.1:1
backend e from d
  server s 127.0.0.1:1 ssl-max-ver TLSv1.3
`);
  assert.deepEqual(alerts(result), []);
  const [f, b, e] = result.model.proxies;
  assert.deepEqual(
    f?.binds.map(({ tls }) => [tls.ciphers, tls.minVersion, tls.tickets, tls.enabled]),
    [
      ['A:B', 0x0304, false, false],
      ['C', 0x0303, false, false],
    ],
  );
  const settings = [b, e].map((proxy) => proxy?.servers[0]?.tls).map((tls) => [tls?.cipherSuites, tls?.maxVersion, tls?.verify]);
  assert.deepEqual(settings, [
    ['D', 0x0303, 'none'],
    ['D', 0x0304, 'none'],
  ]);
});

test('what is wrong with them is told once, where it stands', () => {
  const result = parse(
    'global\n  ssl-default-bind-options no-tlsv9\n  unix-bind mode 9\n  ca-base /a\n  ca-base /b\nfrontend f\n  bind :1\n  bind /x\n',
  );
  assert.deepEqual(alerts(result), [
    "2:28 unknown option 'no-tlsv9' on global statement 'ssl-default-bind-options'; did you mean 'no-tlsv10' maybe ?",
    "3:18 'mode' : missing or invalid mode '9' (octal integer expected)",
    "5:0 'ca-base' already specified.",
  ]);
});

test('UNIX sockets take prefix and rights, other sockets do not', () => {
  const result = parse('global\n  unix-bind prefix /run/x- mode 660 uid 5\n  stats socket /s mode 600\nfrontend f\n  bind /a\n  bind :1\n');
  assert.deepEqual(alerts(result), []);
  const lines = [...result.model.global.statsSockets, ...(result.model.proxies[0]?.binds ?? [])];
  assert.deepEqual(
    lines.map(({ addresses, mode, uid }) => [addresses[0]?.path, mode, uid]),
    [
      ['/run/x-/s', 0o600, 5],
      ['/run/x-/a', 0o660, 5],
      ['', null, null],
    ],
  );
  const long = parse(`global\n  unix-bind prefix /${'x'.repeat(120)}\nfrontend f\n  bind /a\n`);
  assert.match(alerts(long)[0] as string, /^4:8 'bind' : socket path .* is too long \(max 107\)/);
});
