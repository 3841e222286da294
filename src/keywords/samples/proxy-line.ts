/** Samples of the PROXY header that a connection began with (HAProxy 3.x configuration 7.3.3). */
import { TlvType } from '../../proto/proxy-line/shapes.ts';
import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';

const NAMES: ReadonlyMap<string, number> = new Map([
  ['ALPN', TlvType.alpn],
  ['AUTHORITY', TlvType.authority],
  ['CRC32C', TlvType.crc32c],
  ['NETNS', TlvType.namespace],
  ['NOOP', TlvType.noop],
  ['SSL', TlvType.ssl],
  ['UNIQUE_ID', TlvType.uniqueId],
]);

function typeOf(text: string): number {
  const known = NAMES.get(text);
  if (known !== undefined) return known;
  const type = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : -1;
  if (type < 0 || type > 255)
    throw new RuleError(`'${text}' is no type of TLV: a number from 0 to 255, or a name`, -1, text, [...NAMES.keys()]);
  return type;
}

/** The first TLV of a type; for conditions each in turn. Values are copied: the header is gone. */
function compileTlv(type: number, { thread: { memory } }: CompileContext, isEach = false): FetchStep {
  return (sample, stream) => {
    const { introduction } = stream.session;
    const at = introduction.find(type, isEach && sample.next > 0 ? sample.next : 0);
    if (at < 0) return false;
    const start = memory.scratch();
    const length = introduction.lengthAt(at);
    for (let index = 0; index < length; index++) memory.bytes[start + index] = introduction.tlvs[at + 3 + index] as number;
    sample.next = at + 3 + length;
    sample.more = isEach;
    return sample.setText(start, start + length);
  };
}

export const fcRcvdProxy = defineFetch({
  name: 'fc_rcvd_proxy',
  args: [],
  type: SampleType.bool,
  valid: Valid.client,
  doc: "Whether the client's connection began with a PROXY header.",
  examples: [{ call: 'fc_rcvd_proxy', out: false }],
  compile: () => (sample, stream) => sample.setBool(stream.session.introduction.isReceived),
});

export const fcPpTlv = defineFetch({
  name: 'fc_pp_tlv',
  args: [{ name: 'id', kind: 'str' }],
  type: SampleType.str,
  valid: Valid.session,
  doc:
    'The value of a TLV of the PROXY header, by number (`0xea`) or by name (ALPN, AUTHORITY, CRC32C, NETNS, NOOP, SSL, UNIQUE_ID). Of ' +
    'several the first; conditions try each. The first 4096 bytes of TLVs are kept, whole ones only.',
  examples: [{ call: 'fc_pp_tlv(0xea)', out: null }],
  compile: ([id], context) => compileTlv(typeOf(id), context),
  compileEach: ([id], context) => compileTlv(typeOf(id), context, true),
});

export const fcPpAuthority = defineFetch({
  name: 'fc_pp_authority',
  args: [],
  type: SampleType.str,
  valid: Valid.client,
  doc: 'The name that the client asked the sender of the PROXY header for: its AUTHORITY TLV.',
  examples: [{ call: 'fc_pp_authority', out: null }],
  compile: (_, context) => compileTlv(TlvType.authority, context),
});

export const fcPpUniqueId = defineFetch({
  name: 'fc_pp_unique_id',
  args: [],
  type: SampleType.str,
  valid: Valid.client,
  doc: 'The identifier that the sender of the PROXY header gave the connection: its UNIQUE_ID TLV.',
  examples: [{ call: 'fc_pp_unique_id', out: null }],
  compile: (_, context) => compileTlv(TlvType.uniqueId, context),
});
