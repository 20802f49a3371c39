import { spell, ticksFor } from './axis.ts';
import type { Slice, Stage, Track } from './read-trace.ts';

const WIDTH = 1200;
const LABELS = 150;
const RIGHT = 20;
const PLOT = WIDTH - LABELS - RIGHT;
const ROW = 16;
const STAGE = 26;
/** Tracks that are drawn; a program may have as many transfers at once as it likes. */
const MOST_TRACKS = 60;
/** Rows of one track. */
const DEEPEST = 6;

/** What slices are shown as, by the first rule that fits. Colours that people tell apart who do not see all of them (Okabe and Ito). */
const KINDS: readonly { readonly label: string; readonly fill: string; readonly text: string; readonly fits: (slice: Slice) => boolean }[] = [
  { label: 'read', fill: '#0072b2', text: '#fff', fits: (s) => s.category === 'transfer' && s.name === 'read' },
  { label: 'write', fill: '#d55e00', text: '#fff', fits: (s) => s.category === 'transfer' && s.name === 'write' },
  { label: 'sync', fill: '#cc79a7', text: '#000', fits: (s) => s.category === 'transfer' },
  { label: 'launch', fill: '#009e73', text: '#fff', fits: (s) => s.category === 'launch' },
  { label: 'bounce', fill: '#e69f00', text: '#000', fits: (s) => s.category === 'copy' && s.name === 'bounce' },
  { label: 'copy', fill: '#56b4e9', text: '#000', fits: (s) => s.category === 'copy' },
  { label: 'wait', fill: '#e3e3e3', text: '#444', fits: (s) => s.category === 'wait' },
  { label: 'run', fill: '#5b6470', text: '#fff', fits: (s) => s.category === 'run' },
  { label: 'step', fill: '#9aa3ad', text: '#000', fits: (s) => s.category === 'step' },
  { label: 'other', fill: '#8f7fb8', text: '#000', fits: () => true },
];

/** Categories that say nothing of how busy a stage is. */
const IDLE: readonly string[] = ['run', 'step', 'wait'];

/** A timeline as an SVG picture of 1200 pixels' width: a row for each track, a time axis, a legend. */
export function drawTimeline(stages: readonly Stage[], title: string): string {
  const all = stages.flatMap((s) => s.tracks.flatMap((t) => t.slices));
  const [from, to] = all.reduce(([least, most], s) => [Math.min(least, s.start), Math.max(most, s.end)], [Infinity, -Infinity]);
  const length = to - from;
  const x = (time: number) => LABELS + (length > 0 ? ((time - from) / length) * PLOT : 0);
  const used = new Set<number>();
  const body: string[] = [];
  let y = 64;
  let left = MOST_TRACKS;
  for (const { name, tracks } of stages) {
    const works = tracks.some((t) => t.slices.some((s) => !IDLE.includes(s.category)));
    body.push(text(10, y + 17, works ? `${fitted(name, 400)}: busy ${percent(busy(tracks), length)} of the time` : name, 'font-weight="600"'));
    y += STAGE;
    for (const track of tracks.slice(0, left)) {
      body.push(text(LABELS - 8, y + 12, fitted(track.name, LABELS - 18), 'text-anchor="end" fill="#444"'));
      const rows = rowsOf(track);
      rows.forEach((slices, row) => body.push(...drawRow(slices, x, y + row * ROW, used)));
      y += rows.length * ROW + 3;
    }
    if (tracks.length > left) {
      body.push(text(LABELS, y + 12, `and ${tracks.length - Math.max(left, 0)} tracks more`, 'fill="#444" font-style="italic"'));
      y += ROW;
    }
    left = Math.max(0, left - tracks.length);
    y += 6;
  }
  const grid = ticksFor(length, 10).map(({ at, label }) => {
    const place = round(x(from + at));
    return `<line x1="${place}" x2="${place}" y1="60" y2="${y}" stroke="#e8e8e8"/>${text(place, 54, label, 'text-anchor="middle" fill="#444"')}`;
  });
  const legend = [...used].sort((a, b) => a - b).map((k, i) => {
    const { label, fill } = KINDS[k] as (typeof KINDS)[number];
    return `<rect x="${LABELS + i * 90}" y="${y + 12}" width="12" height="12" fill="${fill}"/>${text(LABELS + 17 + i * 90, y + 22, label)}`;
  });
  const height = y + 40;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(10, 24, fitted(`${title}: ${spell(length)}, ${all.length} events`, WIDTH - 20, 8), 'font-size="15" font-weight="600"'),
    text(10, 54, 'time', 'fill="#444"'),
    ...grid, ...body, ...legend,
    '</svg>', '',
  ].join('\n');
}

/** Slices by the row that they are drawn in, each within the one above it. */
function rowsOf({ slices }: Track): readonly (readonly Slice[])[] {
  const rows: Slice[][] = [];
  for (const slice of slices) if (slice.depth < DEEPEST) (rows[slice.depth] ??= []).push(slice);
  return rows;
}

interface Bar {
  readonly kind: number;
  readonly first: Slice;
  left: number;
  right: number;
  count: number;
}

/** A row has no more bars than pixels: what lies within one pixel of its like is drawn with it. */
function drawRow(slices: readonly Slice[], x: (time: number) => number, y: number, used: Set<number>): readonly string[] {
  const bars: Bar[] = [];
  for (const slice of slices) {
    const kind = KINDS.findIndex((k) => k.fits(slice));
    used.add(kind);
    const [left, right] = [x(slice.start), x(slice.end)];
    const last = bars.at(-1);
    if (last !== undefined && last.kind === kind && right - left < 1 && left - last.right < 0.5 && (last.count > 1 || last.right - last.left < 1)) {
      last.right = Math.max(last.right, right);
      last.count++;
    } else if (last === undefined || right - last.left >= 1 || right - left >= 1) bars.push({ kind, first: slice, left, right, count: 1 });
  }
  return bars.map((bar) => {
    const { fill, text: colour } = KINDS[bar.kind] as (typeof KINDS)[number];
    const width = Math.max(1, bar.right - bar.left);
    const name = bar.first.name === '' ? '(no name)' : bar.first.name;
    const told = bar.count === 1 ? `${name}: ${spell(bar.first.end - bar.first.start)}` : `${bar.count} times ${name} and the like`;
    const label = bar.count === 1 && width > 24 ? fitted(name, width - 6) : '';
    // A thin edge, so that neighbours of one colour can be told apart.
    const edge = width > 3 ? ' stroke="#fff" stroke-width="0.6"' : '';
    return `<g><title>${escaped(told)}</title><rect x="${round(bar.left)}" y="${y}" width="${round(width)}" height="${ROW - 2}" fill="${fill}"${edge}/>${label === '' ? '' : text(round(bar.left) + 3, y + 11, label, `fill="${colour}"`)}</g>`;
  });
}

/** Microseconds in which something of a stage is under way. */
function busy(tracks: readonly Track[]): number {
  const top = tracks.flatMap((t) => t.slices.filter((s) => s.depth === 0)).sort((a, b) => a.start - b.start);
  let [sum, until] = [0, -Infinity];
  for (const { start, end } of top) {
    if (end > until) sum += end - Math.max(start, until);
    until = Math.max(until, end);
  }
  return sum;
}

function percent(part: number, whole: number): string {
  return `${whole > 0 ? Math.round((part / whole) * 100) : 100} %`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

/** `text`, cut so that it fits; letters are `each` pixels wide at the most, on average. */
function fitted(given: string, width: number, each = 6.2): string {
  const most = Math.floor(width / each);
  return given.length <= most ? given : most < 2 ? '' : `${given.slice(0, most - 1)}…`;
}

function text(x: number, y: number, content: string, more = ''): string {
  return `<text x="${x}" y="${y}"${more === '' ? '' : ` ${more}`}>${escaped(content)}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as XML takes it: characters that XML 1.0 does not allow at all become a replacement character. */
export function escaped(content: string): string {
  return content
    .replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/gu, (c) => ENTITIES[c] ?? c);
}
