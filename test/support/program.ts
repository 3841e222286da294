/**
 * A program under test: started, read, stopped. All that still run are killed, by
 * process id, when the test process ends in any way.
 */
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { until, WAIT_LIMIT_MS, within } from './wait.ts';

export interface ProgramOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Descriptors of this process that the program inherits as 3, 4 …, listed in that order. */
  readonly descriptors?: readonly number[];
  /** Written to standard input, which is then closed. Default: no input. */
  readonly input?: string;
}

export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

export class Program {
  readonly pid: number;
  readonly exit: Promise<Exit>;
  stdout = '';
  stderr = '';
  /** Set once it has ended. */
  ended: Exit | undefined;
  readonly #child: ChildProcess;
  readonly #name: string;

  constructor(options: ProgramOptions) {
    const stdio: StdioOptions = [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(options.descriptors ?? [])];
    const env = { ...process.env, ...options.env };
    const child = spawn(options.command, options.args ?? [], { stdio, env, cwd: options.cwd });
    child.on('error', (error) => {
      this.stderr += `${error.message}\n`;
    });
    if (child.pid === undefined) throw new Error(`${options.command} does not start: is it there and executable?`);
    this.#child = child;
    this.#name = options.command;
    this.pid = child.pid;
    running.add(child);
    // A program need not read its input.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
    child.stdout?.on('data', (text: Buffer) => {
      this.stdout += text.toString('latin1');
    });
    child.stderr?.on('data', (text: Buffer) => {
      this.stderr += text.toString('latin1');
    });
    this.exit = new Promise((resolve) => {
      // `close` and not `exit`: all output has been read then.
      child.on('close', (status, signal) => {
        running.delete(child);
        this.ended = { status, signal };
        resolve(this.ended);
      });
    });
  }

  /** Resolves when `condition` holds; rejects if the program ends first, with what it wrote. */
  async until(condition: () => boolean, what: string, limitMs: number = WAIT_LIMIT_MS): Promise<void> {
    try {
      await until(() => this.ended !== undefined || condition(), what, limitMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}${this.#told()}`);
    }
    if (!condition()) throw new Error(`ended (${JSON.stringify(this.ended)}) before ${what}${this.#told()}`);
  }

  /** Sends a signal; false if the program has ended. */
  kill(signal: NodeJS.Signals): boolean {
    return this.#child.kill(signal);
  }

  /** Sends the signal and waits for the end; after `limitMs` kills it and rejects. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', limitMs: number = WAIT_LIMIT_MS): Promise<Exit> {
    if (this.ended !== undefined) return this.ended;
    this.kill(signal);
    try {
      return await within(this.exit, `${this.#name} to end after ${signal}`, limitMs);
    } catch (error) {
      this.kill('SIGKILL');
      throw new Error(`${(error as Error).message}${this.#told()}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #told(): string {
    return `\nstdout:\n${this.stdout}\nstderr:\n${this.stderr}`;
  }
}

/** Runs a program to its end, at most `limitMs`. */
export async function run(options: ProgramOptions, limitMs: number = WAIT_LIMIT_MS): Promise<Exit & { stdout: string; stderr: string }> {
  const program = new Program(options);
  try {
    const exit = await within(program.exit, `${options.command} to end`, limitMs);
    return { ...exit, stdout: program.stdout, stderr: program.stderr };
  } catch (error) {
    program.kill('SIGKILL');
    throw error;
  }
}
