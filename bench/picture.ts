/** A line through points; the first number of each is where it lies from left to right. */
export interface Series {
  name: string;
  points: readonly (readonly [number, number])[];
  /** What it would be like, not what it is. */
  dashed?: boolean;
}

export interface Panel {
  title: string;
  /** Below the horizontal axis. */
  across: string;
  unit: string;
  scale: 'logarithmic' | 'linear';
  series: readonly Series[];
}

/** Tones of which each is told from white and from black alike, and from the others by those who see no red or green. */
const Ink = '#7a828e';
const Faint = '#7a828e55';
const Colours = ['#2f81f7', '#d9730d', '#8a63d2'];
const Width = 420;
const Height = 300;
const Plot = { left: 62, right: 400, top: 62, bottom: 250 };

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const placed = (value: number): string => String(Math.round(value * 10) / 10);

/** A number as it fits beside an axis: 30k, 1.5M. */
export function short(value: number): string {
  const [by, unit] = value >= 1e6 ? [1e6, 'M'] : value >= 1e4 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / by).toPrecision(3))}${unit}`;
}

/** 1, 2 or 5 times a power of ten, the next one up. */
function round(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((one) => one * power >= value * (1 - 1e-9)) ?? 10) * power;
}

/** Marks beside the vertical axis, from the lowest to the highest: the axis reaches from the first to the last. */
function marks(values: readonly number[], scale: Panel['scale']): number[] {
  const most = Math.max(...values);
  if (scale === 'linear') {
    const step = round(most / 4 || 1);
    return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
  }
  const found: number[] = [];
  const least = Math.min(...values);
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most * 10; power *= 10) {
    found.push(power, 2 * power, 5 * power);
  }
  const from = found.findLastIndex((one) => one <= least);
  const to = found.findIndex((one) => one >= most);
  // The axis needs a length, whatever the values.
  return found.slice(Math.max(0, from), Math.max(to, from + 1) + 1);
}

function drawn(panel: Panel, at: number): string {
  const all = panel.series.flatMap((one) => one.points);
  const sizes = [...new Set(all.map(([x]) => x))].toSorted((a, b) => a - b);
  const beside = marks(
    all.map(([, y]) => y),
    panel.scale,
  );
  const measure = panel.scale === 'linear' ? (value: number) => value : Math.log;
  const between = (value: number, low: number, high: number): number =>
    high === low ? 0.5 : (measure(value) - measure(low)) / (measure(high) - measure(low));
  const x = (value: number): number =>
    Plot.left + 14 + between(value, sizes[0] ?? 1, sizes.at(-1) ?? 1) * (Plot.right - Plot.left - 28);
  const y = (value: number): number =>
    Plot.bottom - between(value, beside[0] ?? 0, beside.at(-1) ?? 1) * (Plot.bottom - Plot.top);
  const text = (at: [number, number], anchor: string, words: string, style = ''): string =>
    `<text x="${placed(at[0])}" y="${placed(at[1])}" text-anchor="${anchor}"${style}>${escaped(words)}</text>`;
  const parts = [text([Plot.left, 24], 'start', panel.title, ' font-size="14" font-weight="600"')];
  for (const mark of beside) {
    parts.push(
      `<line x1="${Plot.left}" x2="${Plot.right}" y1="${placed(y(mark))}" y2="${placed(y(mark))}" stroke="${Faint}"/>`,
      text([Plot.left - 8, y(mark) + 4], 'end', short(mark)),
    );
  }
  let free = Number.NEGATIVE_INFINITY;
  for (const size of sizes) {
    parts.push(
      `<line x1="${placed(x(size))}" x2="${placed(x(size))}" y1="${Plot.bottom}" y2="${Plot.bottom + 5}" stroke="${Ink}"/>`,
    );
    // Two sizes that lie close share the room of one.
    if (x(size) < free) continue;
    parts.push(text([x(size), Plot.bottom + 20], 'middle', short(size)));
    free = x(size) + 34;
  }
  parts.push(
    `<line x1="${Plot.left}" x2="${Plot.right}" y1="${Plot.bottom}" y2="${Plot.bottom}" stroke="${Ink}"/>`,
    text([Plot.right, Plot.bottom + 40], 'end', panel.across),
    text([Plot.left - 8, Plot.bottom + 40], 'end', panel.unit),
  );
  let legend = Plot.left;
  for (const [i, one] of panel.series.entries()) {
    const colour = one.dashed ? Ink : (Colours[i % Colours.length] ?? Ink);
    const dash = one.dashed ? ' stroke-dasharray="4 4"' : '';
    const line = one.points.map(([a, b]) => `${placed(x(a))},${placed(y(b))}`).join(' ');
    parts.push(
      `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="${one.dashed ? 1.5 : 2.5}"${dash}/>`,
      ...(one.dashed
        ? []
        : one.points.map(([a, b]) => `<circle cx="${placed(x(a))}" cy="${placed(y(b))}" r="3.5" fill="${colour}"/>`)),
      `<line x1="${legend}" x2="${legend + 18}" y1="42" y2="42" stroke="${colour}" stroke-width="2.5"${dash}/>`,
      text([legend + 24, 46], 'start', one.name),
    );
    legend += 40 + one.name.length * 6.6;
  }
  return `<g transform="translate(${at} 0)">\n${parts.join('\n')}\n</g>`;
}

/** Panels side by side, as an SVG that is read on a light and on a dark page: it has no background of its own. */
export function picture(name: string, panels: readonly Panel[]): string {
  const width = Width * panels.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Height}" width="${width}" height="${Height}" role="img" aria-label="${escaped(name)}" font-family="system-ui, sans-serif" font-size="12" fill="${Ink}">
<title>${escaped(name)}</title>
${panels.map((panel, i) => drawn(panel, i * Width)).join('\n')}
</svg>
`;
}
