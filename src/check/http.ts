/**
 * option httpchk: sends one request and looks at the status or the content of the answer. The request has exactly what
 * the configuration says: HTTP/1.0 and no Host unless written (FEATURES 8); HTTP/1.1 adds `connection: close`, a body adds content-length.
 */
import type { CheckModel } from '../model/config.ts';
import { readAnswer } from './answer.ts';
import type { CheckType, Probe } from './contract.ts';
import { compileExpect } from './expect.ts';
import { type CheckResult, result, Status } from './status.ts';

export const httpCheck: CheckType<CheckModel> = {
  name: 'httpchk',
  text: 'Sends an HTTP request; statuses 200 to 399 pass unless http-check expect says otherwise.',
  examples: ['option httpchk', 'option httpchk GET /status', 'option httpchk HEAD / HTTP/1.1\nhttp-check send hdr Host www.example.com'],
  make: (settings) => new HttpProbe(settings),
};

class HttpProbe implements Probe {
  readonly request: Uint8Array;
  readonly #judge: ReturnType<typeof compileExpect>;
  readonly #stopsOn404: boolean;

  constructor(settings: CheckModel) {
    this.request = Buffer.from(requestText(settings), 'latin1');
    this.#judge = compileExpect(settings.expect);
    this.#stopsOn404 = settings.disableOn404;
  }

  judge(received: Uint8Array, isEnded: boolean, isStopped: boolean): CheckResult | null {
    const answer = readAnswer(received, isEnded);
    if (answer === 'invalid') return result(Status.l7Invalid);
    if (answer === 'partial') return isEnded ? result(Status.l7Invalid) : null;
    // A server that is DOWN has to come up properly first: for it 404 is a wrong status.
    if (answer.status === 404 && this.#stopsOn404 && !isStopped) return result(Status.l7Conditional, 404);
    return this.#judge(answer);
  }
}

/** Names in lower case as on all of our wires; connection and content-length are ours to say. */
export function requestText(settings: CheckModel): string {
  const { method, uri, version, headers, body } = settings;
  let text = `${method} ${uri} ${version}\r\n`;
  for (const { name, value } of headers) {
    const lower = name.toLowerCase();
    if (lower !== 'connection' && lower !== 'content-length') text += `${lower}: ${value}\r\n`;
  }
  if (body !== null && body !== '') text += `content-length: ${body.length}\r\n`;
  if (version.toUpperCase() === 'HTTP/1.1') text += 'connection: close\r\n';
  return `${text}\r\n${body ?? ''}`;
}
