/** Drives a program that was started with a door to its control thread (driven.ts). */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeFolder, type ProxyOptions } from './proxy.ts';
import { isListening, until } from './wait.ts';

const DRIVEN = fileURLToPath(new URL('./driven.ts', import.meta.url));

const MOST_ATTEMPTS = 1000;

export interface Door {
  /** For `start`. */
  readonly options: Pick<ProxyOptions, 'command' | 'args' | 'env'>;
  open(): Promise<Driver>;
}

/** How a program is started so that it can be driven. */
export function makeDoor(): Door {
  const path = join(makeFolder(), 'door');
  return {
    options: {
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', DRIVEN, '-db'],
      env: { HAWSER_TEST_CONTROL: path },
    },
    open: async () => {
      await until(() => isListening(path), 'the door of the control thread');
      return new Driver(await enter(path));
    },
  };
}

/** The door is there for a moment before somebody listens behind it. */
async function enter(path: string): Promise<Socket> {
  for (let attempts = 0; ; attempts++) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ECONNREFUSED' || attempts === MOST_ATTEMPTS) throw error;
    }
  }
}

export class Driver implements Disposable {
  readonly #socket: Socket;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => this.#waiting.shift()?.(line));
  }

  /** Calls what stands at a path below the running process: `tls.certificates.commit`. Bytes go as bytes. */
  async call<T = unknown>(path: string, ...args: readonly unknown[]): Promise<T> {
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#socket.write(`${JSON.stringify({ call: path, args: args.map(encode) })}\n`);
    const { value, error } = JSON.parse(await answer) as { value: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** A call that must do what it says. */
  async done(path: string, ...args: readonly unknown[]): Promise<string> {
    const { isDone, text } = await this.call<{ isDone: boolean; text: string }>(path, ...args);
    if (!isDone) throw new Error(`${path}: ${text}`);
    return text;
  }

  /** A call that must be refused; why it is. */
  async refused(path: string, ...args: readonly unknown[]): Promise<string> {
    const { isDone, text } = await this.call<{ isDone: boolean; text: string }>(path, ...args);
    if (isDone) throw new Error(`${path} must be refused, and said: ${text}`);
    return text;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Texts and bytes as what the runtime API would give: bytes. */
function encode(value: unknown): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;
}
