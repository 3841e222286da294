/**
 * `http-check expect`: which answers of HTTP pass (HAProxy configuration manual, 4.2). Statuses and fields are known with the head;
 * content may need the whole body. It must not know connections.
 */
import type { ExpectStepModel, HeaderPatternModel, TextPatternModel } from '../model/check.ts';
import { type Answer, readAnswer } from './answer.ts';
import { type Outcomes, outcomesOf, textMatcher } from './expect.ts';
import { type CheckLanguage, render, type Scene, textOf } from './language.ts';
import { result, Status } from './status.ts';
import type { ExpectStep, Verdict } from './steps.ts';

type Judge = (answer: Answer, outcomes: Outcomes, scene: Scene | null) => Verdict;

/** null: statuses from 200 to 399. @param stopsOn404 `disable-on-404`. @throws SyntaxError or RuleError for a pattern that can't be used */
export function httpExpect(
  expect: ExpectStepModel | null,
  number: number,
  comment: string,
  stopsOn404: boolean,
  language: CheckLanguage | null,
): ExpectStep {
  const judgeAnswer = compile(expect, language);
  const outcomes = outcomesOf(expect, '', comment, language);
  const judge = (received: Uint8Array, isEnded: boolean, isStopped: boolean, scene: Scene | null): Verdict => {
    const answer = readAnswer(received, isEnded);
    if (answer === 'partial' && !isEnded) return 'more';
    if (answer === 'invalid' || answer === 'partial') return outcomes.bad(scene, Status.l7Invalid, '');
    // A server that is DOWN has to come up properly first: for it 404 is a wrong status.
    if (answer.status === 404 && stopsOn404 && !isStopped) return { isGood: true, result: result(Status.l7Conditional, 404) };
    return judgeAnswer(answer, outcomes, scene);
  };
  return { kind: 'expect', number, comment, what: '', timeoutStatus: outcomes.timeoutStatus, judge };
}

function compile(expect: ExpectStepModel | null, language: CheckLanguage | null): Judge {
  if (expect === null) return byStatus((status) => status >= 200 && status < 400);
  const { match, negate, pattern, header } = expect;
  if (header !== null) return byHeader(headerMatcher(header, match === 'fhdr', language), negate);
  switch (match) {
    case 'status': {
      const ranges = parseStatuses(pattern);
      return byStatus((status) => ranges.some(([low, high]) => status >= low && status <= high) !== negate);
    }
    case 'rstatus': {
      const matches = textMatcher(pattern);
      return byStatus((status) => matches(String(status)) !== negate);
    }
    case 'string-lf': {
      const text = textOf(pattern, language);
      return byContent((scene) => {
        const wanted = render(text, scene) ?? '';
        return wanted === '' ? null : { holds: (body) => body.includes(wanted), least: wanted.length };
      }, expect);
    }
    case 'string':
      return byContent(() => ({ holds: (body) => body.includes(pattern), least: pattern.length }), expect);
    default: {
      const matcher = { holds: textMatcher(pattern), least: 0 };
      return byContent(() => matcher, expect);
    }
  }
}

interface BodyMatcher {
  readonly holds: (body: string) => boolean;
  /** Fewer bytes can't hold it. */
  readonly least: number;
}

/** `200,300-310` as pairs. @throws SyntaxError */
export function parseStatuses(text: string): [number, number][] {
  return text.split(',').map((part) => {
    const range = /^\s*(\d{1,3})(?:-(\d{1,3}))?\s*$/.exec(part);
    if (range === null) throw new SyntaxError(`'${part}' is no status and no range of statuses, expected for example 200 or 300-310`);
    const low = Number(range[1]);
    const high = Number(range[2] ?? range[1]);
    if (high < low) throw new SyntaxError(`range '${part}' ends before it begins`);
    return [low, high];
  });
}

function byStatus(isGood: (status: number) => boolean): Judge {
  return ({ status, reason }, { good, bad }, scene) => (isGood(status) ? good(scene, status) : bad(scene, Status.l7Wrong, reason, status));
}

function byHeader(isThere: HeaderMatcher, negate: boolean): Judge {
  return ({ status, reason, head }, { good, bad }, scene) => {
    const found = isThere(head, scene);
    if (found === null) return bad(scene, Status.l7Invalid, EMPTY_TEXT);
    return found !== negate ? good(scene, status) : bad(scene, Status.l7Wrong, reason, status);
  };
}

const EMPTY_TEXT = 'log-format string evaluated to an empty string';

/** What is wanted may pass before the end; that it isn't there is known only at the end, or from min-recv bytes on. */
function byContent(matcherOf: (scene: Scene | null) => BodyMatcher | null, { negate, minBytes }: ExpectStepModel): Judge {
  return ({ status, body, isComplete }, { good, bad }, scene) => {
    if (body === '') return isComplete ? bad(scene, Status.l7Invalid, 'HTTP content check could not find a response body') : 'more';
    const matcher = matcherOf(scene);
    if (matcher === null) return bad(scene, Status.l7Invalid, EMPTY_TEXT);
    if (body.length < Math.max(matcher.least, minBytes ?? 0) && !isComplete) return 'more';
    const found = matcher.holds(body);
    if (!found && !isComplete && minBytes === null) return 'more';
    if (found !== negate) return good(scene, status);
    return bad(scene, Status.l7Invalid, negate ? 'HTTP check matched unwanted content' : 'HTTP content check did not match');
  };
}

/** Is a field with this name, and one of its values if a value is wanted? null: what is looked for can't be computed. */
type HeaderMatcher = (head: string, scene: Scene | null) => boolean | null;
type Matcher = (found: string) => boolean;

/** @param isWhole values are not parted at commas */
function headerMatcher({ name, value }: HeaderPatternModel, isWhole: boolean, language: CheckLanguage | null): HeaderMatcher {
  const nameMatcher = patternMatcher(name, true, language);
  const valueMatcher = value === null ? null : patternMatcher(value, false, language);
  return (head, scene) => {
    const isName = nameMatcher(scene);
    const isValue = valueMatcher === null ? ANY : valueMatcher(scene);
    if (isName === null || isValue === null) return null;
    return head.split(/\r?\n/).some((line) => {
      const colon = line.indexOf(':');
      if (colon < 0 || !isName(line.slice(0, colon).toLowerCase())) return false;
      const whole = line.slice(colon + 1).trim();
      return (isWhole ? [whole] : whole.split(',').map((part) => part.trim())).some(isValue);
    });
  };
}

const ANY: Matcher = () => true;

/** @param isLower what is matched is in lower case */
function patternMatcher(
  { method, text, isFormat }: TextPatternModel,
  isLower: boolean,
  language: CheckLanguage | null,
): (scene: Scene | null) => Matcher | null {
  const lowered = (wanted: string): string => (isLower ? wanted.toLowerCase() : wanted);
  if (!isFormat) {
    const matcher = method === 'reg' ? textMatcher(text, isLower) : plainMatcher(method, lowered(text));
    return () => matcher;
  }
  const wanted = textOf(text, language);
  return (scene) => {
    const written = render(wanted, scene) ?? '';
    return written === '' ? null : plainMatcher(method, lowered(written));
  };
}

function plainMatcher(method: TextPatternModel['method'], wanted: string): Matcher {
  switch (method) {
    case 'beg':
      return (found) => found.startsWith(wanted);
    case 'end':
      return (found) => found.endsWith(wanted);
    case 'sub':
      return (found) => found.includes(wanted);
    default:
      return (found) => found === wanted;
  }
}
