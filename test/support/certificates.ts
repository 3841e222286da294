/** Makes certificates (RFC 5280) for tests: as many as wanted, for any names and times, all with one key each of their maker. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Wanted {
  readonly names: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly isAuthority?: boolean;
  /** Address of its OCSP server. */
  readonly responder?: string;
  /** It may sign OCSP responses for who signed it. */
  readonly answers?: boolean;
}

export interface Made {
  readonly name: string;
  readonly serial: number;
  readonly key: KeyObject;
  /** Certificate and private key. */
  readonly pem: string;
  readonly certificate: string;
}

const DAY_MS = 86_400_000;
let serial = 1;

export function der(tag: number, ...parts: readonly (Buffer | Uint8Array)[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
export const oid = (hex: string): Buffer => der(6, Buffer.from(hex, 'hex'));
export const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
export const nameOf = (text: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(12, Buffer.from(text)))));
export const time = (date: Date): Buffer => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(4, value));

export function serialNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(0x4000_0000 + value);
  return der(2, bytes);
}

/** @param by who signs it; null: itself. @param key one of many may serve them all */
export function makeCertificate(wanted: Wanted, by: Made | null = null, key: KeyObject = newKey()): Made {
  const name = wanted.names[0] as string;
  const { notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + DAY_MS * 30) } = wanted;
  const mine = serial++;
  const alternatives = sequence(...wanted.names.map((each) => der(0x82, Buffer.from(each))));
  const extensions = [extension('551d11', alternatives)];
  if (wanted.isAuthority === true) extensions.push(extension('551d13', sequence(der(1, Buffer.from([255])))));
  if (wanted.answers === true) extensions.push(extension('551d25', sequence(oid('2b06010505070309'))));
  if (wanted.responder !== undefined) {
    const access = sequence(oid('2b06010505073001'), der(0x86, Buffer.from(wanted.responder)));
    extensions.push(extension('2b06010505070101', sequence(access)));
  }
  const content = sequence(
    der(0xa0, der(2, Buffer.from([2]))),
    serialNumber(mine),
    ECDSA_SHA256,
    nameOf(by === null ? name : by.name),
    sequence(time(notBefore), time(notAfter)),
    nameOf(name),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', content, by === null ? key : by.key);
  const whole = sequence(content, ECDSA_SHA256, der(3, Buffer.from([0]), signature));
  const certificate = pemOf('CERTIFICATE', whole);
  return { name, serial: mine, key, certificate, pem: certificate + key.export({ type: 'pkcs8', format: 'pem' }) };
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function pemOf(kind: string, bytes: Buffer): string {
  return `-----BEGIN ${kind}-----\n${(bytes.toString('base64').match(/.{1,64}/g) as string[]).join('\n')}\n-----END ${kind}-----\n`;
}

/** A list of what an authority has revoked (RFC 5280 5.1), in PEM form. */
export function makeRevocations(by: Made, revoked: readonly Made[], until = new Date(Date.now() + DAY_MS)): string {
  const from = new Date(Date.now() - DAY_MS);
  const entries = revoked.map((each) => sequence(serialNumber(each.serial), time(from)));
  const list = entries.length === 0 ? [] : [sequence(...entries)];
  const content = sequence(der(2, Buffer.from([1])), ECDSA_SHA256, nameOf(by.name), time(from), time(until), ...list);
  return pemOf('X509 CRL', signed(content, by));
}

/** Content with its signature. */
export function signed(content: Buffer, by: Made, ...more: readonly Buffer[]): Buffer {
  return sequence(content, ECDSA_SHA256, der(3, Buffer.from([0]), sign('sha256', content, by.key)), ...more);
}
