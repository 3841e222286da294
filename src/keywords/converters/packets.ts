/**
 * Parts of captured packets, as `fc_saved_syn` gives them: Ethernet, IP and TCP headers (HAProxy 3.x configuration 7.3.1).
 * size-ok: a table of small converters
 */
import { Family } from '../../base/address.ts';
import { type Converter, type ConverterExample, defineConverter } from '../../rules/define.ts';
import { type Sample, SampleType, type SampleTypeValue } from '../../rules/sample.ts';
import {
  etherTypeAt,
  ipPayload,
  ipVersion,
  nextOption,
  payload,
  tcpHeaderSize,
  tcpOption,
  vlanOf,
  word16,
  word32,
} from '../../rules/value/packet.ts';

/** Answers from [start, end) of the bytes. */
type Reading = (sample: Sample, bytes: Uint8Array, start: number, end: number) => boolean;

function definePart(
  name: string,
  to: SampleTypeValue,
  doc: string,
  read: Reading,
  ...examples: [ConverterExample, ...ConverterExample[]]
): Converter {
  return defineConverter({
    name,
    args: [],
    from: SampleType.bin,
    to,
    doc,
    examples,
    compile: () => {
      return (sample) => read(sample, sample.memory.bytes, sample.start, sample.end);
    },
  });
}

/** An integer, unless it is -1: no value. */
function integer(sample: Sample, value: number): boolean {
  return value >= 0 && sample.setInt(value);
}

/** Packets in base64: a SYN in IPv4, in IPv6, in Ethernet with a VLAN tag. */
const TCP = 'nLsAUAECAwQAAAAAoAL68AAAAAACBAW0BAIICgAAAAcAAAAAAQMDBw==';
const IPV4 = 'RRAAPBI0QABABgAAwAACB8YzZAGcuwBQAQIDBAAAAACgAvrwAAAAAAIEBbQEAggKAAAABwAAAAABAwMH';
const IPV6 = 'YAAAAAAoBj8gAQ24AAAAAAAAAAAAAAABIAENuAAAAAAAAAAAAAAAApy7AFABAgMEAAAAAKAC+vAAAAAAAgQFtAQCCAoAAAAHAAAAAAEDAwc=';
const ETHERNET = 'AgAAAAABAgAAAAACgQAAKggARRAAPBI0QABABgAAwAACB8YzZAGcuwBQAQIDBAAAAACgAvrwAAAAAAIEBbQEAggKAAAABwAAAAABAwMH';

export const ethHdr = definePart(
  'eth.hdr',
  SampleType.bin,
  'The Ethernet header with its VLAN tags.',
  (sample, bytes, start, end) => {
    const at = etherTypeAt(bytes, start, end);
    return at >= 0 && sample.setBinary(start, at + 2);
  },
  { value: ETHERNET, call: 'b64dec,eth.hdr,hex,length', out: 36 },
);

export const ethData = definePart(
  'eth.data',
  SampleType.bin,
  'What stands behind the Ethernet header.',
  (sample, bytes, start, end) => {
    const at = etherTypeAt(bytes, start, end);
    return at >= 0 && sample.setBinary(at + 2, end);
  },
  { value: ETHERNET, call: 'b64dec,eth.data,ip.ver', out: 4 },
);

export const ethDst = definePart(
  'eth.dst',
  SampleType.bin,
  'The six bytes of the destination.',
  (sample, bytes, start, end) => {
    return etherTypeAt(bytes, start, end) >= 0 && sample.setBinary(start, start + 6);
  },
  { value: ETHERNET, call: 'b64dec,eth.dst,hex', out: '020000000001' },
);

export const ethSrc = definePart(
  'eth.src',
  SampleType.bin,
  'The six bytes of the source.',
  (sample, bytes, start, end) => {
    return etherTypeAt(bytes, start, end) >= 0 && sample.setBinary(start + 6, start + 12);
  },
  { value: ETHERNET, call: 'b64dec,eth.src,hex', out: '020000000002' },
);

export const ethProto = definePart(
  'eth.proto',
  SampleType.int,
  'The type of what the Ethernet frame carries.',
  (sample, bytes, start, end) => {
    const at = etherTypeAt(bytes, start, end);
    return at >= 0 && sample.setInt(word16(bytes, at));
  },
  { value: ETHERNET, call: 'b64dec,eth.proto', out: 0x800 },
);

export const ethVlan = definePart(
  'eth.vlan',
  SampleType.int,
  'The identifier of the VLAN; no value without one.',
  (sample, bytes, start, end) => {
    return integer(sample, vlanOf(bytes, start, end));
  },
  { value: ETHERNET, call: 'b64dec,eth.vlan', out: 42 },
);

export const ipHdr = definePart(
  'ip.hdr',
  SampleType.bin,
  'The IP header, with options or extension headers.',
  (sample, bytes, start, end) => {
    return ipPayload(bytes, start, end) && sample.setBinary(start, payload.start);
  },
  { value: IPV4, call: 'b64dec,ip.hdr,hex,length', out: 40 },
  { value: IPV6, call: 'b64dec,ip.hdr,hex,length', out: 80 },
);

export const ipData = definePart(
  'ip.data',
  SampleType.bin,
  'What stands behind the IP header.',
  (sample, bytes, start, end) => {
    return ipPayload(bytes, start, end) && sample.setBinary(payload.start, end);
  },
  { value: IPV4, call: 'b64dec,ip.data,tcp.dst', out: 80 },
);

export const ipVer = definePart(
  'ip.ver',
  SampleType.int,
  'The version: 4 or 6.',
  (sample, bytes, start, end) => {
    return integer(sample, ipVersion(bytes, start, end));
  },
  { value: IPV4, call: 'b64dec,ip.ver', out: 4 },
  { value: IPV6, call: 'b64dec,ip.ver', out: 6 },
  { value: 'eA==', call: 'b64dec,ip.ver', out: null },
);

export const ipProto = definePart(
  'ip.proto',
  SampleType.int,
  'The protocol that the packet carries.',
  (sample, bytes, start, end) => {
    return ipPayload(bytes, start, end) && sample.setInt(payload.protocol);
  },
  { value: IPV6, call: 'b64dec,ip.proto', out: 6 },
);

export const ipDf = definePart(
  'ip.df',
  SampleType.int,
  '1 if the packet may not be fragmented, else 0; for IPv6 always 1.',
  (sample, bytes, start, end) => {
    const version = ipVersion(bytes, start, end);
    return version > 0 && sample.setInt(version === 6 ? 1 : ((bytes[start + 6] as number) >> 6) & 1);
  },
  { value: IPV4, call: 'b64dec,ip.df', out: 1 },
);

export const ipTos = definePart(
  'ip.tos',
  SampleType.int,
  'The type of service, or the traffic class.',
  (sample, bytes, start, end) => {
    const version = ipVersion(bytes, start, end);
    return version > 0 && sample.setInt(version === 4 ? (bytes[start + 1] as number) : (word16(bytes, start) >> 4) & 255);
  },
  { value: IPV4, call: 'b64dec,ip.tos', out: 16 },
);

export const ipTtl = definePart(
  'ip.ttl',
  SampleType.int,
  'The time to live, or the hop limit.',
  (sample, bytes, start, end) => {
    const version = ipVersion(bytes, start, end);
    return version > 0 && sample.setInt(bytes[start + (version === 4 ? 8 : 7)] as number);
  },
  { value: IPV4, call: 'b64dec,ip.ttl', out: 64 },
  { value: IPV6, call: 'b64dec,ip.ttl', out: 63 },
);

export const ipSrc = definePart(
  'ip.src',
  SampleType.address,
  'The address of the source.',
  (sample, bytes, start, end) => {
    return setAddress(sample, bytes, start, ipVersion(bytes, start, end), 12, 8);
  },
  { value: IPV4, call: 'b64dec,ip.src', out: '192.0.2.7' },
  { value: IPV6, call: 'b64dec,ip.src', out: '2001:db8::1' },
);

export const ipDst = definePart(
  'ip.dst',
  SampleType.address,
  'The address of the destination.',
  (sample, bytes, start, end) => {
    return setAddress(sample, bytes, start, ipVersion(bytes, start, end), 16, 24);
  },
  { value: IPV4, call: 'b64dec,ip.dst', out: '198.51.100.1' },
  { value: IPV6, call: 'b64dec,ip.dst', out: '2001:db8::2' },
);

function setAddress(sample: Sample, bytes: Uint8Array, start: number, version: number, at4: number, at6: number): boolean {
  if (version < 0) return false;
  const { ownIp } = sample;
  const from = start + (version === 4 ? at4 : at6);
  for (let i = 0; i < (version === 4 ? 4 : 16); i++) ownIp[i] = bytes[from + i] as number;
  return sample.setIp(version === 4 ? Family.inet : Family.inet6, ownIp);
}

export const tcpSrc = definePart(
  'tcp.src',
  SampleType.int,
  'The port of the source.',
  (sample, bytes, start, end) => {
    return tcpHeaderSize(bytes, start, end) > 0 && sample.setInt(word16(bytes, start));
  },
  { value: TCP, call: 'b64dec,tcp.src', out: 40123 },
);

export const tcpDst = definePart(
  'tcp.dst',
  SampleType.int,
  'The port of the destination.',
  (sample, bytes, start, end) => {
    return tcpHeaderSize(bytes, start, end) > 0 && sample.setInt(word16(bytes, start + 2));
  },
  { value: TCP, call: 'b64dec,tcp.dst', out: 80 },
);

export const tcpSeq = definePart(
  'tcp.seq',
  SampleType.int,
  'The sequence number.',
  (sample, bytes, start, end) => {
    return tcpHeaderSize(bytes, start, end) > 0 && sample.setInt(word32(bytes, start + 4));
  },
  { value: TCP, call: 'b64dec,tcp.seq', out: 0x1020304 },
);

export const tcpFlags = definePart(
  'tcp.flags',
  SampleType.int,
  'The flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128.',
  (sample, bytes, start, end) => {
    return tcpHeaderSize(bytes, start, end) > 0 && sample.setInt(bytes[start + 13] as number);
  },
  { value: TCP, call: 'b64dec,tcp.flags', out: 2 },
);

export const tcpWin = definePart(
  'tcp.win',
  SampleType.int,
  'The window as it is written, not scaled.',
  (sample, bytes, start, end) => {
    return tcpHeaderSize(bytes, start, end) > 0 && sample.setInt(word16(bytes, start + 14));
  },
  { value: TCP, call: 'b64dec,tcp.win', out: 64240 },
);

export const tcpMss = definePart(
  'tcp.options.mss',
  SampleType.int,
  'The largest segment; no value without the option.',
  (sample, bytes, start, end) => {
    const at = tcpOption(bytes, start, end, 2);
    return at >= 0 && sample.setInt(word16(bytes, at + 2));
  },
  { value: TCP, call: 'b64dec,tcp.options.mss', out: 1460 },
  { value: TCP.slice(0, 16), call: 'b64dec,tcp.options.mss', out: null },
);

export const tcpWscale = definePart(
  'tcp.options.wscale',
  SampleType.int,
  'The scale of the window; no value without the option.',
  (sample, bytes, start, end) => {
    const at = tcpOption(bytes, start, end, 3);
    return at >= 0 && sample.setInt(bytes[at + 2] as number);
  },
  { value: TCP, call: 'b64dec,tcp.options.wscale', out: 7 },
  { value: TCP.slice(0, 16), call: 'b64dec,tcp.options.wscale', out: null },
);

export const tcpTsval = definePart(
  'tcp.options.tsval',
  SampleType.int,
  'The timestamp; no value without the option.',
  (sample, bytes, start, end) => {
    const at = tcpOption(bytes, start, end, 8);
    return at >= 0 && sample.setInt(word32(bytes, at + 2));
  },
  { value: TCP, call: 'b64dec,tcp.options.tsval', out: 7 },
  { value: TCP.slice(0, 16), call: 'b64dec,tcp.options.tsval', out: null },
);

export const tcpSack = definePart(
  'tcp.options.sack',
  SampleType.int,
  '1 if selective acknowledgement is offered, else 0.',
  (sample, bytes, start, end) => {
    return tcpHeaderSize(bytes, start, end) > 0 && sample.setInt(tcpOption(bytes, start, end, 4) >= 0 ? 1 : 0);
  },
  { value: TCP, call: 'b64dec,tcp.options.sack', out: 1 },
);

export const tcpTsopt = definePart(
  'tcp.options.tsopt',
  SampleType.int,
  '1 if there is a timestamp, else 0.',
  (sample, bytes, start, end) => {
    return tcpHeaderSize(bytes, start, end) > 0 && sample.setInt(tcpOption(bytes, start, end, 8) >= 0 ? 1 : 0);
  },
  { value: TCP, call: 'b64dec,tcp.options.tsopt', out: 1 },
);

export const tcpWsopt = definePart(
  'tcp.options.wsopt',
  SampleType.int,
  '1 if there is a scale of the window, else 0.',
  (sample, bytes, start, end) => {
    return tcpHeaderSize(bytes, start, end) > 0 && sample.setInt(tcpOption(bytes, start, end, 3) >= 0 ? 1 : 0);
  },
  { value: TCP, call: 'b64dec,tcp.options.wsopt', out: 1 },
);

export const tcpOptionsList = definePart(
  'tcp.options_list',
  SampleType.bin,
  'The kinds of all options in their order, a byte each.',
  (sample, bytes, start, end) => {
    const size = tcpHeaderSize(bytes, start, end);
    if (size < 0) return false;
    const at = sample.memory.scratch();
    let to = at;
    for (let option = start + 20; option < start + size; option = nextOption(bytes, option, start + size))
      bytes[to++] = bytes[option] as number;
    return sample.setBinary(at, to);
  },
  { value: TCP, call: 'b64dec,tcp.options_list,hex', out: '0204080103' },
);
