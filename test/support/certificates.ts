/** Makes certificates (RFC 5280) for tests: as many as wanted, for any names and times, all with one key each of their maker. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Wanted {
  readonly names: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly isAuthority?: boolean;
}

export interface Made {
  readonly name: string;
  readonly key: KeyObject;
  /** Certificate and private key. */
  readonly pem: string;
  readonly certificate: string;
}

const DAY_MS = 86_400_000;
let serial = 1;

function der(tag: number, ...parts: readonly (Buffer | Uint8Array)[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(6, Buffer.from(hex, 'hex'));
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const nameOf = (text: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(12, Buffer.from(text)))));
const time = (date: Date): Buffer => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(4, value));

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(0x4000_0000 + value);
  return der(2, bytes);
}

/** @param by who signs it; null: itself. @param key one of many may serve them all */
export function makeCertificate(wanted: Wanted, by: Made | null = null, key: KeyObject = newKey()): Made {
  const name = wanted.names[0] as string;
  const { notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + DAY_MS * 30) } = wanted;
  const alternatives = sequence(...wanted.names.map((each) => der(0x82, Buffer.from(each))));
  const extensions = [extension('551d11', alternatives)];
  if (wanted.isAuthority === true) extensions.push(extension('551d13', sequence(der(1, Buffer.from([255])))));
  const content = sequence(
    der(0xa0, der(2, Buffer.from([2]))),
    number(serial++),
    ECDSA_SHA256,
    nameOf(by === null ? name : by.name),
    sequence(time(notBefore), time(notAfter)),
    nameOf(name),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', content, by === null ? key : by.key);
  const whole = sequence(content, ECDSA_SHA256, der(3, Buffer.from([0]), signature));
  const certificate = `-----BEGIN CERTIFICATE-----\n${(whole.toString('base64').match(/.{1,64}/g) as string[]).join('\n')}\n-----END CERTIFICATE-----\n`;
  return { name, key, certificate, pem: certificate + key.export({ type: 'pkcs8', format: 'pem' }) };
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}
