/** Listening sockets: what cannot be opened is told with its reason. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Family, newAddress, parseIp, type SocketAddress } from '../base/address.ts';
import { adoptListener, closeDescriptor, getOption, isFailure, type ListenOptions, type OpenSocket, openListener } from './sockets.ts';

function inet(text: string, port = 0): SocketAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return { ...parsed, port, path: '' };
}

function opened(address: SocketAddress, options?: ListenOptions): OpenSocket {
  const result = openListener(address, options);
  assert.ok(!isFailure(result), JSON.stringify(result));
  return result;
}

function refused(address: SocketAddress, options?: ListenOptions): string {
  const result = openListener(address, options);
  assert.ok(isFailure(result));
  return `${result.name} ${result.text}`;
}

test('an address in use, one that is not ours, an interface that is not there', () => {
  const first = opened(inet('127.0.0.1'));
  assert.ok(first.address.port > 0);
  assert.equal(refused(inet('127.0.0.1', first.address.port)), 'EADDRINUSE bind: address in use');
  closeDescriptor(first.descriptor);
  assert.equal(refused(inet('192.0.2.1')), 'EADDRNOTAVAIL bind: the address does not belong to this machine');
  assert.match(refused(inet('127.0.0.1'), { interface: 'none0' }), /^(ENODEV|EPERM) interface: /);
  assert.match(refused(newAddress()), /^EAFNOSUPPORT socket: /);
});

test('shards share an address; accepted sockets inherit TCP_NODELAY', () => {
  const first = opened(inet('127.0.0.1'), { reusePort: true });
  const second = opened(inet('127.0.0.1', first.address.port), { reusePort: true });
  assert.equal(getOption(first.descriptor, 6, 1), 1);
  closeDescriptor(first.descriptor);
  closeDescriptor(second.descriptor);
});

test('an IPv6 socket takes IPv4 too unless told otherwise', () => {
  const both = opened(inet('::'));
  const only = opened(inet('::'), { v6only: true });
  assert.equal(getOption(both.descriptor, 41, 26), 0);
  assert.equal(getOption(only.descriptor, 41, 26), 1);
  closeDescriptor(both.descriptor);
  closeDescriptor(only.descriptor);
});

test('fd@N: an address that names a descriptor adopts it; one that is no stream socket is refused', () => {
  const first = opened(inet('127.0.0.1'));
  const adopted = opened({ ...newAddress(), family: Family.descriptor, port: first.descriptor });
  assert.equal(adopted.descriptor, first.descriptor);
  assert.equal(adopted.address.port, first.address.port);
  closeDescriptor(first.descriptor);
  const wrong = adoptListener(0x7ffffff);
  assert.ok(isFailure(wrong));
  assert.equal(wrong.text, 'inherited descriptor: not an open descriptor');
});

test('a UNIX path: its mode, a second listener in its place, a file that is no socket stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-'));
  const unix = (name: string): SocketAddress => ({ family: Family.unix, ip: new Uint8Array(16), port: 0, path: join(folder, name) });
  try {
    const first = opened(unix('s'), { mode: 0o640 });
    assert.equal(statSync(join(folder, 's')).mode & 0o777, 0o640);
    assert.equal(first.address.path, join(folder, 's'));
    const second = opened(unix('s'));
    closeDescriptor(first.descriptor);
    closeDescriptor(second.descriptor);
    writeFileSync(join(folder, 'file'), 'precious');
    assert.match(refused(unix('file')), /^EADDRINUSE bind: .*file is there and no socket$/);
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'precious');
    assert.equal(refused(unix('none/s')), 'ENOENT bind: no such file');
    assert.equal(refused(unix('x'.repeat(120))), 'ENAMETOOLONG bind: the path is too long');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
