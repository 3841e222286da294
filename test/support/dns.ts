/**
 * A name server on 127.0.0.1, over UDP and TCP at the same port, which answers what a test tells it. It writes messages by itself
 * (RFC 1035 4.1), so that it does not share mistakes with the program's own reader.
 */
import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export const DnsType = { A: 1, CNAME: 5, AAAA: 28, SRV: 33, OPT: 41 } as const;
export const DnsCode = { ok: 0, failure: 2, unknown: 3, refused: 5 } as const;

export interface DnsRecord {
  /** The question's, if left out. */
  readonly name?: string;
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'SRV';
  /** An address, a name, or `PRIORITY WEIGHT PORT NAME`. */
  readonly data: string;
}

export interface DnsReply {
  readonly code?: number;
  readonly records?: readonly DnsRecord[];
  readonly additional?: readonly DnsRecord[];
  /** Over UDP only. */
  readonly truncated?: boolean;
}

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly overTcp: boolean;
  /** Announced by EDNS; 0: none. */
  readonly payloadSize: number;
}

export interface DnsServer extends AsyncDisposable {
  readonly port: number;
  /** Every question so far: `NAME TYPE`. */
  readonly asked: readonly string[];
  /** May be replaced. null: no answer. A promise: later. */
  answer: (question: DnsQuestion) => DnsReply | null | Promise<DnsReply | null>;
}

/** The addresses as records, for questions of their family; others get an empty answer. */
export function addresses(...texts: string[]): DnsServer['answer'] {
  return ({ type }) => ({
    records: texts
      .filter((text) => type === (text.includes(':') ? DnsType.AAAA : DnsType.A))
      .map((data) => ({ type: data.includes(':') ? 'AAAA' : 'A', data }) as const),
  });
}

/** Ports that TCP may have and UDP not: so many are tried. */
const TRIES = 20;

export async function startDns(answer: DnsServer['answer']): Promise<DnsServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const reply = async (query: Buffer, overTcp: boolean): Promise<Buffer | null> => {
    const question = readQuestion(query, overTcp);
    asked.push(`${question.name} ${Object.entries(DnsType).find(([, code]) => code === question.type)?.[0] ?? question.type}`);
    const found = await server.answer(question);
    return found === null ? null : writeReply(query, found, overTcp);
  };
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      void reply(bytes.subarray(2), true).then((message) => {
        if (message === null) return;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        socket.write(Buffer.concat([length, message]));
      });
    });
  });
  const udp = await bindBoth(tcp);
  udp.on('message', (query: Buffer, from: RemoteInfo) => {
    void reply(query, false).then((message) => message !== null && udp.send(message, from.port, from.address, () => {}));
  });
  const server: DnsServer = {
    port: udp.address().port,
    asked,
    answer,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void tcp.close(() => resolve()));
      await new Promise<void>((resolve) => void udp.close(() => resolve()));
    },
  };
  return server;
}

/** One port for both. */
async function bindBoth(tcp: Server): Promise<DatagramSocket> {
  for (let tries = 0; tries < TRIES; tries++) {
    await new Promise<void>((resolve) => void tcp.listen(0, '127.0.0.1', resolve));
    const udp = createSocket('udp4');
    const isBound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1', () => resolve(true));
    });
    if (isBound) return udp;
    await new Promise<void>((resolve) => void tcp.close(() => resolve()));
  }
  throw new Error('no port is free for both UDP and TCP');
}

function readQuestion(query: Buffer, overTcp: boolean): DnsQuestion {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at++] as number; length > 0; length = query[at++] as number) {
    labels.push(query.toString('latin1', at, at + length));
    at += length;
  }
  const hasOption = query.readUInt16BE(10) > 0 && query.readUInt16BE(at + 5) === DnsType.OPT;
  return { name: labels.join('.'), type: query.readUInt16BE(at), overTcp, payloadSize: hasOption ? query.readUInt16BE(at + 7) : 0 };
}

/** The question's bytes come back as they were, so that a compressed name can point at them. */
function writeReply(query: Buffer, { code = 0, records = [], additional = [], truncated = false }: DnsReply, overTcp: boolean): Buffer {
  let end = 12;
  while (query[end] !== 0) end += (query[end] as number) + 1;
  const head = Buffer.from(query.subarray(0, end + 5));
  const cut = truncated && !overTcp;
  head.writeUInt16BE(0x8180 | (cut ? 0x200 : 0) | code, 2);
  head.writeUInt16BE(cut ? 0 : records.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(cut ? 0 : additional.length, 10);
  return Buffer.concat([head, ...(cut ? [] : [...records, ...additional].map(writeRecord))]);
}

function writeRecord({ name, type, data }: DnsRecord): Buffer {
  const body = dataOf(type, data);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(DnsType[type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(1, 4);
  fixed.writeUInt16BE(body.length, 8);
  return Buffer.concat([name === undefined ? Buffer.from([0xc0, 12]) : nameOf(name), fixed, body]);
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function dataOf(type: DnsRecord['type'], data: string): Buffer {
  if (type === 'A') return Buffer.from(data.split('.').map(Number));
  if (type === 'CNAME') return nameOf(data);
  if (type === 'AAAA') return ipv6(data);
  const [priority, weight, port, target] = data.split(' ');
  const numbers = Buffer.alloc(6);
  for (const [at, number] of [priority, weight, port].entries()) numbers.writeUInt16BE(Number(number), at * 2);
  return Buffer.concat([numbers, nameOf(target as string)]);
}

function ipv6(text: string): Buffer {
  const [head = '', tail = ''] = text.split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const [front, back] = [words(head), words(tail)];
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}
