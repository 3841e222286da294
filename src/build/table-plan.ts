/**
 * The stick tables of a configuration and the memory that each needs: what the control thread must know before there are threads. It
 * must not know how a table works.
 */
import type { StickTableModel, StoredModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { type TableLayout, tableLayout } from '../stick/layout.ts';

export interface TablePlan {
  /** Of the proxy that has it. */
  readonly name: string;
  /** With the types that rules of other proxies add. */
  readonly model: StickTableModel;
  readonly layout: TableLayout;
}

/** All tables in the order of the file: the same on every thread. */
export function planTables(model: ConfigModel): TablePlan[] {
  const sticky = new Set(model.proxies.flatMap((proxy) => proxy.stickRules.map(({ table }) => table ?? proxy.name)));
  const plans: TablePlan[] = [];
  for (const { name, stickTable } of model.proxies) {
    if (stickTable === null || plans.some((plan) => plan.name === name)) continue;
    const table = sticky.has(name) ? { ...stickTable, store: withServer(stickTable.store) } : stickTable;
    plans.push({ name, model: table, layout: tableLayout(table) });
  }
  return plans;
}

/** `server_id` and `server_key` are stored as soon as a rule refers to the table (HAProxy 3.x configuration 11.1). */
function withServer(store: readonly StoredModel[]): StoredModel[] {
  const missing = ['server_id', 'server_key'].filter((wanted) => !store.some(({ name }) => name === wanted));
  return [...store, ...missing.map((name) => ({ name, elements: 1, periodMs: 0 }))];
}
