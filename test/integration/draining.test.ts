/** What is read of a client that goes on sending behind an answer that ended its connection: so that it can read the answer, and no more. */
import assert from 'node:assert/strict';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { within } from '../support/wait.ts';
import { configure, onSubjects, ports } from './rig.ts';

const CERTIFICATE = fileURLToPath(new URL('../support/tls/server.pem', import.meta.url));
/** A body without an end. */
const HEAD = 'POST /endless HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n';
const PIECE = Buffer.alloc(65_536, 'x');
/** Twice what is read, for what the kernels and the client itself hold. */
const MOST_SENT = 32 << 20;

interface Outcome {
  readonly answer: string;
  readonly sent: number;
}

/** Sends until the connection is over, and never waits for the answer. */
function sendOn(socket: Socket): Promise<Outcome> {
  return new Promise((resolve) => {
    let answer = '';
    let sent = 0;
    const pump = (): void => {
      while (socket.writable && sent < 8 * MOST_SENT) {
        sent += PIECE.length;
        if (!socket.write(PIECE)) return;
      }
    };
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
    });
    socket.on('drain', pump).on('error', () => undefined);
    socket.on('close', () => resolve({ answer, sent: socket.bytesWritten }));
    socket.write(HEAD, pump);
  });
}

onSubjects('a client that goes on sending behind an error is read for so many bytes, with its answer', async ({ start, old }) => {
  const [plain, secured] = await ports(2);
  await start(
    configure({
      defaults: 'timeout client 20s\n  timeout http-request 20s',
      rest: `frontend f\n  bind 127.0.0.1:${plain}\n  bind 127.0.0.1:${secured} ssl crt ${CERTIFICATE}\n  http-request return status 403`,
    }),
  );
  // HAProxy reads for its own time.
  if (old) return;
  const sockets = [
    connectPlain({ host: '127.0.0.1', port: plain as number }),
    connectTls({ host: '127.0.0.1', port: secured as number, rejectUnauthorized: false }),
  ];
  for (const socket of sockets) {
    const { answer, sent } = await within(sendOn(socket), 'the end of the connection');
    assert.match(answer, /^HTTP\/1\.1 403 /);
    // More than a client has under way when it is answered, and not a second's worth.
    assert.ok(sent > 8 << 20 && sent < MOST_SENT, `${sent} bytes`);
  }
});

onSubjects('a client that sends what was under way and stops has its answer and an orderly end', async ({ start }) => {
  const [plain] = await ports(1);
  await start(configure({ rest: `frontend f\n  bind 127.0.0.1:${plain}\n  http-request return status 403` }));
  const socket = connectPlain({ host: '127.0.0.1', port: plain as number });
  const failures: Error[] = [];
  socket.on('error', (error) => failures.push(error));
  const ended = new Promise<string>((resolve) => {
    let answer = '';
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
    });
    socket.on('end', () => resolve(answer));
  });
  socket.write(HEAD);
  for (let sent = 0; sent < 4 << 20; sent += PIECE.length) socket.write(PIECE);
  assert.match(await within(ended, 'the end'), /^HTTP\/1\.1 403 /);
  assert.deepEqual(failures, []);
  socket.destroy();
});
