/**
 * The options behind the address of `bind`, `server` and `default-server` lines: one loop over the
 * registered option objects for each.
 */
import type { BindOption, Complaint, DirectiveContext, ServerOption, Word } from '../keywords/define.ts';
import { knownNames, whyImpossible } from '../keywords/known.ts';
import type { BindModel, ServerModel } from '../model/config.ts';
import { readArguments } from './reader.ts';
import { registry } from './registry.ts';

type Kind = 'bind' | 'server';

export function applyBindOptions(bind: BindModel, words: readonly Word[], context: DirectiveContext): void {
  const where = `'${context.keyword} ${bind.text}' in section '${context.section}' : `;
  eachOption(registry().bind, 'bind', where, words, context, (option, values) => option.apply(bind, values, context));
}

export function applyServerOptions(server: ServerModel, words: readonly Word[], isDefault: boolean, context: DirectiveContext): void {
  const where = isDefault ? "'default-server' : " : `'server ${server.name}' : `;
  eachOption(registry().server, 'server', where, words, context, (option, values) => {
    if (isDefault && option.single) context.error({ text: `'${option.name}' : not allowed on 'default-server' line.` });
    else option.apply(server, values, context);
  });
}

function eachOption<O extends BindOption | ServerOption>(
  options: ReadonlyMap<string, O>,
  kind: Kind,
  where: string,
  words: readonly Word[],
  context: DirectiveContext,
  apply: (option: O, values: readonly unknown[]) => void,
): void {
  const complain = (complaint: Complaint): void => context.error({ ...complaint, text: where + complaint.text });
  let at = 0;
  while (at < words.length) {
    const word = words[at] as Word;
    const call = /^([^(]+)\((.*)\)$/.exec(word.text);
    const option = options.get(call?.[1] ?? word.text);
    if (option === undefined || isCalled(option) !== (call !== null)) {
      complain(unknownOption(kind, word, [...options.keys()]));
      return;
    }
    const reading = readArguments(option.name, option.args, words.slice(at + 1), (complaint) => complain({ word, ...complaint }), true);
    if (reading === null) return;
    apply(option, call === null ? reading.values : [call[2], ...reading.values]);
    context.sayNoEffect(option);
    at += 1 + reading.taken;
  }
}

function isCalled(option: BindOption | ServerOption): boolean {
  return 'called' in option && option.called === true;
}

function unknownOption(kind: Kind, word: Word, names: readonly string[]): Complaint {
  if (knownNames(kind).includes(word.text))
    return { text: `keyword '${word.text}' is not supported by this version${whyImpossible(kind, word.text)}`, word };
  return { text: `unknown keyword '${word.text}'`, word, near: names };
}
