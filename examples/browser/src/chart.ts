const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 1024;
const HEIGHT = 240;
/** Room for the labels below. */
const BELOW = 24;
const LABELS = [0, 32, 64, 96, 128, 160, 192, 224, 255];

/** A bar for each byte; the highest fills the height. A bar's title says its byte and count. */
export function chart(bins: readonly number[]): SVGElement {
  const highest = Math.max(1, ...bins);
  const step = WIDTH / bins.length;
  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT + BELOW}`, role: 'img', 'aria-label': `A bar chart of 256 bytes; the most frequent one occurs ${highest} times` });
  for (const quarter of [0, 0.25, 0.5, 0.75, 1]) svg.append(shape('line', { class: 'grid', x1: 0, x2: WIDTH, y1: HEIGHT * quarter, y2: HEIGHT * quarter }));
  bins.forEach((n, byte) => {
    // What occurs at all is seen.
    const height = n === 0 ? 0 : Math.max(1, (n / highest) * (HEIGHT - 8));
    const bar = shape('rect', { class: 'bar', x: byte * step + 0.5, width: step - 1, y: HEIGHT - height, height });
    const title = shape('title', {});
    title.textContent = `${named(byte)}: ${n.toLocaleString('en')}`;
    bar.append(title);
    svg.append(bar);
  });
  for (const byte of LABELS) {
    const label = shape('text', { x: byte * step + step / 2, y: HEIGHT + 17, 'text-anchor': byte === 0 ? 'start' : byte === 255 ? 'end' : 'middle' });
    label.textContent = hex(byte);
    svg.append(label);
  }
  return svg;
}

const hex = (byte: number) => `0x${byte.toString(16).padStart(2, '0')}`;
const named = (byte: number) => (byte > 32 && byte < 127 ? `${hex(byte)} “${String.fromCharCode(byte)}”` : hex(byte));

function shape(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
