/**
 * `-dK`: the registered keywords by class, in the layout that HAProxy prints and editors' tools read. It must not know any
 * keyword.
 */
import { catalogs } from '../../keywords/catalogs.ts';
import type { Directive } from '../../keywords/define.ts';
import type { ArgSpec } from '../../rules/define.ts';
import { PLACE_NAMES } from '../../rules/place.ts';
import { Registry } from '../../rules/registry.ts';
import { registry } from '../registry.ts';

const CLASSES: readonly (readonly [name: string, help: string, print: () => string])[] = [
  ['acl', 'ACL keywords', aclKeywords],
  ['cfg', 'configuration keywords', configurationKeywords],
  ['cli', 'CLI keywords', () => '# List of registered CLI keywords:\n'],
  ['cnv', 'sample converter keywords', converters],
  ['flt', 'filter names', () => '# List of registered filter names:\n'],
  ['smp', 'sample fetch functions', fetches],
  ['svc', 'service names', () => '# List of registered service names:\n'],
];

/** What `-dK<classes>` prints; classes that do not exist print nothing, as with HAProxy. */
export function keywordDump(classes: string): string {
  const wanted = new Set(classes.split(','));
  let text = wanted.has('help') ? helpText() : '';
  for (const [name, , print] of CLASSES) if (wanted.has('all') || wanted.has(name)) text += print();
  return text;
}

function helpText(): string {
  const lines = CLASSES.map(([name, help]) => `${name}: ${help}\n`);
  return `# List of supported keyword classes:\nall: list all keywords\n${lines.join('')}`;
}

function sorted(lines: readonly string[]): string {
  return [...lines]
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((line) => `${line}\n`)
    .join('');
}

const SUFFIXES = ['', '_beg', '_dir', '_dom', '_end', '_len', '_reg', '_sub'];

function aclKeywords(): string {
  const rules = new Registry(catalogs);
  const lines = catalogs.samples.flatMap(({ name, derivatives }) =>
    derivatives.flatMap((derivative) =>
      SUFFIXES.map((suffix) => derivative + suffix)
        .filter((keyword) => rules.criterion(keyword)?.fetch.name === name)
        .map((keyword) => `${keyword} = ${name} -m ${keyword.slice(derivative.length + 1) || 'str'}`),
    ),
  );
  return `# List of registered ACL keywords:\n${sorted(lines)}`;
}

const TYPES = ['any', 'bool', 'sint', 'ipv4', 'ipv6', 'addr', 'str', 'bin', 'meth'];
const ARGUMENTS: Readonly<Record<string, string>> = { int: 'integer', str: 'string', mask4: 'IPv4_mask', mask6: 'IPv6_mask' };

function argumentText(args: readonly ArgSpec[]): string {
  if (args.length === 0) return '';
  const kinds = (list: readonly ArgSpec[]): string => list.map(({ kind }) => ARGUMENTS[kind] ?? kind).join(',');
  const needed = args.filter((arg) => arg.default === undefined);
  const rest = args.filter((arg) => arg.default !== undefined);
  const comma = needed.length > 0 ? ',' : '';
  return `(${kinds(needed)}${rest.length === 0 ? '' : `[${comma}${kinds(rest)}]`})`;
}

/** What comes out stands before what goes in. */
function converters(): string {
  const lines = catalogs.converters.map(({ name, args, from, to }) => `${name}${argumentText(args)}: ${TYPES[to]} => ${TYPES[from]}`);
  return `# List of registered sample converter functions:\n${sorted(lines)}`;
}

function fetches(): string {
  const lines = [...catalogs.samples]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, args, type, valid }) => `[ ${[...valid].join(' ')} ] ${name}${argumentText(args)}: ${TYPES[type]}`);
  return `# List of registered sample fetch functions:\n${placesHead()}${lines.map((line) => `${line}\n`).join('')}`;
}

/** The legend of the columns: a stair with a name for each. */
function placesHead(): string {
  const count = PLACE_NAMES.length;
  const stairs = PLACE_NAMES.map((name, index) => {
    const before = ' '.repeat(count + 1 - index) + '/ '.repeat(index);
    return `#${before}_.${'-'.repeat(count - index)} ${name}\n`;
  });
  return `${stairs.join('')}# ${'/ '.repeat(count)} \n# ${'| '.repeat(count)}\n`;
}

function configurationKeywords(): string {
  const { global, proxy, bind, server, sections, sectionKeywords } = registry();
  const tabbed = (lines: readonly string[]): string => sorted(lines.map((line) => `\t${line}`));
  const option = ({ name, args }: { name: string; args: readonly unknown[] }): string =>
    `${name}${args.length > 0 ? ` +${args.length}` : ''}`;
  const proxyLines = [
    ...Array.from(proxy.values(), proxyLine),
    ...Array.from(bind.values(), (one) => `bind <addr> ${option(one)}`),
    ...Array.from(server.values(), (one) => `server <name> <addr> ${option(one)}`),
    ...catalogs.actions.flatMap(({ name, ruleSets }) => ruleSets.map((set) => `${set} ${name}`)),
  ];
  const others = Array.from(sections.keys(), (name) => `${name}\n${tabbed([...(sectionKeywords.get(name)?.keys() ?? [])])}`);
  return `# List of registered configuration keywords:\nglobal\n${tabbed([...global.keys()])}listen\n${tabbed(proxyLines)}${others.join('')}`;
}

function proxyLine({ name, sections }: Directive): string {
  if (!name.startsWith('option ')) return name;
  const sides = [sections.includes('F') ? 'FE' : '', sections.includes('B') ? 'BE' : ''].filter((side) => side !== '');
  return `${name} [ ${sides.join(' ')} ]`;
}
