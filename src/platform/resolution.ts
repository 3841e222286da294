/**
 * Finds our own modules without asking the file system. Node looks at every imported file twice, at its real place and at the
 * package around it, which takes a third of a start; a relative import of ours names the file exactly. It must not know
 * which modules there are.
 */
import { registerHooks } from 'node:module';

/** For the thread that calls it: modules imported afterwards are resolved here. */
export function resolveOwnModules(): void {
  const format = import.meta.filename.endsWith('.ts') ? 'module-typescript' : 'module';
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier[0] !== '.' || context.parentURL === undefined) return next(specifier, context);
      return { url: besides(specifier, context.parentURL), format, shortCircuit: true };
    },
  });
}

/** What `new URL` says of `./` and `../` paths, for a tenth of its time. */
export function besides(specifier: string, parent: string): string {
  let end = parent.lastIndexOf('/');
  let from = specifier.startsWith('./') ? 2 : 0;
  for (; specifier.startsWith('../', from); from += 3) end = parent.lastIndexOf('/', end - 1);
  return parent.slice(0, end + 1) + specifier.slice(from);
}
