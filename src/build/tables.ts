/**
 * Stick tables of one data thread: the shared memory of each table with this thread's view of it, and the `stick` lines of
 * backends compiled. It must not know where the memory came from.
 */
import type { ProxyModel, StickRuleModel } from '../model/config.ts';
import type { Position } from '../model/position.ts';
import type { Compiler } from '../rules/compiler.ts';
import { RuleError } from '../rules/error.ts';
import { Place, placeOf } from '../rules/place.ts';
import { TYPE_NAMES } from '../rules/sample.ts';
import type { Backend, StickRules } from '../state/records.ts';
import type { StickTable } from '../state/tracked.ts';
import { canBeKey } from '../stick/key.ts';
import { sharedTable } from '../stick/limit-table.ts';
import { BackendStickRules, type StickRule } from '../stick/rules.ts';
import { ServerNumbers } from '../stick/servers.ts';
import { SharedTable } from '../stick/table.ts';
import type { TablePlan } from './table-plan.ts';

/** One thread's views. `tick`: milliseconds of the process in 32 bits, the same on every thread; `thread` numbers owners of locks. */
export function openTables(
  plans: readonly TablePlan[],
  buffers: readonly SharedArrayBuffer[],
  thread: number,
  tick: () => number,
): Map<string, SharedTable> {
  const tables = new Map<string, SharedTable>();
  for (const [index, { name, model, layout }] of plans.entries()) {
    const buffer = buffers[index];
    if (buffer === undefined) continue;
    const { expireMs, nopurge, bratesFactor: bytesFactor } = model;
    const options = { expireMs, nopurge, bytesFactor, inOrder: process.arch === 'x64' };
    tables.set(name, new SharedTable(name, layout, options, buffer, thread, tick));
  }
  return tables;
}

export function serverNumbers(plans: readonly TablePlan[], backends: readonly Backend[]): ServerNumbers {
  return new ServerNumbers(backends, new Set(plans.filter(({ model }) => model.srvkey === 'addr').map(({ name }) => name)));
}

/** The `stick` lines of a backend; null if it has none. @throws RuleError, told by `attempt` with the line */
export function compileStick(
  proxy: ProxyModel,
  backend: Backend,
  compiler: Compiler,
  numbers: () => ServerNumbers,
  attempt: (model: StickRuleModel, compile: () => void) => void,
): StickRules | null {
  const rules: StickRule[] = [];
  for (const model of proxy.stickRules) attempt(model, () => rules.push(compileOne(model, proxy, compiler)));
  return rules.length === 0 ? null : new BackendStickRules(rules, backend, numbers(), compiler.thread.sample);
}

/** Every place of a rule that may begin a limit. */
const LIMITED_PLACES =
  Place.frontendRequestContent |
  Place.frontendRequest |
  Place.backendRequestContent |
  Place.backendRequest |
  Place.backendResponseContent |
  Place.backendResponse |
  Place.frontendResponse;

/** Judges the shared bandwidth limits of a proxy, also those that no rule begins. */
export function checkLimits(proxy: ProxyModel, compiler: Compiler, attempt: (at: Position, check: () => void) => void): void {
  for (const limit of proxy.bandwidthLimits) {
    const { shared, at } = limit;
    if (shared === null) continue;
    attempt(at, () => void sharedTable(limit, compiler.expression(shared.key, LIMITED_PLACES).type, proxy.name, compiler.thread.tables));
  }
}

function compileOne(model: StickRuleModel, proxy: ProxyModel, compiler: Compiler): StickRule {
  const places = placeOf(model.stores === 'response' ? 'stick store-response' : 'stick match', false);
  const table = findTable(model.table ?? proxy.name, proxy, compiler.thread.tables);
  const expression = compiler.expression(model.expression, places);
  if (!canBeKey(expression.type, table)) {
    throw new RuleError(
      `Proxy '${proxy.name}': type of pattern not usable with type of stick-table '${table.name}': it gives a ${TYPE_NAMES[expression.type]}.`,
    );
  }
  const condition = model.condition === null ? null : compiler.condition(model.condition, places);
  return { table, matches: model.matches, stores: model.stores, expression, condition };
}

function findTable(name: string, proxy: ProxyModel, tables: ReadonlyMap<string, StickTable>): StickTable {
  const table = tables.get(name);
  if (table === undefined)
    throw new RuleError(`Proxy '${proxy.name}': unable to find stick-table '${name}'.`, -1, name, [...tables.keys()]);
  return table;
}
