/**
 * What reading a large configuration costs: N backends with ten checked servers each and a `use_backend` line for each, read and
 * built as `-c` does. Measured on two shared cores (2026-11): 10,000 backends, 4.8 MB: 1.1 s to read, 0.8 s to build, 0.42 GB
 * resident; `hawser -c` 1.8 s in all, where HAProxy 2.6 takes 3.5 s and 0.51 GB.
 *
 * node bench/parse.ts [N]
 */
import { planOf } from '../src/build/plan.ts';
import { parseText } from '../src/config/parse.ts';
import { hasErrors } from '../src/config/report/diagnostic.ts';
import { tryToBuild } from '../src/master/dry-build.ts';

const count = Number(process.argv[2] ?? 10_000);

function configuration(): string {
  const lines = [
    'defaults',
    ' mode http',
    ' timeout connect 1s',
    ' timeout client 1s',
    ' timeout server 1s',
    ' option httpchk',
    'frontend f',
  ];
  lines.push(' bind :8080');
  for (let at = 0; at < count; at++) lines.push(` acl a${at} path_beg /x${at}`, ` use_backend b${at} if a${at}`);
  for (let at = 0; at < count; at++) {
    lines.push(`backend b${at}`);
    for (let server = 0; server < 10; server++)
      lines.push(` server s${server} 10.${(at >> 8) & 255}.${at & 255}.${server}:80 check weight 10`);
  }
  return `${lines.join('\n')}\n`;
}

function report(what: string, start: number): void {
  const resident = Math.round(process.memoryUsage.rss() / 1e6);
  process.stdout.write(
    `${what.padEnd(8)}${String(Math.round(performance.now() - start)).padStart(7)} ms ${String(resident).padStart(6)} MB resident\n`,
  );
}

const text = configuration();
process.stdout.write(`${count} backends, ${(text.length / 1e6).toFixed(1)} MB\n`);
const start = performance.now();
const { model, diagnostics } = parseText(text, 'bench', { environment: {} });
report('read', start);
const built = performance.now();
const problems = tryToBuild(model, planOf(model));
report('build', built);
if (hasErrors(diagnostics) || problems.length > 0) throw new Error('the configuration is wrong');
