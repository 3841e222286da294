/** Options of `bind` and `stats socket` lines (HAProxy configuration manual, 5.1). */
import type { BindModel } from '../../model/config.ts';
import { type BindOption, defineBindOption } from '../define.ts';

type FlagField = 'v4v6' | 'v6only' | 'transparent';

function defineFlag(name: FlagField, doc: string): BindOption {
  return defineBindOption({
    name,
    args: [],
    doc,
    examples: [{ text: name, gives: { [name]: true } }],
    apply(bind) {
      bind[name] = true;
    },
  });
}

function defineNumber(name: 'maxconn' | 'backlog' | 'uid' | 'gid', min: number, doc: string): BindOption {
  return defineBindOption({
    name,
    args: [{ name: 'number', kind: 'integer', min, max: 2147483647 }],
    doc,
    examples: [
      { text: `${name} 12`, gives: { [name]: 12 } },
      { text: name, says: `'${name}' expects an integer argument` },
    ],
    apply(bind, [value]) {
      bind[name] = value;
    },
  });
}

const NO_QUIC = 'QUIC listeners are refused by this version.';

/** Kept by name, and without effect. */
function defineInert(name: string, doc: string, noEffect: string): BindOption {
  return defineBindOption({
    name,
    noEffect,
    args: [{ name: 'value', kind: 'text' }],
    doc,
    examples: [
      { text: `${name} x`, gives: { other: { [name]: ['x'] } } },
      { text: name, says: `'${name}' expects an argument` },
    ],
    apply(bind, [value]) {
      bind.other[name] = [value];
    },
  });
}

export const v4v6 = defineFlag('v4v6', 'An IPv6 socket takes IPv4 connections too.');
export const v6only = defineFlag('v6only', 'An IPv6 socket takes IPv6 connections only.');
export const transparent = defineFlag('transparent', 'The address need not belong to the machine.');
export const maxconn = defineNumber('maxconn', 0, 'Most connections of this listener at once.');
export const backlog = defineNumber('backlog', 0, 'Length of the kernel queue of this listener.');
export const uid = defineNumber('uid', 0, 'Owner of a UNIX socket, by number.');
export const gid = defineNumber('gid', 0, 'Group of a UNIX socket, by number.');
export const nice = defineInert('nice', 'Priority of connections in the scheduler.', 'the streams of a thread take turns by their events.');
export const label = defineInert('label', 'A word that commands of the runtime API find the listener by.', 'there are no such commands.');
export const thread = defineInert('thread', 'Which threads accept.', 'every thread takes what it is free for.');
export const process = defineInert('process', 'Which processes accept.', 'there is one process.');
export const quicAlgorithm = defineInert('quic-cc-algo', 'Congestion control of QUIC.', NO_QUIC);
export const quicSocket = defineInert('quic-socket', 'Sockets of QUIC connections.', NO_QUIC);
export const ktls = defineInert('ktls', 'TLS of the kernel: on or off.', 'it is never used.');
export const congestion = defineInert('cc', 'Congestion control of the connections.', "the system's default is used, as without the word.");
export const shards = defineInert('shards', 'How many sockets listen.', 'all threads accept from one socket.');
export const severityOutput = defineInert(
  'severity-output',
  'How the runtime API marks severities: none, number, string.',
  'there is no runtime API yet.',
);

export const acceptProxy = defineBindOption({
  name: 'accept-proxy',
  args: [],
  doc:
    'Every connection begins with a PROXY header, version 1 or 2: its addresses are the client and what it connected to, from ' +
    '`tcp-request session` rules on. A connection without one is reset and logged. `timeout client-hs` bounds the wait.',
  examples: [{ text: 'accept-proxy', gives: { acceptProxy: true } }],
  apply(bind) {
    bind.acceptProxy = true;
  },
});

export const name = defineBindOption({
  name: 'name',
  args: [{ name: 'name', kind: 'text' }],
  doc: 'Name of the listener in statistics and error logs.',
  examples: [{ text: 'name web', gives: { name: 'web' } }],
  apply(bind, [value]) {
    bind.name = value;
  },
});

export const id = defineBindOption({
  name: 'id',
  args: [{ name: 'number', kind: 'integer', min: 1, max: 2147483647 }],
  doc: 'Number of the listener in statistics; the line must have a single address.',
  examples: [
    { text: 'id 12', gives: { id: 12 } },
    { text: 'id 0', says: 'must be between 1' },
  ],
  apply(bind, [value], context) {
    bind.id = value;
    if (bind.addresses.length > 1) context.error({ text: "'id' can only be used with a single socket" });
  },
});

export const networkInterface = defineBindOption({
  name: 'interface',
  args: [{ name: 'interface', kind: 'text' }],
  doc: 'Only connections that arrive on this network interface.',
  examples: [{ text: 'interface lo', gives: { interface: 'lo' } }],
  apply(bind, [value]) {
    bind.interface = value;
  },
});

export const mode = defineBindOption({
  name: 'mode',
  args: [{ name: 'mode', kind: 'word' }],
  doc: 'Permissions of a UNIX socket, octal.',
  examples: [
    { text: 'mode 660', gives: { mode: 0o660 } },
    { text: 'mode 8', says: "invalid mode '8' (octal integer expected)" },
  ],
  apply(bind, [word], context) {
    if (/^[0-7]{1,4}$/.test(word.text)) bind.mode = Number.parseInt(word.text, 8);
    else context.error({ text: `'mode' : missing or invalid mode '${word.text}' (octal integer expected)`, word });
  },
});

function defineAccount(keyword: 'user' | 'group', field: 'uid' | 'gid', doc: string): BindOption {
  return defineBindOption({
    name: keyword,
    args: [{ name: keyword, kind: 'word' }],
    doc,
    examples: [
      { text: `${keyword} root`, gives: { [field]: 0 } },
      { text: `${keyword} no-such-name`, says: `unknown ${keyword} 'no-such-name'` },
    ],
    apply(bind: BindModel, [word], context) {
      bind[field] = keyword === 'user' ? context.userId(word) : context.groupId(word);
    },
  });
}

export const user = defineAccount('user', 'uid', 'Owner of a UNIX socket.');
export const group = defineAccount('group', 'gid', 'Group of a UNIX socket.');

export const level = defineBindOption({
  name: 'level',
  args: [{ name: 'level', kind: 'choice', choices: ['user', 'operator', 'admin'] }],
  doc: 'What the runtime API allows on this socket; `operator` if unset.',
  examples: [
    { text: 'level admin', gives: { level: 'admin' } },
    { text: 'level root', says: "allowed: 'user', 'operator', 'admin'" },
  ],
  apply(bind, [value]) {
    bind.level = value;
  },
});

export const exposeFd = defineBindOption({
  name: 'expose-fd',
  args: [{ name: 'what', kind: 'choice', choices: ['listeners'] }],
  doc: 'A new process may fetch the listening sockets here.',
  noEffect: 'there is no runtime API yet.',
  examples: [{ text: 'expose-fd listeners', gives: { other: { 'expose-fd': ['listeners'] } } }],
  apply(bind, [what]) {
    bind.other['expose-fd'] = [what];
  },
});
