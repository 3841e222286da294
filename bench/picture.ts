/** The numbers of the load rows as bars: docs/performance.svg, which README shows. It must not know how they came about. */
import type { Result } from './measure.ts';
import { median } from './measure.ts';

export interface PictureRow {
  readonly title: string;
  readonly results: readonly Result[];
}

const WIDTH = 760;
const LEFT = 150;
const BAR = 16;
const GAP = 5;
const HEAD = 26;
const SHADES: Readonly<Record<string, string>> = { Hawser: '#0b7285', HAProxy: '#868e96', nginx: '#adb5bd', 'Hawser on epoll': '#66a5b0' };
const FLOOR_SHADE = '#dee2e6';

/** One group of bars per row, CPU µs per request; each row has its own scale. */
export function picture(rows: readonly PictureRow[]): string {
  const groups: string[] = [];
  let top = 10;
  for (const row of rows) {
    const bars = row.results.filter(({ samples }) => samples.length > 0);
    groups.push(group(row.title, bars, top));
    top += HEAD + bars.length * (BAR + GAP) + 14;
  }
  const style = 'font-family="system-ui, sans-serif" font-size="13" fill="#212529"';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" ${style}>
<rect width="100%" height="100%" fill="#ffffff"/>
${groups.join('\n')}
</svg>
`;
}

function group(title: string, results: readonly Result[], top: number): string {
  const cost = (result: Result): number => median(result.samples.map(({ userUs, systemUs }) => userUs + systemUs));
  const most = Math.max(...results.map(cost));
  const bars = results.map((result, index) => {
    const y = top + HEAD + index * (BAR + GAP);
    const width = ((WIDTH - LEFT - 110) * cost(result)) / most;
    const shade = SHADES[result.name] ?? FLOOR_SHADE;
    return `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${result.name}</text><rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${shade}"/><text x="${(LEFT + width + 6).toFixed(1)}" y="${y + 12}">${cost(result).toFixed(1)} µs</text>`;
  });
  return `<text x="${LEFT}" y="${top + 14}" font-weight="600">${title}: CPU time per request</text>\n${bars.join('\n')}`;
}
