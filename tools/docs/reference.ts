/**
 * `docs/reference/`: every keyword that works, from its object, in the order of HAProxy's manual. One page a
 * chapter and an index. It must not know how an entry looks.
 */
import { FORMAT_USAGE } from '../../src/config/command/commands.ts';
import { FLAGS } from '../../src/config/command/flags.ts';
import { DUMP_USAGE } from '../../src/config/dump/dump.ts';
import { registry } from '../../src/config/registry.ts';
import { catalogs } from '../../src/keywords/catalogs.ts';
import type { Directive } from '../../src/keywords/define.ts';
import type { Row } from '../compat/table.ts';
import {
  actionEntry,
  aliasEntry,
  converterEntry,
  directiveEntry,
  type Entry,
  fetchEntry,
  matcherEntry,
  optionEntry,
  sectionEntry,
} from './entries.ts';

export interface Page {
  readonly path: string;
  readonly text: string;
}

interface Chapter {
  readonly file: string;
  readonly title: string;
  readonly intro: string;
  /** Subchapters in order: HAProxy's number, title, entries. */
  readonly parts: readonly Part[];
}

interface Part {
  readonly title: string;
  readonly entries: readonly Entry[];
}

/** Groups entries by the table's chapter of their name, in its order; `titles` names them. */
function bySection(rows: readonly Row[], kind: string, entries: readonly Entry[], titles: Readonly<Record<string, string>>): Part[] {
  const sectionOf = new Map(rows.filter((row) => row.kind === kind).map((row) => [row.name, row.section]));
  const numbers = Object.keys(titles);
  const last = numbers[numbers.length - 1] as string;
  const of = (entry: Entry): string => {
    const section = sectionOf.get(entry.name) ?? last;
    return titles[section] === undefined ? last : section;
  };
  return numbers
    .map((number) => ({ title: `${number} ${titles[number]}`, entries: sorted(entries.filter((entry) => of(entry) === number)) }))
    .filter((part) => part.entries.length > 0);
}

function sorted(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Entries of directives of a kind, with the table's signatures. */
function directiveEntries(rows: readonly Row[]): (kind: string) => (directive: Directive) => Entry {
  const signatures = new Map(rows.map(({ kind, name, signature }) => [`${kind} ${name}`, signature]));
  return (kind) => (directive) => directiveEntry(directive, signatures.get(`${kind} ${directive.name}`) ?? '');
}

function chapters(rows: readonly Row[]): Chapter[] {
  const { global, proxy, bind, server } = registry();
  const directives = directiveEntries(rows);
  const entries = <K>(keywords: Iterable<K>, make: (keyword: K) => Entry): Entry[] => Array.from(keywords, make);
  return [
    {
      file: '3-global.md',
      title: 'Chapter 3: the global section',
      intro: 'What holds for the whole process.',
      parts: bySection(rows, 'global', entries(global.values(), directives('global')), {
        '3.1': 'Process and security',
        '3.2': 'Performance',
        '3.3': 'Debugging',
        '3.4': 'HTTP client',
        '3': 'Other',
      }),
    },
    {
      file: '4-proxies.md',
      title: 'Chapter 4: frontend, backend, listen, defaults',
      intro: 'Lines of proxies. Rules (`http-request` …) take the actions of [chapter 4.3](4-actions.md).',
      parts: [{ title: '4.1 Keywords', entries: sorted(entries(proxy.values(), directives('proxy'))) }],
    },
    {
      file: '4-actions.md',
      title: 'Chapter 4.3: actions',
      intro: 'What a rule may do. Each names the rule sets that it may stand in.',
      parts: [{ title: '4.3 Actions', entries: sorted(entries(catalogs.actions, actionEntry)) }],
    },
    {
      file: '5-bind-and-server.md',
      title: 'Chapter 5: options of bind and server lines',
      intro: 'They stand behind the address, in any order.',
      parts: [
        { title: '5.1 bind', entries: sorted(entries(bind.values(), optionEntry)) },
        { title: '5.2 server and default-server', entries: sorted(entries(server.values(), optionEntry)) },
      ],
    },
    {
      file: '7-samples.md',
      title: 'Chapter 7: ACLs, converters and sample fetches',
      intro: 'Expressions are a fetch with converters behind commas: `req.hdr(host),lower`. An ACL compares one with patterns.',
      parts: [
        { title: '7.1 Matching methods', entries: sorted(entries(catalogs.matchers, matcherEntry)) },
        { title: '7.3.1 Converters', entries: sorted(entries(catalogs.converters, converterEntry)) },
        ...bySection(rows, 'fetch', entries(catalogs.samples, fetchEntry), {
          '7.3.2': 'Fetches from internal states',
          '7.3.3': 'Fetches at layer 4',
          '7.3.4': 'Fetches at layer 5',
          '7.3.5': 'Fetches from buffer contents',
          '7.3.6': 'Fetches of HTTP',
          '7.3.7': 'Fetches for developers, and others',
        }),
      ],
    },
    {
      file: '8-logs.md',
      title: 'Chapter 8: log-format aliases',
      intro: 'What `%name` stands for in `log-format` and in every other format string.',
      parts: [{ title: '8.2.6 Aliases', entries: sorted(entries(catalogs.aliases, aliasEntry)) }],
    },
    {
      file: 'sections.md',
      title: 'Other sections',
      intro: 'Sections beside `global` and the proxies, with the lines that each takes.',
      parts: sectionParts(rows),
    },
  ];
}

/** Every kind of section but global and the proxies, with its keywords, in the order of the manual. */
function sectionParts(rows: readonly Row[]): Part[] {
  const { sections, sectionKeywords } = registry();
  const numbers = new Map(rows.filter(({ kind }) => kind === 'section').map(({ name, section }) => [name, section]));
  const order = (name: string): number[] => (numbers.get(name) ?? '99').split('.').map(Number);
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const at = a.findIndex((number, index) => number !== b[index]);
    return at < 0 ? -1 : (a[at] as number) - (b[at] ?? 0);
  };
  return Array.from(sections.values())
    .sort((a, b) => compare(order(a.name), order(b.name)))
    .map((section) => ({
      title: `${numbers.get(section.name) ?? ''} ${section.name}`.trim(),
      entries: [
        sectionEntry(section),
        ...sorted(Array.from(sectionKeywords.get(section.name)?.values() ?? [], directiveEntries(rows)(`kw:${section.name}`))),
      ],
    }));
}

const GENERATED = 'Generated by `npm run docs` from the keyword objects; do not edit. The examples run as tests.';

function chapterPage({ file, title, intro, parts }: Chapter): Page {
  const contents = parts.map((part) => `- [${part.title}](#${anchor(part.title)}): ${part.entries.length}`).join('\n');
  const body = parts.map((part) => `## ${part.title}\n\n${part.entries.map((entry) => entry.text).join('\n')}`).join('\n');
  return { path: `docs/reference/${file}`, text: `# ${title}\n\n${GENERATED}\n\n${intro}\n\n${contents}\n\n${body}` };
}

/** As GitHub makes them. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

/** The anchors of a page in its order: a heading that comes again gets a number. */
class Anchors {
  readonly #seen = new Map<string, number>();

  of(title: string): string {
    const plain = anchor(title);
    const times = this.#seen.get(plain) ?? 0;
    this.#seen.set(plain, times + 1);
    return times === 0 ? plain : `${plain}-${times}`;
  }
}

function indexPage(list: readonly Chapter[]): Page {
  const lines = list.flatMap(({ file, title, parts }) => {
    const count = parts.reduce((sum, part) => sum + part.entries.length, 0);
    const anchors = new Anchors();
    const names = parts.flatMap((part) => {
      anchors.of(part.title);
      return part.entries.map((entry) => `[\`${entry.name}\`](${file}#${anchors.of(entry.name)})`);
    });
    return [`## [${title}](${file})`, '', `${count} words: ${names.join(', ')}`, ''];
  });
  const intro = `Every word that this version knows, in the chapters of HAProxy's configuration manual. What HAProxy has beyond it is listed in
[compatibility](../compatibility.md); what messages mean in [errors](../errors.md); flags in [command line](command-line.md).`;
  return { path: 'docs/reference/README.md', text: `# Reference\n\n${GENERATED}\n\n${intro}\n\n${lines.join('\n')}` };
}

export function referencePages(rows: readonly Row[]): Page[] {
  const list = chapters(rows).filter(({ parts }) => parts.some(({ entries }) => entries.length > 0));
  return [indexPage(list), ...list.map(chapterPage), commandLinePage()];
}

/** The flags of the command line, and the commands beside the proxy. */
export function commandLinePage(): Page {
  const lines = FLAGS.map(({ flag, value, doc, noEffect, refused }) => {
    const note =
      noEffect !== undefined
        ? `No effect here: ${noEffect}.`
        : refused !== undefined
          ? 'Not supported by this version: refused at start.'
          : '';
    return `| \`${cell(`${flag} ${value ?? ''}`.trim())}\` | ${cell(doc)} | ${cell(note)} |`;
  });
  const text = `# Command line

Generated by \`npm run docs\` from \`src/config/command/flags.ts\`; do not edit.

Flags are HAProxy's. A misspelt one is refused with the list of all, exit code 1.

| Flag | What it does | |
| --- | --- | --- |
${lines.join('\n')}

## Reports for programs

\`hawser -c --format json\` prints one object on the standard output; exit codes are those of \`-c\`, and the standard error stays empty. \`format\` is 1
and changes only if a field changes its meaning; fields may be added.

| Field | |
| --- | --- |
| \`valid\` | no alert, and no warning that \`-dW\` or \`zero-warning\` makes one |
| \`listens\` | something listens; a valid configuration without listeners does not start (exit code 2) |
| \`diagnostics[]\` | in the order of the text form |
| \`.code\`, \`.severity\` | see [errors](../errors.md); alert, warning, notice or diag |
| \`.file\`, \`.line\`, \`.column\`, \`.endColumn\` | counted from 1, columns in UTF-16 units, the end behind the word; missing where a message is about a whole line, or the whole configuration |
| \`.message\` | the whole sentence |
| \`.found\`, \`.allowed\`, \`.near\` | its parts, if it has them: the word, what may stand there, a similar name |

\`--format sarif\` prints SARIF 2.1.0 with the same places and codes, which code hosts and editors show beside the lines.

## Commands beside the proxy


\`\`\`text
${DUMP_USAGE}
${FORMAT_USAGE}\`\`\`
`;
  return { path: 'docs/reference/command-line.md', text };
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
