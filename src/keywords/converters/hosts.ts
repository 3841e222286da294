/** Converters of host names, addresses in texts and parameters (HAProxy 3.x configuration 7.3.1). */

import { SCRATCH_SIZE } from '../../base/memory.ts';
import { copyBytes } from '../../base/words.ts';
import { LOWER } from '../../http/tokens.ts';
import { defineConverter } from '../../rules/define.ts';
import { SampleType } from '../../rules/sample.ts';

const COLON = 58;
const CLOSE_BRACKET = 93;

/** Where the port's colon of `host:port` stands, the last one that no bracket closes; the end if there is none. */
function portColon(all: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at >= start && all[at] !== CLOSE_BRACKET; at--) if (all[at] === COLON) return at;
  return end;
}

export const hostOnly = defineConverter({
  name: 'host_only',
  args: [],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'The host of a Host field, without its port, in lower case.',
  examples: [
    { value: 'H.test:8080', call: 'host_only', out: 'h.test' },
    { value: '[::1]:80', call: 'host_only', out: '[::1]' },
    { value: 'a:b:80', call: 'host_only', out: 'a:b' },
  ],
  compile: () => {
    return (sample) => {
      const { memory, start } = sample;
      const end = portColon(memory.bytes, start, sample.end);
      if (end - start > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      for (let from = start, to = at; from < end; from++, to++) memory.bytes[to] = LOWER[memory.bytes[from] as number] as number;
      return sample.setText(at, at + end - start);
    };
  },
});

export const portOnly = defineConverter({
  name: 'port_only',
  args: [],
  from: SampleType.str,
  to: SampleType.int,
  doc: 'The port of a Host field; 0 without one.',
  examples: [
    { value: 'h.test:8080', call: 'port_only', out: 8080 },
    { value: 'h.test', call: 'port_only', out: 0 },
  ],
  compile: () => {
    return (sample) => {
      const all = sample.memory.bytes;
      let port = 0;
      for (let at = portColon(all, sample.start, sample.end) + 1; at < sample.end; at++) {
        const digit = (all[at] as number) - 48;
        if (digit < 0 || digit > 9) break;
        port = port * 10 + digit;
      }
      return sample.setInt(port);
    };
  },
});

const DOT = 46;

export const reverseDom = defineConverter({
  name: 'reverse_dom',
  args: [],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'The parts of a domain name in the opposite order.',
  examples: [
    { value: 'www.example.com', call: 'reverse_dom', out: 'com.example.www' },
    { value: 'localhost', call: 'reverse_dom', out: 'localhost' },
    { value: '', call: 'reverse_dom', out: '' },
  ],
  compile: () => {
    return (sample) => {
      const { memory, start } = sample;
      const { bytes } = memory;
      if (sample.end - start > SCRATCH_SIZE) return false;
      const at = memory.scratch();
      let to = at;
      for (let end = sample.end; ; ) {
        let from = end;
        while (from > start && bytes[from - 1] !== DOT) from--;
        to = copyBytes(bytes, from, end, to);
        if (from === start) return sample.setText(at, to);
        bytes[to++] = DOT;
        end = from - 1;
      }
    };
  },
});

const EQUALS = 61;

export const param = defineConverter({
  name: 'param',
  args: [
    { name: 'name', kind: 'str' },
    { name: 'delim', kind: 'str', default: '&' },
  ],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'The value of the first parameter of this name, in a text of parameters as name=value with a delimiter (one character) between them. Empty if it has none.',
  examples: [
    { value: 'a=b&c=d&a=r', call: 'param(a)', out: 'b' },
    { value: 'a&b=c', call: 'param(a)', out: '' },
    { value: 'a=&b&c=a', call: 'param(b)', out: '' },
    { value: 'a=1;bc=2', call: 'param(bc,;)', out: '2' },
    { value: 'ab=1', call: 'param(b)', out: null },
  ],
  compile: ([name, delimiter], context) => {
    const wanted = context.thread.memory.intern(name);
    const divider = delimiter.charCodeAt(0);
    return (sample) => {
      const { bytes } = sample.memory;
      const { start, end } = sample;
      for (let from = start; from <= end; ) {
        let stop = from;
        while (stop < end && bytes[stop] !== divider) stop++;
        let i = 0;
        while (i < name.length && from + i < stop && bytes[from + i] === bytes[wanted + i]) i++;
        if (i === name.length && (from + i === stop || bytes[from + i] === EQUALS))
          return sample.setText(Math.min(from + i + 1, stop), stop);
        from = stop + 1;
      }
      return false;
    };
  },
});
