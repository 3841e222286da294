/**
 * What checks compute, compiled as rules are: `payload` and its relatives see what the server has sent, `check.` variables live as long as
 * the check (HAProxy configuration manual, 4.2 tcp-check set-var). It must not know how checks are run.
 */
import { SCRATCH_SIZE } from '../base/memory.ts';
import type { CheckLanguage, Computed, Scene } from '../check/language.ts';
import { headerIdOf } from '../http/tokens.ts';
import type { Compiler } from '../rules/compiler.ts';
import { Place } from '../rules/place.ts';
import { cast, SampleType } from '../rules/sample.ts';
import type { Thread } from '../rules/thread.ts';
import { Setter } from '../rules/value/setting.ts';
import { type Server, Session, Stream } from '../state/records.ts';
import { Scope } from '../state/variables.ts';

export class CheckWords implements CheckLanguage {
  readonly #compiler: Compiler;
  readonly #thread: Thread;

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
    this.#thread = compiler.thread;
  }

  text(format: string, isLine: boolean): Computed<string | null> {
    const compiled = this.#compiler.format(format, isLine ? 'header' : 'raw', Place.check);
    const { memory, out } = this.#thread;
    return (scene) => {
      const start = memory.scratch();
      out.open(start, start + SCRATCH_SIZE);
      compiled.write(out, streamOf(scene));
      return out.overflow ? null : memory.text(start, out.at);
    };
  }

  value(expression: string): Computed<string | number | null> {
    const compiled = this.#compiler.expression(expression, Place.check);
    const { memory, sample } = this.#thread;
    return (scene) => {
      if (!compiled.run(sample, streamOf(scene))) return null;
      if (sample.type === SampleType.int || sample.type === SampleType.bool) return sample.int;
      return cast(sample, SampleType.str) ? memory.text(sample.start, sample.end) : null;
    };
  }

  set(words: readonly string[], value: string, isFormat: boolean): Computed<void> {
    const setter = new Setter(words, this.#thread);
    const { sample, memory, out } = this.#thread;
    if (!isFormat) {
      const compiled = this.#compiler.expression(value, Place.check);
      return (scene) => {
        const stream = streamOf(scene);
        if (compiled.run(sample, stream)) setter.set(sample, stream);
      };
    }
    const compiled = this.#compiler.format(value, 'raw', Place.check);
    return (scene) => {
      const start = memory.scratch();
      out.open(start, start + SCRATCH_SIZE);
      compiled.write(out, streamOf(scene));
      if (out.overflow) return;
      sample.setText(start, out.at);
      setter.set(sample, streamOf(scene));
    };
  }

  unset(name: string): Computed<void> {
    const variable = this.#thread.variables.resolve(name);
    return (scene) => this.#thread.variables.unset(variable, streamOf(scene));
  }
}

function streamOf(scene: Scene): Stream {
  return (scene as CheckScene).stream;
}

/** A check that is under way, as a stream on which only the server has spoken. */
export class CheckScene implements Scene {
  readonly stream = new Stream();
  readonly #thread: Thread;
  readonly #block: number;
  readonly #free: CheckScene[];

  /** @param block where bytes that came lie while they are looked at: one for all @param free where it goes when its check is over */
  constructor(thread: Thread, block: number, free: CheckScene[]) {
    this.#thread = thread;
    this.#block = block;
    this.#free = free;
    this.stream.session = new Session();
  }

  begin(server: Server): void {
    const { stream } = this;
    const { session } = stream;
    stream.backend = server.backend;
    stream.server = server;
    session.variables.scope = Scope.session;
    this.#thread.variables.values.begin(session.variables, stream.variables, stream.messageVariables);
    stream.variables.scope = Scope.check;
  }

  look(received: Uint8Array, isHttp: boolean): void {
    const { memory } = this.#thread;
    const { response } = this.stream;
    const start = memory.base(this.#block);
    const bytes = received.subarray(0, memory.end(this.#block) - start);
    memory.bytes.set(bytes, start);
    response.reset();
    response.bodyStart = start;
    response.bodyEnd = start + bytes.length;
    this.stream.tunnel = !isHttp;
    this.stream.hasRequestLine = isHttp;
    if (isHttp) this.#readHead(start, start + bytes.length);
  }

  /** The status and the fields of an answer whose head is there. */
  #readHead(start: number, end: number): void {
    const { memory, variables } = this.#thread;
    const { response } = this.stream;
    const text = memory.text(start, end);
    const head = /^HTTP\/\d\.\d (\d{3})[^\n]*\n((?:[^\r\n][^\n]*\n)*)\r?\n/.exec(text);
    if (head === null) return;
    response.status = Number(head[1]);
    this.stream.serverStatus = response.status;
    variables.values.turn(this.stream.messageVariables);
    response.bodyStart = start + head[0].length;
    let at = start + head[0].length - (head[2] as string).length - (/\r?\n$/.exec(head[0])?.[0].length ?? 0);
    for (const line of (head[2] as string).split('\n').slice(0, -1)) {
      this.#addField(line, at);
      at += line.length + 1;
    }
  }

  #addField(line: string, at: number): void {
    const { bytes } = this.#thread.memory;
    const colon = line.indexOf(':');
    if (colon <= 0) return;
    const name = line.slice(0, colon).toLowerCase();
    for (let index = 0; index < colon; index++) bytes[at + index] = name.charCodeAt(index);
    const value = line.slice(colon + 1);
    const valueStart = at + colon + 1 + (value.length - value.trimStart().length);
    const valueEnd = Math.max(valueStart, at + line.trimEnd().length);
    this.stream.response.headers.add(headerIdOf(bytes, at, colon), at, colon, valueStart, valueEnd);
  }

  end(): void {
    const { stream } = this;
    const { values } = this.#thread.variables;
    values.release(stream.messageVariables);
    values.release(stream.variables);
    values.release(stream.session.variables);
    this.#free.push(this);
  }
}
