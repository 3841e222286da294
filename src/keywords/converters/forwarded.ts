/** Converters of the Forwarded field and its nodes (HAProxy 3.x configuration 7.3.1, RFC 7239). */
import { Family } from '../../base/address.ts';
import { defineConverter } from '../../rules/define.ts';
import { FORWARDED_FIELDS, ForwardedReader, isObfuscated, NodeName, portNumber } from '../../rules/edit/forwarded.ts';
import { cast, SampleType } from '../../rules/sample.ts';

const FIELD = 'for=192.0.2.43;proto=https;by="[2001:db8::1]:_p", for="_x"';

export const rfc7239IsValid = defineConverter({
  name: 'rfc7239_is_valid',
  args: [],
  from: SampleType.str,
  to: SampleType.bool,
  doc: 'Whether the text is a Forwarded field as RFC 7239 has it, with the parameters for, by, host and proto, each at most once per element.',
  examples: [
    { value: FIELD, call: 'rfc7239_is_valid', out: true },
    { value: 'for=2001:db8::1', call: 'rfc7239_is_valid', out: false },
    { value: 'for=127.0.0.1;for=127.0.0.2', call: 'rfc7239_is_valid', out: false },
    { value: 'me=1', call: 'rfc7239_is_valid', out: false },
  ],
  compile: () => {
    const reader = new ForwardedReader();
    return (sample) => sample.setBool(reader.read(sample.memory.bytes, sample.start, sample.end, -1));
  },
});

export const rfc7239Field = defineConverter({
  name: 'rfc7239_field',
  args: [{ name: 'field', kind: 'str', oneOf: FORWARDED_FIELDS }],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'A parameter of the first element of a Forwarded field, without its quotes; no value if it is not there or the field is not valid.',
  examples: [
    { value: FIELD, call: 'rfc7239_field(for)', out: '192.0.2.43' },
    { value: FIELD, call: 'rfc7239_field(by)', out: '[2001:db8::1]:_p' },
    { value: FIELD, call: 'rfc7239_field(host)', out: null },
  ],
  compile: ([name]) => {
    const reader = new ForwardedReader();
    const field = FORWARDED_FIELDS.indexOf(name);
    return (sample) => {
      if (!reader.read(sample.memory.bytes, sample.start, sample.end, field) || reader.start < 0) return false;
      return sample.setText(reader.start, reader.end);
    };
  },
});

export const rfc7239N2nn = defineConverter({
  name: 'rfc7239_n2nn',
  args: [],
  from: SampleType.str,
  to: SampleType.any,
  doc: 'The name of a node of a Forwarded field: an address, or a text as unknown and _hidden.',
  examples: [
    { value: '192.0.2.43:80', call: 'rfc7239_n2nn', out: '192.0.2.43' },
    { value: '[2001:db8::1]:80', call: 'rfc7239_n2nn', out: '2001:db8::1' },
    { value: '_hidden:80', call: 'rfc7239_n2nn', out: '_hidden' },
    { value: 'somebody', call: 'rfc7239_n2nn', out: null },
  ],
  compile: () => {
    const reader = new ForwardedReader();
    return (sample) => {
      if (!reader.readNode(sample.memory.bytes, sample.start, sample.end)) return false;
      if (reader.name === NodeName.ipv4) return sample.setIp(Family.inet, reader.ip);
      if (reader.name === NodeName.ipv6) return sample.setIp(Family.inet6, reader.ip);
      return sample.setText(reader.nameStart, reader.nameEnd);
    };
  },
});

export const rfc7239N2np = defineConverter({
  name: 'rfc7239_n2np',
  args: [],
  from: SampleType.str,
  to: SampleType.any,
  doc: 'The port of a node of a Forwarded field: an integer, or a text as _hidden; no value without one.',
  examples: [
    { value: '192.0.2.43:80', call: 'rfc7239_n2np', out: 80 },
    { value: '[2001:db8::1]:_p', call: 'rfc7239_n2np', out: '_p' },
    { value: '192.0.2.43', call: 'rfc7239_n2np', out: null },
  ],
  compile: () => {
    const reader = new ForwardedReader();
    return (sample) => {
      const { bytes } = sample.memory;
      if (!reader.readNode(bytes, sample.start, sample.end) || reader.portStart < 0) return false;
      const port = portNumber(bytes, reader.portStart, reader.portEnd);
      return port >= 0 ? sample.setInt(port) : sample.setText(reader.portStart, reader.portEnd);
    };
  },
});

export const rfc7239Nn = defineConverter({
  name: 'rfc7239_nn',
  args: [],
  from: SampleType.any,
  to: SampleType.str,
  doc: 'An address, or a text as unknown and _hidden, as the name of a node: IPv6 in brackets. No value for other texts.',
  examples: [
    { value: '192.0.2.43', call: 'rfc7239_nn', out: '192.0.2.43' },
    { value: '2001:db8::1', call: 'rfc7239_nn', out: '[2001:db8::1]' },
    { value: '_hidden', call: 'rfc7239_nn', out: '_hidden' },
    { value: 'somebody', call: 'rfc7239_nn', out: null },
  ],
  compile: () => {
    const reader = new ForwardedReader();
    return (sample) => {
      const { memory } = sample;
      if (sample.type === SampleType.str && reader.readNode(memory.bytes, sample.start, sample.end)) return reader.portStart < 0;
      if (!cast(sample, SampleType.address)) return false;
      const isV6 = sample.type === SampleType.ipv6;
      if (!cast(sample, SampleType.str)) return false;
      if (!isV6) return true;
      const at = memory.scratch();
      let to = at;
      memory.bytes[to++] = 91;
      for (let from = sample.start; from < sample.end; from++) memory.bytes[to++] = memory.bytes[from] as number;
      memory.bytes[to++] = 93;
      return sample.setText(at, to);
    };
  },
});

export const rfc7239Np = defineConverter({
  name: 'rfc7239_np',
  args: [],
  from: SampleType.any,
  to: SampleType.str,
  doc: 'A number from 0 to 65535, or a text as _hidden, as the port of a node. No value for others.',
  examples: [
    { value: 8080, call: 'rfc7239_np', out: '8080' },
    { value: '_p', call: 'rfc7239_np', out: '_p' },
    { value: 70000, call: 'rfc7239_np', out: null },
  ],
  compile: () => {
    return (sample) => {
      if (!cast(sample, SampleType.str)) return false;
      const { bytes } = sample.memory;
      return portNumber(bytes, sample.start, sample.end) >= 0 || isObfuscated(bytes, sample.start, sample.end);
    };
  },
});
