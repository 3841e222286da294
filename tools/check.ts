/** `npm run check`: types, tidy, catalogs, format and lint. Prints what failed and exits with 1. */
import { checks, runCheck } from './checks.ts';

const results = await Promise.all(checks.map(runCheck));
for (const { name, passed, output, ms } of results) {
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${name} (${(ms / 1000).toFixed(1)} s)\n`);
  if (!passed) process.stdout.write(`${output}\n`);
}
if (results.some(({ passed }) => !passed)) process.exitCode = 1;
