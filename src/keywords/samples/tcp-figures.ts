/** Samples of what the kernel's TCP says of both connections, asked when they are evaluated (HAProxy 3.x configuration 7.3.3). */
import { TcpFigure, type TcpFigureValue } from '../../platform/contract.ts';
import { defineFetch, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';

/** Bytes of a packet without data. */
const MOST_SYN = 256;

type MeasureStep = (stream: Stream, figure: TcpFigureValue) => number;

const front: MeasureStep = ({ session }, figure) => session.wire?.measure(figure) ?? -1;
const back: MeasureStep = (stream, figure) => stream.back?.measure(figure) ?? -1;

function compileFigure(measure: MeasureStep, figure: TcpFigureValue, per = 1): FetchStep {
  return (sample, stream) => {
    const value = measure(stream, figure);
    return value >= 0 && sample.setInt(Math.floor(value / per));
  };
}

const UNIT = [{ name: 'unit', kind: 'str', oneOf: ['ms', 'us'], default: 'ms' }] as const;
const PER_UNIT = { ms: 1000, us: 1 } as const;

export const fcRtt = defineFetch({
  name: 'fc_rtt',
  args: UNIT,
  type: SampleType.int,
  valid: Valid.client,
  doc: 'The round trip time to the client.',
  examples: [{ call: 'fc_rtt', out: null }],
  compile: ([unit]) => compileFigure(front, TcpFigure.rttUs, PER_UNIT[unit]),
});

export const fcRttvar = defineFetch({
  name: 'fc_rttvar',
  args: UNIT,
  type: SampleType.int,
  valid: Valid.client,
  doc: 'How much the round trip time to the client varies.',
  examples: [{ call: 'fc_rttvar(us)', out: null }],
  compile: ([unit]) => compileFigure(front, TcpFigure.rttVarianceUs, PER_UNIT[unit]),
});

export const bcRtt = defineFetch({
  name: 'bc_rtt',
  args: UNIT,
  type: SampleType.int,
  valid: Valid.client,
  doc: 'The round trip time to the server, while its connection lasts.',
  examples: [{ call: 'bc_rtt', out: null }],
  compile: ([unit]) => compileFigure(back, TcpFigure.rttUs, PER_UNIT[unit]),
});

export const bcRttvar = defineFetch({
  name: 'bc_rttvar',
  args: UNIT,
  type: SampleType.int,
  valid: Valid.client,
  doc: 'How much the round trip time to the server varies.',
  examples: [{ call: 'bc_rttvar(us)', out: null }],
  compile: ([unit]) => compileFigure(back, TcpFigure.rttVarianceUs, PER_UNIT[unit]),
});

export const fcUnacked = defineFetch({
  name: 'fc_unacked',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'Packets to the client that it has not acknowledged.',
  examples: [{ call: 'fc_unacked', out: null }],
  compile: () => compileFigure(front, TcpFigure.unacked),
});

export const fcSacked = defineFetch({
  name: 'fc_sacked',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'Packets to the client that it acknowledged out of order.',
  examples: [{ call: 'fc_sacked', out: null }],
  compile: () => compileFigure(front, TcpFigure.sacked),
});

export const fcLost = defineFetch({
  name: 'fc_lost',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'Packets to the client that are lost.',
  examples: [{ call: 'fc_lost', out: null }],
  compile: () => compileFigure(front, TcpFigure.lost),
});

export const fcRetrans = defineFetch({
  name: 'fc_retrans',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'Packets to the client that were sent again.',
  examples: [{ call: 'fc_retrans', out: null }],
  compile: () => compileFigure(front, TcpFigure.retransmitted),
});

export const fcFackets = defineFetch({
  name: 'fc_fackets',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'Packets to the client up to the last one that it acknowledged out of order; 0 on recent kernels.',
  examples: [{ call: 'fc_fackets', out: null }],
  compile: () => compileFigure(front, TcpFigure.forwardAcked),
});

export const fcReordering = defineFetch({
  name: 'fc_reordering',
  args: [],
  type: SampleType.int,
  valid: Valid.client,
  doc: 'How far packets to the client may be out of order.',
  examples: [{ call: 'fc_reordering', out: null }],
  compile: () => compileFigure(front, TcpFigure.reordering),
});

export const fcSavedSyn = defineFetch({
  name: 'fc_saved_syn',
  args: [],
  type: SampleType.bin,
  valid: Valid.client,
  doc: "The headers of the client's first packet, if `tcp-ss` is on its bind line: for ip.* and tcp.* converters. The kernel gives it once, so who needs it twice keeps it in a variable.",
  examples: [{ call: 'fc_saved_syn', out: null }],
  compile: () => {
    return (sample, { session }) => {
      const at = sample.memory.scratch();
      const length = session.wire?.savedSyn(sample.memory.bytes, at, MOST_SYN) ?? -1;
      return length >= 0 && sample.setBinary(at, at + length);
    };
  },
});
