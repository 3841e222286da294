/** From a sample to a table's key and back (HAProxy 3.x configuration 11.1, type). */
import { viewOf } from '../base/words.ts';
import { canCast, cast, type Sample, SampleType, type SampleTypeValue } from '../rules/sample.ts';
import { type Entry, KeyType, type KeyTypeValue, type StickTable } from '../state/tracked.ts';

const SAMPLE_TYPES: readonly SampleTypeValue[] = [SampleType.ipv4, SampleType.ipv6, SampleType.int, SampleType.str, SampleType.bin];

/** What a sample is cast to before it is a key. */
export function sampleTypeOf(keyType: KeyTypeValue): SampleTypeValue {
  return SAMPLE_TYPES[keyType] as SampleTypeValue;
}

/** Whether samples of this type can be keys of the table. */
export function canBeKey(type: SampleTypeValue, table: StickTable): boolean {
  return canCast(type, sampleTypeOf(table.keyType));
}

/** Makes the sample the table's key for its next `openKey`. False: it can't be one. The sample may be cast. */
export function putKey(table: StickTable, sample: Sample): boolean {
  switch (table.keyType) {
    case KeyType.ip:
      return isIpv4(sample) && putIp(table, sample);
    case KeyType.ipv6:
      return cast(sample, SampleType.ipv6) && putIp(table, sample);
    case KeyType.integer:
      if (!cast(sample, SampleType.int)) return false;
      table.keyCells[0] = sample.int;
      table.setKeyWords(4);
      return true;
    case KeyType.string:
      return cast(sample, SampleType.str) && putText(table, sample);
    case KeyType.binary:
      return cast(sample, SampleType.bin) && putBinary(table, sample);
  }
}

/** An IPv6 address is a key of IPv4 only if it says so: ::ffff:a.b.c.d (RFC 4291 2.5.5.2), not by any other embedding. A text must be one of IPv4. */
function isIpv4(sample: Sample): boolean {
  if (sample.type === SampleType.str) return cast(sample, SampleType.ipv4);
  if (!cast(sample, SampleType.address)) return false;
  if (sample.type === SampleType.ipv4) return true;
  const { ip } = sample;
  for (let at = 0; at < 10; at++) if (ip[at] !== 0) return false;
  return ip[10] === 255 && ip[11] === 255 && cast(sample, SampleType.ipv4);
}

function putIp(table: StickTable, { ip }: Sample): boolean {
  const { keyCells, keyBytes } = table;
  for (let at = 0; at < keyBytes; at += 4) keyCells[at >> 2] = wordAt(ip, at, 4);
  table.setKeyWords(keyBytes);
  return true;
}

/** Cut to the table's length, and at a zero: HAProxy's keys are C strings. */
function putText(table: StickTable, { start, end, memory }: Sample): boolean {
  const { keyCells } = table;
  const { bytes } = memory;
  const words = viewOf(bytes);
  const most = Math.min(end - start, table.keyBytes);
  let length = 0;
  for (; length + 4 <= most; length += 4) {
    const word = words.getInt32(start + length, true);
    if (hasZero(word)) break;
    keyCells[length >> 2] = word;
  }
  let rest = 0;
  while (length + rest < most && bytes[start + length + rest] !== 0) rest++;
  if (rest > 0) keyCells[length >> 2] = wordAt(bytes, start + length, rest);
  table.setKeyWords(length + rest);
  return true;
}

/** Whether one of the four bytes is 0. */
function hasZero(word: number): boolean {
  return ((word - 0x01010101) & ~word & 0x80808080) !== 0;
}

/** `count` bytes, 1 to 4, as a word that begins with them. */
function wordAt(bytes: Uint8Array, start: number, count: number): number {
  let word = 0;
  for (let at = 0; at < count; at++) word |= (bytes[start + at] as number) << (at * 8);
  return word;
}

/** Cut to the table's length, or filled up with zeros. */
function putBinary(table: StickTable, { start, end, memory }: Sample): boolean {
  const { keyCells, keyBytes } = table;
  const { bytes } = memory;
  for (let at = 0; at < keyBytes; at += 4) {
    const count = Math.min(4, keyBytes - at, end - start - at);
    keyCells[at >> 2] = count > 0 ? wordAt(bytes, start + at, count) : 0;
  }
  table.setKeyWords(keyBytes);
  return true;
}

/** The entry's key as a sample of the table's type; its bytes lie in a scratch area. */
export function keySample(table: StickTable, entry: Entry, sample: Sample): boolean {
  const { memory, ownIp } = sample;
  if (table.keyType === KeyType.ip || table.keyType === KeyType.ipv6) {
    table.copyKey(entry, ownIp, 0);
    sample.type = sampleTypeOf(table.keyType);
    sample.ip = ownIp;
    return true;
  }
  const start = memory.scratch();
  const end = table.copyKey(entry, memory.bytes, start);
  if (table.keyType === KeyType.string) return sample.setText(start, end);
  if (table.keyType === KeyType.binary) return sample.setBinary(start, end);
  let value = 0;
  for (let at = 3; at >= 0; at--) value = value * 256 + (memory.bytes[start + at] as number);
  return sample.setInt(value);
}
