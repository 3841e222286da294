/**
 * Large and hostile files: they end, soon, with few words, and work grows with the file and not with its square. Times are
 * generous, for machines that do other things too; bench/parse.ts measures.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf } from '../../src/build/plan.ts';
import { parseText } from '../../src/config/parse.ts';
import { type Diagnostic, diagnosticText, hasErrors, renderDiagnostics } from '../../src/config/report/diagnostic.ts';
import { tryToBuild } from '../../src/master/dry-build.ts';

const MEGABYTE = 1 << 20;

function diagnosticsOf(text: string): readonly Diagnostic[] {
  return parseText(text, 'large', { environment: { A: 'a' }, localPeer: 'p' }).diagnostics;
}

function seconds(task: () => void): number {
  const start = performance.now();
  task();
  return (performance.now() - start) / 1000;
}

test('a line of ten megabytes is refused, and a part of it shown', () => {
  const lines = [
    'x'.repeat(10 * MEGABYTE),
    'x '.repeat(5 * MEGABYTE),
    `"${'x '.repeat(5 * MEGABYTE)}"`,
    `"${'$A'.repeat(5 * MEGABYTE)}"`,
    '\\x41'.repeat(2.5 * MEGABYTE),
  ];
  const took = seconds(() => {
    for (const line of lines) {
      const diagnostics = diagnosticsOf(`global\n  description ${line}\n`);
      assert.match(
        diagnosticText(diagnostics[0] as Diagnostic),
        /^(a word of more than 1048576 bytes|too many words, truncating after word 64)/,
      );
      assert.ok(renderDiagnostics(diagnostics, 1).length < 4096);
    }
  });
  assert.ok(took < 20, `${took} s`);
});

test('a file of fifty megabytes ends soon', () => {
  const comment = `# ${'x'.repeat(78)}\n`;
  const took = seconds(() => {
    assert.deepEqual(diagnosticsOf(`global\n${comment.repeat(Math.floor((50 * MEGABYTE) / comment.length))}`), []);
    assert.equal(diagnosticsOf(`global\n${'nonsense 1 2 3\n'.repeat(3.5 * MEGABYTE)}`).length, 51);
    assert.match(diagnosticText(diagnosticsOf('\0'.repeat(50 * MEGABYTE))[0] as Diagnostic), /zero byte|Missing LF/);
  });
  assert.ok(took < 20, `${took} s`);
});

test('a variable that grows by itself ends', () => {
  const took = seconds(() => {
    const diagnostics = diagnosticsOf(`global\n${'  setenv A "${A}${A}"\n'.repeat(1000)}`);
    assert.match(diagnosticText(diagnostics[0] as Diagnostic), /longer than 131072 bytes/);
  });
  assert.ok(took < 20, `${took} s`);
});

function backends(count: number): string {
  let text =
    'defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n  option httpchk\nfrontend f\n  bind :80\n';
  for (let at = 0; at < count; at++) text += `  use_backend b${at} if { path_beg /${at}/ }\n`;
  for (let at = 0; at < count; at++) {
    text += `backend b${at}\n`;
    for (let server = 0; server < 10; server++) text += `  server s${server} 10.${at >> 8}.${at & 255}.${server}:80 check weight 10\n`;
  }
  return text;
}

test('thousands of backends are read and built in time that grows with their number', () => {
  const timeOf = (count: number): number => {
    const text = backends(count);
    return seconds(() => {
      const { model, diagnostics } = parseText(text, 'large', { environment: {} });
      assert.equal(hasErrors(diagnostics), false);
      assert.deepEqual(tryToBuild(model, planOf(model)), []);
    });
  };
  timeOf(200);
  const small = timeOf(500);
  const large = timeOf(4000);
  assert.ok(large < Math.max(8 * small * 4, 2) && large < 20, `500: ${small} s, 4000: ${large} s`);
});
