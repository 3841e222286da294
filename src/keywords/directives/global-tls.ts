/**
 * `tune.ssl.*`: what holds for all TLS connections (HAProxy configuration manual, 3.2). Values are in the model under HAProxy's name.
 * What tunes machinery that exists only in HAProxy is in global-internals.ts.
 */
import { type Directive, defineGlobal } from '../define.ts';

const MOST = 2147483647;
/** A hello has its place in one record, which is no longer (RFC 8446 5.1). */
const LONGEST_RECORD = 16384;
/** Each record costs 22 bytes and a call: shorter ones would multiply both. */
const SHORTEST_RECORD = 64;

const NUMBER = [{ name: 'number', kind: 'integer', min: 0, max: MOST }] as const;

function defineSize(name: string, doc: string, adjust: (value: number) => number): Directive {
  return defineGlobal({
    name,
    args: NUMBER,
    doc,
    examples: [
      { text: `${name} 100`, gives: { tune: { [name]: 100 } } },
      { text: `${name} 0`, gives: { tune: { [name]: 0 } } },
      { text: `${name} x`, says: 'expects an integer argument' },
      { text: `${name} -1`, says: 'must be ' },
    ],
    apply(global, [value], context) {
      const taken = adjust(value);
      if (taken !== value) context.warn(`'${name}' : ${value} is out of what this version can use, ${taken} is taken instead.`);
      global.tune[name] = taken;
    },
  });
}

function defineHelloSize(name: string, doc: string, use: string | null): Directive {
  return defineGlobal({
    name,
    args: NUMBER,
    doc,
    examples: [
      { text: `${name} 100`, gives: { tune: { 'tune.ssl.capture-buffer-size': 100 } } },
      { text: `${name} x`, says: 'expects an integer argument' },
      { text: `${name} -1`, says: 'must be ' },
    ],
    apply(global, [value], context) {
      if (use !== null) context.warn(`'${name}' is deprecated: use '${use}'.`);
      global.tune['tune.ssl.capture-buffer-size'] = Math.min(value, LONGEST_RECORD);
    },
  });
}

export const captureBufferSize = defineHelloSize(
  'tune.ssl.capture-buffer-size',
  "Bytes of a client's hello that are kept for `ssl_fc_cipherlist_bin` and its like, for each connection; none if unset or 0. At most 16384 are used.",
  null,
);
export const captureCipherlistSize = defineHelloSize(
  'tune.ssl.capture-cipherlist-size',
  'Old name of `tune.ssl.capture-buffer-size`.',
  'tune.ssl.capture-buffer-size',
);

function recordSize(value: number): number {
  return value > 0 && value < SHORTEST_RECORD ? SHORTEST_RECORD : value;
}

export const maxsslconn = defineSize(
  'maxsslconn',
  'Most connections of all threads that speak TLS, of clients and to servers together: one that does both counts twice. Clients wait in the kernel until there is room, connections to servers fail with error 27. 0, the default: as many as `maxconn` allows.',
  (value) => value,
);

export const maxRecord = defineSize(
  'tune.ssl.maxrecord',
  'Most bytes of a TLS record while a transfer begins: the first 64 kB, and again after a pause of `tune.idletimer`, so that a client can use what has come. 0, the default: as many as there are. Less than 64 is taken as 64.',
  recordSize,
);
export const hardMaxRecord = defineSize(
  'tune.ssl.hard-maxrecord',
  'Most bytes of every TLS record that is sent. 0, the default: no limit but that of TLS, 16384. Less than 64 is taken as 64.',
  recordSize,
);

export const keyUpdateRateLimit = defineSize(
  'tune.ssl.keyupdate-rate-limit',
  'How often a peer of TLS 1.3 may change its keys in a second (KeyUpdate), client or server: a connection on which it does so more often is reset. Each change costs some microseconds. 0, the default: no limit.',
  (value) => value,
);

/** Beyond it the rooms for them would not grow any more. */
const MOST_SESSIONS = 5_000_000;

export const cacheSize = defineSize(
  'tune.ssl.cachesize',
  'Sessions of clients that all threads keep together, where no ticket carries them (`no-tls-tickets`, clients that take none): 200 bytes each, 20000 if unset. When there is no room the oldest goes. 0: none are kept.',
  (value) => Math.min(value, MOST_SESSIONS),
);

export const forcePrivateCache = defineGlobal({
  name: 'tune.ssl.force-private-cache',
  args: [],
  doc: 'Processes do not share their sessions.',
  noEffect: 'there is one process, and its threads do.',
  examples: [
    { text: 'tune.ssl.force-private-cache', gives: {} },
    { text: 'tune.ssl.force-private-cache x', says: "unexpected argument 'x'" },
  ],
  apply() {},
});

export const idleTimer = defineGlobal({
  name: 'tune.idletimer',
  args: [{ name: 'timeout', kind: 'time', max: 65535 }],
  doc: 'How long nothing must have been sent until `tune.ssl.maxrecord` holds again; 1 second if unset. 0: it holds at the beginning of a connection only.',
  examples: [
    { text: 'tune.idletimer 100ms', gives: { tune: { 'tune.idletimer': 100 } } },
    { text: 'tune.idletimer 1x', says: "unexpected character 'x'" },
  ],
  apply(global, [timeMs]) {
    global.tune['tune.idletimer'] = timeMs;
  },
});

export const sessionLifetime = defineGlobal({
  name: 'tune.ssl.lifetime',
  args: [{ name: 'timeout', kind: 'time', unit: 's' }],
  doc: 'How long a client may go on with a TLS session, in seconds; 2 hours if unset or 0, as with HAProxy in practice, although its manual says 5 minutes.',
  examples: [
    { text: 'tune.ssl.lifetime 10', gives: { tune: { 'tune.ssl.lifetime': 10 } } },
    { text: 'tune.ssl.lifetime 10m', gives: { tune: { 'tune.ssl.lifetime': 600 } } },
    { text: 'tune.ssl.lifetime 1ms', gives: { tune: { 'tune.ssl.lifetime': 1 } } },
    { text: 'tune.ssl.lifetime x', says: "unexpected character 'x'" },
  ],
  apply(global, [timeMs]) {
    global.tune['tune.ssl.lifetime'] = Math.ceil(timeMs / 1000);
  },
});

export const keyLog = defineGlobal({
  name: 'tune.ssl.keylog',
  args: [{ name: 'state', kind: 'choice', choices: ['on', 'off'] }],
  doc: 'Keeps the secrets of TLS 1.3 for `ssl_fc_client_traffic_secret_0` and its like, some 800 bytes a connection: whoever reads them can decrypt everything.',
  examples: [
    { text: 'tune.ssl.keylog on', gives: { flags: { 'tune.ssl.keylog': true } } },
    { text: 'tune.ssl.keylog yes', says: "allowed: 'on', 'off'" },
  ],
  apply(global, [state]) {
    global.flags['tune.ssl.keylog'] = state === 'on';
  },
});

export const certificateCompression = defineGlobal({
  name: 'tune.ssl.certificate-compression',
  args: [{ name: 'mode', kind: 'choice', choices: ['auto', 'off'] }],
  doc: 'Whether certificates may be sent and taken compressed (RFC 8879): `auto`, as the TLS library can, or `off`.',
  examples: [
    { text: 'tune.ssl.certificate-compression off', gives: { flags: { 'tune.ssl.certificate-compression': false } } },
    { text: 'tune.ssl.certificate-compression no', says: "allowed: 'auto', 'off'" },
  ],
  apply(global, [mode]) {
    global.flags['tune.ssl.certificate-compression'] = mode === 'auto';
  },
});
