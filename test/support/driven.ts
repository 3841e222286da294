/**
 * The program with a door to its control thread, for tests of what the runtime API will ask: started in place of bin/hawser, it answers
 * calls on the UNIX socket that HAWSER_TEST_CONTROL names. A line each way: `{ "call": "tls.certificates.set", "args": [...] }`.
 */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Running } from '../../src/master/start.ts';
import { useCodeCache } from '../../src/platform/code-cache.ts';

useCodeCache();
const [{ parseArguments }, { run }, { DataThreads }] = await Promise.all([
  import('../../src/config/command/arguments.ts'),
  import('../../src/master/start.ts'),
  import('../../src/master/threads.ts'),
]);
const line = parseArguments(process.argv.slice(2));
if ('problem' in line) throw new Error(line.problem);
const code = await run(line, new DataThreads(), open);
if (code >= 0) process.exit(code);

function open(running: Running): void {
  createServer((socket) => {
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (text) => {
      answer(running, text).then((result) => void socket.write(`${JSON.stringify(result ?? null, encode)}\n`));
    });
  }).listen(process.env['HAWSER_TEST_CONTROL']);
}

async function answer(running: Running, text: string): Promise<unknown> {
  const { call, args } = JSON.parse(text, decode) as { call: string; args: unknown[] };
  try {
    const names = call.split('.');
    const last = names.pop() as string;
    const target = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], running) as Record<string, unknown>;
    const member = target[last];
    return { value: await (typeof member === 'function' ? (member as (...all: unknown[]) => unknown).apply(target, args) : member) };
  } catch (error) {
    return { error: (error as Error).stack };
  }
}

function decode(_: string, value: unknown): unknown {
  const base64 = (value as { base64?: string } | null)?.base64;
  return base64 === undefined ? value : new Uint8Array(Buffer.from(base64, 'base64'));
}

function encode(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}`;
  if (value instanceof Set) return [...value];
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;
}
