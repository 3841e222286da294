/**
 * The command line (HAProxy management manual, 3): what is asked for, as data. All of HAProxy's spellings are
 * known; a word that is not gets the usage text. It must not act.
 */
import { FLAGS } from './flags.ts';

export interface CommandLine {
  readonly action: 'run' | 'check' | 'condition' | 'version' | 'build-options';
  /** `-f` and what follows `--`, in order. */
  readonly files: readonly string[];
  /** `-cc`. */
  readonly condition: string;
  /** `-V`. */
  readonly verbose: boolean;
  /** `-q` without `-V`. */
  readonly quiet: boolean;
  /** `-d`: stays in the foreground and prints what passes. `-db`: only stays in the foreground. */
  readonly debug: boolean;
  readonly foreground: boolean;
  /** `-D`. */
  readonly daemon: boolean;
  /** `-W`, `-Ws`; null: no master process. */
  readonly master: 'plain' | 'systemd' | null;
  /** `-S`: addresses with bind options behind commas. */
  readonly masterSockets: readonly string[];
  /** `-C`: directory to enter before files are read. */
  readonly directory: string | null;
  /** `-L`. */
  readonly localPeer: string | null;
  /** `-n`, `-N`, `-m` (megabytes). */
  readonly maxconn: number | null;
  readonly proxyMaxconn: number | null;
  readonly memoryMb: number | null;
  /** `-p`. */
  readonly pidfile: string | null;
  /** `-sf` finish, `-st` terminate; an empty list is legal. */
  readonly oldProcesses: { readonly how: 'finish' | 'terminate'; readonly pids: readonly number[] } | null;
  /** `-x`: socket to fetch listeners from. */
  readonly handover: string | null;
  /** `-dW`, `-dD`, `-dr`, `-dR`, `-de`, `-dH`, `-dV`, `-dL` … by letter: only those that were given. */
  readonly switches: ReadonlySet<string>;
  /** `--format`: how `-c` reports. */
  readonly format: 'text' | 'json' | 'sarif';
  /** `-dK` classes, `-dC` key … by letter. */
  readonly values: ReadonlyMap<string, string>;
}

/** `-d` and one letter. The second list takes its value glued to it. */
const SWITCHES = new Set('A C D F G I K L M R S T V W Z c e k p r t v H'.split(' '));
const GLUED = new Set(['A', 'C', 'K', 'M']);

type Draft = { -readonly [K in keyof CommandLine]: CommandLine[K] } & {
  files: string[];
  masterSockets: string[];
  switches: Set<string>;
  values: Map<string, string>;
};

/** @returns the command line, or what is wrong with it: print that and the usage text, exit 1. */
export function parseArguments(args: readonly string[]): CommandLine | { readonly problem: string } {
  const draft = newDraft();
  for (let at = 0; at < args.length; ) {
    const step = readFlag(draft, args, at);
    if (typeof step === 'string') return { problem: step };
    if (draft.action === 'version' || draft.action === 'build-options') return draft;
    at += step;
  }
  draft.quiet &&= !draft.verbose;
  if (draft.format !== 'text' && draft.action !== 'check') return { problem: "'--format' needs '-c'" };
  if (draft.files.length === 0 && draft.action !== 'condition') return { problem: 'no configuration file given' };
  return draft;
}

function newDraft(): Draft {
  return {
    action: 'run',
    files: [],
    condition: '',
    verbose: false,
    quiet: false,
    debug: false,
    foreground: false,
    daemon: false,
    master: null,
    masterSockets: [],
    directory: null,
    localPeer: null,
    maxconn: null,
    proxyMaxconn: null,
    memoryMb: null,
    pidfile: null,
    oldProcesses: null,
    handover: null,
    format: 'text',
    switches: new Set(),
    values: new Map(),
  };
}

/** Flags without a value. */
const PLAIN: Record<string, (draft: Draft) => void> = {
  '-v': (draft) => set(draft, { action: 'version' }),
  '-vv': (draft) => set(draft, { action: 'build-options' }),
  '-c': (draft) => set(draft, { action: 'check' }),
  '-V': (draft) => set(draft, { verbose: true }),
  '-q': (draft) => set(draft, { quiet: true }),
  '-d': (draft) => set(draft, { debug: true, foreground: true }),
  '-db': (draft) => set(draft, { foreground: true }),
  '-D': (draft) => set(draft, { daemon: true }),
  '-W': (draft) => set(draft, { master: 'plain' }),
  '-Ws': (draft) => set(draft, { master: 'systemd' }),
  '-4': () => undefined,
};

/** Flags whose value is the next word; they answer what is wrong with it, or nothing. */
const VALUED: Record<string, (draft: Draft, value: string) => string | undefined> = {
  '-f': (draft, value) => set(draft, { files: [...draft.files, value] }),
  '-cc': (draft, value) => set(draft, { action: 'condition', condition: value }),
  '-S': (draft, value) => set(draft, { masterSockets: [...draft.masterSockets, value] }),
  '-C': (draft, value) => set(draft, { directory: value }),
  '-L': (draft, value) => set(draft, { localPeer: value }),
  '-p': (draft, value) => set(draft, { pidfile: value }),
  '-x': (draft, value) => set(draft, { handover: value }),
  '--format': (draft, value) =>
    value === 'json' || value === 'sarif' || value === 'text'
      ? set(draft, { format: value })
      : `'--format' expects text, json or sarif, found '${value}'`,
  '-n': (draft, value) => number(draft, '-n', 'maxconn', value),
  '-N': (draft, value) => number(draft, '-N', 'proxyMaxconn', value),
  '-m': (draft, value) => number(draft, '-m', 'memoryMb', value),
};

function set(draft: Draft, fields: Partial<Draft>): undefined {
  Object.assign(draft, fields);
}

function number(draft: Draft, flag: string, field: 'maxconn' | 'proxyMaxconn' | 'memoryMb', value: string): string | undefined {
  if (!/^\d{1,9}$/.test(value)) return `'${flag}' expects a number, found '${value}'`;
  return set(draft, { [field]: Number(value) });
}

/** How many words were taken, or what is wrong. */
function readFlag(draft: Draft, args: readonly string[], at: number): number | string {
  const flag = args[at] as string;
  const plain = PLAIN[flag];
  if (plain !== undefined) {
    plain(draft);
    return 1;
  }
  const valued = VALUED[flag];
  if (valued !== undefined) {
    const value = args[at + 1];
    return value === undefined ? `'${flag}' expects a value` : (valued(draft, value) ?? 2);
  }
  if (flag.startsWith('--format=')) return VALUED['--format']?.(draft, flag.slice('--format='.length)) ?? 1;
  if (flag === '-sf' || flag === '-st') return readPids(draft, flag, args.slice(at + 1));
  if (flag === '--') {
    draft.files.push(...args.slice(at + 1));
    return args.length - at;
  }
  if (flag.startsWith('-d')) return readSwitch(draft, flag, args[at + 1]);
  return flag.startsWith('-') ? `unknown option '${flag}'` : `unexpected argument '${flag}'; files are given by -f or behind --`;
}

function readPids(draft: Draft, flag: string, rest: readonly string[]): number | string {
  const pids: number[] = [];
  for (const word of rest) {
    if (word.startsWith('-')) break;
    if (!/^[1-9]\d*$/.test(word)) return `'${flag}' expects process numbers, found '${word}'`;
    pids.push(Number(word));
  }
  draft.oldProcesses = { how: flag === '-sf' ? 'finish' : 'terminate', pids };
  return 1 + pids.length;
}

function readSwitch(draft: Draft, flag: string, next: string | undefined): number | string {
  const letter = flag[2] as string;
  const glued = flag.slice(3);
  if (!SWITCHES.has(letter) || (glued !== '' && !GLUED.has(letter))) return `unknown option '${flag}'`;
  if (letter === 'C' && glued !== '')
    return "'-dC' with a key (a dump with hashed names) is not supported by this version; without a key nothing is hidden";
  if (letter === 'M' && !isMemoryOption(glued)) return `-dM: unknown pool debugging feature <${glued}>`;
  draft.switches.add(letter);
  if (glued !== '') draft.values.set(letter, glued);
  // The trace description of -dt is a word of its own, and may be missing.
  if (letter !== 't' || next === undefined || next.startsWith('-')) return 1;
  draft.values.set('t', next);
  return 2;
}

/** Options of HAProxy's memory debugging, behind a byte: they mean nothing here, but a misspelt one is told. */
const MEMORY_OPTIONS = new Set(
  'fail cold-first hot-first integrity global cache caller tag poison uaf backup merge help'
    .split(' ')
    .flatMap((name) => [name, `no-${name}`]),
);

function isMemoryOption(text: string): boolean {
  const words = text.replace(/^(0x[0-9a-fA-F]+|\d+)(,|$)/, '').split(',');
  return words.every((word) => word === '' || MEMORY_OPTIONS.has(word));
}

/** A sentence about the first thing that this version can't do; null: it can do all. */
export function unsupported(line: CommandLine): string | null {
  const asked: Readonly<Record<string, boolean>> = {
    // Without a master process HAProxy only warns about its socket.
    '-S': line.masterSockets.length > 0 && line.master !== null,
    '-x': line.handover !== null,
    '-sf': line.oldProcesses?.how === 'finish' && line.oldProcesses.pids.length > 0,
    '-st': line.oldProcesses?.how === 'terminate' && line.oldProcesses.pids.length > 0,
    '-m': line.memoryMb !== null,
  };
  const flag = FLAGS.find((one) => asked[one.flag] === true);
  return flag === undefined ? null : `${flag.refused} is not supported by this version.`;
}

/** What is odd about a command line, but not wrong. */
export function commandLineWarnings(line: CommandLine): string[] {
  const hasLoneSocket = line.masterSockets.length > 0 && line.master === null;
  return hasLoneSocket ? ['a master CLI socket was defined, but master-worker mode (-W) is not enabled.'] : [];
}
