/** A receiver of syslog datagrams on 127.0.0.1. */
import { createSocket } from 'node:dgram';
import { until, WAIT_LIMIT_MS } from './wait.ts';

export interface Syslog extends AsyncDisposable {
  readonly port: number;
  /** Every message so far, one a datagram, with its `<PRI>`. */
  readonly messages: readonly string[];
  /** The first message that matches, once it has come. */
  waitFor(pattern: RegExp, limitMs?: number): Promise<string>;
  /** Resolves when `count` messages have come in all. */
  waitForCount(count: number, limitMs?: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** @param port 0: one that is free */
export async function startSyslog(port = 0): Promise<Syslog> {
  const messages: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => void messages.push(bytes.toString('latin1')));
  await new Promise<void>((resolve) => void socket.bind(port, '127.0.0.1', resolve));
  const told = (): string => `among:\n${messages.join('\n')}`;
  const close = (): Promise<void> => new Promise((resolve) => void socket.close(resolve));
  return {
    port: socket.address().port,
    messages,
    waitFor: async (pattern, limitMs = WAIT_LIMIT_MS) => {
      const find = (): string | undefined => messages.find((message) => pattern.test(message));
      await until(() => find() !== undefined, `a log message like ${pattern}`, limitMs).catch((error: Error) => {
        throw new Error(`${error.message} ${told()}`);
      });
      return find() as string;
    },
    waitForCount: async (count, limitMs = WAIT_LIMIT_MS) => {
      await until(() => messages.length >= count, `${count} log messages, ${messages.length} came`, limitMs);
      return messages;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
