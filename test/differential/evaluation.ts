/**
 * One message, evaluated by HAProxy and by us: expressions and conditions that both must answer alike. HAProxy keeps every value
 * in a variable and hands them over as header fields at the end, so that no rule sees what another one added; we
 * evaluate in the small world of the examples.
 */
import { ExampleWorld } from '../../src/keywords/examples.ts';
import { Place } from '../../src/rules/place.ts';
import type { Stream } from '../../src/state/records.ts';
import { connect } from '../support/connection.ts';
import { ok, startHttpOrigin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { startHaproxy } from '../support/proxy.ts';

/** A request, and a response if the rules are the response's. */
export interface Shape {
  readonly name: string;
  readonly request: string;
  readonly response?: string;
  readonly expressions: readonly string[];
  readonly conditions: readonly string[];
}

/** What one side says of an expression. */
export interface Value {
  /** In brackets, escaped as in a header field. */
  readonly value: string;
  readonly isThere: boolean;
}

export interface Answers {
  readonly values: readonly Value[];
  readonly verdicts: readonly boolean[];
}

/** Quoted for a configuration line: in single quotes nothing is special. */
function quoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

/** Words of a condition, double quotes resolved. */
function wordsOf(condition: string): string[] {
  const words = condition.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g);
  return Array.from(words, (match) => match[1]?.replace(/\\(.)/g, '$1') ?? (match[2] as string));
}

function configuration({ expressions, conditions, response }: Shape, port: number, serverPort: number): string {
  const set = response === undefined ? 'http-request' : 'http-response';
  const lines = ['global', ' tune.bufsize 65536', ' tune.maxrewrite 32768', 'defaults', ' mode http', ' timeout client 5s'];
  lines.push(' timeout server 5s', ' timeout connect 5s', 'frontend web', ` bind 127.0.0.1:${port}`, ' option http-buffer-request');
  for (const [at, text] of expressions.entries()) {
    lines.push(
      ` ${set} set-var-fmt(txn.e${at}) ${quoted(`[%[${text}]]`)}`,
      ` ${set} set-var(txn.f${at}) bool(true) if { ${quoted(text)} -m found }`,
    );
  }
  for (const [at, condition] of conditions.entries()) lines.push(` ${set} set-var(txn.c${at}) bool(true) if ${condition}`);
  for (const at of expressions.keys())
    lines.push(` ${set} set-header e${at} %[var(txn.e${at})]`, ` ${set} set-header f${at} yes if { var(txn.f${at}) -m bool }`);
  for (const at of conditions.keys()) lines.push(` ${set} set-header c${at} yes if { var(txn.c${at}) -m bool }`);
  lines.push(' default_backend app', 'backend app', ` server s1 127.0.0.1:${serverPort}`);
  return `${lines.join('\n')}\n`;
}

/** Asks the installed HAProxy. */
export async function askHaproxy(shape: Shape): Promise<Answers> {
  await using origin = await startHttpOrigin(() => shape.response ?? ok(''));
  const port = await freePort();
  await using _proxy = await startHaproxy({ config: configuration(shape, port, origin.port) });
  using client = await connect(port);
  await client.write(shape.request.includes('\r\n\r\n') ? shape.request : `${shape.request}\r\n\r\n`);
  const { head } = await client.readMessage();
  const text = shape.response === undefined ? (origin.requests[0]?.head ?? '') : head;
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^ /, ''));
  }
  return {
    values: shape.expressions.map((_, at) => ({ value: fields.get(`e${at}`) ?? '', isThere: fields.has(`f${at}`) })),
    verdicts: shape.conditions.map((_, at) => fields.has(`c${at}`)),
  };
}

/** Asks us. */
export function askOurselves(shape: Shape): Answers {
  const world = new ExampleWorld();
  const stream = world.stream(shape.request, shape.response ?? null);
  stream.session.source.ip.set([127, 0, 0, 1]);
  stream.session.destination.ip.set([127, 0, 0, 1]);
  const places = shape.response === undefined ? Place.frontendRequest : Place.frontendResponse;
  return {
    values: shape.expressions.map((text) => ourValue(world, stream, text, places)),
    verdicts: shape.conditions.map((condition) => holds(world, stream, wordsOf(condition), places)),
  };
}

function holds(world: ExampleWorld, stream: Stream, words: readonly string[], places: number): boolean {
  const model = { unless: false, words, at: { file: 'test', line: 1, column: 1 } };
  return world.compiler.condition(model, places).test(stream);
}

function ourValue(world: ExampleWorld, stream: Stream, text: string, places: number): Value {
  const { out, memory } = world.thread;
  const isThere = holds(world, stream, ['{', text, '-m', 'found', '}'], places);
  out.open(memory.deskStart, memory.deskEnd);
  world.compiler.format(`[%[${text}]]`, 'header', places).write(out, stream);
  return { value: world.text(memory.deskStart, out.at), isThere };
}
