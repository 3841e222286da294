/** Samples of why a connection has failed, or that it has not: `fc_err`, `bc_err` (HAProxy 3.x configuration 7.3.3). */
import { Figure, type TlsEngine } from '../../platform/tls/contract.ts';
import { defineFetch, type Fetch, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Thread } from '../../rules/thread.ts';
import { CONNECTION_FAILURES, ConnectionFailure, type ConnectionFailureValue, failureName, failureText } from '../../state/failures.ts';
import type { Stream } from '../../state/records.ts';
import { TLS_SERVER } from '../tls-samples.ts';

/** -1: there is no connection, or it is still being made. */
type FailureOf = (stream: Stream) => ConnectionFailureValue | -1;

interface Side {
  readonly prefix: 'fc' | 'bc';
  readonly of: FailureOf;
  readonly valid: string;
  readonly doc: string;
}

/** TLS that is done and has an error has broken later. */
function withTls(failure: ConnectionFailureValue, tls: TlsEngine | null): ConnectionFailureValue {
  if (failure !== ConnectionFailure.none || tls === null) return failure;
  return tls.figure(Figure.errorCode) === 0 ? failure : ConnectionFailure.broken;
}

const CLIENT: Side = {
  prefix: 'fc',
  of: ({ session }) => withTls(session.failure, session.tls),
  valid: Valid.client,
  doc: "what has gone wrong with the client's connection: before it had a stream only `error-log-format` shows it",
};

const SERVER: Side = {
  prefix: 'bc',
  of: ({ serverFailure, serverTls, connectedAtMs }) => {
    if (serverFailure === ConnectionFailure.none && connectedAtMs < 0) return -1;
    return withTls(serverFailure, serverTls);
  },
  valid: TLS_SERVER,
  doc: "what has gone wrong with the server's connection; none without a connection, also if the server refused it or took too long",
};

function defineErrors({ prefix, of, valid, doc }: Side): readonly Fetch[] {
  const place = prefix === 'bc' ? { response: 'HTTP/1.1 200 OK' } : {};
  const common = { args: [], valid } as const;
  return [
    defineFetch({
      ...common,
      name: `${prefix}_err`,
      type: SampleType.int,
      doc: `HAProxy's number of ${doc}. 0: nothing.`,
      examples: [{ ...place, call: `${prefix}_err`, out: 0 }],
      compile: () => (sample, stream) => {
        const failure = of(stream);
        return failure >= 0 && sample.setInt(failure);
      },
    }),
    defineFetch({
      ...common,
      name: `${prefix}_err_str`,
      type: SampleType.str,
      doc: `In words, ${doc}. \`Success\`: nothing.`,
      examples: [{ ...place, call: `${prefix}_err_str`, out: 'Success' }],
      compile: (_, { thread }) => compileWords(thread, of, failureText),
    }),
    defineFetch({
      ...common,
      name: `${prefix}_err_name`,
      type: SampleType.str,
      doc: `In one word, as \`SSL_HANDSHAKE\`, ${doc}. \`NONE\`: nothing.`,
      examples: [{ ...place, call: `${prefix}_err_name`, out: 'NONE' }],
      compile: (_, { thread }) => compileWords(thread, of, failureName),
    }),
  ];
}

function compileWords({ memory }: Thread, of: FailureOf, words: (failure: ConnectionFailureValue) => string): FetchStep {
  const starts = new Int32Array(Math.max(...CONNECTION_FAILURES) + 1);
  const ends = new Int32Array(starts.length);
  for (const failure of CONNECTION_FAILURES) {
    starts[failure] = memory.intern(words(failure));
    ends[failure] = (starts[failure] as number) + words(failure).length;
  }
  return (sample, stream) => {
    const failure = of(stream);
    return failure >= 0 && sample.setText(starts[failure] as number, ends[failure] as number);
  };
}

export const clientErrors = defineErrors(CLIENT);
export const serverErrors = defineErrors(SERVER);
