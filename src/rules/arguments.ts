/**
 * Turns the arguments of a call into values, as its `args` say: integers, masks, proxies and servers by name.
 * Start only.
 */
import { Family, parseIp } from '../base/address.ts';
import type { Server } from '../state/records.ts';
import type { AnyArg, ArgSpec, CompileContext } from './define.ts';
import { RuleError } from './error.ts';
import type { Userlist } from './value/userlist.ts';

/** @param what the call, for messages: `sample fetch 'hdr'` */
export function argumentValues(what: string, specs: readonly ArgSpec[], words: readonly string[], context: CompileContext): AnyArg[] {
  if (words.length > specs.length) {
    const most = specs.length === 0 ? 'no argument' : `at most ${specs.length} argument${specs.length === 1 ? '' : 's'}`;
    throw new RuleError(`${what} takes ${most}, got ${words.length}`, -1, words.join(','));
  }
  return specs.map((spec, at) => argumentValue(what, spec, words[at], context));
}

function argumentValue(what: string, spec: ArgSpec, word: string | undefined, context: CompileContext): AnyArg {
  if (word === undefined || (word === '' && spec.default !== undefined && spec.mayBeEmpty !== true)) {
    if (spec.default === undefined) throw new RuleError(`${what} expects the argument '${spec.name}'`);
    return spec.default;
  }
  if (spec.oneOf !== undefined && !spec.oneOf.includes(word)) {
    throw new RuleError(`${what}: '${spec.name}' is one of ${spec.oneOf.join(', ')}, not '${word}'`, -1, word, spec.oneOf);
  }
  switch (spec.kind) {
    case 'int':
      return integerArgument(what, spec, word);
    case 'mask4':
      return maskArgument(what, spec, word, 4);
    case 'mask6':
      return maskArgument(what, spec, word, 16);
    case 'frontend':
      return named(what, 'frontend', word, context.thread.frontends);
    case 'backend':
      return named(what, 'backend', word, context.thread.backends);
    case 'table':
      return named(what, 'stick table', word, context.thread.tables);
    case 'server':
      return serverArgument(what, word, context);
    case 'userlist':
      return userlistArgument(what, word, context);
    default:
      return word;
  }
}

function userlistArgument(what: string, name: string, { thread }: CompileContext): Userlist {
  const list = thread.userlist(name);
  if (list === undefined) throw new RuleError(`${what}: there is no userlist '${name}'`, -1, name, thread.userlistNames);
  return list;
}

function integerArgument(what: string, spec: ArgSpec, word: string): number {
  const value = /^[-+]?\d+$/.test(word) ? Number(word) : Number.NaN;
  if (Number.isNaN(value)) throw new RuleError(`${what}: '${spec.name}' is an integer, not '${word}'`, -1, word);
  return value;
}

/** A prefix length or an address with ones at the left. */
function maskArgument(what: string, spec: ArgSpec, word: string, size: number): Uint8Array {
  const mask = new Uint8Array(size);
  const ip = parseIp(word);
  if (ip !== null && ip.family === (size === 4 ? Family.inet : Family.inet6)) {
    mask.set(ip.ip.subarray(0, size));
    return mask;
  }
  const bits = /^\d+$/.test(word) ? Number(word) : -1;
  if (bits < 0 || bits > size * 8) throw new RuleError(`${what}: '${spec.name}' is a mask or 0 to ${size * 8}, not '${word}'`, -1, word);
  for (let bit = 0; bit < bits; bit++) mask[bit >> 3] = (mask[bit >> 3] as number) | (128 >> (bit & 7));
  return mask;
}

function named<T>(what: string, kind: string, name: string, map: ReadonlyMap<string, T>): T {
  const found = map.get(name);
  if (found === undefined) throw new RuleError(`${what}: there is no ${kind} '${name}'`, -1, name, Array.from(map.keys()));
  return found;
}

/** `backend/server`, or a server of the backend that the line stands in. */
function serverArgument(what: string, word: string, context: CompileContext): Server {
  const slash = word.indexOf('/');
  const backend = slash < 0 ? context.proxy.backend : named(what, 'backend', word.slice(0, slash), context.thread.backends);
  if (backend === null) throw new RuleError(`${what}: '${context.proxy.name}' has no servers, write backend/server`, -1, word);
  const name = word.slice(slash + 1);
  const server = backend.servers.find((one) => one.name === name);
  if (server === undefined) {
    throw new RuleError(
      `${what}: backend '${backend.name}' has no server '${name}'`,
      -1,
      name,
      backend.servers.map((one) => one.name),
    );
  }
  return server;
}
