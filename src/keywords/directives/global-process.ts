/** The process: identity, limits, start and stop (HAProxy configuration manual, 3.1 and 3.2). */
import type { GlobalModel } from '../../model/config.ts';
import { type Directive, defineGlobal } from '../define.ts';

const MOST = 2147483647;

type Field<T> = { [K in keyof GlobalModel]: GlobalModel[K] extends T ? K : never }[keyof GlobalModel];

function defineNumber(name: string, field: Field<number | null>, min: number, max: number, doc: string, noEffect?: string): Directive {
  return defineGlobal({
    ...(noEffect === undefined ? {} : { noEffect }),
    name,
    args: [{ name: 'number', kind: 'integer', min, max }],
    doc,
    examples: [
      { text: `${name} ${min + 1}`, gives: { [field]: min + 1 } },
      { text: `${name} x`, says: `'${name}' expects an integer argument` },
      { text: `${name} -5`, says: 'must be between' },
    ],
    apply(global, [value]) {
      (global[field] as number | null) = value;
    },
  });
}

function defineTime(name: string, field: Field<number | null>, doc: string, min = 0, noEffect?: string): Directive {
  return defineGlobal({
    ...(noEffect === undefined ? {} : { noEffect }),
    name,
    args: [{ name: 'time', kind: 'time', min }],
    doc,
    examples: [
      { text: `${name} 30s`, gives: { [field]: 30000 } },
      { text: `${name} 10x`, says: "unexpected character 'x'" },
    ],
    apply(global, [value]) {
      (global[field] as number | null) = value;
    },
  });
}

function defineText(name: string, field: Field<string | null>, doc: string): Directive {
  return defineGlobal({
    name,
    args: [{ name: 'text', kind: 'text' }],
    doc,
    examples: [
      { text: `${name} abc`, gives: { [field]: 'abc' } },
      { text: name, says: `'${name}' expects` },
    ],
    apply(global, [value]) {
      (global[field] as string | null) = value;
    },
  });
}

export const globalMaxconn = defineNumber(
  'maxconn',
  'maxconn',
  0,
  MOST,
  'Most connections of the process; from the descriptor limit if unset.',
);
export const nbthread = defineNumber('nbthread', 'nbthread', 1, 1024, 'Number of data threads; one for each core if unset.');
export const uid = defineNumber('uid', 'uid', 0, MOST, 'User number to run as.');
export const gid = defineNumber('gid', 'gid', 0, MOST, 'Group number to run as.');
export const ulimitN = defineNumber('ulimit-n', 'ulimitN', 0, MOST, 'Limit of open descriptors.');
const PACE = 'further ones wait in the kernel, none is refused. 0: no limit.';
export const maxconnrate = defineNumber(
  'maxconnrate',
  'maxConnectionRate',
  0,
  MOST,
  `Most connections that the process accepts in a second; ${PACE}`,
);
export const maxsessrate = defineNumber(
  'maxsessrate',
  'maxSessionRate',
  0,
  MOST,
  `Most sessions that begin in a second, connections that \`tcp-request connection\` rules let through; ${PACE}`,
);
export const maxsslrate = defineNumber(
  'maxsslrate',
  'maxTlsRate',
  0,
  MOST,
  `Most connections that \`bind … ssl\` lines accept in a second; ${PACE}`,
);
export const statsMaxconn = defineNumber(
  'stats maxconn',
  'statsMaxconn',
  1,
  MOST,
  'Most connections to the runtime API.',
  'there is none yet.',
);
export const spreadChecks = defineNumber(
  'spread-checks',
  'spreadChecks',
  0,
  50,
  'Random part of the interval between health checks, in percent.',
);

export const hardStopAfter = defineTime(
  'hard-stop-after',
  'hardStopAfterMs',
  'After a soft stop, connections that are left are closed at that time.',
);
export const grace = defineTime('grace', 'graceMs', 'Time between the signal for a soft stop and the stop: for who watches `stopping`.');
export const closeSpreadTime = defineGlobal({
  name: 'close-spread-time',
  args: [{ name: 'time', kind: 'word' }],
  doc: 'A soft stop closes connections over that time, not all at once; `infinite`: it closes none, they end by their timeouts.',
  examples: [
    { text: 'close-spread-time 10s', gives: { closeSpreadMs: 10000 } },
    { text: 'close-spread-time infinite', gives: { closeSpreadMs: -1 } },
    { text: 'close-spread-time 10x', says: "'close-spread-time'" },
  ],
  apply(global, [time], context) {
    const spreadMs = time.text === 'infinite' ? -1 : context.time(time, 'close-spread-time');
    if (spreadMs !== null) global.closeSpreadMs = spreadMs;
  },
});
export const statsTimeout = defineTime(
  'stats timeout',
  'statsTimeoutMs',
  'Longest inactivity on the runtime API.',
  1,
  'there is none yet.',
);
export const maxSpreadChecks = defineTime(
  'max-spread-checks',
  'maxSpreadChecksMs',
  'Longest delay between the first and the last health check.',
);

export const pidfile = defineText('pidfile', 'pidfile', 'File that gets the number of the process.');
export const globalChroot = defineText('chroot', 'chroot', 'Directory that the process locks itself into.');

function defineAccount(name: 'user' | 'group', doc: string): Directive {
  return defineGlobal({
    name,
    args: [{ name: 'name', kind: 'word' }],
    doc,
    examples: [
      { text: `${name} root`, gives: { [name]: 'root' } },
      { text: `${name} no-such-name`, says: `unknown ${name} 'no-such-name'` },
      { text: name, says: `'${name}' expects` },
    ],
    apply(global, [word], context) {
      const id = name === 'user' ? context.userId(word) : context.groupId(word);
      if (id !== null) global[name] = word.text;
    },
  });
}

export const user = defineAccount('user', 'User to run as.');
export const group = defineAccount('group', 'Group to run as.');
export const globalLogTag = defineText('log-tag', 'logTag', 'Tag of log lines; `haproxy` if unset.');
export const node = defineText('node', 'node', 'Name of this node in statistics.');

export const globalDescription = defineGlobal({
  name: 'description',
  args: [
    { name: 'text', kind: 'text' },
    { name: 'more', kind: 'rest' },
  ],
  doc: 'Description of the process in statistics.',
  examples: [{ text: 'description edge proxy', gives: { description: 'edge proxy' } }],
  apply(global, [text, more]) {
    global.description = [text, ...more.map((word) => word.text)].join(' ');
  },
});

export const logSendHostname = defineGlobal({
  name: 'log-send-hostname',
  args: [{ name: 'name', kind: 'text', optional: true }],
  doc: 'Puts a host name into log lines: that of the system, or the one given.',
  examples: [
    { text: 'log-send-hostname', gives: { logSendHostname: '' } },
    { text: 'log-send-hostname edge1', gives: { logSendHostname: 'edge1' } },
  ],
  apply(global, [name]) {
    global.logSendHostname = name ?? '';
  },
});

export const daemon = defineGlobal({
  name: 'daemon',
  args: [],
  doc: 'Runs in the background.',
  examples: [
    { text: 'daemon', gives: { daemon: true } },
    { text: 'daemon x', says: "unexpected argument 'x'" },
  ],
  apply(global) {
    global.daemon = true;
  },
});

export const zeroWarning = defineGlobal({
  name: 'zero-warning',
  args: [],
  doc: 'Any warning of the start is fatal, as with `-dW`.',
  examples: [{ text: 'zero-warning', gives: { flags: { 'zero-warning': true } } }],
  apply(global) {
    global.flags['zero-warning'] = true;
  },
});

export const statsSocket = defineGlobal({
  name: 'stats socket',
  args: [
    { name: 'address', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'Where the runtime API listens: a path, `fd@N` or a TCP address, with options of `bind` lines.',
  examples: [
    {
      text: 'stats socket /run/hawser.sock mode 660 level admin expose-fd listeners',
      gives: { statsSockets: [{ mode: 0o660, level: 'admin', addresses: [{ family: 1, path: '/run/hawser.sock' }] }] },
    },
    { text: 'stats socket ipv4@127.0.0.1:9999 level operator', gives: { statsSockets: [{ level: 'operator' }] } },
    { text: 'stats socket fd@5 level user', gives: { statsSockets: [{ addresses: [{ family: 3, port: 5 }] }] } },
    { text: 'stats socket /s mode 66z', says: "invalid mode '66z' (octal integer expected)" },
    { text: 'stats socket /s level root', says: "allowed: 'user', 'operator', 'admin'" },
  ],
  apply(global, [address, options], context) {
    const bind = context.bindLine(address, options);
    if (bind === null) return;
    bind.level ??= 'operator';
    global.statsSockets.push(bind);
  },
});
