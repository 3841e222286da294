/**
 * One check from its first step to its result. Whatever happens, `done` is called exactly once, the connection is closed by then, and
 * no timer is left. The order of steps, and what is told of which, is HAProxy's: consecutive `expect` lines look at the same bytes, and a
 * `send` forgets what came before it.
 */
import { Channel, type ChannelOwner } from './channel.ts';
import type { Scene } from './language.ts';
import { failureInfo } from './report.ts';
import { withState } from './server-state.ts';
import { type CheckResult, type CheckStatus, result, Status } from './status.ts';
import type { ActionStep, CheckStep, ConnectStep, ExpectStep, Ruleset, SendStep } from './steps.ts';
import { type CheckTarget, type Endpoint, endpointOf } from './target.ts';

export interface CheckLimits {
  readonly connectMs: number;
  /** For what comes after connecting; null: `connectMs` bounds all up to the next connection. */
  readonly answerMs: number | null;
}

/** What a check is run with. */
export interface CheckSubject {
  readonly target: CheckTarget;
  readonly ruleset: Ruleset;
  readonly limits: CheckLimits;
  /** null: nothing is computed. */
  readonly newScene: (() => Scene) | null;
  /** What HTTP requests tell the server of itself; null: nothing. */
  readonly stateText: (() => string) | null;
}

/** Bytes of an answer that are looked at. */
const MOST_BYTES = 65536;

export class RunningCheck implements ChannelOwner {
  readonly #subject: CheckSubject;
  readonly #isStopped: boolean;
  #done: ((found: CheckResult) => void) | null;
  #timer: NodeJS.Timeout | undefined;
  #channel: Channel | null = null;
  /** The next step to run. */
  #at = 0;
  /** What is being done, for messages. */
  #current: CheckStep;
  #linger = false;
  /** Result of the last `expect` that held; null: another step came after it. */
  #last: CheckResult | null = null;
  #received: Buffer[] = [];
  #length = 0;
  #isEnded = false;
  /** null: nothing is computed. */
  readonly #scene: Scene | null;

  /** @param isStopped the server is DOWN now */
  constructor(subject: CheckSubject, isStopped: boolean, done: (found: CheckResult) => void) {
    this.#subject = subject;
    this.#isStopped = isStopped;
    this.#done = done;
    this.#current = subject.ruleset.steps[0] as CheckStep;
    this.#scene = subject.newScene?.() ?? null;
  }

  /** Starts it: `done` may be called before this returns. */
  begin(): void {
    this.#advance();
  }

  /** Ends it without a result. */
  cancel(): void {
    if (this.#done === null) return;
    this.#done = null;
    clearTimeout(this.#timer);
    this.#channel?.close(false);
    this.#scene?.end();
  }

  /** Runs steps until one has to wait. */
  #advance(): void {
    const { steps } = this.#subject.ruleset;
    while (this.#done !== null) {
      const step = steps[this.#at];
      if (step === undefined) {
        this.#conclude();
        return;
      }
      if (step.kind === 'expect') {
        if (!this.#expect(step)) return;
        this.#at++;
      } else if (step.kind === 'action') this.#act(step);
      else if (step.kind === 'send') this.#send(step);
      else {
        this.#begin(step);
        this.#connect(step);
        return;
      }
    }
  }

  /** It is no step for messages. */
  #act({ run }: ActionStep): void {
    this.#at++;
    if (this.#scene === null) return;
    this.#look();
    run(this.#scene);
  }

  #send(step: SendStep): void {
    this.#look();
    this.#begin(step);
    const { bytes } = step;
    const written = typeof bytes === 'function' ? (this.#scene === null ? null : bytes(this.#scene)) : bytes;
    const { stateText } = this.#subject;
    if (written !== null) this.#channel?.write(stateText === null ? written : withState(written, stateText()));
    else this.#finish(result(Status.l7Invalid, null, `TCPCHK error evaluating log-format string at step ${step.number}`));
  }

  /** Expressions see what has come so far. */
  #look(): void {
    this.#scene?.look(this.#gathered(), this.#subject.ruleset.isHttp);
  }

  #gathered(): Buffer {
    if (this.#received.length !== 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0] as Buffer;
  }

  /** What the step before has left is of no interest. */
  #begin(step: CheckStep): void {
    this.#current = step;
    this.#last = null;
    this.#received = [];
    this.#length = 0;
    this.#at++;
  }

  #connect(step: ConnectStep): void {
    const { target, limits } = this.#subject;
    this.#channel?.close(this.#isClean);
    this.#channel = null;
    this.#linger = step.linger;
    this.#isEnded = false;
    this.#expireIn(limits.connectMs);
    try {
      const port = step.portOf === null || this.#scene === null ? step.port : step.portOf(this.#scene);
      const endpoint: Endpoint = endpointOf(target, { ...step, port });
      if (endpoint.host !== null && endpoint.port === 0) this.#fail(Status.socketError, 'No port is known for the check');
      else this.#channel = new Channel(endpoint, this);
    } catch (error) {
      this.#fail(Status.socketError, (error as Error).message);
    }
  }

  /** True: it holds. */
  #expect(step: ExpectStep): boolean {
    const { steps } = this.#subject.ruleset;
    if (this.#length === 0 && !this.#isEnded) {
      this.#waitAt(this.#at);
      return false;
    }
    this.#current = step;
    this.#look();
    const isWhole = this.#isEnded || this.#length >= MOST_BYTES;
    const verdict = step.judge(this.#gathered(), isWhole, this.#isStopped, this.#scene);
    if (verdict === 'more') {
      let head = this.#at;
      while (steps[head - 1]?.kind === 'expect') head--;
      this.#waitAt(head);
      return false;
    }
    if (!verdict.isGood) this.#finish(verdict.result);
    this.#last = verdict.result;
    return verdict.isGood;
  }

  /** More bytes are judged by all of a row of `expect` lines. */
  #waitAt(index: number): void {
    this.#at = index;
    this.#current = this.#subject.ruleset.steps[index] as CheckStep;
  }

  #conclude(): void {
    if (this.#last !== null) this.#finish(this.#last);
    else if (this.#current.kind !== 'connect') this.#finish(result(Status.l7Ok, null, '(tcp-check)'));
    else
      this.#finish(
        result(this.#channel?.isSecure === true ? Status.l6Ok : Status.l4Ok, null, this.#current.number === 0 ? '' : '(tcp-check)'),
      );
  }

  // Of the connection ------------------------------------------------------------------------------

  onOpen(): void {
    const { answerMs } = this.#subject.limits;
    if (answerMs !== null) this.#expireIn(answerMs);
    this.#advance();
  }

  onData(bytes: Buffer): void {
    if (this.#length >= MOST_BYTES) return;
    this.#received.push(bytes);
    this.#length += bytes.length;
    this.#resume();
  }

  onEnd(): void {
    this.#isEnded = true;
    this.#resume();
  }

  /** Many servers reset what they have answered: what came decides. */
  onFailure(status: CheckStatus, reason: string): void {
    if (this.#length > 0 && !this.#isEnded && this.#isWaiting) {
      this.#isEnded = true;
      this.#advance();
    } else this.#fail(status, reason);
  }

  get #isWaiting(): boolean {
    return this.#subject.ruleset.steps[this.#at]?.kind === 'expect';
  }

  #resume(): void {
    if (this.#isWaiting) this.#advance();
  }

  #expireIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTimeout(), ms);
  }

  #onTimeout(): void {
    const status = this.#channel?.timeoutStatus ?? Status.l4Timeout;
    const isAnswer = status === Status.l7Timeout && this.#current.kind === 'expect';
    this.#fail(isAnswer ? (this.#current as ExpectStep).timeoutStatus : status, '');
  }

  #fail(status: CheckStatus, reason: string): void {
    this.#finish(result(status, null, failureInfo(reason, this.#current, this.#subject.ruleset)));
  }

  /** A server that has closed is not offended by a close. */
  get #isClean(): boolean {
    return this.#linger || this.#isEnded || this.#subject.ruleset.closesCleanly;
  }

  #finish(found: CheckResult): void {
    const done = this.#done;
    if (done === null) return;
    this.#done = null;
    clearTimeout(this.#timer);
    this.#channel?.close(this.#isClean);
    this.#scene?.end();
    done(found);
  }
}
