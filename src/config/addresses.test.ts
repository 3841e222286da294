/** Addresses of bind, server and log lines against tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Family, ipText } from '../base/address.ts';
import type { ParsedAddress } from '../keywords/define.ts';
import {
  type AddressProblem,
  parseBindAddress,
  parseLiteralAddress,
  parseLogAddress,
  parseNetwork,
  parseServerAddress,
} from './addresses.ts';

const lookup = (name: string): string | undefined => ({ FD: '5', HOST: '10.0.0.1' })[name];

function show(parsed: ParsedAddress | AddressProblem): string {
  if ('problem' in parsed) return parsed.problem;
  const parts = parsed.addresses.map((address) => {
    if (address.family === Family.unix) return `unix ${address.path}`;
    if (address.family === Family.abns) return `abns ${address.path}`;
    if (address.family === Family.descriptor) return `fd ${address.port}`;
    return `${address.family === Family.none ? parsed.host : ipText(address)} ${address.port}`;
  });
  const port = parsed.portKind === 'fixed' ? '' : parsed.portKind === 'client' ? ' client' : ` offset ${parsed.portOffset}`;
  return parts.join(', ') + port;
}

test('bind addresses', () => {
  const table: readonly (readonly [string, string])[] = [
    ['*:80', '0.0.0.0 80'],
    [':80', '0.0.0.0 80'],
    ['127.0.0.1:8080', '127.0.0.1 8080'],
    ['127.0.0.1:0', '127.0.0.1 0'],
    [':8000-8002', '0.0.0.0 8000, 0.0.0.0 8001, 0.0.0.0 8002'],
    ['[::]:80', ':: 80'],
    [':::80', ':: 80'],
    ['[::1]:80,127.0.0.1:81', '::1 80, 127.0.0.1 81'],
    ['ipv6@:80', ':: 80'],
    ['ipv4@*:80', '0.0.0.0 80'],
    ['tcp@127.0.0.1:80', '127.0.0.1 80'],
    ['localhost:80', 'localhost 80'],
    ['fd@3', 'fd 3'],
    ['fd@${FD}', 'fd 5'],
    ['stream+fd@4', 'fd 4'],
    ['stream+127.0.0.1:80', '127.0.0.1 80'],
    ['$HOST:80', '10.0.0.1 80'],
    ['/run/a.sock', 'unix /run/a.sock'],
    ['unix@relative.sock', 'unix relative.sock'],
    ['abns@name', `abns ${'name'.padEnd(107, '\0')}`],
    ['127.0.0.1', "missing port specification in '127.0.0.1'"],
    [':', "missing port specification in ':'"],
    [':99999', "invalid port '99999'"],
    [':80-70', "invalid port range '80-70'"],
    [':0-5', "invalid port '0'"],
    [':http', "invalid character 'h' in port number 'http' in ':http'"],
    ['300.1.1.1:80', "invalid address: '300.1.1.1' in '300.1.1.1:80'"],
    ['fd@3x', "file descriptor '3x' is not a valid integer in 'fd@3x'"],
    ['ipv4@[::1]:80', "'[::1]' is not an IPv4 address in 'ipv4@[::1]:80'"],
    ['quic4@:443', "address family 'quic4@' in 'quic4@:443' is not supported by this version"],
    ['udp@:514', "address family 'udp@' in 'udp@:514' is not supported by this version"],
    ['a:80,b:80', "two names ('a' and 'b') in one address list: write a line for each"],
    [`/${'x'.repeat(107)}`, `socket path '/${'x'.repeat(107)}' too long (max 107)`],
  ];
  for (const [text, wanted] of table) assert.equal(show(parseBindAddress(text, lookup)), wanted, text);
  assert.match(show(parseBindAddress('foo@x', lookup)), /'foo@' in 'foo@x' is unknown, allowed are/);
});

test('server addresses', () => {
  const table: readonly (readonly [string, string])[] = [
    ['10.0.0.1:80', '10.0.0.1 80'],
    ['10.0.0.1', '10.0.0.1 0 client'],
    ['10.0.0.1:', '10.0.0.1 0 client'],
    ['10.0.0.1:+100', '10.0.0.1 0 offset 100'],
    ['web.local:-1', 'web.local 0 offset -1'],
    ['web-a:5001', 'web-a 5001'],
    ['web_a', 'web_a 0 client'],
    ['[::1]:80', '::1 80'],
    ['[::1]', '::1 0 client'],
    ['*:80', '0.0.0.0 80'],
    ['/run/s', 'unix /run/s'],
    ['ipv6@[::1]:80', '::1 80'],
    ['$HOST:80', '10.0.0.1 80'],
    ['0.0.0.0:0', '0.0.0.0 0 client'],
    ['10.0.0.1:99999', "invalid port '99999'"],
    ['10.0.0.1:+99999', "invalid port offset '+99999'"],
    ['10.0.0.1:80-90', "port range not permitted here in '10.0.0.1:80-90'"],
    ['fd@3', "a server cannot be an inherited descriptor: 'fd@3'"],
    ['a b:80', "invalid address: 'a b' in 'a b:80'"],
  ];
  for (const [text, wanted] of table) assert.equal(show(parseServerAddress(text, lookup)), wanted, text);
});

test('log addresses are on port 514 unless they say otherwise', () => {
  const table: readonly (readonly [string, string])[] = [
    ['127.0.0.1', '127.0.0.1 514'],
    ['127.0.0.1:5514', '127.0.0.1 5514'],
    ['udp@127.0.0.1:5514', '127.0.0.1 5514'],
    ['udp4@127.0.0.1', '127.0.0.1 514'],
    ['syslog', 'syslog 514'],
    ['/dev/log', 'unix /dev/log'],
    ['[::1]', '::1 514'],
  ];
  for (const [text, wanted] of table) assert.equal(show(parseLogAddress(text, lookup)), wanted, text);
  const streams: readonly (readonly [string, string])[] = [
    ['tcp@127.0.0.1', '127.0.0.1 514'],
    ['tcp6@[::1]:601', '::1 601'],
    ['tcp4@syslog:601', 'syslog 601'],
    ['uxst@/run/log', 'unix /run/log'],
    ['stream+ipv4@127.0.0.1:601', '127.0.0.1 601'],
  ];
  for (const [text, wanted] of streams) {
    const parsed = parseLogAddress(text, lookup);
    assert.equal(show(parsed), wanted, text);
    assert.ok('isStream' in parsed && parsed.isStream, text);
  }
});

test('literal addresses and networks', () => {
  const literal = parseLiteralAddress('::1', lookup);
  assert.ok(!('problem' in literal) && literal.family === Family.inet6);
  assert.ok('problem' in parseLiteralAddress('name', lookup));
  assert.deepEqual(parseNetwork('10.0.0.0/8')?.bits, 8);
  assert.deepEqual(parseNetwork('::1')?.bits, 128);
  for (const text of ['10.0.0.0/33', 'x/8', '10.0.0.0/', '10/8']) assert.equal(parseNetwork(text), null, text);
});
