/** The layout of `hawser fmt`: what it does, and that it never changes a word. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseText } from '../parse.ts';
import { splitWords } from '../words.ts';
import { formatText } from './layout.ts';

const root = join(import.meta.dirname, '../../..');

test('sections, lines, words, comments', () => {
  const before = `# top

global
\tmaxconn   100 # many
  # inner
defaults
  mode\thttp


  timeout client 5s
# about f
  # and more
frontend f
  bind  :80
`;
  const after = `# top

global
    maxconn 100 # many
    # inner

defaults
    mode http

    timeout client 5s

# about f
# and more
frontend f
    bind :80
`;
  // The comment right above `defaults` goes with it, as it would for a reader.
  assert.equal(formatText(before), after.replace('    # inner\n\ndefaults', '\n# inner\ndefaults'));
});

test('blocks stand at column 0 and open what is below them', () => {
  const before = 'global\n .if feature(SSL)\n maxconn 1\n .endif\n.if 1\nbackend a\n .else\nbackend b\n server s 127.0.0.1:1\n.endif\n';
  const after =
    'global\n.if feature(SSL)\n    maxconn 1\n.endif\n\n.if 1\nbackend a\n\n.else\nbackend b\n    server s 127.0.0.1:1\n.endif\n';
  assert.equal(formatText(before), after);
});

test('quotes, escapes and a missing line feed stay', () => {
  const line = `    http-request set-header X "a  b" 'c  d' e\\ \\  f "\${HOME-x y}"\n`;
  assert.equal(formatText(`frontend f\n${line}`), `frontend f\n${line}`);
  assert.equal(formatText('global\n  maxconn 5'), 'global\n  maxconn 5');
  assert.equal(formatText('global\r\n  maxconn 5\r\n'), 'global\n    maxconn 5\n');
});

test('lines that cannot be read stay as they are', () => {
  for (const line of ['  a "b   c', '  a \\xZZ   b', '  a   "$-"', '  zero \0  byte']) assert.equal(formatText(`${line}\n`), `${line}\n`);
});

function configurations(): string[] {
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const names = found.filter((name) => name.endsWith('.cfg') && !name.startsWith('node_modules'));
  return names.map((name) => readFileSync(join(root, name), 'latin1'));
}

/** All lines as words, without the empty ones. */
function words(text: string): string {
  const lines = text.split('\n').map((line) => splitWords(line, (name) => `<${name}>`));
  return lines
    .filter(({ words: found, problem }) => found.length > 0 || problem !== null)
    .map(({ words: found, problem }) =>
      JSON.stringify([found.map(({ text: word, quoted }) => [word, quoted]), problem?.text.replace(/\d+/g, '') ?? null]),
    )
    .join('\n');
}

/** What stands behind `#`, in order. */
function comments(text: string): number {
  return text.split('\n').filter((line) => /^\s*#/.test(line)).length;
}

test('every configuration of this repository: the same model, the same comments, and a second run changes nothing', () => {
  const all = configurations();
  assert.ok(all.length > 60);
  const bare = (text: string): string => {
    const { model, diagnostics } = parseText(text, 'x', { environment: {}, localPeer: 'p' });
    const said = diagnostics.map(({ code, severity }) => `${severity} ${code}`).sort();
    return JSON.stringify([model, said], (name, value) => (/^(line|column|columns|at)$/.test(name) ? undefined : value));
  };
  for (const text of all) {
    const laid = formatText(text);
    assert.equal(formatText(laid), laid);
    assert.equal(words(laid), words(text));
    assert.equal(comments(laid), comments(text));
    // The number of a line is what a layout may change.
    if (!text.includes('{.LINE}')) assert.equal(bare(laid), bare(text), laid);
  }
});

test('mutated texts: the same words, and a second run changes nothing', () => {
  let seed = 4711;
  const next = (most: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >> 8) % most;
  };
  const pieces = [
    '"',
    "'",
    '\\',
    '#',
    ' ',
    '\t',
    '\n',
    '\r',
    '$',
    '${A',
    '}',
    '"${B-c d}"',
    '.if 1\n',
    '.endif\n',
    '\n\n',
    'backend x\n',
    '# c\n',
    '\0',
    '\\ ',
    '[*]',
    '\x0b',
    'é',
    'global',
  ];
  const all = configurations();
  for (let round = 0; round < 600; round++) {
    let text = all[next(all.length)] as string;
    for (let change = 1 + next(6); change > 0; change--) {
      const at = next(text.length + 1);
      const cut = next(3) === 0 ? next(12) : 0;
      text = text.slice(0, at) + (pieces[next(pieces.length)] as string) + text.slice(at + cut);
    }
    const laid = formatText(text);
    assert.equal(words(laid), words(text), JSON.stringify(text));
    assert.equal(formatText(laid), laid, JSON.stringify(text));
  }
});

test('the examples are in canonical layout', () => {
  for (const name of ['blog', 'demo', 'sticky', 'tcp', 'docker/haproxy']) {
    const text = readFileSync(join(root, `examples/${name}.cfg`), 'latin1');
    assert.equal(formatText(text), text, `examples/${name}.cfg: bin/hawser fmt --write`);
  }
});
