/** Every example of every rule keyword, through the real parser and compiler. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Place } from '../rules/place.ts';
import { Verdict } from '../state/settings.ts';
import { catalogs } from './catalogs.ts';
import { ExampleWorld, parseRule } from './examples.ts';

process.env['TZ'] = 'UTC';

describe('sample fetches', () => {
  for (const fetch of catalogs.samples) {
    for (const { after, request, response, raw, tls, call, out } of fetch.examples) {
      test(`${call} = ${out}`, () => {
        const world = new ExampleWorld();
        const stream = raw === undefined ? world.stream(request, response ?? null) : world.rawStream(raw, response !== undefined);
        if (tls === true) world.secure(stream);
        const places = world.placesFor(response);
        if (after !== undefined) world.evaluate(after, stream, places);
        assert.strictEqual(world.evaluate(call, stream, places), out);
      });
    }
  }
});

/** A value written as a fetch. */
function asFetch(value: number | string | boolean): string {
  if (typeof value === 'number') return `int(${value})`;
  if (typeof value === 'boolean') return `bool(${value})`;
  return `str("${value.replace(/["\\]/g, '\\$&')}")`;
}

describe('converters', () => {
  for (const converter of catalogs.converters) {
    for (const { value, call, out } of converter.examples) {
      test(`${value} | ${call} = ${out}`, () => {
        const world = new ExampleWorld();
        assert.strictEqual(world.evaluate(`${asFetch(value)},${call}`, world.stream(), Place.frontendRequest), out);
      });
    }
  }
});

describe('matchers', () => {
  for (const matcher of catalogs.matchers) {
    for (const { value, patterns, ignoreCase, out } of matcher.examples) {
      test(`${value} -m ${matcher.name} ${patterns.join(' ')} = ${out}`, () => {
        const world = new ExampleWorld();
        const flags = ignoreCase === true ? ['-i', '--'] : ['--'];
        const words = ['{', asFetch(value), '-m', matcher.name, ...flags, ...patterns, '}'];
        const model = { unless: false, words, at: { file: 'example', line: 1, column: 1 } };
        assert.strictEqual(world.compiler.condition(model, Place.frontendRequest).test(world.stream()), out);
      });
    }
  }
});

describe('actions', () => {
  for (const action of catalogs.actions) {
    for (const { rule, request, response, head, body, gives } of action.examples) {
      test(rule, () => {
        const world = new ExampleWorld();
        const { set, model } = parseRule(rule);
        const stream = world.stream(request, response ?? null);
        const verdict = world.compiler.rules(set, [model])?.run(stream);
        const isRequest = (verdict === Verdict.next || verdict === Verdict.wait) && response === undefined;
        const isCut = verdict === Verdict.drop || verdict === Verdict.vanish || verdict === Verdict.close;
        assert.strictEqual(isCut ? '' : world.head(isRequest ? stream.request : stream.response, isRequest), head);
        if (gives !== undefined) assert.strictEqual(world.evaluate(gives[0], stream, world.placesFor(response)), gives[1]);
        if (body !== undefined) assert.strictEqual(world.text(stream.response.bodyStart, stream.response.bodyEnd), body);
      });
    }
  }
});

describe('log aliases', () => {
  for (const alias of catalogs.aliases) {
    for (const { request, format, out } of alias.examples) {
      test(`${format} = ${out}`, () => {
        const world = new ExampleWorld();
        const writer = world.thread.out;
        const at = world.memory.scratch();
        writer.open(at, at + 4096);
        world.compiler.format(format, 'log', Place.log).write(writer, world.stream(request));
        assert.strictEqual(world.text(at, writer.at), out);
      });
    }
  }
});
