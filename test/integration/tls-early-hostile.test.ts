/** Clients with early data who stop, leave, or say nonsense: nothing stays, and others are served. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folder } from '../support/folder.ts';
import { needs, peer } from '../support/peer.ts';
import { sClient } from '../support/s-client.ts';
import { until, within } from '../support/wait.ts';
import { configure, onSubjects, ports } from './rig.ts';

const path = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

/** The first bytes that a client with early data sends: its hello and the records behind it. */
async function firstBytes(port: number, session: string, early: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const silent = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
  const words = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-tls1_3', '-sess_in', session];
  const client = spawn(peer('openssl'), [...words, '-early_data', early], { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    await until(() => records(Buffer.concat(chunks)) >= 3, 'a hello with early data');
  } finally {
    client.kill('SIGKILL');
    silent.close();
  }
  return Buffer.concat(chunks);
}

/** How many whole records (RFC 8446 5.1). */
function records(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at + 5 <= bytes.length; count++) {
    at += 5 + bytes.readUInt16BE(at + 3);
    if (at > bytes.length) break;
  }
  return count;
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.resume().on('error', () => undefined);
    socket.on('close', () => resolve());
  });
}

onSubjects(
  'early data said again is told as such; who does not go on is left',
  async ({ start, old }) => {
    using files = folder();
    const [port, spare] = await ports(2);
    await start(
      configure({
        defaults: 'timeout client-hs 500ms',
        rest: `frontend f
  bind 127.0.0.1:${port} ssl crt ${path('server.pem')} allow-0rtt
  http-request wait-for-handshake if { path /wait }
  http-request return status 425 if { path /once } { ssl_fc_has_early }
  http-request return status 200`,
      }),
    );
    const session = join(files.at, 'session');
    await sClient(port as number, ['-tls1_3', '-sess_out', session, '-quiet'], GET('/first'));
    for (const name of ['/once', '/wait', '/plain']) {
      const bytes = await firstBytes(spare as number, session, files.write('early', GET(name)));
      // The same words again and again, whole and cut: each is answered or waits, and ends.
      const ends: Promise<void>[] = [];
      for (const cut of [bytes.length, bytes.length, bytes.length - 1, bytes.length - 30, 300]) {
        const socket = await connected(port as number);
        ends.push(closed(socket));
        socket.write(bytes.subarray(0, cut));
      }
      const torn = Buffer.from(bytes);
      torn[torn.length - 1] = (torn[torn.length - 1] as number) ^ 1;
      const liar = await connected(port as number);
      ends.push(closed(liar));
      liar.write(torn);
      const gone = await connected(port as number);
      gone.on('error', () => undefined);
      gone.write(bytes);
      gone.resetAndDestroy();
      if (!old) await within(Promise.all(ends), 'the end of connections that do not go on');
      else for (const each of ends) each.catch(() => undefined);
    }
    assert.match(await sClient(port as number, ['-tls1_3', '-ign_eof'], GET('/wait')), /HTTP\/1\.1 200/);
  },
  needs('openssl'),
);
