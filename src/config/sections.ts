/**
 * Which section a line belongs to, and the proxies that have been read: names, duplicates, and which
 * defaults a proxy takes (HAProxy configuration manual, 4). It must not know keywords inside sections.
 */
import type { ProxyDraft, Section, SectionKind, SectionRecord, Word } from '../keywords/define.ts';
import { knownNames, removedAdvice } from '../keywords/known.ts';
import type { Position } from '../model/position.ts';
import { complain, LineContext, type ParserState, warn } from './context.ts';
import { inheritDraft } from './draft.ts';
import { OtherSections } from './other-sections.ts';
import { registry } from './registry.ts';

const NAME = /^[A-Za-z0-9._:-]+$/;
const PROXY_KINDS = ['frontend', 'backend', 'listen'];

interface Defaults {
  readonly draft: ProxyDraft;
  /** An earlier section of the same name: allowed as long as nobody names it. */
  readonly twin: Position | null;
  implicitUser: string | null;
  explicitUser: string | null;
  warned: boolean;
  /** A proxy with only one capability that took rules from here. */
  ruleUser: ProxyDraft | null;
}

export class Sections {
  /** null: out of section; 'skipped': a section that was refused as a whole; 'other': one that `record` is of. */
  kind: SectionKind | 'other' | 'skipped' | null = null;
  /** The proxy or defaults section being read. */
  draft: ProxyDraft | null = null;
  /** The section of another kind being read. */
  record: SectionRecord | null = null;
  readonly others: OtherSections;
  readonly proxies: ProxyDraft[] = [];
  readonly #state: ParserState;
  readonly #byName = new Map<string, ProxyDraft>();
  readonly #defaults = new Map<string, Defaults>();
  #current: Defaults | null = null;

  constructor(state: ParserState) {
    this.#state = state;
    this.others = new OtherSections(state);
  }

  /** A file must begin with a section of its own. */
  leave(): void {
    this.others.close();
    this.kind = null;
    this.draft = null;
    this.record = null;
  }

  /** Opens the section that a line names; false if it names none. */
  line(words: readonly Word[]): boolean {
    const first = words[0] as Word;
    const name = first.text;
    if (name === 'global') this.#openGlobal(words);
    else if (name === 'defaults') this.#openDefaults(words);
    else if (PROXY_KINDS.includes(name)) this.#openProxy(name as SectionKind, words);
    else if (registry().sections.has(name)) this.#openOther(words);
    else if (name === 'program' || (/^[a-z-_]+$/.test(name) && knownNames('section').includes(name))) this.#refuse(first);
    else return false;
    return true;
  }

  #enter(kind: SectionKind | 'other' | 'skipped', name: string): void {
    this.leave();
    this.kind = kind;
    this.#state.place.section = name;
  }

  #refuse(word: Word): void {
    this.#enter('skipped', word.text);
    const advice = removedAdvice('section', word.text);
    const text = advice === null ? 'is not supported by this version' : `is not supported anymore ${advice}`;
    complain(this.#state, 'unsupported', { text: `section '${word.text}' ${text}`, word });
  }

  #openOther(words: readonly Word[]): void {
    const { text } = words[0] as Word;
    this.#enter('other', text);
    this.record = this.others.open(registry().sections.get(text) as Section, words);
  }

  #openGlobal(words: readonly Word[]): void {
    this.#enter('global', 'global');
    if (words.length > 1) this.#tooMany('global', words[1] as Word);
  }

  #tooMany(section: string, word: Word): void {
    complain(this.#state, 'bad-argument', { text: `'${section}' cannot handle unexpected argument '${word.text}'.`, word });
  }

  #openDefaults(words: readonly Word[]): void {
    this.#enter('defaults', 'defaults');
    const hasName = words.length > 1 && (words[1] as Word).text !== 'from';
    const name = hasName ? (words[1] as Word).text : '';
    const from = this.#from('defaults', name, words.slice(hasName ? 2 : 1));
    if (hasName) this.#checkDefaultsName(words[1] as Word);
    const base = from === null ? null : from.draft;
    this.draft = this.#newDraft(base, 'defaults', name, words[0] as Word);
    if (from !== null) this.#checkRules(from, this.draft);
    const twin = name === '' ? null : (this.#defaults.get(name)?.draft.at ?? null);
    this.#current = { draft: this.draft, twin, implicitUser: null, explicitUser: null, warned: false, ruleUser: null };
    if (name !== '') this.#defaults.set(name, this.#current);
  }

  /** Any bytes may be in it as long as no `from` names it. */
  #checkDefaultsName(word: Word): void {
    const earlier = this.#defaults.get(word.text);
    if (earlier === undefined || earlier.explicitUser === null) this.#checkDuplicate('defaults', word);
    else {
      const { file, line } = earlier.draft.at;
      const text = `defaults '${word.text}' would replace the section of that name at ${file}:${line}, which a 'from' has named already.`;
      complain(this.#state, 'duplicate-name', { text, word });
    }
  }

  #newDraft(base: ProxyDraft | null, kind: SectionKind, name: string, word: Word): ProxyDraft {
    const draft = inheritDraft(base, kind, name, this.#here(word));
    const words = this.#state.lineDefaults.server;
    // A section with defaults of its own has these words from there.
    if (base === null && words.length > 0)
      new LineContext(this.#state, kind, kind, null, 1).serverOptions(draft.defaultServer, words, true);
    return draft;
  }

  #here(word: Word): Position {
    const { file, line } = this.#state.place;
    return { file, line, column: word.column };
  }

  #checkName(what: string, word: Word, when = ''): boolean {
    if (NAME.test(word.text)) return true;
    const stray = /[^A-Za-z0-9._:-]/.exec(word.text)?.[0] ?? '';
    complain(this.#state, 'bad-name', { text: `character '${stray}' is not permitted in ${what} name '${word.text}'${when}.`, word });
    return false;
  }

  /** `from NAME`, or nothing. `section` and `name` are of who says it. */
  #from(section: SectionKind, name: string, words: readonly Word[]): Defaults | null {
    const [from, wanted, extra] = words;
    if (from === undefined) return null;
    if (from.text !== 'from' || wanted === undefined || extra !== undefined) {
      this.#refuseFrom(section, extra ?? from);
      return null;
    }
    const found = this.#defaults.get(wanted.text);
    if (found === undefined) {
      const text = `defaults section '${wanted.text}' not found for ${section}${name === '' ? '' : ` '${name}'`}`;
      complain(this.#state, 'unknown-defaults', { text, word: wanted, near: [...this.#defaults.keys()] });
      return null;
    }
    const { file, line } = found.draft.at;
    this.#checkName('defaults section', wanted, ` when designated by its name (section found at ${file}:${line})`);
    this.#checkTwin(section, found, wanted);
    return found;
  }

  #refuseFrom(section: SectionKind, word: Word): void {
    if (section === 'defaults' || section === 'backend') this.#tooMany(section, word);
    else complain(this.#state, 'bad-argument', { text: "please use the 'bind' keyword for listening addresses.", word });
  }

  #checkTwin(section: string, { draft, twin }: Defaults, word: Word): void {
    if (twin === null) return;
    const places = `${twin.file}:${twin.line} and ${draft.at.file}:${draft.at.line}`;
    const text = `ambiguous defaults section name '${word.text}' referenced by ${section} exists at least at ${places}.`;
    complain(this.#state, 'duplicate-name', { text, word });
  }

  #openProxy(kind: SectionKind, words: readonly Word[]): void {
    this.#enter(kind, kind);
    const nameWord = words[1];
    const name = nameWord?.text ?? '';
    if (nameWord === undefined) complain(this.#state, 'bad-name', { text: `'${kind}' expects an <id> argument: its name`, word: words[0] });
    else if (this.#checkName(`'${kind}'`, nameWord)) this.#checkDuplicate(kind, nameWord);
    const explicit = this.#from(kind, name, words.slice(2));
    const defaults = explicit ?? this.#current;
    const draft = this.#newDraft(defaults?.draft ?? null, kind, name, words[0] as Word);
    if (defaults !== null) this.#noteUse(defaults, explicit !== null, draft);
    this.draft = draft;
    this.proxies.push(draft);
  }

  /** Proxies must differ in their names, and defaults sections from proxies. */
  #checkDuplicate(kind: SectionKind, word: Word): void {
    const defaults = kind === 'defaults' ? undefined : this.#defaults.get(word.text);
    const other = this.#byName.get(word.text) ?? defaults?.draft;
    if (other !== undefined) {
      const { file, line } = other.at;
      const otherKind = other === defaults?.draft ? 'defaults' : other.kind;
      complain(this.#state, 'duplicate-name', {
        text: `${kind} '${word.text}' has the same name as ${otherKind} '${other.name}' declared at ${file}:${line}.`,
        word,
      });
    } else if (kind !== 'defaults') this.#byName.set(word.text, { kind, name: word.text, at: this.#here(word) } as ProxyDraft);
  }

  #noteUse(defaults: Defaults, isExplicit: boolean, draft: ProxyDraft): void {
    const { name, at } = defaults.draft;
    if (isExplicit) defaults.explicitUser ??= draft.name;
    else defaults.implicitUser ??= draft.name;
    if (name !== '' && defaults.explicitUser !== null && defaults.implicitUser !== null && !defaults.warned) {
      defaults.warned = true;
      const text = `defaults section '${name}' (declared at ${at.file}:${at.line}) is explicitly referenced by '${defaults.explicitUser}' and implicitly used by '${defaults.implicitUser}': use 'from' for both, or a section without name`;
      warn(this.#state, 'defaults-twice', text);
    }
    this.#checkRules(defaults, draft);
  }

  /** Rules of a defaults section stay its own: who takes them must have all that they need, and nobody may add to them. */
  #checkRules(defaults: Defaults, draft: ProxyDraft): void {
    const { rules, at } = defaults.draft;
    if (Object.keys(rules).length === 0) return;
    const where = `(defaults section at ${at.file}:${at.line}).`;
    const refuse = (text: string): void => complain(this.#state, 'shared-rules', { text: `${text} ${where}` });
    if (draft.section === 'defaults') refuse('a defaults section cannot inherit from a defaults section defining TCP/HTTP rules');
    else if (draft.kind === 'listen') refuse('a listen section cannot inherit from a defaults section defining TCP/HTTP rules');
    else if (defaults.ruleUser !== null && defaults.ruleUser.kind !== draft.kind) {
      refuse('frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules');
    } else if (draft.kind === 'backend' && (rules['tcp-request connection'] || rules['tcp-request session'])) {
      const sets = "'tcp-request connection' or 'tcp-request session'";
      refuse(`a backend section cannot inherit from a defaults section defining ${sets} rules`);
    } else if (draft.kind === 'frontend' && rules['tcp-response content'])
      refuse("a frontend section cannot inherit from a defaults section defining 'tcp-response content' rules");
    defaults.ruleUser ??= draft;
  }
}
