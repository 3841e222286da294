/**
 * Expressions and conditions on which HAProxy and we must agree. HAProxy evaluates all of them for one request and hands
 * the values to its server as header fields; we evaluate them in the small world of the examples.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ExampleWorld } from '../../src/keywords/examples.ts';
import { Place } from '../../src/rules/place.ts';
import { cast, SampleType } from '../../src/rules/sample.ts';
import type { Stream } from '../../src/state/records.ts';
import { exchange } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { needs } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { startHaproxy } from '../support/proxy.ts';
import { CONDITIONS, EXPRESSIONS, REQUEST } from './expressions.ts';

/** Quoted for a configuration line: in single quotes nothing is special. */
function quoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

function configuration(port: number, serverPort: number): string {
  const lines = [
    'global',
    ' tune.bufsize 65536',
    ' tune.maxrewrite 32768',
    'defaults',
    ' mode http',
    ' timeout client 5s',
    ' timeout server 5s',
  ];
  lines.push(' timeout connect 5s', 'frontend web', ` bind 127.0.0.1:${port}`, ' default_backend app');
  for (const [at, text] of EXPRESSIONS.entries()) {
    lines.push(
      ` http-request set-header e${at} ${quoted(`[%[${text}]]`)}`,
      ` http-request set-header f${at} yes if { ${quoted(text)} -m found }`,
    );
  }
  for (const [at, condition] of CONDITIONS.entries()) lines.push(` http-request set-header c${at} yes if ${condition}`);
  lines.push('backend app', ` server s1 127.0.0.1:${serverPort}`);
  return `${lines.join('\n')}\n`;
}

/** What HAProxy's server received, by lower-case name. */
async function ask(): Promise<ReadonlyMap<string, string>> {
  await using origin = await startHttpOrigin(() => ok(''));
  const port = await freePort();
  await using _proxy = await startHaproxy({ config: configuration(port, origin.port) });
  await exchange(port, `${REQUEST}\r\n\r\n`);
  const fields = new Map<string, string>();
  for (const line of (origin.requests[0]?.head ?? '').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^ /, ''));
  }
  return fields;
}

/** Our value as HAProxy shows it: in brackets, escaped as in a header field; and whether there is one. */
function ours(world: ExampleWorld, stream: Stream, text: string): { readonly value: string; readonly isThere: boolean } {
  const { out, memory, sample } = world.thread;
  out.open(memory.deskStart, memory.deskEnd);
  world.compiler.format(`[%[${text}]]`, 'header', Place.frontendRequest).write(out, stream);
  const value = world.text(memory.deskStart, out.at);
  const isThere = world.compiler.expression(text, Place.frontendRequest).run(sample, stream) && cast(sample, SampleType.any);
  return { value, isThere };
}

describe('one request, evaluated by HAProxy and by us', needs('haproxy'), () => {
  let fields: ReadonlyMap<string, string> = new Map();
  const world = new ExampleWorld();
  let stream: Stream;
  before(async () => {
    fields = await ask();
    stream = world.stream(REQUEST);
    stream.session.source.ip.set([127, 0, 0, 1]);
    stream.session.destination.ip.set([127, 0, 0, 1]);
  });
  after(() => undefined);
  for (const [at, text] of EXPRESSIONS.entries()) {
    test(text, () => {
      const expected = { value: fields.get(`e${at}`), isThere: fields.has(`f${at}`) };
      assert.deepEqual(ours(world, stream, text), expected);
    });
  }
  for (const [at, condition] of CONDITIONS.entries()) {
    test(`if ${condition}`, () => {
      const words = Array.from(
        condition.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g),
        (match) => match[1]?.replace(/\\(.)/g, '$1') ?? (match[2] as string),
      );
      const model = { unless: false, words, at: { file: 'test', line: 1, column: 1 } };
      assert.equal(world.compiler.condition(model, Place.frontendRequest).test(stream), fields.has(`c${at}`));
    });
  }
});
