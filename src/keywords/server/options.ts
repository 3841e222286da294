/** Options of `server` and `default-server` lines (HAProxy configuration manual, 5.2). */
import type { ServerModel } from '../../model/config.ts';
import { defineServerOption, type ServerOption } from '../define.ts';

const MOST = 2147483647;

type NumberField = 'maxconn' | 'minconn' | 'maxqueue' | 'rise' | 'fall';

function defineCount(name: NumberField, min: number, doc: string): ServerOption {
  return defineServerOption({
    name,
    args: [{ name: 'count', kind: 'integer', min, max: MOST }],
    doc,
    examples: [
      { text: `${name} 5`, gives: { [name]: 5 } },
      { text: `${name} x`, says: `'${name}' expects an integer argument` },
    ],
    apply(server, [count]) {
      server[name] = count;
    },
  });
}

type TimeField = 'interMs' | 'fastinterMs' | 'downinterMs' | 'slowstartMs';

function defineDelay(name: string, field: TimeField, doc: string): ServerOption {
  return defineServerOption({
    name,
    args: [{ name: 'delay', kind: 'time', min: 1 }],
    doc,
    examples: [
      { text: `${name} 3s`, gives: { [field]: 3000 } },
      { text: `${name} 1x`, says: "unexpected character 'x'" },
      { text: `${name} 0`, says: 'must be at least 1 ms' },
    ],
    apply(server, [delayMs]) {
      server[field] = delayMs;
    },
  });
}

function defineFlag(name: string, field: 'check' | 'backup' | 'disabled', value: boolean, doc: string): ServerOption {
  return defineServerOption({
    name,
    args: [],
    doc,
    examples: [{ text: name, gives: { [field]: value } }],
    apply(server) {
      server[field] = value;
    },
  });
}

/** Options that undo what this version does not do: nothing is left to undo. */
function defineUndo(name: string): ServerOption {
  return defineServerOption({
    name,
    args: [],
    doc: `Undoes \`${name.slice(3)}\`.`,
    noEffect: `\`${name.slice(3)}\` is not supported by this version, so it is never on.`,
    examples: [{ text: name, gives: {} }],
    apply() {},
  });
}

/** A number that is kept by name; -1 means no limit. */
function defineLimit(name: string, doc: string, noEffect?: string): ServerOption {
  return defineServerOption({
    ...(noEffect === undefined ? {} : { noEffect }),
    name,
    args: [{ name: 'count', kind: 'integer', min: -1, max: MOST }],
    doc,
    examples: [{ text: `${name} 10`, gives: { other: { [name]: ['10'] } } }],
    apply(server, [value]) {
      server.other[name] = [String(value)];
    },
  });
}

export const check = defineFlag('check', 'check', true, 'The server is checked.');
export const noCheck = defineFlag('no-check', 'check', false, 'The server is not checked: undoes `check` of a default-server.');
export const backup = defineFlag('backup', 'backup', true, 'Used only while no other server is usable.');
export const noBackup = defineFlag('no-backup', 'backup', false, 'An ordinary server: undoes `backup`.');
export const disabled = defineFlag('disabled', 'disabled', true, 'Starts in maintenance.');
export const enabled = defineFlag('enabled', 'disabled', false, 'Starts in service: undoes `disabled`.');

export const maxconn = defineCount('maxconn', 0, 'Most connections at once; further requests wait in a queue. 0: no limit.');
export const minconn = defineCount(
  'minconn',
  0,
  'The limit of connections while the backend is idle: grows to `maxconn` with its load (`fullconn`).',
);
export const maxqueue = defineCount('maxqueue', 0, 'Most requests that wait for this server; others are sent elsewhere. 0: no limit.');
export const rise = defineCount('rise', 1, 'Good checks that bring a server back.');
export const fall = defineCount('fall', 1, 'Bad checks that take a server down.');

export const inter = defineDelay('inter', 'interMs', 'Interval of health checks; 2 s if unset.');
export const fastinter = defineDelay('fastinter', 'fastinterMs', 'Interval while a server changes between up and down.');
export const downinter = defineDelay('downinter', 'downinterMs', 'Interval while a server is down.');

export const noAgentCheck = defineUndo('no-agent-check');
export const noCheckReusePool = defineUndo('no-check-reuse-pool');
export const noTfo = defineUndo('no-tfo');

export const poolMaxConn = defineLimit('pool-max-conn', 'Most idle connections to this server.');
export const poolLowConn = defineLimit('pool-low-conn', 'Idle connections below which none is taken from another thread.', 'none ever is.');
export const poolPurgeDelay = defineServerOption({
  name: 'pool-purge-delay',
  args: [{ name: 'delay', kind: 'time' }],
  doc: 'How often half of the idle connections are closed; 5 s if unset.',
  examples: [{ text: 'pool-purge-delay 2s', gives: { other: { 'pool-purge-delay': ['2000'] } } }],
  apply(server, [delayMs]) {
    server.other['pool-purge-delay'] = [String(delayMs)];
  },
});
export const tcpUserTimeout = defineServerOption({
  name: 'tcp-ut',
  args: [{ name: 'delay', kind: 'time', min: 1, max: MOST }],
  doc: 'How long data to the server may stay unacknowledged before the kernel gives the connection up.',
  examples: [
    { text: 'tcp-ut 30s', gives: { other: { 'tcp-ut': ['30000'] } } },
    { text: 'tcp-ut', says: "'tcp-ut' expects" },
  ],
  apply(server, [delayMs]) {
    server.other['tcp-ut'] = [String(delayMs)];
  },
});
export const maxReuse = defineLimit('max-reuse', 'How many requests a server connection may carry.');

export const slowstart = defineServerOption({
  name: 'slowstart',
  args: [{ name: 'time', kind: 'time' }],
  doc: 'A server that came back gets its full weight and limit only after that time.',
  examples: [{ text: 'slowstart 60s', gives: { slowstartMs: 60000 } }],
  apply(server, [timeMs]) {
    server.slowstartMs = timeMs;
  },
});

export const weight = defineServerOption({
  name: 'weight',
  args: [{ name: 'weight', kind: 'integer', min: 0, max: 256 }],
  doc: 'Share of the load, 0 to 256; 1 if unset. 0: only persistent traffic.',
  examples: [
    { text: 'weight 10', gives: { weight: 10 } },
    { text: 'weight 300', says: 'must be between 0 and 256 (was 300)' },
  ],
  apply(server, [value]) {
    server.weight = value;
  },
});

export const cookie = defineServerOption({
  name: 'cookie',
  args: [{ name: 'value', kind: 'text', optional: true }],
  doc: 'Value of the persistence cookie that means this server.',
  examples: [
    { text: 'cookie web-a', gives: { cookie: 'web-a' } },
    { text: 'cookie', says: "'cookie' expects <value> as argument" },
  ],
  apply(server: ServerModel, [value], context) {
    if (value === null) context.error({ text: "'cookie' expects <value> as argument." });
    else server.cookie = value;
  },
});

export const id = defineServerOption({
  name: 'id',
  single: true,
  args: [{ name: 'id', kind: 'integer', min: 1, max: MOST }],
  doc: 'Fixed number of the server, for hashes, stick tables and commands.',
  examples: [
    { text: 'id 7', gives: { id: 7 } },
    { text: 'id 0', says: 'must be between 1' },
  ],
  apply(server, [value]) {
    server.id = value;
  },
});

export const port = defineServerOption({
  name: 'port',
  args: [{ name: 'port', kind: 'integer', min: 1, max: 65535 }],
  doc: 'Port of health checks, if it is not the one of the traffic.',
  examples: [
    { text: 'port 8081', gives: { checkPort: 8081 } },
    { text: 'port 70000', says: 'must be between 1 and 65535' },
  ],
  apply(server, [value]) {
    server.checkPort = value;
  },
});

export const addr = defineServerOption({
  name: 'addr',
  args: [{ name: 'address', kind: 'word' }],
  doc: 'Address of health checks, if it is not the one of the traffic.',
  examples: [
    { text: 'addr 10.0.0.9', gives: { checkAddress: { family: 4 } } },
    { text: 'addr ::1', gives: { checkAddress: { family: 6 } } },
    { text: 'addr somewhere', says: "'somewhere' is a name: an IP address is needed here" },
  ],
  apply(server, [word], context) {
    server.checkAddress = context.literalAddress(word);
  },
});

export const source = defineServerOption({
  name: 'source',
  args: [{ name: 'address', kind: 'word' }],
  doc: 'Address from which the server is connected to.',
  examples: [
    { text: 'source 127.0.0.2', gives: { source: { family: 4, port: 0 } } },
    { text: 'source 0.0.0.0 usesrc client', says: "keyword 'usesrc' is not supported by this version" },
  ],
  apply(server, [word], context) {
    server.source = context.literalAddress(word);
  },
});
