/**
 * What is legal and probably not meant, for `-dD` only: HAProxy accepts it in silence, so that it must never become a warning.
 * It must not know keywords or text: only the model.
 */
import type { AclModel, ProxyModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { Position } from '../model/position.ts';
import type { Diagnostic } from './report/diagnostic.ts';

/** ACLs that every configuration has (HAProxy configuration manual, 7.4). */
const PREDEFINED = new Set(
  'FALSE HTTP HTTP_1.0 HTTP_1.1 HTTP_2.0 HTTP_3.0 HTTP_CONTENT HTTP_URL_ABS HTTP_URL_SLASH HTTP_URL_STAR LOCALHOST METH_CONNECT METH_DELETE METH_GET METH_HEAD METH_OPTIONS METH_POST METH_PUT METH_TRACE RDP_COOKIE REQ_CONTENT TRUE WAIT_END'.split(
    ' ',
  ),
);

export function lintModel(model: ConfigModel): Diagnostic[] {
  const found: Diagnostic[] = [];
  const say = (at: Position, text: string): void => {
    found.push({ severity: 'diag', code: 'unused', position: at, text });
  };
  for (const proxy of model.proxies) {
    lintAcls(proxy, say);
    lintSwitching(proxy, say);
  }
  lintBackends(model, say);
  return found;
}

type Say = (at: Position, text: string) => void;

function lintAcls(proxy: ProxyModel, say: Say): void {
  const { acls, ...rest } = proxy;
  if (acls.length === 0) return;
  const used = new Set<string>();
  collectWords(rest, used);
  const nested = acls.flatMap(({ words }) => words);
  for (const word of nested) addNames(word, used);
  const seen = new Set<string>();
  for (const acl of acls) {
    if (seen.has(acl.name) || acl.scope !== undefined) continue;
    seen.add(acl.name);
    lintAcl(acl, proxy, used, say);
  }
}

function lintAcl({ name, at }: AclModel, { kind, name: owner }: ProxyModel, used: ReadonlySet<string>, say: Say): void {
  if (PREDEFINED.has(name)) say(at, `acl '${name}' of ${kind} '${owner}' hides the predefined one.`);
  if (!used.has(name)) say(at, `acl '${name}' of ${kind} '${owner}' is used by no rule.`);
}

/** The words of all conditions, and the arguments of `acl()`, wherever they are in a proxy. */
function collectWords(value: unknown, used: Set<string>): void {
  if (typeof value === 'string') addNested(value, used);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if ('unless' in value && 'words' in value) for (const word of value.words as string[]) addNames(word, used);
  for (const part of Object.values(value)) collectWords(part, used);
}

function addNames(word: string, used: Set<string>): void {
  used.add(word.replace(/^!+/, ''));
  addNested(word, used);
}

function addNested(text: string, used: Set<string>): void {
  if (!text.includes('acl(')) return;
  for (const [, names] of text.matchAll(/\bacl\(([^)]*)\)/g))
    for (const name of (names as string).split(',')) used.add(name.replace(/^!+/, '').trim());
}

function lintSwitching({ useBackends, defaultBackend, kind, name }: ProxyModel, say: Say): void {
  const last = useBackends.findIndex((use) => use.condition === null && !use.name.includes('%'));
  if (last < 0) return;
  const where = `${kind} '${name}'`;
  for (const use of useBackends.slice(last + 1))
    say(use.at, `use_backend '${use.name}' of ${where} stands behind one without a condition: it is never used.`);
  if (defaultBackend !== null)
    say(defaultBackend.at, `default_backend '${defaultBackend.name}' of ${where} is never used: a use_backend has no condition.`);
}

function lintBackends(model: ConfigModel, say: Say): void {
  const used = new Set<string>();
  for (const { useBackends, defaultBackend } of model.proxies) {
    // A name that is made per request may be any.
    if (useBackends.some(({ name }) => name.includes('%'))) return;
    for (const { name } of useBackends) used.add(name);
    if (defaultBackend !== null) used.add(defaultBackend.name);
  }
  for (const { kind, name, at, servers, disabled } of model.proxies) {
    // A backend without servers is there for its table or its rules.
    if (kind === 'backend' && !disabled && servers.length > 0 && !used.has(name)) say(at, `backend '${name}' is used by no frontend.`);
  }
}
