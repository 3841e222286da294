/**
 * From what is written to the steps that are run: comments go to the step behind them, and what nobody wrote is put in: the first
 * connection, the request of `option httpchk`, what an answer must be (HAProxy configuration manual, 4.2 http-check, tcp-check).
 */
import type { CheckLinesModel, CheckModel, CheckStepModel, CheckType, ConnectStepModel } from '../model/check.ts';
import { contentExpect } from './content-expect.ts';
import { type HttpRequest, hostOf, optionRequest, PLAIN_REQUEST, requestText, writtenRequest } from './http.ts';
import { httpExpect } from './http-expect.ts';
import { protocolSteps } from './protocols.ts';
import type { CheckStep, ConnectStep, Ruleset, SendStep } from './steps.ts';

type Written = Exclude<CheckStepModel, { kind: 'comment' }>;

/** A line with its number and comment. */
interface Numbered<S extends CheckStepModel> {
  readonly step: S;
  readonly number: number;
  readonly comment: string;
}

/** The connection that a check begins with if no line says so. */
const FIRST: ConnectStep = {
  kind: 'connect',
  number: 0,
  comment: '',
  usesServer: true,
  port: null,
  address: null,
  sendsProxy: false,
  tls: false,
  serverName: null,
  automaticName: null,
  alpn: null,
  linger: false,
};

/** Protocols whose servers complain about connections that are reset. */
const SAY_GOODBYE: readonly CheckType[] = ['smtp', 'mysql', 'pgsql'];

/** One ruleset serves all servers of a backend: make it once. @throws RuleError or SyntaxError for patterns; the parser has looked at them */
export function rulesetOf(check: CheckModel | null): Ruleset {
  if (check === null) return { steps: [FIRST], namesSteps: false, closesCleanly: false };
  switch (check.type) {
    case 'connect':
      return { steps: [FIRST], namesSteps: false, closesCleanly: false };
    case 'tcp':
      return { steps: contentSteps(check.tcp), namesSteps: true, closesCleanly: false };
    case 'http':
      return { steps: httpSteps(check), namesSteps: false, closesCleanly: true };
    default:
      return {
        steps: [FIRST, ...protocolSteps(check.type, check.words)],
        namesSteps: false,
        closesCleanly: SAY_GOODBYE.includes(check.type),
      };
  }
}

function numbered({ steps }: CheckLinesModel): Numbered<Written>[] {
  const out: Numbered<Written>[] = [];
  let before = '';
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'comment') before = step.comment ?? '';
    else {
      out.push({ step, number: index + 1, comment: step.comment ?? before });
      before = '';
    }
  }
  return out;
}

function contentSteps(lines: CheckLinesModel): CheckStep[] {
  const out: CheckStep[] = [];
  for (const { step, number, comment } of numbered(lines)) {
    if (step.kind === 'connect') out.push(connectStep(step, number, comment, null));
    else if (step.kind === 'send') out.push({ kind: 'send', number, comment, bytes: Buffer.from(step.data, 'latin1') });
    else if (step.kind === 'expect') out.push(contentExpect(step, number, comment));
  }
  return withConnection(out, null);
}

function httpSteps(check: CheckModel): CheckStep[] {
  const lines = numbered(check.http);
  const requests = requestsOf(lines, optionRequest(check));
  const out: CheckStep[] = [];
  for (const [index, { step, number, comment }] of lines.entries()) {
    if (step.kind === 'connect') out.push(connectStep(step, number, comment, nextHost(lines, requests, index)));
    else if (step.kind === 'request') out.push(requestStep(requests.get(step) as HttpRequest, number, comment));
    else if (step.kind === 'expect') out.push(httpExpect(step, number, comment, check.disableOn404));
  }
  const first = requests.values().next().value ?? optionRequest(check);
  const steps = withConnection(out, hostOf(first));
  if (requests.size === 0) steps.splice(1, 0, requestStep(first, 0, ''));
  if (steps.findLastIndex(({ kind }) => kind === 'expect') < steps.findLastIndex(({ kind }) => kind === 'send'))
    steps.push(httpExpect(null, 0, '', check.disableOn404));
  return steps;
}

/** Each line's request: the first is that of `option httpchk` but for what it says itself. */
function requestsOf(lines: readonly Numbered<Written>[], option: HttpRequest): Map<Written, HttpRequest> {
  const out = new Map<Written, HttpRequest>();
  for (const { step } of lines) if (step.kind === 'request') out.set(step, writtenRequest(step, out.size === 0 ? option : PLAIN_REQUEST));
  return out;
}

/** The host of the request that follows a connection. */
function nextHost(lines: readonly Numbered<Written>[], requests: ReadonlyMap<Written, HttpRequest>, index: number): string | null {
  for (const { step } of lines.slice(index + 1)) {
    if (step.kind === 'connect') return null;
    const request = requests.get(step);
    if (request !== undefined) return hostOf(request);
  }
  return null;
}

function withConnection(steps: CheckStep[], automaticName: string | null): CheckStep[] {
  return steps[0]?.kind === 'connect' ? steps : [{ ...FIRST, automaticName }, ...steps];
}

function connectStep(step: ConnectStepModel, number: number, comment: string, automaticName: string | null): ConnectStep {
  const { usesServer, port, address, sendsProxy, tls, serverName, alpn, linger } = step;
  return { kind: 'connect', number, comment, usesServer, port, address, sendsProxy, tls, serverName, automaticName, alpn, linger };
}

function requestStep(request: HttpRequest, number: number, comment: string): SendStep {
  return { kind: 'send', number, comment, bytes: Buffer.from(requestText(request), 'latin1') };
}
