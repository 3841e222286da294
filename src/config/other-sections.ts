/**
 * The sections beside global and the proxies: opens one by its registered object, keeps its record for the model, and
 * closes it behind its last line. It must not know any kind of section.
 */
import type { Section, SectionRecord, Word } from '../keywords/define.ts';
import type { SectionLists } from '../model/sections.ts';
import { complain, LineContext, type ParserState, warn } from './context.ts';
import { registry } from './registry.ts';

interface Open {
  readonly section: Section;
  readonly record: SectionRecord;
  readonly context: LineContext;
  /** The first line, for messages of `close`. */
  readonly text: string;
}

export class OtherSections {
  readonly #state: ParserState;
  readonly #records = new Map<string, SectionRecord[]>();
  readonly #byName = new Map<string, SectionRecord>();
  #current: Open | null = null;

  constructor(state: ParserState) {
    this.#state = state;
    for (const { list } of registry().sections.values()) this.#records.set(list, []);
  }

  /** The record that the lines of the section fill. A section with a wrong name gets one that is not in the model. */
  open(section: Section, words: readonly Word[]): SectionRecord {
    const first = words[0] as Word;
    const context = new LineContext(this.#state, section.name, section.name, null, first.column);
    const nameWord = section.named === 'no' ? undefined : words[1];
    const name = nameWord?.text ?? '';
    const rest = words.slice(nameWord === undefined ? 1 : 2);
    const isGood = this.#checkName(section, first, nameWord) && (section.takesWords || this.#checkRest(section, rest[0]));
    const key = `${section.name} ${name}`;
    const known = this.#byName.get(key);
    if (known !== undefined && section.duplicates === 'continued') return this.#enter(section, known, context);
    const record = section.open(name, context.at, rest, context);
    if (known !== undefined) this.#duplicate(section, known, nameWord ?? first);
    else if (isGood) {
      this.#byName.set(key, record);
      this.#records.get(section.list)?.push(record);
    }
    return this.#enter(section, record, context);
  }

  #enter(section: Section, record: SectionRecord, context: LineContext): SectionRecord {
    this.#current = { section, record, context, text: this.#state.place.text };
    return record;
  }

  #checkName(section: Section, first: Word, word: Word | undefined): boolean {
    if (word === undefined) {
      if (section.named === 'yes')
        complain(this.#state, 'bad-name', { text: `'${section.name}' expects <name> as arguments.`, word: first });
      return section.named !== 'yes';
    }
    const stray = /[^A-Za-z0-9._:-]/.exec(word.text)?.[0];
    if (stray === undefined) return true;
    complain(this.#state, 'bad-name', { text: `character '${stray}' is not permitted in '${section.name}' name '${word.text}'.`, word });
    return false;
  }

  #checkRest(section: Section, extra: Word | undefined): boolean {
    if (extra === undefined) return true;
    complain(this.#state, 'bad-argument', { text: `'${section.name}' cannot handle unexpected argument '${extra.text}'.`, word: extra });
    return false;
  }

  #duplicate(section: Section, { name, at }: SectionRecord, word: Word): void {
    const place = `declared at ${at.file}:${at.line}`;
    if (section.duplicates === 'ignored') {
      warn(this.#state, 'duplicate-name', `ignoring duplicated ${section.name} '${name}', lines and all (already ${place}).`);
    } else complain(this.#state, 'duplicate-name', { text: `${section.name} section '${name}' already exists (${place}).`, word });
  }

  /** The section being read has no more lines. Its messages stand at its first line. */
  close(): void {
    const open = this.#current;
    this.#current = null;
    if (open === null || open.section.close === undefined) return;
    const { place } = this.#state;
    const { file, line, text } = place;
    Object.assign(place, { file: open.context.at.file, line: open.context.at.line, text: open.text });
    open.section.close(open.record as never, open.context);
    Object.assign(place, { file, line, text });
  }

  get lists(): SectionLists {
    return Object.fromEntries(this.#records) as unknown as SectionLists;
  }
}
