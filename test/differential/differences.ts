/**
 * Where HAProxy 3.5 answers otherwise than the 2.6 that is installed: Hawser follows 3.5.
 * Key: `req` or `resp`, and the case. What is not named must be as in 2.6; where the statuses
 * are named, the responses are judged by them alone.
 */
import type { End, SeenRequest } from '../corpus/cases.ts';

export interface KnownDifference {
  readonly reason: string;
  readonly st?: readonly (number | string)[];
  readonly end?: End;
  readonly log?: readonly string[];
  /** The first message that the server received, in parts; null: it received nothing. */
  readonly forwarded?: SeenRequest | null;
}

/** Refused while reading the head or the first chunk. */
function refused(reason: string, status = 400): KnownDifference {
  return { reason, st: [status], end: 'close', log: [`${status} PR "<BADREQ>" "<BADREQ>" <BADREQ>`], forwarded: null };
}

/** A body that never ends is the client's fault: its timeout is the one that counts. */
const BODY_TIMEOUT: KnownDifference = {
  reason: 'timeout client, and 400 cH, where 2.6 waits for timeout server',
  st: [400],
  end: 'idle',
  log: ['400 cH "POST" "/p" HTTP/1.1'],
};

/** An answer that is none: 502, and the client's connection goes on. */
function badAnswer(reason: string): KnownDifference {
  return { reason, st: [502, 200], log: ['502 PH "GET" "/r" HTTP/1.1', '200 -- "GET" "/follow" HTTP/1.1'] };
}

const BARE_LF = refused('a bare LF in the framing of chunks');
const HOST = refused('a character that no authority has');
const UPGRADE = 'Upgrade and Connection: upgrade are forwarded only together, and never for h2c';
const FIELDS = [['host', 'a.test']] as const;

export const DIFFERENCES: Readonly<Record<string, KnownDifference>> = {
  'req framing/length-zeros': {
    reason: 'Content-Length is written anew',
    forwarded: { h: [['content-length', '5'], ...FIELDS], body: 'hello' },
  },
  'req framing/length-too-big': refused('a length that no 64-bit number holds'),
  'req chunks/size-wraps-32': BODY_TIMEOUT,
  'req pace/body-never-ends': BODY_TIMEOUT,
  'req pace/chunk-never-ends': BODY_TIMEOUT,
  'req chunks/lf-after-size': BARE_LF,
  'req chunks/lf-after-data': BARE_LF,
  'req chunks/lf-after-last': BARE_LF,
  'req chunks/extension-lf': BARE_LF,
  'req chunks/trailer-framing-fields': {
    reason: 'trailers pass whole',
    forwarded: {
      tr: [
        ['content-length', '7'],
        ['host', 'b'],
        ['transfer-encoding', 'chunked'],
      ],
    },
  },
  'req chunks/trailer-bad-name': refused('a name that is none, in trailers as in a head'),
  'req target/star': refused('* is for OPTIONS alone'),
  'req target/connect-with-length': {
    reason: 'a CONNECT that announces a body gets no tunnel',
    st: [502, 408],
    end: 'close',
    log: ['502 SH "CONNECT" "a.test:443" HTTP/1.1', '408 cR "<BADREQ>" "<BADREQ>" <BADREQ>'],
    forwarded: null,
  },
  'req host/comma': HOST,
  'req host/slash': HOST,
  'req host/at': HOST,
  'req host/question': HOST,
  'req host/hash': HOST,
  'req host/space': HOST,
  'req field/value-nul': refused('NUL in a value'),
  'req version/1.0-get-with-length': refused('the same answer with Connection: close', 413),
  'req version/1.0-head-with-length': refused('the same answer with Connection: close', 413),
  'req version/1.0-delete-with-length': refused('the same answer with Connection: close', 413),
  'req connection/empty-items': { reason: 'no list of nothing is forwarded', forwarded: { h: FIELDS } },
  'req connection/upgrade-without-connection': { reason: UPGRADE, forwarded: { h: FIELDS } },
  'req connection/connection-upgrade-only': { reason: UPGRADE, forwarded: { h: FIELDS } },
  'req connection/upgrade-h2c': {
    reason: UPGRADE,
    forwarded: { h: [['connection', 'HTTP2-Settings'], ...FIELDS, ['http2-settings', 'AAMAAABkAARAAAAAAAIAAAAA']] },
  },
  'req limits/field-of-17000': refused('a status that says what was too long', 431),
  'req limits/target-of-17000': refused('a status that says what was too long', 414),
  'resp line/four-digits': badAnswer('a status has three digits at most'),
  'resp framing/chunk-lf': badAnswer('a bare LF in the framing of chunks'),
  'resp field/value-nul': badAnswer('NUL in a value'),
};
