/** The reader of ClientHellos: real ones, every cut, other protocols, spoilt bytes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { ClientHello, HelloResult, type Span } from './tls-hello.ts';

/** What a real client sends first. */
async function helloOf(options: object): Promise<Uint8Array> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect({ host: '127.0.0.1', port, ...options });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [data] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return data as Uint8Array;
}

function text(bytes: Uint8Array, { start, end }: Span): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

test('names, protocols and versions of a real hello are found', async () => {
  const bytes = await helloOf({ servername: 'shop.example.com', ALPNProtocols: ['h2', 'http/1.1'] });
  const hello = new ClientHello();
  assert.equal(hello.read(bytes, 0, bytes.length), HelloResult.done);
  assert.equal(text(bytes, hello.serverName), 'shop.example.com');
  assert.equal(text(bytes, hello.alpn), '\x02h2\x08http/1.1');
  assert.equal(hello.recordVersion, 0x0301);
  assert.equal(hello.highestVersion, 0x0304);
  assert.ok(hello.offers(0x0303) && hello.offers(0x0304) && !hello.offers(0x0301));
  assert.equal(hello.random.end - hello.random.start, 32);
  assert.ok(hello.ciphers.end - hello.ciphers.start >= 6);
  assert.ok(hello.groups.start > 0 && hello.signatures.start > 0 && hello.keyShares.start > 0);
});

test('a client of TLS 1.2 without a name', async () => {
  const bytes = await helloOf({ maxVersion: 'TLSv1.2', servername: '' });
  const hello = new ClientHello();
  assert.equal(hello.read(bytes, 0, bytes.length), HelloResult.done);
  assert.equal(hello.highestVersion, 0x0303);
  assert.ok(hello.serverName.start < 0);
});

test('every cut asks for more, whatever stands in front and behind', async () => {
  const bytes = await helloOf({ servername: 'a.example' });
  const hello = new ClientHello();
  for (let end = 0; end < bytes.length; end++) assert.equal(hello.read(bytes, 0, end), HelloResult.more, String(end));
  const framed = new Uint8Array([1, 2, 3, ...bytes, 22, 3, 3]);
  assert.equal(hello.read(framed, 3, framed.length), HelloResult.done);
  assert.equal(text(framed, hello.serverName), 'a.example');
});

test('other protocols are told at their first bytes', () => {
  const hello = new ClientHello();
  for (const other of ['GET / HTTP/1.1', 'SSH-2.0', '\x16\x02', '\x16\x03\x01\xff\xff', '\x16\x03\x01\x00\x10\x02']) {
    const bytes = Buffer.from(other, 'latin1');
    assert.equal(hello.read(bytes, 0, bytes.length), HelloResult.other, JSON.stringify(other));
  }
});

test('spoilt bytes never lead out of the hello', async () => {
  const bytes = await helloOf({ servername: 'spoilt.example.com', ALPNProtocols: ['h2'] });
  const hello = new ClientHello();
  let broken = 0;
  for (let at = 5; at < bytes.length; at++) {
    for (const value of [0, 1, 127, 255]) {
      const spoilt = Uint8Array.from(bytes);
      spoilt[at] = value;
      const result = hello.read(spoilt, 0, spoilt.length);
      if (result === HelloResult.other) broken++;
      for (const { start, end } of [hello.serverName, hello.alpn, hello.ciphers, hello.versions, hello.keyShares])
        if (result === HelloResult.done) assert.ok(start <= end && end <= bytes.length);
    }
  }
  assert.ok(broken > 50);
});
