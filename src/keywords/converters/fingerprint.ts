/** What a SYN tells of the system that sent it, in few bytes (HAProxy 3.x configuration 7.3.1, ip.fp). */
import { type ConvertStep, defineConverter } from '../../rules/define.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { ipPayload, nextOption, payload, tcpHeaderSize, word16 } from '../../rules/value/packet.ts';

/** Bits of the mode: what is appended, in this order. */
const WITH_TTL = 1;
const WITH_OPTIONS = 2;
const WITH_SOURCE = 4;
const MOST_MODE = 7;
/** Bytes that every fingerprint has. */
const FIXED = 8;

const MSS = 2;
const WINDOW_SCALE = 3;
/** Options of larger kinds share the last bit. */
const OTHER_OPTIONS = 9;
const MOST_SCALE = 14;

/** Of the IP header that is read: IPv4 or IPv6. */
const ip = { isV6: false, service: 0, ttl: 0, keepsWhole: false, hasExtras: false, length: 0, sourceAt: 0, sourceBytes: 0 };

/** False: the packet is neither, or cut off. */
function readIp(bytes: Uint8Array, start: number, end: number): boolean {
  if (!ipPayload(bytes, start, end)) return false;
  ip.isV6 = (bytes[start] as number) >> 4 === 6;
  if (ip.isV6) readIpv6(bytes, start);
  else readIpv4(bytes, start);
  return payload.start - start <= ip.length;
}

function readIpv4(bytes: Uint8Array, start: number): void {
  ip.service = bytes[start + 1] as number;
  ip.length = word16(bytes, start + 2);
  ip.keepsWhole = ((bytes[start + 6] as number) & 0x40) !== 0;
  ip.ttl = bytes[start + 8] as number;
  ip.hasExtras = ((bytes[start] as number) & 15) !== 5;
  ip.sourceAt = start + 12;
  ip.sourceBytes = 4;
}

function readIpv6(bytes: Uint8Array, start: number): void {
  const next = bytes[start + 6] as number;
  ip.service = (word16(bytes, start) >> 4) & 255;
  ip.length = 40 + word16(bytes, start + 4);
  ip.keepsWhole = true;
  ip.ttl = bytes[start + 7] as number;
  ip.hasExtras = next !== 6 && next !== 17;
  ip.sourceAt = start + 8;
  ip.sourceBytes = 16;
}

/** Up to 32, 64, 128 or 255 hops: what it began with, whatever the way here took. */
function hopsClass(ttl: number): number {
  return ttl > 64 ? (ttl > 128 ? 3 : 2) : ttl > 32 ? 1 : 0;
}

/** What the options say: the largest segment, the scale of the window plus 1, and a bit for each kind. */
const options = { mss: 0, scale: 0, kinds: 0 };

/** Reads the options of the TCP header in [at, stop); their kinds are written to `to` if `keeps`. The end of what was written. */
function readOptions(bytes: Uint8Array, at: number, stop: number, to: number, keeps: boolean): number {
  options.mss = options.scale = options.kinds = 0;
  let out = to;
  let next = at;
  for (let option = at; option < stop; option = next) {
    const kind = bytes[option] as number;
    next = nextOption(bytes, option, stop);
    if (kind === 0 || (kind !== 1 && next === stop && option + (bytes[option + 1] as number) !== stop)) break;
    if (keeps) bytes[out++] = kind;
    if (kind === MSS && next - option >= 4) options.mss = word16(bytes, option + 2);
    if (kind === WINDOW_SCALE && next - option >= 3) options.scale = Math.min(MOST_SCALE, bytes[option + 2] as number) + 1;
    if (kind >= MSS) options.kinds |= 1 << (Math.min(kind, OTHER_OPTIONS) - MSS);
  }
  return out;
}

function compileFingerprint(mode: number): ConvertStep {
  return (sample) => {
    const { bytes } = sample.memory;
    const { start, end } = sample;
    if (!readIp(bytes, start, end)) return false;
    const tcp = payload.start;
    const size = tcpHeaderSize(bytes, tcp, end);
    const carried = ip.length - (tcp - start) - size;
    if (size < 0 || carried < 0) return false;
    const at = sample.memory.scratch();
    let to = at + FIXED;
    if ((mode & WITH_TTL) !== 0) bytes[to++] = ip.ttl;
    to = readOptions(bytes, tcp + 20, tcp + size, to, (mode & WITH_OPTIONS) !== 0);
    writeFixed(sample, at, tcp, size, carried);
    for (let i = 0; (mode & WITH_SOURCE) !== 0 && i < ip.sourceBytes; i++) bytes[to++] = bytes[ip.sourceAt + i] as number;
    return sample.setBinary(at, to);
  };
}

/** The bytes that all have: service, flags of both headers, size and scale, window, segment, options. */
function writeFixed({ memory: { bytes } }: Sample, at: number, tcp: number, size: number, carried: number): void {
  const congestion = (bytes[tcp + 13] as number) >> 6;
  const flags = (ip.isV6 ? 0x80 : 0) | (ip.keepsWhole ? 0x40 : 0) | (hopsClass(ip.ttl) << 4) | (ip.hasExtras ? 8 : 0);
  const window = word16(bytes, tcp + 14);
  bytes[at] = ip.service;
  bytes[at + 1] = flags | (carried > 0 ? 4 : 0) | congestion;
  bytes[at + 2] = (size << 2) | options.scale;
  bytes[at + 3] = window >> 8;
  bytes[at + 4] = window;
  bytes[at + 5] = options.mss >> 8;
  bytes[at + 6] = options.mss;
  bytes[at + 7] = options.kinds;
}

/** A SYN in IPv4 and one in IPv6, in base64. */
const IPV4 = 'RRAAPBI0QABABgAAwAACB8YzZAGcuwBQAQIDBAAAAACgAvrwAAAAAAIEBbQEAggKAAAABwAAAAABAwMH';
const IPV6 = 'YAAAAAAoBj8gAQ24AAAAAAAAAAAAAAABIAENuAAAAAAAAAAAAAAAApy7AFABAgMEAAAAAKAC+vAAAAAAAgQFtAQCCAoAAAAHAAAAAAEDAwc=';

export const ipFingerprint = defineConverter({
  name: 'ip.fp',
  args: [{ name: 'mode', kind: 'int', default: 0 }],
  from: SampleType.bin,
  to: SampleType.bin,
  doc: 'A fingerprint of the IP and TCP headers of a SYN: eight bytes of service, flags and class of hops, header size and window scale, window, segment size, options. The mode adds: 1 the hops left, 2 the kinds of the options in their order, 4 the source address.',
  examples: [
    { value: IPV4, call: 'b64dec,ip.fp,hex', out: '1050A8FAF005B447' },
    { value: IPV4, call: 'b64dec,ip.fp(7),hex', out: '1050A8FAF005B447400204080103C0000207' },
    { value: IPV6, call: 'b64dec,ip.fp,hex', out: '00D0A8FAF005B447' },
    { value: IPV6.slice(0, 80), call: 'b64dec,ip.fp,hex', out: null },
  ],
  compile: ([mode]) => compileFingerprint(mode & MOST_MODE),
});
