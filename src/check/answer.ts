/**
 * Reads the answer to an HTTP check out of what has come so far. Only what a check looks at: the status line, and the body with
 * its chunks joined. The control thread may use strings: an answer is at most a few kilobytes.
 */

export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Header fields in latin-1, one per line. */
  readonly head: string;
  /** The body as far as it has come, latin-1. */
  readonly body: string;
  /** Nothing more will be added to the body. */
  readonly isComplete: boolean;
}

/** Longest head that is waited for. */
const MOST_HEAD = 16384;
const STATUS_LINE = /^HTTP\/\d+\.\d+ +(\d{3})(?: +([^\r\n]*))?\r?\n/;
const START = 'HTTP/';

export function readAnswer(received: Uint8Array, isEnded: boolean): Answer | 'partial' | 'invalid' {
  const text = Buffer.from(received.buffer, received.byteOffset, received.byteLength).toString('latin1');
  if (!START.startsWith(text.slice(0, START.length))) return 'invalid';
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return text.length > MOST_HEAD ? 'invalid' : 'partial';
  const line = STATUS_LINE.exec(text);
  if (line === null) return 'invalid';
  const status = Number(line[1]);
  const head = text.slice(line[0].length, end.index);
  const raw = text.slice(end.index + end[0].length);
  return { status, reason: (line[2] ?? '').trimEnd(), head, ...readBody(status, head, raw, isEnded) };
}

function readBody(status: number, head: string, raw: string, isEnded: boolean): { body: string; isComplete: boolean } {
  if (status < 200 || status === 204 || status === 304) return { body: '', isComplete: true };
  if (/^transfer-encoding:.*chunked\s*$/im.test(head)) return joinChunks(raw, isEnded);
  const length = /^content-length:\s*(\d+)\s*$/im.exec(head)?.[1];
  if (length === undefined) return { body: raw, isComplete: isEnded };
  return { body: raw.slice(0, Number(length)), isComplete: isEnded || raw.length >= Number(length) };
}

function joinChunks(raw: string, isEnded: boolean): { body: string; isComplete: boolean } {
  let body = '';
  let at = 0;
  for (;;) {
    const size = /^([0-9a-fA-F]{1,8})[^\n]*\n/.exec(raw.slice(at, at + 1024));
    if (size === null) return { body, isComplete: isEnded };
    const length = Number.parseInt(size[1] as string, 16);
    if (length === 0) return { body, isComplete: true };
    at += size[0].length;
    body += raw.slice(at, at + length);
    at += length;
    if (at >= raw.length) return { body, isComplete: isEnded };
    at += raw[at] === '\r' ? 2 : 1;
  }
}
