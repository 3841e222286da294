/**
 * What `load` lines of `crt-store` sections and `ssl-f-use` lines say of a certificate: one way to read both (HAProxy 3.x configuration
 * 12.7.1). It must not know files.
 */
import type { CertificateParts, DirectiveContext, Word } from './define.ts';

/** With a path or a name behind them. */
const WITH_TEXT = ['key', 'ocsp', 'issuer', 'sctl', 'alias'] as const;
const SWITCHES: Readonly<Record<string, 'ocspUpdate' | 'jwt'>> = { 'ocsp-update': 'ocspUpdate', jwt: 'jwt' };
/** What certificates that are ordered of an authority (RFC 8555) are asked for with. */
const OF_ACME: readonly string[] = ['acme', 'domains', 'ips', 'keytype', 'bits', 'curves', 'generate-dummy'];

export const PART_NAMES: readonly string[] = ['crt', ...WITH_TEXT, ...Object.keys(SWITCHES)];

export interface ReadParts {
  /** As written behind `crt`. */
  readonly file: Word;
  readonly parts: CertificateParts;
  /** Words that are no parts, as they stand. */
  readonly others: readonly Word[];
}

/** null after a complaint. @param isOther whether words that are no parts may stand in the line */
export function readParts(words: readonly Word[], isOther: boolean, context: DirectiveContext): ReadParts | null {
  const parts: Record<string, string | boolean> = {};
  const others: Word[] = [];
  let file: Word | null = null;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as Word;
    const { text: name } = word;
    if (OF_ACME.includes(name)) return refuse(context, `'${name}' is not supported by this version: it is for certificates by ACME`, word);
    if (!PART_NAMES.includes(name)) {
      if (!isOther) return refuse(context, `'${name}' is no part of a certificate`, word);
      others.push(word);
      continue;
    }
    const value = words[++at];
    if (value === undefined) return refuse(context, `'${name}' expects a value`, word);
    const field = SWITCHES[name];
    if (field !== undefined && value.text !== 'on' && value.text !== 'off')
      return refuse(context, `'${name}' expects 'on' or 'off', not '${value.text}'`, value);
    if (name === 'crt') file = value;
    else if (field === undefined) parts[name] = value.text;
    else parts[field] = value.text === 'on';
  }
  return file === null ? refuse(context, "no 'crt' with the certificate's file", words[0]) : { file, parts, others };
}

function refuse(context: DirectiveContext, text: string, word: Word | undefined): null {
  context.error({ text: `'${context.keyword}' : ${text}.`, word, near: PART_NAMES });
  return null;
}
