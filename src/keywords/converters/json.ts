/** Converters to and from JSON (HAProxy 3.x configuration 7.3.1). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { defineConverter } from '../../rules/define.ts';
import { JsonQuery } from '../../rules/format/json-query.ts';
import { Writer } from '../../rules/format/writer.ts';
import { SampleType } from '../../rules/sample.ts';

const DIGITS = Uint8Array.from('0123456789abcdef', (char) => char.charCodeAt(0));
/** Escapes of two characters, by byte. */
const ESCAPES = new Uint8Array(128);
for (const [byte, letter] of ['""', '\\\\', '//', '\bb', '\ff', '\nn', '\rr', '\tt']) {
  ESCAPES[(byte as string).charCodeAt(0)] = (letter as string).charCodeAt(0);
}

function writeEscaped(code: number, out: Writer): void {
  const letter = code < 128 ? (ESCAPES[code] as number) : 0;
  if (letter === 0 && code >= 32 && code < 127) {
    out.byte(code);
    return;
  }
  out.byte(92);
  if (letter !== 0) {
    out.byte(letter);
    return;
  }
  out.byte(117);
  for (let shift = 12; shift >= 0; shift -= 4) out.byte(DIGITS[(code >> shift) & 15] as number);
}

/** What was decoded: the code, how many bytes it took, and whether it is wrong or only longer than it should be. */
const decoded = { code: 0, size: 0, isBad: false, isOverlong: false };

/** Least code that needs so many bytes. */
const LEAST = [0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000];

/** Reads a character of UTF-8 (up to the six bytes of its first definition). */
function decodeUtf8(bytes: Uint8Array, at: number, end: number): void {
  const first = bytes[at] as number;
  decoded.size = 1;
  decoded.isBad = false;
  decoded.isOverlong = false;
  decoded.code = first;
  if (first < 0x80) return;
  const size = first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : first < 0xfc ? 5 : first < 0xfe ? 6 : 0;
  let code = size === 0 ? 0 : first & (0x7f >> size);
  let taken = 1;
  while (taken < size && at + taken < end && ((bytes[at + taken] as number) & 0xc0) === 0x80) {
    code = (code << 6) | ((bytes[at + taken] as number) & 63);
    taken++;
  }
  decoded.size = taken;
  decoded.code = code;
  decoded.isBad = size === 0 || taken < size || (code >= 0xd800 && code <= 0xdfff) || (code & 0xfffe) === 0xfffe;
  decoded.isOverlong = !decoded.isBad && code < (LEAST[size] as number);
}

export const json = defineConverter({
  name: 'json',
  args: [{ name: 'input-code', kind: 'str', oneOf: ['ascii', 'utf8', 'utf8s', 'utf8p', 'utf8ps'], default: 'ascii' }],
  from: SampleType.str,
  to: SampleType.str,
  doc: 'The text as the content of a JSON string, in ASCII. As utf8 it is decoded first: p takes characters that are longer than needed, s leaves out what is wrong instead of failing.',
  examples: [
    { value: 'Very "Ugly" UA 1/2\n', call: 'json', out: 'Very \\"Ugly\\" UA 1\\/2\\n' },
    { value: 'h\xc3\xa9', call: 'json(utf8)', out: 'h\\u00e9' },
    { value: 'h\xc3\xa9', call: 'json', out: 'h\\u00c3\\u00a9' },
    { value: 'h\xc3', call: 'json(utf8)', out: null },
    { value: 'h\xc3!', call: 'json(utf8s)', out: 'h!' },
    { value: '\xc1\x81', call: 'json(utf8p)', out: 'A' },
  ],
  compile: ([code], context) => {
    const { memory } = context.thread;
    const out = new Writer(memory);
    const isUtf8 = code !== 'ascii';
    const isSilent = code.endsWith('s');
    const isPermissive = code.startsWith('utf8p');
    return (sample) => {
      const { bytes } = memory;
      const at = memory.scratch();
      out.open(at, at + SCRATCH_SIZE);
      for (let from = sample.start; from < sample.end; ) {
        decoded.code = bytes[from] as number;
        decoded.size = 1;
        decoded.isBad = decoded.isOverlong = false;
        if (isUtf8) decodeUtf8(bytes, from, sample.end);
        from += decoded.size;
        const isWrong = decoded.isBad || (decoded.isOverlong && !isPermissive) || decoded.code > 0xffff;
        if (!isWrong) writeEscaped(decoded.code, out);
        else if (!isSilent) return false;
      }
      return !out.overflow && sample.setText(at, out.at);
    };
  },
});

const TEXT = '{"a":{"b":[1,2.50,"x\\u00e9\\n"],"my.key":true},"n":-12,"big":1234567,"z":null}';

export const jsonQuery = defineConverter({
  name: 'json_query',
  args: [
    { name: 'json_path', kind: 'str' },
    { name: 'output_type', kind: 'str', oneOf: ['int'], default: null },
  ],
  from: SampleType.str,
  to: SampleType.any,
  doc: 'The value at a path as $.key[0].key of a JSON text: a string, a boolean, a number as text (with int as an integer), an array as it is written. No value for null and objects.',
  examples: [
    { value: TEXT, call: "json_query('$.a.b[1]')", out: '2.5' },
    { value: TEXT, call: "json_query('$.a.b[2]')", out: 'x\xc3\xa9\n' },
    { value: TEXT, call: "json_query('$.n','int'),add(1)", out: -11 },
    { value: TEXT, call: "json_query('$.big')", out: '1.23457e+06' },
    { value: TEXT, call: "json_query('$.a.my\\.key')", out: true },
    { value: TEXT, call: "json_query('$.a.b')", out: '[1,2.50,"x\\u00e9\\n"]' },
    { value: TEXT, call: "json_query('$.z')", out: null },
    { value: TEXT, call: "json_query('$.nothing')", out: null },
  ],
  compile: ([path, output], context) => {
    const query = new JsonQuery(context.thread.memory, path, output);
    return (sample) => query.run(sample, sample.start, sample.end);
  },
});
