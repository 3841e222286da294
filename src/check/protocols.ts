/**
 * Checks of protocols that are a few fixed steps: what is said, what must be answered, and what is told of it (HAProxy configuration
 * manual, 4.2 option smtpchk, redis-check, mysql-check, pgsql-check, ldap-check, ssl-hello-chk). Steps have HAProxy's numbers.
 */
import type { CheckType } from '../model/check.ts';
import { emptyAnswer } from './content-expect.ts';
import { bindAnswer } from './ldap.ts';
import { authentication, greeting, quickLogin } from './mysql.ts';
import { type CheckStatus, result, Status } from './status.ts';
import type { CheckStep, ExpectStep, Judgement, SendStep } from './steps.ts';

/** What is made of an answer: null, more is needed. `isEnded`: no more will come. */
type AnswerJudge = (received: Buffer, isEnded: boolean) => Judgement | null;

/** All but the first connection. @param words behind the option */
export function protocolSteps(type: CheckType, words: readonly string[]): CheckStep[] {
  switch (type) {
    case 'smtp':
      return smtpSteps(words);
    case 'redis':
      return [send(1, '*1\r\n$4\r\nPING\r\n'), expect(2, redisAnswer, Status.l7Wrong)];
    case 'mysql':
      return mysqlSteps(words);
    case 'pgsql':
      return [send(2, startupMessage(words[0] ?? '')), expect(3, pgsqlAnswer)];
    case 'ldap':
      // A simple bind of nobody, version 3 (RFC 4511 4.2).
      return [send(1, '\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00'), expect(2, ldapAnswer)];
    case 'ssl-hello':
      return [send(1, oldHello()), { ...expect(2, helloAnswer, Status.l6Invalid), timeoutStatus: Status.l6Timeout }];
    default:
      return [];
  }
}

function good(code: number, info: string): Judgement {
  return { isGood: true, result: result(Status.l7Ok, code, info) };
}

function bad(status: CheckStatus, info: string, code = 0): Judgement {
  return { isGood: false, result: result(status, code, info) };
}

/** @param text latin-1 */
function send(number: number, text: string): SendStep {
  return { kind: 'send', number, comment: '', bytes: Buffer.from(text, 'latin1') };
}

/** @param closed what it is called if the server closes without a word */
function expect(number: number, judge: AnswerJudge, closed: CheckStatus = Status.l7Invalid): ExpectStep {
  return {
    kind: 'expect',
    number,
    comment: '',
    what: '',
    timeoutStatus: Status.l7Timeout,
    judge(received, isEnded) {
      if (received.length === 0 && isEnded) return emptyAnswer(number, '', closed);
      return judge(Buffer.from(received.buffer, received.byteOffset, received.length), isEnded) ?? 'more';
    },
  };
}

/** The text up to the end of its line. */
function lineAt(received: Buffer, at: number): string {
  return received.toString('latin1', at).split(/[\r\n]/, 1)[0] as string;
}

// SMTP (RFC 5321 4.2) ---------------------------------------------------------------------------

const CODE_AND_BLANK = /^[0-9]{3}[ \r]/;
/** Lines that say that others follow, and the one that does not. */
const WHOLE_REPLY = /^(?:[0-9]{3}-[^\r\n]*\r?\n)*([0-9]{3})[ \r]/;
/** What can be judged: a code and a character. */
const LEAST_REPLY = 4;

function smtpSteps(words: readonly string[]): CheckStep[] {
  const [hello, domain] = words.length === 2 ? (words as [string, string]) : ['HELO', 'localhost'];
  return [
    expect(2, smtpGreeting),
    send(4, `${hello === 'EHLO' ? 'EHLO' : 'HELO'} ${domain}\r\n`),
    expect(5, smtpReply),
    send(6, 'QUIT\r\n'),
    expect(7, smtpReply),
  ];
}

/** A greeting of several lines is none for HAProxy. */
function smtpGreeting(received: Buffer, isEnded: boolean): Judgement | null {
  if (received.length < LEAST_REPLY && !isEnded) return null;
  if (!CODE_AND_BLANK.test(received.toString('latin1', 0, LEAST_REPLY))) return bad(Status.l7Invalid, lineAt(received, 0));
  return smtpReply(received, isEnded);
}

function smtpReply(received: Buffer, isEnded: boolean): Judgement | null {
  const found = WHOLE_REPLY.exec(received.toString('latin1'));
  if (found === null && !isEnded) return null;
  const code = Number(found?.[1] ?? 0);
  const words = lineAt(received, LEAST_REPLY).trimStart();
  return code >= 200 && code < 300 ? good(code, words) : bad(Status.l7Wrong, words, code);
}

// Redis -----------------------------------------------------------------------------------------

function redisAnswer(received: Buffer, isEnded: boolean): Judgement | null {
  if (received.includes('+PONG\r\n')) return good(0, 'Redis server is ok');
  return isEnded ? bad(Status.l7Wrong, lineAt(received, 0)) : null;
}

// MySQL -----------------------------------------------------------------------------------------

/** With a user: it logs in without a password and leaves at once. */
function mysqlSteps([user, version]: readonly string[]): CheckStep[] {
  if (user === undefined) return [expect(2, (received, isEnded) => greeting(received, isEnded))];
  return [send(2, quickLogin(user, version === 'pre-41')), expect(3, authentication)];
}

// PostgreSQL (chapter 55.7 of its manual) -------------------------------------------------------

/** StartupMessage of protocol 3.0. */
function startupMessage(user: string): string {
  const body = `\0\x03\0\0user\0${user}\0\0`;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return length.toString('latin1') + body;
}

/** A kind, a length, a number: an Authentication message. */
const LEAST_AUTHENTICATION = 9;
const ERROR_KIND = 0x45;
const AUTHENTICATION_KIND = 0x52;
/** Where the first text of an ErrorResponse begins. */
const ERROR_TEXT = 6;
/** AuthenticationSASL; above it come later steps of it, which nobody begins with. */
const LAST_METHOD = 10;

function pgsqlAnswer(received: Buffer, isEnded: boolean): Judgement | null {
  if (received.length < 5 && !isEnded) return null;
  if (received[0] === ERROR_KIND) return bad(Status.l7Invalid, received.toString('latin1', ERROR_TEXT).split('\0', 1)[0] as string);
  if (received.length < LEAST_AUTHENTICATION && !isEnded) return null;
  const isKnown =
    received.length >= LEAST_AUTHENTICATION &&
    received[0] === AUTHENTICATION_KIND &&
    received.readUInt32BE(1) < 256 &&
    received.readUInt32BE(5) <= LAST_METHOD;
  return isKnown ? good(0, 'PostgreSQL server is ok') : bad(Status.l7Wrong, 'PostgreSQL unknown error');
}

// LDAP ------------------------------------------------------------------------------------------

/** The shortest answer to a bind. */
const LEAST_BIND = 14;
const SEQUENCE = 0x30;

function ldapAnswer(received: Buffer, isEnded: boolean): Judgement | null {
  if (received.length < LEAST_BIND && !isEnded) return null;
  if (received[0] !== SEQUENCE) return bad(Status.l7Invalid, 'Not LDAPv3 protocol');
  const code = bindAnswer(received);
  if (code === 'short') return isEnded ? bad(Status.l7Invalid, '') : null;
  if (code === null) return bad(Status.l7Invalid, 'Not LDAPv3 protocol');
  return code === 0 ? good(0, 'Success') : bad(Status.l7Wrong, 'See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9', code);
}

// SSL 3.0 (RFC 6101 5.6.1.2) --------------------------------------------------------------------

const SUITES = 39;

/** A ClientHello that any server answers, if only with an alert. */
function oldHello(): string {
  const suites = Array.from({ length: SUITES }, (_, index) => `\0${String.fromCharCode(index + 1)}`).join('');
  const random = 'HAWSERSSLCHECK\n'.repeat(3).slice(0, 32);
  const body = `\x03\0${random}\0\0${String.fromCharCode(suites.length)}${suites}\x01\0`;
  const message = `\x01\0\0${String.fromCharCode(body.length)}${body}`;
  return `\x16\x03\0\0${String.fromCharCode(message.length)}${message}`;
}

const ALERT = 0x15;
const HANDSHAKE = 0x16;
const RECORD_HEAD = 5;

function helloAnswer(received: Buffer, isEnded: boolean): Judgement | null {
  if (received.length < RECORD_HEAD && !isEnded) return null;
  const isRecord = received[0] === ALERT || received[0] === HANDSHAKE;
  return isRecord ? { isGood: true, result: result(Status.l6Ok) } : bad(Status.l6Invalid, '');
}
