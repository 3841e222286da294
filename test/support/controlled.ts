/**
 * Hawser with a door to what control/ does about maps and pattern files, for tests: lines of JSON on a UNIX socket,
 * `["prepare","a.map"]`, each answered with a line. Started instead of bin/hawser; HAWSER_TEST_DOOR says where the socket is.
 */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type CommandLine, parseArguments } from '../../src/config/command/arguments.ts';
import type { MapControl } from '../../src/control/maps.ts';
import { type Running, run } from '../../src/master/start.ts';
import { DataThreads } from '../../src/master/threads.ts';
import { connect } from './connection.ts';

/** To be started with Node. */
export const CONTROLLED = fileURLToPath(import.meta.url);

type Question = 'prepare' | 'add' | 'commit' | 'show' | 'set';

/** Asks a program that was started with this door. */
export async function askMaps(door: string, question: Question, ...args: readonly (string | number | null)[]): Promise<unknown> {
  using connection = await connect(door);
  await connection.write(`${JSON.stringify([question, ...args])}\n`);
  connection.end();
  return JSON.parse(await connection.readToEnd());
}

function answer(maps: MapControl, line: string): string {
  const [question, ...args] = JSON.parse(line) as [Question, ...never[]];
  return `${JSON.stringify((maps[question] as (...given: never[]) => unknown)(...args))}\n`;
}

async function serve(door: string): Promise<void> {
  const line = parseArguments(process.argv.slice(2)) as CommandLine;
  const open = ({ maps }: Running): void => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      createInterface(socket).on('line', (text) => socket.end(answer(maps as MapControl, text)));
    });
    server.listen(door);
    server.unref();
  };
  const code = await run(line, new DataThreads(), open);
  if (code >= 0) process.exit(code);
}

const door = process.env['HAWSER_TEST_DOOR'];
if (process.argv[1] === CONTROLLED && door !== undefined) await serve(door);
