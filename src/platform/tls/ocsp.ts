/**
 * Questions to OCSP servers and what they answer (RFC 6960): made, read and judged by OpenSSL, for the control thread. It must not know
 * where questions go, nor when they are asked.
 */
import { ownArea } from '../ffi.ts';
import { lend } from './lending.ts';
import * as lib from './library.ts';
import * as calls from './ocsp-calls.ts';
import { isIssuedBy, type Native } from './pem.ts';
import { printed } from './printing.ts';

const NULL = 0n;
/** OCSP_RESPONSE_STATUS_SUCCESSFUL */
const SUCCESSFUL = 0;
/** V_OCSP_CERTSTATUS_… */
const STATES = ['good', 'revoked'] as const;
/** Clocks may differ by so much. */
const SKEW_S = 300n;
/** X509_V_FLAG_PARTIAL_CHAIN: who signed the certificate is trusted, whoever signed that one. */
const PARTIAL_CHAIN = 0x80000n;
const NO_LIMIT = -1n;

/** The certificate of a question. */
export interface OcspSubject {
  /** DER of its CertID (RFC 6960 4.1.1), with SHA-1 as all servers know it. */
  readonly id: Uint8Array;
  /** Of the responder, as the certificate says; null: it says none. */
  readonly uri: string | null;
}

export interface OcspAnswer {
  readonly id: Uint8Array;
  readonly state: (typeof STATES)[number];
  /** Milliseconds since 1970 of the time when it ends. */
  readonly untilMs: number;
}

/** Among `candidates` the certificate that has signed this one. */
export function issuerOf(certificate: Native, candidates: readonly Native[]): Native | null {
  return candidates.find((each) => isIssuedBy(certificate, each)) ?? null;
}

export function ocspSubject(certificate: Native, issuer: Native): OcspSubject | null {
  const id = calls.idOf(calls.sha1(), certificate, issuer);
  if (id === NULL) return null;
  try {
    return { id: derOf((at) => calls.idDer(id, at)), uri: responderOf(certificate) };
  } finally {
    calls.idFree(id);
    lib.errClear();
  }
}

/** The server that a certificate names, the first of its authority information access (RFC 5280 4.2.2.1); null: none. */
export function responderOf(certificate: Native): string | null {
  const names = calls.responderNames(certificate);
  if (names === NULL) return null;
  const first = lib.stackLength(names) > 0 ? lib.textAt(lib.stackItem(names, 0)) : null;
  calls.namesFree(names);
  return first;
}

/** DER of the question about one certificate, without a nonce: servers answer from a store. */
export function ocspRequest(id: Uint8Array): Uint8Array {
  const parsed = readDer(id, calls.idRead);
  const request = calls.requestNew();
  try {
    if (parsed === NULL || request === NULL || calls.requestAdd(request, parsed) === NULL) throw new Error('no OCSP request can be made');
    return derOf((at) => calls.requestDer(request, at));
  } finally {
    calls.requestFree(request);
    lib.errClear();
  }
}

/** What a response says, if it is one that may be shown now. Its signature is not looked at. @throws Error that says what is wrong */
export function readAnswer(der: Uint8Array): OcspAnswer {
  return withBasic(der, (basic) => answerIn(basic));
}

/** As `readAnswer`, and it must be signed by the issuer or by whom the issuer has entitled (RFC 6960 4.2.2.2). @throws Error */
export function judgeAnswer(der: Uint8Array, issuer: Native): OcspAnswer {
  return withBasic(der, (basic) => {
    verify(basic, issuer);
    return answerIn(basic);
  });
}

/** As `openssl ocsp -text` shows it. '' if it can't be read. */
export function answerText(der: Uint8Array): string {
  const response = readDer(der, calls.responseRead);
  lib.errClear();
  if (response === NULL) return '';
  try {
    return printed((bio) => calls.responsePrint(bio, response, 0n));
  } finally {
    calls.responseFree(response);
  }
}

function withBasic<T>(der: Uint8Array, use: (basic: bigint) => T): T {
  const response = readDer(der, calls.responseRead);
  lib.errClear();
  if (response === NULL) throw new Error('Unable to parse OCSP response');
  try {
    if (calls.responseStatus(response) !== SUCCESSFUL) throw new Error('OCSP response status not successful');
    const basic = calls.basicOf(response);
    if (basic === NULL) throw new Error('Failed to get basic response from OCSP response');
    try {
      return use(basic);
    } finally {
      calls.basicFree(basic);
    }
  } finally {
    calls.responseFree(response);
    lib.errClear();
  }
}

function verify(basic: bigint, issuer: Native): void {
  const store = calls.storeNew();
  const others = calls.stackNew();
  try {
    lib.storeCertificate(store, issuer);
    lib.storeFlags(store, PARTIAL_CHAIN);
    calls.stackPush(others, issuer);
    if (calls.basicVerify(basic, others, store, 0n) !== 1) throw new Error(`OCSP response verification failed: ${lib.takeError()}`);
  } finally {
    calls.stackFree(others);
    calls.storeFree(store);
  }
}

/** Addresses of the reason, and of the times of revocation, of the answer and of its end. */
const cells = ownArea(64);
const times = new BigUint64Array(cells.bytes.buffer);

function answerIn(basic: bigint): OcspAnswer {
  const count = calls.basicCount(basic);
  if (count !== 1) throw new Error(`OCSP response ignored: it contains ${count} single responses, expected 1`);
  const single = calls.basicSingle(basic, 0);
  times.fill(0n);
  const at = cells.pointer;
  const status = calls.singleStatus(single, NULL, NULL, at, at + 8n);
  const [from, until] = times as unknown as [bigint, bigint];
  const state = STATES[status];
  if (state === undefined) throw new Error('OCSP single response: certificate status is unknown');
  if (until === NULL) throw new Error('OCSP single response: missing nextupdate');
  if (calls.checkValidity(from, until, SKEW_S, NO_LIMIT) !== 1) throw new Error('OCSP single response: no longer valid, or not yet');
  const id = calls.singleId(single);
  return { id: derOf((into) => calls.idDer(id, into)), state, untilMs: millisecondsOf(until) };
}

const fields = ownArea(64);

/** Of a time of ASN.1: always UTC. */
function millisecondsOf(time: bigint): number {
  if (calls.timeFields(time, fields.pointer) !== 1) return 0;
  const [second = 0, minute = 0, hour = 0, day = 1, month = 0, year = 70] = fields.words;
  return Date.UTC(1900 + year, month, day, hour, minute, second);
}

const cursor = ownArea(8);
const cursorAt = new BigUint64Array(cursor.bytes.buffer);

/** What a `d2i_…` function makes of bytes; 0n: nothing. */
function readDer(der: Uint8Array, read: (into: bigint, at: bigint, length: bigint) => bigint): bigint {
  return lend(der, (at) => {
    cursorAt[0] = at;
    return read(NULL, cursor.pointer, BigInt(der.length));
  });
}

/** What an `i2d_…` function writes. */
function derOf(write: (at: bigint) => number): Uint8Array {
  const length = write(NULL);
  if (length <= 0) throw new Error(`no DER: ${lib.takeError()}`);
  const room = ownArea(length);
  cursorAt[0] = room.pointer;
  return room.bytes.slice(0, write(cursor.pointer));
}
