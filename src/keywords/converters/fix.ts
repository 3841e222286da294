/** Messages of the FIX protocol: `tag=value` and SOH, again and again (HAProxy 3.x configuration 7.3.1, FIX 4.4 volume 1). */
import { defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { SampleType } from '../../rules/sample.ts';

const SEPARATOR = 1;
const EQUALS = 61;
const BEGIN_STRING = 8;
const BODY_LENGTH = 9;
const CHECKSUM = 10;
const MESSAGE_TYPE = 35;
const NAMES: Readonly<Record<string, number>> = {
  BeginString: BEGIN_STRING,
  BodyLength: BODY_LENGTH,
  MsgType: MESSAGE_TYPE,
  SenderCompID: 49,
  TargetCompID: 56,
  CheckSum: CHECKSUM,
};
const VERSIONS = ['FIX.4.0', 'FIX.4.1', 'FIX.4.2', 'FIX.4.3', 'FIX.4.4', 'FIXT.1.1'].map((name) =>
  Uint8Array.from(name, (char) => char.charCodeAt(0)),
);

/** The field that was read: its tag, where its value lies, and where the next field begins. */
const field = { tag: 0, start: 0, end: 0, next: 0 };

/** Reads the field at `at`; false: it is none, or has an empty tag or value. */
function readField(bytes: Uint8Array, at: number, end: number): boolean {
  let equals = at;
  while (equals < end && bytes[equals] !== EQUALS) equals++;
  let stop = equals + 1;
  while (stop < end && bytes[stop] !== SEPARATOR) stop++;
  field.tag = numberOf(bytes, at, equals);
  field.start = equals + 1;
  field.end = stop;
  field.next = stop + 1;
  return field.tag >= 0 && stop < end && stop > equals + 1;
}

/** A function, since the type checker does not see that reading changes the field. */
function isTag(tag: number): boolean {
  return field.tag === tag;
}

/** -1: it is no number. */
function numberOf(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 9) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function hasVersion(bytes: Uint8Array): boolean {
  for (let at = 0; at < VERSIONS.length; at++) {
    const version = VERSIONS[at] as Uint8Array;
    let i = 0;
    while (i < version.length && bytes[field.start + i] === version[i]) i++;
    if (i === version.length && field.end - field.start === i) return true;
  }
  return false;
}

/** Whether the bytes may be the beginning of a message. */
const reading = { incomplete: false };
/** Bytes of the shortest message, and of the checksum. */
const LEAST = 26;
const TRAILER = 7;

/** Whether [start, end) begins with a whole message whose length and checksum are right. */
function isMessage(bytes: Uint8Array, start: number, end: number): boolean {
  reading.incomplete = end - start < LEAST;
  if (reading.incomplete) return false;
  if (!readField(bytes, start, end) || !isTag(BEGIN_STRING) || !hasVersion(bytes)) return false;
  if (!readField(bytes, field.next, end) || !isTag(BODY_LENGTH)) return false;
  const bodyStart = field.next;
  const bodyLength = numberOf(bytes, field.start, field.end);
  reading.incomplete = bodyLength >= 0 && bodyStart + bodyLength + TRAILER > end;
  if (reading.incomplete || !readField(bytes, bodyStart, end) || !isTag(MESSAGE_TYPE)) return false;
  let at = field.next;
  let isField = readField(bytes, at, end);
  for (; isField && !isTag(CHECKSUM); isField = readField(bytes, at, end)) at = field.next;
  if (!isField || at - bodyStart !== bodyLength) return false;
  let sum = 0;
  for (let from = start; from < at; from++) sum += bytes[from] as number;
  return field.end - field.start === 3 && numberOf(bytes, field.start, field.end) === sum % 256;
}

/** In base64: a logon with the right checksum, and one that was changed. */
const LOGON = 'OD1GSVguNC40ATk9MzABMzU9QQE0OT1DTElFTlQBNTY9U0VSVkVSATM0PTEBMTA9MTYyAQ==';
const CHANGED = 'OD1GSVguNC40ATk9MzABMzU9QQE0OT1LTElFTlQBNTY9U0VSVkVSATM0PTEBMTA9MTYyAQ==';

export const fixIsValid = defineConverter({
  name: 'fix_is_valid',
  args: [],
  from: SampleType.bin,
  to: SampleType.bool,
  doc: 'Whether the bytes are a FIX message: fields with a tag and a value, BeginString, BodyLength and MsgType first, CheckSum last, length and checksum right. No value while it is incomplete.',
  examples: [
    { value: LOGON, call: 'b64dec,fix_is_valid', out: true },
    { value: CHANGED, call: 'b64dec,fix_is_valid', out: false },
    { value: '8=FIX.4.4', call: 'fix_is_valid', out: null },
    { value: 'GET / HTTP/1.1 Host: www.example', call: 'fix_is_valid', out: false },
  ],
  compile: () => {
    return (sample) => {
      const isValid = isMessage(sample.memory.bytes, sample.start, sample.end);
      if (!reading.incomplete) return sample.setBool(isValid);
      sample.mayChange = true;
      return false;
    };
  },
});

export const fixTagValue = defineConverter({
  name: 'fix_tag_value',
  args: [{ name: 'tag', kind: 'str' }],
  from: SampleType.bin,
  to: SampleType.bin,
  doc: 'The value of a field of a FIX message, by the number of its tag or as BeginString, BodyLength, MsgType, SenderCompID, TargetCompID, CheckSum.',
  examples: [
    { value: LOGON, call: 'b64dec,fix_tag_value(MsgType)', out: 'A' },
    { value: LOGON, call: 'b64dec,fix_tag_value(49)', out: 'CLIENT' },
    { value: LOGON, call: 'b64dec,fix_tag_value(999)', out: null },
  ],
  compile: ([name]) => {
    const tag = NAMES[name] ?? (/^\d{1,9}$/.test(name) ? Number(name) : -1);
    if (tag < 0) {
      throw new RuleError(`'${name}' is not a tag: a number or one of ${Object.keys(NAMES).join(', ')}`, -1, name, Object.keys(NAMES));
    }
    return (sample) => {
      const { bytes } = sample.memory;
      for (let at = sample.start; readField(bytes, at, sample.end); at = field.next) {
        if (field.tag === tag) return sample.setBinary(field.start, field.end);
      }
      return false;
    };
  },
});
