/**
 * Writes the events of one test file as lines of JSON, for tools/test/file.ts.
 *
 *     { "kind": "begin" | "pass" | "fail" | "skip", "name": "outer > inner", "reason"?: string, "error"?: string }
 *
 * Plain JavaScript with a default export, because Node loads it that way.
 */
import { inspect } from 'node:util';

// biome-ignore lint/style/noDefaultExport: node:test takes a reporter by its default export
export default async function* report(events) {
  const names = [];
  const begun = [];
  for await (const { type, data } of events) {
    if (type === 'test:dequeue') {
      // Comes at once; all the others wait until everything declared before is done.
      begun.splice(data.nesting, Number.POSITIVE_INFINITY, data.name);
      yield line({ kind: 'begin', name: begun.join(' > ') });
    } else if (type === 'test:start') names.splice(data.nesting, Number.POSITIVE_INFINITY, data.name);
    else if (type === 'test:pass' || type === 'test:fail') {
      const name = [...names.slice(0, data.nesting), data.name].join(' > ');
      const entry = outcome(type, data);
      if (entry !== undefined) yield line({ ...entry, name });
    }
  }
}

/** What a finished test counts as; undefined for a chapter, or a test that failed only because of those inside it. */
function outcome(type, data) {
  const skip = data.skip ?? data.todo;
  if (skip !== undefined && skip !== false) return { kind: 'skip', reason: skip === true || skip === '' ? 'no reason given' : skip };
  const error = data.details?.error;
  if (type === 'test:fail') {
    return error?.failureType === 'subtestsFailed' ? undefined : { kind: 'fail', error: inspect(error?.cause ?? error) };
  }
  return data.details?.type === 'suite' ? undefined : { kind: 'pass' };
}

function line(entry) {
  return `${JSON.stringify(entry)}\n`;
}
