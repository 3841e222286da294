/**
 * The end-to-end comparison: Hawser, HAProxy, nginx and the bare relay on this machine, in one run.
 *
 *     npm run bench                                        all rows, about twelve minutes; writes docs/performance.md
 *     npm run bench -- --quick                             short rounds, nothing written: is it as it was?
 *     npm run bench -- --rows small,connection --seconds 2 --rounds 3
 *     npm run bench -- --rows small --against HEAD~1       Hawser of the working tree against Hawser of a commit
 *
 * It must not know how a contender is started or a row is measured.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findPeer } from '../test/support/peer.ts';
import { makeFolder } from '../test/support/proxy.ts';
import type { Contender } from './contenders.ts';
import { firstLine, floor, haproxy, hawser, LOAD_CPU, nginx, startOrigin } from './contenders.ts';
import type { IdleResult } from './idle.ts';
import { measureIdle } from './idle.ts';
import type { Ground, Pace } from './measure.ts';
import { measureLoadRow } from './measure.ts';
import { type PictureRow, picture } from './picture.ts';
import { pinThisProcess } from './pinned.ts';
import type { Facts } from './report.ts';
import { idleSection, loadSection, opening, startSection } from './report.ts';
import type { LoadRow } from './rows.ts';
import { IDLE_CONNECTIONS, LOAD_ROWS, ROW_IDS, START_RUNS } from './rows.ts';
import type { StartResult } from './start.ts';
import { measureStart } from './start.ts';
import { SyslogSink } from './syslog.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(ROOT, 'docs/performance.md');
const FULL: Pace = { rounds: 4, seconds: 2, warmSeconds: 2 };
const QUICK: Pace = { rounds: 3, seconds: 1, warmSeconds: 1 };
const LIMIT_MS = 1_500_000;

interface Options {
  readonly rows: readonly string[];
  readonly pace: Pace;
  readonly against: string | undefined;
  readonly quick: boolean;
  /** All rows at full pace: then the page is written. */
  readonly complete: boolean;
}

/** Who takes part; the reference is what the ratios are taken to. */
interface Field {
  readonly hawser: Contender | undefined;
  readonly epoll: Contender | undefined;
  readonly others: readonly Contender[];
  readonly withFloor: boolean;
  readonly reference: string;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      against: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const rows = values.rows?.split(',') ?? ROW_IDS;
  const unknown = rows.find((id) => !ROW_IDS.includes(id));
  if (unknown !== undefined) throw new Error(`--rows: there is no row '${unknown}'; rows are ${ROW_IDS.join(', ')}`);
  const base = values.quick ? QUICK : FULL;
  const pace = {
    ...base,
    rounds: positive('--rounds', values.rounds, base.rounds),
    seconds: positive('--seconds', values.seconds, base.seconds),
  };
  const complete = [values.rows, values.rounds, values.seconds, values.against].every((value) => value === undefined) && !values.quick;
  return { rows, pace, against: values.against, quick: values.quick, complete };
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} ${text}: a whole number from 1 on is needed`);
  return value;
}

/** The files of a commit beside this tree, with the same installed packages. Removed with the folder of the run. */
function treeOf(revision: string): { root: string; remove: () => void } {
  const root = join(makeFolder(), 'tree');
  const git = (...args: string[]): void => void execFileSync('git', ['-C', ROOT, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  git('worktree', 'add', '--detach', root, revision);
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  return { root, remove: () => git('worktree', 'remove', '--force', root) };
}

function field(against: string | undefined, otherRoot: string | undefined): Field {
  const present = (list: readonly (Contender | undefined)[]): Contender[] => list.filter((each) => each !== undefined);
  const mine = hawser('Hawser');
  if (against === undefined || otherRoot === undefined) {
    const epoll = hawser('Hawser on epoll', ROOT, 'epoll');
    return { hawser: mine, epoll, others: present([haproxy(), nginx()]), withFloor: true, reference: 'HAProxy' };
  }
  const other = hawser(`Hawser of ${against}`, otherRoot);
  if (other === undefined) throw new Error(`--against ${against}: that revision has no src/main.ts`);
  return { hawser: mine, epoll: undefined, others: present([other, haproxy()]), withFloor: false, reference: other.name };
}

function contendersOf(row: LoadRow, { hawser, epoll, others, withFloor }: Field): Contender[] {
  // Debian's nginx has no stream module, and nothing like counters by address and host.
  const able = row.mode === 'tcp' || row.edge ? others.filter(({ name }) => name !== 'nginx') : others;
  const list = [hawser, ...able, withFloor && row.tls === undefined ? floor(row.floor) : undefined, row.withEpoll ? epoll : undefined];
  return list.filter((each) => each !== undefined);
}

function facts({ hawser, others }: Field, pace: Pace): Facts {
  const cpu = cpus()[0]?.model ?? 'unknown';
  const programs = [hawser, ...others].filter((each) => each !== undefined);
  return [
    ['date', new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC'],
    ['machine', `${cpu}, ${cpus().length} CPUs, Linux ${release()}`],
    ['rounds', `${pace.rounds} of ${pace.seconds} s for each contender`],
    ...programs.map(({ name, version }) => [name, version] as const),
    ['host of Hawser', hawser === undefined ? '-' : (process.env['HAWSER_HOST'] ?? 'the default (uring where the kernel allows it)')],
    ['Node', process.version],
    ['load', firstLine(findPeer('wrk') ?? 'wrk', ['-v']).replace(/ Copyright.*/, '')],
  ];
}

/** The page and its picture. */
interface Measured {
  readonly text: string;
  readonly picture: string;
}

async function measureAll({ rows, pace }: Options, all: Field, ground: Ground): Promise<Measured> {
  let text = opening(facts(all, pace), 'npm run bench');
  process.stdout.write(text);
  const say = (section: string): void => {
    process.stdout.write(`${section}\n`);
    text += `${section}\n`;
  };
  const pictured: PictureRow[] = [];
  for (const row of LOAD_ROWS.filter(({ id }) => rows.includes(id))) {
    const results = await measureLoadRow(row, contendersOf(row, all), pace, ground);
    say(loadSection(row, results, all.reference));
    pictured.push({ title: row.title, results });
  }
  const proxies = [all.hawser, ...all.others].filter((each) => each !== undefined);
  if (rows.includes('idle')) {
    const results: IdleResult[] = [];
    for (const each of proxies) results.push(await measureIdle(each, IDLE_CONNECTIONS, ground));
    say(idleSection(results));
  }
  if (rows.includes('start')) {
    const results: StartResult[] = [];
    for (const each of proxies) results.push(await measureStart(each, START_RUNS, ground));
    say(startSection(results));
  }
  return { text, picture: picture(pictured) };
}

async function main(): Promise<void> {
  const chosen = options();
  if (cpus().length < 2) throw new Error('two CPUs are needed: one for the proxy, one for the load');
  const limit = setTimeout(() => fail(new Error(`not done after ${LIMIT_MS / 1000} s`)), LIMIT_MS);
  pinThisProcess(LOAD_CPU);
  const tree = chosen.against === undefined ? undefined : treeOf(chosen.against);
  process.once('exit', () => tree?.remove());
  // What was started ends with this process, also when it is told to stop.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const sink = new SyslogSink();
  const origin = await startOrigin();
  const measured = await measureAll(chosen, field(chosen.against, tree?.root), {
    originPort: origin.port,
    tlsOriginPort: origin.tlsPort,
    sink,
  });
  await origin.program.stop();
  sink.close();
  clearTimeout(limit);
  if (!chosen.complete) return;
  mkdirSync(dirname(PAGE), { recursive: true });
  writeFileSync(PAGE, `${measured.text.trimEnd()}\n`);
  writeFileSync(PAGE.replace(/md$/, 'svg'), measured.picture);
}

function fail(error: unknown): void {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exit(1);
}

main().catch(fail);
