/**
 * `tcp-check expect`: looks for a text or a pattern in the bytes that a server has sent since it was last asked (HAProxy configuration
 * manual, 4.2). What is wanted may come at any time; that it does not is known at the end, or from `min-recv` bytes on.
 */
import type { ExpectStepModel } from '../model/check.ts';
import { bytesMatcher, outcomesOf } from './expect.ts';
import { type CheckStatus, result, Status, statusOf } from './status.ts';
import type { ExpectStep, Verdict } from './steps.ts';

interface Pattern {
  holds(received: Uint8Array): boolean;
  /** Fewer bytes can't hold it. */
  readonly leastBytes: number;
  /** In messages about what came. */
  readonly name: string;
  /** In messages about the step. */
  readonly what: string;
}

/** @throws RuleError or SyntaxError for a pattern that can't be used */
export function contentExpect(expect: ExpectStepModel, number: number, comment: string): ExpectStep {
  const { negate, minBytes, errorStatus } = expect;
  const pattern = patternOf(expect);
  const { good, bad, timeoutStatus } = outcomesOf(expect, '(tcp-check)', comment);
  const least = Math.max(pattern.leastBytes, minBytes ?? 0);
  const judge = (received: Uint8Array, isEnded: boolean): Verdict => {
    if (received.length === 0 && isEnded)
      return emptyAnswer(number, comment, errorStatus === null ? Status.l7Invalid : statusOf(errorStatus));
    if (received.length < least && !isEnded) return 'more';
    const isFound = pattern.holds(received);
    if (!isFound && !isEnded && minBytes === null) return 'more';
    if (isFound !== negate) return good();
    const seen = isFound ? 'matched unwanted content' : 'did not match content';
    return bad(Status.l7Invalid, `TCPCHK ${seen} ${pattern.name} at step ${number}`);
  };
  return { kind: 'expect', number, comment, what: pattern.what, timeoutStatus, judge };
}

/** The server has closed without a word. */
export function emptyAnswer(number: number, comment: string, status: CheckStatus): Verdict {
  const behind = comment === '' ? '' : ` comment: '${comment}'`;
  return { isGood: false, result: result(status, 0, `TCPCHK got an empty response at step ${number}${behind}`) };
}

function patternOf({ match, pattern }: ExpectStepModel): Pattern {
  switch (match) {
    case 'binary': {
      const wanted = hexBytes(pattern);
      return {
        holds: (bytes) => includes(bytes, wanted),
        leastBytes: wanted.length,
        name: '(binary)',
        what: `binary '${printed(wanted)}'`,
      };
    }
    case 'rstring':
      return { holds: bytesMatcher(pattern), leastBytes: 0, name: '(regex)', what: 'regex' };
    case 'rbinary': {
      const matches = bytesMatcher(pattern);
      return { holds: (bytes) => matches(upperHex(bytes)), leastBytes: 0, name: '(binary regex)', what: 'binary regex' };
    }
    default: {
      const wanted = Buffer.from(pattern, 'latin1');
      return { holds: (bytes) => includes(bytes, wanted), leastBytes: wanted.length, name: `'${pattern}'`, what: `string '${pattern}'` };
    }
  }
}

/** @throws SyntaxError for what is no even number of hexadecimal digits */
export function hexBytes(text: string): Uint8Array {
  if (text === '' || text.length % 2 === 1 || /[^0-9a-f]/i.test(text))
    throw new SyntaxError(`'${text}' is no hexadecimal string: an even number of digits`);
  return Buffer.from(text, 'hex');
}

function includes(bytes: Uint8Array, wanted: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(wanted);
}

function upperHex(bytes: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase(), 'latin1');
}

function printed(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
