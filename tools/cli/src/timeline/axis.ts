/** Units of time, in microseconds. */
const UNITS = [{ unit: 's', size: 1e6 }, { unit: 'ms', size: 1e3 }, { unit: 'µs', size: 1 }, { unit: 'ns', size: 1e-3 }] as const;

function unitFor(microseconds: number): (typeof UNITS)[number] {
  return UNITS.find((u) => microseconds >= u.size) ?? UNITS[UNITS.length - 1] as (typeof UNITS)[number];
}

/** A length of time for people: three digits that count. */
export function spell(microseconds: number): string {
  const { unit, size } = unitFor(microseconds);
  const value = microseconds / size;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}

export interface Tick {
  /** Microseconds from the start. */
  readonly at: number;
  readonly label: string;
}

/** At most `most` ticks of a round step (1, 2 or 5 times a power of ten), all in one unit. */
export function ticksFor(length: number, most: number): readonly Tick[] {
  if (!(length > 0)) return [{ at: 0, label: '0' }];
  const power = 10 ** Math.floor(Math.log10(length / most));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => length / s <= most) ?? length;
  const { unit, size } = unitFor(length);
  const digits = Math.max(0, -Math.floor(Math.log10(step / size) + 1e-9));
  return Array.from({ length: Math.floor(length / step + 1e-9) + 1 }, (_, i) => ({ at: i * step, label: i === 0 ? '0' : `${((i * step) / size).toFixed(digits)} ${unit}` }));
}
