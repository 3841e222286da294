/**
 * `tcp-check expect`: looks for a text or a pattern in the bytes that a server has sent since it was last asked (HAProxy configuration
 * manual, 4.2). What is wanted may come at any time; that it does not is known at the end, or from `min-recv` bytes on.
 */
import type { ExpectStepModel } from '../model/check.ts';
import { bytesMatcher, outcomesOf } from './expect.ts';
import { type CheckLanguage, type Computed, render, type Scene, textOf } from './language.ts';
import { type CheckStatus, result, Status, statusOf } from './status.ts';
import type { ExpectStep, Verdict } from './steps.ts';

interface Pattern {
  /** The bytes that are looked for; a matcher; or what computes them: null, it can't be. */
  readonly wanted: Uint8Array | ((received: Uint8Array) => boolean) | Computed<Uint8Array | null>;
  readonly kind: 'bytes' | 'matcher' | 'computed';
  /** In messages about what came. */
  readonly name: string;
  /** In messages about the step. */
  readonly what: string;
}

/** @param language null: nothing will be judged. @throws RuleError or SyntaxError for a pattern that can't be used */
export function contentExpect(expect: ExpectStepModel, number: number, comment: string, language: CheckLanguage | null): ExpectStep {
  const { negate, minBytes, errorStatus } = expect;
  const pattern = patternOf(expect, language);
  const { good, bad, timeoutStatus } = outcomesOf(expect, '(tcp-check)', comment, language);
  const judge = (received: Uint8Array, isEnded: boolean, _: boolean, scene: Scene | null): Verdict => {
    if (received.length === 0 && isEnded)
      return emptyAnswer(number, comment, errorStatus === null ? Status.l7Invalid : statusOf(errorStatus));
    const { isFound, isShort, problem } = look(pattern, received, scene);
    if (problem !== '') return bad(scene, Status.l7Invalid, problem);
    if ((isShort || received.length < (minBytes ?? 0)) && !isEnded) return 'more';
    if (!isFound && !isEnded && minBytes === null) return 'more';
    if (isFound !== negate) return good(scene);
    const seen = isFound ? 'matched unwanted content' : 'did not match content';
    return bad(scene, Status.l7Invalid, `TCPCHK ${seen} ${pattern.name} at step ${number}`);
  };
  return { kind: 'expect', number, comment, what: pattern.what, timeoutStatus, judge };
}

/** `isShort`: fewer bytes have come than are looked for. */
function look(
  { wanted, kind }: Pattern,
  received: Uint8Array,
  scene: Scene | null,
): { isFound: boolean; isShort: boolean; problem: string } {
  if (kind === 'matcher') return { isFound: (wanted as (bytes: Uint8Array) => boolean)(received), isShort: false, problem: '' };
  const bytes = kind === 'bytes' ? (wanted as Uint8Array) : scene === null ? null : (wanted as Computed<Uint8Array | null>)(scene);
  if (bytes === null || bytes.length === 0)
    return { isFound: false, isShort: false, problem: 'log-format string evaluated to an empty string' };
  return { isFound: includes(received, bytes), isShort: received.length < bytes.length, problem: '' };
}

/** The server has closed without a word. */
export function emptyAnswer(number: number, comment: string, status: CheckStatus): Verdict {
  const behind = comment === '' ? '' : ` comment: '${comment}'`;
  return { isGood: false, result: result(status, 0, `TCPCHK got an empty response at step ${number}${behind}`) };
}

function patternOf({ match, pattern }: ExpectStepModel, language: CheckLanguage | null): Pattern {
  switch (match) {
    case 'binary': {
      const wanted = hexBytes(pattern);
      return { wanted, kind: 'bytes', name: '(binary)', what: `binary '${printed(wanted)}'` };
    }
    case 'rstring':
      return { wanted: bytesMatcher(pattern), kind: 'matcher', name: '(regex)', what: 'regex' };
    case 'rbinary': {
      const matches = bytesMatcher(pattern);
      return { wanted: (bytes: Uint8Array) => matches(upperHex(bytes)), kind: 'matcher', name: '(binary regex)', what: 'binary regex' };
    }
    case 'string-lf':
      return { wanted: computedBytes(pattern, false, language), kind: 'computed', name: '(log-format string)', what: 'log-format string' };
    case 'binary-lf':
      return { wanted: computedBytes(pattern, true, language), kind: 'computed', name: '(log-format binary)', what: 'log-format binary' };
    default:
      return { wanted: Buffer.from(pattern, 'latin1'), kind: 'bytes', name: `'${pattern}'`, what: `string '${pattern}'` };
  }
}

/** What a log-format string gives, or the bytes that it writes in hexadecimal digits; null: it can't be computed. @throws RuleError */
export function computedBytes(format: string, isHex: boolean, language: CheckLanguage | null): Computed<Uint8Array | null> {
  const text = textOf(format, language);
  return (scene) => {
    const written = render(text, scene);
    if (written === null) return null;
    if (!isHex) return Buffer.from(written, 'latin1');
    return HEX.test(written) ? Buffer.from(written, 'hex') : null;
  };
}

const HEX = /^(?:[0-9a-f]{2})+$/i;

/** @throws SyntaxError for what is no even number of hexadecimal digits */
export function hexBytes(text: string): Uint8Array {
  if (!HEX.test(text)) throw new SyntaxError(`'${text}' is no hexadecimal string: an even number of digits`);
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
