/** `log-profile`: what a log target prints instead of the proxy's formats, step by step (HAProxy configuration manual, 8.3.5). */
import type { TextModel } from '../../model/config.ts';
import type { LogProfileModel, LogProfileStepModel } from '../../model/sections.ts';
import { PROFILE_STEPS } from '../../state/logstep.ts';
import { type DirectiveContext, defineSection, defineSectionKeyword, type Word } from '../define.ts';

export const logProfile = defineSection({
  name: 'log-profile',
  list: 'logProfiles',
  doc: 'Formats and a tag for log targets that name it with `profile NAME`, each for a step of an exchange.',
  examples: [
    {
      text: 'log-profile json\n  log-tag web\n  on close format "%{+json}o %(ip)ci"\n  on any drop',
      gives: { name: 'json', logTag: 'web', steps: [{ step: 'close' }, { step: 'any', isDropped: true }] },
    },
    { text: 'log-profile', says: "'log-profile' expects <name> as arguments" },
  ],
  open: (name, at): LogProfileModel => ({ name, at, logTag: null, steps: [] }),
});

export const logProfileTag = defineSectionKeyword(logProfile, {
  name: 'log-tag',
  args: [{ name: 'tag', kind: 'text' }],
  doc: 'The tag of the lines, whatever proxy they are of.',
  examples: [{ text: 'log-tag web', gives: { logTag: 'web' } }],
  apply(profile, [tag]) {
    profile.logTag = tag;
  },
});

export const logProfileOn = defineSectionKeyword(logProfile, {
  name: 'on',
  args: [
    { name: 'step', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: "At this step: `drop` the line, or print it with `format`, with `sd` as structured data. `any` is for all steps without a line of their own; what is not given is the proxy's.",
  examples: [
    { text: 'on accept drop', gives: { steps: [{ step: 'accept', isDropped: true }] } },
    { text: 'on close format "%ci %ST" sd "[a b=\\"%{+E}HU\\"]"', gives: { steps: [{ step: 'close', format: { text: '%ci %ST' } }] } },
    { text: 'on end drop', says: "'on' expects a log step" },
    { text: 'on close', says: "'on close' expects 'drop', 'format' and/or 'sd'" },
    { text: 'on close format', says: "'on close format' expects a logformat string" },
  ],
  apply(profile, [step, options], context) {
    const steps = [...PROFILE_STEPS.keys(), 'any'];
    if (!steps.includes(step.text)) {
      context.error({ text: "'on' expects a log step", word: step, found: step.text, allowed: steps, near: steps });
      return;
    }
    const read = readStep(step, options, context);
    if (read === null) return;
    const known = profile.steps.findIndex((other) => other.step === step.text);
    if (known >= 0) profile.steps.splice(known, 1);
    profile.steps.push(read);
  },
});

function readStep(step: Word, words: readonly Word[], context: DirectiveContext): LogProfileStepModel | null {
  const texts: { format: TextModel | null; sd: TextModel | null } = { format: null, sd: null };
  const isDropped = words.length === 1 && words[0]?.text === 'drop';
  for (let at = 0; at < words.length && !isDropped; at += 2) {
    const { text } = words[at] as Word;
    const value = words[at + 1];
    if (text !== 'format' && text !== 'sd') {
      context.error({ text: `'on ${step.text}' expects 'drop', 'format' and/or 'sd'.`, word: words[at] });
      return null;
    }
    if (value === undefined) {
      context.error({ text: `'on ${step.text} ${text}' expects a logformat string.`, word: words[at] });
      return null;
    }
    texts[text] = { text: value.text, at: context.position(value) };
  }
  if (words.length === 0) {
    context.error({ text: `'on ${step.text}' expects 'drop', 'format' and/or 'sd'.`, word: step });
    return null;
  }
  return { step: step.text, isDropped, ...texts, at: context.at };
}
