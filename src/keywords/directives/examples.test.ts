/** Runs the examples of every keyword object: each line must give its part of the model, or its message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fragmentDifference } from '../../../test/support/fragment.ts';
import { type ParseResult, parseText } from '../../config/parse.ts';
import { registry } from '../../config/registry.ts';
import { diagnosticText } from '../../config/report/diagnostic.ts';
import type { Directive, Example, Section } from '../define.ts';

/** The sections that a keyword may stand in, each once. */
function wrappings(directive: Directive): { readonly before: string; readonly pick: (result: ParseResult) => unknown }[] {
  if (directive.scope === 'section') {
    const { named, list, name } = registry().sections.get(directive.sections) as Section;
    return [{ before: named === 'no' ? name : `${name} x`, pick: ({ model }) => model[list][0] }];
  }
  if (directive.scope === 'global') return [{ before: 'global', pick: ({ model }) => model.global }];
  const proxy = ({ model }: ParseResult): unknown => model.proxies[0];
  const kinds = { F: 'frontend x', L: 'listen x', B: 'backend x' };
  return Object.entries(kinds)
    .filter(([letter]) => directive.sections.includes(letter))
    .map(([, before]) => ({ before: `${before}\n  mode http`, pick: proxy }));
}

function check(example: Example, text: string, pick: (result: ParseResult) => unknown): void {
  const result = parseText(text, 'example', { environment: {}, localPeer: 'peer' });
  const alerts = result.diagnostics.filter(({ severity }) => severity === 'alert').map(diagnosticText);
  if (example.says !== undefined) {
    const { says } = example;
    assert.ok(
      alerts.some((alert) => alert.includes(says)),
      `${text} should say "${says}", says ${JSON.stringify(alerts)}`,
    );
    return;
  }
  // Names that a lone line refers to cannot exist: only what the line itself says counts here.
  const own = result.diagnostics.filter(
    ({ severity, code }) => severity === 'alert' && code !== 'unknown-backend' && code !== 'check-port' && code !== 'bad-track',
  );
  assert.deepEqual(own.map(diagnosticText), [], text);
  assert.equal(fragmentDifference(pick(result), example.gives), null, text);
}

function known(): Directive[] {
  const inSections = [...registry().sectionKeywords.values()].flatMap((map) => [...map.values()]);
  return [...registry().global.values(), ...registry().proxy.values(), ...inSections];
}

test('every keyword says what it is, and shows it', () => {
  for (const keyword of [...known(), ...registry().sections.values(), ...registry().bind.values(), ...registry().server.values()]) {
    assert.ok(keyword.doc.length > 10, `${keyword.name} has no documentation`);
    assert.ok(keyword.examples.length > 0, `${keyword.name} has no example`);
  }
});

test('the examples of directives give what they say', () => {
  for (const directive of known()) {
    for (const { before, pick } of wrappings(directive)) {
      for (const example of directive.examples) {
        // default-server shows in the draft only, which the next test looks at.
        if (directive.name === 'default-server' && example.says === undefined) continue;
        check(example, `${before}\n  ${example.text}\n`, pick);
      }
    }
  }
});

test('the examples of sections give what they say', () => {
  for (const { examples, list } of registry().sections.values()) {
    for (const example of examples) check(example, `${example.text}\n`, ({ model }) => model[list][0]);
  }
});

test('the examples of bind options give what they say', () => {
  for (const option of registry().bind.values()) {
    for (const example of option.examples) {
      check(example, `frontend x\n  bind :1234 ${example.text}\n`, ({ model }) => model.proxies[0]?.binds[0]);
    }
  }
});

test('the examples of server options give what they say, on default-server lines too', () => {
  for (const option of registry().server.values()) {
    for (const example of option.examples) {
      const pick = ({ model }: ParseResult): unknown => model.proxies[0]?.servers[0];
      check(example, `backend x\n  server s 127.0.0.1:80 ${example.text}\n`, pick);
      if (!option.single) check(example, `backend x\n  default-server ${example.text}\n  server s 127.0.0.1:80\n`, pick);
    }
  }
});
