/** Fields of Protocol Buffers messages, alone or in gRPC's frame (HAProxy 3.x configuration 7.3.1). */
import { type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';

/** Wire types by the names of fields' types. */
const TYPES: Readonly<Record<string, number>> = {
  int32: 0,
  int64: 0,
  uint32: 0,
  uint64: 0,
  sint32: 0,
  sint64: 0,
  bool: 0,
  enum: 0,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
  fixed32: 5,
  sfixed32: 5,
  float: 5,
};
const VARINT = 0;
const LENGTH_DELIMITED = 2;
/** gRPC: compressed or not, and a length of four bytes. */
const GRPC_PREFIX = 5;

/** The number that was read, and where it ends. */
const number = { high: 0, low: 0, end: 0 };

/** Reads a varint; false: it is cut off or too long. */
function readVarint(bytes: Uint8Array, start: number, end: number): boolean {
  number.high = number.low = 0;
  for (let at = start, shift = 0; at < end && shift < 70; at++, shift += 7) {
    const part = (bytes[at] as number) & 127;
    if (shift < 32) number.low |= part << shift;
    if (shift >= 32) number.high |= part << (shift - 32);
    else if (shift > 25) number.high |= part >>> (32 - shift);
    if ((bytes[at] as number) < 128) {
      number.end = at + 1;
      return true;
    }
  }
  return false;
}

function readFixed(bytes: Uint8Array, at: number, size: number): void {
  number.low = word(bytes, at);
  number.high = size === 8 ? word(bytes, at + 4) : 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

/** Narrows [start, end) of the sample to the value of a field; its wire type, -1: it is not there. */
function enter(sample: Sample, field: number): number {
  const { bytes } = sample.memory;
  const { end } = sample;
  for (let at = sample.start; at < end; ) {
    if (!readVarint(bytes, at, end)) return -1;
    const found = number.high === 0 ? number.low >>> 3 : -1;
    const wire = number.low & 7;
    const start = number.end;
    let from = start;
    let to: number;
    if (wire === VARINT) {
      if (!readVarint(bytes, start, end)) return -1;
      to = number.end;
    } else if (wire === LENGTH_DELIMITED) {
      if (!readVarint(bytes, start, end) || number.high !== 0 || number.low < 0) return -1;
      from = number.end;
      to = from + number.low;
    } else if (wire === 1 || wire === 5) to = start + (wire === 1 ? 8 : 4);
    else return -1;
    if (to > end) return -1;
    if (found === field) {
      sample.setBinary(from, to);
      return wire;
    }
    at = to;
  }
  return -1;
}

/** The integer of the field that the sample was narrowed to. */
function readNumber(sample: Sample, type: string, wire: number): boolean {
  const { bytes } = sample.memory;
  if (TYPES[type] !== wire) return false;
  if (wire === VARINT) readVarint(bytes, sample.start, sample.end);
  else readFixed(bytes, sample.start, sample.end - sample.start);
  if (type.startsWith('sint')) {
    const sign = -(number.low & 1);
    number.low = ((number.low >>> 1) | (number.high << 31)) ^ sign;
    number.high = (number.high >>> 1) ^ sign;
  } else if (type === 'sfixed32' || type === 'int32' || type === 'enum') number.high = number.low >> 31;
  else if (type === 'uint32' || type === 'fixed32') number.high = 0;
  return sample.setWide(number.high, number.low);
}

function compileField(path: string, type: string | null, prefix: number): ConvertStep {
  if (!/^\d+(\.\d+)*$/.test(path)) throw new RuleError(`'${path}' is not a field number as 1 or 1.2`, -1, path);
  if (type !== null && TYPES[type] === undefined) {
    throw new RuleError(`'${type}' is not a type of a field: ${Object.keys(TYPES).join(', ')}`, -1, type, Object.keys(TYPES));
  }
  if (type === 'float' || type === 'double') throw new RuleError(`fields of type '${type}' are not supported by this version`, -1, type);
  const fields = Int32Array.from(path.split('.'), Number);
  return (sample) => {
    if (sample.end - sample.start < prefix) return false;
    sample.start += prefix;
    let wire = LENGTH_DELIMITED;
    for (let at = 0; at < fields.length; at++) {
      if (wire !== LENGTH_DELIMITED) return false;
      wire = enter(sample, fields[at] as number);
      if (wire < 0) return false;
    }
    return type === null || readNumber(sample, type, wire);
  };
}

const ARGS = [
  { name: 'field_number', kind: 'str' },
  { name: 'field_type', kind: 'str', default: null },
] as const;
/** In base64: 1 is 150, 2 is hello, 3 is a message of 1: 7 and 2: -2. And the same in gRPC's frame. */
const MESSAGE = 'CJYBEgVoZWxsbxoECAcQAw==';
const FRAMED = 'AAAAABAIlgESBWhlbGxvGgQIBxAD';

export const protobuf = defineConverter({
  name: 'protobuf',
  args: ARGS,
  from: SampleType.bin,
  to: SampleType.any,
  doc: 'A field of a Protocol Buffers message, by its number (1.2 is field 2 of the message in field 1): its bytes as they are, or with a type an integer.',
  examples: [
    { value: MESSAGE, call: 'b64dec,protobuf(1,int32)', out: 150 },
    { value: MESSAGE, call: 'b64dec,protobuf(2)', out: 'hello' },
    { value: MESSAGE, call: 'b64dec,protobuf(3.1,uint64)', out: 7 },
    { value: MESSAGE, call: 'b64dec,protobuf(3.2,sint32)', out: -2 },
    { value: MESSAGE, call: 'b64dec,protobuf(1),hex', out: '9601' },
    { value: MESSAGE, call: 'b64dec,protobuf(9)', out: null },
  ],
  compile: ([path, type]) => compileField(path, type, 0),
});

export const ungrpc = defineConverter({
  name: 'ungrpc',
  args: ARGS,
  from: SampleType.bin,
  to: SampleType.any,
  doc: 'As protobuf, of a message with the five bytes that gRPC puts before it.',
  examples: [
    { value: FRAMED, call: 'b64dec,ungrpc(2)', out: 'hello' },
    { value: FRAMED, call: 'b64dec,ungrpc(1,int64)', out: 150 },
  ],
  compile: ([path, type]) => compileField(path, type, GRPC_PREFIX),
});
