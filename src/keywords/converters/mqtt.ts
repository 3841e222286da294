/** Packets that open an MQTT connection (HAProxy 3.x configuration 7.3.1). */
import { type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { writeInt } from '../../rules/value/bytes.ts';
import {
  CONNACK_PROPERTIES,
  CONNECT_PROPERTIES,
  ends,
  Field,
  hasWill,
  isNumber,
  numbers,
  outcome,
  PacketType,
  type PacketTypeValue,
  readPacket,
  starts,
  WILL_PROPERTIES,
} from '../../rules/value/mqtt.ts';

/** In base64: a CONNECT of 3.1.1 with a name and a password, one of 5.0 with properties, and their answers. */
const CONNECT_3 = 'EB8ABE1RVFQEwgA8AARjYXQxAAVhbGljZQAGc2VjcmV0';
const CONNECT_5 = 'EBYABE1RVFQFAgA8CBEAAAB4IQAUAAFh';
const CONNACK_3 = 'IAIBAA==';
const CONNACK_5 = 'IA0AAAoSAAJpZBMAHiQB';

const CONNECT_FIELDS: Readonly<Record<string, number>> = {
  flags: Field.flags,
  protocol_name: Field.protocolName,
  protocol_version: Field.protocolVersion,
  client_identifier: Field.clientIdentifier,
  will_topic: Field.willTopic,
  will_payload: Field.willPayload,
  username: Field.username,
  password: Field.password,
  keepalive: Field.keepalive,
};
const CONNACK_FIELDS: Readonly<Record<string, number>> = {
  flags: Field.flags,
  protocol_version: Field.protocolVersion,
  reason_code: Field.reasonCode,
};
const TYPES: Readonly<Record<string, PacketTypeValue>> = {
  connect: PacketType.connect,
  '1': PacketType.connect,
  connack: PacketType.connack,
  '2': PacketType.connack,
};

export const mqttIsValid = defineConverter({
  name: 'mqtt_is_valid',
  args: [],
  from: SampleType.bin,
  to: SampleType.bool,
  doc: 'Whether the bytes begin with a right CONNECT or CONNACK packet of MQTT 3.1.1 or 5.0. No value while the packet is incomplete.',
  examples: [
    { value: CONNECT_3, call: 'b64dec,mqtt_is_valid', out: true },
    { value: CONNACK_5, call: 'b64dec,mqtt_is_valid', out: true },
    { value: 'EB4ABE1RVFQE', call: 'b64dec,mqtt_is_valid', out: null },
    { value: 'GET / HTTP/1.1', call: 'mqtt_is_valid', out: false },
  ],
  compile: () => {
    return (sample) => {
      const isValid = readPacket(sample.memory.bytes, sample.start, sample.end);
      if (!outcome.incomplete) return sample.setBool(isValid);
      sample.mayChange = true;
      return false;
    };
  },
});

export const mqttFieldValue = defineConverter({
  name: 'mqtt_field_value',
  args: [
    { name: 'packettype', kind: 'str' },
    { name: 'fieldname_or_property_ID', kind: 'str' },
  ],
  from: SampleType.bin,
  to: SampleType.bin,
  doc: 'A field of a CONNECT (or 1) or CONNACK (or 2) packet of MQTT, by its name or, in MQTT 5.0, by the number of its property. A number is written in digits: 0 for a property that is not there.',
  examples: [
    { value: CONNECT_3, call: 'b64dec,mqtt_field_value(connect,username)', out: 'alice' },
    { value: CONNECT_3, call: 'b64dec,mqtt_field_value(1,keepalive)', out: '60' },
    { value: CONNECT_3, call: 'b64dec,mqtt_field_value(connect,will_topic)', out: null },
    { value: CONNECT_5, call: 'b64dec,mqtt_field_value(connect,17)', out: '120' },
    { value: CONNACK_5, call: 'b64dec,mqtt_field_value(CONNACK,18)', out: 'id' },
    { value: CONNACK_3, call: 'b64dec,mqtt_field_value(connect,flags)', out: null },
  ],
  compile: ([typeName, fieldName]) => {
    const type = TYPES[typeName.toLowerCase()];
    if (type === undefined)
      throw new RuleError(`'${typeName}' is no type of packet: connect (or 1), connack (or 2)`, -1, typeName, ['connect', 'connack']);
    return compileField(type, fieldOf(type, fieldName.toLowerCase()));
  },
});

/** @throws RuleError */
function fieldOf(type: PacketTypeValue, name: string): number {
  const isConnect = type === PacketType.connect;
  const fields = isConnect ? CONNECT_FIELDS : CONNACK_FIELDS;
  const properties = isConnect ? [...CONNECT_PROPERTIES, ...WILL_PROPERTIES] : CONNACK_PROPERTIES;
  const field = fields[name] ?? (properties.map(String).includes(name) ? Number(name) : -1);
  if (field >= 0) return field;
  const names = Object.keys(fields);
  throw new RuleError(
    `'${name}' is no field of ${isConnect ? 'connect' : 'connack'} packets: ${names.join(', ')} or the number of a property`,
    -1,
    name,
    names,
  );
}

function compileField(type: PacketTypeValue, field: number): ConvertStep {
  const isProperty = field < Field.flags;
  const ofWill = type === PacketType.connect && WILL_PROPERTIES.includes(field);
  const hasNumber = isNumber(field);
  return (sample) => {
    if (!readPacket(sample.memory.bytes, sample.start, sample.end)) {
      if (outcome.incomplete) sample.mayChange = true;
      return false;
    }
    if (outcome.type !== type || (isProperty && numbers[Field.protocolVersion] !== 5) || (ofWill && !hasWill())) return false;
    return hasNumber ? setDigits(sample, numbers[field] as number) : setBytes(sample, starts[field] as number, ends[field] as number);
  };
}

function setDigits(sample: Sample, value: number): boolean {
  const at = sample.memory.scratch();
  return sample.setBinary(at, writeInt(sample.memory.bytes, at, value));
}

function setBytes(sample: Sample, start: number, end: number): boolean {
  return end > start && sample.setBinary(start, end);
}
