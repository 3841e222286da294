/** Certificates in place: every part of a real one, and nothing but a clean answer for spoilt and cut ones. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { writeOid } from './der.ts';
import { oidBytes, oidName } from './oids.ts';
import { CertificateReader, type DerSpan } from './x509.ts';
import { NameWriter } from './x509-name.ts';

const der = new X509Certificate(readFileSync(new URL('../../test/support/tls/rich.pem', import.meta.url))).raw;
const ROOM = 4096;

function place(bytes: Uint8Array): { readonly memory: Uint8Array; readonly end: number } {
  const memory = new Uint8Array(bytes.length + ROOM);
  memory.set(bytes);
  return { memory, end: bytes.length };
}

const text = (memory: Uint8Array, start: number, end: number): string => Buffer.from(memory.subarray(start, end)).toString('latin1');

test('the parts of a certificate', () => {
  const { memory, end } = place(der);
  const reader = new CertificateReader();
  assert.ok(reader.read(memory, 0, end));
  assert.equal(reader.version, 3);
  assert.equal(Buffer.from(memory.subarray(reader.serial.start, reader.serial.end)).toString('hex'), 'c0ffee1234');
  const names = new NameWriter();
  const { start, end: stop } = reader.subject;
  const line = names.line(memory, start, stop, end, memory.length);
  assert.equal(
    text(memory, end, line),
    '/C=FR/ST=\xc3\x8ele/L=Paris/O=Acme, "Inc"/OU=One/serialNumber=12/OU=Two/CN= John #1;/emailAddress=j@x.example',
  );
  const reversed = names.rfc2253(memory, start, stop, end, memory.length);
  assert.equal(
    text(memory, end, reversed),
    'emailAddress=j@x.example,CN=\\ John #1\\;,OU=Two+serialNumber=12,OU=One,O=Acme\\, \\"Inc\\",L=Paris,ST=\\C3\\8Ele,C=FR',
  );
  const part = (entry: string, occurrence: number): string | null => {
    const at = names.part(oidBytes(entry) as Uint8Array, occurrence, memory, start, stop, end, memory.length);
    return at < 0 ? null : text(memory, end, at);
  };
  assert.deepEqual(
    [0, 1, 2, 3, -1, -2, -3].map((occurrence) => part('ou', occurrence)),
    ['One', 'One', 'Two', null, 'Two', 'One', null],
  );
  assert.equal(part('2.5.4.3', 0), ' John #1;');
  assert.equal(part('title', 0), null);
});

test('no room is no value, and nothing is written beyond the limit', () => {
  const { memory, end } = place(der);
  const reader = new CertificateReader();
  assert.ok(reader.read(memory, 0, end));
  const names = new NameWriter();
  for (let room = 0; room < 80; room++) {
    memory.fill(0, end);
    assert.equal(names.line(memory, reader.subject.start, reader.subject.end, end, end + room), -1);
    assert.equal(names.rfc2253(memory, reader.subject.start, reader.subject.end, end, end + room), -1);
    assert.ok(memory.subarray(end + room).every((byte) => byte === 0));
  }
});

test('spoilt and cut certificates stay within their bounds', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const reader = new CertificateReader();
  const names = new NameWriter();
  for (let turn = 0; turn < 4000; turn++) {
    const spoilt = Uint8Array.from(der);
    for (let count = random(4) + 1; count > 0; count--) spoilt[random(spoilt.length)] = random(256);
    const { memory, end } = place(spoilt.subarray(0, turn % 2 === 0 ? spoilt.length : random(spoilt.length)));
    if (!reader.read(memory, 0, end)) continue;
    const spans: DerSpan[] = [
      reader.serial,
      reader.signature,
      reader.key,
      reader.subject,
      reader.issuer,
      reader.notBefore,
      reader.notAfter,
    ];
    for (const span of spans) assert.ok(span.start >= 0 && span.end <= end && span.start <= span.end);
    for (const span of [reader.alternativeNames, reader.policies]) assert.ok(span.start === -1 || span.end <= end);
    for (const stop of [
      names.line(memory, reader.subject.start, reader.subject.end, end, memory.length),
      names.rfc2253(memory, reader.issuer.start, reader.issuer.end, end, memory.length),
    ])
      assert.ok(stop === -1 || (stop >= end && stop <= memory.length));
  }
});

test('every cut of a certificate is none', () => {
  const reader = new CertificateReader();
  for (let length = 0; length < der.length; length++) assert.equal(reader.read(der, 0, length), false);
});

test('object identifiers by their names and numbers', () => {
  const bytes = new Uint8Array(64);
  for (const dotted of ['2.5.4.3', '1.2.840.113549.1.1.11', '0.9.2342.19200300.100.1.25', '1.2.3.4.5', '2.999.1']) {
    const oid = oidBytes(dotted) as Uint8Array;
    bytes.set(oid);
    const end = writeOid(bytes, 0, oid.length, oid.length, bytes.length);
    assert.equal(text(bytes, oid.length, end), dotted);
  }
  const name = oidBytes('CN') as Uint8Array;
  assert.equal(Buffer.from(oidName(name, 0, name.length)?.name ?? []).toString(), 'CN');
  assert.equal(oidBytes('nonsense'), null);
  // An identifier that does not end, one that is empty.
  assert.equal(writeOid(Uint8Array.of(0x80), 0, 1, 0, 1), -1);
  assert.equal(writeOid(bytes, 0, 0, 8, 64), -1);
});
