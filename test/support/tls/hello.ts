/** A client's first TLS message, put together from its parts or taken apart: independent of the program's own reader. */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';

const two = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const sized1 = (body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length]), body]);
const sized2 = (body: Buffer): Buffer => Buffer.concat([two(body.length), body]);
const list = (...values: readonly number[]): Buffer => Buffer.concat(values.map(two));
const extension = (kind: number, body: Buffer): Buffer => Buffer.concat([two(kind), sized2(body)]);

/** A hello that servers answer, with reserved values (RFC 8701) in every list that takes them. */
export function greasedHello(): Buffer {
  const key = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const none = Buffer.alloc(0);
  const extensions = Buffer.concat([
    extension(0x2a2a, none),
    extension(0, sized2(Buffer.concat([Buffer.from([0]), sized2(Buffer.from('localhost'))]))),
    extension(10, sized2(list(0x3a3a, 29, 23))),
    extension(11, sized1(Buffer.from([0, 1]))),
    extension(13, sized2(list(0x0403, 0x0804, 0x0401))),
    extension(43, sized1(list(0x4a4a, 0x0304, 0x0303))),
    extension(51, sized2(Buffer.concat([two(0x3a3a), sized2(Buffer.from([0])), two(29), sized2(key)]))),
    extension(0x1a1a, Buffer.from([0])),
  ]);
  const ciphers = list(0x0a0a, 0x1301, 0x1302, 0xc02b, 0xfafb, 0x00ff);
  const random = randomBytes(32);
  const parts = [two(0x0303), random, sized1(randomBytes(32)), sized2(ciphers), sized1(Buffer.from([0])), sized2(extensions)];
  const body = Buffer.concat(parts);
  const handshake = Buffer.concat([Buffer.from([1, 0]), two(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), two(handshake.length), handshake]);
}

export interface Wanted {
  /** '': none. */
  readonly name: string;
  /** TLS 1.3 with a key share, without any, or 1.2. */
  readonly version: 'shared' | 'unshared' | 'old';
  /** The same in both hellos of a connection. */
  readonly random?: Buffer;
  /** Extensions behind all others: numbers and bodies. */
  readonly more?: readonly (readonly [number, Buffer])[];
}

/** A hello that is as unusual as it is wanted, in one record whatever its length. */
export function oddHello({ name, version, random = randomBytes(32), more = [] }: Wanted): Buffer {
  const key = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const share = version === 'shared' ? Buffer.concat([two(29), sized2(key)]) : Buffer.alloc(0);
  const extensions = Buffer.concat([
    ...(name === '' ? [] : [extension(0, sized2(Buffer.concat([Buffer.from([0]), sized2(Buffer.from(name))])))]),
    extension(10, sized2(version === 'old' ? list(29, 23) : list(29))),
    extension(11, sized1(Buffer.from([0]))),
    extension(13, sized2(list(0x0403, 0x0804, 0x0401))),
    ...(version === 'old' ? [] : [extension(43, sized1(list(0x0304))), extension(51, sized2(share))]),
    ...more.map(([kind, body]) => extension(kind, body)),
  ]);
  const ciphers = version === 'old' ? list(0xc02b, 0xc02f) : list(0x1301);
  const body = Buffer.concat([two(0x0303), random, sized1(random), sized2(ciphers), sized1(Buffer.from([0])), sized2(extensions)]);
  const handshake = Buffer.concat([Buffer.from([1, 0]), two(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), two(handshake.length), handshake]);
}

/** The same in records of so many bytes at most. */
export function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    parts.push(Buffer.from([22, 3, 1]), two(part.length), part);
  }
  return Buffer.concat(parts);
}

export interface Hello {
  readonly version: number;
  readonly ciphers: readonly number[];
  /** Bodies by number, in the order of the hello. */
  readonly extensions: ReadonlyMap<number, Buffer>;
}

/** Takes the first record of a connection apart. */
export function readHello(record: Buffer): Hello {
  let at = 9 + 34;
  at += 1 + (record[at] as number);
  const cipherBytes = record.readUInt16BE(at);
  const ciphers = numbers(record.subarray(at + 2, at + 2 + cipherBytes), 2);
  at += 2 + cipherBytes;
  at += 1 + (record[at] as number);
  const extensions = new Map<number, Buffer>();
  const end = at + 2 + record.readUInt16BE(at);
  for (at += 2; at < end; at += 4 + record.readUInt16BE(at + 2))
    extensions.set(record.readUInt16BE(at), record.subarray(at + 4, at + 4 + record.readUInt16BE(at + 2)));
  return { version: record.readUInt16BE(9), ciphers, extensions };
}

function numbers(bytes: Buffer, width: number): number[] {
  return Array.from({ length: bytes.length / width }, (_, at) => bytes.readUIntBE(at * width, width));
}

const isReserved = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 255);

/** The text whose MD5 is the fingerprint called JA3: version, ciphers, extensions, groups, point formats. */
export function ja3Text(hello: Hello): string {
  const { version, ciphers, extensions } = hello;
  const groups = numbers(extensions.get(10)?.subarray(2) ?? Buffer.alloc(0), 2);
  const formats = numbers(extensions.get(11)?.subarray(1) ?? Buffer.alloc(0), 1);
  const parts = [ciphers, [...extensions.keys()], groups].map((values) => values.filter((value) => !isReserved(value)));
  return [[version], ...parts, formats].map((values) => values.join('-')).join(',');
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex').toUpperCase();
}

/** Values of a list of two bytes each behind its length, in hexadecimal: those that are not reserved. */
export function plainValues(hello: Hello, extension: number, lengthBytes: number): string {
  const body = hello.extensions.get(extension)?.subarray(lengthBytes) ?? Buffer.alloc(0);
  return numbers(body, 2)
    .filter((value) => !isReserved(value))
    .map((value) => value.toString(16).padStart(4, '0').toUpperCase())
    .join('');
}
