/** What samples of TLS share: which connection they look at, and where they are valid (HAProxy 3.x configuration 7.3.4). */
import { SCRATCH_SIZE } from '../base/memory.ts';
import type { FactValue, TlsEngine } from '../platform/tls/contract.ts';
import type { CompileContext, FetchStep } from '../rules/define.ts';
import type { Stream } from '../state/records.ts';

export const TLS_CLIENT = '.YYYYYYYYYYYYYYYYYY...';
export const TLS_SERVER = '...........YYYYYYYYY..';

/** null: the connection is not encrypted, or there was none. */
export type TlsSide = (stream: Stream) => TlsEngine | null;

export const ofClient: TlsSide = (stream) => stream.session.tls;
export const ofServer: TlsSide = (stream) => stream.serverTls;

export function compileFact(side: TlsSide, fact: FactValue, isBinary: boolean, { thread: { memory } }: CompileContext): FetchStep {
  return (sample, stream) => {
    const tls = side(stream);
    if (tls === null) return false;
    const start = memory.scratch();
    const end = tls.fact(fact, start, start + SCRATCH_SIZE);
    if (end < 0) return false;
    return isBinary ? sample.setBinary(start, end) : sample.setText(start, end);
  };
}
