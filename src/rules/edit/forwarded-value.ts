/**
 * The value of a Forwarded field (RFC 7239): the protocol, the host, and nodes with their ports, each the connection's own or
 * computed. It must not know when the field is added.
 */
import { Family, type SocketAddress } from '../../base/address.ts';
import { HeaderId } from '../../http/message.ts';
import type { ForwardedModel } from '../../model/config.ts';
import type { Backend, Stream } from '../../state/records.ts';
import { headerIdOfName } from '../answer/reply.ts';
import type { CompileContext, Expression, TextFormat } from '../define.ts';
import type { Writer } from '../format/writer.ts';
import { cast, type Sample, SampleType } from '../sample.ts';
import type { Thread } from '../thread.ts';
import { writeIpv4, writeIpv6 } from '../value/bytes.ts';
import { writeValue, written } from './rewrite.ts';

const NAME = 'forwarded';
const QUOTE = 34;
const COLON = 58;
const SEMICOLON = 59;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/** One of `by` and `for`. */
interface Node {
  /** Both are null and `own` false: the node is unknown. */
  readonly name: Expression | null;
  readonly own: boolean;
  readonly port: Expression | null;
  readonly ownPort: boolean;
}

/** @throws RuleError for an expression that is wrong */
export function compileForwarded(model: ForwardedModel, context: CompileContext): NonNullable<Backend['forwarded']> {
  const value = new ForwardedValue(model, context);
  const { thread } = context;
  const start = thread.memory.intern(NAME);
  const id = headerIdOfName(NAME);
  return {
    add(stream) {
      const { request } = stream;
      if (!writeValue(thread, stream, request, value)) return false;
      return written.end === written.start || request.headers.add(id, start, NAME.length, written.start, written.end);
    },
  };
}

class ForwardedValue implements TextFormat {
  readonly constant = null;
  readonly #thread: Thread;
  readonly #proto: boolean;
  readonly #host: Expression | null;
  readonly #ownHost: boolean;
  readonly #by: Node | null;
  readonly #for: Node | null;

  constructor(model: ForwardedModel, context: CompileContext) {
    const expression = (text: string | null): Expression | null => (text === null || text === '' ? null : context.expression(text));
    const node = (name: string | null, port: string | null): Node | null =>
      name === null && port === null ? null : { name: expression(name), own: name === '', port: expression(port), ownPort: port === '' };
    this.#thread = context.thread;
    this.#proto = model.proto;
    this.#host = expression(model.host);
    this.#ownHost = model.host === '';
    this.#by = node(model.by, model.byPort);
    this.#for = node(model.for, model.forPort);
  }

  write(out: Writer, stream: Stream): void {
    const start = out.at;
    if (this.#proto) put(out, stream.session.tls === null ? 'proto=http' : 'proto=https');
    this.#writeHost(out, stream, start);
    if (this.#by !== null) this.#writeNode(out, stream, start, 'by=', this.#by, true);
    if (this.#for !== null) this.#writeNode(out, stream, start, 'for=', this.#for, false);
  }

  /** An expression without a value, or a request without Host, gives no part. */
  #writeHost(out: Writer, stream: Stream, start: number): void {
    const { sample } = this.#thread;
    if (this.#host !== null) {
      if (!this.#host.run(sample, stream) || !cast(sample, SampleType.str)) return;
    } else if (!this.#ownHost || !ownHost(stream, sample)) return;
    separate(out, start);
    put(out, 'host="');
    out.copy(sample.start, sample.end);
    out.byte(QUOTE);
  }

  #writeNode(out: Writer, stream: Stream, start: number, name: string, node: Node, isBy: boolean): void {
    const { session } = stream;
    if (isBy && !session.hasDestination) stream.front?.findDestination();
    const address = isBy ? session.destination : session.source;
    const hasPort = node.port !== null || node.ownPort;
    separate(out, start);
    put(out, name);
    if (hasPort) out.byte(QUOTE);
    this.#writeName(out, stream, node, address, hasPort);
    if (!hasPort) return;
    this.#writePort(out, stream, node, address);
    out.byte(QUOTE);
  }

  #writeName(out: Writer, stream: Stream, node: Node, address: SocketAddress, quoted: boolean): void {
    const { sample } = this.#thread;
    if (node.own) writeAddress(out, this.#thread, address.family, address.ip, quoted);
    else if (node.name === null || !node.name.run(sample, stream)) put(out, 'unknown');
    else if (sample.type === SampleType.ipv4) writeAddress(out, this.#thread, Family.inet, sample.ip, quoted);
    else if (sample.type === SampleType.ipv6) writeAddress(out, this.#thread, Family.inet6, sample.ip, quoted);
    else writeObfuscated(out, sample, quoted);
  }

  #writePort(out: Writer, stream: Stream, node: Node, address: SocketAddress): void {
    const { sample } = this.#thread;
    if (node.ownPort) {
      out.byte(COLON);
      out.int(address.port);
    } else if (node.port?.run(sample, stream) && cast(sample, SampleType.str)) {
      out.byte(COLON);
      out.copy(sample.start, sample.end);
    }
  }
}

function ownHost({ request }: Stream, sample: Sample): boolean {
  const row = request.headers.findId(HeaderId.host, 0);
  return row >= 0 && sample.setText(request.headers.valueStart(row), request.headers.valueEnd(row));
}

function separate(out: Writer, start: number): void {
  if (out.at > start) out.byte(SEMICOLON);
}

/** Only ASCII constants. */
function put(out: Writer, text: string): void {
  for (let at = 0; at < text.length; at++) out.byte(text.charCodeAt(at));
}

/** An IPv6 address needs brackets and quotes (RFC 7239 6). */
function writeAddress(out: Writer, { memory }: Thread, family: number, ip: Uint8Array, quoted: boolean): void {
  if (family !== Family.inet && family !== Family.inet6) {
    put(out, 'unknown');
    return;
  }
  const at = memory.scratch();
  if (family === Family.inet) {
    out.copy(at, writeIpv4(memory.bytes, at, ip, 0));
    return;
  }
  if (!quoted) out.byte(QUOTE);
  out.byte(OPEN_BRACKET);
  out.copy(at, writeIpv6(memory.bytes, at, ip));
  out.byte(CLOSE_BRACKET);
  if (!quoted) out.byte(QUOTE);
}

/** `unknown` or an obfuscated identifier (RFC 7239 6.3); anything else is unknown. */
function writeObfuscated(out: Writer, sample: Sample, quoted: boolean): void {
  if (!cast(sample, SampleType.str) || !isObfuscated(out.bytes, sample.start, sample.end)) {
    put(out, 'unknown');
    return;
  }
  if (!quoted) out.byte(QUOTE);
  out.copy(sample.start, sample.end);
  if (!quoted) out.byte(QUOTE);
}

const UNDERSCORE = 95;

function isObfuscated(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || bytes[start] !== UNDERSCORE) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const isLetter = (byte | 32) >= 97 && (byte | 32) <= 122;
    const isDigit = byte >= 48 && byte <= 57;
    if (!isLetter && !isDigit && byte !== UNDERSCORE && byte !== 45 && byte !== 46) return false;
  }
  return true;
}
