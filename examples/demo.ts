/**
 * `npm start`: three small web servers and Hawser in front of them on http://localhost:8080, with
 * demo.cfg. Says what to try; Ctrl-C ends everything.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { useCodeCache } from '../src/platform/code-cache.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PORT = 8080;
const SERVERS = [
  { name: 'app1', port: 9101 },
  { name: 'app2', port: 9102 },
  { name: 'app3', port: 9103 },
];

const HINTS = `
Hawser listens on http://localhost:${PORT} and shares requests among ${SERVERS.map(({ name }) => name).join(', ')}.

  curl localhost:${PORT}                        again and again: the servers take turns
  curl -c jar -b jar localhost:${PORT}          twice: the cookie keeps you on one server
  curl localhost:9102/stop                  app2 goes away for 10 s: watch the log below, no request fails

Ctrl-C ends it.
`;

const children: ChildProcess[] = [];
let ending = false;

function end(code: number): void {
  if (ending) return;
  ending = true;
  process.exitCode = code;
  for (const child of children) {
    if (child.connected) child.disconnect();
    else child.kill('SIGTERM');
  }
}

function startServer({ name, port }: { name: string; port: number }): Promise<unknown> {
  const child = fork(here('demo-server.ts'), [name, String(port)]);
  children.push(child);
  child.on('exit', () => end(1));
  return once(child, 'message');
}

function startHawser(): ChildProcess {
  const child = spawn(here('../bin/hawser'), ['-f', here('demo.cfg'), '-db'], { stdio: ['ignore', 'inherit', 'inherit'] });
  children.push(child);
  child.on('exit', (code) => end(code === null || code === 0 ? 0 : 1));
  return child;
}

/** Resolves when somebody accepts on the port; false when Hawser has ended instead. */
async function accepting(child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(PORT, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

// For the servers; Hawser has its own.
useCodeCache();
process.on('SIGINT', () => end(0));
process.on('SIGTERM', () => end(0));
await Promise.all(SERVERS.map(startServer));
if (await accepting(startHawser())) process.stdout.write(HINTS);
