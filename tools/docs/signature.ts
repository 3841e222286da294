/** How a keyword's arguments are written in the reference: HAProxy's notation, `<name>` for what is given, `[ ]` for what may be left out. */
import type { ArgumentSpec } from '../../src/keywords/define.ts';
import type { ArgSpec } from '../../src/rules/define.ts';

/** `timeout client <timeout>`, `mode { tcp | http }`. */
export function lineSignature(name: string, args: readonly ArgumentSpec[], negatable: boolean): string {
  const parts = args.map((spec) => {
    const given = spec.choices === undefined ? `<${spec.name}>${spec.kind === 'rest' ? ' …' : ''}` : `{ ${spec.choices.join(' | ')} }`;
    return spec.optional === true ? `[ ${given} ]` : given;
  });
  return [negatable ? '[ no | default ] ' : '', [name, ...parts].join(' ')].join('');
}

/** `word(index,delimiters[,count])`. */
export function callSignature(name: string, args: readonly ArgSpec[]): string {
  if (args.length === 0) return name;
  let text = '';
  let open = 0;
  for (const [index, { name: arg, default: fallback }] of args.entries()) {
    if (fallback !== undefined) {
      text += index === 0 ? '[' : '[,';
      open++;
    } else if (index > 0) text += ',';
    text += arg;
  }
  return `${name}(${text}${']'.repeat(open)})`;
}

/** What the arguments may be, a line each; empty if their names say it all. */
export function argumentNotes(args: readonly ArgumentSpec[]): string[] {
  return args.flatMap((spec) => {
    const notes: string[] = [];
    if (spec.kind === 'integer' || spec.kind === 'time' || spec.kind === 'size') notes.push(kindText(spec));
    const bounds = boundsText(spec);
    if (bounds !== '') notes.push(bounds);
    return notes.length === 0 ? [] : [`\`<${spec.name}>\`: ${notes.join(', ')}`];
  });
}

function kindText({ kind, unit }: ArgumentSpec): string {
  if (kind === 'time') return `a time, in ${unit === 's' ? 'seconds' : 'milliseconds'} if no unit is written`;
  return kind === 'size' ? 'a size in bytes, with k, m or g behind it if you like' : 'an integer';
}

function boundsText({ kind, min, max, unit }: ArgumentSpec): string {
  const suffix = kind === 'time' ? ` ${unit ?? 'ms'}` : '';
  if (min !== undefined && max !== undefined) return `${min} to ${max}${suffix}`;
  if (min !== undefined) return `at least ${min}${suffix}`;
  return max === undefined ? '' : `at most ${max}${suffix}`;
}

export function ruleArgumentNotes(args: readonly ArgSpec[]): string[] {
  return args.flatMap(({ name, oneOf, default: fallback }) => {
    const notes: string[] = [];
    if (oneOf !== undefined) notes.push(`one of ${oneOf.map((one) => `\`${one}\``).join(', ')}`);
    if (fallback !== undefined && fallback !== null && fallback !== '') notes.push(`\`${fallback}\` if left out`);
    return notes.length === 0 ? [] : [`\`${name}\`: ${notes.join('; ')}`];
  });
}
