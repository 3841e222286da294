/** The command line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandLine, commandLineWarnings, parseArguments, unsupported } from './arguments.ts';
import { FLAGS } from './flags.ts';

function parse(line: string): CommandLine {
  const parsed = parseArguments(line.split(' '));
  assert.ok(!('problem' in parsed), `${line}: ${'problem' in parsed ? parsed.problem : ''}`);
  return parsed;
}

function problem(line: string): string {
  const parsed = parseArguments(line === '' ? [] : line.split(' '));
  assert.ok('problem' in parsed, line);
  return parsed.problem;
}

test('a start as drivers and supervisors write it', () => {
  const command = parse('-d -dM -dI -dW -f a.cfg -f b -p /run/pid -L node1 -V -- c.cfg d.cfg');
  assert.deepEqual(command.files, ['a.cfg', 'b', 'c.cfg', 'd.cfg']);
  assert.deepEqual(
    [command.debug, command.foreground, command.verbose, command.pidfile, command.localPeer],
    [true, true, true, '/run/pid', 'node1'],
  );
  assert.deepEqual([...command.switches].sort(), ['I', 'M', 'W']);
});

test('every action has its flag', () => {
  assert.equal(parse('-c -f x').action, 'check');
  assert.equal(parse('-cc 1').condition, '1');
  assert.equal(Object.hasOwn(parseArguments(['-cc', '']), 'problem'), false);
  assert.equal(parse('-v').action, 'version');
  assert.equal(parse('-vv').action, 'build-options');
  assert.equal(parse('-f x').action, 'run');
});

test('masters, old processes, limits', () => {
  const command = parse('-Ws -S /run/m,mode,600 -S fd@5 -f x -sf 12 13 -x /run/s -n 100 -N 50 -m 64 -C /etc -db -D');
  assert.equal(command.master, 'systemd');
  assert.deepEqual(command.masterSockets, ['/run/m,mode,600', 'fd@5']);
  assert.deepEqual(command.oldProcesses, { how: 'finish', pids: [12, 13] });
  assert.deepEqual(
    [command.handover, command.maxconn, command.proxyMaxconn, command.memoryMb, command.directory],
    ['/run/s', 100, 50, 64, '/etc'],
  );
  assert.deepEqual(parse('-st -f x').oldProcesses, { how: 'terminate', pids: [] });
});

test('values glued to -d flags', () => {
  const command = parse('-f x -dKcfg,flt -dM0x5a,tag -dt h1:stream -dD');
  assert.deepEqual(
    [...command.values],
    [
      ['K', 'cfg,flt'],
      ['M', '0x5a,tag'],
      ['t', 'h1:stream'],
    ],
  );
});

test('what is not known is refused', () => {
  assert.match(problem('-z'), /unknown option '-z'/);
  assert.match(problem('-dX -f x'), /unknown option '-dX'/);
  assert.match(problem('-dWx -f x'), /unknown option '-dWx'/);
  assert.match(problem('file.cfg'), /unexpected argument 'file.cfg'/);
  assert.match(problem('-f'), /'-f' expects a value/);
  assert.match(problem('-n x -f y'), /expects a number, found 'x'/);
  assert.match(problem('-sf x'), /process numbers, found 'x'/);
  assert.match(problem(''), /no configuration file/);
});

test('every flag of the documentation is read, and no other', () => {
  for (const { flag, value } of FLAGS) {
    const words =
      flag === '--'
        ? ['--', 'x']
        : flag === '--format'
          ? ['-c', '--format', 'json']
          : value?.startsWith('<') && !flag.startsWith('-d')
            ? [flag, '1']
            : [flag];
    const parsed = parseArguments(['-f', 'x', ...words]);
    assert.ok(!('problem' in parsed), `${flag}: ${'problem' in parsed ? parsed.problem : ''}`);
  }
  const known = new Set(FLAGS.map(({ flag }) => flag));
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];
  for (const flag of letters.flatMap((letter) => [`-${letter}`, `-d${letter}`])) {
    const parsed = parseArguments(['-f', 'x', flag, '1']);
    const isRead = !('problem' in parsed) || !parsed.problem.startsWith('unknown option');
    assert.equal(isRead, known.has(flag), flag);
  }
});

test('what is accepted without an effect, or refused, says why', () => {
  for (const { flag, doc, noEffect, refused } of FLAGS) {
    assert.ok(doc.length > 7, flag);
    assert.ok(noEffect === undefined || refused === undefined, flag);
  }
  assert.equal(unsupported(parse('-f x -S y')), null);
  assert.match(unsupported(parse('-f x -W -S y')) ?? '', /'-S'/);
  assert.deepEqual(commandLineWarnings(parse('-f x -S y')).length, 1);
});

test('a dump that should hide names is not made without hiding them', () => {
  assert.match(problem('-f x -dC123'), /not supported/);
  assert.ok(parse('-f x -dC').switches.has('C'));
});

test('-q says less, unless -V asks for more', () => {
  assert.deepEqual([parse('-f x -q').quiet, parse('-f x -q -V').quiet, parse('-f x -V -q').verbose], [true, false, true]);
});
