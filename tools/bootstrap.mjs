/**
 * Runs a program of this repository under the pinned Node, and installs what is
 * pinned first if `node_modules` is missing or differs from the lock file.
 *
 *     node tools/bootstrap.mjs FILE [ARGUMENT…]
 *
 * Plain JavaScript for an old Node (20): it is the one file that runs before
 * the package's own Node 26 is there. It must import nothing from this tree.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 26;
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const root = fileURLToPath(new URL('..', import.meta.url));

/** The entries of a lock file by path, or undefined if there is no such file. */
function lockEntries(path) {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

/** npm's own record of what it installed must hold every entry of the lock file; optional ones may be absent (another platform). */
function isInstalled() {
  const wanted = lockEntries(`${root}package-lock.json`);
  const found = lockEntries(`${root}node_modules/.package-lock.json`);
  if (wanted === undefined || found === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    if (found[path] === undefined) return entry.optional === true || entry.devOptional === true;
    return found[path].integrity === entry.integrity;
  });
}

/** Runs npm with the Node that runs this file; inside `npm run`, that very npm. */
function install() {
  process.stderr.write('Installing the pinned tools and Node 26 (npm ci) …\n');
  const inside = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const command = inside === undefined ? ['npm', ...args] : [process.execPath, inside, ...args];
  const { status, error } = spawnSync(command[0], command.slice(1), { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`npm ci failed in ${root}${error ? `: ${error.message}` : ''}; the lines above say why`);
}

/** The packaged Node if it runs here, else the running one if it is new enough. */
function chooseNode() {
  const packaged = `${root}node_modules/.bin/node`;
  const works = existsSync(packaged) && spawnSync(packaged, ['-v'], { stdio: 'ignore' }).status === 0;
  if (works) return packaged;
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) return process.execPath;
  return fail(
    `no Node ${NODE_MAJOR}: the packaged one does not run here (it needs Linux with glibc on x64 or arm64) and this one is ${process.version}`,
  );
}

/** Says what is wrong and ends. */
function fail(text) {
  process.stderr.write(`hawser: ${text}\n`);
  process.exit(1);
}

/** Starts the program and ends with its status, or 128 + the number of the signal that killed it. */
function run(node, args) {
  const child = spawn(node, [...NODE_FLAGS, ...args], { cwd: root, stdio: 'inherit' });
  for (const name of FORWARDED) process.on(name, () => child.kill(name));
  child.on('error', (error) => fail(`${node}: ${error.message}`));
  child.on('exit', (status, signal) => process.exit(signal === null ? status : 128 + constants.signals[signal]));
}

if (process.argv.length < 3) fail('usage: node tools/bootstrap.mjs FILE [ARGUMENT…]');
if (!isInstalled()) install();
run(chooseNode(), process.argv.slice(2));
