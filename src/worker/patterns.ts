/**
 * Where a data thread gets pattern files and maps from: it asks the control thread, which reads and indexes each once for all, and
 * waits for the answer. At start only: nothing is served while it waits.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { SetBuffers } from '../rules/patterns/patterns.ts';
import type { PatternRequest, PatternSource } from '../rules/patterns/store.ts';
import type { PatternAnswer, PatternDoor } from './messages.ts';

/** A file of millions of lines takes seconds. */
const PATIENCE_MS = 600_000;

export class PortPatterns implements PatternSource {
  readonly #port: MessagePort;
  readonly #turn: Int32Array;

  constructor({ port, turn }: PatternDoor) {
    this.#port = port;
    this.#turn = new Int32Array(turn);
    port.unref();
  }

  /** @throws Error with a text for the user */
  open(request: PatternRequest): SetBuffers {
    const turn = Atomics.load(this.#turn, 0);
    this.#port.postMessage(request);
    Atomics.wait(this.#turn, 0, turn, PATIENCE_MS);
    const answer = receiveMessageOnPort(this.#port)?.message as PatternAnswer | undefined;
    if (answer === undefined) throw new Error(`the pattern file '${request.name}' was not read in time`);
    if (typeof answer === 'string') throw new Error(answer);
    return answer;
  }
}
