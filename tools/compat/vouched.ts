/**
 * Names that are behaviour, not words: no registry can answer for them, a test does. Each kind lists the names
 * that work with the test file (or the file whose examples run as tests) that shows it; the check below keeps the file honest: it must hold the name.
 */
import { readFileSync } from 'node:fs';

/** kind → test file → names separated by spaces. */
const VOUCHED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  signal: {
    'test/integration/process.test.ts': 'SIGINT SIGTERM SIGUSR1 SIGTTIN SIGTTOU',
  },
  'check-status': {
    'src/check/scheduler.test.ts': 'L4CON L4OK L7OK L7RSP L7STS L7TOUT SOCKERR',
    'src/check/probe.test.ts': 'L7OKC',
  },
  'term-combo': {
    'test/corpus/h1.jsonl': '-- CR LR PH PR SD SH cD cH cR sH',
    'test/integration/logs.test.ts': 'CC CD CH',
    'test/integration/actions.test.ts': 'LH',
    'test/integration/queue.test.ts': 'CQ SC',
    'test/integration/cookies.test.ts': 'DI EI II NI NN OI VN',
    'test/integration/timeouts.test.ts': 'PT sC sD sQ',
  },
  'term-state': {
    'test/corpus/h1.jsonl': '1:C 1:L 1:P 1:S 1:c 1:s 2:D 2:H 2:R',
    'test/integration/logs.test.ts': '1:- 2:- 2:C 3:- 4:-',
    'test/integration/queue.test.ts': '2:Q',
    'test/integration/timeouts.test.ts': '2:T',
    'test/integration/cookies.test.ts': '3:D 3:E 3:I 3:N 3:O 3:V 4:D 4:I 4:N 4:P 4:R 4:U',
  },
  'self-status': {
    'test/integration/rules.test.ts': '200 301 302 303 307 401 403',
    'test/integration/actions.test.ts': '404 410 501',
    'src/keywords/actions/redirect.ts': '308',
    'test/corpus/h1.jsonl': '400 408 500 502 504',
    'test/integration/messages.test.ts': '413',
    'test/integration/timeouts.test.ts': '503',
  },
};

const files = new Map<string, string>();

function read(path: string): string {
  const text = files.get(path) ?? readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  files.set(path, text);
  return text;
}

/** Whether a test vouches for a name; null: the kind has no list. */
export function isVouched(kind: string, name: string): boolean | null {
  const lists = VOUCHED[kind];
  if (lists === undefined) return null;
  return Object.values(lists).some((names) => names.split(' ').includes(name));
}

/** Names whose test does not mention them: the list is wrong. */
export function brokenVouchers(): string[] {
  const broken: string[] = [];
  for (const [kind, lists] of Object.entries(VOUCHED))
    for (const [path, names] of Object.entries(lists))
      for (const name of names.split(' '))
        if (!read(path).includes(name.replace(/^\d:/, ''))) broken.push(`${kind} '${name}': ${path} does not mention it`);
  return broken;
}
