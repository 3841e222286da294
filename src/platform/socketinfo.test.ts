/** What actions set on sockets is what the kernel then has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireOption } from './contract.ts';
import { area, close, getsockopt, socket } from './ffi.ts';
import { setPacketOptions, setWireOption, silence } from './socketinfo.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_TTL = 2;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_TCLASS = 67;

const value = area(4);
const size = area(4);

function read(descriptor: number, level: number, name: number): number {
  size.words[0] = 4;
  assert.equal(getsockopt(descriptor, level, name, value.pointer, size.pointer), 0);
  return value.words[0] as number;
}

test('types of service and hops are set by family', () => {
  for (const [family, level, tos, hops] of [
    [AF_INET, IPPROTO_IP, IP_TOS, IP_TTL],
    [AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, IPV6_UNICAST_HOPS],
  ] as const) {
    const descriptor = socket(family, SOCK_STREAM, 0);
    assert.ok(descriptor >= 0);
    assert.equal(setWireOption(descriptor, WireOption.tos, 0x10), true);
    assert.equal(read(descriptor, level, tos), 0x10);
    setPacketOptions(descriptor, { source: null });
    assert.equal(read(descriptor, level, tos), 0x10, 'nothing was asked for');
    setPacketOptions(descriptor, { source: null, tos: 0x20 });
    assert.equal(read(descriptor, level, tos), 0x20);
    silence(descriptor, 3);
    assert.equal(read(descriptor, level, hops), 3);
    close(descriptor);
  }
  assert.equal(setWireOption(-1, WireOption.mark, 1), false);
});
