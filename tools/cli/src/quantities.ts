/** Bytes as people read them, in powers of 1000: `999 B`, `103.7 MB`. */
export function bytes(count: bigint | number): string {
  return scaled(Number(count), 'B');
}

/** Bytes a second: `1.2 GB/s`. */
export function rate(count: bigint | number, seconds: number): string {
  return seconds > 0 ? scaled(Number(count) / seconds, 'B/s') : '- B/s';
}

/** `1.234 s` or `12.3 ms`. */
export function duration(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

function scaled(value: number, unit: string): string {
  let power = 0;
  while (value >= 999.95 && power < PREFIXES.length - 1) {
    value /= 1000;
    power++;
  }
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${PREFIXES[power] ?? ''}${unit}`;
}
