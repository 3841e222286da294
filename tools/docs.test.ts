/** The documents: what is generated is whole, and no link of any page leads nowhere. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseText } from '../src/config/parse.ts';
import { registry } from '../src/config/registry.ts';
import { catalogs } from '../src/keywords/catalogs.ts';
import { ExampleWorld } from '../src/keywords/examples.ts';
import { Compiler } from '../src/rules/compiler.ts';
import type { Converter } from '../src/rules/define.ts';
import { Place } from '../src/rules/place.ts';
import { Registry } from '../src/rules/registry.ts';
import { makePages } from './docs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { pages } = makePages();

/** GitHub's anchors of the headings of a page. */
function anchors(text: string): Set<string> {
  const found = new Set<string>();
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  for (const [, heading = ''] of prose.matchAll(/^#+ (.*)$/gm)) {
    const plain = heading
      .replace(/\\(.)/g, '$1')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
    let name = plain;
    for (let times = 1; found.has(name); times++) name = `${plain}-${times}`;
    found.add(name);
  }
  return found;
}

function markdownFiles(): string[] {
  const all = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  return [...all.map((name) => `docs/${name}`), 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'];
}

test('every keyword object has its entry', () => {
  const text = (file: string): string => pages.find(({ path }) => path.endsWith(file))?.text ?? '';
  const holds = (file: string, names: Iterable<string>): void => {
    const page = text(file).replaceAll('\\', '');
    for (const name of names) assert.ok(page.includes(`\n### ${name}\n`), `${file} lacks ${name}`);
  };
  holds('3-global.md', registry().global.keys());
  holds('4-proxies.md', registry().proxy.keys());
  holds('5-bind-and-server.md', [...registry().bind.keys(), ...registry().server.keys()]);
  holds(
    '7-samples.md',
    [...catalogs.samples, ...catalogs.converters, ...catalogs.matchers].map(({ name }) => name),
  );
  holds('sections.md', [
    ...Array.from(registry().sections.keys(), (name) => `section ${name}`),
    ...Array.from(registry().sectionKeywords.values(), (map) => [...map.keys()]).flat(),
  ]);
  holds(
    '4-actions.md',
    catalogs.actions.map(({ name }) => name),
  );
});

test('links between pages lead somewhere', () => {
  for (const file of markdownFiles()) {
    const text = readFileSync(join(root, file), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const full = path === '' ? join(root, file) : join(root, dirname(file), path);
      assert.ok(existsSync(full), `${file}: ${target} does not exist`);
      if (anchor !== undefined) assert.ok(anchors(readFileSync(full, 'utf8')).has(anchor), `${file}: ${target} has no such heading`);
    }
  }
});

test('the same tree gives the same bytes', () => {
  assert.deepEqual(makePages().pages, pages);
});

/** The first block of TypeScript in a page. */
function firstBlock(path: string): string {
  const block = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, path), 'utf8'))?.[1];
  assert.ok(block !== undefined, `${path} has no block of code`);
  return block;
}

test('the word of docs/extending.md works as it stands there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'extending-'));
  try {
    const path = join(folder, 'initials.ts');
    // The page's file would lie two folders below src/.
    writeFileSync(path, firstBlock('docs/extending.md').replaceAll("'../../", `'${root}src/`));
    const { initials } = (await import(path)) as { initials: Converter };
    const registry = new Registry({ ...catalogs, converters: [...catalogs.converters, initials] });
    const world = new ExampleWorld();
    const proxy = {
      name: 'web',
      http: true,
      frontend: world.frontend,
      backend: world.backend,
      requestCaptureCount: 0,
      responseCaptureCount: 0,
    };
    const compiler = new Compiler(registry, world.thread, proxy, []);
    const evaluate = (call: string): number | string | boolean | null => {
      const { sample } = world.thread;
      return compiler.expression(call, Place.frontendRequest).run(sample, world.stream('GET /ada/lovelace HTTP/1.1'))
        ? world.value(sample)
        : null;
    };
    for (const { value, call, out } of initials.examples) assert.equal(evaluate(`str("${value}"),${call}`), out);
    assert.equal(evaluate('path,initials(/)'), 'al');
    assert.throws(() => evaluate('path,initails'), /did you maybe mean 'initials'/);
    assert.throws(() => evaluate('path,initials(a,b)'), /initials/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('configurations in pages written by hand are read without an error', () => {
  let blocks = 0;
  for (const file of ['docs/migrating-from-haproxy.md', 'docs/operations.md', 'README.md']) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, indent = '', block = ''] of text.matchAll(/^( *)```haproxy\n([\s\S]*?)^ *```$/gm)) {
      const lines = block.split('\n').map((line) => line.slice(indent.length));
      const { diagnostics } = parseText(lines.join('\n'), file, { environment: {}, localPeer: 'peer' });
      assert.deepEqual(
        diagnostics.filter(({ severity }) => severity === 'alert').map(({ text: said }) => said),
        [],
        `${file}:\n${lines.join('\n')}`,
      );
      blocks++;
    }
  }
  assert.ok(blocks >= 2);
});
