/**
 * The recorded HTTP/1 cases in h1.jsonl: what a client and a server send, byte for byte
 * (text is Latin-1), and what HAProxy 3.5 did, per profile. It knows nothing of how they are run.
 */
import { readFileSync } from 'node:fs';

/** Send text; send it repeatedly; send byte by byte with a pause (ms); wait (ms) or until closed; end the sending side. */
export type Step =
  | readonly ['s', string]
  | readonly ['r', string, number]
  | readonly ['b', string, number]
  | readonly ['w', number]
  | readonly ['x'];

/** What the server plays for its first request: as above, or close, reset, keep all that still comes. */
export type Play = Step | readonly ['c'] | readonly ['R'] | readonly ['rest'];

export interface Case {
  readonly id: string;
  readonly group: string;
  readonly kind: 'req' | 'resp';
  readonly steps: readonly Step[];
  readonly resp?: readonly Play[];
  /** Methods of the requests, for reading the responses; GET where it says nothing. */
  readonly methods?: readonly string[];
  /** The server answers at the end of the head, without reading the body. */
  readonly early?: boolean | number;
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** A message as the other side saw it: names lower-cased and sorted, long values replaced by their length and hash. */
export interface SeenRequest {
  line?: string;
  h?: Fields;
  /** `m` if the first name had a capital, `l` if not, empty without fields. */
  case?: string;
  body?: string;
  fr?: string;
  tr?: Fields;
  tunnel?: string;
  raw?: string;
  bad?: string;
  end?: string;
}

export interface SeenResponse {
  status?: number;
  ver?: string;
  reason?: string;
  h?: Fields;
  body?: string;
  /** Framing: `cl`, `chunked`, `close`, `none`, `truncated`, `bad: …`. */
  fr?: string;
  tr?: Fields;
  tunnel?: string;
  junk?: string;
}

/** `close`: at once after the last byte. `idle`: later. `open`: not at all. */
export type End = 'close' | 'idle' | 'open' | 'error';

export interface Observed {
  readonly st: readonly (number | string)[];
  readonly resp: readonly SeenResponse[];
  readonly fwd: readonly SeenRequest[];
  readonly end: End;
  readonly log: readonly string[];
}

export interface Recorded extends Observed {
  /** Fields that differed between runs of the reference itself. */
  readonly unstable?: readonly string[];
}

export interface RecordedCase extends Case {
  readonly profiles: readonly string[];
  readonly expect: Readonly<Record<string, Readonly<Record<string, Recorded>>>>;
}

export function loadCases(): RecordedCase[] {
  const text = readFileSync(new URL('h1.jsonl', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedCase);
}
