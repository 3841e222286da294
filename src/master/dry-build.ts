/** Builds everything once in memory of its own, only to hear what is wrong: `-c`. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { plainMemory } from '../base/memory.ts';
import { buildState } from '../build/build.ts';
import { memoryLayout } from '../build/limits.ts';
import { layoutOf, type Plan, usesTls } from '../build/plan.ts';
import type { Diagnostic } from '../config/report/diagnostic.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { PatternStore } from '../rules/patterns/store.ts';
import { allocateShared, Shared } from '../state/shared.ts';
import { asDiagnostics } from './problems.ts';

/** Tickets that nobody will see. */
const TICKET_KEY_BYTES = 80;

/** @param statics bytes for what is made once; less than a thread has for who builds many small configurations */
export function tryToBuild(model: ConfigModel, plan: Plan, statics = memoryLayout(0).statics): Diagnostic[] {
  const shared = new Shared(allocateShared(layoutOf(plan, 1)), 0);
  const memory = plainMemory({ blocks: 1, notes: 1, statics });
  const patterns = new PatternStore((path) => readFileSync(path), false);
  const built = buildState({ model, plan, shared, host: null, memory, pid: process.pid, hostname: hostname(), patterns });
  return asDiagnostics(built.problems);
}

/** Makes the TLS contexts for nothing: certificates, keys and lists that OpenSSL refuses. */
export async function tryTls(plan: Plan): Promise<Diagnostic[]> {
  if (!usesTls(plan)) return [];
  const memory = plainMemory({ blocks: 1, notes: 1, statics: 1 });
  const { buildTls } = await import('../build/tls.ts');
  return asDiagnostics(buildTls(plan, memory, new Uint8Array(TICKET_KEY_BYTES), true).problems);
}
