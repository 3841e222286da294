/**
 * Early data (RFC 8446 2.3) over two connections, in mode tcp and where it is refused: the first brings a ticket, the second early data. What a client
 * says reaches the server once and in order, whether in early data or, where that was refused, again behind the handshake.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Folder, folder } from '../support/folder.ts';
import { needs } from '../support/peer.ts';
import { sClient } from '../support/s-client.ts';
import { configure, onSubjects, ports } from './rig.ts';

const CERTIFICATE = fileURLToPath(new URL('../support/tls/server.pem', import.meta.url));

interface Origin extends Disposable {
  readonly port: number;
  /** What has come, by connection. */
  readonly said: string[];
}

/** A server that says `seen N` and leaves when a client has said `over.`, or has ended. */
async function origin(): Promise<Origin> {
  const said: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const index = said.push('') - 1;
    const answer = (): void => void socket.end(`seen ${said[index]?.length}\n`);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      said[index] += chunk.toString('latin1');
      if (said[index]?.includes('over.') === true) answer();
    });
    socket.on('end', answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, said, [Symbol.dispose]: () => void server.close() };
}

/** A first connection; the file with its session. */
async function firstVisit(port: number, files: Folder): Promise<string> {
  const session = join(files.at, `session-${port}`);
  const text = await sClient(port, ['-tls1_3', '-sess_out', session, '-quiet'], 'first over.\n');
  assert.match(text, /seen 12/);
  assert.ok(existsSync(session), 'no session to go on with');
  return session;
}

/** @param input what is said when the handshake is done. */
function comeBack(port: number, files: Folder, session: string, early: string, input: string): Promise<string> {
  return sClient(port, ['-tls1_3', '-sess_in', session, '-early_data', files.write('early', early), '-ign_eof', '-nocommands'], input);
}

const listen = (name: string, port: number | undefined, back: number, words: string, rules = ''): string =>
  `listen ${name}\n  mode tcp\n  bind 127.0.0.1:${port} ssl crt ${CERTIFICATE} ${words}\n${rules}  server s 127.0.0.1:${back}\n`;

/** A text whose every place is told apart from the others nearby. */
const text = (length: number): string =>
  Array.from({ length: Math.ceil(length / 8) }, (_, index) => `${1e7 + index}`)
    .join('')
    .slice(0, length);

onSubjects(
  'early data and what follows the handshake reach the server once, and in order',
  async ({ start }) => {
    using files = folder();
    using seen = await origin();
    const [port] = await ports(1);
    await start(configure({ rest: listen('f', port, seen.port, 'allow-0rtt') }));
    for (const [early, late] of [
      [1, 6],
      [14_000, 6],
      [5000, 200_000],
    ] as const) {
      const session = await firstVisit(port as number, files);
      const [first, rest] = [text(early), `${text(late)}over.`];
      const said = await comeBack(port as number, files, session, first, rest);
      assert.match(said, /Early data was accepted/);
      assert.ok(said.includes(`seen ${early + rest.length}\n`), said.slice(-100));
      assert.ok(seen.said.at(-1) === first + rest, 'the bytes are not those that were sent');
    }
    assert.equal(seen.said.length, 6);
  },
  needs('openssl'),
);

onSubjects(
  'early data is inspected by rules of content, and an answer to it comes before anything else is said',
  async ({ start }) => {
    using files = folder();
    using seen = await origin();
    using other = await origin();
    const [port] = await ports(1);
    const rules = `  tcp-request inspect-delay 5s
  tcp-request content accept if { req.len ge 12 }
  use_backend other if { req.payload(0,5) -m str other }
`;
    const rest = `${listen('f', port, seen.port, 'allow-0rtt', rules)}backend other\n  mode tcp\n  server s 127.0.0.1:${other.port}\n`;
    await start(configure({ rest }));
    const session = await firstVisit(port as number, files);
    assert.match(await comeBack(port as number, files, session, 'other text over.', ''), /Early data was accepted[\s\S]*seen 16/);
    assert.deepEqual(other.said, ['other text over.']);
    assert.deepEqual(seen.said, ['first over.\n']);
  },
  needs('openssl'),
);

onSubjects(
  'what a client has said in early data goes to the server also if it ends at once',
  async ({ start }) => {
    using files = folder();
    using seen = await origin();
    const [port] = await ports(1);
    await start(configure({ rest: listen('f', port, seen.port, 'allow-0rtt') }));
    const session = await firstVisit(port as number, files);
    const early = files.write('early', 'no more');
    // Its input ends at once, so it says that it ends.
    const said = await sClient(port as number, ['-tls1_3', '-sess_in', session, '-early_data', early]);
    assert.match(said, /Early data was accepted/);
    assert.deepEqual(seen.said, ['first over.\n', 'no more']);
  },
  needs('openssl'),
);

onSubjects(
  'early data that is refused is said again behind the handshake, and reaches the server once',
  async ({ start, old }) => {
    using files = folder();
    using seen = await origin();
    const [early, plain, strange, web] = await ports(4);
    const keys = files.write(
      'keys',
      `${Array.from({ length: 3 }, (_, index) => Buffer.alloc(48, index + 1).toString('base64')).join('\n')}\n`,
    );
    const rest = [
      listen('early', early, seen.port, 'allow-0rtt'),
      listen('plain', plain, seen.port, ''),
      // Tickets of the others can't be read here.
      listen('strange', strange, seen.port, `allow-0rtt tls-ticket-keys ${keys}`),
      `frontend web\n  mode http\n  bind 127.0.0.1:${web} ssl crt ${CERTIFICATE} allow-0rtt tls-ticket-keys ${keys}`,
      '  http-request return status 200 hdr x-seen "%[path] %[ssl_fc_has_early] %[ssl_fc_is_resumed]"\n',
    ].join('\n');
    await start(configure({ rest }));
    // A small one, and one as long as may be: what is refused is skipped, in one record or several (RFC 8446 4.2.10).
    for (const length of [10, 13_000]) {
      for (const [port, isResumed] of [
        [plain, true],
        [strange, false],
      ] as const) {
        const session = await firstVisit(early as number, files);
        const words = `${text(length)} over.`;
        const said = await comeBack(port as number, files, session, words, words);
        assert.match(said, /Early data was rejected/);
        // HAProxy has other keys for each line.
        if (!old) assert.match(said, isResumed ? /Reused, TLSv1.3/ : /New, TLSv1.3/);
        assert.ok(said.includes(`seen ${words.length}\n`), said.slice(-100));
        assert.equal(seen.said.at(-1), words);
      }
    }
    assert.equal(seen.said.length, 8);
    const request = 'GET /again HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const session = await firstVisit(early as number, files);
    const said = await comeBack(web as number, files, session, request.replace('again', 'lost!'), request);
    assert.match(said, /Early data was rejected/);
    assert.deepEqual(
      said.match(/x-seen: .*/g)?.map((line) => line.trim()),
      ['x-seen: /again 0 0'],
    );
  },
  needs('openssl'),
);

onSubjects(
  'a ticket from before a restart is none: early data is refused, and a new ticket is good',
  async ({ start }) => {
    using files = folder();
    using seen = await origin();
    const [port, again] = await ports(2);
    await start(configure({ rest: listen('f', port, seen.port, 'allow-0rtt') }));
    const old = await firstVisit(port as number, files);
    await start(configure({ rest: listen('f', again, seen.port, 'allow-0rtt') }));
    const said = await comeBack(again as number, files, old, 'again over.', 'again over.');
    assert.match(said, /Early data was rejected[\s\S]*seen 11/);
    const session = await firstVisit(again as number, files);
    assert.match(await comeBack(again as number, files, session, 'more over.', ''), /Early data was accepted[\s\S]*seen 10/);
    assert.deepEqual(seen.said.slice(1), ['again over.', 'first over.\n', 'more over.']);
  },
  needs('openssl'),
);
