/**
 * What checks compute with HAProxy's expressions and log-format strings, as far as check/ knows it: who compiles them is in build/.
 * It must not know samples or streams.
 */
import type { CheckModel, CheckStepModel, ExpectStepModel } from '../model/check.ts';

/** What expressions see of a check that is under way: its variables, its server, and what has come. */
export interface Scene {
  /** What has come since something was sent. */
  look(received: Uint8Array, isHttp: boolean): void;
  /** The check is over. */
  end(): void;
}

export type Computed<T> = (scene: Scene) => T;

export interface CheckLanguage {
  /** A log-format string: latin-1; null: it is too long. @param isLine what would end a line is escaped. @throws RuleError */
  text(format: string, isLine: boolean): Computed<string | null>;
  /** An expression; null: it has no value. @throws RuleError */
  value(expression: string): Computed<string | number | null>;
  /** @param words the variable and conditions. @throws RuleError */
  set(words: readonly string[], value: string, isFormat: boolean): Computed<void>;
  /** @throws RuleError */
  unset(name: string): Computed<void>;
}

/** A text that is known, or computed. */
export type Text = string | Computed<string | null>;

/** A log-format string in which nothing is computed is a text. @param language null: only what is known is of interest */
export function textOf(format: string, language: CheckLanguage | null, isLine = false): Text {
  if (!isComputed(format)) return format.replaceAll('%%', '%');
  return language === null ? '' : language.text(format, isLine);
}

/** null: it can't be computed. */
export function render(text: Text, scene: Scene | null): string | null {
  return typeof text === 'string' ? text : scene === null ? null : text(scene);
}

export function isComputed(format: string): boolean {
  return format.replaceAll('%%', '').includes('%');
}

/** Some line of the check that is chosen needs a language. */
export function computes(check: CheckModel | null): boolean {
  if (check?.type !== 'http' && check?.type !== 'tcp') return false;
  return check[check.type].steps.some(stepComputes);
}

function stepComputes(step: CheckStepModel): boolean {
  switch (step.kind) {
    case 'variable':
      return true;
    case 'connect':
      return step.portExpression !== null;
    case 'send':
      return step.form !== 'bytes';
    case 'request':
      return step.computes.length > 0 || step.headers.some(({ value }) => isComputed(value));
    case 'expect':
      return expectComputes(step);
    default:
      return false;
  }
}

function expectComputes({ statusCode, match, onSuccess, onError, header }: ExpectStepModel): boolean {
  if (statusCode !== null || match.endsWith('-lf') || header?.name.isFormat === true || header?.value?.isFormat === true) return true;
  return isComputed(onSuccess ?? '') || isComputed(onError ?? '');
}
