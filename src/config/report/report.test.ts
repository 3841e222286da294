/** Diagnostics as JSON and SARIF. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseText } from '../parse.ts';
import type { Diagnostic } from './diagnostic.ts';
import { reportText, wordEnd } from './report.ts';

const GOOD = { valid: true, listens: true };
const BAD = { valid: false, listens: true };

function json(diagnostics: readonly Diagnostic[], outcome = BAD): Record<string, unknown> {
  return JSON.parse(reportText('json', diagnostics, outcome)) as Record<string, unknown>;
}

function said(text: string): readonly Diagnostic[] {
  return parseText(text, 'a b.cfg', { environment: {}, localPeer: 'peer' }).diagnostics;
}

test('an unknown word: code, place, end of the word, the name that was meant', () => {
  const report = json(said('backend b\n  blance roundrobin\n'));
  assert.deepEqual(report, {
    format: 1,
    program: { name: 'hawser', version: (report['program'] as { version: string }).version },
    valid: false,
    listens: true,
    diagnostics: [
      {
        code: 'unknown-keyword',
        severity: 'alert',
        file: 'a b.cfg',
        line: 2,
        column: 3,
        endColumn: 9,
        message: "unknown keyword 'blance' in 'backend' section; did you mean 'balance' maybe ?",
        near: 'balance',
      },
    ],
  });
});

test('what was found and what is allowed are lists for programs', () => {
  const [first] = json(said('frontend f\n  mode "htp"\n'))['diagnostics'] as [Record<string, unknown>];
  assert.equal(first['code'], 'bad-argument');
  assert.deepEqual([first['line'], first['column'], first['endColumn']], [2, 8, 13]);
  assert.equal((first['message'] as string).includes('htp'), true);
});

test('columns count characters of UTF-8 text, not its bytes', () => {
  const text = Buffer.from('frontend f\n  description "é" \n  log-tag é é\n', 'utf8').toString('latin1');
  const [first] = json(said(text))['diagnostics'] as [Record<string, unknown>];
  assert.deepEqual([first['line'], first['column'], first['endColumn']], [3, 13, 14]);
  assert.match(first['message'] as string, /'é'/);
});

test('a warning about the whole configuration has no place; a clean one says nothing', () => {
  const [first] = json(said('frontend f\n  timeout client 1s\n'), GOOD)['diagnostics'] as [Record<string, unknown>];
  assert.deepEqual([first['code'], first['severity'], first['file'], first['line']], ['no-bind', 'warning', undefined, undefined]);
  assert.deepEqual(json([], GOOD)['diagnostics'], []);
});

test('SARIF has what its schema requires', () => {
  const diagnostics = said('backend b\n  blance roundrobin\n  timeout clinet 5s\n  blance x\n');
  const log = JSON.parse(reportText('sarif', diagnostics, BAD)) as {
    $schema: string;
    version: string;
    runs: {
      tool: { driver: { name: string; rules: { id: string; shortDescription: { text: string } }[] } };
      results: {
        ruleId: string;
        ruleIndex: number;
        level: string;
        message: { text: string };
        locations: {
          physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number; startColumn: number; endColumn: number } };
        }[];
      }[];
    }[];
  };
  assert.equal(log.version, '2.1.0');
  assert.match(log.$schema, /^https:.*sarif-2\.1\.0\.json$/);
  const [run] = log.runs;
  assert.ok(run !== undefined && run.tool.driver.name === 'hawser');
  assert.equal(run.results.length, 3);
  for (const { ruleId, ruleIndex, level, message, locations } of run.results) {
    assert.equal(run.tool.driver.rules[ruleIndex]?.id, ruleId);
    assert.ok(['error', 'warning', 'note', 'none'].includes(level));
    assert.ok(message.text.length > 0);
    const place = locations[0]?.physicalLocation;
    assert.equal(place?.artifactLocation.uri, 'a%20b.cfg');
    assert.ok(place.region.startLine >= 1 && place.region.startColumn >= 1 && place.region.endColumn > place.region.startColumn);
  }
  assert.deepEqual(new Set(run.tool.driver.rules.map(({ id }) => id)).size, run.tool.driver.rules.length);
});

test('words end behind their quotes', () => {
  assert.equal(wordEnd('a "b c" d', 2), 7);
  assert.equal(wordEnd("a b' c'd e", 2), 8);
  assert.equal(wordEnd('a b\\ c d', 2), 6);
  assert.equal(wordEnd('a b#c', 2), 3);
  assert.equal(wordEnd('a "b', 2), 4);
  assert.equal(wordEnd('a b\\', 2), 4);
});
