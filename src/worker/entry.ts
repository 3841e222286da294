/**
 * The script of a data thread: what must be true before its modules load. Loaded by master/threads.ts; it must not import
 * anything else of ours.
 */
import { resolveOwnModules } from '../platform/resolution.ts';

resolveOwnModules();
await import('./run.ts');
