/** TLS, HTTP and SSH on one port, told apart by the first bytes of a client, in whatever pieces they come. */
import assert from 'node:assert/strict';
import { type Connection, connect } from '../support/connection.ts';
import { startRawOrigin } from '../support/origin.ts';
import { helloOf, talk, tlsPath } from '../support/tls-client.ts';
import { configure, onSubjects, ports } from './rig.ts';

/** Says who it is, then gives back what it gets until the end. */
const server = (name: string) =>
  startRawOrigin(async (connection) => {
    await connection.write(`${name}\r\n`);
    await connection.write(await connection.readToEnd());
  });

onSubjects('TLS, HTTP and SSH on one port', async ({ start }) => {
  await using ssh = await server('ssh');
  await using web = await server('web');
  await using other = await server('other');
  const [port, inner] = await ports(2);
  await start(
    configure({
      rest: `frontend one
  mode tcp
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 700ms
  tcp-request content accept if { req.ssl_hello_type 1 }
  tcp-request content accept if { req.payload(0,4) -m bin 5353482d }
  tcp-request content accept if HTTP
  use_backend tls if { req.ssl_hello_type 1 }
  use_backend ssh if { req.payload(0,4) -m str SSH- } or { req.len 0 }
  use_backend web if HTTP
  default_backend other
backend tls\n  mode tcp\n  server s 127.0.0.1:${inner}
backend ssh\n  mode tcp\n  server s 127.0.0.1:${ssh.port}
backend web\n  mode tcp\n  server s 127.0.0.1:${web.port}
backend other\n  mode tcp\n  server s 127.0.0.1:${other.port}
frontend inner\n  bind 127.0.0.1:${inner} ssl crt ${tlsPath('server.pem')}\n  http-request return status 200 hdr x-sni %[ssl_fc_sni]`,
    }),
  );
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    assert.match((await talk(port, { maxVersion })).answer, /^x-sni: localhost\r$/m);
  const reach = async (pieces: readonly string[], greeting: string): Promise<void> => {
    using client: Connection = await connect(port);
    for (const piece of pieces) {
      await client.write(piece);
      // Long enough for the proxy to look, and to find too little.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal(await client.readUntil('\r\n'), `${greeting}\r\n`, pieces.join('|'));
    client.end();
    assert.equal(await client.readToEnd(), pieces.join(''));
  };
  for (const [said, greeting] of [
    ['SSH-2.0-x\r\n', 'ssh'],
    ['GET /a HTTP/1.1\r\n\r\n', 'web'],
  ] as const) {
    await reach([said], greeting);
    await reach([...said], greeting);
    for (let cut = 1; cut < 7; cut++) await reach([said.slice(0, cut), said.slice(cut)], greeting);
  }
  // What is none of them, what ends too early to be one, and who waits for the server to speak first.
  await reach(['\x00\x01\x02\x03\x04\x05'], 'other');
  await reach(['SS'], 'other');
  await reach([], 'ssh');
  // A hello in single bytes arrives whole.
  const hello = await helloOf({ servername: 'localhost' });
  using client = await connect(port);
  await client.writePieces([...hello].map((byte) => String.fromCharCode(byte)));
  assert.equal(await client.read(2), '\x16\x03');
});
