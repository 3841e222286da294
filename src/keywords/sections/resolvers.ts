/** `resolvers`: name servers that are asked while the process runs (HAProxy configuration manual, 5.3.2). */
import type { AddressRecord } from '../../base/address.ts';
import { newResolvers, RESOLV_CONF, systemNameservers } from '../../resolve/system.ts';
import { defineSection, defineSectionKeyword } from '../define.ts';

/** The head of a message. */
const LEAST_PAYLOAD = 12;
const MOST_PAYLOAD = 65_535;
const MOST = 2_147_483_647;

export const resolvers = defineSection({
  name: 'resolvers',
  list: 'resolvers',
  doc: 'Name servers for `server … resolvers NAME` and `do-resolve`. All are asked at once, the first good answer counts. How long an answer may be kept (its TTL) is ignored: names are asked for every `timeout resolve`. A section `default` with the name servers of /etc/resolv.conf exists without being written.',
  examples: [
    {
      text: 'resolvers dns\n  nameserver one 10.0.0.2:53\n  timeout resolve 5s\n  hold nx 1s',
      gives: { name: 'dns', nameservers: [{ name: 'one', address: { port: 53 } }], resolveMs: 5000, retryMs: 1000, holdMs: { nx: 1000 } },
    },
    { text: 'resolvers', says: "'resolvers' expects <name> as arguments" },
  ],
  open: newResolvers,
});

export const resolversNameserver = defineSectionKeyword(resolvers, {
  name: 'nameserver',
  args: [
    { name: 'name', kind: 'word', optional: true },
    { name: 'address', kind: 'word', optional: true },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A name server that is asked over UDP, and over TCP if an answer was cut; with `tcp@` before its address over TCP only.',
  examples: [
    { text: 'nameserver one 10.0.0.2:53', gives: { nameservers: [{ name: 'one', isStream: false }] } },
    { text: 'nameserver one tcp@10.0.0.2:53', gives: { nameservers: [{ name: 'one', isStream: true }] } },
    { text: 'nameserver one', says: "'nameserver' expects <name> and <addr>[:<port>] as arguments." },
    { text: 'nameserver one 10.0.0.2', says: "missing port specification in '10.0.0.2'" },
    { text: 'nameserver one ns.test:53', says: "invalid address: 'ns.test'" },
    { text: 'nameserver one 10.0.0.2:53 ssl', says: "keyword 'ssl' is not supported by this version for name servers" },
  ],
  apply(model, [name, address, [option]], context) {
    if (name === null || address === null) {
      context.error({ text: "'nameserver' expects <name> and <addr>[:<port>] as arguments." });
      return;
    }
    if (option !== undefined) {
      context.error({ text: `keyword '${option.text}' is not supported by this version for name servers`, word: option });
      return;
    }
    const plain = address.text.replace(/^(?:dgram\+)?(?:udp@|udp(?=[46]@))/, (prefix) => (prefix.endsWith('@') ? '' : 'ipv'));
    const parsed = context.serverAddress({ ...address, text: plain });
    if (parsed === null) return;
    const { host, portKind, addresses } = parsed;
    if (host !== null)
      context.error({ text: `'nameserver ${name.text}' : invalid address: '${host}' in '${address.text}'`, word: address });
    else if (portKind !== 'fixed') {
      context.error({ text: `'nameserver ${name.text}' : missing port specification in '${address.text}'`, word: address });
    } else {
      const known = model.nameservers.find((other) => other.name === name.text);
      if (known !== undefined) {
        context.error({ text: `nameserver '${name.text}' already exists (declared at ${known.at.file}:${known.at.line}).`, word: name });
      }
      const isStream = /^(?:stream\+|tcp[46]?@)/.test(address.text);
      model.nameservers.push({ name: name.text, address: addresses[0] as AddressRecord, isStream, at: context.position(name) });
    }
  },
});

export const resolversParseResolvConf = defineSectionKeyword(resolvers, {
  name: 'parse-resolv-conf',
  args: [],
  doc: 'The name servers of /etc/resolv.conf, as if each had a line here.',
  examples: [{ text: 'parse-resolv-conf', gives: {} }],
  apply(model, _, context) {
    const lines = context.readLines({ text: RESOLV_CONF, column: context.at.column, quoted: true });
    if (lines === null) return;
    for (const found of systemNameservers(lines, context.at)) {
      if (!model.nameservers.some(({ name }) => name === found.name)) model.nameservers.push(found);
    }
  },
});

const HOLDS = ['nx', 'refused', 'timeout', 'other', 'valid', 'obsolete'] as const;

export const resolversHold = defineSectionKeyword(resolvers, {
  name: 'hold',
  args: [
    { name: 'status', kind: 'choice', choices: HOLDS },
    { name: 'period', kind: 'time' },
  ],
  doc: 'How long a server keeps its address after its last good answer, when others come: name unknown (`nx`), `refused`, none at all (`timeout`), anything `other` (30 s each). `valid`: how long an answer serves do-resolve (10 s). `obsolete`: how long an address is kept that is not in the answers any more (0).',
  examples: [
    { text: 'hold nx 3s', gives: { holdMs: { nx: 3000 } } },
    { text: 'hold obsolete 1m', gives: { holdMs: { obsolete: 60_000 } } },
    { text: 'hold foo 3s', says: 'allowed:' },
    { text: 'hold nx', says: "'hold'" },
  ],
  apply(model, [status, period]) {
    model.holdMs[status] = period;
  },
});

const TIMEOUTS = ['resolve', 'retry'];

export const resolversTimeout = defineSectionKeyword(resolvers, {
  name: 'timeout',
  args: [
    { name: 'event', kind: 'word', optional: true },
    { name: 'time', kind: 'time', min: 1, optional: true },
  ],
  doc: '`resolve`: the pause between two questions for the name of a server. `retry`: how long an answer is waited for before the question is sent again. 1 s each if not given.',
  examples: [
    { text: 'timeout resolve 5s', gives: { resolveMs: 5000 } },
    { text: 'timeout retry 200', gives: { retryMs: 200 } },
    { text: 'timeout foo 5s', says: "'timeout' expects 'retry' or 'resolve' and <time> as arguments got 'foo'" },
    { text: 'timeout retry x', says: 'unexpected character' },
    { text: 'timeout retry', says: "'timeout retry' expects <time> as argument" },
  ],
  apply(model, [event, time], context) {
    const name = event?.text ?? '';
    if (event === null || !TIMEOUTS.includes(name)) {
      const text = `'timeout' expects 'retry' or 'resolve' and <time> as arguments got '${name}'.`;
      context.error(event === null ? { text } : { text, word: event, near: TIMEOUTS });
    } else if (time === null) context.error({ text: `'timeout ${name}' expects <time> as argument.`, word: event });
    else if (name === 'resolve') model.resolveMs = time;
    else model.retryMs = time;
  },
});

export const resolversRetries = defineSectionKeyword(resolvers, {
  name: 'resolve_retries',
  args: [{ name: 'count', kind: 'integer', min: 0, max: MOST }],
  doc: 'How often a question is sent before it is given up; 3 if not given.',
  examples: [{ text: 'resolve_retries 1', gives: { retries: 1 } }],
  apply(model, [count]) {
    model.retries = count;
  },
});

export const resolversPayload = defineSectionKeyword(resolvers, {
  name: 'accepted_payload_size',
  args: [{ name: 'bytes', kind: 'integer', min: LEAST_PAYLOAD, max: MOST_PAYLOAD }],
  doc: 'The longest answer that name servers may send over UDP, which they are told (EDNS); 512 bytes if not given.',
  examples: [
    { text: 'accepted_payload_size 8192', gives: { payloadSize: 8192 } },
    { text: 'accepted_payload_size 70000', says: 'must be between 12 and 65535' },
  ],
  apply(model, [bytes]) {
    model.payloadSize = bytes;
  },
});
