/**
 * Configurations with what they must give: the files `.cfg` below `config/`, in folders by subject. Each begins with its expectations:
 *
 *     #: alert|warning|notice|diag LINE WORDS   a message that holds these words; line 0: about the whole
 *     #: model JSON                             a part of the model; arrays must have the same length
 *     #: environment NAME=VALUE                 the process's environment has this; it is empty otherwise
 *     #: haproxy differs REASON                 HAProxy 2.6 judges otherwise, and why
 *     #: haproxy says so                        HAProxy 2.6 uses the words of all the messages too
 *
 * The messages are all that `-c` would say, in that order; `diag` ones are asked for by a line that expects one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { planOf } from '../../src/build/plan.ts';
import { parseFiles } from '../../src/config/parse.ts';
import { type Diagnostic, diagnosticText, furtherErrors, hasErrors, hasShape } from '../../src/config/report/diagnostic.ts';
import { tryTls, tryToBuild } from '../../src/master/dry-build.ts';
import type { ConfigModel } from '../../src/model/configuration.ts';

const FOLDER = join(import.meta.dirname, 'config');

/** Paths from here on: those that messages may name are then the same wherever the tree lies. */
export function goldenFiles(): string[] {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.cfg'))
    .sort()
    .map((name) => relative(process.cwd(), join(FOLDER, name)));
}

export interface Message {
  readonly severity: string;
  /** 0: about the whole configuration. */
  readonly line: number;
  readonly words: string;
}

export interface Expectation {
  readonly messages: Message[];
  readonly environment: Record<string, string>;
  model: unknown;
  /** HAProxy 2.6 need not agree. */
  differs: boolean;
  /** HAProxy 2.6 says the words too. */
  saysSo: boolean;
}

const LINE = /^#: (alert|warning|notice|diag|model|environment|haproxy) (.*)$/;

export function expectationsOf(file: string): Expectation {
  const wanted: Expectation = { messages: [], environment: {}, model: {}, differs: false, saysSo: false };
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    if (!line.startsWith('#: ')) break;
    const [, kind, rest] = LINE.exec(line) ?? [];
    if (kind === undefined || rest === undefined) throw new Error(`${file}: '${line}' is no expectation`);
    expectLine(wanted, kind, rest);
  }
  return wanted;
}

function expectLine(wanted: Expectation, kind: string, rest: string): void {
  if (kind === 'model') wanted.model = JSON.parse(rest);
  else if (kind === 'environment') {
    const equals = rest.indexOf('=');
    wanted.environment[rest.slice(0, equals)] = rest.slice(equals + 1);
  } else if (kind === 'haproxy') {
    if (rest === 'says so') wanted.saysSo = true;
    else if (rest.startsWith('differs ')) wanted.differs = true;
    else throw new Error(`'haproxy ${rest}' is no expectation`);
  } else {
    const space = rest.indexOf(' ');
    wanted.messages.push({ severity: kind, line: Number(rest.slice(0, space)), words: rest.slice(space + 1) });
  }
}

export interface Judgement {
  readonly model: ConfigModel;
  readonly messages: Message[];
  readonly isValid: boolean;
}

/** What `-c` finds; with a `diag` line expected, what `-dD` adds. */
export async function judge(file: string, { environment, messages }: Expectation): Promise<Judgement> {
  const diagnose = messages.some(({ severity }) => severity === 'diag');
  const parsed = parseFiles([file], { environment, localPeer: 'peer', diagnose });
  const { model } = parsed;
  const diagnostics = [...parsed.diagnostics, ...(await moreOf(model, parsed.diagnostics))];
  return { model, messages: diagnostics.map(messageOf), isValid: !hasErrors(diagnostics) };
}

/** What building finds, as far as it can be told behind errors. */
async function moreOf(model: ConfigModel, told: readonly Diagnostic[]): Promise<Diagnostic[]> {
  const plan = planOf(model);
  if (!hasErrors(told)) return [...tryToBuild(model, plan, STATICS), ...(await tryTls(plan))];
  if (!hasShape(told)) return [];
  try {
    return furtherErrors(tryToBuild(model, plan, STATICS), told);
  } catch {
    return [];
  }
}

/** Small configurations need less than a process has. */
const STATICS = 4 << 20;

function messageOf(diagnostic: Diagnostic): Message {
  return { severity: diagnostic.severity, line: diagnostic.position?.line ?? 0, words: diagnosticText(diagnostic) };
}
