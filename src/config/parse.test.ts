/** Files and directories, and the limits of a run. What it makes of hostile input: test/fuzz/parser.test.ts. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkMessage } from './errorfile.ts';
import { parseFiles, parseText } from './parse.ts';
import { diagnosticText, renderDiagnostics } from './report/diagnostic.ts';
import { editDistance, nearestName } from './report/near.ts';

function inFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-parse-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('files and directories are read in order, each from a section of its own', () => {
  inFolder((folder) => {
    mkdirSync(join(folder, 'd'));
    writeFileSync(join(folder, 'd', '20-b.cfg'), 'global\n  nbthread 2\n');
    writeFileSync(join(folder, 'd', '10-a.cfg'), 'global\n  nbthread 1\n');
    writeFileSync(join(folder, 'd', '.hidden.cfg'), 'nonsense\n');
    writeFileSync(join(folder, 'd', 'notes.txt'), 'nonsense\n');
    writeFileSync(join(folder, 'last.cfg'), 'nbthread 3\n');
    const { model, diagnostics } = parseFiles([join(folder, 'd'), join(folder, 'last.cfg')]);
    assert.equal(model.global.nbthread, 2);
    assert.deepEqual(
      model.files.map((file) => file.slice(folder.length)),
      ['/d/10-a.cfg', '/d/20-b.cfg', '/last.cfg'],
    );
    assert.deepEqual(diagnostics.map(diagnosticText), ["unknown keyword 'nbthread' out of section."]);
  });
});

test('a file that cannot be opened is named', () => {
  const { diagnostics } = parseFiles(['/does/not/exist.cfg']);
  assert.deepEqual(diagnostics.map(diagnosticText), ['Could not open configuration file /does/not/exist.cfg : No such file or directory']);
});

test('relative error files follow default-path', () => {
  inFolder((folder) => {
    const page = 'HTTP/1.0 503 Gone\r\nContent-Length: 2\r\n\r\nno';
    writeFileSync(join(folder, '503.http'), page);
    writeFileSync(join(folder, 'a.cfg'), 'global\n  default-path config\nlisten l\n  errorfile 503 503.http\n');
    const { model } = parseFiles([join(folder, 'a.cfg')]);
    const first = model.proxies[0]?.errorPages[0];
    assert.equal(Buffer.from(first?.kind === 'file' ? first.file.bytes : []).toString('latin1'), page);
  });
});

test('error files are complete messages', () => {
  assert.equal(checkMessage(''), null);
  assert.equal(checkMessage('HTTP/1.0 503 Service Unavailable\r\nA: b\r\n\r\n<html>'), null);
  assert.equal(checkMessage('HTTP/1.1 200 OK\nA: b\n\nbody'), null);
  assert.match(String(checkMessage('<html>')), /no empty line/);
  assert.match(String(checkMessage('<html>\r\n\r\n')), /status line/);
  assert.match(String(checkMessage('HTTP/1.0 503 x\r\nno colon\r\n\r\n')), /header line/);
  assert.match(String(checkMessage('HTTP/1.0 503 x\r\nContent-Length: 5\r\n\r\nab')), /content-length 5 but a body of 2 bytes/);
  assert.match(String(checkMessage('HTTP/1.0 503 x\r\nContent-Length: x\r\n\r\n')), /wrong content-length/);
  assert.match(String(checkMessage('HTTP/1.0 503 x\r\nTransfer-Encoding: chunked\r\n\r\n')), /complete as it stands/);
});

test('messages have the form that tools read, with a caret below the word', () => {
  const { diagnostics } = parseText('listen l\n\tbind :99999\n', 'a.cfg');
  assert.equal(
    renderDiagnostics(diagnostics, 42),
    "[ALERT]    (42) : config : parsing [a.cfg:2] : 'bind' : invalid port '99999'\n" +
      '  \tbind :99999\n' +
      '  \t     ^\n' +
      '[ALERT]    (42) : config : Error(s) found in configuration file : a.cfg\n' +
      '[ALERT]    (42) : config : Fatal errors found in configuration.\n',
  );
});

test('lines may end with CR LF', () => {
  const { model, diagnostics } = parseText('listen l\r\n  bind :8080\r\n  timeout client 5s\r\n');
  assert.deepEqual(diagnostics, []);
  assert.equal(model.proxies[0]?.timeouts.clientMs, 5000);
});

test('variables work outside quotes in addresses, as drivers write them', () => {
  const text =
    'global\n  stats socket "fd@${cli}" level admin\nlisten l\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n  bind fd@${fe}\n  log ${host}:${port} len 2048 local0\n  server s1 ${host}:${port}\n';
  const { model, diagnostics } = parseText(text, 'h1.cfg', { environment: { cli: '5', fe: '6', host: '127.0.0.1', port: '9000' } });
  assert.deepEqual(diagnostics, []);
  assert.equal(model.global.statsSockets[0]?.addresses[0]?.port, 5);
  assert.equal(model.proxies[0]?.binds[0]?.addresses[0]?.port, 6);
  assert.equal(model.proxies[0]?.servers[0]?.address.port, 9000);
  const target = model.proxies[0]?.logs[0]?.target;
  assert.ok(target?.kind === 'address' && target.address.port === 9000);
});

test('a flood of errors ends', () => {
  const { diagnostics } = parseText('nonsense\n'.repeat(10000));
  assert.equal(diagnostics.length, 51);
  assert.equal(diagnostics.at(-1)?.text, 'too many fatal errors (50), stopping now.');
});

test('similar names', () => {
  assert.equal(editDistance('balance', 'blance'), 1);
  assert.equal(editDistance('ab', 'ba'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(nearestName('blance', ['cookie', 'balance']), 'balance');
  assert.equal(nearestName('zzz', ['cookie', 'balance']), null);
  const near = (text: string): (string | undefined)[] => parseText(text).diagnostics.map((one) => one.near);
  assert.deepEqual(near('frontend f\n bind :1\n optoin httplog\nfrotend g\n').slice(0, 2), ['option', 'frontend']);
});
