/**
 * From what is written to the steps that are run: comments go to the step behind them, and what nobody wrote is put in: the first
 * connection, the request of `option httpchk`, what an answer must be (HAProxy configuration manual, 4.2 http-check, tcp-check).
 */
import type {
  CheckLinesModel,
  CheckModel,
  CheckStepModel,
  CheckType,
  ConnectStepModel,
  HeaderModel,
  SendStepModel,
  VariableStepModel,
} from '../model/check.ts';
import { computedBytes, contentExpect } from './content-expect.ts';
import { type HttpRequest, hostOf, optionRequest, PLAIN_REQUEST, requestText, writtenRequest } from './http.ts';
import { httpExpect } from './http-expect.ts';
import { type CheckLanguage, render, type Scene, type Text, textOf } from './language.ts';
import { protocolSteps } from './protocols.ts';
import type { ActionStep, CheckStep, ConnectStep, Ruleset, SendStep } from './steps.ts';

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
  portOf: null,
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

/** A line that can't be compiled: `cause` says why. */
export class CheckFault extends Error {
  readonly step: CheckStepModel;

  constructor(step: CheckStepModel, cause: unknown) {
    super(cause instanceof Error ? cause.message : '', { cause });
    this.step = step;
  }
}

/**
 * One ruleset serves all servers of a backend: make it once.
 * @param language null: nothing is computed. @throws CheckFault for what is computed: the parser has looked at the rest
 */
export function rulesetOf(check: CheckModel | null, language: CheckLanguage | null): Ruleset {
  if (check === null) return { steps: [FIRST], namesSteps: false, closesCleanly: false, isHttp: false };
  switch (check.type) {
    case 'connect':
      return { steps: [FIRST], namesSteps: false, closesCleanly: false, isHttp: false };
    case 'tcp':
      return { steps: contentSteps(check.tcp, language), namesSteps: true, closesCleanly: false, isHttp: false };
    case 'http':
      return { steps: httpSteps(check, language), namesSteps: false, closesCleanly: true, isHttp: true };
    default:
      return {
        steps: [FIRST, ...protocolSteps(check.type, check.words)],
        namesSteps: false,
        closesCleanly: SAY_GOODBYE.includes(check.type),
        isHttp: false,
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

function contentSteps(lines: CheckLinesModel, language: CheckLanguage | null): CheckStep[] {
  const out: CheckStep[] = [];
  for (const { step, number, comment } of numbered(lines)) {
    located(step, () => {
      if (step.kind === 'connect') out.push(connectStep(step, number, comment, null, language));
      else if (step.kind === 'send') out.push({ kind: 'send', number, comment, bytes: bytesOf(step, language) });
      else if (step.kind === 'expect') out.push(contentExpect(step, number, comment, language));
      else if (step.kind === 'variable') out.push(...actionStep(step, number, language));
    });
  }
  return withConnection(out, null);
}

/** @throws CheckFault */
function located(step: CheckStepModel, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new CheckFault(step, error);
  }
}

function bytesOf({ data, form }: SendStepModel, language: CheckLanguage | null): SendStep['bytes'] {
  return form === 'bytes' ? Buffer.from(data, 'latin1') : computedBytes(data, form === 'hex-format', language);
}

function actionStep({ action, words, value }: VariableStepModel, number: number, language: CheckLanguage | null): ActionStep[] {
  if (language === null) return [];
  const run = action === 'unset-var' ? language.unset(words[0] ?? '') : language.set(words, value, action === 'set-var-fmt');
  return [{ kind: 'action', number, comment: '', run }];
}

function httpSteps(check: CheckModel, language: CheckLanguage | null): CheckStep[] {
  const lines = numbered(check.http);
  const requests = requestsOf(lines, optionRequest(check));
  const out: CheckStep[] = [];
  for (const [index, { step, number, comment }] of lines.entries()) {
    located(step, () => {
      if (step.kind === 'connect') out.push(connectStep(step, number, comment, nextHost(lines, requests, index), language));
      else if (step.kind === 'request') out.push(requestStep(requests.get(step) as HttpRequest, step.computes, number, comment, language));
      else if (step.kind === 'expect') out.push(httpExpect(step, number, comment, check.disableOn404, language));
      else if (step.kind === 'variable') out.push(...actionStep(step, number, language));
    });
  }
  const first = requests.values().next().value ?? optionRequest(check);
  const steps = withConnection(out, hostOf(first));
  if (requests.size === 0) steps.splice(connectionOf(steps) + 1, 0, requestStep(first, [], 0, '', null));
  if (steps.findLastIndex(({ kind }) => kind === 'expect') < steps.findLastIndex(({ kind }) => kind === 'send'))
    steps.push(httpExpect(null, 0, '', check.disableOn404, null));
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

/** Only variables may be set before there is a connection. */
function withConnection(steps: CheckStep[], automaticName: string | null): CheckStep[] {
  return connectionOf(steps) >= 0 ? steps : [{ ...FIRST, automaticName }, ...steps];
}

function connectionOf(steps: readonly CheckStep[]): number {
  const index = steps.findIndex(({ kind }) => kind !== 'action');
  return steps[index]?.kind === 'connect' ? index : -1;
}

function connectStep(
  step: ConnectStepModel,
  number: number,
  comment: string,
  automaticName: string | null,
  language: CheckLanguage | null,
): ConnectStep {
  const { usesServer, port, portExpression, address, sendsProxy, tls, serverName, alpn, linger } = step;
  const value = portExpression === null || language === null ? null : language.value(portExpression);
  const portOf = value === null ? null : (scene: Scene): number | null => portIn(value(scene));
  return { kind: 'connect', number, comment, usesServer, port, portOf, address, sendsProxy, tls, serverName, automaticName, alpn, linger };
}

function portIn(value: string | number | null): number | null {
  const port = Number(value ?? 0);
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : null;
}

function requestStep(
  request: HttpRequest,
  computes: readonly string[],
  number: number,
  comment: string,
  language: CheckLanguage | null,
): SendStep {
  const part = (text: string, isFormat: boolean, isLine: boolean): Text => (isFormat ? textOf(text, language, isLine) : text);
  // HAProxy escapes nothing: a server could then write its own checks' fields.
  const uri = part(request.uri, computes.includes('uri'), true);
  const body = request.body === null ? null : part(request.body, computes.includes('body'), false);
  const headers = request.headers.map(({ name, value }) => ({ name, value: part(value, !request.isPlain, true) }));
  const write = (scene: Scene | null): Uint8Array | null => {
    const parts = { ...request, uri: render(uri, scene), body: body === null ? '' : render(body, scene) };
    const fields = headers.map(({ name, value }) => ({ name, value: render(value, scene) }));
    if (parts.uri === null || parts.body === null || fields.some(({ value }) => value === null)) return null;
    return Buffer.from(requestText({ ...(parts as HttpRequest), headers: fields as HeaderModel[] }), 'latin1');
  };
  const isKnown = [uri, body, ...headers.map(({ value }) => value)].every((text) => typeof text !== 'function');
  return { kind: 'send', number, comment, bytes: isKnown ? (write(null) as Uint8Array) : write };
}
